// SPDX-License-Identifier: MIT
#include "stress_gpu.h"

#include <errno.h>
#include <panthor.h>
#include <stdlib.h>

#include "gpu_stream.h"
#include "guard.h"
#include "term.h"

/* Streams, and behind them the report. */
#define STREAM_BYTES (256u * 1024)
#define MEMORY_BYTES (STREAM_BYTES + PATTERN_PAGE)

/* Where the streams are in every VM, and from where on BOs: those of large pages in such. */
#define STREAM_VA (UINT64_C(1) << 32)
#define FIRST_VA  (UINT64_C(1) << 33)
#define LARGE	  (UINT64_C(2) << 20)

/* Beyond what the kernel gives a job, and what it takes to bring a VM's BOs back. */
#define PATIENCE_NS 300000000000ll

struct stress_vm {
	struct panthor_vm *vm;
	struct panthor_group *group;
};

struct stress_gpu {
	struct panthor_device *dev;
	struct stress_gpu_counts *counts;
	struct panthor_bo *memory;
	void *map;	  /* of it */
	uint32_t syncobj; /* signalled by every job */
	uint64_t next_va;
	uint32_t n_vms;
	struct stress_vm vms[STRESS_MAX_VMS];
};

/* What a stream is made from, as guard_call() takes it: its memory may be evicted as any other. */
struct build {
	struct stress_gpu *gpu;
	const struct pattern *pattern; /* NULL: write the lines of line_key */
	uint64_t line_key;
	uint64_t va;
	uint64_t first, pages;
	struct gpu_report report;
	uint32_t size;
	int error;
};

static struct gpu_report *report_of(const struct stress_gpu *gpu)
{
	return (struct gpu_report *)((char *)gpu->map + STREAM_BYTES);
}

static void build_stream(void *arg)
{
	struct build *build = arg;
	void *memory = build->gpu->map;

	*report_of(build->gpu) = (struct gpu_report){ 0 };
	if (build->pattern)
		build->error = gpu_stream_verify(memory, STREAM_BYTES, build->pattern, build->va,
						 build->first, build->pages,
						 STREAM_VA + STREAM_BYTES, &build->size);
	else
		build->error = gpu_stream_write(memory, STREAM_BYTES, build->line_key, build->va,
						build->pages, &build->size);
}

static void read_report(void *arg)
{
	struct build *build = arg;

	build->report = *(const volatile struct gpu_report *)report_of(build->gpu);
}

static int new_group(struct stress_vm *vm)
{
	const struct panthor_group_params params = { .size = sizeof(params), .ring_size = 4096 };

	return panthor_group_new(vm->vm, &params, &vm->group);
}

/* A group that something went wrong in takes no more jobs. */
static int check_group(struct stress_gpu *gpu, struct stress_vm *vm)
{
	uint32_t state;
	int r = panthor_group_state(vm->group, &state, NULL);

	if (r || !state)
		return r;
	gpu->counts->faults += !!(state & PANTHOR_GROUP_FATAL_FAULT);
	gpu->counts->timeouts += !(state & PANTHOR_GROUP_FATAL_FAULT);
	vm->group = panthor_group_unref(vm->group);
	r = new_group(vm);
	return r ? r : -EIO;
}

static int submit(struct stress_gpu *gpu, struct stress_vm *vm, uint32_t size)
{
	const struct panthor_sync done = panthor_signal_point(gpu->syncobj, 0);
	const struct panthor_job job = {
		.va = STREAM_VA,
		.size = size,
		.flush_id = PANTHOR_FLUSH_ID_NOW,
		.syncs = &done,
		.sync_count = 1,
	};

	return panthor_group_submit(vm->group, &job, 1);
}

/* The device's maps are not cached: what the CPU wrote needs no upkeep. */
static int run(struct stress_gpu *gpu, struct stress_vm *vm, struct build *build)
{
	int r = guard_call(build_stream, build, gpu->map, MEMORY_BYTES) ? -ENOMEM : build->error;

	if (!r)
		r = submit(gpu, vm, build->size);
	if (r) {
		gpu->counts->submit_failures += r == -ENOMEM;
		/* Whoever brought the group down: the next one works. */
		if (r == -EINVAL)
			r = check_group(gpu, vm);
		return r ? r : -EINVAL;
	}
	gpu->counts->jobs++;
	r = panthor_syncobj_wait(gpu->dev, &gpu->syncobj, NULL, 1,
				 (int64_t)clock_now() + PATIENCE_NS, 0, NULL);
	if (!r)
		r = check_group(gpu, vm);
	/* A report that cannot be read is none. */
	if (!r && guard_call(read_report, build, gpu->map, MEMORY_BYTES))
		r = -EIO;
	return r;
}

int stress_gpu_write(struct stress_gpu *gpu, uint32_t vm, uint64_t va, uint64_t size,
		     uint64_t line_key)
{
	struct build build = {
		.gpu = gpu,
		.line_key = line_key,
		.va = va,
		.pages = size / PATTERN_PAGE,
	};
	int r = run(gpu, &gpu->vms[vm], &build);

	if (!r)
		gpu->counts->written_bytes += build.pages * 2 * 8 * PATTERN_LINE_WORDS;
	return r;
}

