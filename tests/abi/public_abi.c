/* SPDX-License-Identifier: MIT */
/*
 * The library's interface, compiled as C and as C++, with nothing included in front of it: values
 * that programs were built with never change. A new one is added here when it is added there.
 */
#include "panthor_cs.h"
#include "panthor.h"
#include "panthor_drm.h"

#ifdef __cplusplus
#define CHECK(what) static_assert(what, #what)
#else
#define CHECK(what) _Static_assert(what, #what)
#endif

CHECK(PANTHOR_DRIVER_UNKNOWN == 0);
CHECK(PANTHOR_DRIVER_PANTHOR == 1);
CHECK(PANTHOR_DRIVER_TYR == 2);
CHECK(PANTHOR_DRIVER_VPANTHOR == 3);

CHECK(PANTHOR_FEATURE_TIMESTAMP == 0);
CHECK(PANTHOR_FEATURE_GROUP_PRIORITIES == 1);
CHECK(PANTHOR_FEATURE_BO_LABEL == 2);
CHECK(PANTHOR_FEATURE_USER_MMIO_OFFSET == 3);
CHECK(PANTHOR_FEATURE_BO_WB_MMAP == 4);
CHECK(PANTHOR_FEATURE_BO_SYNC == 5);
CHECK(PANTHOR_FEATURE_BO_QUERY_INFO == 6);
CHECK(PANTHOR_FEATURE_SPARSE == 7);
CHECK(PANTHOR_FEATURE_MMU_INFO == 8);
CHECK(PANTHOR_FEATURE_BO_MADVISE == 9);
CHECK(PANTHOR_FEATURE_COUNT == 10);

/* The library hands these to the kernel as they are. */
CHECK((int)PANTHOR_BO_NO_MMAP == (int)DRM_PANTHOR_BO_NO_MMAP);
CHECK((int)PANTHOR_BO_WB_MMAP == (int)DRM_PANTHOR_BO_WB_MMAP);
CHECK((int)PANTHOR_BO_SYNC_FLUSH == (int)DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH);
CHECK((int)PANTHOR_BO_SYNC_FLUSH_AND_INVALIDATE ==
      (int)DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE);
CHECK((int)PANTHOR_BO_WILLNEED == (int)DRM_PANTHOR_BO_MADV_WILLNEED);
CHECK((int)PANTHOR_BO_DONTNEED == (int)DRM_PANTHOR_BO_MADV_DONTNEED);
CHECK((int)PANTHOR_BO_COLD == (int)DRM_PANTHOR_BO_MADV_COLD);
CHECK((int)PANTHOR_BO_PAGEOUT == (int)DRM_PANTHOR_BO_MADV_PAGEOUT);

