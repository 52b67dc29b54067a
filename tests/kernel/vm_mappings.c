/* SPDX-License-Identifier: MIT */
/*
 * What a synchronous VM_BIND leaves mapped: replacing, cutting, spanning. A BO whose handle is
 * closed lives in `gems` exactly as long as some piece of a mapping refers to it, which makes the
 * address space visible without a GPU.
 */
#include "kt_slab.h"

#define P     KT_PAGE
#define VA    0x10000000ull
#define PAGES 8
#define SIZE  (PAGES * P)

struct space {
	int fd;
	uint32_t vm;
};

static struct space new_space(void **state)
{
	struct kt *t = *state;

	return (struct space){ .fd = t->fd, .vm = kt_vm(t->fd) };
}

/* Maps a BO and closes its handle: from now on only the mapping keeps it. */
static void map_only(struct space s, const char *label, uint64_t va, uint64_t size)
{
	uint32_t bo = kt_filled_bo(s.fd, label, size, 1);

	assert_int_equal(kt_vm_map(s.fd, s.vm, bo, va, 0, size), 0);
	assert_int_equal(kt_bo_close(s.fd, bo), 0);
	kt_gem_get(label);
}

static void unmap(struct space s, uint64_t va, uint64_t size)
{
	assert_int_equal(kt_vm_unmap(s.fd, s.vm, va, size), 0);
}

static void assert_gone(const char *label)
{
	if (!kt_gem_gone(label))
		fail_msg("%s is still mapped somewhere", label);
}

/* The last reference on the BO goes while its mapping is taken out. */
static void test_kb34_unmap_exact(void **state)
{
	struct space s = new_space(state);

	map_only(s, "exact", VA, SIZE);
	unmap(s, VA, SIZE);
	assert_gone("exact");
}

static void test_unmap_page_by_page(void **state)
{
	struct space s = new_space(state);
	static const int order[PAGES] = { 3, 0, 7, 4, 5, 1, 6, 2 };
	int i;

	map_only(s, "pages", VA, SIZE);
	for (i = 0; i < PAGES; i++) {
		kt_gem_get("pages");
		unmap(s, VA + (uint64_t)order[i] * P, P);
	}
	assert_gone("pages");
}

/* One UNMAP cuts a mapping into two; the pieces are independent and complete. */
static void test_unmap_middle(void **state)
{
	struct space s = new_space(state);

	map_only(s, "middle", VA, SIZE);
	unmap(s, VA + 3 * P, 2 * P);
	unmap(s, VA, 3 * P);
	kt_gem_get("middle");
	unmap(s, VA + 5 * P, 3 * P);
	assert_gone("middle");
}

static void test_unmap_head_and_tail(void **state)
{
	struct space s = new_space(state);

	map_only(s, "ends", VA, SIZE);
	unmap(s, VA - P, 2 * P);
	unmap(s, VA + SIZE - P, 2 * P);
	kt_gem_get("ends");
	unmap(s, VA + P, SIZE - 2 * P);
	assert_gone("ends");
}

static void test_unmap_spans_mappings_and_holes(void **state)
{
	struct space s = new_space(state);

	map_only(s, "a", VA, 2 * P);
	map_only(s, "b", VA + 4 * P, 2 * P);
	map_only(s, "c", VA + 6 * P, 2 * P);
	unmap(s, VA + P, 6 * P);
	assert_gone("b");
	kt_gem_get("a");
	kt_gem_get("c");
	unmap(s, VA, P);
	assert_gone("a");
	unmap(s, VA + 7 * P, P);
	assert_gone("c");
}

static void test_map_replaces(void **state)
{
	struct space s = new_space(state);

	map_only(s, "old", VA, SIZE);
	map_only(s, "new", VA, SIZE);
	assert_gone("old");
	kt_gem_get("new");
}

static void test_map_cuts_what_is_below(void **state)
{
	struct space s = new_space(state);

	map_only(s, "below", VA, SIZE);
	map_only(s, "above", VA + 2 * P, 2 * P);
	unmap(s, VA, 2 * P);
	unmap(s, VA + 4 * P, 4 * P);
	assert_gone("below");
	kt_gem_get("above");
}

