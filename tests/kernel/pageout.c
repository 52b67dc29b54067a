/* SPDX-License-Identifier: MIT */
/* PAGEOUT starts the way to swap, for what was evicted before as well. */
#include "kt.h"

#define PAGEOUT DRM_PANTHOR_BO_MADV_PAGEOUT
#define SIZE	(16 * KT_MIB)

static void test_contents_go_to_swap(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "pageout", SIZE, 1);
	uint64_t before = kt_meminfo("SwapFree");

	assert_int_equal(kt_madvise(t->fd, bo, PAGEOUT, NULL), 0);
	assert_true(kt_meminfo("SwapFree") < before - SIZE / 2);
	kt_assert_contents(t->fd, bo, SIZE, 1);
}

static void test_of_an_evicted_bo(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "evicted", SIZE, 2);
	uint64_t before = kt_meminfo("SwapFree");

	assert_int_equal(kt_shrink(1), SIZE / KT_PAGE);
	assert_true(kt_meminfo("SwapFree") > before - SIZE / 2);
	assert_int_equal(kt_madvise(t->fd, bo, PAGEOUT, NULL), 0);
	assert_true(kt_meminfo("SwapFree") < before - SIZE / 2);
	assert_int_equal(kt_gem_get("evicted").evictions, 1);
	kt_assert_contents(t->fd, bo, SIZE, 2);
}

/* Never touched: there is nothing to write. */
static void test_without_pages(void **state)
{
	struct kt *t = *state;

	assert_int_equal(kt_madvise(t->fd, kt_bo(t->fd, SIZE), PAGEOUT, NULL), 0);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_contents_go_to_swap),
	kt_test(test_of_an_evicted_bo),
	kt_test(test_without_pages),
	kt_no_leaks(),
};

kt_main(tests)
