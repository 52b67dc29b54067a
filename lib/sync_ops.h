/* SPDX-License-Identifier: MIT */
/* Waits and signals as the kernel reads them. */
#ifndef PANTHOR_SYNC_OPS_H
#define PANTHOR_SYNC_OPS_H

#include "panthor.h"
#include "panthor_drm.h"
#include "scratch.h"

/* Memory for @size bytes and @syncs of them behind. -ENOMEM, and then there is nothing to end. */
int sync_ops_begin(struct scratch *scratch, const struct panthor_transport *io, uint64_t size,
		   uint64_t syncs);

/*
 * Writes @count of them from *@next on, moves that behind them, and points @ret_array to them.
 * -EINVAL for handle 0, unknown types and reserved members.
 */
int sync_ops_write(struct drm_panthor_sync_op **next, const struct panthor_sync *syncs,
		   uint32_t count, struct drm_panthor_obj_array *ret_array);

#endif
