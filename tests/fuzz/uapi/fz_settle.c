// SPDX-License-Identifier: MIT
/* Waiting for the GPU, with jobs of its own that come behind all others. */
#include <time.h>

#include "fz.h"

/* More than a job may take. */
#define PATIENCE_S 20

static uint32_t new_syncobj(const struct fz_worker *w)
{
	struct drm_syncobj_create args = { 0 };

	return kt_ioctl(w->file->fd, DRM_IOCTL_SYNCOBJ_CREATE, &args) == 0 ? args.handle : 0;
}

/* Without a fence, for the job was refused, there is nothing to wait for. */
static void wait_and_destroy(const struct fz_worker *w, uint32_t syncobj)
{
	struct drm_syncobj_destroy destroy = { .handle = syncobj };
	struct drm_syncobj_wait wait = { .handles = (uintptr_t)&syncobj, .count_handles = 1 };
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	wait.timeout_nsec = (now.tv_sec + PATIENCE_S) * 1000000000ll;
	kt_ioctl(w->file->fd, DRM_IOCTL_SYNCOBJ_WAIT, &wait);
	kt_ioctl(w->file->fd, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
}

void fz_settle_group(struct fz_worker *w, uint32_t group)
{
	struct drm_panthor_sync_op op = { .flags = 1u << 31 };
	struct drm_panthor_queue_submit job = { .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &op) };
	struct drm_panthor_group_submit args = {
		.group_handle = group,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
	};
	int ret;

	if (!w->alone)
		return;
	/* Until there is no such queue, or a job before has ended the group. */
	do {
		op.handle = new_syncobj(w);
		ret = kt_ioctl(w->file->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
		wait_and_destroy(w, op.handle);
		job.queue_index++;
	} while (ret == 0);
}

void fz_settle_vm(struct fz_worker *w, uint32_t vm)
{
	struct drm_panthor_sync_op op = { .flags = 1u << 31 };
	struct drm_panthor_vm_bind_op bind = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};
	struct drm_panthor_vm_bind args = {
		.vm_id = vm,
		.flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, &bind),
	};

	if (!w->alone)
		return;
	op.handle = new_syncobj(w);
	kt_ioctl(w->file->fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
	wait_and_destroy(w, op.handle);
}
