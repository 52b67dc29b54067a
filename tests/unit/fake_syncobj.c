// SPDX-License-Identifier: MIT
/* The fake's syncobjs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_panthor.h"

struct fake_syncobj *fake_syncobj_find(const struct fake_gpu *gpu, uint32_t handle)
{
	return handle <= FAKE_MAX_SYNCOBJS ? gpu->syncobjs[handle] : NULL;
}

bool fake_syncobj_exists(const struct fake_syncobj *syncobj, uint64_t point)
{
	return point ? syncobj->submitted >= point : syncobj->fence;
}

bool fake_syncobj_is_done(const struct fake_syncobj *syncobj, uint64_t point)
{
	return point ? syncobj->signalled >= point : syncobj->fence && !syncobj->pending;
}

void fake_syncobj_attach(struct fake_syncobj *syncobj, uint64_t point, bool pending)
{
	syncobj->fence = true;
	syncobj->pending = pending;
	syncobj->submitted = point;
	if (!pending)
		syncobj->signalled = point;
}

int fake_syncobj_add_handle(struct fake_gpu *gpu, struct fake_syncobj *syncobj,
			    uint32_t *ret_handle)
{
	for (uint32_t i = 1; i <= FAKE_MAX_SYNCOBJS; i++) {
		if (gpu->syncobjs[i])
			continue;
		gpu->syncobjs[i] = syncobj;
		syncobj->refs++;
		*ret_handle = i;
		return 0;
	}
	return -ENOSPC;
}

void fake_syncobj_put(struct fake_syncobj *syncobj)
{
	if (!--syncobj->refs)
		free(syncobj);
}

int fake_syncobj_create(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_syncobj_create *create = arg;
	struct fake_syncobj *syncobj;
	int r;

	if (create->flags & ~(uint32_t)DRM_SYNCOBJ_CREATE_SIGNALED)
		return -EINVAL;
	if (fake->bogus_handle)
		return 0;
	syncobj = calloc(1, sizeof(*syncobj));
	syncobj->fence = create->flags;
	r = fake_syncobj_add_handle(&file->gpu, syncobj, &create->handle);
	if (r)
		free(syncobj);
	return r;
}

int fake_syncobj_destroy(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_syncobj_destroy *destroy = arg;
	struct fake_syncobj *syncobj = fake_syncobj_find(&file->gpu, destroy->handle);

	if (!syncobj)
		return -EINVAL;
	file->gpu.syncobjs[destroy->handle] = NULL;
	fake_syncobj_put(syncobj);
	return 0;
}

/* @ret_first is written whenever one of them is done, as the kernel does. */
static int wait(const struct fake *fake, const struct fake_gpu *gpu,
		const struct drm_syncobj_timeline_wait *wait, uint32_t *ret_first)
{
	const uint32_t *handles = (const uint32_t *)(uintptr_t)wait->handles;
	const uint64_t *points = (const uint64_t *)(uintptr_t)wait->points;
	bool all = wait->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
	bool available = wait->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	uint32_t done = 0, missing = 0;

	if (!wait->count_handles)
		return -EINVAL;
	for (uint32_t i = wait->count_handles; i--;) {
		const struct fake_syncobj *syncobj = fake_syncobj_find(gpu, handles[i]);
		uint64_t point = points ? points[i] : 0;

		if (!syncobj)
			return -ENOENT;
		missing += !fake_syncobj_exists(syncobj, point);
		if (!(available ? fake_syncobj_exists(syncobj, point)
				: fake_syncobj_is_done(syncobj, point)))
			continue;
		done++;
		*ret_first = fake->bogus_first ? fake->bogus_first : i;
	}
	if (missing && !(wait->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT) && !available)
		return -EINVAL;
	return done >= (all ? wait->count_handles : 1) ? 0 : -ETIME;
}

int fake_syncobj_wait(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_syncobj_wait *fences = arg;
	struct drm_syncobj_timeline_wait points = {
		.handles = fences->handles,
		.count_handles = fences->count_handles,
		.flags = fences->flags,
	};

	if (fences->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE)
		return -EINVAL;
	return wait(fake, &file->gpu, &points, &fences->first_signaled);
}

int fake_syncobj_timeline_wait(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_syncobj_timeline_wait *points = arg;

	return wait(fake, &file->gpu, points, &points->first_signaled);
}

