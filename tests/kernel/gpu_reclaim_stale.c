/* SPDX-License-Identifier: MIT */
/*
 * What reclaim leaves of a mapping in the page table: nothing. Contents do not show that, for what
 * was evicted comes back in the same pages as long as nobody else wants them. What was purged does
 * not come back: there, an entry that was left is an access that does not fault.
 */
#include "gpu_probe.h"

#define P     KT_PAGE
#define BLOCK (2 * KT_MIB)
#define BYTES PROBE_BYTES
#define VA    0x40000000ull

static void purge(struct panthor_bo *bo, const char *label)
{
	uint64_t purges = kt_reclaim("purges");

	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, NULL), 0);
	kt_shrink_all();
	assert_int_equal(kt_reclaim("purges"), purges + 1);
	assert_int_equal(kt_gem_get(label).resident, 0);
}

/* Contents as before the purge. */
static void refill(struct probe *p, struct panthor_bo *bo)
{
	bool retained = true;
	void *ptr;

	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, &retained), 0);
	assert_false(retained);
	assert_int_equal(panthor_bo_map(bo, &ptr), 0);
	memcpy(ptr, p->pattern, panthor_bo_size(bo));
	assert_int_equal(panthor_bo_unmap(bo), 0);
}

static void assert_faults(struct gpu *g, uint64_t va, uint64_t size)
{
	probe_assert_fault(g, va);
	if (size > P)
		probe_assert_fault(g, va + size - P);
}

/* The second eviction is that of what the CPU brought back: the GPU does not have it. */
static void test_kb17_nothing_is_left_by_two_evictions(void **state)
{
	static const uint64_t sizes[] = { P, 16 * P, BLOCK + P };
	struct probe *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct panthor_bo *bo = probe_bo(p, "kb17", sizes[i]);
		volatile uint32_t *words;

		probe_map(p->g, bo, 0, VA, sizes[i]);
		probe_assert_seen(p, VA, sizes[i], 0);
		probe_evict("kb17");
		assert_int_equal(panthor_bo_map(bo, (void **)&words), 0);
		assert_int_equal(words[0], *(uint32_t *)p->pattern);
		probe_evict("kb17");
		assert_int_equal(words[0], *(uint32_t *)p->pattern);
		purge(bo, "kb17");
		assert_faults(p->g, VA, sizes[i]);

		assert_int_equal(panthor_bo_unmap(bo), 0);
		refill(p, bo);
		probe_assert_seen(p, VA, sizes[i], 0);
		probe_unmap(p->g, VA, sizes[i]);
		assert_int_equal(panthor_bo_set_label(bo, NULL), 0);
	}
}

/* Attached by another driver, which pins it and so brings it back: the GPU's part comes as well. */
static void test_kb16_pinned_bo_is_validated(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "kb16", BYTES);
	int vgem = kt_open("vgem", true), buf;
	uint32_t theirs;

	probe_map(p->g, bo, 0, VA, BYTES);
	probe_evict("kb16");
	buf = kt_export(panthor_device_fd(p->g->dev), panthor_bo_handle(bo));
	assert_true(vgem >= 0 && buf >= 0);
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	assert_int_equal(kt_gem_get("kb16").resident, BYTES);
	probe_assert_seen(p, VA, BYTES, 0);
	kt_shrink_all();
	assert_int_equal(kt_gem_get("kb16").evictions, 1);
	close(vgem);
	close(buf);
	probe_evict("kb16");
	probe_assert_seen(p, VA, BYTES, 0);
}

/* In each VM that has it, whether or not something was submitted there since the last time. */
static void test_kb27_shared_bo_leaves_every_vm(void **state)
{
	struct probe *p = *state;
	struct gpu *other = gpu_beside(p->g, p->g->dev);
	struct panthor_bo *bo = probe_bo(p, "kb27", BYTES);

	probe_map(p->g, bo, 0, VA, BYTES);
	probe_map(other, bo, 0, VA + BYTES, BYTES);
	purge(bo, "kb27");
	assert_faults(p->g, VA, BYTES);
	assert_faults(other, VA + BYTES, BYTES);
	refill(p, bo);
	probe_assert_seen(p, VA, BYTES, 0);
	assert_int_equal(kt_reclaim("shared_bos"), 0);
	purge(bo, "kb27");
	assert_faults(p->g, VA, BYTES);
	assert_faults(other, VA + BYTES, BYTES);
}

/* The BO was evicted when the second mapping came, and goes with it the next time. */
static void test_kb29_nothing_is_left_of_a_new_mapping(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "kb29", BYTES);

	probe_map(p->g, bo, 0, VA, BYTES);
	for (int twice = 0; twice < 2; twice++) {
		probe_evict("kb29");
		probe_map(p->g, bo, P, VA + BYTES, BLOCK);
		purge(bo, "kb29");
		assert_faults(p->g, VA + BYTES, BLOCK);
		assert_faults(p->g, VA, BYTES);
		refill(p, bo);
		probe_assert_seen(p, VA, BYTES, 0);
		probe_assert_seen(p, VA + BYTES, BLOCK, P);
		probe_unmap(p->g, VA + BYTES, BLOCK);
	}
}

struct cut {
	uint64_t size, hole, hole_size;
};

/* Both rests and the hole, the BO being gone. */
static void assert_cut_faults(struct gpu *g, const struct cut *cut)
{
	uint64_t rest = cut->hole + cut->hole_size;

	if (cut->hole)
		assert_faults(g, VA, cut->hole);
	assert_faults(g, VA + cut->hole, cut->hole_size);
	if (rest < cut->size)
		assert_faults(g, VA + rest, cut->size - rest);
}

static void assert_cut_seen(struct probe *p, const struct cut *cut)
{
	uint64_t rest = cut->hole + cut->hole_size;

	if (cut->hole)
		probe_assert_seen(p, VA, cut->hole, 0);
	if (rest < cut->size)
		probe_assert_seen(p, VA + rest, cut->size - rest, rest);
}

/* Purged before anything brought the rests back, and after a job did. */
static void test_kb41_nothing_is_left_of_what_was_cut(void **state)
{
	static const struct cut cuts[] = {
		{ 16 * P, 5 * P, 3 * P },
		{ BYTES, BLOCK - P, 2 * P },
		{ BYTES, P, BLOCK },
		{ BYTES, BLOCK, P },
	};
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "kb41", BYTES);

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		probe_map(p->g, bo, 0, VA, cuts[i].size);
		probe_assert_seen(p, VA, cuts[i].size, 0);
		probe_evict("kb41");
		probe_unmap(p->g, VA + cuts[i].hole, cuts[i].hole_size);
		if (i % 2)
			assert_cut_seen(p, &cuts[i]);
		purge(bo, "kb41");
		assert_cut_faults(p->g, &cuts[i]);
		refill(p, bo);
		assert_cut_seen(p, &cuts[i]);
		purge(bo, "kb41");
		assert_cut_faults(p->g, &cuts[i]);
		refill(p, bo);
		probe_unmap(p->g, VA, cuts[i].size);
	}
}

static const struct CMUnitTest tests[] = {
	probe_test(test_kb17_nothing_is_left_by_two_evictions),
	probe_test(test_kb16_pinned_bo_is_validated),
	probe_test(test_kb27_shared_bo_leaves_every_vm),
	probe_test(test_kb29_nothing_is_left_of_a_new_mapping),
	probe_test(test_kb41_nothing_is_left_of_what_was_cut),
	kt_no_leaks(),
};

kt_main(tests)
