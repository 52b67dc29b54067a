/* SPDX-License-Identifier: MIT */
/*
 * What the library costs, without a GPU: a fake answers where answers matter, and while the clock
 * runs each call is a real ioctl() on a file that refuses it, so that system calls cost what they
 * cost here.
 */
#ifndef BENCH_LIB_H
#define BENCH_LIB_H

#include <stdbool.h>

#include "panthor.h"

/* Operations of a batch: long against the clock, short against a time slice. */
#define LIB_BATCH 1000

struct lib_bench {
	struct panthor_device *dev;
	struct panthor_bo *bo;
	struct panthor_vm *vm;
	struct panthor_group *group;
	uint32_t syncobj;
	struct panthor_va *va;
	struct panthor_bo_cache *plain; /* without madvise */
	struct panthor_bo_cache *advising;
	struct panthor_slab *slab;

	/* A million ranges, in random order, and the next one to be freed. */
	uint64_t *addrs;
	uint32_t *sizes;
	uint32_t next;
};

struct lib_case {
	const char *name;
	const char *variant;
	/* What it must stay below, in ns or as a multiple of what @base takes; 0 for none. */
	double limit_ns;
	double limit_ratio;
	unsigned int threads;
	const char *base;		      /* case whose cost comes off first, or NULL */
	void (*run)(struct lib_bench *bench); /* LIB_BATCH operations */
};

extern const struct lib_case lib_cases[];
extern const unsigned int lib_case_count;

int lib_bench_open(struct lib_bench *bench);

/* From now on the kernel is the real one, which refuses. */
void lib_bench_start(void);

/* The raw call that the library's are compared with. */
int lib_bench_ioctl(unsigned long request, void *arg);

#endif
