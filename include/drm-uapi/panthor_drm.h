/* SPDX-License-Identifier: MIT */
/*
 * The panthor GPU interface, minor 9, plus the BO_MADVISE extension of vpanthor.
 *
 * Layout facts only: names and numbers are those of the kernel's interface, the words are this
 * project's. Rules that hold for every call: padding is zero on input, unknown flags are refused
 * with EINVAL, structures grow at the tail only and a shorter one reads as if zero-filled.
 * tests/abi checks sizes and offsets.
 */
#ifndef PANTHOR_DRM_H
#define PANTHOR_DRM_H

#ifdef __KERNEL__
#include <drm/drm.h>
#else
#include <stdint.h>
#include "drm.h"
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/* mmap() offsets of the user MMIO region. Which base is right follows from the width of the
 * client's file offsets; DRM_PANTHOR_SET_USER_MMIO_OFFSET overrides the kernel's guess.
 */
#define DRM_PANTHOR_USER_MMIO_OFFSET_32BIT (1ull << 43)
#define DRM_PANTHOR_USER_MMIO_OFFSET_64BIT (1ull << 56)
#define DRM_PANTHOR_USER_MMIO_OFFSET                                                               \
	(sizeof(unsigned long) < 8 ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT :                          \
				     DRM_PANTHOR_USER_MMIO_OFFSET_64BIT)

/* One read-only, shared page whose first word is the id of the latest cache flush. */
#define DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET (DRM_PANTHOR_USER_MMIO_OFFSET | 0)

/**
 * enum drm_panthor_ioctl_id - numbers relative to DRM_COMMAND_BASE
 */
enum drm_panthor_ioctl_id {
	DRM_PANTHOR_DEV_QUERY = 0,
	DRM_PANTHOR_VM_CREATE,
	DRM_PANTHOR_VM_DESTROY,
	DRM_PANTHOR_VM_BIND,
	DRM_PANTHOR_VM_GET_STATE,
	DRM_PANTHOR_BO_CREATE,
	DRM_PANTHOR_BO_MMAP_OFFSET,
	DRM_PANTHOR_GROUP_CREATE,
	DRM_PANTHOR_GROUP_DESTROY,
	DRM_PANTHOR_GROUP_SUBMIT,
	DRM_PANTHOR_GROUP_GET_STATE,
	DRM_PANTHOR_TILER_HEAP_CREATE,
	DRM_PANTHOR_TILER_HEAP_DESTROY,
	/** @DRM_PANTHOR_BO_SET_LABEL: since 1.4 */
	DRM_PANTHOR_BO_SET_LABEL,
	/** @DRM_PANTHOR_SET_USER_MMIO_OFFSET: since 1.5 */
	DRM_PANTHOR_SET_USER_MMIO_OFFSET,
	/** @DRM_PANTHOR_BO_SYNC: since 1.7 */
	DRM_PANTHOR_BO_SYNC,
	/** @DRM_PANTHOR_BO_QUERY_INFO: since 1.7 */
	DRM_PANTHOR_BO_QUERY_INFO,
	/** @DRM_PANTHOR_BO_MADVISE: vpanthor only; probe with handle 0, ENOENT means present */
	DRM_PANTHOR_BO_MADVISE = 0x5f,
};

/**
 * struct drm_panthor_obj_array - an array in user memory
 * @stride: bytes from one element to the next; less than the kernel knows reads as zero-filled,
 *          more is accepted while the surplus is zero (else E2BIG)
 * @count: number of elements
 * @array: user pointer to the first element
 */
struct drm_panthor_obj_array {
	__u32 stride;
	__u32 count;
	__u64 array;
};

#define DRM_PANTHOR_OBJ_ARRAY(cnt, ptr)                                                            \
	{                                                                                          \
		.stride = sizeof((ptr)[0]), .count = (cnt), .array = (__u64)(uintptr_t)(ptr)       \
	}

enum drm_panthor_sync_op_flags {
	DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_MASK = 0xff,
	DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ = 0,
	DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ = 1,
	DRM_PANTHOR_SYNC_OP_WAIT = 0 << 31,
	DRM_PANTHOR_SYNC_OP_SIGNAL = (int)(1u << 31),
};

