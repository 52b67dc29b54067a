/* SPDX-License-Identifier: MIT */
/*
 * libdrm_panthor: GPU buffer memory on panthor, from userspace.
 *
 * Conventions, true for every function unless its comment says otherwise:
 *
 * - Success is 0, failure a negative errno; errno itself is left alone. Outputs are named ret_*
 *   and are untouched on failure.
 * - Objects are opaque and reference counted. A constructor returns one reference, *_unref() drops
 *   one, takes NULL and returns NULL, so that `bo = panthor_bo_unref(bo)` leaves no stale pointer.
 *   A BO holds a reference on its device.
 * - Any function may be called from any thread on any object that the caller holds a reference on.
 * - Sizes and offsets are bytes, 64-bit on every machine.
 * - Signals do not surface: an interrupted system call is repeated.
 * - A feature the running kernel lacks gives -EOPNOTSUPP, also where the kernel would have said
 *   EINVAL, ENOTTY or 524. "Needs 1.N" names the first driver minor that has it.
 * - -ENODEV from any call means that the device was unplugged, -EPROTO that the kernel's answer
 *   makes no sense (handle 0, a BO smaller than asked for, an offset between pages).
 */
#ifndef PANTHOR_H
#define PANTHOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct drm_panthor_gpu_info;
struct drm_panthor_csif_info;

/*
 * Devices
 */

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

/**
 * panthor_device_open - open a panthor device
 * @path: device node, or NULL for the first panthor render node
 * @ret_dev: the device, one reference
 *
 * Errors: -ENOENT no such node, or with NULL no panthor render node at all; -EACCES; -ENOTSUP the
 * node belongs to another driver or speaks another major version; -ENOMEM; whatever else open(2)
 * gives. With NULL, nodes that cannot be opened are passed over while another one serves.
 */
int panthor_device_open(const char *path, struct panthor_device **ret_dev);

/**
 * panthor_device_new_from_fd - use a file descriptor that is already open
 * @fd: stays the caller's; the device keeps a duplicate, which shares GEM handles with it
 * @ret_dev: the device, one reference
 *
 * Two devices made from one DRM file see the same handles but not each other's BOs: make one
 * device per DRM file. Errors: -EBADF; -ENOTSUP not a panthor device; -ENOMEM; -EMFILE.
 */
int panthor_device_new_from_fd(int fd, struct panthor_device **ret_dev);

struct panthor_device *panthor_device_ref(struct panthor_device *dev);
struct panthor_device *panthor_device_unref(struct panthor_device *dev);

/**
 * panthor_device_fd - the device's own file descriptor
 *
 * Owned by the device: for ioctls the library has no function for, not for close().
 */
int panthor_device_fd(const struct panthor_device *dev);

/**
 * panthor_device_driver - which driver this is
 */
enum panthor_driver panthor_device_driver(const struct panthor_device *dev);

/**
 * panthor_device_version - major and minor of the driver's interface
 *
 * Either pointer may be NULL.
 */
void panthor_device_version(const struct panthor_device *dev, uint32_t *ret_major,
			    uint32_t *ret_minor);

/**
 * panthor_device_has - whether the kernel has a feature
 *
 * Asked once and remembered. Returns 1 yes, 0 no, -EINVAL for a number that is no feature, or the
 * error of the probe when it could not tell; that one is asked again next time.
 */
int panthor_device_has(struct panthor_device *dev, enum panthor_feature feature);

/**
 * panthor_device_gpu_info - the GPU's identity, read at open
 *
 * Owned by the device, constant. Fields newer than the kernel are 0.
 */
const struct drm_panthor_gpu_info *panthor_device_gpu_info(const struct panthor_device *dev);

/**
 * panthor_device_csif_info - the command-stream limits, read at open
 *
 * Owned by the device, constant. All 0 where the driver does not tell.
 */
const struct drm_panthor_csif_info *panthor_device_csif_info(const struct panthor_device *dev);

