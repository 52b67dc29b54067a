// SPDX-License-Identifier: MIT
/*
 * Random ranges, whole blocks and single pages, against a model that is an array. Whatever fails
 * prints the seed before; PT_SEED=N starts there.
 */
#include <stdio.h>

#include "model.h"

#define SEEDS	48
#define CHANGES 60

/* Where the borders of all levels are, the last one before the end, and no border but the first. */
static const u64 bases[] = { (1ull << 39) - WINDOW / 2, VA_END - WINDOW - BLOCK, 0,
			     (5ull << 30) - 3 * BLOCK };

struct range {
	size_t first, count;
};

static struct range some_range(u64 *seed)
{
	u64 r = rnd(seed);
	struct range range = { .first = r >> 8 & (WINDOW_PAGES - 1) };
	size_t most;

	switch (r % 4) {
	case 0:
		range.count = 1 + (r >> 32) % 8;
		break;
	case 1:
		range.count = 1 + (r >> 32) % 1500;
		break;
	case 2:
		/* Nearly whole blocks. */
		range.first = (range.first & ~511u) + (r >> 32) % 2;
		range.count = 511 + (r >> 36) % 3 + (r >> 40) % 3 * 512;
		break;
	default:
		range.first &= ~511u;
		range.count = (1 + (r >> 32) % 5) * 512;
		break;
	}
	most = WINDOW_PAGES - range.first;
	range.count = range.count < most ? range.count : most;
	return range;
}

static u64 some_attrs(u64 *seed)
{
	static const u64 attrs[] = { 0,
				     PANTHOR_PT_READONLY,
				     PANTHOR_PT_NOEXEC,
				     PANTHOR_PT_READONLY | PANTHOR_PT_NOEXEC,
				     PANTHOR_PT_SPARSE | PANTHOR_PT_NOEXEC,
				     PANTHOR_PT_ATTRS };

	return attrs[rnd(seed) % ARRAY_SIZE(attrs)];
}

/* Of 52 bits, mostly as far into a block as the address is. */
static u64 some_phys(u64 *seed, u64 va)
{
	u64 r = rnd(seed);
	u64 phys = (r >> 8 & ((1ull << 52) - 1) & ~(P - 1)) % ((1ull << 52) - WINDOW);

	return r % 4 ? phys / BLOCK * BLOCK + va % BLOCK : phys;
}

static void change_something(struct model *m, u64 *seed)
{
	struct range range = some_range(seed);
	u64 attrs = some_attrs(seed), phys = some_phys(seed, m->base + range.first * P);

	if (rnd(seed) % 3 == 0)
		model_unmap(m, range.first, range.count);
	else
		model_replace(m, range.first, range.count, phys, attrs);
}

/* Piece by piece until there is nothing: of the tables none but the root is left. */
static void unmap_all(struct model *m, u64 *seed)
{
	for (size_t i = 0; i < WINDOW_PAGES; i += 64) {
		struct range range = some_range(seed);

		model_unmap(m, range.first, range.count);
		model_unmap(m, i, 64);
	}
	model_check(m);
	assert_int_equal(pages.live, m->before + 1);
}

static void random_changes(void **state)
{
	const char *start = getenv("PT_SEED");
	u64 first = start ? strtoull(start, NULL, 0) : 1;
	struct model *m = malloc(sizeof(*m));

	for (u64 n = first; n < first + SEEDS; n++) {
		u64 seed = n;

		print_message("# seed %llu\n", (unsigned long long)n);
		model_init(m, bases[n % ARRAY_SIZE(bases)]);
		for (int i = 0; i < CHANGES; i++) {
			change_something(m, &seed);
			model_check(m);
		}
		if (n % 2)
			unmap_all(m, &seed);
		model_fini(m);
	}
	free(m);
	(void)state;
}

/* How many tables are asked for, when there are none at all and all of a range is small. */
static void need_of_ranges(void **state)
{
	static const struct {
		u64 va, size;
		bool sparse;
		u64 need;
	} rows[] = {
		{ 0, P, false, 3 },
		{ 0, BLOCK, false, 3 },
		{ P, BLOCK, false, 4 },
		{ 0, 1ull << 30, false, 1 + 1 + 512 },
		{ (1ull << 30) - P, 2 * P, false, 1 + 2 + 2 },
		{ (1ull << 39) - P, 2 * P, false, 2 + 2 + 2 },
		{ VA_END - P, P, false, 3 },
		/* Both ends may be small pages, and nothing between them is. */
		{ P, P, true, 1 + 1 + 2 },
		{ P, 1ull << 30, true, 1 + 2 + 2 },
		{ 0, 1ull << 40, true, 2 + 1024 + 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(panthor_pt_map_need(rows[i].va, rows[i].size, rows[i].sparse),
				 rows[i].need);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes),
		cmocka_unit_test(need_of_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
