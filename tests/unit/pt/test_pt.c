// SPDX-License-Identifier: MIT
/* What page tables are made of: large pages where they fit, no more tables than that takes. */
#include <unistd.h>

#include "model.h"

#define BASE	 0x40000000ull
#define PHYS	 0x12340000000ull
#define SPARSE	 (PANTHOR_PT_SPARSE | PANTHOR_PT_NOEXEC)
#define READONLY PANTHOR_PT_READONLY

static int setup(void **state)
{
	struct model *m = malloc(sizeof(*m));

	model_init(m, BASE);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct model *m = *state;

	pages.left = PAGES_MAX - pages.live;
	pages.killed = false;
	model_fini(m);
	free(m);
	return 0;
}

#define pt_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/*
 * Ranges of pages and the tables they take into a table that has none, with the two that lead
 * there; and what a lookup of the first byte says.
 */
static void large_pages_where_they_fit(void **state)
{
	static const struct {
		size_t first, count;
		u64 phys, attrs;
		int tables;
		u64 len;
	} rows[] = {
		{ 0, 1, PHYS, 0, 3, P },
		{ 0, 511, PHYS, 0, 3, P },
		{ 0, 512, PHYS, 0, 2, BLOCK },
		{ 0, 512, PHYS, READONLY, 2, BLOCK },
		{ 512, 512, PHYS, 0, 2, BLOCK },
		{ 0, 1024, PHYS, 0, 2, BLOCK },
		{ 0, 4096, PHYS, 0, 2, BLOCK },
		{ 0, 513, PHYS, 0, 3, BLOCK },
		/* The address is not aligned, the memory is not, both are alike. */
		{ 1, 512, PHYS, 0, 4, P },
		{ 0, 512, PHYS + P, 0, 3, P },
		{ 1, 1024, PHYS + P, 0, 4, P },
		{ 1, 1023, PHYS + P, 0, 3, P },
		{ 0, 512, 0, SPARSE, 2, BLOCK },
		{ 0, 4096, 0, SPARSE, 2, BLOCK },
		{ 0, 1, 0, SPARSE, 3, P },
		{ 511, 514, 0, SPARSE, 4, P },
	};
	struct model *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct panthor_pt_page page;
		u64 va = BASE + rows[i].first * P;

		assert_int_equal(
			model_map(m, rows[i].first, rows[i].count, rows[i].phys, rows[i].attrs),
			rows[i].tables);
		assert_true(panthor_pt_lookup(&m->pt, va, &page));
		assert_int_equal(page.len, rows[i].len);
		model_check(m);
		/* All of them come back; the root stays. */
		assert_int_equal(model_unmap(m, 0, WINDOW_PAGES), -rows[i].tables);
		model_check(m);
	}
}

/* One entry, which is not in the last level. */
static void a_large_page_is_one_entry(void **state)
{
	struct model *m = *state;
	void *tables[4];
	bool leaf = false;
	size_t entries = 0;

	model_map(m, 512, 512, PHYS, 0);
	assert_int_equal(walk(&m->pt, BASE + BLOCK, tables, &leaf), 3);
	assert_true(leaf);
	for (size_t i = 0; i < PAGE_BYTES / sizeof(u64); i++)
		entries += ((u64 *)tables[2])[i] != 0;
	assert_int_equal(entries, 1);
	model_map(m, 0, 1, PHYS, 0);
	assert_int_equal(walk(&m->pt, BASE, tables, &leaf), 4);
	assert_true(leaf);
	assert_int_equal(walk(&m->pt, BASE + 2 * BLOCK, tables, &leaf), 3);
	assert_false(leaf);
}

static void cut(struct model *m, size_t first, size_t count, int tables)
{
	assert_int_equal(model_unmap(m, first, count), tables);
	model_check(m);
}

/* A table for each large page that is cut, none for those that go whole. */
static void cutting_large_pages(void **state)
{
	static const u64 attrs[] = { 0, PANTHOR_PT_READONLY | PANTHOR_PT_NOEXEC, SPARSE };
	struct model *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		model_map(m, 0, 4 * 512, PHYS, attrs[i]);
		/* Both ends at once: that is all a range can cut. */
		cut(m, 100, 3 * 512, 2);
		cut(m, 0, 100, -1);
		cut(m, 3 * 512 + 100, 412, -3);

		model_map(m, 0, 4 * 512, PHYS, attrs[i]);
		cut(m, 512, 2 * 512, 0);
		cut(m, 7, 1, 1);
		cut(m, 3 * 512 + 511, 1, 1);
		cut(m, 0, 4 * 512, -4);
	}
}

/* What was cut stays cut, but whoever maps anew gets a large page. */
static void replacing_what_was_cut(void **state)
{
	struct model *m = *state;

	model_map(m, 0, 512, PHYS, 0);
	assert_int_equal(model_replace(m, 256, 1, PHYS + 7 * P, READONLY), 1);
	model_check(m);
	assert_int_equal(model_replace(m, 256, 1, PHYS + 256 * P, 0), 0);
	model_check(m);
	assert_int_equal(model_replace(m, 0, 512, PHYS, 0), -1);
	model_check(m);
	/* A BO across sparse blocks, and sparse again. */
	model_replace(m, 0, 4 * 512, 0, SPARSE);
	assert_int_equal(model_replace(m, 300, 512, PHYS, 0), 2);
	model_check(m);
	assert_int_equal(model_replace(m, 0, 4 * 512, 0, SPARSE), -2);
	model_check(m);
}