static void test_map_spans_several(void **state)
{
	struct space s = new_space(state);

	map_only(s, "left", VA, 4 * P);
	map_only(s, "inside", VA + 4 * P, P);
	map_only(s, "right", VA + 6 * P, 4 * P);
	map_only(s, "span", VA + 2 * P, 6 * P);
	assert_gone("inside");
	kt_gem_get("left");
	kt_gem_get("right");
	unmap(s, VA + 2 * P, 6 * P);
	assert_gone("span");
	unmap(s, VA, 2 * P);
	assert_gone("left");
	unmap(s, VA + 8 * P, 2 * P);
	assert_gone("right");
}

/* A BO over itself, shifted: the old piece and the new one come from the same BO. */
static void test_map_over_itself(void **state)
{
	struct space s = new_space(state);
	uint32_t bo = kt_filled_bo(s.fd, "self", SIZE, 1);
	int i;

	for (i = 0; i < 4; i++)
		assert_int_equal(kt_vm_map(s.fd, s.vm, bo, VA + (uint64_t)i * P, 0, SIZE), 0);
	assert_int_equal(kt_bo_close(s.fd, bo), 0);
	kt_gem_get("self");
	unmap(s, VA, SIZE + 3 * P);
	assert_gone("self");
}

/* How ring buffers are mapped by clients: twice side by side, removed by one UNMAP, or by half. */
static void test_double_map(void **state)
{
	struct space s = new_space(state);
	uint32_t bo;
	const uint64_t size = 0x80000;
	struct drm_panthor_vm_bind_op ops[2] = {
		{ .va = VA, .size = size },
		{ .va = VA + size, .size = size },
	};

	assert_int_equal(kt_bo_create(s.fd, size, DRM_PANTHOR_BO_NO_MMAP, 0, &bo), 0);
	assert_int_equal(kt_bo_label(s.fd, bo, "ring"), 0);
	ops[0].bo_handle = bo;
	ops[1].bo_handle = bo;
	assert_int_equal(kt_bind(s.fd, s.vm, ops, 2, NULL), 0);
	unmap(s, VA, 2 * size);
	assert_int_equal(kt_bind(s.fd, s.vm, ops, 2, NULL), 0);
	assert_int_equal(kt_bo_close(s.fd, bo), 0);
	unmap(s, VA, size);
	kt_gem_get("ring");
	assert_int_equal(kt_vm_destroy(s.fd, s.vm), 0);
	assert_gone("ring");
}

static void test_many_ops_in_one_call(void **state)
{
	struct space s = new_space(state);
	uint32_t bo = kt_filled_bo(s.fd, "batch", SIZE, 1);
	struct drm_panthor_vm_bind_op ops[64];
	uint32_t done;
	uint32_t i;

	memset(ops, 0, sizeof(ops));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ops[i].flags = i % 2 ? DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP : 0;
		ops[i].bo_handle = i % 2 ? 0 : bo;
		ops[i].va = VA + (i / 2) * P;
		ops[i].size = i % 2 ? P : SIZE;
	}
	assert_int_equal(kt_bind(s.fd, s.vm, ops, ARRAY_SIZE(ops), &done), 0);
	assert_int_equal(done, ARRAY_SIZE(ops));
	assert_int_equal(kt_bo_close(s.fd, bo), 0);
	kt_gem_get("batch");
	unmap(s, VA, 64 * P);
	assert_gone("batch");
}

/* Pages around a 2 MiB block: cutting one leaves the rest of the block mapped. */
static void test_cut_huge_block(void **state)
{
	struct space s = new_space(state);
	const uint64_t block = 2 * KT_MIB;

	map_only(s, "block", VA, 2 * block);
	unmap(s, VA + block - P, 2 * P);
	kt_gem_get("block");
	unmap(s, VA, block - P);
	unmap(s, VA + block + P, block - 2 * P);
	kt_gem_get("block");
	unmap(s, VA + 2 * block - P, P);
	assert_gone("block");
}

static void test_bind_of_a_bo_without_pages(void **state)
{
	struct space s = new_space(state);
	uint32_t bo = kt_bo(s.fd, SIZE);

	assert_int_equal(kt_bo_label(s.fd, bo, "untouched"), 0);
	assert_int_equal(kt_vm_map(s.fd, s.vm, bo, VA, 0, SIZE), 0);
	assert_int_equal(kt_gem_get("untouched").resident, SIZE);
	kt_assert_zeroes(s.fd, bo, SIZE);
}

