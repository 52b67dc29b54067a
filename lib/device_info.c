// SPDX-License-Identifier: MIT
/* What a device is and can do: DRM version, driver, information structures, features. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "device.h"

/* Larger than any information structure: what a kernel adds at the tail must find room. */
#define MAX_INFO_SIZE 256

static int read_version(struct panthor_device *dev)
{
	static const char wanted[] = "panthor";
	char name[sizeof(wanted)] = "";
	struct drm_version version = { .name_len = sizeof(name), .name = name };
	int r = device_ioctl(dev, DRM_IOCTL_VERSION, &version);

	/* Other character devices have their own ideas of this number. */
	if (r == -EINVAL || r == -EFAULT)
		return -ENOTSUP;
	if (r)
		return r;
	if (version.name_len != sizeof(wanted) - 1 || memcmp(name, wanted, version.name_len))
		return -ENOTSUP;
	/* Another major is another interface. */
	if (version.version_major != 1 || version.version_minor < 0)
		return -ENOTSUP;

	dev->info.version_major = (uint32_t)version.version_major;
	dev->info.version_minor = (uint32_t)version.version_minor;
	return 0;
}

/* The DRM name is the same for all of them; the driver that sysfs names is not. */
static enum panthor_driver read_driver(const struct panthor_device *dev)
{
	static const struct {
		const char *name;
		enum panthor_driver driver;
	} known[] = {
		{ "panthor", PANTHOR_DRIVER_PANTHOR },
		{ "tyr", PANTHOR_DRIVER_TYR },
		{ "vpanthor", PANTHOR_DRIVER_VPANTHOR },
	};
	char path[64], target[256];
	const char *base;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device/driver", dev->node_major,
		 dev->node_minor);
	len = dev->io->readlink(dev->io->priv, path, target, sizeof(target) - 1);
	if (len < 0)
		return PANTHOR_DRIVER_UNKNOWN;

	target[len] = '\0';
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(base, known[i].name))
			return known[i].driver;
	}
	return PANTHOR_DRIVER_UNKNOWN;
}

/*
 * Kernels older than the structure write less of it, newer ones more, and not all of them look at
 * the size they are given. So they get room to spare, zeroed beforehand.
 */
int device_query(struct panthor_device *dev, uint32_t type, void *inout_info, size_t size)
{
	_Alignas(8) unsigned char info[MAX_INFO_SIZE] = { 0 };
	struct drm_panthor_dev_query query = {
		.type = type,
		.size = sizeof(info),
		.pointer = (uintptr_t)info,
	};
	int r;

	memcpy(info, inout_info, size);
	r = device_ioctl(dev, DRM_IOCTL_PANTHOR_DEV_QUERY, &query);
	if (!r)
		memcpy(inout_info, info, size);
	return r;
}

/* Drivers without the structure leave it as it is: that is no reason not to work. */
static int read_optional(struct panthor_device *dev, uint32_t type, void *ret_info, size_t size)
{
	int r = device_query(dev, type, ret_info, size);

	return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r;
}

static int read_limits(struct panthor_device *dev)
{
	struct drm_panthor_group_priorities_info priorities = { 0 };
	struct drm_panthor_mmu_info mmu = { 0 };
	int r = read_optional(dev, DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO, &priorities,
			      sizeof(priorities));

	if (!r)
		r = read_optional(dev, DRM_PANTHOR_DEV_QUERY_MMU_INFO, &mmu, sizeof(mmu));
	if (r)
		return r;
	/* The kernel's numbers are one less than ours, which have a default at 0. */
	dev->info.group_priorities = (uint32_t)priorities.allowed_mask << PANTHOR_GROUP_LOW;
	dev->info.gpu_page_sizes = mmu.page_size_bitmap;
	return 0;
}

static int read_info(struct panthor_device *dev)
{
	int r = device_query(dev, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &dev->gpu_info,
			     sizeof(dev->gpu_info));

	if (r)
		return r;
	/* A hole in the structure before 1.7, so there may be anything in it. */
	if (dev->info.version_minor < 7)
		dev->gpu_info.selected_coherency = 0;

	/* Tyr came up without this one; buffers work all the same. */
	r = read_optional(dev, DRM_PANTHOR_DEV_QUERY_CSIF_INFO, &dev->csif_info,
			  sizeof(dev->csif_info));
	return r ? r : read_limits(dev);
}

