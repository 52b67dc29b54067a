/* SPDX-License-Identifier: MIT */
/*
 * What the GPU sees and does: VMs, binds, groups, submission, tiler heaps. Part of panthor.h, whose
 * conventions hold here too.
 *
 * Work is ordered by syncobjs, see panthor_sync.h. Binds and jobs wait for points that exist when
 * they are queued and signal points when they are done.
 */
#ifndef LIBDRM_PANTHOR_GPU_H
#define LIBDRM_PANTHOR_GPU_H

#include "panthor_sync.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * VMs: GPU address spaces
 */

struct panthor_vm;

/**
 * panthor_vm_new - create an address space
 * @user_va_range: bytes of it that are the caller's, from address 0 on; 0 for the kernel's choice
 * @ret_vm: the VM, one reference
 *
 * Errors: -EINVAL the range leaves the kernel too little; -EBUSY 32 VMs in this file; -ENOMEM.
 */
int panthor_vm_new(struct panthor_device *dev, uint64_t user_va_range, struct panthor_vm **ret_vm);

struct panthor_vm *panthor_vm_ref(struct panthor_vm *vm);

/**
 * panthor_vm_unref - drop a reference
 *
 * The last one unmaps everything. BOs exclusive to the VM, groups, heaps and bind batches have
 * references of their own.
 */
struct panthor_vm *panthor_vm_unref(struct panthor_vm *vm);

/**
 * struct panthor_vm_info - what never changes about a VM
 * @id: the kernel's number, valid in the device's file while the VM lives
 * @user_va_range: size in bytes of the caller's part, which starts at address 0
 */
struct panthor_vm_info {
	uint32_t id;
	uint64_t user_va_range;
};

const struct panthor_vm_info *panthor_vm_info(const struct panthor_vm *vm);

static inline uint32_t panthor_vm_id(const struct panthor_vm *vm)
{
	return panthor_vm_info(vm)->id;
}

static inline uint64_t panthor_vm_user_va_range(const struct panthor_vm *vm)
{
	return panthor_vm_info(vm)->user_va_range;
}

/**
 * panthor_vm_is_usable - whether the VM still takes binds and jobs
 *
 * A queued bind that fails makes its VM unusable for good: only panthor_vm_unmap() and unref are
 * left. Returns 1 usable, 0 not, or -ENODEV.
 */
int panthor_vm_is_usable(struct panthor_vm *vm);

/**
 * panthor_bo_new_in_vm - create a BO that only one VM can map
 * @size, @flags, @ret_bo: as panthor_bo_new()
 *
 * Jobs of the VM are not slowed down by the number of such BOs. It keeps its VM alive and cannot be
 * exported. Errors: those of panthor_bo_new().
 */
int panthor_bo_new_in_vm(struct panthor_vm *vm, uint64_t size, uint32_t flags,
			 struct panthor_bo **ret_bo);

/* The unit of addresses, offsets and sizes in a VM, whatever the CPU's pages are. */
#define PANTHOR_VM_PAGE_SIZE 4096

enum panthor_map_flags {
	PANTHOR_MAP_READONLY = 1 << 0, /* a GPU write is a fault */
	PANTHOR_MAP_NOEXEC = 1 << 1, /* no shader runs from here */
	PANTHOR_MAP_UNCACHED = 1 << 2, /* past the GPU's caches */
	PANTHOR_MAP_SPARSE = 1 << 3, /* no BO, reads undefined, writes lost; needs 1.9 */
};

/**
 * panthor_vm_map - map a BO, now
 * @bo: of the same device; NULL with PANTHOR_MAP_SPARSE, which implies NOEXEC
 * @bo_offset, @va, @size: multiples of PANTHOR_VM_PAGE_SIZE, size not 0
 * @flags: enum panthor_map_flags
 *
 * Replaces what was mapped there. The mapping keeps the memory, so that the BO may be dropped.
 * Errors: -EINVAL a range beyond the BO or the VM's user range, a BO exclusive to another VM or of
 * another device, unknown flags, or the VM is unusable; -EOPNOTSUPP; -ENOMEM.
 */
