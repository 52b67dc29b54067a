// SPDX-License-Identifier: MIT
/* The fake's groups, jobs and tiler heaps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_panthor.h"

#define SHADER_PRESENT 0x50005ull
#define TILER_PRESENT  1ull

static struct fake_group *group_of(const struct fake_gpu *gpu, uint32_t handle)
{
	return handle <= FAKE_MAX_GROUPS ? gpu->groups[handle] : NULL;
}

static bool cores_exist(uint64_t mask, uint8_t max, uint64_t present)
{
	return !(mask & ~present) && __builtin_popcountll(mask) >= max;
}

static int check_priority(const struct fake *fake, uint8_t priority)
{
	if (priority >
	    (fake->minor >= 2 ? PANTHOR_GROUP_PRIORITY_REALTIME : PANTHOR_GROUP_PRIORITY_HIGH))
		return -EINVAL;
	return priority >= PANTHOR_GROUP_PRIORITY_HIGH && !fake->gpu.privileged ? -EACCES : 0;
}

static int check_queue(const struct drm_panthor_queue_create *queue)
{
	uint32_t size = queue->ringbuf_size;

	if (queue->priority > 15 || queue->pad[0] || queue->pad[1] || queue->pad[2])
		return -EINVAL;
	return size < 4096 || size > 65536 || size & (size - 1) ? -EINVAL : 0;
}

static int check_group(struct fake *fake, const struct fake_file *file,
		       const struct drm_panthor_group_create *create)
{
	const struct drm_panthor_queue_create *queues =
		(const struct drm_panthor_queue_create *)(uintptr_t)create->queues.array;
	int r = check_priority(fake, create->priority);

	if (create->queues.stride != sizeof(*queues) || !create->queues.count ||
	    create->queues.count > FAKE_MAX_QUEUES || create->pad ||
	    !fake_vm_locked(&file->gpu, create->vm_id))
		return -EINVAL;
	if (!cores_exist(create->compute_core_mask, create->max_compute_cores, SHADER_PRESENT) ||
	    !cores_exist(create->fragment_core_mask, create->max_fragment_cores, SHADER_PRESENT) ||
	    !cores_exist(create->tiler_core_mask, create->max_tiler_cores, TILER_PRESENT))
		return -EINVAL;
	for (uint32_t i = 0; i < create->queues.count && !r; i++) {
		fake->gpu_log.queues[i] = queues[i];
		r = check_queue(&queues[i]);
	}
	return r;
}

int fake_group_create(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_group_create *create = arg;
	uint32_t handle = 1;
	int r = check_group(fake, file, create);

	if (r)
		return r;
	while (handle <= FAKE_MAX_GROUPS && file->gpu.groups[handle])
		handle++;
	if (handle > FAKE_MAX_GROUPS)
		return -EBUSY;
	if (fake->bogus_handle)
		return 0;

	file->gpu.groups[handle] = calloc(1, sizeof(struct fake_group));
	file->gpu.groups[handle]->queue_count = create->queues.count;
	create->group_handle = handle;
	return 0;
}

int fake_group_destroy(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_panthor_group_destroy *destroy = arg;

	if (destroy->pad || !group_of(&file->gpu, destroy->group_handle))
		return -EINVAL;
	free(file->gpu.groups[destroy->group_handle]);
	file->gpu.groups[destroy->group_handle] = NULL;
	return 0;
}

int fake_group_get_state(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_group_get_state *get = arg;
	const struct fake_group *group = group_of(&file->gpu, get->group_handle);

	if (get->pad || !group)
		return -EINVAL;
	get->state = group->state;
	get->fatal_queues = group->fatal_queues;
	return 0;
}

static int check_job(const struct fake_group *group, const struct drm_panthor_queue_submit *job)
{
	if (job->pad || !job->stream_size != !job->stream_addr || job->stream_addr & 63 ||
	    job->stream_size & 7 || job->latest_flush & 0x7f000000)
		return -EINVAL;
	return job->queue_index >= group->queue_count ? -EINVAL : 0;
}

int fake_group_submit(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_panthor_group_submit *submit = arg;
	const struct drm_panthor_queue_submit *jobs =
		(const struct drm_panthor_queue_submit *)(uintptr_t)submit->queue_submits.array;
	const struct fake_group *group = group_of(&file->gpu, submit->group_handle);
	struct fake_gpu_log *log = &fake->gpu_log;

	if (submit->pad || submit->queue_submits.stride != sizeof(*jobs) || !group || group->state)
		return -EINVAL;
	log->sync_count = 0;
	for (uint32_t i = 0; i < submit->queue_submits.count; i++) {
		int r = check_job(group, &jobs[i]);

		if (!r) {
			r = fake_check_syncs_locked(fake, &file->gpu, &jobs[i].syncs, log->syncs,
						    log->sync_count);
		}
		if (r)
			return r;
		if (i < FAKE_MAX_LOGGED)
			log->jobs[i] = jobs[i];
	}
	for (uint32_t i = 0; i < submit->queue_submits.count; i++)
		fake_signal_syncs_locked(fake, &file->gpu, &jobs[i].syncs);
	return 0;
}

void fake_set_group_state(struct fake *fake, int fd, uint32_t handle, uint32_t state,
			  uint32_t fatal_queues)
{
	struct fake_group *group;

	pthread_mutex_lock(&fake->lock);
	group = group_of(&fake_file_locked(fake, fd)->gpu, handle);
	group->state = state;
	group->fatal_queues = fatal_queues;
	pthread_mutex_unlock(&fake->lock);
}

int fake_tiler_heap_create(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_tiler_heap_create *create = arg;
	struct fake_vm *vm = fake_vm_locked(&file->gpu, create->vm_id);
	uint32_t index = 0;

	if (!vm || !create->initial_chunk_count ||
	    create->initial_chunk_count > create->max_chunks || create->chunk_size & 4095 ||
	    create->chunk_size < 128 << 10 || create->chunk_size > 8 << 20)
		return -EINVAL;
	while (index < FAKE_MAX_HEAPS && vm->heaps[index])
		index++;
	if (index == FAKE_MAX_HEAPS)
		return -EBUSY;

	vm->has_heaps = true;
	vm->heaps[index] = true;
	create->handle = vm->id << 16 | index;
	create->tiler_heap_ctx_gpu_va = vm->user_va_range + 64 * (uint64_t)index;
	create->first_heap_chunk_gpu_va = vm->user_va_range + (64ull << 20);
	if (fake->bogus_va == 1)
		create->tiler_heap_ctx_gpu_va = 0;
	if (fake->bogus_va == 2)
		create->first_heap_chunk_gpu_va = 0;
	return 0;
}

int fake_tiler_heap_destroy(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_panthor_tiler_heap_destroy *destroy = arg;
	struct fake_vm *vm = fake_vm_locked(&file->gpu, destroy->handle >> 16);
	uint32_t index = destroy->handle & 0xffff;

	if (destroy->pad || !vm)
		return -EINVAL;
	if (!vm->has_heaps)
		return -ENOENT;
	if (index >= FAKE_MAX_HEAPS || !vm->heaps[index])
		return -EINVAL;
	vm->heaps[index] = false;
	return 0;
}

static unsigned int count_heaps(const struct fake_vm *vm)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < FAKE_MAX_HEAPS; i++)
		count += vm->heaps[i];
	return count;
}

unsigned int fake_gpu_fini_locked(struct fake *fake, struct fake_gpu *gpu)
{
	unsigned int count = 0;

	for (uint32_t i = 1; i <= FAKE_MAX_VMS; i++) {
		if (!gpu->vms[i])
			continue;
		count += 1 + count_heaps(gpu->vms[i]);
		fake_vm_fini_locked(fake, gpu->vms[i]);
	}
	for (uint32_t i = 1; i <= FAKE_MAX_GROUPS; i++) {
		count += !!gpu->groups[i];
		free(gpu->groups[i]);
	}
	for (uint32_t i = 1; i <= FAKE_MAX_SYNCOBJS; i++) {
		count += !!gpu->syncobjs[i];
		if (gpu->syncobjs[i])
			fake_syncobj_put(gpu->syncobjs[i]);
	}
	return count;
}
