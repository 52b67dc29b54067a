/* SPDX-License-Identifier: MIT */
/* Waits and signals of a batch, in one array that the kernel reads as it is. */
#ifndef PANTHOR_SYNC_LIST_H
#define PANTHOR_SYNC_LIST_H

#include "array.h"
#include "panthor_drm.h"

enum sync_direction {
	SYNC_WAIT,
	SYNC_SIGNAL,
};

struct sync_list {
	struct array ops; /* struct drm_panthor_sync_op */
};

/* Inserts in front of the item at @index, or at the end. -EINVAL for handle 0. */
int sync_list_insert(const struct panthor_transport *io, struct sync_list *list, uint32_t index,
		     enum sync_direction direction, uint32_t handle, uint64_t point);

/* What the kernel is to see of the list: @count items from @first on. */
struct drm_panthor_obj_array sync_list_slice(const struct sync_list *list, uint32_t first,
					     uint32_t count);

#endif
