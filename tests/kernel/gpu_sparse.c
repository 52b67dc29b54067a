/* SPDX-License-Identifier: MIT */
/*
 * Sparse mappings of large pages as jobs see them: there is something everywhere, and it is nobody
 * else's; BOs and holes among it begin and end where they should.
 */
#include "gpu_probe.h"

#define P	 KT_PAGE
#define BLOCK	 (2 * KT_MIB)
#define VA	 0x100000000ull
#define MID_SIZE (9 * P)
/* Steps through a block that come to every part of it in turn. */
#define STRIDE (BLOCK / 2 + P + 4)

/* Of large pages only, and with small ones at both ends. */
static const struct range {
	uint64_t va, size;
} ranges[] = {
	{ VA, 2 * BLOCK },
	{ VA, 1024 * KT_MIB },
	{ VA + 3 * P, 1024 * KT_MIB },
};

/* Where BOs and holes go: across the border of two blocks, aligned to neither. */
static uint64_t middle_of(const struct range *range)
{
	return (range->va + range->size / 2) / BLOCK * BLOCK - 5 * P;
}

static void map_sparse(struct gpu *g, const struct range *range)
{
	assert_int_equal(panthor_vm_map(g->vm, NULL, 0, range->va, range->size,
					PANTHOR_MAP_SPARSE | PANTHOR_MAP_NOEXEC),
			 0);
}

/* A job that loads, or writes over, a word every @step bytes. */
static void visit(struct probe *p, uint64_t va, uint64_t size, uint64_t step, bool store)
{
	struct panthor_cs_label loop = { 0 };
	struct panthor_cs *cs = &p->job->cs;

	panthor_cs_init(cs, cs->words, GPU_JOB_BYTES, 0);
	panthor_cs_move48(cs, 0, va);
	panthor_cs_move32(cs, 2, 0xdeadbeef);
	panthor_cs_move32(cs, 4, (uint32_t)((size - 4) / step + 1));
	panthor_cs_place(cs, &loop);
	if (store)
		panthor_cs_store(cs, 2, 1, 0, 0);
	else
		panthor_cs_load(cs, 2, 1, 0, 0);
	panthor_cs_wait(cs, 1);
	panthor_cs_add64(cs, 0, 0, (int32_t)step);
	panthor_cs_add32(cs, 4, 4, -1);
	panthor_cs_branch(cs, PANTHOR_CS_NE, 4, &loop);
	gpu_run(p->job, p->group, 0);
	assert_int_equal(gpu_wait(p->job), 0);
}

/* Everywhere, and without fail in the first and the last word. */
static void visit_all(struct probe *p, uint64_t va, uint64_t size, bool store)
{
	visit(p, va, size, STRIDE, store);
	visit(p, va + size - 4, 4, 4, store);
	visit(p, va, size < 2 * BLOCK ? size : 2 * BLOCK, P + 4, store);
}

/* Nobody has stored anything there: zeroes, that is, nothing out of other memory. */
static void assert_sparse(struct probe *p, uint64_t va)
{
	probe_assert_zero(p, va, P);
}

static void loads_anywhere(void **state)
{
	struct probe *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint64_t va = ranges[i].va, end = va + ranges[i].size;

		map_sparse(p->g, &ranges[i]);
		visit_all(p, va, ranges[i].size, false);
		assert_sparse(p, va);
		assert_sparse(p, va + BLOCK - P);
		assert_sparse(p, va + BLOCK);
		assert_sparse(p, end - P);
		probe_assert_fault(p->g, va - 4);
		probe_assert_fault(p->g, end);
		probe_unmap(p->g, va, ranges[i].size);
		probe_assert_fault(p->g, va);
		probe_assert_fault(p->g, end - BLOCK);
		probe_assert_fault(p->g, end - 4);
	}
}

/* What the GPU of @g finds at as many places of @range as there are words in a page. */
static void assert_untouched(struct gpu *g, const struct range *range)
{
	struct panthor_cs_label loop = { 0 };
	struct gpu_job *job = gpu_job(g);
	struct panthor_cs *cs = &job->cs;

	/* Into one word, which stays zero if all of them are. */
	panthor_cs_move48(cs, 0, range->va);
	panthor_cs_move48(cs, 6, DATA_VA);
	panthor_cs_move32(cs, 4, P / 4);
	panthor_cs_place(cs, &loop);
	panthor_cs_load(cs, 2, 1, 0, 0);
	panthor_cs_wait(cs, 1);
	panthor_cs_sync_add(cs, 32, 6, 2, 0, 0);
	panthor_cs_add64(cs, 0, 0, P + 4);
	panthor_cs_add32(cs, 4, 4, -1);
	panthor_cs_branch(cs, PANTHOR_CS_NE, 4, &loop);
	gpu_run(job, gpu_group(g), 0);
	assert_int_equal(gpu_wait(job), 0);
	assert_int_equal(g->words[0], 0);
}