/**
 * panthor_device_page_size - the unit of BO sizes: the kernel's page size, in bytes
 */
uint64_t panthor_device_page_size(const struct panthor_device *dev);

/*
 * Buffer objects
 */

struct panthor_bo;

enum panthor_bo_flags {
	PANTHOR_BO_NO_MMAP = 1 << 0, /* never mapped by the CPU */
	PANTHOR_BO_WB_MMAP = 1 << 1, /* cached CPU maps, see panthor_bo_sync(); needs 1.7 */
};

/**
 * panthor_bo_new - create a buffer object
 * @size: bytes, rounded up to pages
 * @flags: enum panthor_bo_flags
 * @ret_bo: the BO, one reference
 *
 * No memory is taken yet; contents read as zero. Errors: -EINVAL size 0 or one that does not fit
 * after rounding, or unknown or contradicting flags; -EOPNOTSUPP WB_MMAP before 1.7; -ENOSPC
 * no room for the mmap offset; -ENOMEM.
 */
int panthor_bo_new(struct panthor_device *dev, uint64_t size, uint32_t flags,
		   struct panthor_bo **ret_bo);

struct panthor_bo *panthor_bo_ref(struct panthor_bo *bo);

/**
 * panthor_bo_unref - drop a reference
 *
 * The last one removes the CPU map and closes the handle, atomically with respect to
 * panthor_bo_import() of the same buffer.
 */
struct panthor_bo *panthor_bo_unref(struct panthor_bo *bo);

struct panthor_device *panthor_bo_device(const struct panthor_bo *bo);

/** panthor_bo_size - bytes, after rounding */
uint64_t panthor_bo_size(const struct panthor_bo *bo);

/** panthor_bo_handle - GEM handle, valid in the device's file while the BO lives */
uint32_t panthor_bo_handle(const struct panthor_bo *bo);

/** panthor_bo_flags - enum panthor_bo_flags as created; of an imported BO what the kernel tells */
uint32_t panthor_bo_flags(const struct panthor_bo *bo);

/**
 * panthor_bo_is_imported - whether the memory belongs to another device
 *
 * Before 1.7 the kernel does not tell: there, every BO that panthor_bo_import() made counts, also
 * one that another process exported from this very device.
 */
bool panthor_bo_is_imported(const struct panthor_bo *bo);

/**
 * panthor_bo_map - map the BO for the CPU, readable and writable
 * @ret_ptr: the mapping, page aligned, panthor_bo_size() long
 *
 * Counted: every success needs one panthor_bo_unmap(); all callers share one mapping. Memory is
 * taken page by page at first touch, and a touch that cannot be served raises SIGBUS. Errors:
 * -EPERM a NO_MMAP BO; -ENOMEM; -EOVERFLOW larger than this process can map.
 */
int panthor_bo_map(struct panthor_bo *bo, void **ret_ptr);

/**
 * panthor_bo_unmap - undo one panthor_bo_map()
 *
 * Errors: -EINVAL not mapped.
 */
int panthor_bo_unmap(struct panthor_bo *bo);

/**
 * panthor_bo_set_label - name the BO in debugfs
 * @label: at most 4095 characters, or NULL to clear
 *
 * Needs 1.4. Errors: -E2BIG too long; -EOPNOTSUPP; -ENOMEM.
 */
int panthor_bo_set_label(struct panthor_bo *bo, const char *label);

/* What panthor_bo_sync() does with the CPU's cache lines. */
enum panthor_bo_sync_type {
	PANTHOR_BO_SYNC_FLUSH = 0, /* CPU writes become visible to the GPU */
	PANTHOR_BO_SYNC_FLUSH_AND_INVALIDATE = 1, /* and GPU writes to the CPU */
};

/**
 * panthor_bo_sync - cache upkeep of a WB_MMAP BO
 * @offset, @size: range in bytes
 * @type: what to do
 *
 * Does nothing, successfully, when the map is not cached or the GPU is coherent. Needs 1.7.
 * Errors: -EINVAL beyond the BO, unknown type or imported BO; -EOPNOTSUPP.
 */
