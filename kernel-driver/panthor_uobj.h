/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Structures and arrays that come from and go to user memory, whose size on either side of the
 * ioctl may be older or newer.
 */
#ifndef __PANTHOR_UOBJ_H__
#define __PANTHOR_UOBJ_H__

#include <linux/stddef.h>
#include <linux/types.h>

#include "panthor_drm.h"

/** PANTHOR_UOBJ_MAX_BYTES - largest array taken from a client, as the kernel stores it */
#define PANTHOR_UOBJ_MAX_BYTES SZ_16M

/**
 * panthor_uobj_get_array() - copy an array from user memory
 * @in: where it is
 * @min_size: least stride: bytes up to the last mandatory field
 * @obj_size: size of an element here
 *
 * Return: array for kvfree(), NULL for one without elements, or ERR_PTR: -EINVAL too small a
 * stride or too many elements, -E2BIG what this kernel does not know is not zero, -EFAULT,
 * -ENOMEM.
 */
void *panthor_uobj_get_array(const struct drm_panthor_obj_array *in, u32 min_size, u32 obj_size);

/** PANTHOR_UOBJ_GET_ARRAY() - the same for a type whose last mandatory field is @last */
#define PANTHOR_UOBJ_GET_ARRAY(in, type, last) \
	((type *)panthor_uobj_get_array(in, offsetofend(type, last), sizeof(type)))

/**
 * panthor_uobj_set() - copy a structure to user memory
 * @usr_ptr: where to
 * @usr_size: bytes there; what is over is zeroed
 * @min_size: least @usr_size
 * @obj: what
 * @obj_size: bytes of it
 *
 * Return: 0, -EINVAL too small, -EFAULT.
 */
int panthor_uobj_set(u64 usr_ptr, u32 usr_size, u32 min_size, const void *obj, u32 obj_size);

#endif
