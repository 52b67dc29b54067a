// SPDX-License-Identifier: MIT
#include <errno.h>
#include <malloc.h>
#include <panthor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"
#include "stress.h"
#include "stress_bo.h"

struct worker {
	const struct stress_job *job;
	struct stress_worker *shared;
	struct stress_context context;
	struct stress_bo *bos;
	size_t count;
	size_t room;
};

static int give_up(struct stress_worker *shared, int error, const char *doing)
{
	shared->error = -error;
	snprintf(shared->doing, sizeof(shared->doing), "%s", doing);
	return error;
}

static uint64_t bo_size(const struct worker *worker, uint32_t index)
{
	const struct option_sizes *sizes = &worker->job->options->bo_sizes;
	uint64_t draw = pattern_key(worker->job->options->seed, worker->context.worker, index,
				    UINT32_MAX);

	return sizes->bytes[draw % sizes->count];
}

static void progress(const struct worker *worker, uint64_t bytes)
{
	atomic_fetch_add_explicit(&worker->shared->done_bytes, bytes, memory_order_relaxed);
}

static bool stopped(const struct worker *worker)
{
	return atomic_load_explicit(&worker->job->shared->stop, memory_order_relaxed);
}

static int new_slot(struct worker *worker, struct stress_bo **ret_bo)
{
	struct stress_bo *bo;

	if (worker->count == worker->room) {
		size_t room = worker->room ? 2 * worker->room : 64;
		struct stress_bo *bos = reallocarray(worker->bos, room, sizeof(*bos));

		if (!bos)
			return -ENOMEM;
		worker->bos = bos;
		worker->room = room;
	}
	bo = &worker->bos[worker->count];
	*bo = (struct stress_bo){ .index = (uint32_t)worker->count };
	bo->size = bo_size(worker, bo->index);
	worker->count++;
	*ret_bo = bo;
	return 0;
}

/*
 * Memory is used up. Whatever else runs here needs some too, and BOs that were purged will want
 * theirs again, so a part of what was taken goes back: the kernel would rather kill somebody than
 * let an ordinary allocation fail.
 */
static void back_off(struct worker *worker)
{
	size_t keep = worker->count - (worker->count + 7) / 8;

	atomic_store(&worker->job->shared->full, true);
	while (worker->count > keep)
		stress_bo_release(&worker->context, &worker->bos[--worker->count]);
}

static int populate(struct worker *worker)
{
	const struct stress_counts *counts = &worker->shared->counts;
	struct stress_bo *bo;
	int r;

	while (counts->live_bytes < worker->job->share_bytes && !stopped(worker)) {
		if (atomic_load(&worker->job->shared->full) || new_slot(worker, &bo) ||
		    stress_bo_create(&worker->context, bo)) {
			back_off(worker);
			return 0;
		}
		r = stress_bo_idle(&worker->context, bo);
		if (r)
			return give_up(worker->shared, r, "advising a BO");
		progress(worker, bo->size);
	}
	return 0;
}

static int visit_all(struct worker *worker)
{
	int r = 0;

	worker->context.round++;
	for (size_t i = 0; i < worker->count && !r && !stopped(worker); i++) {
		struct stress_bo *bo = &worker->bos[i];

		if (!bo->bo)
			continue;
		r = stress_bo_visit(&worker->context, bo);
		if (!r)
			r = stress_bo_idle(&worker->context, bo);
		/* The visit cost the BO. */
		if (!bo->bo && i + 1 < worker->count)
			back_off(worker);
		progress(worker, bo->size);
	}
	return r ? give_up(worker->shared, r, "advising a BO") : 0;
}

static int stage(struct worker *worker, char name)
{
	atomic_store(&worker->shared->done_bytes, 0);
	return name == STRESS_POPULATE ? populate(worker) : visit_all(worker);
}

/* One letter in, one letter back; the end of the file is the end of the work. */
static int serve(struct worker *worker, int fd)
{
	char name;
	int r = 0;

	while (!r) {
		ssize_t n = read(fd, &name, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		r = stage(worker, name);
		if (!r && write(fd, &name, 1) != 1)
			r = give_up(worker->shared, -errno, "answering");
	}
	return r;
}

/* Heap for what the library and the worker keep per BO; more than this is taken as it comes. */
#define HEAP_PER_BO 512
#define HEAP_MAX (4u << 20)

/* Has malloc() own memory that is there, and keep it. */
static void reserve_heap(const struct stress_job *job)
{
	uint64_t smallest = UINT64_MAX, size;
	void *heap;

	for (size_t i = 0; i < job->options->bo_sizes.count; i++) {
		if (job->options->bo_sizes.bytes[i] < smallest)
			smallest = job->options->bo_sizes.bytes[i];
	}
	size = job->share_bytes / smallest * HEAP_PER_BO + 256 * 1024;
	size = size < HEAP_MAX ? size : HEAP_MAX;
	mallopt(M_MMAP_THRESHOLD, 2 * HEAP_MAX);
	mallopt(M_TRIM_THRESHOLD, 4 * HEAP_MAX);
	heap = malloc(size);
	if (heap)
		explicit_bzero(heap, size);
	free(heap);
}

/*
 * Goes through everything once, with one small BO. Code and stack are in place then: later a page
 * for them could be one too many.
 */
static int warm_up(const struct worker *worker)
{
	struct stress_counts counts = { 0 };
	struct stress_context context = worker->context;
	struct stress_bo bo = { .size = PATTERN_PAGE };
	int r;

	context.counts = &counts;
	r = stress_bo_create(&context, &bo);
	if (!r)
		r = stress_bo_visit(&context, &bo);
	stress_bo_release(&context, &bo);
	return r;
}

int stress_work(const struct stress_job *job, int fd)
{
	struct stress_worker *shared = &job->shared->workers[job->index];
	struct worker worker = {
		.job = job,
		.shared = shared,
		.context = {
			.options = job->options,
			.counts = &shared->counts,
			.worker = job->index,
			.have_swap = job->have_swap,
		},
	};
	int r;

	reserve_heap(job);
	r = job->open_device(job->options->device, &worker.context.dev);

	if (r)
		return give_up(shared, r, "opening the device");
	r = guard_install();
	if (r)
		give_up(shared, r, "catching SIGBUS");
	if (!r) {
		r = warm_up(&worker);
		if (r)
			give_up(shared, r, "trying a first BO");
	}
	if (!r)
		r = serve(&worker, fd);
	/* Live counts are what they were at the end of the work, not after this. */
	for (size_t i = 0; i < worker.count; i++) {
		if (worker.bos[i].bo) {
			panthor_bo_unmap(worker.bos[i].bo);
			panthor_bo_unref(worker.bos[i].bo);
		}
	}
	free(worker.bos);
	panthor_device_unref(worker.context.dev);
	return r;
}
