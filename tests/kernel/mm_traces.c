/* SPDX-License-Identifier: MIT */
/* What the driver tells mm, as the kernel's own trace events have it. */
#include "kt_trace.h"

#define SHRINK "vmscan/mm_shrink_slab_end"
#define SIZE   (16 * KT_PAGE)

/*
 * mm goes on until it has what it wants, which it adds up from what scans return: one that frees
 * and says that there was nothing to be had shows nowhere else.
 */
static void test_kb14_mm_is_told_what_was_freed(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "kb14", SIZE, 1);
	char *text, *next;
	const char *freed;
	long sum = 0;

	kt_trace_switch(SHRINK, true);
	/* What shrinkers have, over and over while that is something. */
	assert_true(kt_write_file("/proc/sys/vm/drop_caches", "2"));
	kt_trace_switch(SHRINK, false);
	assert_int_equal(kt_gem_get("kb14").evictions, 1);
	text = next = kt_trace_read();
	while ((freed = kt_trace_next(&next, "panthor_shrink_scan", "last shrinker return val ")))
		sum += strtol(freed, NULL, 10);
	assert_int_equal(sum, SIZE / KT_PAGE);
	free(text);
	kt_assert_contents(t->fd, bo, SIZE, 1);
}

static const struct CMUnitTest tests[] = {
	kt_trace_test(test_kb14_mm_is_told_what_was_freed),
	kt_no_leaks(),
};

kt_main(tests)
