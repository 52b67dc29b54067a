/* SPDX-License-Identifier: MIT */
/* The kernel's interface: sizes, offsets, call numbers and values. It compiles or it is wrong. */
#include <stddef.h>

#include "panthor_drm.h"

#ifdef __cplusplus
#define CHECK(what) static_assert(what, #what)
#else
#define CHECK(what) _Static_assert(what, #what)
#endif

#define SIZE(type, size)	 CHECK(sizeof(struct drm_panthor_##type) == (size))
#define AT(type, member, offset) CHECK(offsetof(struct drm_panthor_##type, member) == (offset))

SIZE(obj_array, 16);
AT(obj_array, stride, 0);
AT(obj_array, count, 4);
AT(obj_array, array, 8);

SIZE(sync_op, 16);
AT(sync_op, handle, 4);
AT(sync_op, timeline_value, 8);

SIZE(dev_query, 16);
AT(dev_query, size, 4);
AT(dev_query, pointer, 8);

SIZE(gpu_info, 112);
AT(gpu_info, csf_id, 8);
AT(gpu_info, mmu_features, 24);
AT(gpu_info, coherency_features, 44);
AT(gpu_info, texture_features, 48);
AT(gpu_info, as_present, 64);
AT(gpu_info, selected_coherency, 68);
AT(gpu_info, shader_present, 72);
AT(gpu_info, l2_present, 80);
AT(gpu_info, tiler_present, 88);
AT(gpu_info, core_features, 96);
AT(gpu_info, pad, 100);
AT(gpu_info, gpu_features, 104);

SIZE(csif_info, 24);
AT(csif_info, unpreserved_cs_reg_count, 16);

SIZE(timestamp_info, 56);
AT(timestamp_info, current_timestamp, 8);
AT(timestamp_info, timestamp_offset, 16);
AT(timestamp_info, flags, 24);
AT(timestamp_info, duration_nsec, 28);
AT(timestamp_info, cycle_count, 32);
AT(timestamp_info, cpu_timestamp_sec, 40);
AT(timestamp_info, cpu_timestamp_nsec, 48);

SIZE(group_priorities_info, 4);
SIZE(mmu_info, 8);

SIZE(vm_create, 16);
AT(vm_create, id, 4);
AT(vm_create, user_va_range, 8);
SIZE(vm_destroy, 8);
SIZE(vm_bind_op, 48);
AT(vm_bind_op, bo_handle, 4);
AT(vm_bind_op, bo_offset, 8);
AT(vm_bind_op, va, 16);
AT(vm_bind_op, size, 24);
AT(vm_bind_op, syncs, 32);
SIZE(vm_bind, 24);
AT(vm_bind, ops, 8);
SIZE(vm_get_state, 8);

SIZE(bo_create, 24);
AT(bo_create, flags, 8);
AT(bo_create, exclusive_vm_id, 12);
AT(bo_create, handle, 16);
SIZE(bo_mmap_offset, 16);
AT(bo_mmap_offset, offset, 8);
SIZE(bo_set_label, 16);
AT(bo_set_label, label, 8);
SIZE(bo_sync_op, 24);
AT(bo_sync_op, type, 4);
AT(bo_sync_op, offset, 8);
AT(bo_sync_op, size, 16);
SIZE(bo_sync, 16);
SIZE(bo_query_info, 16);
AT(bo_query_info, extra_flags, 4);
AT(bo_query_info, create_flags, 8);
SIZE(bo_madvise, 16);
AT(bo_madvise, madv, 4);
AT(bo_madvise, retained, 8);

SIZE(queue_create, 8);
AT(queue_create, ringbuf_size, 4);
SIZE(group_create, 56);
AT(group_create, max_compute_cores, 16);
AT(group_create, priority, 19);
AT(group_create, compute_core_mask, 24);
AT(group_create, tiler_core_mask, 40);
AT(group_create, vm_id, 48);
AT(group_create, group_handle, 52);
SIZE(group_destroy, 8);
SIZE(queue_submit, 40);
AT(queue_submit, stream_addr, 8);
AT(queue_submit, latest_flush, 16);
AT(queue_submit, syncs, 24);
SIZE(group_submit, 24);
AT(group_submit, queue_submits, 8);
SIZE(group_get_state, 16);
AT(group_get_state, fatal_queues, 8);

SIZE(tiler_heap_create, 40);
AT(tiler_heap_create, target_in_flight, 16);
AT(tiler_heap_create, handle, 20);
AT(tiler_heap_create, tiler_heap_ctx_gpu_va, 24);
AT(tiler_heap_create, first_heap_chunk_gpu_va, 32);
SIZE(tiler_heap_destroy, 8);
SIZE(set_user_mmio_offset, 8);

CHECK(DRM_IOCTL_PANTHOR_DEV_QUERY == 0xc0106440);
CHECK(DRM_IOCTL_PANTHOR_VM_CREATE == 0xc0106441);
CHECK(DRM_IOCTL_PANTHOR_VM_DESTROY == 0xc0086442);
CHECK(DRM_IOCTL_PANTHOR_VM_BIND == 0xc0186443);
CHECK(DRM_IOCTL_PANTHOR_VM_GET_STATE == 0xc0086444);
CHECK(DRM_IOCTL_PANTHOR_BO_CREATE == 0xc0186445);
CHECK(DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET == 0xc0106446);
CHECK(DRM_IOCTL_PANTHOR_GROUP_CREATE == 0xc0386447);
CHECK(DRM_IOCTL_PANTHOR_GROUP_DESTROY == 0xc0086448);
CHECK(DRM_IOCTL_PANTHOR_GROUP_SUBMIT == 0xc0186449);
CHECK(DRM_IOCTL_PANTHOR_GROUP_GET_STATE == 0xc010644a);
CHECK(DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE == 0xc028644b);
CHECK(DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY == 0xc008644c);
CHECK(DRM_IOCTL_PANTHOR_BO_SET_LABEL == 0xc010644d);
CHECK(DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET == 0xc008644e);
CHECK(DRM_IOCTL_PANTHOR_BO_SYNC == 0xc010644f);
CHECK(DRM_IOCTL_PANTHOR_BO_QUERY_INFO == 0xc0106450);
CHECK(DRM_IOCTL_PANTHOR_BO_MADVISE == 0xc010649f);

CHECK((__u32)DRM_PANTHOR_SYNC_OP_SIGNAL == 0x80000000);
CHECK((__u32)DRM_PANTHOR_VM_BIND_OP_TYPE_MASK == 0xf0000000);
CHECK(DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY == 0x20000000);
CHECK(DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE == 8);
CHECK(DRM_PANTHOR_BO_NO_MMAP == 1);
CHECK(DRM_PANTHOR_BO_WB_MMAP == 2);
CHECK(DRM_PANTHOR_GPU_COHERENCY_NONE == 31);
CHECK(DRM_PANTHOR_DEV_QUERY_MMU_INFO == 4);
CHECK(DRM_PANTHOR_USER_MMIO_OFFSET_32BIT == 1ull << 43);
CHECK(DRM_PANTHOR_USER_MMIO_OFFSET_64BIT == 1ull << 56);

int main(void)
{
	return 0;
}
