// SPDX-License-Identifier: MIT
#include "stress_bo.h"

#include <errno.h>
#include <panthor.h>

#include "stress_gpu.h"
#include "stress_touch.h"

/* A seeded draw: true for @percent of all (BO, round) pairs. */
static bool drawn(const struct stress_context *context, const struct stress_bo *bo, uint32_t salt,
		  uint32_t percent)
{
	uint64_t key = pattern_key(context->options->seed ^ salt, context->worker, bo->index,
				   context->round);

	return key % 100 < percent;
}

#define DRAW_DONTNEED  0x6e64u
#define DRAW_REWRITE   0x7772u
#define DRAW_SHARED    0x7368u
#define DRAW_UNBIND    0x7562u
#define DRAW_UNMAP     0x756du
#define DRAW_GPU_FIRST 0x6766u
#define DRAW_GPU_WRITE 0x6777u

#define PERCENT_REWRITE	  50
#define PERCENT_UNBIND	  25
#define PERCENT_UNMAP	  50
#define PERCENT_GPU_FIRST 50
#define PERCENT_GPU_WRITE 50

static bool is_shared(const struct stress_bo *bo)
{
	return bo->vms[0] != bo->vms[1];
}

static bool is_bound(const struct stress_bo *bo)
{
	return bo->n_bound == (is_shared(bo) ? 2u : 1u);
}

uint32_t stress_bo_vm(const struct stress_context *context, const struct stress_bo *bo)
{
	/* What was written through one of them is verified through the other. */
	return bo->vms[context->round % 2];
}

static int map(const struct stress_context *context, struct stress_bo *bo)
{
	int r = bo->map ? 0 : panthor_bo_map(bo->bo, &bo->map);

	context->counts->map_failures += !!r;
	return r;
}

static void unmap(struct stress_bo *bo)
{
	if (bo->map)
		panthor_bo_unmap(bo->bo);
	bo->map = NULL;
}

/* Into its VMs, as far as there is memory for that. */
static int bind(const struct stress_context *context, struct stress_bo *bo)
{
	int r = 0;

	if (!context->gpu)
		return 0;
	if (!bo->n_bound)
		bo->va ^= STRESS_GPU_OTHER_VA;
	while (!r && !is_bound(bo)) {
		r = stress_gpu_bind(context->gpu, bo->vms[bo->n_bound], bo->bo, bo->va);
		bo->n_bound += !r;
	}
	return r == -ENOMEM ? 0 : r;
}

static int unbind(const struct stress_context *context, struct stress_bo *bo)
{
	int r = 0;

	while (!r && bo->n_bound) {
		r = stress_gpu_unbind(context->gpu, bo->vms[bo->n_bound - 1], bo->va, bo->size);
		bo->n_bound -= !r;
	}
	return r == -ENOMEM ? 0 : r;
}

static int new_bo(const struct stress_context *context, struct stress_bo *bo, uint32_t vm)
{
	struct stress_gpu *gpu = context->gpu;
	bool shared = gpu && drawn(context, bo, DRAW_SHARED, context->options->shared);
	int r;

	bo->vms[0] = vm;
	bo->vms[1] = shared ? (vm + 1) % stress_gpu_vms(gpu) : vm;
	if (gpu && !is_shared(bo))
		r = stress_gpu_new_bo(gpu, vm, bo->size, &bo->bo);
	else
		r = panthor_bo_new(context->dev, NULL, bo->size, 0, &bo->bo);
	context->counts->create_failures += !!r;
	return r;
}

int stress_bo_create(const struct stress_context *context, struct stress_bo *bo, uint32_t vm)
{
	int r = new_bo(context, bo, vm);

	if (r)
		return r;
	/* A kernel without labels is no reason not to run. */
	panthor_bo_set_label(bo->bo, "panthor-bo stress");
	bo->size = panthor_bo_size(bo->bo);
	bo->va = context->gpu ? stress_gpu_take_va(context->gpu, bo->size) : 0;
	context->counts->bos++;
	context->counts->live_bytes += bo->size;
	r = map(context, bo);
	if (!r)
		r = stress_fill(context, bo);
	if (r)
		stress_bo_release(context, bo);
	return r;
}

void stress_bo_release(const struct stress_context *context, struct stress_bo *bo)
{
	if (!bo->bo)
		return;
	context->counts->bos--;
	context->counts->live_bytes -= bo->size;
	/* A mapping would keep the memory. */
	unbind(context, bo);
	unmap(bo);
	bo->bo = panthor_bo_unref(bo->bo);
}