int panthor_vm_map(struct panthor_vm *vm, struct panthor_bo *bo, uint64_t bo_offset, uint64_t va,
		   uint64_t size, uint32_t flags);

/**
 * panthor_vm_unmap - unmap a range, now
 * @va, @size: multiples of PANTHOR_VM_PAGE_SIZE, size not 0
 *
 * Cuts mappings that reach beyond the range; holes in it are no error. Errors: -EINVAL a range
 * beyond the VM's user range; -ENOMEM.
 */
int panthor_vm_unmap(struct panthor_vm *vm, uint64_t va, uint64_t size);

/*
 * Bind batches: many maps and unmaps in one call, in order
 */

struct panthor_bind;

/* What a wait or a signal belongs to. */
enum panthor_bind_scope {
	PANTHOR_BIND_BATCH = 0, /* before the first, or after the last of all ops */
	PANTHOR_BIND_LAST_OP = 1, /* the op added last */
};

/**
 * panthor_bind_new - an empty batch for a VM
 * @ret_bind: to be freed with panthor_bind_free()
 *
 * Errors: -ENOMEM.
 */
int panthor_bind_new(struct panthor_vm *vm, struct panthor_bind **ret_bind);

/** panthor_bind_free - free a batch; what it queued goes on; takes NULL, returns NULL */
struct panthor_bind *panthor_bind_free(struct panthor_bind *bind);

/** panthor_bind_reset - empty a batch and let go of its BOs, to fill it anew */
void panthor_bind_reset(struct panthor_bind *bind);

/** panthor_bind_map - add a map; arguments and errors as panthor_vm_map(), found now if they can */
int panthor_bind_map(struct panthor_bind *bind, struct panthor_bo *bo, uint64_t bo_offset,
		     uint64_t va, uint64_t size, uint32_t flags);

/** panthor_bind_unmap - add an unmap; arguments and errors as panthor_vm_unmap() */
int panthor_bind_unmap(struct panthor_bind *bind, uint64_t va, uint64_t size);

/**
 * panthor_bind_wait - let an op, or the whole batch, wait for a point
 *
 * For panthor_bind_queue(). Errors: -EINVAL handle 0, unknown scope, or LAST_OP in a batch without
 * ops; -ENOMEM.
 */
int panthor_bind_wait(struct panthor_bind *bind, enum panthor_bind_scope scope, uint32_t handle,
		      uint64_t point);

/** panthor_bind_signal - signal a point after an op, or the whole batch; as panthor_bind_wait() */
int panthor_bind_signal(struct panthor_bind *bind, enum panthor_bind_scope scope, uint32_t handle,
			uint64_t point);

/**
 * panthor_bind_run - execute the batch before returning
 * @ret_done: ops that were executed, on failure too: the index of the one that failed; may be NULL
 *
 * Does not wait for what is queued. The batch stays as it is. Errors: those of the ops; -EINVAL
 * also a batch with waits or signals.
 */
int panthor_bind_run(struct panthor_bind *bind, uint32_t *ret_done);

/**
 * panthor_bind_queue - execute the batch later, behind all that was queued on the VM
 *
 * Without ops the batch is only its waits and signals, also in that order. All of it is queued or
 * nothing is. An op that fails later makes the VM unusable. The batch stays as it is. Errors: those
 * of the ops; -EINVAL also a point to wait for that nothing is queued for, or no such handle;
 * -ENOENT no such handle to wait for.
 */
int panthor_bind_queue(struct panthor_bind *bind);

/*
 * Groups: sets of queues that the GPU runs together
 */

struct panthor_group;

