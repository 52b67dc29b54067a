/* SPDX-License-Identifier: MIT */
/* Devices. Part of panthor.h, whose conventions hold here too. */
#ifndef LIBDRM_PANTHOR_DEVICE_H
#define LIBDRM_PANTHOR_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct drm_panthor_gpu_info;
struct drm_panthor_csif_info;

struct panthor_device;

/* Which driver answers behind the DRM name "panthor". */
enum panthor_driver {
	PANTHOR_DRIVER_UNKNOWN = 0,
	PANTHOR_DRIVER_PANTHOR = 1, /* the kernel's C driver */
	PANTHOR_DRIVER_TYR = 2, /* the kernel's Rust driver */
	PANTHOR_DRIVER_VPANTHOR = 3, /* this project's software GPU */
};

/* Things a kernel may lack. Where a harmless call can tell, it is asked rather than the version. */
enum panthor_feature {
	PANTHOR_FEATURE_TIMESTAMP = 0, /* 1.1, probed */
	PANTHOR_FEATURE_GROUP_PRIORITIES = 1, /* 1.2, probed */
	PANTHOR_FEATURE_BO_LABEL = 2, /* 1.4, probed */
	PANTHOR_FEATURE_USER_MMIO_OFFSET = 3, /* 1.5 */
	PANTHOR_FEATURE_BO_WB_MMAP = 4, /* 1.7 */
	PANTHOR_FEATURE_BO_SYNC = 5, /* 1.7, probed */
	PANTHOR_FEATURE_BO_QUERY_INFO = 6, /* 1.7, probed */
	PANTHOR_FEATURE_SPARSE = 7, /* 1.9 */
	PANTHOR_FEATURE_MMU_INFO = 8, /* 1.9, probed */
	PANTHOR_FEATURE_BO_MADVISE = 9, /* vpanthor, probed */
};

#define PANTHOR_FEATURE_COUNT 10

enum panthor_device_flags {
	PANTHOR_DEVICE_FROM_FD = 1 << 0, /* use a descriptor that is open already */
};

/**
 * struct panthor_device_params - which device
 * @size: sizeof(struct panthor_device_params); members beyond it read as 0
 * @flags: enum panthor_device_flags
 * @fd: with PANTHOR_DEVICE_FROM_FD; stays the caller's: the device keeps a duplicate, which shares
 *      GEM handles with it
 * @reserved: to be 0
 * @path: device node, or NULL for the first panthor render node
 */
struct panthor_device_params {
	uint32_t size;
	uint32_t flags;
	int fd;
	uint32_t reserved;
	const char *path;
};

/**
 * panthor_device_new - open a panthor device
 * @params: NULL for the defaults
 * @ret_dev: the device, one reference
 *
 * Two devices made from one DRM file see the same handles but not each other's BOs: make one
 * device per DRM file. Without a path, nodes that cannot be opened are passed over while another
 * one serves. Errors: -EINVAL unknown flags, or a path and a descriptor; -E2BIG @params has members
 * this library does not know; -ENOENT no such node, or without a path no panthor render node at
 * all; -EBADF; -EACCES; -ENOTSUP the node belongs to another driver or speaks another major
 * version; -EMFILE; -ENOMEM; whatever else open(2) gives.
 */
int panthor_device_new(const struct panthor_device_params *params, struct panthor_device **ret_dev);

/** panthor_device_open - panthor_device_new() of a node, or with NULL of the first there is */
static inline int panthor_device_open(const char *path, struct panthor_device **ret_dev)
{
	struct panthor_device_params params;

	params.size = (uint32_t)sizeof(params);
	params.flags = 0;
	params.fd = -1;
	params.reserved = 0;
	params.path = path;
	return panthor_device_new(&params, ret_dev);
}

/** panthor_device_new_from_fd - panthor_device_new() of a descriptor */
static inline int panthor_device_new_from_fd(int fd, struct panthor_device **ret_dev)
{
	struct panthor_device_params params;

	params.size = (uint32_t)sizeof(params);
	params.flags = PANTHOR_DEVICE_FROM_FD;
	params.fd = fd;
	params.reserved = 0;
	params.path = NULL;
	return panthor_device_new(&params, ret_dev);
}

/** panthor_device_ref - take a reference; returns @dev */
struct panthor_device *panthor_device_ref(struct panthor_device *dev);

/** panthor_device_unref - drop a reference; takes NULL, returns NULL */
struct panthor_device *panthor_device_unref(struct panthor_device *dev);