int panthor_bo_sync(struct panthor_bo *bo, uint64_t offset, uint64_t size,
		    enum panthor_bo_sync_type type);

/* Advice to the kernel's reclaim. */
enum panthor_bo_advice {
	PANTHOR_BO_WILLNEED = 0, /* contents are wanted again */
	PANTHOR_BO_DONTNEED = 1, /* contents may be dropped at any moment */
	PANTHOR_BO_COLD = 2, /* first to be evicted in its class, contents kept */
	PANTHOR_BO_PAGEOUT = 3, /* evict now, contents kept */
};

/**
 * panthor_bo_madvise - tell reclaim what the contents are worth
 * @advice: what to do
 * @ret_retained: true while the contents exist, false once they were purged; may be NULL
 *
 * A purged BO keeps handle, size and mappings and reads as zeroes after WILLNEED; until then a
 * CPU access raises SIGBUS and a GPU access is a page fault. Any other advice takes DONTNEED back.
 * vpanthor only. Errors: -EINVAL unknown advice, or DONTNEED on an exported or imported BO, whose
 * contents others may see; PAGEOUT: -EBUSY pinned (as imports are) or in use by the GPU, -ENOSPC
 * no free swap; -EOPNOTSUPP.
 */
int panthor_bo_madvise(struct panthor_bo *bo, enum panthor_bo_advice advice, bool *ret_retained);

/**
 * panthor_bo_export - share the BO as a dma-buf
 * @ret_fd: a new descriptor, close-on-exec, the caller's to close
 *
 * Errors: -EINVAL a BO that is exclusive to a VM, or in DONTNEED; -EMFILE; -ENOMEM.
 */
int panthor_bo_export(struct panthor_bo *bo, int *ret_fd);

/**
 * panthor_bo_import - take a dma-buf in
 * @fd: stays the caller's
 * @ret_bo: one reference; the same object for the same buffer, however often it is imported
 *
 * Errors: -EBADF; -EINVAL not a dma-buf; -ENOMEM; whatever else the exporter gives.
 */
int panthor_bo_import(struct panthor_device *dev, int fd, struct panthor_bo **ret_bo);

/*
 * The debugfs table of all BOs, `gems`
 */

struct panthor_gems;

/* The columns known by name. The file's own header says which there are, and where. */
enum panthor_gems_column {
	PANTHOR_GEMS_CREATED_BY = 0,
	PANTHOR_GEMS_GLOBAL_NAME = 1,
	PANTHOR_GEMS_REFCOUNT = 2,
	PANTHOR_GEMS_EVICTIONS = 3,
	PANTHOR_GEMS_SIZE = 4,
	PANTHOR_GEMS_RESIDENT = 5,
	PANTHOR_GEMS_FILE_OFFSET = 6,
	PANTHOR_GEMS_STATE = 7,
	PANTHOR_GEMS_USAGE = 8,
	PANTHOR_GEMS_LABEL = 9,
};

enum panthor_gems_state {
	PANTHOR_GEMS_STATE_IMPORTED = 1 << 0,
	PANTHOR_GEMS_STATE_EXPORTED = 1 << 1,
	PANTHOR_GEMS_STATE_EVICTED = 1 << 2,
};

enum panthor_gems_usage {
	PANTHOR_GEMS_USAGE_KERNEL = 1 << 0,
	PANTHOR_GEMS_USAGE_FW_MAPPED = 1 << 1,
};

