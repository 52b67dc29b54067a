/* SPDX-License-Identifier: MIT */
/* Raw ioctls: nothing is checked, retried or repaired on the way to the kernel. */
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "kt.h"

int kt_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static bool is_driver(const char *path, const char *driver)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return false;
	ret = kt_ioctl(fd, DRM_IOCTL_VERSION, &version);
	close(fd);
	return ret == 0 && !strcmp(name, driver);
}

int kt_find_node(const char *driver, bool render, char *path, size_t size)
{
	int first = render ? 128 : 0;
	int i;

	for (i = first; i < first + 64; i++) {
		snprintf(path, size, "/dev/dri/%s%d", render ? "renderD" : "card", i);
		if (is_driver(path, driver))
			return 0;
	}
	return -ENOENT;
}

int kt_open(const char *driver, bool render)
{
	char path[64];
	int ret = kt_find_node(driver, render, path, sizeof(path));
	int fd;

	if (ret < 0)
		return ret;
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kt_vm_create(int fd, uint64_t range, uint32_t *id)
{
	struct drm_panthor_vm_create args = { .user_va_range = range };
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_CREATE, &args);

	*id = args.id;
	return ret;
}

uint32_t kt_vm(int fd)
{
	uint32_t id;

	assert_int_equal(kt_vm_create(fd, 0, &id), 0);
	return id;
}

int kt_vm_destroy(int fd, uint32_t id)
{
	struct drm_panthor_vm_destroy args = { .id = id };

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &args);
}

int kt_vm_state(int fd, uint32_t id, uint32_t *state)
{
	struct drm_panthor_vm_get_state args = { .vm_id = id, .state = ~0u };
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &args);

	*state = args.state;
	return ret;
}

int kt_bind(int fd, uint32_t vm, const struct drm_panthor_vm_bind_op *ops, uint32_t count,
	    uint32_t *done)
{
	struct drm_panthor_vm_bind args = {
		.vm_id = vm,
		.ops = DRM_PANTHOR_OBJ_ARRAY(count, ops),
	};
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);

	if (done)
		*done = args.ops.count;
	return ret;
}

int kt_vm_map(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t bo_offset, uint64_t size)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP,
		.bo_handle = bo,
		.bo_offset = bo_offset,
		.va = va,
		.size = size,
	};

	return kt_bind(fd, vm, &op, 1, NULL);
}

int kt_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = va,
		.size = size,
	};

	return kt_bind(fd, vm, &op, 1, NULL);
}

int kt_bo_create(int fd, uint64_t size, uint32_t flags, uint32_t vm, uint32_t *handle)
{
	struct drm_panthor_bo_create args = {
		.size = size,
		.flags = flags,
		.exclusive_vm_id = vm,
	};
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args);

	*handle = args.handle;
	return ret;
}

uint32_t kt_bo(int fd, uint64_t size)
{
	uint32_t handle;

	assert_int_equal(kt_bo_create(fd, size, 0, 0, &handle), 0);
	return handle;
}

int kt_bo_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return kt_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int kt_bo_offset(int fd, uint32_t handle, uint64_t *offset)
{
	struct drm_panthor_bo_mmap_offset args = { .handle = handle };
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);

	*offset = args.offset;
	return ret;
}

int kt_bo_label(int fd, uint32_t handle, const char *label)
{
	struct drm_panthor_bo_set_label args = {
		.handle = handle,
		.label = (uintptr_t)label,
	};

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args);
}

int kt_bo_sync(int fd, uint32_t handle, uint32_t type, uint64_t offset, uint64_t size)
{
	struct drm_panthor_bo_sync_op op = {
		.handle = handle,
		.type = type,
		.offset = offset,
		.size = size,
	};
	struct drm_panthor_bo_sync args = { .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op) };

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}

int kt_bo_info(int fd, uint32_t handle, struct drm_panthor_bo_query_info *info)
{
	memset(info, 0xff, sizeof(*info));
	info->handle = handle;
	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, info);
}

int kt_madvise(int fd, uint32_t handle, uint32_t madv, uint32_t *retained)
{
	struct drm_panthor_bo_madvise args = { .handle = handle, .madv = madv, .retained = ~0u };
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_BO_MADVISE, &args);

	if (retained)
		*retained = args.retained;
	return ret;
}

int kt_export(int fd, uint32_t handle)
{
	struct drm_prime_handle args = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret = kt_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret < 0 ? ret : args.fd;
}

int kt_import(int fd, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle args = { .fd = dmabuf };
	int ret = kt_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	*handle = args.handle;
	return ret;
}

int kt_udmabuf(size_t size)
{
	struct udmabuf_create args = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int ret = -errno;

	if (dev < 0)
		return ret;
	args.memfd = (unsigned int)memfd_create("kt", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	assert_int_equal(ftruncate((int)args.memfd, (off_t)size), 0);
	assert_int_equal(fcntl((int)args.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ret = ioctl(dev, UDMABUF_CREATE, &args);
	ret = ret < 0 ? -errno : ret;
	close((int)args.memfd);
	close(dev);
	return ret;
}

int kt_heap_dmabuf(size_t size)
{
	struct dma_heap_allocation_data args = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int dev = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	int ret = -errno;

	if (dev < 0)
		return ret;
	ret = kt_ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &args);
	close(dev);
	return ret < 0 ? ret : (int)args.fd;
}

int kt_vgem_dmabuf(size_t size)
{
	struct drm_mode_create_dumb dumb = { .width = (uint32_t)size, .height = 1, .bpp = 8 };
	int dev = kt_open("vgem", false);
	int ret;

	if (dev < 0)
		return dev;
	ret = kt_ioctl(dev, DRM_IOCTL_MODE_CREATE_DUMB, &dumb);
	if (ret == 0)
		ret = kt_export(dev, dumb.handle);
	close(dev);
	return ret;
}