/**
 * struct drm_panthor_sync_op - wait on or signal a syncobj
 * @flags: handle type and direction
 * @handle: syncobj
 * @timeline_value: point on a timeline syncobj, 0 for a binary one
 */
struct drm_panthor_sync_op {
	__u32 flags;
	__u32 handle;
	__u64 timeline_value;
};

enum drm_panthor_dev_query_type {
	DRM_PANTHOR_DEV_QUERY_GPU_INFO = 0,
	DRM_PANTHOR_DEV_QUERY_CSIF_INFO,
	/** @DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO: since 1.1 */
	DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO,
	/** @DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO: since 1.2 */
	DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO,
	/** @DRM_PANTHOR_DEV_QUERY_MMU_INFO: since 1.9 */
	DRM_PANTHOR_DEV_QUERY_MMU_INFO,
};

enum drm_panthor_gpu_coherency {
	DRM_PANTHOR_GPU_COHERENCY_ACE_LITE = 0,
	DRM_PANTHOR_GPU_COHERENCY_ACE = 1,
	DRM_PANTHOR_GPU_COHERENCY_NONE = 31,
};

#define DRM_PANTHOR_ARCH_MAJOR(x) ((x) >> 28)
#define DRM_PANTHOR_ARCH_MINOR(x) (((x) >> 24) & 0xf)
#define DRM_PANTHOR_ARCH_REV(x) (((x) >> 20) & 0xf)
#define DRM_PANTHOR_PRODUCT_MAJOR(x) (((x) >> 16) & 0xf)
#define DRM_PANTHOR_VERSION_MAJOR(x) (((x) >> 12) & 0xf)
#define DRM_PANTHOR_VERSION_MINOR(x) (((x) >> 4) & 0xff)
#define DRM_PANTHOR_VERSION_STATUS(x) ((x) & 0xf)

#define DRM_PANTHOR_CSHW_MAJOR(x) (((x) >> 26) & 0x3f)
#define DRM_PANTHOR_CSHW_MINOR(x) (((x) >> 20) & 0x3f)
#define DRM_PANTHOR_CSHW_REV(x) (((x) >> 16) & 0xf)
#define DRM_PANTHOR_MCU_MAJOR(x) (((x) >> 10) & 0x3f)
#define DRM_PANTHOR_MCU_MINOR(x) (((x) >> 4) & 0x3f)
#define DRM_PANTHOR_MCU_REV(x) ((x) & 0xf)

#define DRM_PANTHOR_MMU_VA_BITS(x) ((x) & 0xff)

/**
 * struct drm_panthor_gpu_info - the GPU's identity registers
 * @gpu_id: architecture, product and version, see DRM_PANTHOR_ARCH_MAJOR() and friends
 * @gpu_rev: revision
 * @csf_id: command-stream front end, see DRM_PANTHOR_CSHW_MAJOR() and friends
 * @l2_features: L2 cache
 * @tiler_features: tiler
 * @mem_features: memory system
 * @mmu_features: VA bits in the low byte, PA bits in the next
 * @thread_features: registers and task queue of a core
 * @max_threads: threads per core
 * @thread_max_workgroup_size: threads per workgroup
 * @thread_max_barrier_size: threads per barrier
 * @coherency_features: bit mask over enum drm_panthor_gpu_coherency
 * @texture_features: texture formats
 * @as_present: address spaces
 * @selected_coherency: one enum drm_panthor_gpu_coherency, since 1.7
 * @shader_present: shader cores
 * @l2_present: L2 slices
 * @tiler_present: tilers
 * @core_features: core variant
 * @pad: zero
 * @gpu_features: feature bits; absent on older kernels
 */
struct drm_panthor_gpu_info {
	__u32 gpu_id;
	__u32 gpu_rev;
	__u32 csf_id;
	__u32 l2_features;
	__u32 tiler_features;
	__u32 mem_features;
	__u32 mmu_features;
	__u32 thread_features;
	__u32 max_threads;
	__u32 thread_max_workgroup_size;
	__u32 thread_max_barrier_size;
	__u32 coherency_features;
	__u32 texture_features[4];
	__u32 as_present;
	__u32 selected_coherency;
	__u64 shader_present;
	__u64 l2_present;
	__u64 tiler_present;
	__u32 core_features;
	__u32 pad;
	__u64 gpu_features;
};

