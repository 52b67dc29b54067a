// SPDX-License-Identifier: MIT
/* Jobs and maps: what one costs, and that it does not depend on what else the VM has. */
#include "gpu.h"

#include <errno.h>

#include <panthor_cs.h>

#include "bench.h"

#define JOBS 512
#define MAPS 512
#define FEW  10
#define MANY 10000

/* A VM that has so many BOs of a page, all of them its own; made once, for it takes long. */
static int crowded_gpu(size_t bos, struct gpu **ret_gpu)
{
	static struct crowd {
		size_t bos;
		struct gpu gpu;
	} crowds[2];
	struct crowd *crowd = &crowds[bos == MANY];
	int ret = crowd->bos ? 0 : gpu_open(&crowd->gpu);

	while (ret == 0 && crowd->bos < bos) {
		uint32_t handle;

		ret = gpu_new_bo(&crowd->gpu, GPU_PAGE, true, &handle);
		if (ret == 0)
			ret = gpu_map(&crowd->gpu, handle, gpu_va(GPU_PAGE, crowd->bos++),
				      GPU_PAGE);
	}
	*ret_gpu = &crowd->gpu;
	return ret;
}

static int build_nop(struct gpu *gpu, uint32_t *ret_size)
{
	struct panthor_cs cs;

	panthor_cs_init(&cs, gpu->stream, GPU_STREAM_BYTES, 0);
	panthor_cs_nop(&cs);
	return panthor_cs_finish(&cs, ret_size);
}

static int measure_jobs(struct gpu *gpu, uint32_t size, double *ret_ns_per_unit)
{
	uint64_t start = bench_now_ns();
	int ret = 0;

	for (unsigned int i = 0; i < JOBS && ret == 0; i++)
		ret = gpu_run(gpu, size);
	*ret_ns_per_unit = (double)(bench_now_ns() - start) / JOBS;
	return ret;
}

static int measure_nothing(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	struct gpu gpu;
	int ret = gpu_open(&gpu);

	if (ret < 0)
		return ret;
	ret = measure_jobs(&gpu, 0, ret_ns_per_unit);
	gpu_close(&gpu);
	return ret;
}

static int measure_submit(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	struct gpu *gpu;
	uint32_t size;
	int ret = crowded_gpu(bench->size, &gpu);

	if (ret == 0)
		ret = build_nop(gpu, &size);
	return ret < 0 ? ret : measure_jobs(gpu, size, ret_ns_per_unit);
}

/* Maps one BO at many places, each of them not mapped before. */
static int measure_maps(struct gpu *gpu, uint32_t handle, size_t size, size_t first,
			double *ret_ns_per_unit)
{
	uint64_t start = bench_now_ns(), end;
	int ret = 0;

	for (size_t i = 0; i < MAPS && ret == 0; i++)
		ret = gpu_map(gpu, handle, gpu_va(size, first + i), size);
	end = bench_now_ns();
	for (size_t i = 0; i < MAPS && ret == 0; i++)
		ret = gpu_unmap(gpu, gpu_va(size, first + i), size);
	*ret_ns_per_unit = (double)(end - start) / MAPS;
	return ret;
}

/* The first map of a BO brings its pages; that is not what is measured. */
static int new_bo_with_pages(struct gpu *gpu, size_t size, size_t index, uint32_t *ret_handle)
{
	int ret = gpu_new_bo(gpu, size, true, ret_handle);

	return ret < 0 ? ret : gpu_map(gpu, *ret_handle, gpu_va(size, index), size);
}

static int measure_map(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	uint32_t handle;
	struct gpu gpu;
	int ret = gpu_open(&gpu);

	if (ret < 0)
		return ret;
	ret = new_bo_with_pages(&gpu, bench->size, 0, &handle);
	if (ret == 0)
		ret = measure_maps(&gpu, handle, bench->size, 1, ret_ns_per_unit);
	gpu_close(&gpu);
	return ret;
}

static int measure_crowded_map(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	struct gpu *gpu;
	uint32_t handle;
	int ret = crowded_gpu(bench->size, &gpu);

	if (ret == 0)
		ret = new_bo_with_pages(gpu, GPU_PAGE, MANY, &handle);
	if (ret == 0)
		ret = measure_maps(gpu, handle, GPU_PAGE, MANY + 1, ret_ns_per_unit);
	if (ret == 0)
		ret = gpu_unmap(gpu, gpu_va(GPU_PAGE, MANY), GPU_PAGE);
	return ret < 0 ? ret : gpu_close_bo(gpu, handle);
}

/* A loop of many stores into one page, in which the rest does not count for much. */
#define STORES	   500
#define ITERATIONS 200

static int build_stores(struct gpu *gpu, uint64_t va, uint32_t mask, uint32_t *ret_size)
{
	struct panthor_cs_label again = { 0 };
	struct panthor_cs cs;

	panthor_cs_init(&cs, gpu->stream, GPU_STREAM_BYTES, 0);
	panthor_cs_move48(&cs, 0, va);
	panthor_cs_move32(&cs, 2, ITERATIONS);
	panthor_cs_place(&cs, &again);
	for (int32_t i = 0; i < STORES; i++)
		panthor_cs_store(&cs, 16, mask, 0, i % 64 * 64);
	panthor_cs_add32(&cs, 2, 2, -1);
	panthor_cs_branch(&cs, PANTHOR_CS_GT, 2, &again);
	return panthor_cs_finish(&cs, ret_size);
}

static int measure_store(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	uint32_t handle, size;
	uint64_t start;
	struct gpu gpu;
	int ret = gpu_open(&gpu);

	if (ret < 0)
		return ret;
	ret = new_bo_with_pages(&gpu, GPU_PAGE, 0, &handle);
	if (ret == 0)
		ret = build_stores(&gpu, gpu_va(GPU_PAGE, 0), bench->size == 4 ? 1 : 0xffff, &size);
	if (ret == 0) {
		start = bench_now_ns();
		ret = gpu_run(&gpu, size);
		*ret_ns_per_unit = (double)(bench_now_ns() - start) / (STORES * ITERATIONS);
	}
	gpu_close(&gpu);
	return ret;
}

const struct gpu_case gpu_job_cases[] = {
	{ "submit nothing", "job", 0, "panthor", measure_nothing },
	{ "submit, BOs", "job", FEW, "panthor", measure_submit },
	{ "submit, BOs", "job", MANY, "panthor", measure_submit },
	{ "bind", "map", GPU_PAGE, "panthor", measure_map },
	{ "bind", "map", 2 * GPU_MIB, "panthor", measure_map },
	{ "bind, BOs", "map", FEW, "panthor", measure_crowded_map },
	{ "bind, BOs", "map", MANY, "panthor", measure_crowded_map },
	{ "store", "instruction", 4, "panthor", measure_store },
	{ "store", "instruction", 64, "panthor", measure_store },
};

const size_t gpu_job_case_count = sizeof(gpu_job_cases) / sizeof(gpu_job_cases[0]);
