/* SPDX-License-Identifier: MIT */
/*
 * One BO under stress: its contents, and what a worker does with them.
 */
#ifndef STRESS_BO_H
#define STRESS_BO_H

#include "stress.h"

struct panthor_bo;

struct stress_bo {
	struct panthor_bo *bo; /* NULL: could not be had, or was given back */
	void *map;
	uint64_t size;
	uint32_t index;
	uint32_t generation; /* times written before the current contents */
	bool advised; /* DONTNEED, not taken back yet */
};

/* What all BOs of a worker share. */
struct stress_context {
	const struct stress_options *options;
	struct stress_counts *counts;
	struct panthor_device *dev;
	uint32_t worker;
	bool have_swap; /* without it nothing is ever evicted */
	uint32_t round; /* 0 while populating */
};

/**
 * stress_bo_create - make, map and fill a BO
 *
 * Returns 0, or a negative errno after counting the failure; nothing is left over then.
 */
int stress_bo_create(const struct stress_context *context, struct stress_bo *bo);

/** stress_bo_release - give a BO back */
void stress_bo_release(const struct stress_context *context, struct stress_bo *bo);

/**
 * stress_bo_idle - leave a BO alone, advising DONTNEED when this round's share includes it
 *
 * Returns 0 or the error of madvise.
 */
int stress_bo_idle(const struct stress_context *context, struct stress_bo *bo);

/**
 * stress_bo_visit - come back to a BO: verify it, and write some of them anew
 *
 * The BO has to be there. Want of memory is counted, and may cost the BO. Returns 0 or the error of
 * madvise.
 */
int stress_bo_visit(const struct stress_context *context, struct stress_bo *bo);

#endif
