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
 * Errors: -EINVAL the range leaves the kernel too little; -EBUSY 32 VMs in this file; -EOPNOTSUPP
 * a driver without VMs; -ENOMEM.
 */
int panthor_vm_new(struct panthor_device *dev, uint64_t user_va_range, struct panthor_vm **ret_vm);

/** panthor_vm_ref - take a reference; returns @vm */
struct panthor_vm *panthor_vm_ref(struct panthor_vm *vm);

/**
 * panthor_vm_unref - drop a reference
 *
 * The last one unmaps everything. BOs exclusive to the VM, groups, heaps and VA allocators have
 * references of their own. Takes NULL, returns NULL.
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

/** panthor_vm_info - number and range of the VM, valid while it lives */
static inline const struct panthor_vm_info *panthor_vm_info(const struct panthor_vm *vm)
{
	return (const struct panthor_vm_info *)vm;
}

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
 * A queued bind that fails makes its VM unusable for good: only unmaps that are not queued and
 * unref are left. Returns 1 usable, 0 not.
 */
int panthor_vm_is_usable(struct panthor_vm *vm);

/* The unit of addresses, offsets and sizes in a VM, whatever the CPU's pages are. */
#define PANTHOR_VM_PAGE_SIZE 4096

enum panthor_map_flags {
	PANTHOR_MAP_READONLY = 1 << 0, /* a GPU write is a fault */
	PANTHOR_MAP_NOEXEC = 1 << 1, /* no shader runs from here */
	PANTHOR_MAP_UNCACHED = 1 << 2, /* past the GPU's caches */
	PANTHOR_MAP_SPARSE = 1 << 3, /* no BO, reads undefined, writes lost; needs 1.9 */
};

enum panthor_bind_op_type {
	PANTHOR_BIND_OP_MAP = 0,
	PANTHOR_BIND_OP_UNMAP = 1,
	PANTHOR_BIND_OP_SYNC = 2, /* nothing but its waits and signals */
};

/**
 * struct panthor_bind_op - one thing to be done in a VM
 * @type: enum panthor_bind_op_type
 * @flags: enum panthor_map_flags of a map
 * @bo: of the same device, what to map; NULL with PANTHOR_MAP_SPARSE, which implies NOEXEC
 * @bo_offset: in it
 * @va: where
 * @size: not 0
 * @syncs: @sync_count waits and signals of this op alone; ops of a VM run in order, so that what
 *         the first one waits for holds all of them up and what the last one signals comes after
 *         all
 * @sync_count: 0 unless it is queued
 * @reserved: to be 0
 *
 * @bo_offset, @va and @size are multiples of PANTHOR_VM_PAGE_SIZE. What a type has no use for is 0.
 * A map replaces what was mapped there. It keeps the memory, so that the BO may be dropped. An
 * unmap cuts mappings that reach beyond its range; holes in that are no error.
 */
struct panthor_bind_op {
	uint32_t type;
	uint32_t flags;
	struct panthor_bo *bo;
	uint64_t bo_offset;
	uint64_t va;
	uint64_t size;
	const struct panthor_sync *syncs;
	uint32_t sync_count;
	uint32_t reserved[3];
};

enum panthor_bind_flags {
	PANTHOR_BIND_ASYNC = 1 << 0, /* later, behind all that was queued on the VM */
};

/**
 * panthor_vm_bind - many maps and unmaps in one call, in order
 * @flags: enum panthor_bind_flags
 * @ops: @count of them
 * @ret_done: ops that were executed, or queued, on failure too; may be NULL
 *
 * Without ASYNC the ops are executed before it returns, ahead of what is queued. One that fails
 * leaves those in front of it executed: @ret_done is its index. What can be seen to be wrong is
 * found before any is executed.
 *
 * With ASYNC all of them are queued or none. One that fails later makes the VM unusable.
 *
 * Errors: -EINVAL an op that is not as described: unknown flags or types, a range beyond the BO or
 * the VM's user range, a BO exclusive to another VM; syncs without ASYNC, handle 0, nothing queued
 * for a point to wait for, no such handle to signal, or the VM is unusable; -ENOENT no such handle
 * to wait for; -EOPNOTSUPP SPARSE before 1.9; -ENOMEM.
 */
int panthor_vm_bind(struct panthor_vm *vm, uint32_t flags, const struct panthor_bind_op *ops,
		    uint32_t count, uint32_t *ret_done);