/**
 * struct drm_panthor_csif_info - limits of the command-stream interface
 * @csg_slot_count: groups that run at once
 * @cs_slot_count: queues of a group
 * @cs_reg_count: 32-bit registers of a queue
 * @scoreboard_slot_count: scoreboard entries of a queue
 * @unpreserved_cs_reg_count: last registers, lost between submissions
 * @pad: zero
 */
struct drm_panthor_csif_info {
	__u32 csg_slot_count;
	__u32 cs_slot_count;
	__u32 cs_reg_count;
	__u32 scoreboard_slot_count;
	__u32 unpreserved_cs_reg_count;
	__u32 pad;
};

enum drm_panthor_timestamp_info_flags {
	DRM_PANTHOR_TIMESTAMP_GPU = 1 << 0,
	DRM_PANTHOR_TIMESTAMP_CPU_TYPE_MASK = 7 << 1,
	DRM_PANTHOR_TIMESTAMP_CPU_NONE = 0 << 1,
	DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC = 1 << 1,
	DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW = 2 << 1,
	DRM_PANTHOR_TIMESTAMP_GPU_OFFSET = 1 << 4,
	DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT = 1 << 5,
	DRM_PANTHOR_TIMESTAMP_FREQ = 1 << 6,
	DRM_PANTHOR_TIMESTAMP_DURATION = 1 << 7,
};

/**
 * struct drm_panthor_timestamp_info - clocks, sampled together
 * @timestamp_frequency: ticks per second of the GPU timestamp, 0 when unknown
 * @current_timestamp: GPU timestamp in ticks
 * @timestamp_offset: what the GPU adds to its timestamp
 * @flags: input, since 1.8: what to sample; 0 is GPU, GPU_OFFSET and FREQ. The rest reads 0
 * @duration_nsec: time the sampling took
 * @cycle_count: GPU cycles
 * @cpu_timestamp_sec: CPU clock, seconds
 * @cpu_timestamp_nsec: CPU clock, nanoseconds within the second
 */
struct drm_panthor_timestamp_info {
	__u64 timestamp_frequency;
	__u64 current_timestamp;
	__u64 timestamp_offset;
	__u32 flags;
	__u32 duration_nsec;
	__u64 cycle_count;
	__u64 cpu_timestamp_sec;
	__u64 cpu_timestamp_nsec;
};

/**
 * struct drm_panthor_group_priorities_info - what the caller may ask for
 * @allowed_mask: bit mask over enum drm_panthor_group_priority
 * @pad: zero
 */
struct drm_panthor_group_priorities_info {
	__u8 allowed_mask;
	__u8 pad[3];
};

/**
 * struct drm_panthor_mmu_info - the GPU MMU
 * @page_size_bitmap: sizes of pages the page table has, one bit each
 */
struct drm_panthor_mmu_info {
	__u64 page_size_bitmap;
};

/**
 * struct drm_panthor_dev_query - read one information structure
 * @type: enum drm_panthor_dev_query_type
 * @size: bytes at @pointer; set to the kernel's size when @pointer is 0
 * @pointer: user memory, or 0 to ask for the size
 */
struct drm_panthor_dev_query {
	__u32 type;
	__u32 size;
	__u64 pointer;
};

/**
 * struct drm_panthor_vm_create - new GPU address space
 * @flags: zero
 * @id: returned id, from 1
 * @user_va_range: bytes of VA from 0 for the client, 0 for the kernel's choice; returned value may
 *                 be larger than asked
 */
struct drm_panthor_vm_create {
	__u32 flags;
	__u32 id;
	__u64 user_va_range;
};

struct drm_panthor_vm_destroy {
	__u32 id;
	__u32 pad;
};

