// SPDX-License-Identifier: MIT
#include <errno.h>

#include "sync_ops.h"

int sync_ops_begin(struct scratch *scratch, const struct panthor_transport *io, uint64_t size,
		   uint64_t syncs)
{
	/* The kernel counts in 32 bits; then nothing here comes near 64. */
	if (syncs > UINT32_MAX)
		return -ENOMEM;
	return scratch_begin(scratch, io, size + syncs * sizeof(struct drm_panthor_sync_op));
}

static uint32_t flags_of(const struct panthor_sync *sync)
{
	uint32_t flags = sync->point ? DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ
				     : DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ;

	return sync->type == PANTHOR_SYNC_SIGNAL ? flags | (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL
						 : flags;
}

int sync_ops_write(struct drm_panthor_sync_op **next, const struct panthor_sync *syncs,
		   uint32_t count, struct drm_panthor_obj_array *ret_array)
{
	struct drm_panthor_sync_op *ops = *next;

	for (uint32_t i = 0; i < count; i++) {
		if (!syncs[i].handle || syncs[i].type > PANTHOR_SYNC_SIGNAL || syncs[i].reserved)
			return -EINVAL;
		ops[i] = (struct drm_panthor_sync_op){
			.flags = flags_of(&syncs[i]),
			.handle = syncs[i].handle,
			.timeline_value = syncs[i].point,
		};
	}

	/* The kernel wants to know the size of what it does not get. */
	*ret_array = (struct drm_panthor_obj_array){
		.stride = sizeof(*ops),
		.count = count,
		.array = count ? (uintptr_t)ops : 0,
	};
	*next = ops + count;
	return 0;
}