/** panthor_bind_unmap - an op that unmaps, without syncs */
static inline struct panthor_bind_op panthor_bind_unmap(uint64_t va, uint64_t size)
{
	struct panthor_bind_op op;

	op.type = PANTHOR_BIND_OP_UNMAP;
	op.flags = 0;
	op.bo = NULL;
	op.bo_offset = 0;
	op.va = va;
	op.size = size;
	op.syncs = NULL;
	op.sync_count = 0;
	op.reserved[0] = op.reserved[1] = op.reserved[2] = 0;
	return op;
}

/** panthor_bind_map - an op that maps, without syncs */
static inline struct panthor_bind_op panthor_bind_map(struct panthor_bo *bo, uint64_t bo_offset,
						      uint64_t va, uint64_t size, uint32_t flags)
{
	struct panthor_bind_op op = panthor_bind_unmap(va, size);

	op.type = PANTHOR_BIND_OP_MAP;
	op.flags = flags;
	op.bo = bo;
	op.bo_offset = bo_offset;
	return op;
}

/** panthor_bind_sync - an op that only waits and signals */
static inline struct panthor_bind_op panthor_bind_sync(const struct panthor_sync *syncs,
						       uint32_t count)
{
	struct panthor_bind_op op = panthor_bind_unmap(0, 0);

	op.type = PANTHOR_BIND_OP_SYNC;
	op.syncs = syncs;
	op.sync_count = count;
	return op;
}

/** panthor_vm_map - panthor_vm_bind() of one map, now */
static inline int panthor_vm_map(struct panthor_vm *vm, struct panthor_bo *bo, uint64_t bo_offset,
				 uint64_t va, uint64_t size, uint32_t flags)
{
	struct panthor_bind_op op = panthor_bind_map(bo, bo_offset, va, size, flags);

	return panthor_vm_bind(vm, 0, &op, 1, NULL);
}

/** panthor_vm_unmap - panthor_vm_bind() of one unmap, now */
static inline int panthor_vm_unmap(struct panthor_vm *vm, uint64_t va, uint64_t size)
{
	struct panthor_bind_op op = panthor_bind_unmap(va, size);

	return panthor_vm_bind(vm, 0, &op, 1, NULL);
}

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

/** panthor_group_unref - drop the reference, and kill what still runs; takes NULL, returns NULL */
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

/** panthor_group_info - number and queues of the group, valid while it lives */
static inline const struct panthor_group_info *
panthor_group_info(const struct panthor_group *group)
{
	return (const struct panthor_group_info *)group;
}

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

/* For struct panthor_job: take panthor_device_flush_id() when the job is submitted. */
#define PANTHOR_FLUSH_ID_NOW UINT32_MAX

/**
 * struct panthor_job - commands for a queue
 * @va: address of the commands, a multiple of 64
 * @size: bytes, a multiple of 8; 0, with @va 0, for a job that only waits and signals
 * @queue: index in the group
 * @flush_id: panthor_device_flush_id() when the commands had been written, or PANTHOR_FLUSH_ID_NOW
 * @sync_count: number of @syncs
 * @syncs: what it waits for, and signals
 * @reserved: to be 0
 */
struct panthor_job {
	uint64_t va;
	uint32_t size;
	uint32_t queue;
	uint32_t flush_id;
	uint32_t sync_count;
	const struct panthor_sync *syncs;
	uint64_t reserved[2];
};

/**
 * panthor_group_submit - hand jobs to the queues of a group: all of them or none
 * @jobs: @count of them
 *
 * Jobs of one queue run in order. A wait for a point that an earlier job of the call signals waits
 * for that job. Errors: -EINVAL a job that is not as described, handle 0 or unknown types in
 * @syncs, the group takes no jobs any more, a point to wait for that nothing is queued for, or no
 * such handle to signal; -ENOENT no such handle to wait for; -EBUSY too many jobs are queued;
 * -ENOMEM, also where evicted BOs of the VM find no room to come back; with PANTHOR_FLUSH_ID_NOW
 * those of panthor_device_flush_id().
 */
int panthor_group_submit(struct panthor_group *group, const struct panthor_job *jobs,
			 uint32_t count);

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

/**
 * panthor_tiler_heap_unref - drop the reference
 *
 * No job is to use the heap any more. Takes NULL, returns NULL.
 */
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

/** panthor_tiler_heap_info - number and addresses of the heap, valid while it lives */
static inline const struct panthor_tiler_heap_info *
panthor_tiler_heap_info(const struct panthor_tiler_heap *heap)
{
	return (const struct panthor_tiler_heap_info *)heap;
}

#ifdef __cplusplus
}
#endif

#endif
