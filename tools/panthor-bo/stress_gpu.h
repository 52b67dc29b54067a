/* SPDX-License-Identifier: MIT */
/*
 * A worker's GPU: its address spaces, and jobs that write and verify what is mapped there.
 *
 * One job runs at a time. For every job the kernel brings back all that its VM maps, so a VM must
 * not hold more than there is RAM; that is what several of them are for.
 */
#ifndef STRESS_GPU_H
#define STRESS_GPU_H

#include "pattern.h"
#include "stress.h"

struct panthor_bo;

/* The kernel has 32 for a file. */
#define STRESS_MAX_VMS 32

struct stress_gpu;

/**
 * stress_gpu_new - VMs with a group each, and memory for streams that all of them map
 */
int stress_gpu_new(struct panthor_device *dev, uint32_t n_vms, struct stress_gpu_counts *counts,
		   struct stress_gpu **ret_gpu);

struct stress_gpu *stress_gpu_free(struct stress_gpu *gpu);

/** stress_gpu_supported - whether the device has what this takes: 0, -EOPNOTSUPP, another error */
int stress_gpu_supported(struct panthor_device *dev);

uint32_t stress_gpu_vms(const struct stress_gpu *gpu);

/** stress_gpu_new_bo - a BO that only that VM can map */
int stress_gpu_new_bo(struct stress_gpu *gpu, uint32_t vm, uint64_t size,
		      struct panthor_bo **ret_bo);

/** stress_gpu_take_va - room for a BO, with two addresses for it to be at */
uint64_t stress_gpu_take_va(struct stress_gpu *gpu, uint64_t size);

/* Distance of the two. */
#define STRESS_GPU_OTHER_VA (UINT64_C(1) << 38)

/*
 * These count what they do. Errors: -ENOMEM nothing was done, for want of memory; -EIO the job did
 * not run to its end, what it wrote is undefined; anything else is the end of the worker.
 */

int stress_gpu_bind(struct stress_gpu *gpu, uint32_t vm, struct panthor_bo *bo, uint64_t va);
int stress_gpu_unbind(struct stress_gpu *gpu, uint32_t vm, uint64_t va, uint64_t size);

/** stress_gpu_write - have the lines of @line_key written to @size bytes at @va */
int stress_gpu_write(struct stress_gpu *gpu, uint32_t vm, uint64_t va, uint64_t size,
		     uint64_t line_key);

/**
 * stress_gpu_verify - have @size bytes at @va compared with what they should be
 * @ret_mismatch: of words of 32 bits
 */
int stress_gpu_verify(struct stress_gpu *gpu, uint32_t vm, uint64_t va, uint64_t size,
		      const struct pattern *pattern, struct pattern_mismatch *ret_mismatch);

#endif
