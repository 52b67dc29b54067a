// SPDX-License-Identifier: MIT
/* Batches of jobs. */
#include <errno.h>
#include <stdlib.h>

#include "group.h"
#include "sync_list.h"

#define STREAM_ALIGNMENT 64
#define INSTRUCTION_SIZE 8
/* A flush id is what is left of the word. */
#define FLUSH_ID_RESERVED 0x7f000000

struct panthor_submit {
	struct panthor_group *group; /* referenced */
	struct array jobs;	     /* struct drm_panthor_queue_submit, pointers not set yet */

	/* Those of the first job first; jobs[].syncs.count says how many each has. */
	struct sync_list syncs;
};

static const struct panthor_transport *io_of(const struct panthor_submit *submit)
{
	return submit->group->vm->dev->io;
}

PANTHOR_PUBLIC
int panthor_submit_new(struct panthor_group *group, struct panthor_submit **ret_submit)
{
	struct panthor_submit *submit = io_alloc(group->vm->dev->io, sizeof(*submit));

	if (!submit)
		return -ENOMEM;
	submit->group = panthor_group_ref(group);
	*ret_submit = submit;
	return 0;
}

PANTHOR_PUBLIC
struct panthor_submit *panthor_submit_free(struct panthor_submit *submit)
{
	if (!submit)
		return NULL;
	array_free(&submit->jobs);
	array_free(&submit->syncs.ops);
	panthor_group_unref(submit->group);
	free(submit);
	return NULL;
}

PANTHOR_PUBLIC
void panthor_submit_reset(struct panthor_submit *submit)
{
	submit->jobs.count = 0;
	submit->syncs.ops.count = 0;
}

static int check_stream(const struct panthor_submit *submit, uint32_t queue, uint64_t va,
			uint32_t size)
{
	if (queue >= submit->group->info.queue_count || !va != !size)
		return -EINVAL;
	return va % STREAM_ALIGNMENT || size % INSTRUCTION_SIZE ? -EINVAL : 0;
}

static int resolve_flush_id(struct panthor_device *dev, uint32_t size, uint32_t *flush_id)
{
	if (!size) {
		*flush_id = 0;
		return 0;
	}
	if (*flush_id == PANTHOR_FLUSH_ID_NOW)
		return panthor_device_flush_id(dev, flush_id);
	return *flush_id & FLUSH_ID_RESERVED ? -EINVAL : 0;
}

PANTHOR_PUBLIC
int panthor_submit_stream(struct panthor_submit *submit, uint32_t queue, uint64_t va, uint32_t size,
			  uint32_t flush_id)
{
	struct drm_panthor_queue_submit *jobs;
	int r = check_stream(submit, queue, va, size);

	if (!r)
		r = resolve_flush_id(submit->group->vm->dev, size, &flush_id);
	if (!r)
		r = array_reserve(io_of(submit), &submit->jobs, sizeof(*jobs));
	if (r)
		return r;

	jobs = submit->jobs.items;
	jobs[submit->jobs.count++] = (struct drm_panthor_queue_submit){
		.queue_index = queue,
		.stream_size = size,
		.stream_addr = va,
		.latest_flush = flush_id,
	};
	return 0;
}

static int add_sync(struct panthor_submit *submit, enum sync_direction direction, uint32_t handle,
		    uint64_t point)
{
	struct drm_panthor_queue_submit *jobs = submit->jobs.items;
	int r;

	if (!submit->jobs.count)
		return -EINVAL;
	r = sync_list_insert(io_of(submit), &submit->syncs, submit->syncs.ops.count, direction,
			     handle, point);
	if (!r)
		jobs[submit->jobs.count - 1].syncs.count++;
	return r;
}

PANTHOR_PUBLIC
int panthor_submit_wait(struct panthor_submit *submit, uint32_t handle, uint64_t point)
{
	return add_sync(submit, SYNC_WAIT, handle, point);
}

PANTHOR_PUBLIC
int panthor_submit_signal(struct panthor_submit *submit, uint32_t handle, uint64_t point)
{
	return add_sync(submit, SYNC_SIGNAL, handle, point);
}

/* Not before all are there: the list moves when it grows. */
static void place_syncs(struct panthor_submit *submit)
{
	struct drm_panthor_queue_submit *jobs = submit->jobs.items;
	uint32_t first = 0;

	for (uint32_t i = 0; i < submit->jobs.count; i++) {
		jobs[i].syncs = sync_list_slice(&submit->syncs, first, jobs[i].syncs.count);
		first += jobs[i].syncs.count;
	}
}

PANTHOR_PUBLIC
int panthor_submit_run(struct panthor_submit *submit)
{
	const struct drm_panthor_queue_submit *jobs = submit->jobs.items;
	struct drm_panthor_group_submit arg = {
		.group_handle = submit->group->info.handle,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(submit->jobs.count, jobs),
	};

	if (!submit->jobs.count)
		return 0;
	place_syncs(submit);
	return device_ioctl(submit->group->vm->dev, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &arg);
}
