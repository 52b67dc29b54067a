// SPDX-License-Identifier: MIT
#include "stress_touch.h"

#include <errno.h>
#include <sys/resource.h>

#include "guard.h"
#include "stress_gpu.h"
#include "term.h"

/* One touch of a BO's memory, as guard_call() takes it. */
struct access {
	const struct stress_bo *bo;
	const struct pattern *pattern;
	struct pattern_mismatch mismatch;
};

static void access_fill(void *arg)
{
	const struct access *access = arg;

	pattern_fill(access->bo->map, access->bo->size, access->pattern);
}

static void access_verify(void *arg)
{
	struct access *access = arg;

	pattern_verify(access->bo->map, access->bo->size, access->pattern, &access->mismatch);
}

static void access_first(void *arg)
{
	const struct access *access = arg;

	(void)*(const volatile uint64_t *)access->bo->map;
}

static int touch(const struct stress_context *context, struct access *access,
		 void (*function)(void *arg))
{
	int r = guard_call(function, access, access->bo->map, access->bo->size);

	if (r)
		context->counts->touch_failures++;
	return r;
}

static uint64_t next_key(const struct stress_context *context, struct stress_bo *bo)
{
	return pattern_key(context->options->seed, context->worker, bo->index, bo->writes++);
}

int stress_fill(const struct stress_context *context, struct stress_bo *bo)
{
	const struct pattern pattern = {
		.key = next_key(context, bo),
		.compress = context->options->compress,
	};
	struct access access = { .bo = bo, .pattern = &pattern };
	int r;

	bo->undefined = true;
	r = touch(context, &access, access_fill);
	if (!r) {
		bo->undefined = false;
		bo->contents = pattern;
		context->counts->written_bytes += bo->size;
	}
	return r;
}

static void note_mismatch(const struct stress_context *context, const struct stress_bo *bo,
			  enum stress_side side, const struct pattern_mismatch *mismatch)
{
	struct stress_counts *counts = context->counts;

	if (!mismatch->words)
		return;
	if (!counts->mismatched_bos++) {
		counts->first = (struct stress_mismatch){
			.kind = bo->contents.zero ? STRESS_MISMATCH_PURGED
						  : STRESS_MISMATCH_CONTENT,
			.side = side,
			.worker = context->worker,
			.bo = bo->index,
			.generation = bo->writes - 1,
			.round = context->round,
			.when_ns = clock_now(),
			.where = *mismatch,
		};
	}
	if (side == STRESS_GPU)
		counts->gpu.mismatched_words += mismatch->words;
	else
		counts->mismatched_words += mismatch->words;
}

int stress_verify(const struct stress_context *context, const struct stress_bo *bo)
{
	struct access access = { .bo = bo, .pattern = &bo->contents };
	int r = touch(context, &access, access_verify);

	if (r)
		return r;
	context->counts->verified_bytes += bo->size;
	note_mismatch(context, bo, STRESS_CPU, &access.mismatch);
	return 0;
}

/* Page faults of this thread so far. */
static int64_t faults(void)
{
	struct rusage usage = { .ru_minflt = 0 };

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/*
 * A BO that stayed mapped was evicted since this process last touched it if its first word faults:
 * eviction takes all of it out of the page tables, and nothing else takes pages of a device mapping
 * out. (mincore(2) does not look at such mappings.) The touch of a word on the stack is for the
 * code in between, which is not to fault then.
 */
int stress_refault(const struct stress_context *context, const struct stress_bo *bo)
{
	struct stress_counts *counts = context->counts;
	const struct stress_bo on_stack = { .map = &counts, .size = sizeof(counts) };
	struct access access = { .bo = &on_stack };
	uint64_t start, end;
	int64_t before;

	if (!context->have_swap)
		return 0;
	touch(context, &access, access_first);
	access.bo = bo;
	before = faults();
	start = clock_now();
	if (touch(context, &access, access_first))
		return -EFAULT;
	end = clock_now();
	if (faults() == before)
		return 0;
	histogram_add(&counts->refault_ns, end - start);
	counts->refaulted_bos++;
	counts->refaulted_bytes += bo->size;
	return 0;
}

int stress_gpu_fill(const struct stress_context *context, struct stress_bo *bo)
{
	uint64_t key = next_key(context, bo);
	int r = stress_gpu_write(context->gpu, stress_bo_vm(context, bo), bo->va, bo->size, key);

	bo->undefined = r && r != -ENOMEM;
	if (!r) {
		bo->contents.lines = true;
		bo->contents.line_key = key;
	}
	return r;
}

int stress_gpu_check(const struct stress_context *context, const struct stress_bo *bo)
{
	struct pattern_mismatch mismatch;
	int r = stress_gpu_verify(context->gpu, stress_bo_vm(context, bo), bo->va, bo->size,
				  &bo->contents, &mismatch);

	if (!r)
		note_mismatch(context, bo, STRESS_GPU, &mismatch);
	return r;
}
