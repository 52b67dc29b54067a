// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "device.h"
#include "fake_panthor.h"
#include "lib.h"

#define RANGES	  1000000
#define MAX_PAGES 64

static struct fake *fake;
static struct panthor_transport io;
static int refusing_fd;
static bool started;

int lib_bench_ioctl(unsigned long request, void *arg)
{
	return ioctl(refusing_fd, request, arg);
}

/* Refused calls count as successful ones: what an answer says is not measured. */
static int bench_transport_ioctl(void *priv, int fd, unsigned long request, void *arg)
{
	if (!started)
		return fake->io.ioctl(priv, fd, request, arg);
	lib_bench_ioctl(request, arg);
	return 0;
}

void lib_bench_start(void)
{
	started = true;
}

static uint32_t next_random(uint32_t *seed, uint32_t limit)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % limit;
}

static int fill_ranges(struct lib_bench *bench)
{
	uint32_t seed = 1;

	bench->addrs = calloc(RANGES, sizeof(*bench->addrs));
	bench->sizes = calloc(RANGES, sizeof(*bench->sizes));
	for (uint32_t i = 0; i < RANGES; i++) {
		uint32_t size = 4096 * (1 + next_random(&seed, MAX_PAGES));
		uint32_t other = next_random(&seed, i + 1);
		int r;

		/* Shuffled as it grows. */
		bench->addrs[i] = bench->addrs[other];
		bench->sizes[i] = bench->sizes[other];
		bench->sizes[other] = size;
		r = panthor_va_alloc(bench->va, size, 0, &bench->addrs[other]);
		if (r)
			return r;
	}
	return 0;
}

static int open_caches(struct lib_bench *bench)
{
	struct panthor_bo_cache_params params = {
		.size = sizeof(params),
		.flags = PANTHOR_BO_CACHE_MAP_CPU,
		/* What ages could not be made anew once the kernel refuses. */
		.max_age_ns = UINT64_MAX,
		.va = bench->va,
	};
	int r = panthor_bo_cache_new(bench->dev, &params, &bench->advising);

	params.flags |= PANTHOR_BO_CACHE_KEEP_CONTENTS;
	if (!r)
		r = panthor_bo_cache_new(bench->dev, &params, &bench->plain);
	if (!r)
		r = panthor_slab_new(bench->plain, 0, &bench->slab);
	return r;
}

/* What misses would cost is not measured: as many buffers as threads have been there once. */
static int warm_up(struct panthor_bo_cache *cache)
{
	struct panthor_buffer buffers[32];
	int r = 0;

	for (int i = 0; i < 32 && !r; i++)
		r = panthor_bo_cache_get(cache, 65536, 0, &buffers[i]);
	for (int i = 0; i < 32 && !r; i++)
		r = panthor_bo_cache_put(cache, &buffers[i], 0);
	return r;
}

static int warm_up_slab(struct panthor_slab *slab)
{
	struct panthor_buffer buffer;
	int r = panthor_slab_alloc(slab, 256, 0, &buffer);

	return r ? r : panthor_slab_free(slab, &buffer, 0);
}

int lib_bench_open(struct lib_bench *bench)
{
	int r;

	refusing_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	fake = fake_new(9);
	fake->has_madvise = true;
	io = fake->io;
	io.ioctl = bench_transport_ioctl;
	io.alloc = panthor_transport_system.alloc;
	io.lock = panthor_transport_system.lock;
	io.unlock = panthor_transport_system.unlock;
	io.now = panthor_transport_system.now;
	io.cpu = panthor_transport_system.cpu;
	io.pause = panthor_transport_system.pause;

	r = device_open(&io, "/dev/dri/renderD128", &bench->dev);
	if (!r)
		r = panthor_bo_new(bench->dev, NULL, 65536, 0, &bench->bo);
	if (!r)
		r = panthor_vm_new(bench->dev, 0, &bench->vm);
	if (!r)
		r = panthor_group_new(bench->vm, NULL, &bench->group);
	if (!r)
		r = panthor_syncobj_new(bench->dev, 0, &bench->syncobj);
	if (!r)
		r = panthor_va_new(bench->vm, NULL, &bench->va);
	if (!r)
		r = fill_ranges(bench);
	if (!r)
		r = open_caches(bench);
	if (!r)
		r = warm_up(bench->plain);
	if (!r)
		r = warm_up(bench->advising);
	if (!r)
		r = warm_up_slab(bench->slab);
	/* Probes are asked once. */
	if (!r && (panthor_device_has(bench->dev, PANTHOR_FEATURE_BO_MADVISE) != 1 ||
		   panthor_device_has(bench->dev, PANTHOR_FEATURE_BO_LABEL) != 1))
		r = -EOPNOTSUPP;
	return r;
}
