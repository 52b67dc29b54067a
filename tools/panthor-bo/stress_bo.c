// SPDX-License-Identifier: MIT
#include "stress_bo.h"

#include <errno.h>
#include <panthor.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard.h"
#include "term.h"

/* One touch of a BO's memory, as guard_call() takes it. */
struct access {
	const struct stress_context *context;
	const struct stress_bo *bo;
	struct pattern_mismatch mismatch;
};

static uint64_t bo_key(const struct access *access)
{
	return pattern_key(access->context->options->seed, access->context->worker,
			   access->bo->index, access->bo->generation);
}

static void access_fill(void *arg)
{
	const struct access *access = arg;

	pattern_fill(access->bo->map, access->bo->size, bo_key(access),
		     access->context->options->compress);
}

static void access_verify(void *arg)
{
	struct access *access = arg;

	pattern_verify(access->bo->map, access->bo->size, bo_key(access),
		       access->context->options->compress, &access->mismatch);
}

static void access_verify_zero(void *arg)
{
	struct access *access = arg;

	pattern_verify_zero(access->bo->map, access->bo->size, &access->mismatch);
}

static void access_first(void *arg)
{
	const struct access *access = arg;

	(void)*(const volatile uint64_t *)access->bo->map;
}

static int touch(struct access *access, void (*function)(void *arg))
{
	int r = guard_call(function, access, access->bo->map, access->bo->size);

	if (r)
		access->context->counts->touch_failures++;
	return r;
}

static int fill(const struct stress_context *context, const struct stress_bo *bo)
{
	struct access access = { context, bo, { 0 } };
	int r = touch(&access, access_fill);

	if (!r)
		context->counts->written_bytes += bo->size;
	return r;
}

/* A seeded draw: true for @percent of all (BO, round) pairs. */
static bool drawn(const struct stress_context *context, const struct stress_bo *bo, uint32_t salt,
		  uint32_t percent)
{
	uint64_t key = pattern_key(context->options->seed ^ salt, context->worker, bo->index,
				   context->round);

	return key % 100 < percent;
}

#define DRAW_DONTNEED 0x6e64u
#define DRAW_REWRITE 0x7772u

static int map_bo(const struct stress_context *context, struct stress_bo *bo)
{
	int r = panthor_bo_map(bo->bo, &bo->map);

	if (r) {
		context->counts->map_failures++;
		bo->bo = panthor_bo_unref(bo->bo);
	}
	return r;
}

int stress_bo_create(const struct stress_context *context, struct stress_bo *bo)
{
	int r = panthor_bo_new(context->dev, bo->size, 0, &bo->bo);

	if (r) {
		context->counts->create_failures++;
		return r;
	}
	/* A kernel without labels is no reason not to run. */
	panthor_bo_set_label(bo->bo, "panthor-bo stress");
	r = map_bo(context, bo);
	if (r)
		return r;
	bo->size = panthor_bo_size(bo->bo);
	bo->advised = false;
	context->counts->bos++;
	context->counts->live_bytes += bo->size;
	r = fill(context, bo);
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
	panthor_bo_unmap(bo->bo);
	bo->bo = panthor_bo_unref(bo->bo);
	bo->map = NULL;
}

int stress_bo_idle(const struct stress_context *context, struct stress_bo *bo)
{
	int r;

	if (!bo->bo || !drawn(context, bo, DRAW_DONTNEED, context->options->dontneed))
		return 0;
	r = panthor_bo_madvise(bo->bo, PANTHOR_BO_DONTNEED, NULL);
	if (!r) {
		bo->advised = true;
		context->counts->advised_bos++;
	}
	return r;
}

/*
 * Whether a BO was evicted since this process last touched it: eviction takes all of it out of the
 * page tables, and nothing else takes pages of a device mapping out. A part that is still mapped
 * means that the last eviction came before the last touch.
 */
static int is_evicted(const struct stress_bo *bo, bool *ret_evicted)
{
	unsigned char present[1024];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), chunk = page * sizeof(present);

	for (uint64_t offset = 0; offset < bo->size; offset += chunk) {
		uint64_t size = bo->size - offset < chunk ? bo->size - offset : chunk;

		if (mincore((char *)bo->map + offset, size, present))
			return -errno;
		for (uint64_t i = 0; i < size / page; i++) {
			if (present[i] & 1) {
				*ret_evicted = false;
				return 0;
			}
		}
	}
	*ret_evicted = true;
	return 0;
}

/* Times the first touch of a BO that was evicted meanwhile. */
static int refault(const struct stress_context *context, const struct stress_bo *bo)
{
	struct stress_counts *counts = context->counts;
	struct access access = { context, bo, { 0 } };
	uint64_t start;
	bool evicted;

	if (!context->have_swap)
		return 0;
	if (is_evicted(bo, &evicted)) {
		counts->residency_unknown++;
		return 0;
	}
	if (!evicted)
		return 0;
	start = clock_now();
	if (touch(&access, access_first))
		return -EFAULT;
	histogram_add(&counts->refault_ns, clock_now() - start);
	counts->refaulted_bos++;
	counts->refaulted_bytes += bo->size;
	return 0;
}

static void count_mismatch(const struct access *access, enum stress_mismatch_kind kind)
{
	struct stress_counts *counts = access->context->counts;

	if (!access->mismatch.words)
		return;
	if (!counts->mismatched_bos++) {
		counts->first = (struct stress_mismatch){
			.kind = kind,
			.worker = access->context->worker,
			.bo = access->bo->index,
			.generation = access->bo->generation,
			.round = access->context->round,
			.when_ns = clock_now(),
			.where = access->mismatch,
		};
	}
	counts->mismatched_words += access->mismatch.words;
}

static int verify(const struct stress_context *context, const struct stress_bo *bo, bool purged)
{
	struct access access = { context, bo, { 0 } };
	int r = touch(&access, purged ? access_verify_zero : access_verify);

	if (r)
		return r;
	context->counts->verified_bytes += bo->size;
	count_mismatch(&access, purged ? STRESS_MISMATCH_PURGED : STRESS_MISMATCH_CONTENT);
	return 0;
}

/* Takes DONTNEED back; *ret_purged tells whether that came too late for the contents. */
static int want_again(const struct stress_context *context, struct stress_bo *bo, bool *ret_purged)
{
	struct stress_counts *counts = context->counts;
	bool retained;
	int r;

	if (!bo->advised) {
		*ret_purged = false;
		return 0;
	}
	r = panthor_bo_madvise(bo->bo, PANTHOR_BO_WILLNEED, &retained);
	if (r)
		return r;
	bo->advised = false;
	counts->retained_bos += retained;
	counts->purged_bos += !retained;
	counts->purged_bytes += retained ? 0 : bo->size;
	*ret_purged = !retained;
	return 0;
}

int stress_bo_visit(const struct stress_context *context, struct stress_bo *bo)
{
	bool purged = false, broken;
	int r;

	r = want_again(context, bo, &purged);
	if (r)
		return r;
	broken = !purged && refault(context, bo);
	if (!broken)
		broken = verify(context, bo, purged);
	/* Contents that could not be brought in still exist: the next round tries again. */
	if (broken && !purged)
		return 0;
	if (!broken && (purged || drawn(context, bo, DRAW_REWRITE, 50))) {
		bo->generation++;
		broken = fill(context, bo);
	}
	if (broken)
		stress_bo_release(context, bo);
	return 0;
}