/* Not BOs next to them, not VMs of the same file or of another one, before or after. */
static void stores_are_nobody_elses(void **state)
{
	struct probe *p = *state;
	/* A page more than the places that are looked at. */
	const struct range range = { VA, 2 * BLOCK + 2 * P };
	struct panthor_bo *bo = probe_bo(p, "beside", MID_SIZE);
	struct gpu *others[] = { gpu_beside(p->g, p->g->dev), gpu_beside(p->g, NULL),
				 gpu_beside(p->g, p->g->dev) };

	map_sparse(p->g, &range);
	probe_map(p->g, bo, 0, VA - MID_SIZE, MID_SIZE);
	for (size_t i = 0; i < 2; i++)
		map_sparse(others[i], &range);
	visit_all(p, range.va, range.size, true);
	visit_all(p, range.va, range.size, false);
	map_sparse(others[2], &range);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_untouched(others[i], &range);
	probe_assert_seen(p, VA - MID_SIZE, MID_SIZE, 0);

	/* A BO that takes the place of all that was stored to is as it was. */
	probe_map(p->g, bo, 0, VA, MID_SIZE);
	probe_assert_seen(p, VA, MID_SIZE, 0);
}

static void assert_sparse_around(struct probe *p, const struct range *range, uint64_t from,
				 uint64_t to)
{
	uint64_t end = range->va + range->size;

	assert_sparse(p, range->va);
	assert_sparse(p, from - P);
	assert_sparse(p, to);
	assert_sparse(p, end - P);
	visit_all(p, range->va, from - range->va, false);
	visit_all(p, to, end - to, false);
}

static void bo_in_the_middle(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "middle", MID_SIZE);

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint64_t middle = middle_of(&ranges[i]), end = middle + MID_SIZE;

		map_sparse(p->g, &ranges[i]);
		probe_map(p->g, bo, 0, middle, MID_SIZE);
		probe_assert_seen(p, middle, MID_SIZE, 0);
		assert_sparse_around(p, &ranges[i], middle, end);
		/* Its middle is sparse again, then all of it. */
		map_sparse(p->g, &(struct range){ middle + 4 * P, 2 * P });
		assert_sparse(p, middle + 4 * P);
		assert_sparse(p, middle + 5 * P);
		probe_assert_seen(p, middle, 4 * P, 0);
		probe_assert_seen(p, middle + 6 * P, 3 * P, 6 * P);
		map_sparse(p->g, &ranges[i]);
		assert_sparse_around(p, &ranges[i], middle, middle + P);
		probe_unmap(p->g, ranges[i].va, ranges[i].size);
	}
}

/* One that has a large page of its own, or would have if it were where such a page can be. */
static void large_bo_in_the_middle(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "large", BLOCK + MID_SIZE);
	const struct range range = { VA, 4 * BLOCK };
	static const uint64_t places[] = { VA + BLOCK, VA + BLOCK - 5 * P, VA + P };

	map_sparse(p->g, &range);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t end = places[i] + BLOCK + MID_SIZE;

		probe_map(p->g, bo, 0, places[i], BLOCK + MID_SIZE);
		probe_assert_seen(p, places[i], MID_SIZE, 0);
		probe_assert_seen(p, places[i] + BLOCK / 2, P, BLOCK / 2);
		probe_assert_seen(p, places[i] + BLOCK - P, MID_SIZE, BLOCK - P);
		assert_sparse_around(p, &range, places[i], end);
		map_sparse(p->g, &range);
		assert_sparse(p, places[i]);
		assert_sparse(p, end - P);
	}
}

static void assert_hole(struct probe *p, const struct range *range, uint64_t from, uint64_t size)
{
	map_sparse(p->g, range);
	probe_unmap(p->g, from, size);
	probe_assert_fault(p->g, from);
	probe_assert_fault(p->g, from + size / 2);
	probe_assert_fault(p->g, from + size - 4);
	assert_sparse_around(p, range, from, from + size);
	probe_unmap(p->g, range->va, range->size);
}

static void hole_in_the_middle(void **state)
{
	struct probe *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		assert_hole(p, &ranges[i], middle_of(&ranges[i]), MID_SIZE);
		assert_hole(p, &ranges[i], middle_of(&ranges[i]), P);
	}
	/* And of whole blocks. */
	assert_hole(p, &ranges[1], VA + 7 * BLOCK, 3 * BLOCK);
}

static const struct CMUnitTest tests[] = {
	probe_test(loads_anywhere),	probe_test(stores_are_nobody_elses),
	probe_test(bo_in_the_middle),	probe_test(large_bo_in_the_middle),
	probe_test(hole_in_the_middle), kt_no_leaks(),
};

kt_main(tests)