static int advise(const struct stress_context *context, struct stress_bo *bo)
{
	int r;

	if (!drawn(context, bo, DRAW_DONTNEED, context->options->dontneed))
		return 0;
	r = panthor_bo_madvise(bo->bo, PANTHOR_BO_DONTNEED, NULL);
	if (!r) {
		bo->advised = true;
		context->counts->advised_bos++;
	}
	return r;
}

int stress_bo_idle(const struct stress_context *context, struct stress_bo *bo)
{
	int r = 0;

	if (!bo->bo)
		return 0;
	if (context->gpu && drawn(context, bo, DRAW_UNMAP, PERCENT_UNMAP))
		unmap(bo);
	if (context->gpu && drawn(context, bo, DRAW_UNBIND, PERCENT_UNBIND))
		r = unbind(context, bo);
	return r ? r : advise(context, bo);
}

/* Takes DONTNEED back, and finds out whether that came too late for the contents. */
static int want_again(const struct stress_context *context, struct stress_bo *bo)
{
	struct stress_counts *counts = context->counts;
	bool retained;
	int r;

	if (!bo->advised)
		return 0;
	r = panthor_bo_madvise(bo->bo, PANTHOR_BO_WILLNEED, &retained);
	if (r)
		return r;
	bo->advised = false;
	bo->contents.zero = !retained;
	counts->retained_bos += retained;
	counts->purged_bos += !retained;
	counts->purged_bytes += retained ? 0 : bo->size;
	return 0;
}

/* Want of memory and faults are counted where they occur, and leave the rest to be done. */
static int unless_counted(int r)
{
	return r == -ENOMEM || r == -EIO || r == -EFAULT ? 0 : r;
}

static int gpu_check(const struct stress_context *context, const struct stress_bo *bo)
{
	return is_bound(bo) ? unless_counted(stress_gpu_check(context, bo)) : 0;
}

/* The one that comes first is the one that finds what was evicted. */
static int check(const struct stress_context *context, const struct stress_bo *bo, bool was_mapped)
{
	bool gpu_first = is_bound(bo) && drawn(context, bo, DRAW_GPU_FIRST, PERCENT_GPU_FIRST);
	int r = 0;

	if (gpu_first)
		r = gpu_check(context, bo);
	else if (was_mapped && !bo->contents.zero)
		r = stress_refault(context, bo);
	if (!r)
		r = stress_verify(context, bo);
	if (!r && !gpu_first)
		r = gpu_check(context, bo);
	return r;
}

static int gpu_rewrite(const struct stress_context *context, struct stress_bo *bo)
{
	int r = unless_counted(stress_gpu_fill(context, bo));

	return !r && bo->undefined ? stress_fill(context, bo) : r;
}

static int rewrite(const struct stress_context *context, struct stress_bo *bo)
{
	if (bo->contents.zero)
		return stress_fill(context, bo);
	if (!drawn(context, bo, DRAW_REWRITE, PERCENT_REWRITE))
		return 0;
	if (is_bound(bo) && drawn(context, bo, DRAW_GPU_WRITE, PERCENT_GPU_WRITE))
		return gpu_rewrite(context, bo);
	return stress_fill(context, bo);
}

/* Contents that could not be brought in still exist: the next round tries again. */
static int settle(const struct stress_context *context, struct stress_bo *bo, int r)
{
	if (r && (bo->undefined || bo->contents.zero))
		stress_bo_release(context, bo);
	return unless_counted(r);
}

int stress_bo_enter(const struct stress_context *context, struct stress_bo *bo)
{
	int r = bind(context, bo);

	if (!r && is_bound(bo) && drawn(context, bo, DRAW_GPU_WRITE, PERCENT_GPU_WRITE))
		r = gpu_rewrite(context, bo);
	return settle(context, bo, r);
}

int stress_bo_visit(const struct stress_context *context, struct stress_bo *bo)
{
	bool was_mapped = bo->map;
	int r = want_again(context, bo);

	if (r)
		return r;
	/* Failures to map are counted, whatever they are. */
	if (map(context, bo))
		return settle(context, bo, -ENOMEM);
	r = bind(context, bo);
	if (!r)
		r = check(context, bo, was_mapped);
	if (!r)
		r = rewrite(context, bo);
	return settle(context, bo, r);
}
