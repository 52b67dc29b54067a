// SPDX-License-Identifier: MIT
/* Groups, jobs, tiler heaps. */
#include "fz.h"

#define QUEUES 9
#define JOBS   6
#define WORDS  64

static void make_group(struct fz_worker *w, unsigned int vm_slot, uint32_t vm)
{
	struct drm_panthor_queue_create queues[QUEUES] = { 0 };
	uint32_t count = (uint32_t)fz_below(w, fz_one_in(w, 16) ? QUEUES + 1 : 5), i;
	struct drm_panthor_group_create args = {
		.max_compute_cores = (uint8_t)fz_below(w, 5),
		.max_fragment_cores = 4,
		.max_tiler_cores = 1,
		.priority = (uint8_t)fz_below(w, 4),
		.compute_core_mask = 0x50005,
		.fragment_core_mask = 0x50005,
		.tiler_core_mask = 1,
		.vm_id = vm,
	};

	for (i = 0; i < count; i++) {
		queues[i].priority = (uint8_t)fz_below(w, 16);
		queues[i].ringbuf_size = (uint32_t)KT_PAGE << fz_below(w, 5);
	}
	args.queues = fz_put_array(w, &fz_queue_create_shape, queues, count);
	if (fz_call(w, FZ_GROUP_CREATE, &args) == 0) {
		unsigned int slot = fz_keep(w, FZ_GROUP, args.group_handle);

		w->file->table->group_vm[slot] = vm_slot < FZ_SLOTS ? vm_slot : 0;
		w->file->table->group_queues[slot] = count;
	}
}

void fz_make_group(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t vm = fz_pick(w, FZ_VM, &slot);

	make_group(w, slot, vm);
}

static void step_destroy(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t handle = fz_pick(w, FZ_GROUP, &slot);

	if (fz_destroy(w, FZ_GROUP, handle) == 0)
		fz_forget(w, FZ_GROUP, slot, handle);
}

/* Not all that die are found, and some that live are destroyed with their jobs. */
static void look_at(struct fz_worker *w, unsigned int slot, uint32_t handle)
{
	struct drm_panthor_group_get_state args = { .group_handle = handle };
	bool dead = fz_call(w, FZ_GROUP_GET_STATE, &args) == 0 && args.state;
	bool destroy = dead ? !fz_one_in(w, 4) : fz_one_in(w, 16);

	if (destroy && fz_destroy(w, FZ_GROUP, handle) == 0)
		fz_forget(w, FZ_GROUP, slot, handle);
}

static void submit(struct fz_worker *w, unsigned int slot, struct drm_panthor_group_submit *args)
{
	uint32_t handle = args->group_handle;
	int ret = fz_call(w, FZ_GROUP_SUBMIT, args);

	if (ret == 0)
		fz_settle_group(w, args->group_handle);
	else if (ret == -EINVAL)
		look_at(w, slot, handle);
}

static void step_state(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t handle = fz_pick(w, FZ_GROUP, &slot);

	look_at(w, slot, handle);
}

/* Mostly one that exists: if there is none, it is made instead, and the caller gives up. */
static bool pick_group(struct fz_worker *w, unsigned int *slot, uint32_t *ret_handle)
{
	*ret_handle = fz_pick(w, FZ_GROUP, slot);
	if (*ret_handle || fz_one_in(w, 8))
		return true;
	fz_make_group(w);
	return false;
}

static unsigned int vm_slot_of(struct fz_worker *w, unsigned int group_slot)
{
	return group_slot < FZ_SLOTS ? w->file->table->group_vm[group_slot] : 0;
}

/* Any of the group's queues, or one that it has not. */
static uint32_t some_queue(struct fz_worker *w, unsigned int group_slot)
{
	uint32_t queues = 0;

	if (group_slot < FZ_SLOTS)
		queues = w->file->table->group_queues[group_slot];
	return (uint32_t)fz_below(w, queues && !fz_one_in(w, 16) ? queues : QUEUES);
}

/* Jobs without a stream, and with one wherever something was bound. */
static void step_submit(struct fz_worker *w)
{
	struct drm_panthor_queue_submit jobs[JOBS] = { 0 };
	struct drm_panthor_group_submit args = { 0 };
	uint32_t count = (uint32_t)fz_below(w, JOBS), handle, i;
	unsigned int slot;

	if (!pick_group(w, &slot, &handle))
		return;
	args.group_handle = handle;
	for (i = 0; i < count; i++) {
		const struct fz_bound *bound =
			&w->file->table->bound[vm_slot_of(w, slot)][fz_below(w, FZ_BINDS)];

		jobs[i].queue_index = some_queue(w, slot);
		if (fz_one_in(w, 6)) {
			jobs[i].stream_addr = (bound->va + 64 * fz_below(w, 64)) | 64;
			jobs[i].stream_size = 8 * (1 + (uint32_t)fz_small(w, 9));
		}
		jobs[i].latest_flush = (uint32_t)fz_below(w, 4);
		jobs[i].syncs = fz_syncs(w);
	}
	args.queue_submits = fz_put_array(w, &fz_queue_submit_shape, jobs, count);
	submit(w, slot, &args);
}