int device_identify(struct panthor_device *dev)
{
	const struct panthor_transport *io = dev->io;
	int r = io->rdev(io->priv, dev->info.fd, &dev->node_major, &dev->node_minor);

	if (!r)
		r = read_version(dev);
	if (!r)
		r = read_info(dev);
	if (!r)
		dev->info.driver = read_driver(dev);
	return r;
}

/*
 * Probes: calls that a kernel with the feature answers with @present and that change nothing.
 * Handle 0 is never valid, so "no such handle" means that somebody looked.
 */

static int probe_query(struct panthor_device *dev, uint32_t type)
{
	struct drm_panthor_dev_query query = { .type = type };

	return device_ioctl(dev, DRM_IOCTL_PANTHOR_DEV_QUERY, &query);
}

static int probe_label(struct panthor_device *dev)
{
	struct drm_panthor_bo_set_label label = { .handle = 0 };

	return device_ioctl(dev, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &label);
}

static int probe_sync(struct panthor_device *dev)
{
	struct drm_panthor_bo_sync_op op = { .handle = 0 };
	struct drm_panthor_bo_sync sync = { .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op) };

	return device_ioctl(dev, DRM_IOCTL_PANTHOR_BO_SYNC, &sync);
}

static int probe_query_info(struct panthor_device *dev)
{
	struct drm_panthor_bo_query_info info = { .handle = 0 };

	return device_ioctl(dev, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &info);
}

static int probe_madvise(struct panthor_device *dev)
{
	struct drm_panthor_bo_madvise madvise = { .madv = DRM_PANTHOR_BO_MADV_WILLNEED };

	return device_ioctl(dev, DRM_IOCTL_PANTHOR_BO_MADVISE, &madvise);
}

static int since(const struct panthor_device *dev, uint32_t minor)
{
	return dev->info.version_minor >= minor ? 1 : 0;
}

/* 1 present, 0 absent, or an error that says nothing about either. */
static int verdict(int answer, int present)
{
	if (answer == present)
		return 1;
	switch (answer) {
	case 0:
	case -EINVAL:
	case -EOPNOTSUPP:
	case -ENOSYS:
		return 0;
	default:
		return answer;
	}
}

static int probe(struct panthor_device *dev, enum panthor_feature feature)
{
	switch (feature) {
	case PANTHOR_FEATURE_TIMESTAMP:
		return verdict(probe_query(dev, DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO), 0);
	case PANTHOR_FEATURE_GROUP_PRIORITIES:
		return verdict(probe_query(dev, DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO), 0);
	case PANTHOR_FEATURE_BO_LABEL:
		return verdict(probe_label(dev), -ENOENT);
	case PANTHOR_FEATURE_USER_MMIO_OFFSET:
		return since(dev, 5);
	case PANTHOR_FEATURE_BO_WB_MMAP:
		return since(dev, 7);
	case PANTHOR_FEATURE_BO_SYNC:
		return verdict(probe_sync(dev), -ENOENT);
	case PANTHOR_FEATURE_BO_QUERY_INFO:
		return verdict(probe_query_info(dev), -ENOENT);
	case PANTHOR_FEATURE_SPARSE:
		return since(dev, 9);
	case PANTHOR_FEATURE_MMU_INFO:
		return verdict(probe_query(dev, DRM_PANTHOR_DEV_QUERY_MMU_INFO), 0);
	case PANTHOR_FEATURE_BO_MADVISE:
		return verdict(probe_madvise(dev), -ENOENT);
	}
	return -EINVAL;
}

PANTHOR_PUBLIC
int panthor_device_has(struct panthor_device *dev, enum panthor_feature feature)
{
	unsigned char state;
	int r;

	if ((unsigned int)feature >= PANTHOR_FEATURE_COUNT)
		return -EINVAL;

	state = atomic_load_explicit(&dev->features[feature], memory_order_relaxed);
	if (state != FEATURE_UNKNOWN)
		return state == FEATURE_PRESENT;

	r = probe(dev, feature);
	if (r >= 0) {
		atomic_store_explicit(&dev->features[feature], r ? FEATURE_PRESENT : FEATURE_ABSENT,
				      memory_order_relaxed);
	}
	return r;
}

int device_require(struct panthor_device *dev, enum panthor_feature feature)
{
	int r = panthor_device_has(dev, feature);

	if (r < 0)
		return r;
	return r ? 0 : -EOPNOTSUPP;
}
