// SPDX-License-Identifier: MIT
/* What is said about a BO: its label, what its contents are worth. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bo.h"

/* The kernel takes 4096 bytes with the NUL. */
#define MAX_LABEL_LEN 4095

/* These are made often; for why not device_ioctl() see io_ioctl_once(). */
static inline int call(const struct panthor_bo *bo, unsigned long request, void *arg)
{
	return io_ioctl(bo->info.dev->io, bo->info.dev->info.fd, request, arg);
}

static int tell_label(struct panthor_bo *bo, const char *label)
{
	struct drm_panthor_bo_set_label arg = {
		.handle = bo->info.handle,
		.label = (uintptr_t)label,
	};
	int r = device_require(bo->info.dev, PANTHOR_FEATURE_BO_LABEL);

	return r ? r : call(bo, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &arg);
}

PANTHOR_PUBLIC
int panthor_bo_set_label(struct panthor_bo *bo, const char *label)
{
	struct panthor_device *dev = bo->info.dev;
	size_t len = label ? strnlen(label, MAX_LABEL_LEN + 1) : 0;
	struct account *account;
	int r;

	if (len > MAX_LABEL_LEN)
		return -E2BIG;

	account = account_new(&dev->accounts, dev->io, label, len);
	if (!account)
		return -ENOMEM;
	r = tell_label(bo, label);
	if (!r || r == -EOPNOTSUPP) {
		io_lock(dev->io, &dev->handles.lock);
		account = account_move_locked(&dev->accounts, bo, account);
		io_unlock(dev->io, &dev->handles.lock);
	}
	free(account);
	return r;
}

PANTHOR_PUBLIC
int panthor_bo_madvise(struct panthor_bo *bo, enum panthor_bo_advice advice, bool *ret_retained)
{
	struct drm_panthor_bo_madvise arg = { .handle = bo->info.handle, .madv = advice };
	int r;

	if ((unsigned int)advice > PANTHOR_BO_PAGEOUT)
		return -EINVAL;

	r = device_require(bo->info.dev, PANTHOR_FEATURE_BO_MADVISE);
	if (!r)
		r = call(bo, DRM_IOCTL_PANTHOR_BO_MADVISE, &arg);
	if (r)
		return r;

	if (ret_retained)
		*ret_retained = arg.retained;
	return 0;
}