static struct fake_syncobj *only_one(const struct fake_gpu *gpu, uint64_t handles, uint32_t count)
{
	return count == 1 ? fake_syncobj_find(gpu, *(const uint32_t *)(uintptr_t)handles) : NULL;
}

int fake_syncobj_reset(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_syncobj_array *array = arg;
	struct fake_syncobj *syncobj = only_one(&file->gpu, array->handles, array->count_handles);

	if (!syncobj)
		return -ENOENT;
	*syncobj = (struct fake_syncobj){ .refs = syncobj->refs };
	return 0;
}

int fake_syncobj_signal(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_syncobj_array *array = arg;
	struct fake_syncobj *syncobj = only_one(&file->gpu, array->handles, array->count_handles);

	if (!syncobj)
		return -ENOENT;
	fake_syncobj_attach(syncobj, 0, false);
	return 0;
}

int fake_syncobj_timeline_signal(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_syncobj_timeline_array *array = arg;
	struct fake_syncobj *syncobj = only_one(&file->gpu, array->handles, array->count_handles);

	if (!syncobj)
		return -ENOENT;
	fake_syncobj_attach(syncobj, *(const uint64_t *)(uintptr_t)array->points, false);
	return 0;
}

int fake_syncobj_query(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_syncobj_timeline_array *array = arg;
	const struct fake_syncobj *syncobj =
		only_one(&file->gpu, array->handles, array->count_handles);

	if (!syncobj)
		return -ENOENT;
	*(uint64_t *)(uintptr_t)array->points = syncobj->signalled;
	return 0;
}

static bool is_signal(const struct drm_panthor_sync_op *op)
{
	return op->flags & (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL;
}

static bool is_signalled_by(const struct drm_panthor_sync_op *ops, uint32_t count,
			    const struct drm_panthor_sync_op *wait)
{
	for (uint32_t i = 0; i < count; i++) {
		if (is_signal(&ops[i]) && ops[i].handle == wait->handle &&
		    ops[i].timeline_value == wait->timeline_value)
			return true;
	}
	return false;
}

static int check_sync(const struct fake_gpu *gpu, const struct drm_panthor_sync_op *op,
		      const struct drm_panthor_sync_op *earlier, uint32_t count)
{
	const struct fake_syncobj *syncobj = fake_syncobj_find(gpu, op->handle);
	uint32_t type = op->flags & DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_MASK;

	if (op->flags & ~((uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL | 0xff) || type > 1)
		return -EINVAL;
	if (!type && op->timeline_value)
		return -EINVAL;
	if (is_signal(op))
		return syncobj ? 0 : -EINVAL;
	if (!syncobj)
		return -ENOENT;
	return fake_syncobj_exists(syncobj, op->timeline_value) ||
			       is_signalled_by(earlier, count, op)
		       ? 0
		       : -EINVAL;
}

int fake_check_syncs_locked(struct fake *fake, const struct fake_gpu *gpu,
			    const struct drm_panthor_obj_array *syncs,
			    const struct drm_panthor_sync_op *earlier, uint32_t count)
{
	const struct drm_panthor_sync_op *ops =
		(const struct drm_panthor_sync_op *)(uintptr_t)syncs->array;

	if (syncs->stride != sizeof(*ops))
		return -EINVAL;
	for (uint32_t i = 0; i < syncs->count; i++) {
		struct fake_gpu_log *log = &fake->gpu_log;
		int r = check_sync(gpu, &ops[i], earlier, count);

		if (r)
			return r;
		if (log->sync_count < FAKE_MAX_LOGGED)
			log->syncs[log->sync_count++] = ops[i];
	}
	return 0;
}

void fake_signal_syncs_locked(struct fake *fake, const struct fake_gpu *gpu,
			      const struct drm_panthor_obj_array *syncs)
{
	const struct drm_panthor_sync_op *ops =
		(const struct drm_panthor_sync_op *)(uintptr_t)syncs->array;

	for (uint32_t i = 0; i < syncs->count; i++) {
		if (is_signal(&ops[i]))
			fake_syncobj_attach(fake_syncobj_find(gpu, ops[i].handle),
					    ops[i].timeline_value, fake->gpu.stalled);
	}
}
