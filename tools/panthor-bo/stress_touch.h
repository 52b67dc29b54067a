/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing a BO, by the CPU and by the GPU, and counting what comes of it.
 *
 * Errors: -EFAULT or -ENOMEM the memory could not be had, which is counted; from those of the GPU
 * also -EIO and others, as in stress_gpu.h.
 */
#ifndef STRESS_TOUCH_H
#define STRESS_TOUCH_H

#include "stress_bo.h"

/** stress_fill - the CPU writes the next generation; after an error the contents are undefined */
int stress_fill(const struct stress_context *context, struct stress_bo *bo);

/** stress_verify - the CPU compares everything */
int stress_verify(const struct stress_context *context, const struct stress_bo *bo);

/** stress_refault - time the first touch of a BO, if it was evicted since the last one */
int stress_refault(const struct stress_context *context, const struct stress_bo *bo);

/**
 * stress_gpu_fill - the GPU writes the lines of the next generation
 *
 * After -ENOMEM the contents are as before; after other errors undefined.
 */
int stress_gpu_fill(const struct stress_context *context, struct stress_bo *bo);

/** stress_gpu_check - the GPU compares some words of each page */
int stress_gpu_check(const struct stress_context *context, const struct stress_bo *bo);

#endif