enum drm_panthor_vm_bind_op_flags {
	DRM_PANTHOR_VM_BIND_OP_MAP_READONLY = 1 << 0,
	DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC = 1 << 1,
	DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED = 1 << 2,
	/** @DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE: no BO behind it, reads undefined; since 1.9 */
	DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE = 1 << 3,
	DRM_PANTHOR_VM_BIND_OP_TYPE_MASK = (int)(0xfu << 28),
	DRM_PANTHOR_VM_BIND_OP_TYPE_MAP = 0 << 28,
	DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP = 1 << 28,
	DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY = 2 << 28,
};

/**
 * struct drm_panthor_vm_bind_op - one change of an address space
 * @flags: type and attributes
 * @bo_handle: BO to map, else 0
 * @bo_offset: first byte of the BO, a multiple of the page size
 * @va: GPU address, a multiple of the page size
 * @size: bytes, a multiple of the page size
 * @syncs: struct drm_panthor_sync_op, asynchronous calls only
 */
struct drm_panthor_vm_bind_op {
	__u32 flags;
	__u32 bo_handle;
	__u64 bo_offset;
	__u64 va;
	__u64 size;
	struct drm_panthor_obj_array syncs;
};

enum drm_panthor_vm_bind_flags {
	DRM_PANTHOR_VM_BIND_ASYNC = 1 << 0,
};

/**
 * struct drm_panthor_vm_bind - change an address space
 * @vm_id: VM
 * @flags: enum drm_panthor_vm_bind_flags
 * @ops: struct drm_panthor_vm_bind_op; a synchronous call that fails sets @ops.count to the
 *       number of operations that were done
 */
struct drm_panthor_vm_bind {
	__u32 vm_id;
	__u32 flags;
	struct drm_panthor_obj_array ops;
};

enum drm_panthor_vm_state {
	DRM_PANTHOR_VM_STATE_USABLE,
	DRM_PANTHOR_VM_STATE_UNUSABLE,
};

struct drm_panthor_vm_get_state {
	__u32 vm_id;
	__u32 state;
};

enum drm_panthor_bo_flags {
	DRM_PANTHOR_BO_NO_MMAP = 1 << 0,
	/** @DRM_PANTHOR_BO_WB_MMAP: CPU maps are cached, keep them with BO_SYNC; since 1.7 */
	DRM_PANTHOR_BO_WB_MMAP = 1 << 1,
};

/**
 * struct drm_panthor_bo_create - new buffer object, reading as zeroes
 * @size: bytes, returned rounded up to pages
 * @flags: enum drm_panthor_bo_flags
 * @exclusive_vm_id: the only VM that may map it, or 0
 * @handle: returned GEM handle
 * @pad: zero
 */
struct drm_panthor_bo_create {
	__u64 size;
	__u32 flags;
	__u32 exclusive_vm_id;
	__u32 handle;
	__u32 pad;
};

struct drm_panthor_bo_mmap_offset {
	__u32 handle;
	__u32 pad;
	__u64 offset;
};

/**
 * struct drm_panthor_queue_create - one queue of a new group
 * @priority: 0 to 15
 * @pad: zero
 * @ringbuf_size: bytes, a power of two from 4 KiB to 64 KiB
 */
struct drm_panthor_queue_create {
	__u8 priority;
	__u8 pad[3];
	__u32 ringbuf_size;
};

enum drm_panthor_group_priority {
	PANTHOR_GROUP_PRIORITY_LOW = 0,
	PANTHOR_GROUP_PRIORITY_MEDIUM,
	/** @PANTHOR_GROUP_PRIORITY_HIGH: needs CAP_SYS_NICE or DRM master */
	PANTHOR_GROUP_PRIORITY_HIGH,
	/** @PANTHOR_GROUP_PRIORITY_REALTIME: as HIGH; since 1.2 */
	PANTHOR_GROUP_PRIORITY_REALTIME,
};

struct drm_panthor_group_create {
	struct drm_panthor_obj_array queues;
	__u8 max_compute_cores;
	__u8 max_fragment_cores;
	__u8 max_tiler_cores;
	__u8 priority;
	__u32 pad;
	__u64 compute_core_mask;
	__u64 fragment_core_mask;
	__u64 tiler_core_mask;
	__u32 vm_id;
	__u32 group_handle;
};

struct drm_panthor_group_destroy {
	__u32 group_handle;
	__u32 pad;
};

