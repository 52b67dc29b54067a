// SPDX-License-Identifier: MIT
/* Each cache behind the same few functions. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifdef HAVE_FREEDRENO
#include <freedreno_drmif.h>
#endif
#ifdef HAVE_ETNAVIV
#include <etnaviv_drmif.h>
#endif

#include "device.h"
#include "libdrm.h"

static struct panthor_transport io;
static struct panthor_device *panthor;
static struct panthor_bo_cache *panthor_cache;
static uint32_t timeline;
static _Thread_local uint32_t this_cpu;

static int open_panthor_node(void *priv, const char *path, int flags)
{
	return kernel_open(KERNEL_PANTHOR);
}

static int tell_numbers(void *priv, int fd, unsigned int *ret_major, unsigned int *ret_minor)
{
	*ret_major = 226;
	*ret_minor = 128;
	return 0;
}

static ssize_t no_sysfs(void *priv, const char *path, char *buf, size_t size)
{
	return -ENOENT;
}

static uint64_t small_pages(void *priv)
{
	return 4096;
}

static uint32_t tell_cpu(void *priv)
{
	return this_cpu;
}

void caches_pin(uint32_t cpu)
{
	this_cpu = cpu;
}

static void open_panthor(uint32_t flags)
{
	struct panthor_bo_cache_params params = { .size = sizeof(params), .flags = flags };

	io = panthor_transport_system;
	io.open = open_panthor_node;
	io.rdev = tell_numbers;
	io.readlink = no_sysfs;
	io.page_size = small_pages;
	io.cpu = tell_cpu;
	expect(!device_open(&io, "/dev/dri/renderD128", &panthor), "the panthor device");
	expect(!panthor_syncobj_new(panthor, 0, &timeline), "a timeline");
	params.timeline = timeline;
	expect(!panthor_bo_cache_new(panthor, &params, &panthor_cache), "the cache");
}

static void open_keeping(void)
{
	open_panthor(PANTHOR_BO_CACHE_KEEP_CONTENTS);
}

static void open_advising(void)
{
	open_panthor(0);
}

static void close_panthor(void)
{
	panthor_bo_cache_unref(panthor_cache);
	panthor_syncobj_destroy(panthor, timeline);
	panthor_device_unref(panthor);
}

/* Of the buffers that are out, by handle: what is common to these caches has room for a BO only. */
#define MAX_HANDLES 65536
static uint64_t serials[MAX_HANDLES];

static void *get_panthor(uint32_t size, bool other_flags)
{
	struct panthor_buffer buffer;
	uint32_t flags = other_flags ? PANTHOR_BO_NO_MMAP : 0;

	expect(!panthor_bo_cache_get(panthor_cache, size, flags, &buffer), "a BO of panthor");
	serials[panthor_bo_handle(buffer.bo) % MAX_HANDLES] = buffer.serial;
	return buffer.bo;
}

static void put_panthor(void *bo, uint64_t point)
{
	const struct panthor_buffer buffer = {
		.bo = bo,
		.serial = serials[panthor_bo_handle(bo) % MAX_HANDLES],
	};

	expect(!panthor_bo_cache_put(panthor_cache, &buffer, point), "putting it back");
}

static uint32_t handle_of_panthor(void *bo)
{
	return panthor_bo_handle(bo);
}

static void trim_panthor(void)
{
	panthor_bo_cache_trim(panthor_cache, 0);
}

const struct cache cache_keeping = {
	.name = "panthor keeping",
	.open = open_keeping,
	.close = close_panthor,
	.get = get_panthor,
	.put = put_panthor,
	.handle = handle_of_panthor,
	.trim = trim_panthor,
};

const struct cache cache_advising = {
	.name = "panthor advising",
	.advises = true,
	.open = open_advising,
	.close = close_panthor,
	.get = get_panthor,
	.put = put_panthor,
	.handle = handle_of_panthor,
	.trim = trim_panthor,
};

/* The same without any library. */

