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
#include "stress_gpu.h"

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
	uint64_t draw =
		pattern_key(worker->job->options->seed, worker->context.worker, index, UINT32_MAX);

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

/* VMs are filled one after the other, which is also the order of visits. */
static uint32_t vm_to_fill(const struct worker *worker)
{
	double live = (double)worker->shared->counts.live_bytes;
	uint32_t vms = worker->context.gpu ? stress_gpu_vms(worker->context.gpu) : 1;

	return (uint32_t)(live / (double)worker->job->share_bytes * vms);
}

static int populate(struct worker *worker)
{
	const struct stress_counts *counts = &worker->shared->counts;
	struct stress_bo *bo;
	int r;

	while (counts->live_bytes < worker->job->share_bytes && !stopped(worker)) {
		if (atomic_load(&worker->job->shared->full) || new_slot(worker, &bo) ||
		    stress_bo_create(&worker->context, bo, vm_to_fill(worker))) {
			back_off(worker);
			return 0;
		}
		r = stress_bo_enter(&worker->context, bo);
		if (!r)
			r = stress_bo_idle(&worker->context, bo);
		if (r)
			return give_up(worker->shared, r, "setting up a BO");
		progress(worker, bo->size);
	}
	return 0;
}

/* Those that are visited through one VM. */
static int visit_vm(struct worker *worker, uint32_t vm)
{
	int r = 0;

	for (size_t i = 0; i < worker->count && !r && !stopped(worker); i++) {
		struct stress_bo *bo = &worker->bos[i];

		if (!bo->bo || stress_bo_vm(&worker->context, bo) != vm)
			continue;
		r = stress_bo_visit(&worker->context, bo);
		if (!r)
			r = stress_bo_idle(&worker->context, bo);
		/* The visit cost the BO. */
		if (!bo->bo && i + 1 < worker->count)
			back_off(worker);
		progress(worker, bo->size);
	}
	return r;
}

/*
 * All of a VM comes back for a job there, so the VMs take turns: BO by BO would bring everything
 * back again and again.
 */
static int visit_all(struct worker *worker)
{
	uint32_t vms = worker->context.gpu ? stress_gpu_vms(worker->context.gpu) : 1;
	int r = 0;

	worker->context.round++;
	for (uint32_t vm = 0; vm < vms && !r; vm++)
		r = visit_vm(worker, vm);
	return r ? give_up(worker->shared, r, "visiting a BO") : 0;
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
#define HEAP_MAX    (4u << 20)

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

static int rehearse(const struct stress_context *context, uint32_t number)
{
	struct stress_bo bo = { .size = PATTERN_PAGE, .index = number };
	int r = stress_bo_create(context, &bo, 0);

	if (!r)
		r = stress_bo_enter(context, &bo);
	if (!r && bo.bo)
		r = stress_bo_visit(context, &bo);
	stress_bo_release(context, &bo);
	return r;
}

/* Small BOs, so many that their draws go most ways. */
#define REHEARSALS_WITH_GPU 8

/*
 * Goes through everything once, with small BOs. Code and stack are in place then: later a page for
 * them could be one too many.
 */
static int warm_up(const struct worker *worker)
{
	struct stress_gpu_counts *gpu_counts = &worker->shared->counts.gpu;
	struct stress_counts counts = { 0 };
	struct stress_context context = worker->context;
	uint32_t rehearsals = context.gpu ? REHEARSALS_WITH_GPU : 1;
	int r = 0;

	context.counts = &counts;
	for (uint32_t i = 0; i < rehearsals && !r; i++)
		r = rehearse(&context, i);
	*gpu_counts = (struct stress_gpu_counts){ .held_bytes = gpu_counts->held_bytes };
	return r;
}

/* What has to be there before the first BO. */
static int prepare(struct worker *worker)
{
	const struct stress_job *job = worker->job;
	struct stress_context *context = &worker->context;
	int r;

	reserve_heap(job);
	r = job->open_device(job->options->device, &context->dev);
	if (r)
		return give_up(worker->shared, r, "opening the device");
	r = guard_install();
	if (r)
		return give_up(worker->shared, r, "catching SIGBUS");
	if (job->options->gpu)
		r = stress_gpu_new(context->dev, (uint32_t)job->options->vms,
				   &worker->shared->counts.gpu, &context->gpu);
	if (r)
		return give_up(worker->shared, r, "setting up the GPU");
	r = warm_up(worker);
	return r ? give_up(worker->shared, r, "trying a first BO") : 0;
}

/* Live counts are what they were at the end of the work, not after this. */
static void clean_up(struct worker *worker)
{
	struct stress_gpu_counts *gpu_counts = &worker->shared->counts.gpu, kept = *gpu_counts;
	struct stress_counts ignored;

	worker->context.counts = &ignored;
	for (size_t i = 0; i < worker->count; i++)
		stress_bo_release(&worker->context, &worker->bos[i]);
	free(worker->bos);
	stress_gpu_free(worker->context.gpu);
	*gpu_counts = kept;
	panthor_device_unref(worker->context.dev);
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
	int r = prepare(&worker);

	if (!r)
		r = serve(&worker, fd);
	clean_up(&worker);
	return r;
}
