// SPDX-License-Identifier: MIT
/* The two DRM drivers compared, by raw ioctls: no library's cost is in the figures. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm.h>
#include <drm_mode.h>

#include "panthor_drm.h"
#include "bench.h"

int bench_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : 0;
}

static bool driver_is(int fd, const char *driver)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return bench_ioctl(fd, DRM_IOCTL_VERSION, &version) == 0 && strcmp(name, driver) == 0;
}

int bench_open_drm(const char *node_prefix, const char *driver)
{
	char path[64];

	for (int minor = 0; minor < 256; minor++) {
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/%s%d", node_prefix, minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (driver_is(fd, driver))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

static int map_at(int fd, struct buffer *buffer, uint64_t offset)
{
	void *map = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	buffer->map = map;
	return 0;
}

static int gem_destroy(struct target *target, struct buffer *buffer)
{
	struct drm_gem_close args = { .handle = buffer->handle };

	if (buffer->map && munmap(buffer->map, buffer->size) < 0)
		return -errno;
	return bench_ioctl(target->fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static int vgem_open(struct target *target)
{
	/* Dumb buffers are not for render nodes. */
	target->fd = bench_open_drm("card", "vgem");
	return target->fd < 0 ? target->fd : 0;
}

static int vgem_create(struct target *target, size_t size, struct buffer *ret_buffer)
{
	struct drm_mode_create_dumb args = { .width = 1024, .height = size / 4096, .bpp = 32 };
	int ret = bench_ioctl(target->fd, DRM_IOCTL_MODE_CREATE_DUMB, &args);

	if (ret < 0)
		return ret;
	*ret_buffer = (struct buffer){ .size = args.size, .handle = args.handle };
	return 0;
}

static int vgem_map(struct target *target, struct buffer *buffer)
{
	struct drm_mode_map_dumb args = { .handle = buffer->handle };
	int ret = bench_ioctl(target->fd, DRM_IOCTL_MODE_MAP_DUMB, &args);

	return ret < 0 ? ret : map_at(target->fd, buffer, args.offset);
}

static int panthor_open(struct target *target)
{
	target->fd = bench_open_drm("renderD", "panthor");
	return target->fd < 0 ? target->fd : 0;
}

static int panthor_create(struct target *target, size_t size, struct buffer *ret_buffer)
{
	struct drm_panthor_bo_create args = { .size = size };
	int ret = bench_ioctl(target->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args);

	if (ret < 0)
		return ret;
	*ret_buffer = (struct buffer){ .size = args.size, .handle = args.handle };
	return 0;
}

static int panthor_map(struct target *target, struct buffer *buffer)
{
	struct drm_panthor_bo_mmap_offset args = { .handle = buffer->handle };
	int ret = bench_ioctl(target->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);

	return ret < 0 ? ret : map_at(target->fd, buffer, args.offset);
}

struct target target_vgem = {
	.name = "vgem",
	.open = vgem_open,
	.create = vgem_create,
	.map = vgem_map,
	.destroy = gem_destroy,
};

struct target target_panthor = {
	.name = "panthor",
	.open = panthor_open,
	.create = panthor_create,
	.map = panthor_map,
	.destroy = gem_destroy,
};
