// SPDX-License-Identifier: MIT
/* Jobs for the queues of a group. */
#include <errno.h>

#include "group.h"
#include "scratch.h"
#include "sync_ops.h"

#define STREAM_ALIGNMENT 64
#define INSTRUCTION_SIZE 8
/* A flush id is what is left of the word. */
#define FLUSH_ID_RESERVED 0x7f000000

static int check_job(const struct panthor_group *group, const struct panthor_job *job)
{
	if (job->queue >= group->info.queue_count || !job->va != !job->size)
		return -EINVAL;
	if (job->reserved[0] || job->reserved[1])
		return -EINVAL;
	return job->va % STREAM_ALIGNMENT || job->size % INSTRUCTION_SIZE ? -EINVAL : 0;
}

/* A job without a stream has none. */
static int read_flush_id(struct panthor_device *dev, const struct panthor_job *job,
			 uint32_t *ret_id)
{
	*ret_id = job->size ? job->flush_id : 0;
	if (*ret_id == PANTHOR_FLUSH_ID_NOW)
		return panthor_device_flush_id(dev, ret_id);
	return *ret_id & FLUSH_ID_RESERVED ? -EINVAL : 0;
}

/* As the kernel takes them, in @ret_jobs and behind them. */
static int write_jobs(const struct panthor_group *group, const struct panthor_job *jobs,
		      uint32_t count, struct drm_panthor_queue_submit *ret_jobs)
{
	struct drm_panthor_sync_op *next = (struct drm_panthor_sync_op *)(ret_jobs + count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t flush_id;
		int r = check_job(group, &jobs[i]);

		if (!r)
			r = read_flush_id(group->vm->dev, &jobs[i], &flush_id);
		if (r)
			return r;
		ret_jobs[i] = (struct drm_panthor_queue_submit){
			.queue_index = jobs[i].queue,
			.stream_size = jobs[i].size,
			.stream_addr = jobs[i].va,
			.latest_flush = flush_id,
		};
		r = sync_ops_write(&next, jobs[i].syncs, jobs[i].sync_count, &ret_jobs[i].syncs);
		if (r)
			return r;
	}
	return 0;
}

static int submit(const struct panthor_group *group, const struct drm_panthor_queue_submit *jobs,
		  uint32_t count)
{
	struct drm_panthor_group_submit arg = {
		.group_handle = group->info.handle,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(count, jobs),
	};

	return device_ioctl(group->vm->dev, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &arg);
}

PANTHOR_PUBLIC
int panthor_group_submit(struct panthor_group *group, const struct panthor_job *jobs,
			 uint32_t count)
{
	struct scratch scratch;
	uint64_t syncs = 0;
	int r;

	for (uint32_t i = 0; i < count; i++)
		syncs += jobs[i].sync_count;
	r = sync_ops_begin(&scratch, group->vm->dev->io,
			   (uint64_t)count * sizeof(struct drm_panthor_queue_submit), syncs);
	if (r)
		return r;

	r = write_jobs(group, jobs, count, scratch.memory);
	if (!r && count)
		r = submit(group, scratch.memory, count);
	scratch_end(&scratch);
	return r;
}