/**
 * struct panthor_gems_row - one BO
 * @columns: bit mask over enum panthor_gems_column of what the file has; the rest reads 0
 * @comm: creator's name, not NUL-terminated, untrusted bytes
 * @comm_len: bytes of it
 * @tgid: creator's process
 * @global_name: flink name, 0 for none
 * @refcount: kernel references
 * @evictions: times its pages were taken
 * @size: bytes
 * @resident: bytes in memory
 * @file_offset: mmap offset
 * @state: enum panthor_gems_state
 * @usage: enum panthor_gems_usage
 * @label: not NUL-terminated, untrusted bytes; may hold line breaks where the kernel prints
 *         labels raw
 * @label_len: bytes of it
 *
 * The text belongs to the reader and is valid until the next panthor_gems_next().
 */
struct panthor_gems_row {
	uint32_t columns;
	const char *comm;
	size_t comm_len;
	int64_t tgid;
	int64_t global_name;
	uint64_t refcount;
	uint64_t evictions;
	uint64_t size;
	uint64_t resident;
	uint64_t file_offset;
	uint32_t state;
	uint32_t usage;
	const char *label;
	size_t label_len;
};

/* Whether a table may be believed. */
enum panthor_gems_integrity {
	PANTHOR_GEMS_OK = 0, /* the footer's sums are those of the rows */
	PANTHOR_GEMS_MISMATCH = 1, /* they are not: a forged row, or BOs changed during the dump */
	PANTHOR_GEMS_TRUNCATED = 2, /* cut inside a row or the footer, or broken rows */
	PANTHOR_GEMS_NO_FOOTER = 3, /* rows are whole but nothing says that they are all */
};

/**
 * struct panthor_gems_summary - what a whole table added up to
 * @rows: rows returned
 * @columns: as in struct panthor_gems_row
 * @sum_size, @sum_resident: bytes, added up over the rows
 * @total_size, @total_resident, @total_reclaimable: bytes, as the footer says; 0 without a footer
 * @integrity: verdict
 */
struct panthor_gems_summary {
	uint64_t rows;
	uint32_t columns;
	uint64_t sum_size;
	uint64_t sum_resident;
	uint64_t total_size;
	uint64_t total_resident;
	uint64_t total_reclaimable;
	enum panthor_gems_integrity integrity;
};

/**
 * panthor_gems_open - read a `gems` file
 * @path: the file, a saved copy included
 * @ret_gems: the reader, to be closed with panthor_gems_close()
 *
 * A reader is for one thread at a time. Memory does not grow with the number of rows. Errors:
 * -ENOENT; -EACCES; -ENOMEM; whatever else open(2) gives.
 */
int panthor_gems_open(const char *path, struct panthor_gems **ret_gems);

/**
 * panthor_gems_open_fd - read a table from a descriptor, a pipe included
 * @fd: stays the caller's and must outlive the reader
 *
 * Errors: -ENOMEM. What is wrong with the descriptor comes out of panthor_gems_next().
 */
int panthor_gems_open_fd(int fd, struct panthor_gems **ret_gems);

/**
 * panthor_gems_open_device - read the table of a device
 *
 * Errors: -ENOENT debugfs is not mounted or the driver has no `gems`; -EACCES debugfs is root's.
 */
int panthor_gems_open_device(struct panthor_device *dev, struct panthor_gems **ret_gems);

/**
 * panthor_gems_next - the next row
 * @ret_row: filled on 1
 *
 * Returns 1 with a row, 0 at the end, or: -EBADMSG the file has no header that can be read, so no
 * `gems` table; -EFBIG a row longer than any kernel prints; whatever read(2) gives. The answer of
 * an ended or failed reader stays the same.
 */
int panthor_gems_next(struct panthor_gems *gems, struct panthor_gems_row *ret_row);

/**
 * panthor_gems_summary - totals and verdict
 *
 * Errors: -EAGAIN panthor_gems_next() has not come to the end yet; if it failed, its error.
 */
int panthor_gems_summary(const struct panthor_gems *gems, struct panthor_gems_summary *ret_summary);

/** panthor_gems_close - free a reader; takes NULL, returns NULL */
struct panthor_gems *panthor_gems_close(struct panthor_gems *gems);

#ifdef __cplusplus
}
#endif

#endif