/* A BO with a stream in it; 0 when any of what that takes fails. */
static uint32_t stream_bo(struct fz_worker *w, unsigned int vm_slot, uint32_t *ret_size)
{
	struct drm_panthor_bo_create args = { .size = KT_PAGE };
	uint64_t words[WORDS];
	void *map;

	if (fz_one_in(w, 2))
		args.flags = DRM_PANTHOR_BO_WB_MMAP;
	if (fz_one_in(w, 2))
		args.exclusive_vm_id = w->file->table->handle[FZ_VM][vm_slot];
	*ret_size = fz_stream(w, vm_slot, words, WORDS);
	if (fz_call(w, FZ_BO_CREATE, &args) < 0 || !fz_keep_bo(w, args.handle, args.size))
		return 0;
	map = fz_map_bo(w, args.handle, KT_PAGE);
	if (!map || !fz_copy(w, map, words, *ret_size))
		return 0;
	return args.handle;
}

static bool bind_stream(struct fz_worker *w, unsigned int vm_slot, uint32_t bo, uint64_t va)
{
	struct drm_panthor_vm_bind_op op = { .bo_handle = bo, .va = va, .size = KT_PAGE };
	struct drm_panthor_vm_bind args = { .vm_id = w->file->table->handle[FZ_VM][vm_slot] };

	args.ops = fz_put_array(w, &fz_bind_op_shape, &op, 1);
	return fz_call(w, FZ_VM_BIND, &args) == 0;
}

/* All that it takes to run a stream: a BO, a map, a binding and a job. */
void fz_run_some(struct fz_worker *w)
{
	struct drm_panthor_queue_submit job = { 0 };
	struct drm_panthor_group_submit args = { 0 };
	unsigned int slot, vm_slot;
	uint64_t va = KT_MIB * 64 + KT_PAGE * fz_below(w, 16);
	uint32_t handle, bo, size;

	if (!pick_group(w, &slot, &handle))
		return;
	args.group_handle = handle;
	vm_slot = vm_slot_of(w, slot);
	if (!w->file->table->handle[FZ_VM][vm_slot]) {
		fz_make_group(w);
		return;
	}
	bo = stream_bo(w, vm_slot, &size);
	if (!bo || !bind_stream(w, vm_slot, bo, va))
		return;
	job.queue_index = some_queue(w, slot);
	job.stream_addr = va;
	job.stream_size = size;
	job.syncs = fz_syncs(w);
	args.queue_submits = fz_put_array(w, &fz_queue_submit_shape, &job, 1);
	submit(w, slot, &args);
	if (!fz_one_in(w, 4))
		fz_destroy(w, FZ_BO, bo);
}

/* None, as many as there may be, one too many, more than there is memory for, and what works. */
static void pick_chunks(struct fz_worker *w, struct drm_panthor_tiler_heap_create *args)
{
	switch (fz_below(w, 16)) {
	case 0:
		args->initial_chunk_count = 0;
		break;
	case 1:
		args->initial_chunk_count = args->max_chunks;
		break;
	case 2:
		args->initial_chunk_count = args->max_chunks + 1;
		break;
	case 3:
		args->max_chunks = ~0u;
		args->initial_chunk_count = ~0u;
		break;
	default:
		args->initial_chunk_count = 1 + (uint32_t)fz_below(w, 3);
	}
}

static void step_heap_create(struct fz_worker *w)
{
	struct drm_panthor_tiler_heap_create args = {
		.chunk_size = 131072u << fz_small(w, 2),
		.max_chunks = 1 + (uint32_t)fz_small(w, 8),
		.target_in_flight = (uint32_t)fz_number(w),
	};
	unsigned int slot;

	pick_chunks(w, &args);
	args.vm_id = fz_pick(w, FZ_VM, &slot);
	if (fz_call(w, FZ_TILER_HEAP_CREATE, &args) == 0)
		fz_keep(w, FZ_HEAP, args.handle);
}

static void step_heap_destroy(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t handle = fz_pick(w, FZ_HEAP, &slot);

	if (fz_destroy(w, FZ_HEAP, handle) == 0)
		fz_forget(w, FZ_HEAP, slot, handle);
}

const struct fz_step fz_gpu_steps[] = {
	{ fz_make_group, 14 },	  { step_destroy, 6 }, { step_state, 16 },
	{ step_submit, 60 },	  { fz_run_some, 45 }, { step_heap_create, 4 },
	{ step_heap_destroy, 3 }, { NULL, 0 },
};