/**
 * struct panthor_device_info - what never changes about a device
 * @fd: the device's own: for ioctls the library has no function for, not for close()
 * @driver: which one this is
 * @version_major, @version_minor: of the driver's interface
 * @page_size: the unit of BO sizes: the kernel's page size, in bytes
 * @gpu: the GPU's identity, as the kernel's <drm/panthor_drm.h> has it; fields newer than the
 *       kernel are 0
 * @csif: the command-stream limits, likewise; all 0 where the driver does not tell
 * @gpu_page_sizes: sizes of pages that the GPU's page tables have, in bytes, one bit each; 0 where
 *                  the driver does not tell, as before 1.9: then 4 KiB and 2 MiB can be relied on
 * @group_priorities: what the caller may ask for: bit 1 << N for N of enum panthor_group_priority;
 *                    0 where the driver does not tell, as before 1.2: then LOW and MEDIUM can be
 *                    relied on
 */
struct panthor_device_info {
	int fd;
	enum panthor_driver driver;
	uint32_t version_major;
	uint32_t version_minor;
	uint64_t page_size;
	const struct drm_panthor_gpu_info *gpu;
	const struct drm_panthor_csif_info *csif;
	uint64_t gpu_page_sizes;
	uint32_t group_priorities;
};

/** panthor_device_info - as read when the device was opened; the device's, like all it points to */
static inline const struct panthor_device_info *
panthor_device_info(const struct panthor_device *dev)
{
	return (const struct panthor_device_info *)dev;
}

static inline int panthor_device_fd(const struct panthor_device *dev)
{
	return panthor_device_info(dev)->fd;
}

static inline uint64_t panthor_device_page_size(const struct panthor_device *dev)
{
	return panthor_device_info(dev)->page_size;
}

/**
 * panthor_device_has - whether the kernel has a feature
 *
 * Asked once and remembered; a probe that could not tell is asked again next time. Returns 1 yes,
 * 0 no. Errors: -EINVAL a number that is no feature; whatever the probe gives when it cannot tell.
 */
int panthor_device_has(struct panthor_device *dev, enum panthor_feature feature);

/**
 * panthor_device_flush_id - number of the GPU's latest cache flush
 * @ret_id: what struct panthor_job takes, read after the stream was written
 *
 * One load from a page of the device, mapped at the first call and until the device dies. Children
 * do not inherit the page, and once the device was unplugged the load may raise SIGBUS.
 * Errors: -EINVAL a driver without the page; -ENOMEM.
 */
int panthor_device_flush_id(struct panthor_device *dev, uint32_t *ret_id);

/* Clocks beside the GPU's timestamp, its offset and its frequency. They need 1.8. */
enum panthor_clock {
	PANTHOR_CLOCK_CPU = 1 << 0, /* CLOCK_MONOTONIC */
	PANTHOR_CLOCK_CPU_RAW = 1 << 1, /* CLOCK_MONOTONIC_RAW, instead */
	PANTHOR_CLOCK_CYCLES = 1 << 2, /* GPU cycles */
	PANTHOR_CLOCK_DURATION = 1 << 3, /* how long reading all this took */
};

/**
 * struct panthor_timestamp - clocks, read together
 * @gpu_ticks: the GPU's timestamp
 * @gpu_offset: what it adds to that
 * @frequency: ticks per second, 0 where that is not known
 * @cycles: GPU cycles
 * @cpu_ns: the CPU's clock in nanoseconds
 * @duration_ns: nanoseconds from the first to the last
 *
 * What was not asked for is 0.
 */
struct panthor_timestamp {
	uint64_t gpu_ticks;
	uint64_t gpu_offset;
	uint64_t frequency;
	uint64_t cycles;
	uint64_t cpu_ns;
	uint64_t duration_ns;
};

/**
 * panthor_device_timestamp_sized - read the GPU's clock, and others at the same time
 * @clocks: enum panthor_clock
 * @size: sizeof(*@ret_timestamp), which may be from another version
 *
 * Needs 1.1. Errors: -EINVAL unknown clocks, or two of the CPU; -EOPNOTSUPP.
 */
int panthor_device_timestamp_sized(struct panthor_device *dev, uint32_t clocks,
				   struct panthor_timestamp *ret_timestamp, size_t size);

/** panthor_device_timestamp - panthor_device_timestamp_sized() of the size it has here */
static inline int panthor_device_timestamp(struct panthor_device *dev, uint32_t clocks,
					   struct panthor_timestamp *ret_timestamp)
{
	return panthor_device_timestamp_sized(dev, clocks, ret_timestamp, sizeof(*ret_timestamp));
}

#ifdef __cplusplus
}
#endif

#endif