static void add_report(const struct build *build, struct pattern_mismatch *mismatch)
{
	const struct gpu_report *report = &build->report;

	if (report->wrong_words && !mismatch->words) {
		mismatch->offset = 4 * (uint64_t)report->word;
		mismatch->expected = gpu_stream_expected(build->pattern, report->word);
		mismatch->got = (uint32_t)(mismatch->expected + report->difference);
	}
	mismatch->words += report->wrong_words;
}

int stress_gpu_verify(struct stress_gpu *gpu, uint32_t vm, uint64_t va, uint64_t size,
		      const struct pattern *pattern, struct pattern_mismatch *ret_mismatch)
{
	struct build build = { .gpu = gpu, .pattern = pattern, .va = va };
	struct pattern_mismatch mismatch = { .words = 0 };
	uint64_t pages = size / PATTERN_PAGE, most = gpu_stream_max_pages(STREAM_BYTES);
	int r;

	for (; build.first < pages; build.first += build.pages) {
		build.pages = pages - build.first < most ? pages - build.first : most;
		r = run(gpu, &gpu->vms[vm], &build);
		if (r)
			return r;
		add_report(&build, &mismatch);
		gpu->counts->verified_words += build.pages * GPU_STREAM_WORDS;
	}
	*ret_mismatch = mismatch;
	return 0;
}

int stress_gpu_bind(struct stress_gpu *gpu, uint32_t vm, struct panthor_bo *bo, uint64_t va)
{
	int r = panthor_vm_map(gpu->vms[vm].vm, bo, 0, va, panthor_bo_size(bo), 0);

	gpu->counts->binds += !r;
	gpu->counts->bind_failures += r == -ENOMEM;
	return r;
}

int stress_gpu_unbind(struct stress_gpu *gpu, uint32_t vm, uint64_t va, uint64_t size)
{
	int r = panthor_vm_unmap(gpu->vms[vm].vm, va, size);

	gpu->counts->unbinds += !r;
	gpu->counts->bind_failures += r == -ENOMEM;
	return r;
}

uint64_t stress_gpu_take_va(struct stress_gpu *gpu, uint64_t size)
{
	uint64_t align = size < LARGE ? PATTERN_PAGE : LARGE, va;

	va = (gpu->next_va + align - 1) / align * align;
	gpu->next_va = va + size;
	return va;
}

int stress_gpu_new_bo(struct stress_gpu *gpu, uint32_t vm, uint64_t size,
		      struct panthor_bo **ret_bo)
{
	return panthor_bo_new(gpu->dev, gpu->vms[vm].vm, size, 0, ret_bo);
}

uint32_t stress_gpu_vms(const struct stress_gpu *gpu)
{
	return gpu->n_vms;
}

static int new_memory(struct stress_gpu *gpu)
{
	int r = panthor_bo_new(gpu->dev, NULL, MEMORY_BYTES, 0, &gpu->memory);

	if (r)
		return r;
	gpu->counts->held_bytes += panthor_bo_size(gpu->memory);
	panthor_bo_set_label(gpu->memory, "panthor-bo stress streams");
	return panthor_bo_map(gpu->memory, &gpu->map);
}

static int new_vm(struct stress_gpu *gpu)
{
	struct stress_vm *vm = &gpu->vms[gpu->n_vms++];
	int r = panthor_vm_new(gpu->dev, 0, &vm->vm);

	if (!r)
		r = panthor_vm_map(vm->vm, gpu->memory, 0, STREAM_VA, panthor_bo_size(gpu->memory),
				   0);
	return r ? r : new_group(vm);
}

int stress_gpu_new(struct panthor_device *dev, uint32_t n_vms, struct stress_gpu_counts *counts,
		   struct stress_gpu **ret_gpu)
{
	struct stress_gpu *gpu = calloc(1, sizeof(*gpu));
	int r;

	if (!gpu)
		return -ENOMEM;
	gpu->dev = panthor_device_ref(dev);
	gpu->counts = counts;
	gpu->next_va = FIRST_VA;
	r = panthor_syncobj_new(dev, 0, &gpu->syncobj);
	if (!r)
		r = new_memory(gpu);
	while (!r && gpu->n_vms < n_vms)
		r = new_vm(gpu);
	if (r)
		stress_gpu_free(gpu);
	else
		*ret_gpu = gpu;
	return r;
}

struct stress_gpu *stress_gpu_free(struct stress_gpu *gpu)
{
	if (!gpu)
		return NULL;
	for (uint32_t i = 0; i < gpu->n_vms; i++) {
		panthor_group_unref(gpu->vms[i].group);
		panthor_vm_unref(gpu->vms[i].vm);
	}
	if (gpu->map)
		panthor_bo_unmap(gpu->memory);
	panthor_bo_unref(gpu->memory);
	if (gpu->syncobj)
		panthor_syncobj_destroy(gpu->dev, gpu->syncobj);
	panthor_device_unref(gpu->dev);
	free(gpu);
	return NULL;
}

int stress_gpu_supported(struct panthor_device *dev)
{
	struct stress_gpu_counts ignored = { 0 };
	struct stress_gpu *gpu;
	int r = stress_gpu_new(dev, 1, &ignored, &gpu);

	if (!r)
		stress_gpu_free(gpu);
	return r;
}
