/* SPDX-License-Identifier: MIT */
/*
 * One BO under stress: its contents, and what a worker does with them.
 */
#ifndef STRESS_BO_H
#define STRESS_BO_H

#include "stress.h"

struct panthor_bo;
struct stress_gpu;

struct stress_bo {
	struct panthor_bo *bo; /* NULL: could not be had, or was given back */
	void *map;	       /* NULL: not mapped by the CPU now */
	uint64_t size;
	uint32_t index;
	uint32_t writes; /* begun so far; what each wrote follows from its number */
	struct pattern contents;
	bool undefined; /* they are not: a write did not come to its end */
	bool advised;	/* DONTNEED, not taken back yet */

	/* With --gpu. */
	uint32_t vms[2];  /* that map it; the same one twice for a BO that is not shared */
	uint32_t n_bound; /* of them, mapping it now */
	uint64_t va;	  /* another one each time */
};

/* What all BOs of a worker share. */
struct stress_context {
	const struct stress_options *options;
	struct stress_counts *counts;
	struct panthor_device *dev;
	struct stress_gpu *gpu; /* NULL without --gpu */
	uint32_t worker;
	bool have_swap; /* without it nothing is ever evicted */
	uint32_t round; /* 0 while populating */
};

/**
 * stress_bo_create - make, map and fill a BO, for VM number @vm when there is a GPU
 *
 * Returns 0, or a negative errno after counting the failure; nothing is left over then.
 */
int stress_bo_create(const struct stress_context *context, struct stress_bo *bo, uint32_t vm);

/**
 * stress_bo_enter - have the GPU take part: map a new BO into its VMs, and write some of them
 *
 * Does nothing without a GPU. Returns 0, or an error that is the end of the worker.
 */
int stress_bo_enter(const struct stress_context *context, struct stress_bo *bo);

/** stress_bo_release - give a BO back */
void stress_bo_release(const struct stress_context *context, struct stress_bo *bo);

/**
 * stress_bo_idle - leave a BO alone
 *
 * As this round's draws say it is advised DONTNEED, and with a GPU taken out of its VMs, out of the
 * CPU's page tables, or both: so that reclaim finds BOs of all classes. Returns 0, or an error that
 * is the end of the worker.
 */
int stress_bo_idle(const struct stress_context *context, struct stress_bo *bo);

/** stress_bo_vm - number of the VM through which this round's visit goes; 0 without a GPU */
uint32_t stress_bo_vm(const struct stress_context *context, const struct stress_bo *bo);

/**
 * stress_bo_visit - come back to a BO: verify it, and write some of them anew
 *
 * The BO has to be there. Want of memory is counted, and may cost the BO. Returns 0, or an error
 * that is the end of the worker.
 */
int stress_bo_visit(const struct stress_context *context, struct stress_bo *bo);

#endif