enum panthor_group_priority {
	PANTHOR_GROUP_DEFAULT = 0, /* MEDIUM */
	PANTHOR_GROUP_LOW = 1,
	PANTHOR_GROUP_MEDIUM = 2,
	PANTHOR_GROUP_HIGH = 3, /* needs CAP_SYS_NICE */
	PANTHOR_GROUP_REALTIME = 4, /* needs CAP_SYS_NICE and 1.2 */
};

#define PANTHOR_GROUP_MAX_QUEUES 32

/**
 * struct panthor_group_params - what a group is to be
 * @size: sizeof(struct panthor_group_params); members beyond it read as 0
 * @priority: enum panthor_group_priority
 * @queue_count: 1 to PANTHOR_GROUP_MAX_QUEUES, and what the GPU has; 0 for 1
 * @ring_size: bytes of each ring buffer, a power of two from 4 KiB to 64 KiB; 0 for 64 KiB
 * @compute_cores, @fragment_cores, @tiler_cores: masks of cores to run on; 0 for all
 * @queue_priorities: 0 to 15 for each queue
 */
struct panthor_group_params {
	uint32_t size;
	uint32_t priority;
	uint32_t queue_count;
	uint32_t ring_size;
	uint64_t compute_cores;
	uint64_t fragment_cores;
	uint64_t tiler_cores;
	uint8_t queue_priorities[PANTHOR_GROUP_MAX_QUEUES];
};

/**
 * panthor_group_new - create a group whose jobs run in a VM
 * @params: NULL for the defaults
 * @ret_group: the group, one reference
 *
 * Errors: -EINVAL parameters out of range; -E2BIG @params has members this library does not know;
 * -EACCES the priority needs a privilege; -EOPNOTSUPP; -EBUSY 128 groups in this file; -ENOMEM.
 */
int panthor_group_new(struct panthor_vm *vm, const struct panthor_group_params *params,
		      struct panthor_group **ret_group);

struct panthor_group *panthor_group_ref(struct panthor_group *group);

/** panthor_group_unref - drop a reference; the last one kills what still runs */
struct panthor_group *panthor_group_unref(struct panthor_group *group);

/**
 * struct panthor_group_info - what never changes about a group
 * @handle: the kernel's number, valid in the device's file while the group lives
 * @queue_count: queues it has
 */
struct panthor_group_info {
	uint32_t handle;
	uint32_t queue_count;
};

const struct panthor_group_info *panthor_group_info(const struct panthor_group *group);

static inline uint32_t panthor_group_handle(const struct panthor_group *group)
{
	return panthor_group_info(group)->handle;
}

/* A group takes jobs while none of these is set, and never again after. */
enum panthor_group_state_flags {
	PANTHOR_GROUP_TIMEDOUT = 1 << 0, /* a job took too long, or the GPU was reset */
	PANTHOR_GROUP_FATAL_FAULT = 1 << 1, /* a stream did something that it must not */
	PANTHOR_GROUP_INNOCENT = 1 << 2, /* with TIMEDOUT: another group's fault; since 1.3 */
};

/**
 * panthor_group_state - what has become of a group
 * @ret_state: enum panthor_group_state_flags, 0 while all is well
 * @ret_fatal_queues: bit mask of the queues that faulted; may be NULL
 */
int panthor_group_state(struct panthor_group *group, uint32_t *ret_state,
			uint32_t *ret_fatal_queues);

/*
 * Submission: jobs for the queues of a group, in one call
 */

struct panthor_submit;

/* For panthor_submit_stream(): take panthor_device_flush_id() at that moment. */
#define PANTHOR_FLUSH_ID_NOW UINT32_MAX

/**
 * panthor_submit_new - an empty batch of jobs
 * @ret_submit: to be freed with panthor_submit_free()
 *
 * Errors: -ENOMEM.
 */
int panthor_submit_new(struct panthor_group *group, struct panthor_submit **ret_submit);

/** panthor_submit_free - free a batch; its jobs go on; takes NULL, returns NULL */
struct panthor_submit *panthor_submit_free(struct panthor_submit *submit);

