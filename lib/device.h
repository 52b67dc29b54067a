/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_DEVICE_H
#define PANTHOR_DEVICE_H

#include <stdatomic.h>

#include "account.h"
#include "handle_table.h"
#include "panthor.h"
#include "panthor_drm.h"
#include "transport.h"

#define PANTHOR_PUBLIC __attribute__((visibility("default")))

enum feature_state {
	FEATURE_UNKNOWN = 0,
	FEATURE_ABSENT,
	FEATURE_PRESENT,
};

struct panthor_device {
	/* Constant from open to the last unref, and first: panthor_device_info() is here. */
	struct panthor_device_info info;

	atomic_uint refs;
	/* Those of @refs that no object of the library holds. */
	atomic_uint callers_refs;

	/* Set before there is a second thread. */
	panthor_log_fn log;
	void *log_data;

	/* Constant from open to the last unref. */
	const struct panthor_transport *io;
	unsigned int node_major;
	unsigned int node_minor;
	struct drm_panthor_gpu_info gpu_info;
	struct drm_panthor_csif_info csif_info;

	/* enum feature_state. Two threads may ask the kernel at once; both get the same answer. */
	atomic_uchar features[PANTHOR_FEATURE_COUNT];

	/* Its lock is the only one that is held over GEM_CLOSE and PRIME_FD_TO_HANDLE. */
	struct handle_table handles;
	struct accounts accounts; /* under it as well */

	/*
	 * The page with the flush id, NULL until it is asked for; mapped under @flush_lock, read
	 * without. @mmio_offset is constant: where this process, by its word size, finds it.
	 */
	pthread_mutex_t flush_lock;
	uint64_t mmio_offset;
	_Atomic(const volatile uint32_t *) flush_page;
};

/* Programs were built with where the information about an object is. */
#define INFO_COMES_FIRST(type) \
	_Static_assert(offsetof(struct type, info) == 0, #type " begins with its info")
INFO_COMES_FIRST(panthor_device);

/* For the library's own objects. */
struct panthor_device *device_get(struct panthor_device *dev);
void device_put(struct panthor_device *dev);

/* Tells the log which BOs there are. */
void device_report_leaks(struct panthor_device *dev);

/* As the public functions, over any transport. */
int device_open(const struct panthor_transport *io, const char *path,
		struct panthor_device **ret_dev);
int device_new_from_fd(const struct panthor_transport *io, int fd, struct panthor_device **ret_dev);

int device_ioctl(const struct panthor_device *dev, unsigned long request, void *arg);

/* The end of what panthor_device_flush_id() began. */
void device_drop_flush_page(struct panthor_device *dev);

/* 0 when the kernel has the feature, -EOPNOTSUPP when not, or the error of the probe. */
int device_require(struct panthor_device *dev, enum panthor_feature feature);

/* Reads an information structure of at most 256 bytes, which for some types says what is wanted. */
int device_query(struct panthor_device *dev, uint32_t type, void *inout_info, size_t size);

/* Reads version, driver and information structures into a device that has its descriptor. */
int device_identify(struct panthor_device *dev);

#endif