static int raw_fd;

static void open_none(void)
{
	raw_fd = kernel_open(KERNEL_PANTHOR);
}

static void close_none(void)
{
	close(raw_fd);
}

static void *create_raw(uint32_t size, bool other_flags)
{
	struct drm_panthor_bo_create create = { .size = size };

	expect(!ioctl(raw_fd, DRM_IOCTL_PANTHOR_BO_CREATE, &create), "a BO");
	return (void *)(uintptr_t)create.handle;
}

static void close_raw(void *bo, uint64_t point)
{
	struct drm_gem_close close = { .handle = (uint32_t)(uintptr_t)bo };

	expect(!ioctl(raw_fd, DRM_IOCTL_GEM_CLOSE, &close), "closing it");
}

static uint32_t handle_of_raw(void *bo)
{
	return (uint32_t)(uintptr_t)bo;
}

const struct cache cache_none = {
	.name = "no cache",
	.open = open_none,
	.close = close_none,
	.get = create_raw,
	.put = close_raw,
	.handle = handle_of_raw,
};

#ifdef HAVE_FREEDRENO
static struct fd_device *freedreno;

static void open_freedreno(void)
{
	freedreno = fd_device_new(kernel_open(KERNEL_MSM));
	expect(freedreno, "the msm device");
}

static void close_freedreno(void)
{
	int fd = fd_device_fd(freedreno);

	fd_device_del(freedreno);
	close(fd);
}

static void *get_freedreno(uint32_t size, bool other_flags)
{
	uint32_t flags = other_flags ? DRM_FREEDRENO_GEM_GPUREADONLY : 0;
	struct fd_bo *bo = fd_bo_new(freedreno, size, flags);

	expect(bo, "a BO of freedreno");
	return bo;
}

static uint32_t handle_of_freedreno(void *bo)
{
	return fd_bo_handle(bo);
}

static void put_freedreno(void *bo, uint64_t point)
{
	if (point)
		kernel_use_until(fd_bo_handle(bo), point);
	fd_bo_del(bo);
}

static const struct cache cache_freedreno = {
	.name = "freedreno",
	.advises = true,
	.open = open_freedreno,
	.close = close_freedreno,
	.get = get_freedreno,
	.put = put_freedreno,
	.handle = handle_of_freedreno,
};
#endif

#ifdef HAVE_ETNAVIV
static struct etna_device *etnaviv;

static void open_etnaviv(void)
{
	etnaviv = etna_device_new(kernel_open(KERNEL_ETNAVIV));
	expect(etnaviv, "the etnaviv device");
}

static void close_etnaviv(void)
{
	int fd = etna_device_fd(etnaviv);

	etna_device_del(etnaviv);
	close(fd);
}

static void *get_etnaviv(uint32_t size, bool other_flags)
{
	uint32_t flags = other_flags ? DRM_ETNA_GEM_CACHE_CACHED : DRM_ETNA_GEM_CACHE_WC;
	struct etna_bo *bo = etna_bo_new(etnaviv, size, flags);

	expect(bo, "a BO of etnaviv");
	return bo;
}

static uint32_t handle_of_etnaviv(void *bo)
{
	return etna_bo_handle(bo);
}

static void put_etnaviv(void *bo, uint64_t point)
{
	if (point)
		kernel_use_until(etna_bo_handle(bo), point);
	etna_bo_del(bo);
}

static const struct cache cache_etnaviv = {
	.name = "etnaviv",
	.open = open_etnaviv,
	.close = close_etnaviv,
	.get = get_etnaviv,
	.put = put_etnaviv,
	.handle = handle_of_etnaviv,
};
#endif

const struct cache *const caches[] = {
	&cache_keeping,
	&cache_advising,
#ifdef HAVE_FREEDRENO
	&cache_freedreno,
#endif
#ifdef HAVE_ETNAVIV
	&cache_etnaviv,
#endif
};

const unsigned int cache_count = sizeof(caches) / sizeof(caches[0]);
