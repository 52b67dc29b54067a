/* SPDX-License-Identifier: MIT */
/*
 * Reclaim of what the GPU has mapped: the debugfs knob takes it, and the next job finds all of it
 * back. The GPU copies what it sees to where the CPU compares it with what should be there.
 */
#include "gpu_probe.h"

#define P     KT_PAGE
#define BLOCK (2 * KT_MIB)
#define BYTES PROBE_BYTES
/* Of blocks, so that large pages serve where the memory has them. */
#define VA 0x40000000ull

static void test_kb7_kb33_evicted_mapping_is_validated(void **state)
{
	static const uint64_t sizes[] = { P, 16 * P, BLOCK, BLOCK + P, BYTES };
	struct probe *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct panthor_bo *bo = probe_private_bo(p, "kb33", sizes[i]);
		uint64_t swapins = kt_reclaim("swapins");

		probe_map(p->g, bo, 0, VA, sizes[i]);
		probe_assert_seen(p, VA, sizes[i], 0);
		probe_evict("kb33");
		probe_assert_seen(p, VA, sizes[i], 0);
		assert_int_equal(kt_gem_get("kb33").resident, sizes[i]);
		assert_false(kt_gem_get("kb33").state & KT_GEM_EVICTED);
		assert_true(kt_reclaim("swapins") > swapins);
		probe_evict("kb33");
		probe_unmap(p->g, VA, sizes[i]);
		assert_int_equal(panthor_bo_set_label(bo, NULL), 0);
	}
}

/* Each VM gets back what it submits for, no more: a BO is shared once both have it again. */
static void test_kb27_shared_bo_is_validated_in_each_vm(void **state)
{
	struct probe *p = *state;
	struct gpu *other = gpu_beside(p->g, p->g->dev);
	struct panthor_bo *bo = probe_bo(p, "kb27", 16 * P);
	struct gpu_job *job = gpu_job(other);
	const uint32_t *words = (const uint32_t *)p->pattern;

	probe_map(p->g, bo, 0, VA, 16 * P);
	probe_map(other, bo, 0, VA + BLOCK, 16 * P);
	assert_int_equal(kt_reclaim("shared_bos"), 1);
	probe_evict("kb27");
	assert_int_equal(kt_reclaim("shared_bos"), 0);
	probe_assert_seen(p, VA, 16 * P, 0);
	assert_int_equal(kt_reclaim("shared_bos"), 0);

	gpu_cs_copy(&job->cs, DATA_VA, VA + BLOCK + 15 * P);
	gpu_run(job, gpu_group(other), 0);
	assert_int_equal(gpu_wait(job), 0);
	assert_int_equal(other->words[0], words[15 * P / 4]);
	assert_int_equal(kt_reclaim("shared_bos"), 1);
	probe_evict("kb27");
	probe_assert_seen(p, VA, 16 * P, 0);
}

/* What the GPU wrote goes to swap as what the CPU wrote does. */
static void test_gpu_writes_survive(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *from = probe_bo(p, "from", BYTES),
			  *to = probe_private_bo(p, "to", BYTES);
	void *ptr;

	probe_map(p->g, from, 0, VA, BYTES);
	probe_map(p->g, to, 0, VA + BYTES, BYTES);
	/* The second page becomes the first, and so on. */
	probe_copy(p, VA + BYTES, VA + P, BYTES - P);
	probe_evict("to");
	assert_int_equal(panthor_bo_map(to, &ptr), 0);
	assert_memory_equal(ptr, p->pattern + P, BYTES - P);
	assert_int_equal(panthor_bo_unmap(to), 0);
	probe_evict("to");
	probe_assert_seen(p, VA + BYTES, BYTES - P, P);
}

static void test_purged_mapping_faults_until_it_is_wanted(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "purged", BYTES);
	struct panthor_bo *kept = probe_bo(p, "kept", BYTES);
	bool retained = true;

	probe_map(p->g, bo, 0, VA, BYTES);
	probe_map(p->g, kept, 0, VA + BYTES, BYTES);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, &retained), 0);
	assert_true(retained);
	/* Nobody took it yet. */
	probe_assert_seen(p, VA, BYTES, 0);
	kt_shrink_all();
	assert_int_equal(kt_gem_get("purged").evictions, 0);
	probe_assert_fault(p->g, VA);
	probe_assert_fault(p->g, VA + BYTES - P);
	probe_assert_seen(p, VA + BYTES, BYTES, 0);
	gpu_assert_group(p->group, 0, 0);

	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, &retained), 0);
	assert_false(retained);
	probe_assert_zero(p, VA, BYTES);
	probe_copy(p, VA, VA + BYTES, BYTES);
	probe_evict("purged");
	probe_assert_seen(p, VA, BYTES, 0);
	assert_int_equal(panthor_vm_is_usable(p->g->vm), 1);
}