/** panthor_submit_reset - empty a batch, to fill it anew */
void panthor_submit_reset(struct panthor_submit *submit);

/**
 * panthor_submit_stream - add a job
 * @queue: index in the group
 * @va: address of the commands, a multiple of 64
 * @size: bytes, a multiple of 8; 0, with @va 0, for a job that only waits and signals
 * @flush_id: panthor_device_flush_id() when the commands had been written, or PANTHOR_FLUSH_ID_NOW
 *
 * Jobs of one queue run in order. Errors: -EINVAL arguments that are not so; -ENOMEM; with
 * PANTHOR_FLUSH_ID_NOW those of panthor_device_flush_id().
 */
int panthor_submit_stream(struct panthor_submit *submit, uint32_t queue, uint64_t va,
			  uint32_t size, uint32_t flush_id);

/**
 * panthor_submit_wait - let the job added last wait for a point
 *
 * Errors: -EINVAL handle 0 or no job; -ENOMEM.
 */
int panthor_submit_wait(struct panthor_submit *submit, uint32_t handle, uint64_t point);

/** panthor_submit_signal - signal a point after the job added last; as panthor_submit_wait() */
int panthor_submit_signal(struct panthor_submit *submit, uint32_t handle, uint64_t point);

/**
 * panthor_submit_run - hand the jobs to the kernel: all of them or none
 *
 * A wait for a point that an earlier job of the batch signals waits for that job. The batch stays
 * as it is. Errors: -EINVAL the group takes no jobs any more, a point to wait for that nothing is
 * queued for, or no such handle; -ENOENT no such handle to wait for; -EBUSY too many jobs are
 * queued; -ENOMEM, also where evicted BOs of the VM find no room to come back.
 */
int panthor_submit_run(struct panthor_submit *submit);

/*
 * Tiler heaps: memory that the tiler takes in chunks as it needs them
 */

struct panthor_tiler_heap;

/**
 * struct panthor_tiler_heap_params - what a heap is to be
 * @size: sizeof(struct panthor_tiler_heap_params); members beyond it read as 0
 * @chunk_size: bytes, a multiple of the page size from 128 KiB to 8 MiB; 0 for 2 MiB
 * @initial_chunks: allocated at once; 0 for 5
 * @max_chunks: at most; 0 for 64
 * @target_in_flight: render passes in flight beyond which it does not grow; 0 for 65535
 */
struct panthor_tiler_heap_params {
	uint32_t size;
	uint32_t chunk_size;
	uint32_t initial_chunks;
	uint32_t max_chunks;
	uint32_t target_in_flight;
};

/**
 * panthor_tiler_heap_new - create a heap in a VM
 * @params: NULL for the defaults
 * @ret_heap: the heap, one reference
 *
 * Errors: -EINVAL parameters out of range; -E2BIG @params has members this library does not know;
 * -EBUSY 128 heaps in this VM; -ENOMEM.
 */
int panthor_tiler_heap_new(struct panthor_vm *vm, const struct panthor_tiler_heap_params *params,
			   struct panthor_tiler_heap **ret_heap);

struct panthor_tiler_heap *panthor_tiler_heap_ref(struct panthor_tiler_heap *heap);
struct panthor_tiler_heap *panthor_tiler_heap_unref(struct panthor_tiler_heap *heap);

/**
 * struct panthor_tiler_heap_info - what never changes about a heap
 * @handle: the kernel's number, valid while the heap lives
 * @context_va: address of the heap's context, as HEAP_SET takes it
 * @first_chunk_va: address of the chunk allocated last at creation
 */
struct panthor_tiler_heap_info {
	uint32_t handle;
	uint64_t context_va;
	uint64_t first_chunk_va;
};

const struct panthor_tiler_heap_info *
panthor_tiler_heap_info(const struct panthor_tiler_heap *heap);

#ifdef __cplusplus
}
#endif

#endif
