/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_QUERY_H__
#define __PANTHOR_QUERY_H__

struct drm_file;
struct drm_panthor_dev_query;

/**
 * panthor_dev_query() - the whole of DEV_QUERY
 * @file: who asks
 * @args: the ioctl's
 *
 * Return: 0, -EINVAL unknown type or too little room, -EFAULT, -E2BIG.
 */
int panthor_dev_query(struct drm_file *file, struct drm_panthor_dev_query *args);

/** panthor_allowed_priorities() - mask over enum drm_panthor_group_priority for a caller */
u8 panthor_allowed_priorities(struct drm_file *file);

#endif
