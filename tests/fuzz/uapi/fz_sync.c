// SPDX-License-Identifier: MIT
/* Syncobjs, for their own sake and as what jobs wait for and signal. */
#include <time.h>

#include "fz.h"

#define MAX 4

/* No longer than the others can wait. */
static int64_t some_timeout(struct fz_worker *w)
{
	struct timespec now;

	if (w->alone || fz_one_in(w, 2))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec + (int64_t)fz_small(w, 21);
}

struct drm_panthor_obj_array fz_syncs(struct fz_worker *w)
{
	struct drm_panthor_sync_op ops[MAX];
	uint32_t count = (uint32_t)fz_below(w, MAX), i;
	unsigned int slot;

	for (i = 0; i < count; i++) {
		ops[i].flags = (uint32_t)fz_below(w, 2);
		ops[i].handle = fz_pick(w, FZ_SYNCOBJ, &slot);
		ops[i].timeline_value = ops[i].flags ? 1 + fz_small(w, 5) : 0;
		/* There is always something to signal, but seldom something to wait for. */
		if (!fz_one_in(w, 6))
			ops[i].flags |= 1u << 31;
	}
	return fz_put_array(w, &fz_sync_op_shape, ops, count);
}

void fz_make_syncobj(struct fz_worker *w)
{
	struct drm_syncobj_create args = { 0 };

	if (!fz_one_in(w, 3))
		args.flags = DRM_SYNCOBJ_CREATE_SIGNALED;
	if (fz_call(w, FZ_SYNCOBJ_CREATE, &args) == 0)
		fz_keep(w, FZ_SYNCOBJ, args.handle);
}

static void step_destroy(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t handle = fz_pick(w, FZ_SYNCOBJ, &slot);

	if (fz_destroy(w, FZ_SYNCOBJ, handle) == 0)
		fz_forget(w, FZ_SYNCOBJ, slot, handle);
}

/* Arrays of handles, and of points. */
static uint32_t some_handles(struct fz_worker *w, uint64_t *ret_handles, uint64_t *ret_points)
{
	uint32_t handles[MAX], count = 1 + (uint32_t)fz_below(w, MAX), i;
	uint64_t points[MAX];
	unsigned int slot;

	for (i = 0; i < count; i++) {
		handles[i] = fz_pick(w, FZ_SYNCOBJ, &slot);
		points[i] = fz_small(w, 5);
	}
	*ret_handles = fz_put(w, handles, count * sizeof(*handles));
	*ret_points = fz_put(w, points, count * sizeof(*points));
	return fz_one_in(w, 40) ? (uint32_t)fz_small(w, 12) : count;
}

static uint32_t wait_flags(struct fz_worker *w)
{
	return fz_one_in(w, 2) ? (uint32_t)fz_below(w, 8) : 0;
}

static void step_wait(struct fz_worker *w)
{
	struct drm_syncobj_wait args = { 0 };
	uint64_t handles, points;

	args.count_handles = some_handles(w, &handles, &points);
	args.handles = handles;
	args.flags = wait_flags(w);
	args.timeout_nsec = some_timeout(w);
	fz_call(w, FZ_SYNCOBJ_WAIT, &args);
}

static void step_timeline_wait(struct fz_worker *w)
{
	struct drm_syncobj_timeline_wait args = { 0 };
	uint64_t handles, points;

	args.count_handles = some_handles(w, &handles, &points);
	args.handles = handles;
	args.points = points;
	args.flags = wait_flags(w);
	args.timeout_nsec = some_timeout(w);
	fz_call(w, FZ_SYNCOBJ_TIMELINE_WAIT, &args);
}

static void on_array(struct fz_worker *w, enum fz_id id)
{
	struct drm_syncobj_array args = { 0 };
	uint64_t handles, points;

	args.count_handles = some_handles(w, &handles, &points);
	args.handles = handles;
	fz_call(w, id, &args);
}

static void on_timeline_array(struct fz_worker *w, enum fz_id id, uint32_t flags)
{
	struct drm_syncobj_timeline_array args = { .flags = flags };
	uint64_t handles, points;

	args.count_handles = some_handles(w, &handles, &points);
	args.handles = handles;
	args.points = points;
	fz_call(w, id, &args);
}

static void step_reset(struct fz_worker *w)
{
	on_array(w, FZ_SYNCOBJ_RESET);
}

static void step_signal(struct fz_worker *w)
{
	on_array(w, FZ_SYNCOBJ_SIGNAL);
}

static void step_query(struct fz_worker *w)
{
	on_timeline_array(w, FZ_SYNCOBJ_QUERY, (uint32_t)fz_below(w, 2));
}

static void step_timeline_signal(struct fz_worker *w)
{
	on_timeline_array(w, FZ_SYNCOBJ_TIMELINE_SIGNAL, 0);
}

static void step_transfer(struct fz_worker *w)
{
	struct drm_syncobj_transfer args = { 0 };
	unsigned int slot;

	args.src_handle = fz_pick(w, FZ_SYNCOBJ, &slot);
	args.dst_handle = fz_pick(w, FZ_SYNCOBJ, &slot);
	args.src_point = fz_one_in(w, 2) ? fz_small(w, 5) : 0;
	args.dst_point = fz_one_in(w, 2) ? fz_small(w, 5) : 0;
	fz_call(w, FZ_SYNCOBJ_TRANSFER, &args);
}

static void step_to_fd(struct fz_worker *w)
{
	struct drm_syncobj_handle args = { .fd = -1 };
	unsigned int slot;

	args.handle = fz_pick(w, FZ_SYNCOBJ, &slot);
	args.flags = fz_one_in(w, 2) ? DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE : 0;
	if (fz_call(w, FZ_SYNCOBJ_HANDLE_TO_FD, &args) < 0)
		return;
	close(w->syncobj_fd);
	w->syncobj_fd = args.fd;
}

static void step_from_fd(struct fz_worker *w)
{
	struct drm_syncobj_handle args = { .fd = w->syncobj_fd };
	unsigned int slot;

	if (fz_one_in(w, 2)) {
		args.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
		args.handle = fz_pick(w, FZ_SYNCOBJ, &slot);
	}
	if (fz_call(w, FZ_SYNCOBJ_FD_TO_HANDLE, &args) == 0 && !args.flags)
		fz_keep(w, FZ_SYNCOBJ, args.handle);
}

const struct fz_step fz_sync_steps[] = {
	{ fz_make_syncobj, 25 },    { step_destroy, 8 },
	{ step_signal, 20 },	    { step_reset, 5 },
	{ step_wait, 20 },	    { step_query, 10 },
	{ step_transfer, 10 },	    { step_timeline_signal, 20 },
	{ step_timeline_wait, 20 }, { step_to_fd, 8 },
	{ step_from_fd, 8 },	    { NULL, 0 },
};