CHECK((int)PANTHOR_MAP_READONLY == (int)DRM_PANTHOR_VM_BIND_OP_MAP_READONLY);
CHECK((int)PANTHOR_MAP_NOEXEC == (int)DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
CHECK((int)PANTHOR_MAP_UNCACHED == (int)DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED);
CHECK((int)PANTHOR_MAP_SPARSE == (int)DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE);
CHECK((int)PANTHOR_GROUP_TIMEDOUT == (int)DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
CHECK((int)PANTHOR_GROUP_FATAL_FAULT == (int)DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
CHECK((int)PANTHOR_GROUP_INNOCENT == (int)DRM_PANTHOR_GROUP_STATE_INNOCENT);
CHECK((int)PANTHOR_SYNCOBJ_SIGNALED == DRM_SYNCOBJ_CREATE_SIGNALED);
CHECK((int)PANTHOR_SYNCOBJ_WAIT_ALL == DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL);
CHECK((int)PANTHOR_SYNCOBJ_WAIT_FOR_SUBMIT == DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT);
CHECK((int)PANTHOR_SYNCOBJ_WAIT_AVAILABLE == DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE);

/* The kernel's number is one less: ours has a default at 0. */
CHECK(PANTHOR_GROUP_DEFAULT == 0);
CHECK((int)PANTHOR_GROUP_LOW == (int)PANTHOR_GROUP_PRIORITY_LOW + 1);
CHECK((int)PANTHOR_GROUP_MEDIUM == (int)PANTHOR_GROUP_PRIORITY_MEDIUM + 1);
CHECK((int)PANTHOR_GROUP_HIGH == (int)PANTHOR_GROUP_PRIORITY_HIGH + 1);
CHECK((int)PANTHOR_GROUP_REALTIME == (int)PANTHOR_GROUP_PRIORITY_REALTIME + 1);

CHECK(PANTHOR_BO_READ == 0);
CHECK(PANTHOR_BO_WRITE == 1);
CHECK(PANTHOR_BO_FENCES_OUT == 0);
CHECK(PANTHOR_BO_FENCES_IN == 1);
CHECK(PANTHOR_SYNCOBJ_RESET == 0);
CHECK(PANTHOR_SYNCOBJ_SIGNAL == 1);
CHECK(PANTHOR_SYNCOBJ_FENCE == 1);
CHECK(PANTHOR_DEVICE_FROM_FD == 1);
CHECK(PANTHOR_CLOCK_CPU == 1);
CHECK(PANTHOR_CLOCK_CPU_RAW == 2);
CHECK(PANTHOR_CLOCK_CYCLES == 4);
CHECK(PANTHOR_CLOCK_DURATION == 8);
CHECK(sizeof(struct panthor_timestamp) == 48);
CHECK(offsetof(struct panthor_timestamp, cpu_ns) == 32);
CHECK(PANTHOR_VM_PAGE_SIZE == 4096);
CHECK(PANTHOR_SYNC_WAIT == 0);
CHECK(PANTHOR_SYNC_SIGNAL == 1);
CHECK(PANTHOR_BIND_OP_MAP == 0);
CHECK(PANTHOR_BIND_OP_UNMAP == 1);
CHECK(PANTHOR_BIND_OP_SYNC == 2);
CHECK(PANTHOR_BIND_ASYNC == 1);
CHECK(PANTHOR_FLUSH_ID_NOW == 0xffffffff);
CHECK(PANTHOR_CS_LE == 0);
CHECK(PANTHOR_CS_ALWAYS == 6);
CHECK(PANTHOR_CS_FLUSH_CLEAN == 1);
CHECK(PANTHOR_CS_FLUSH_CLEAN_INVALIDATE == 3);

/* They grow at the end and say how long they are; no pointers, so alike on all machines. */
CHECK(sizeof(struct panthor_group_params) == 72);
CHECK(offsetof(struct panthor_group_params, ring_size) == 12);
CHECK(offsetof(struct panthor_group_params, compute_cores) == 16);
CHECK(offsetof(struct panthor_group_params, queue_priorities) == 40);
CHECK(sizeof(struct panthor_tiler_heap_params) == 20);
CHECK(offsetof(struct panthor_tiler_heap_params, chunk_size) == 4);
CHECK(offsetof(struct panthor_tiler_heap_params, target_in_flight) == 16);

/* The library allocates these: they may get longer, what is there stays where it is. */
CHECK(offsetof(struct panthor_group_info, queue_count) == 4);
CHECK(offsetof(struct panthor_device_info, version_minor) == 12);
CHECK(offsetof(struct panthor_device_info, page_size) == 16);
CHECK(offsetof(struct panthor_device_info, gpu) == 24);

CHECK(offsetof(struct panthor_device_params, fd) == 8);
CHECK(offsetof(struct panthor_device_params, path) == 16);
CHECK(sizeof(struct panthor_va_params) == 32);
CHECK(offsetof(struct panthor_va_params, timeline) == 4);
CHECK(offsetof(struct panthor_va_params, guard) == 24);

/* Elements of arrays: these never change. */
CHECK(sizeof(struct panthor_sync) == 24);
CHECK(offsetof(struct panthor_sync, type) == 4);
CHECK(offsetof(struct panthor_sync, point) == 8);
CHECK(offsetof(struct panthor_bind_op, flags) == 4);
CHECK(offsetof(struct panthor_bind_op, bo) == 8);
CHECK(offsetof(struct panthor_job, size) == 8);
CHECK(offsetof(struct panthor_job, flush_id) == 16);
CHECK(offsetof(struct panthor_job, syncs) == 24);

CHECK(PANTHOR_BO_CACHE_MAP_CPU == 1);
CHECK(PANTHOR_BO_CACHE_PRIVATE_TO_VM == 2);
CHECK(PANTHOR_BO_CACHE_KEEP_CONTENTS == 4);
CHECK(PANTHOR_SLAB_MAX_SIZE == 65536);
CHECK(offsetof(struct panthor_bo_cache_params, map_flags) == 12);
CHECK(offsetof(struct panthor_bo_cache_params, max_bytes) == 16);
CHECK(offsetof(struct panthor_bo_cache_params, va) == 32);
CHECK(sizeof(struct panthor_bo_cache_stats) == 64);
CHECK(offsetof(struct panthor_bo_cache_stats, bytes) == 56);

CHECK(PANTHOR_GEMS_CREATED_BY == 0);
CHECK(PANTHOR_GEMS_EVICTIONS == 3);
CHECK(PANTHOR_GEMS_LABEL == 9);
CHECK(PANTHOR_GEMS_STATE_IMPORTED == 1);
CHECK(PANTHOR_GEMS_STATE_EXPORTED == 2);
CHECK(PANTHOR_GEMS_STATE_EVICTED == 4);
CHECK(PANTHOR_GEMS_USAGE_KERNEL == 1);
CHECK(PANTHOR_GEMS_USAGE_FW_MAPPED == 2);
CHECK(PANTHOR_GEMS_OK == 0);
CHECK(PANTHOR_GEMS_MISMATCH == 1);
CHECK(PANTHOR_GEMS_TRUNCATED == 2);
CHECK(PANTHOR_GEMS_NO_FOOTER == 3);

/* Callers allocate these. */
#if UINTPTR_MAX == UINT64_MAX
CHECK(offsetof(struct panthor_vm_info, user_va_range) == 8);
CHECK(offsetof(struct panthor_tiler_heap_info, context_va) == 8);
CHECK(offsetof(struct panthor_tiler_heap_info, first_chunk_va) == 16);
CHECK(offsetof(struct panthor_device_info, csif) == 32);
CHECK(offsetof(struct panthor_device_info, gpu_page_sizes) == 40);
CHECK(offsetof(struct panthor_device_info, group_priorities) == 48);
CHECK(offsetof(struct panthor_bo_info, size) == 16);
CHECK(offsetof(struct panthor_bo_info, handle) == 24);
CHECK(offsetof(struct panthor_bo_info, is_imported) == 32);
CHECK(offsetof(struct panthor_usage, bos) == 8);
CHECK(offsetof(struct panthor_usage, peak_bytes) == 56);
CHECK(offsetof(struct panthor_bind_op, bo_offset) == 16);
CHECK(offsetof(struct panthor_bind_op, size) == 32);
CHECK(offsetof(struct panthor_bind_op, syncs) == 40);
CHECK(sizeof(struct panthor_bind_op) == 64);
CHECK(offsetof(struct panthor_bind_op, reserved) == 52);
CHECK(sizeof(struct panthor_job) == 48);
CHECK(offsetof(struct panthor_job, reserved) == 32);
CHECK(sizeof(struct panthor_bo_range) == 40);
CHECK(offsetof(struct panthor_bo_range, type) == 24);
CHECK(sizeof(struct panthor_buffer) == 72);
CHECK(offsetof(struct panthor_buffer, va) == 24);
CHECK(offsetof(struct panthor_buffer, owner) == 40);
CHECK(offsetof(struct panthor_buffer, serial) == 48);
CHECK(offsetof(struct panthor_bo_cache_params, drain_timeout_ns) == 40);
CHECK(sizeof(struct panthor_gems_row) == 104);
CHECK(offsetof(struct panthor_gems_row, comm) == 8);
CHECK(offsetof(struct panthor_gems_row, tgid) == 24);
CHECK(offsetof(struct panthor_gems_row, size) == 56);
CHECK(offsetof(struct panthor_gems_row, state) == 80);
CHECK(offsetof(struct panthor_gems_row, label) == 88);
CHECK(sizeof(struct panthor_gems_summary) == 64);
CHECK(offsetof(struct panthor_gems_summary, sum_size) == 16);
CHECK(offsetof(struct panthor_gems_summary, integrity) == 56);
#endif

/* Functions of the header alone, which both languages compile. */
static bool initialisers_agree(void)
{
	struct panthor_sync wait = panthor_wait_point(1, 2), signal = panthor_signal_point(1, 2);
	struct panthor_bind_op map = panthor_bind_map(NULL, 1, 2, 3, 4);
	struct panthor_bind_op unmap = panthor_bind_unmap(2, 3), sync = panthor_bind_sync(&wait, 1);

	return !wait.reserved && !map.reserved[0] && !map.reserved[2] &&
	       wait.type == PANTHOR_SYNC_WAIT && signal.type == PANTHOR_SYNC_SIGNAL &&
	       wait.point == signal.point && map.type == PANTHOR_BIND_OP_MAP && map.flags == 4 &&
	       map.bo_offset == 1 && map.va == unmap.va && map.size == unmap.size &&
	       unmap.type == PANTHOR_BIND_OP_UNMAP && !unmap.flags && !unmap.sync_count &&
	       sync.type == PANTHOR_BIND_OP_SYNC && sync.syncs == &wait && sync.sync_count == 1;
}

int main(void)
{
	/* From the shared library, with the linkage that the language of this file uses. */
	return panthor_bo_unref(NULL) || panthor_device_unref(NULL) || panthor_gems_close(NULL) ||
	       panthor_vm_unref(NULL) || panthor_group_unref(NULL) ||
	       panthor_tiler_heap_unref(NULL) || panthor_va_unref(NULL) ||
	       panthor_bo_cache_unref(NULL) || panthor_slab_unref(NULL) || !initialisers_agree();
}
