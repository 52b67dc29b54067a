/* SPDX-License-Identifier: MIT */
/*
 * What the GPU's benchmarks have in common: a VM with a group, BOs with contents, jobs. By raw
 * ioctls, so that no library's cost is in the figures. Functions return 0 or a negative errno.
 */
#ifndef BENCH_GPU_H
#define BENCH_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPU_PAGE ((size_t)4096)
#define GPU_MIB	 ((size_t)1 << 20)

/* Where the stream is in the VM; behind it the first BO of gpu_va(). */
#define GPU_STREAM_VA	 (UINT64_C(1) << 32)
#define GPU_STREAM_BYTES (64 * 1024u)

struct gpu {
	int fd;
	uint32_t vm;
	uint32_t group;
	uint32_t syncobj;
	uint32_t stream_bo;
	void *stream; /* mapped */
};

/* Opens the device anew, so that each has a VM with nothing in it but the stream. */
int gpu_open(struct gpu *ret_gpu);
void gpu_close(struct gpu *gpu);

/* @exclusive: of the VM. */
int gpu_new_bo(struct gpu *gpu, size_t size, bool exclusive, uint32_t *ret_handle);
int gpu_close_bo(struct gpu *gpu, uint32_t handle);
int gpu_mmap(struct gpu *gpu, uint32_t handle, size_t size, void **ret_map);
int gpu_madvise(struct gpu *gpu, uint32_t handle, uint32_t madv);

/* Address of BO number @index, of those with @size bytes. */
uint64_t gpu_va(size_t size, size_t index);
int gpu_map(struct gpu *gpu, uint32_t handle, uint64_t va, size_t size);
int gpu_unmap(struct gpu *gpu, uint64_t va, size_t size);

/* Runs the first @size bytes of the stream, or nothing for 0, and waits. */
int gpu_run(struct gpu *gpu, uint32_t size);

/* A benchmark: one sample of it, in ns per unit. */
struct gpu_case {
	const char *name;
	const char *unit;
	size_t size; /* of a BO or whatever the name says, 0 for none */
	const char *target;
	int (*measure)(const struct gpu_case *bench, double *ret_ns_per_unit);
};

extern const struct gpu_case gpu_job_cases[], gpu_reclaim_cases[];
extern const size_t gpu_job_case_count, gpu_reclaim_case_count;

#endif
