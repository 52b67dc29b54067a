/* SPDX-License-Identifier: MIT */
/* The table of 100000 BOs: ten times as many rows cost about ten times as much, not a hundred. */
#include <inttypes.h>
#include <time.h>

#include "kt.h"

#define FEW	  10000
#define MANY	  100000
#define RUNS	  2
#define MAX_RATIO 12

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void create_up_to(int fd, size_t from, size_t to)
{
	uint32_t bo;
	size_t i;

	for (i = from; i < to; i++) {
		assert_int_equal(kt_bo_create(fd, KT_PAGE, 0, 0, &bo), 0);
		if (i % 4 == 0)
			assert_int_equal(kt_bo_label(fd, bo, "one of very many BOs"), 0);
	}
}

/* The last bytes of a stream, whatever the sizes it arrives in. */
struct tail {
	char text[256];
	size_t len;
};

static void keep_tail(struct tail *tail, const char *buf, size_t n)
{
	const size_t room = sizeof(tail->text) - 1;
	size_t keep = n < room ? room - n : 0;

	keep = keep < tail->len ? keep : tail->len;
	if (n > room) {
		buf += n - room;
		n = room;
	}
	memmove(tail->text, tail->text + tail->len - keep, keep);
	memcpy(tail->text + keep, buf, n);
	tail->len = keep + n;
	tail->text[tail->len] = '\0';
}

/* Reads the whole table with a buffer as programs use one; returns the number of lines. */
static size_t read_table(struct tail *tail)
{
	static char buf[65536];
	int fd = kt_debugfs_open("gems", O_RDONLY);
	size_t lines = 0;
	ssize_t n;
	ssize_t i;

	assert_true(fd >= 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++)
			lines += buf[i] == '\n';
		keep_tail(tail, buf, (size_t)n);
	}
	assert_int_equal(n, 0);
	close(fd);
	return lines;
}

/* The lesser of two runs: the first one fills the caches of the allocator. */
static uint64_t time_table(size_t rows)
{
	struct tail tail = { .len = 0 };
	uint64_t least = ~0ull;
	uint64_t start, size;
	const char *footer;
	size_t lines;
	int i;

	for (i = 0; i < RUNS; i++) {
		start = now_ns();
		lines = read_table(&tail);
		start = now_ns() - start;
		least = start < least ? start : least;
		/* Header: 5 lines, footer: 2. */
		assert_int_equal(lines, rows + 7);
	}
	footer = strstr(tail.text, "Total size: ");
	assert_non_null(footer);
	assert_int_equal(sscanf(footer, "Total size: %" SCNu64, &size), 1);
	assert_int_equal(size, rows * KT_PAGE);
	return least;
}

static void test_gems_is_linear_in_rows(void **state)
{
	struct kt *t = *state;
	uint64_t few, many;

	create_up_to(t->fd, 0, FEW);
	few = time_table(FEW);
	create_up_to(t->fd, FEW, MANY);
	many = time_table(MANY);
	print_message("# %d rows: %" PRIu64 " us, %d rows: %" PRIu64 " us, ratio %.2f\n", FEW,
		      few / 1000, MANY, many / 1000, (double)many / (double)few);
	assert_true(many <= MAX_RATIO * few);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_gems_is_linear_in_rows),
	kt_no_leaks(),
};

kt_main(tests)