/* Nothing there: nothing to do, nothing taken. */
static void unmapping_nothing(void **state)
{
	struct model *m = *state;

	cut(m, 0, WINDOW_PAGES, 0);
	model_map(m, 600, 2, PHYS, 0);
	cut(m, 0, 600, 0);
	cut(m, 602, 1000, 0);
}

static void addresses_beyond_the_end(void **state)
{
	struct model *m = malloc(sizeof(*m));
	struct panthor_pt_page page;

	model_init(m, VA_END - WINDOW);
	model_map(m, 0, WINDOW_PAGES, PHYS, 0);
	model_check(m);
	assert_true(panthor_pt_lookup(&m->pt, VA_END - 1, &page));
	assert_int_equal(page.len, 1);
	assert_false(panthor_pt_lookup(&m->pt, ~0ull, &page));
	for (unsigned int bit = PANTHOR_PT_VA_BITS; bit < 64; bit++)
		assert_false(panthor_pt_lookup(&m->pt, (VA_END - P) | 1ull << bit, &page));
	model_fini(m);
	free(m);
	(void)state;
}

static void caches(void **state)
{
	struct panthor_pt_cache a, b;

	panthor_pt_cache_init(&a);
	panthor_pt_cache_init(&b);
	assert_int_equal(panthor_pt_cache_fill(&a, 5), 0);
	assert_int_equal(panthor_pt_cache_fill(&a, 3), 0);
	assert_int_equal(a.count, 5);
	panthor_pt_cache_move(&b, &a, 2);
	panthor_pt_cache_move(&b, &a, 1);
	assert_int_equal(a.count, 3);
	assert_int_equal(b.count, 2);
	panthor_pt_cache_move(&b, &a, 100);
	assert_int_equal(a.count, 0);
	assert_int_equal(b.count, 5);

	/* What came before the end of memory, or of the process, is kept. */
	pages.left = 2;
	assert_int_equal(panthor_pt_cache_fill(&a, 4), -ENOMEM);
	assert_int_equal(a.count, 2);
	pages.left = PAGES_MAX - pages.live;
	pages.killed = true;
	assert_int_equal(panthor_pt_cache_fill(&a, 2), 0);
	assert_int_equal(panthor_pt_cache_fill(&a, 100), -EINTR);
	assert_in_range(a.count, 2, 4);
	panthor_pt_cache_fini(&a);
	panthor_pt_cache_fini(&b);
	(void)state;
}

static void no_memory_for_the_root(void **state)
{
	struct panthor_pt pt = { .root = NULL };

	pages.left = 0;
	assert_int_equal(panthor_pt_init(&pt), -ENOMEM);
	panthor_pt_fini(&pt);
	(void)state;
}

/* @count pages, each in a table of its own, and the same number of large ones, far away. */
static void map_many(struct panthor_pt *pt, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		u64 va[] = { BASE + i * 2 * BLOCK, (1ull << 45) + i * BLOCK };

		for (size_t j = 0; j < ARRAY_SIZE(va); j++) {
			u64 size = j ? BLOCK : P;
			struct panthor_pt_cache cache;

			panthor_pt_cache_init(&cache);
			assert_int_equal(panthor_pt_cache_fill(
						 &cache, panthor_pt_map_need(va[j], size, false)),
					 0);
			panthor_pt_map(pt, &cache, va[j], size, PHYS + i * BLOCK, 0);
			panthor_pt_cache_fini(&cache);
		}
	}
}

/* With every table shut that is not on the way there. */
static void assert_touches(const struct panthor_pt *pt, u64 va, size_t tables, bool found)
{
	struct panthor_pt_page page;
	void *open[4];
	bool leaf;

	assert_int_equal(walk(pt, va, open, &leaf), tables);
	assert_int_equal(leaf, found);
	pages_shut_all_but(open, tables);
	leaf = panthor_pt_lookup(pt, va, &page);
	pages_open();
	assert_int_equal(leaf, found);
}

/* The cost of a lookup is that of the levels, however many mappings there are. */
static void lookups_touch_one_table_a_level(void **state)
{
	static const size_t counts[] = { 10, 10000 };

	if (sysconf(_SC_PAGESIZE) > PAGE_BYTES) {
		print_message("# tables can be shut only where pages are no larger than they\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct panthor_pt pt;
		size_t last = counts[i] - 1;

		assert_int_equal(panthor_pt_init(&pt), 0);
		map_many(&pt, counts[i]);
		for (size_t j = 0; j < counts[i]; j += last / 9) {
			assert_touches(&pt, BASE + j * 2 * BLOCK, 4, true);
			assert_touches(&pt, (1ull << 45) + j * BLOCK + P, 3, true);
		}
		assert_touches(&pt, BASE + P, 4, false);
		assert_touches(&pt, BASE + BLOCK, 3, false);
		assert_touches(&pt, 1ull << 46, 1, false);
		panthor_pt_fini(&pt);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		pt_test(large_pages_where_they_fit),
		pt_test(a_large_page_is_one_entry),
		pt_test(cutting_large_pages),
		pt_test(replacing_what_was_cut),
		pt_test(unmapping_nothing),
		pt_test(addresses_beyond_the_end),
		pt_test(caches),
		pt_test(no_memory_for_the_root),
		pt_test(lookups_touch_one_table_a_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
