// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "sync_list.h"

static struct drm_panthor_sync_op make_op(enum sync_direction direction, uint32_t handle,
					  uint64_t point)
{
	uint32_t flags = point ? DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ
			       : DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ;

	if (direction == SYNC_SIGNAL)
		flags |= (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL;
	return (struct drm_panthor_sync_op){
		.flags = flags,
		.handle = handle,
		.timeline_value = point,
	};
}

int sync_list_insert(const struct panthor_transport *io, struct sync_list *list, uint32_t index,
		     enum sync_direction direction, uint32_t handle, uint64_t point)
{
	struct drm_panthor_sync_op *ops;
	int r;

	if (!handle)
		return -EINVAL;
	r = array_reserve(io, &list->ops, sizeof(*ops));
	if (r)
		return r;

	ops = list->ops.items;
	memmove(&ops[index + 1], &ops[index], (list->ops.count - index) * sizeof(*ops));
	ops[index] = make_op(direction, handle, point);
	list->ops.count++;
	return 0;
}

struct drm_panthor_obj_array sync_list_slice(const struct sync_list *list, uint32_t first,
					     uint32_t count)
{
	const struct drm_panthor_sync_op *ops = list->ops.items;

	return (struct drm_panthor_obj_array){
		.stride = sizeof(*ops),
		.count = count,
		.array = count ? (uintptr_t)&ops[first] : 0,
	};
}