/* Ends at the first, cuts in pages and in blocks, ends at the last; then both rests once more. */
static void test_kb41_unmap_of_a_part_that_is_evicted(void **state)
{
	static const struct {
		uint64_t size, hole, hole_size;
	} rows[] = {
		{ 16 * P, 0, P },	 { 16 * P, 5 * P, 3 * P },    { 16 * P, 15 * P, P },
		{ BYTES, 0, P },	 { BYTES, 5 * P, P },	      { BYTES, BLOCK - P, 2 * P },
		{ BYTES, BLOCK, BLOCK }, { BYTES, P, BYTES - 2 * P }, { BYTES, BYTES - P, P },
		{ BYTES, BLOCK + P, P },
	};
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "holes", BYTES);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t hole = rows[i].hole, rest = hole + rows[i].hole_size;

		probe_map(p->g, bo, 0, VA, rows[i].size);
		probe_evict("holes");
		probe_unmap(p->g, VA + hole, rows[i].hole_size);
		for (int twice = 0; twice < 2; twice++) {
			if (hole)
				probe_assert_seen(p, VA, hole, 0);
			if (rest < rows[i].size)
				probe_assert_seen(p, VA + rest, rows[i].size - rest, rest);
			probe_assert_fault(p->g, VA + hole);
			probe_assert_fault(p->g, VA + rest - P);
			probe_evict("holes");
		}
		probe_unmap(p->g, VA, rows[i].size);
	}
}

/* The pieces to the left and right are evicted as before, the new one in between is not. */
static void test_map_over_a_part_that_is_evicted(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *below = probe_bo(p, "below", BYTES), *above = probe_bo(p, "above", P);

	probe_map(p->g, below, 0, VA, BYTES);
	probe_evict("below");
	probe_map(p->g, above, 0, VA + BLOCK, P);
	probe_assert_seen(p, VA, BLOCK, 0);
	probe_assert_seen(p, VA + BLOCK, P, 0);
	probe_assert_seen(p, VA + BLOCK + P, BLOCK - P, BLOCK + P);
}

static void test_kb29_new_mapping_of_an_evicted_bo(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "kb29", BYTES);

	probe_map(p->g, bo, 0, VA, BYTES);
	for (int i = 0; i < 2; i++) {
		probe_evict("kb29");
		probe_map(p->g, bo, P, VA + BYTES, BLOCK);
		/* The new one is there at once, the old one evicted: both go together next time. */
		probe_evict("kb29");
		probe_assert_seen(p, VA, BYTES, 0);
		probe_assert_seen(p, VA + BYTES, BLOCK, P);
		probe_unmap(p->g, VA + BYTES, BLOCK);
	}
}

static void test_two_maps_side_by_side(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "ring", BLOCK);

	probe_map(p->g, bo, 0, VA, BLOCK);
	probe_map(p->g, bo, 0, VA + BLOCK, BLOCK);
	probe_evict("ring");
	probe_assert_seen(p, VA + P, BLOCK - P, P);
	probe_assert_seen(p, VA + BLOCK, BLOCK, 0);
	probe_evict("ring");
	probe_unmap(p->g, VA + BLOCK - P, 2 * P);
	probe_assert_seen(p, VA, BLOCK - P, 0);
	probe_assert_seen(p, VA + BLOCK + P, BLOCK - P, P);
	probe_assert_fault(p->g, VA + BLOCK - P);
	probe_assert_fault(p->g, VA + BLOCK);
}

