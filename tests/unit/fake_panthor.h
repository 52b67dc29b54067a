/* SPDX-License-Identifier: MIT */
/*
 * A panthor kernel driver inside the test process, behind the library's transport table.
 *
 * It keeps files, handles, BOs and dma-bufs (each a memfd), answers with the errnos of the kernel,
 * logs every call, fails the calls it is told to fail, and can run a function in front of any call,
 * in the thread that makes it. What its GPU has is in fake_gpu.h.
 */
#ifndef FAKE_PANTHOR_H
#define FAKE_PANTHOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fake_gpu.h"
#include "panthor_drm.h"
#include "transport.h"

enum fake_call {
	FAKE_OPEN,
	FAKE_CLOSE,
	FAKE_DUP,
	FAKE_READ,
	FAKE_WRITE,
	FAKE_LSEEK,
	FAKE_POLL,
	FAKE_MMAP,
	FAKE_MUNMAP,
	FAKE_RDEV,
	FAKE_READLINK,
	FAKE_NEXT_NODE,
	FAKE_ALLOC,
	FAKE_LOCK,
	FAKE_YIELD,
	FAKE_SLEEP,
	FAKE_VERSION,
	FAKE_GEM_CLOSE,
	FAKE_HANDLE_TO_FD,
	FAKE_FD_TO_HANDLE,
	FAKE_DEV_QUERY,
	FAKE_BO_CREATE,
	FAKE_BO_MMAP_OFFSET,
	FAKE_BO_SET_LABEL,
	FAKE_BO_SYNC,
	FAKE_BO_QUERY_INFO,
	FAKE_BO_MADVISE,
	FAKE_SET_USER_MMIO_OFFSET,
	FAKE_VM_CREATE,
	FAKE_VM_DESTROY,
	FAKE_VM_BIND,
	FAKE_VM_GET_STATE,
	FAKE_GROUP_CREATE,
	FAKE_GROUP_DESTROY,
	FAKE_GROUP_SUBMIT,
	FAKE_GROUP_GET_STATE,
	FAKE_TILER_HEAP_CREATE,
	FAKE_TILER_HEAP_DESTROY,
	FAKE_SYNCOBJ_CREATE,
	FAKE_SYNCOBJ_DESTROY,
	FAKE_SYNCOBJ_WAIT,
	FAKE_SYNCOBJ_TIMELINE_WAIT,
	FAKE_SYNCOBJ_RESET,
	FAKE_SYNCOBJ_SIGNAL,
	FAKE_SYNCOBJ_TIMELINE_SIGNAL,
	FAKE_SYNCOBJ_QUERY,
	FAKE_SYNCOBJ_TRANSFER,
	FAKE_SYNCOBJ_HANDLE_TO_FD,
	FAKE_SYNCOBJ_FD_TO_HANDLE,
	FAKE_EXPORT_SYNC_FILE,
	FAKE_IMPORT_SYNC_FILE,
	FAKE_OTHER,
	FAKE_CALL_COUNT,
};

#define FAKE_MAX_NODES	 4
#define FAKE_MAX_FDS	 1024
#define FAKE_MAX_HANDLES 4096

/* A device node; all nodes of one fake are one device. */
struct fake_node {
	const char *path;
	unsigned int minor;
	const char *drm_name;
	int drm_major;
	int open_error;
};

/* Lives while it has a handle, a dma-buf or a GPU mapping. */
struct fake_bo {
	struct fake_bo *next;
	uint64_t size;
	uint32_t flags;
	bool foreign;
	unsigned int handles;
	unsigned int dmabufs;
	bool exported; /* there was one, ever */
	unsigned int mappings;
	uint32_t vm_id; /* the only VM that may map it, 0 for any */
	int memfd;	/* -1 until somebody maps or exports it */
	uint64_t mmap_offset;
	/* Implicit fences of others that have not signalled. */
	bool read_pending;
	bool write_pending;
	char *label;
	uint32_t madv;
	bool purged;
};

/* What a DRM file description has; several descriptors may share one. */
struct fake_file {
	const struct fake_node *node;
	unsigned int fds;
	struct fake_bo *handles[FAKE_MAX_HANDLES]; /* [0] stays empty */
	struct fake_gpu gpu;
	uint64_t mmio_offset;
};

/* A descriptor is a DRM file, a dma-buf, a syncobj, a sync file, or none of these. */
struct fake_fd {
	struct fake_file *file;
	struct fake_bo *dmabuf;
	struct fake_syncobj *syncobj;
	bool is_sync_file;
	bool pending; /* the sync file's fence */
	bool used;
};

/* The argument of the last ioctl of a kind, as the library passed it. */
union fake_arg {
	struct drm_gem_close gem_close;
	struct drm_prime_handle prime;
	struct drm_panthor_dev_query dev_query;
	struct drm_panthor_bo_create bo_create;
	struct drm_panthor_bo_mmap_offset bo_mmap_offset;
	struct drm_panthor_bo_set_label bo_set_label;
	struct drm_panthor_bo_sync_op bo_sync_op;
	struct drm_panthor_bo_query_info bo_query_info;
	struct drm_panthor_bo_madvise bo_madvise;
	struct drm_panthor_set_user_mmio_offset set_user_mmio_offset;
	struct drm_panthor_vm_create vm_create;
	struct drm_panthor_vm_destroy vm_destroy;
	struct drm_panthor_vm_bind vm_bind;
	struct drm_panthor_vm_get_state vm_get_state;
	struct drm_panthor_group_create group_create;
	struct drm_panthor_group_destroy group_destroy;
	struct drm_panthor_group_submit group_submit;
	struct drm_panthor_group_get_state group_get_state;
	struct drm_panthor_tiler_heap_create tiler_heap_create;
	struct drm_panthor_tiler_heap_destroy tiler_heap_destroy;
	struct drm_syncobj_create syncobj_create;
	struct drm_syncobj_destroy syncobj_destroy;
	struct drm_syncobj_wait syncobj_wait;
	struct drm_syncobj_timeline_wait syncobj_timeline_wait;
	struct drm_syncobj_handle syncobj_handle;
};