static void cut_and_unmap(struct space s, uint32_t bo, int rounds)
{
	while (rounds-- > 0) {
		assert_int_equal(kt_vm_map(s.fd, s.vm, bo, VA, 0, SIZE), 0);
		unmap(s, VA + 3 * P, 2 * P);
		unmap(s, VA, SIZE);
	}
}

/* Each cut makes two pieces out of one and frees one: what is left over must not add up. */
static void test_kb_remap_leftovers_are_freed(void **state)
{
	struct space s = new_space(state);
	uint32_t bo = kt_filled_bo(s.fd, "leftovers", SIZE, 1);
	enum { ROUNDS = 2000 };
	struct kt_slabs before;

	/* The first rounds fill the allocator's own caches. */
	cut_and_unmap(s, bo, ROUNDS / 4);
	before = kt_slabs_read();
	cut_and_unmap(s, bo, ROUNDS);
	kt_slabs_assert_back_now(&before, ROUNDS / 2);
}

enum { MODEL_BOS = 6, MODEL_PAGES = 64, MODEL_ROUNDS = 600 };

static const char *const model_labels[MODEL_BOS] = { "m0", "m1", "m2", "m3", "m4", "m5" };

static bool in_model(const int *model, int who, int from)
{
	int i;

	for (i = from; i < MODEL_PAGES; i++) {
		if (model[i] == who)
			return true;
	}
	return false;
}

/* One seeded bind of a few pages, in the VM and in the model of which BO is at which page. */
static void bind_somewhere(struct space s, const uint32_t *bos, int *model, uint64_t *seed)
{
	int who = (int)(kt_rand(seed) % (MODEL_BOS + 2));
	int first = (int)(kt_rand(seed) % MODEL_PAGES);
	int count = 1 + (int)(kt_rand(seed) % 16);
	uint64_t va = VA + (uint64_t)first * P;
	int i;

	count = count < MODEL_PAGES - first ? count : MODEL_PAGES - first;
	if (who < MODEL_BOS)
		assert_int_equal(kt_vm_map(s.fd, s.vm, bos[who], va, (uint64_t)(16 - count) * P,
					   (uint64_t)count * P),
				 0);
	else
		unmap(s, va, (uint64_t)count * P);
	for (i = first; i < first + count; i++)
		model[i] = who < MODEL_BOS ? who : -1;
}

static void test_random_binds_match_a_model(void **state)
{
	struct space s = new_space(state);
	uint32_t bos[MODEL_BOS];
	int model[MODEL_PAGES];
	uint64_t seed = 20;
	int i;

	memset(model, -1, sizeof(model));
	for (i = 0; i < MODEL_BOS; i++)
		bos[i] = kt_filled_bo(s.fd, model_labels[i], 16 * P, (uint64_t)i);
	for (i = 0; i < MODEL_ROUNDS; i++)
		bind_somewhere(s, bos, model, &seed);
	for (i = 0; i < MODEL_BOS; i++) {
		assert_int_equal(kt_bo_close(s.fd, bos[i]), 0);
		if (!in_model(model, i, 0))
			assert_gone(model_labels[i]);
	}
	for (i = 0; i < MODEL_PAGES; i++) {
		if (model[i] < 0)
			continue;
		kt_gem_get(model_labels[model[i]]);
		unmap(s, VA + (uint64_t)i * P, P);
		if (!in_model(model, model[i], i + 1))
			assert_gone(model_labels[model[i]]);
	}
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb34_unmap_exact),
	kt_test(test_unmap_page_by_page),
	kt_test(test_unmap_middle),
	kt_test(test_unmap_head_and_tail),
	kt_test(test_unmap_spans_mappings_and_holes),
	kt_test(test_map_replaces),
	kt_test(test_map_cuts_what_is_below),
	kt_test(test_map_spans_several),
	kt_test(test_map_over_itself),
	kt_test(test_double_map),
	kt_test(test_many_ops_in_one_call),
	kt_test(test_cut_huge_block),
	kt_test(test_bind_of_a_bo_without_pages),
	kt_test(test_kb_remap_leftovers_are_freed),
	kt_test(test_random_binds_match_a_model),
	kt_no_leaks(),
};

kt_main(tests)