/* Not a page more than was asked for, neither at first nor when it comes back. */
static void test_kb_part_of_a_bo(void **state)
{
	static const struct {
		uint64_t offset, size;
	} parts[] = {
		{ 0, P },	  { 3 * P, 2 * P },	{ P, BLOCK },
		{ BLOCK, BLOCK }, { BLOCK - P, 2 * P }, { 0, BLOCK + P },
	};
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "part", BYTES);

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		probe_map(p->g, bo, parts[i].offset, VA, parts[i].size);
		for (int twice = 0; twice < 2; twice++) {
			probe_assert_seen(p, VA, parts[i].size, parts[i].offset);
			probe_assert_fault(p->g, VA - P);
			probe_assert_fault(p->g, VA + parts[i].size);
			probe_evict("part");
		}
		probe_unmap(p->g, VA, parts[i].size);
	}
}

static void test_attributes_come_back(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "read-only", P);
	struct panthor_group *victim = gpu_group(p->g);
	struct gpu_job *job = gpu_job(p->g);

	assert_int_equal(panthor_vm_map(p->g->vm, bo, 0, VA, P, PANTHOR_MAP_READONLY), 0);
	probe_evict("read-only");
	gpu_cs_store(&job->cs, VA, 1);
	gpu_run(job, victim, 0);
	assert_int_equal(gpu_wait(job), -EFAULT);
	probe_assert_seen(p, VA, P, 0);
}

/* The driver's own BOs: each chunk begins with the address of the next. */
static void test_heap_chunks_come_back(void **state)
{
	struct panthor_tiler_heap_params params = {
		.size = sizeof(params),
		.chunk_size = 256 << 10,
		.initial_chunks = 4,
	};
	struct probe *p = *state;
	struct panthor_tiler_heap *heap = NULL;
	uint64_t va, kernel_rows = 0;
	struct kt_gems gems;

	assert_int_equal(panthor_tiler_heap_new(p->g->vm, &params, &heap), 0);
	kt_shrink_all();
	kt_gems_read(&gems);
	kernel_rows = gems.kernel_rows;
	/* Not even a page of them. */
	assert_int_equal(gems.total_resident, 0);
	kt_gems_free(&gems);
	assert_int_equal(kernel_rows, 1 + params.initial_chunks);

	va = panthor_tiler_heap_info(heap)->first_chunk_va;
	for (uint32_t i = 0; i < params.initial_chunks; i++) {
		assert_int_not_equal(va, 0);
		probe_copy(p, PROBE_COPY_VA, va, 64);
		memcpy(&va, p->seen, sizeof(va));
		if (va)
			assert_int_equal(va & (P - 1), params.chunk_size / P);
		va &= ~(P - 1);
	}
	assert_int_equal(va, 0);
	panthor_tiler_heap_unref(heap);
}

/*
 * A queued map of a purged BO is evicted from the start. A submission before it is carried out
 * finds nothing to bring back yet, the first one after it does.
 */
static void test_purged_bo_is_mapped_later(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "later", P), *other = probe_bo(p, "other", P);
	struct gpu_job *gate;
	uint32_t bound = gpu_syncobj(p->g->dev);

	probe_map(p->g, other, 0, VA + P, P);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, NULL), 0);
	kt_shrink_all();
	gate = probe_blocked_job(p->g);
	assert_int_equal(
		gpu_bind_between(p->g, panthor_bind_map(bo, 0, VA, P, 0), gate->done, 0, bound, 0),
		0);

	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, NULL), 0);
	probe_assert_seen(p, VA + P, P, 0);
	probe_release(gate);
	assert_int_equal(gpu_syncobj_wait(p->g->dev, bound, 0), 0);
	probe_assert_zero(p, VA, P);
	panthor_syncobj_destroy(p->g->dev, bound);
}

static const struct CMUnitTest tests[] = {
	probe_test(test_kb7_kb33_evicted_mapping_is_validated),
	probe_test(test_kb27_shared_bo_is_validated_in_each_vm),
	probe_test(test_gpu_writes_survive),
	probe_test(test_purged_mapping_faults_until_it_is_wanted),
	probe_test(test_kb41_unmap_of_a_part_that_is_evicted),
	probe_test(test_map_over_a_part_that_is_evicted),
	probe_test(test_kb29_new_mapping_of_an_evicted_bo),
	probe_test(test_two_maps_side_by_side),
	probe_test(test_kb_part_of_a_bo),
	probe_test(test_attributes_come_back),
	probe_test(test_heap_chunks_come_back),
	probe_test(test_purged_bo_is_mapped_later),
	kt_no_leaks(),
};

kt_main(tests)
