// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * DEV_QUERY: what the device is and can do.
 */

#include <linux/capability.h>
#include <linux/preempt.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include <drm/drm_auth.h>
#include <drm/drm_file.h>

#include "panthor_device.h"
#include "panthor_query.h"
#include "panthor_uobj.h"
#include "panthor_vm.h"

#define PANTHOR_TIMESTAMP_LEGACY                                                                   \
	(DRM_PANTHOR_TIMESTAMP_GPU | DRM_PANTHOR_TIMESTAMP_GPU_OFFSET | DRM_PANTHOR_TIMESTAMP_FREQ)

#define PANTHOR_TIMESTAMP_FLAGS                                                                    \
	(PANTHOR_TIMESTAMP_LEGACY | DRM_PANTHOR_TIMESTAMP_CPU_TYPE_MASK |                          \
	 DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT | DRM_PANTHOR_TIMESTAMP_DURATION)

u8 panthor_allowed_priorities(struct drm_file *file)
{
	u8 mask = BIT(PANTHOR_GROUP_PRIORITY_LOW) | BIT(PANTHOR_GROUP_PRIORITY_MEDIUM);

	if (capable(CAP_SYS_NICE) || drm_is_current_master(file))
		mask |= BIT(PANTHOR_GROUP_PRIORITY_HIGH) | BIT(PANTHOR_GROUP_PRIORITY_REALTIME);
	return mask;
}

static void panthor_timestamp_sample(struct drm_panthor_timestamp_info *info)
{
	u64 start = ktime_get_boottime_ns();
	struct timespec64 cpu = {};

	switch (info->flags & DRM_PANTHOR_TIMESTAMP_CPU_TYPE_MASK) {
	case DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC:
		ktime_get_ts64(&cpu);
		timens_add_monotonic(&cpu);
		break;
	case DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW:
		ktime_get_raw_ts64(&cpu);
		timens_add_monotonic(&cpu);
		break;
	}
	info->cpu_timestamp_sec = cpu.tv_sec;
	info->cpu_timestamp_nsec = cpu.tv_nsec;

	if (info->flags & DRM_PANTHOR_TIMESTAMP_GPU)
		info->current_timestamp = start;
	/* One cycle a tick. */
	if (info->flags & DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT)
		info->cycle_count = start;
	if (info->flags & DRM_PANTHOR_TIMESTAMP_DURATION)
		info->duration_nsec = ktime_get_boottime_ns() - start;
}

static bool panthor_timestamp_flags_ok(u32 flags)
{
	u32 cpu = flags & DRM_PANTHOR_TIMESTAMP_CPU_TYPE_MASK;

	return !(flags & ~PANTHOR_TIMESTAMP_FLAGS) &&
	       cpu <= DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW;
}

static int panthor_query_timestamp(struct drm_panthor_dev_query *args)
{
	u32 min_size = offsetofend(struct drm_panthor_timestamp_info, current_timestamp);
	struct drm_panthor_timestamp_info in = {}, out = {};
	unsigned long irqs;
	int ret;

	if (args->size < min_size)
		return -EINVAL;

	ret = copy_struct_from_user(&in, sizeof(in), u64_to_user_ptr(args->pointer), args->size);
	if (ret)
		return ret;
	if (!panthor_timestamp_flags_ok(in.flags))
		return -EINVAL;

	/* Clocks that are compared with each other are read without anything in between. */
	out.flags = in.flags ?: PANTHOR_TIMESTAMP_LEGACY;
	local_irq_save(irqs);
	panthor_timestamp_sample(&out);
	local_irq_restore(irqs);
	if (out.flags & DRM_PANTHOR_TIMESTAMP_FREQ)
		out.timestamp_frequency = PANTHOR_FREQUENCY;
	out.flags = in.flags;
	return panthor_uobj_set(args->pointer, args->size, min_size, &out, sizeof(out));
}

/* Sets the caller's idea of the size when it has no memory to fill, else fills it. */
#define PANTHOR_QUERY_SET(args, obj, last) \
	panthor_query_set(args, offsetofend(typeof(obj), last), &(obj), sizeof(obj))

static int panthor_query_set(struct drm_panthor_dev_query *args, u32 min_size, const void *obj,
			     u32 obj_size)
{
	if (args->pointer)
		return panthor_uobj_set(args->pointer, args->size, min_size, obj, obj_size);

	args->size = obj_size;
	return 0;
}

int panthor_dev_query(struct drm_file *file, struct drm_panthor_dev_query *args)
{
	struct panthor_device *ptdev = to_panthor_device(file->minor->dev);
	struct drm_panthor_group_priorities_info priorities = {};
	struct drm_panthor_mmu_info mmu = {
		.page_size_bitmap = SZ_4K | SZ_2M,
	};
	struct drm_panthor_timestamp_info timestamp = {};

	switch (args->type) {
	case DRM_PANTHOR_DEV_QUERY_GPU_INFO:
		return PANTHOR_QUERY_SET(args, ptdev->gpu_info, tiler_present);
	case DRM_PANTHOR_DEV_QUERY_CSIF_INFO:
		return PANTHOR_QUERY_SET(args, ptdev->csif_info, pad);
	case DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO:
		if (args->pointer)
			return panthor_query_timestamp(args);
		return PANTHOR_QUERY_SET(args, timestamp, current_timestamp);
	case DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO:
		/* Asking for a capability leaves traces: only for who wants to know. */
		priorities.allowed_mask = panthor_allowed_priorities(file);
		return PANTHOR_QUERY_SET(args, priorities, pad);
	case DRM_PANTHOR_DEV_QUERY_MMU_INFO:
		return PANTHOR_QUERY_SET(args, mmu, page_size_bitmap);
	default:
		return -EINVAL;
	}
}
