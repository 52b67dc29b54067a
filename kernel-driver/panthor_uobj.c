// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Structures and arrays that come from and go to user memory.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "panthor_uobj.h"

static int panthor_uobj_copy_array(void *out, const struct drm_panthor_obj_array *in, u32 obj_size)
{
	void __user *usr = u64_to_user_ptr(in->array);
	int ret = 0;

	if (in->stride == obj_size)
		return copy_from_user(out, usr, (size_t)in->count * obj_size) ? -EFAULT : 0;

	for (u32 i = 0; i < in->count && !ret; i++) {
		ret = copy_struct_from_user(out, obj_size, usr, in->stride);
		out += obj_size;
		usr += in->stride;
	}
	return ret;
}

void *panthor_uobj_get_array(const struct drm_panthor_obj_array *in, u32 min_size, u32 obj_size)
{
	void *out;
	int ret;

	if (in->stride < min_size)
		return ERR_PTR(-EINVAL);
	if (!in->count)
		return NULL;
	if (in->count > PANTHOR_UOBJ_MAX_BYTES / obj_size)
		return ERR_PTR(-EINVAL);
	/* Nothing that large is known to anybody, and looking for zeroes takes time. */
	if (in->stride > PAGE_SIZE)
		return ERR_PTR(-E2BIG);

	out = kvmalloc_array(in->count, obj_size, GFP_KERNEL_ACCOUNT);
	if (!out)
		return ERR_PTR(-ENOMEM);

	ret = panthor_uobj_copy_array(out, in, obj_size);
	if (ret) {
		kvfree(out);
		return ERR_PTR(ret);
	}
	return out;
}

int panthor_uobj_set(u64 usr_ptr, u32 usr_size, u32 min_size, const void *obj, u32 obj_size)
{
	void __user *usr = u64_to_user_ptr(usr_ptr);

	if (usr_size < min_size)
		return -EINVAL;
	if (copy_to_user(usr, obj, min(usr_size, obj_size)))
		return -EFAULT;
	if (usr_size > obj_size && clear_user(usr + obj_size, usr_size - obj_size))
		return -EFAULT;
	return 0;
}