struct fake_failure {
	unsigned int at; /* fails the call that makes the count this, 0 for none */
	int error;
};

struct fake {
	struct panthor_transport io;

	/* Configuration, before the first call. */
	int minor;
	bool tyr; /* the Rust driver: unknown calls give 524, queries write what they like */
	bool has_madvise;
	uint32_t coherency;
	uint64_t page_size;
	const char *driver_link;  /* NULL: no sysfs */
	const char *debugfs_path; /* the one gems file that exists, NULL for none */
	int debugfs_fd;		  /* its contents */
	struct fake_node nodes[FAKE_MAX_NODES];

	bool unplugged;		 /* as it is while this is set */
	bool no_implicit_fences; /* as before Linux 6.0 */
	int64_t poll_deadline_ns;
	bool has_psi; /* pressure triggers, and the last one that was set */
	char psi_trigger[64];
	/* The clock and the CPU that all threads are on; they stand still. */
	atomic_uint_least64_t now_ns;
	atomic_uint_least32_t cpu;

	/* Lies to tell instead of what the driver would answer, where not 0. */
	uint64_t bogus_size;
	uint64_t bogus_offset;
	bool bogus_handle;
	uint64_t bogus_va;
	uint32_t bogus_first;

	/* What the timestamp query was asked for and answers. */
	struct drm_panthor_timestamp_info timestamp;
	/* The ranges of the last BO_SYNC, as far as there is room. */
	uint32_t sync_op_count;
	struct drm_panthor_bo_sync_op sync_ops[FAKE_MAX_LOGGED];

	/* What its GPU does, and what it was last told. */
	struct fake_gpu_config gpu;
	struct fake_gpu_log gpu_log;
	uint32_t flush_id;

	/* Runs in front of a call, without the fake's lock; it may call the library. */
	void (*hook)(struct fake *fake, enum fake_call call);
	void *hook_data;

	/* Everything below is under this lock. */
	pthread_mutex_t lock;
	struct fake_failure failures[FAKE_CALL_COUNT];
	unsigned int calls[FAKE_CALL_COUNT];
	union fake_arg args[FAKE_CALL_COUNT];
	struct fake_fd fds[FAKE_MAX_FDS];
	struct fake_bo *bos;
	uint64_t next_mmap_offset;
	unsigned int map_count;
	/* Handles of all kinds that were still there when their file was closed. */
	unsigned int orphans;
	/* GEM_CLOSE or FD_TO_HANDLE by a thread that holds no library lock. */
	unsigned int unlocked_handle_calls;
};

/* A driver of 1.@minor on /dev/dri/card0 and renderD128, with 4 KiB pages and no coherency. */
struct fake *fake_new(int minor);

/* Frees it and returns how many descriptors, handles, BOs and mappings were left behind. */
unsigned int fake_free(struct fake *fake);

/* From now on, the @nth call of that kind fails with -@error, once. */
void fake_fail(struct fake *fake, enum fake_call call, unsigned int nth, int error);

unsigned int fake_calls(struct fake *fake, enum fake_call call);

/* The BO behind a handle of the file that @fd belongs to. */
struct fake_bo *fake_bo(struct fake *fake, int fd, uint32_t handle);

/* A dma-buf of another driver, or of this one but made by another process. */
int fake_make_dmabuf(struct fake *fake, uint64_t size, bool foreign);

/* How the user of a dma-buf closes it. */
void fake_close_dmabuf(struct fake *fake, int fd);

/* Reclaim: takes the contents of all DONTNEED BOs. */
void fake_purge(struct fake *fake);

/* Between the files of the fake, with its lock held where the name says so. */
int fake_poll(void *priv, int fd, short events, int64_t deadline_ns);
int fake_ioctl(void *priv, int fd, unsigned long request, void *arg);
int fake_enter(struct fake *fake, enum fake_call call, const void *arg, size_t size);
void fake_leave(struct fake *fake);
bool fake_thread_holds_lock(void);
void fake_init_io(struct fake *fake);
struct fake_fd *fake_fd_locked(struct fake *fake, int fd);
int fake_add_fd_locked(struct fake *fake, int fd, struct fake_file *file, struct fake_bo *dmabuf);
struct fake_file *fake_file_locked(struct fake *fake, int fd);
struct fake_bo *fake_add_bo_locked(struct fake *fake, uint64_t size, uint32_t flags, bool foreign);
void fake_put_bo_locked(struct fake *fake, struct fake_bo *bo);
int fake_add_handle_locked(struct fake_file *file, struct fake_bo *bo);
int fake_memfd_locked(struct fake_bo *bo);
int fake_add_dmabuf_locked(struct fake *fake, struct fake_bo *bo);
struct fake_bo *fake_bo_of_locked(const struct fake_file *file, uint32_t handle);

#endif