/**
 * struct drm_panthor_queue_submit - one command stream for one queue
 * @queue_index: queue of the group
 * @stream_size: bytes, a multiple of 8; 0 for a pure synchronisation point
 * @stream_addr: GPU address, a multiple of 64; 0 when @stream_size is
 * @latest_flush: value read from the flush-id page; bits 24 to 30 are zero
 * @pad: zero
 * @syncs: struct drm_panthor_sync_op
 */
struct drm_panthor_queue_submit {
	__u32 queue_index;
	__u32 stream_size;
	__u64 stream_addr;
	__u32 latest_flush;
	__u32 pad;
	struct drm_panthor_obj_array syncs;
};

struct drm_panthor_group_submit {
	__u32 group_handle;
	__u32 pad;
	struct drm_panthor_obj_array queue_submits;
};

enum drm_panthor_group_state_flags {
	DRM_PANTHOR_GROUP_STATE_TIMEDOUT = 1 << 0,
	DRM_PANTHOR_GROUP_STATE_FATAL_FAULT = 1 << 1,
	/** @DRM_PANTHOR_GROUP_STATE_INNOCENT: died of another group's reset; since 1.3 */
	DRM_PANTHOR_GROUP_STATE_INNOCENT = 1 << 2,
};

struct drm_panthor_group_get_state {
	__u32 group_handle;
	__u32 state;
	__u32 fatal_queues;
	__u32 pad;
};

struct drm_panthor_tiler_heap_create {
	__u32 vm_id;
	__u32 initial_chunk_count;
	__u32 chunk_size;
	__u32 max_chunks;
	__u32 target_in_flight;
	__u32 handle;
	__u64 tiler_heap_ctx_gpu_va;
	__u64 first_heap_chunk_gpu_va;
};

struct drm_panthor_tiler_heap_destroy {
	__u32 handle;
	__u32 pad;
};

/**
 * struct drm_panthor_bo_set_label - name a BO for debugfs; since 1.4
 * @handle: BO
 * @pad: zero
 * @label: user pointer to a string of at most 4096 bytes with its NUL, or 0 to clear
 */
struct drm_panthor_bo_set_label {
	__u32 handle;
	__u32 pad;
	__u64 label;
};

struct drm_panthor_set_user_mmio_offset {
	__u64 offset;
};

enum drm_panthor_bo_sync_op_type {
	DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH = 0,
	DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE = 1,
};

struct drm_panthor_bo_sync_op {
	__u32 handle;
	__u32 type;
	__u64 offset;
	__u64 size;
};

/**
 * struct drm_panthor_bo_sync - CPU cache upkeep of WB_MMAP BOs; since 1.7
 * @ops: struct drm_panthor_bo_sync_op; stops at the first that fails
 */
struct drm_panthor_bo_sync {
	struct drm_panthor_obj_array ops;
};

enum drm_panthor_bo_extra_flags {
	DRM_PANTHOR_BO_IS_IMPORTED = 1 << 0,
};

/**
 * struct drm_panthor_bo_query_info - what a handle stands for; since 1.7
 * @handle: BO
 * @extra_flags: returned enum drm_panthor_bo_extra_flags
 * @create_flags: returned flags of its BO_CREATE, 0 when imported from another device
 * @pad: returned zero
 */
struct drm_panthor_bo_query_info {
	__u32 handle;
	__u32 extra_flags;
	__u32 create_flags;
	__u32 pad;
};

enum drm_panthor_bo_madv {
	/** @DRM_PANTHOR_BO_MADV_WILLNEED: contents are wanted; a purged BO reads as zeroes again */
	DRM_PANTHOR_BO_MADV_WILLNEED = 0,
	/** @DRM_PANTHOR_BO_MADV_DONTNEED: contents may be dropped at any moment */
	DRM_PANTHOR_BO_MADV_DONTNEED = 1,
	/** @DRM_PANTHOR_BO_MADV_COLD: evict before others of its class; contents stay */
	DRM_PANTHOR_BO_MADV_COLD = 2,
	/** @DRM_PANTHOR_BO_MADV_PAGEOUT: evict now; contents stay */
	DRM_PANTHOR_BO_MADV_PAGEOUT = 3,
};

