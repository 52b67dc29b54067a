/* SPDX-License-Identifier: MIT */
/*
 * The GPU of the fake: VMs with what is mapped in them, groups, heaps, syncobjs.
 *
 * Queued binds are executed and jobs are over as soon as they are accepted; no stream is looked at.
 * Fences signal at once, or stay pending while the GPU is stalled: then a wait times out without
 * waiting.
 */
#ifndef FAKE_GPU_H
#define FAKE_GPU_H

#include <stdbool.h>
#include <stdint.h>

#include "panthor_drm.h"

struct fake;
struct fake_bo;
struct fake_file;

#define FAKE_MAX_VMS	  32
#define FAKE_MAX_GROUPS	  128
#define FAKE_MAX_HEAPS	  128
#define FAKE_MAX_SYNCOBJS 256
#define FAKE_MAX_QUEUES	  8
#define FAKE_MAX_LOGGED	  64
#define FAKE_VA_BITS	  48

struct fake_mapping {
	struct fake_mapping *next;
	uint64_t va;
	uint64_t size;
	uint64_t bo_offset;
	struct fake_bo *bo; /* NULL for a sparse one */
	uint32_t flags;
};

struct fake_vm {
	uint32_t id;
	uint64_t user_va_range;
	bool unusable;
	bool has_heaps;
	bool heaps[FAKE_MAX_HEAPS];
	struct fake_mapping *mappings; /* disjoint, in no order */
};

struct fake_group {
	uint32_t queue_count;
	uint32_t state;
	uint32_t fatal_queues;
};

struct fake_syncobj {
	unsigned int refs; /* handles and descriptors */
	/* Its one fence. */
	bool fence;
	bool pending;
	/* Its points. */
	uint64_t submitted;
	uint64_t signalled;
};

/* What a DRM file has of it; ids start at 1. */
struct fake_gpu {
	struct fake_vm *vms[FAKE_MAX_VMS + 1];
	struct fake_group *groups[FAKE_MAX_GROUPS + 1];
	struct fake_syncobj *syncobjs[FAKE_MAX_SYNCOBJS + 1];
};

struct fake_gpu_config {
	bool stalled;	 /* fences stay pending */
	bool privileged; /* the caller may have any priority */
	/* Ops that the next binds execute before one fails, once, with the error if that is not 0.
	 */
	uint32_t bind_fails_after;
	int bind_error;
};

/* Arrays behind the last calls, as far as there is room. */
struct fake_gpu_log {
	uint32_t op_count;
	struct drm_panthor_vm_bind_op ops[FAKE_MAX_LOGGED];
	struct drm_panthor_queue_create queues[FAKE_MAX_LOGGED];
	struct drm_panthor_queue_submit jobs[FAKE_MAX_LOGGED];
	/* Those of all ops or jobs, one after the other. */
	uint32_t sync_count;
	struct drm_panthor_sync_op syncs[FAKE_MAX_LOGGED];
};

/* The mapping at @va in VM @id of the file of @fd, or one with size 0. */
struct fake_mapping fake_mapping_at(struct fake *fake, int fd, uint32_t id, uint64_t va);

unsigned int fake_mapping_count(struct fake *fake, int fd, uint32_t id);

/* The state of a group, which the GPU never changes by itself. */
void fake_set_group_state(struct fake *fake, int fd, uint32_t handle, uint32_t state,
			  uint32_t fatal_queues);

/* Frees what a file has and returns how many things that were. */
unsigned int fake_gpu_fini_locked(struct fake *fake, struct fake_gpu *gpu);

struct fake_vm *fake_vm_locked(const struct fake_gpu *gpu, uint32_t id);
void fake_vm_fini_locked(struct fake *fake, struct fake_vm *vm);

/*
 * Sync ops of a bind op or a job. Checking comes first for all of them: @earlier are the @count ops
 * of the jobs in front, whose signals are as good as there.
 */
int fake_check_syncs_locked(struct fake *fake, const struct fake_gpu *gpu,
			    const struct drm_panthor_obj_array *syncs,
			    const struct drm_panthor_sync_op *earlier, uint32_t count);
void fake_signal_syncs_locked(struct fake *fake, const struct fake_gpu *gpu,
			      const struct drm_panthor_obj_array *syncs);

/* The ioctls, with the fake's lock held. */
int fake_vm_create(struct fake *fake, struct fake_file *file, void *arg);
int fake_vm_destroy(struct fake *fake, struct fake_file *file, void *arg);
int fake_vm_bind(struct fake *fake, struct fake_file *file, void *arg);
int fake_vm_get_state(struct fake *fake, struct fake_file *file, void *arg);
int fake_group_create(struct fake *fake, struct fake_file *file, void *arg);
int fake_group_destroy(struct fake *fake, struct fake_file *file, void *arg);
int fake_group_submit(struct fake *fake, struct fake_file *file, void *arg);
int fake_group_get_state(struct fake *fake, struct fake_file *file, void *arg);
int fake_tiler_heap_create(struct fake *fake, struct fake_file *file, void *arg);
int fake_tiler_heap_destroy(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_create(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_destroy(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_wait(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_timeline_wait(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_reset(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_signal(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_timeline_signal(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_query(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_transfer(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_handle_to_fd(struct fake *fake, struct fake_file *file, void *arg);
int fake_syncobj_fd_to_handle(struct fake *fake, struct fake_file *file, void *arg);

/* Syncobjs themselves. */
struct fake_syncobj *fake_syncobj_find(const struct fake_gpu *gpu, uint32_t handle);
bool fake_syncobj_exists(const struct fake_syncobj *syncobj, uint64_t point);
bool fake_syncobj_is_done(const struct fake_syncobj *syncobj, uint64_t point);
void fake_syncobj_attach(struct fake_syncobj *syncobj, uint64_t point, bool pending);
int fake_syncobj_add_handle(struct fake_gpu *gpu, struct fake_syncobj *syncobj,
			    uint32_t *ret_handle);
void fake_syncobj_put(struct fake_syncobj *syncobj);

/* Calls on a dma-buf: implicit fences. */
int fake_dmabuf_ioctl(struct fake *fake, struct fake_bo *bo, unsigned long request, void *arg);

#endif
