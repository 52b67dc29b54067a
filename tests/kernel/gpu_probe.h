/* SPDX-License-Identifier: MIT */
/*
 * What the GPU sees of an address space: it copies a range to where the CPU compares it with what
 * should be there. BOs hold one pattern, each from its start.
 */
#ifndef GPU_PROBE_H
#define GPU_PROBE_H

#include "gpu_fixture.h"

/* Room for one BO: two blocks of large pages. */
#define PROBE_BYTES (4 * KT_MIB)
/* Above what the fixture maps, on a block, with room for what the tests map below it. */
#define PROBE_COPY_VA 0x80000000ull

/*
 * @copy: where the GPU copies to, @seen is the CPU's map of it
 * @pattern: what BOs are filled with
 */
struct probe {
	struct gpu *g;
	struct panthor_group *group;
	struct gpu_job *job;
	struct panthor_bo *copy;
	char *seen;
	char *pattern;
	struct panthor_bo *bos[8];
	unsigned int bo_count;
};

int probe_setup(void **state);
int probe_teardown(void **state);

#define probe_test(f) cmocka_unit_test_setup_teardown(f, probe_setup, probe_teardown)

/* A labelled BO with the pattern, mapped by nobody; one that is exclusive to the VM. */
struct panthor_bo *probe_bo(struct probe *p, const char *label, uint64_t size);
struct panthor_bo *probe_private_bo(struct probe *p, const char *label, uint64_t size);

void probe_map(struct gpu *g, struct panthor_bo *bo, uint64_t bo_offset, uint64_t va,
	       uint64_t size);
void probe_unmap(struct gpu *g, uint64_t va, uint64_t size);

/* A job of a group of its own that ends when word 0 of its VM is set, as probe_release() does. */
struct gpu_job *probe_blocked_job(struct gpu *g);
void probe_release(struct gpu_job *job);

/*
 * Jobs that keep queues busy in every way: one that never ends but counts word 1, one that waits
 * for word 0, one that counts word 2 and ends, one that faults.
 */
enum { PROBE_STREAMS = 4 };

void probe_streams(struct gpu *g, struct gpu_job **jobs);

/* Has reclaim take all that there is: the BO with that label must be among it. */
void probe_evict(const char *label);

/* The GPU copies, in a job that must succeed. */
void probe_copy(struct probe *p, uint64_t to, uint64_t from, uint64_t size);
/* What stands at @va is the pattern from @offset on; is zero. */
void probe_assert_seen(struct probe *p, uint64_t va, uint64_t size, uint64_t offset);
void probe_assert_zero(struct probe *p, uint64_t va, uint64_t size);
/* A load there kills the group of its own that does it. */
void probe_assert_fault(struct gpu *g, uint64_t va);

#endif