/**
 * struct drm_panthor_bo_madvise - tell reclaim about a BO (vpanthor)
 * @handle: BO
 * @madv: enum drm_panthor_bo_madv
 * @retained: returned: 1 while the contents exist, 0 once they were purged
 * @pad: zero
 *
 * COLD and PAGEOUT take a DONTNEED back, as WILLNEED does. DONTNEED drops at once what is in swap
 * already. Contents that others may see can not be given up: a BO in DONTNEED can not be exported
 * (EINVAL), an exported or imported one not be put in DONTNEED.
 *
 * EINVAL: unknown @madv, nonzero @pad, DONTNEED on an exported or imported BO. ENOENT: no such
 * handle. PAGEOUT only: EBUSY when pinned (as imports are) or in use by the GPU, ENOSPC without
 * free swap. A call that fails changes nothing.
 */
struct drm_panthor_bo_madvise {
	__u32 handle;
	__u32 madv;
	__u32 retained;
	__u32 pad;
};

#define DRM_IOCTL_PANTHOR(__access, __id, __type)                                                  \
	DRM_IO##__access(DRM_COMMAND_BASE + DRM_PANTHOR_##__id, struct drm_panthor_##__type)

#define DRM_IOCTL_PANTHOR_DEV_QUERY DRM_IOCTL_PANTHOR(WR, DEV_QUERY, dev_query)
#define DRM_IOCTL_PANTHOR_VM_CREATE DRM_IOCTL_PANTHOR(WR, VM_CREATE, vm_create)
#define DRM_IOCTL_PANTHOR_VM_DESTROY DRM_IOCTL_PANTHOR(WR, VM_DESTROY, vm_destroy)
#define DRM_IOCTL_PANTHOR_VM_BIND DRM_IOCTL_PANTHOR(WR, VM_BIND, vm_bind)
#define DRM_IOCTL_PANTHOR_VM_GET_STATE DRM_IOCTL_PANTHOR(WR, VM_GET_STATE, vm_get_state)
#define DRM_IOCTL_PANTHOR_BO_CREATE DRM_IOCTL_PANTHOR(WR, BO_CREATE, bo_create)
#define DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET DRM_IOCTL_PANTHOR(WR, BO_MMAP_OFFSET, bo_mmap_offset)
#define DRM_IOCTL_PANTHOR_GROUP_CREATE DRM_IOCTL_PANTHOR(WR, GROUP_CREATE, group_create)
#define DRM_IOCTL_PANTHOR_GROUP_DESTROY DRM_IOCTL_PANTHOR(WR, GROUP_DESTROY, group_destroy)
#define DRM_IOCTL_PANTHOR_GROUP_SUBMIT DRM_IOCTL_PANTHOR(WR, GROUP_SUBMIT, group_submit)
#define DRM_IOCTL_PANTHOR_GROUP_GET_STATE DRM_IOCTL_PANTHOR(WR, GROUP_GET_STATE, group_get_state)
#define DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE DRM_IOCTL_PANTHOR(WR, TILER_HEAP_CREATE, tiler_heap_create)
#define DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY DRM_IOCTL_PANTHOR(WR, TILER_HEAP_DESTROY, tiler_heap_destroy)
#define DRM_IOCTL_PANTHOR_BO_SET_LABEL DRM_IOCTL_PANTHOR(WR, BO_SET_LABEL, bo_set_label)
#define DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET DRM_IOCTL_PANTHOR(WR, SET_USER_MMIO_OFFSET, set_user_mmio_offset)
#define DRM_IOCTL_PANTHOR_BO_SYNC DRM_IOCTL_PANTHOR(WR, BO_SYNC, bo_sync)
#define DRM_IOCTL_PANTHOR_BO_QUERY_INFO DRM_IOCTL_PANTHOR(WR, BO_QUERY_INFO, bo_query_info)
#define DRM_IOCTL_PANTHOR_BO_MADVISE DRM_IOCTL_PANTHOR(WR, BO_MADVISE, bo_madvise)

#if defined(__cplusplus)
}
#endif

#endif
