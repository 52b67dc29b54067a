// SPDX-License-Identifier: MIT
#include "cli.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guard.h"
#include "histogram.h"
#include "pattern.h"

#define SIZE (16 * PATTERN_PAGE)

static int setup(void **state)
{
	*state = aligned_alloc(PATTERN_PAGE, SIZE);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void fill(void *bytes, uint64_t key, uint32_t compress)
{
	pattern_fill(bytes, SIZE, &(struct pattern){ .key = key, .compress = compress });
}

static uint64_t verify(const void *bytes, uint64_t key, uint32_t compress,
		       struct pattern_mismatch *mismatch)
{
	return pattern_verify(bytes, SIZE, &(struct pattern){ .key = key, .compress = compress },
			      mismatch);
}

static void test_round_trip(void **state)
{
	struct pattern_mismatch mismatch;
	uint64_t key = 9;

	for (uint32_t compress = 0; compress <= 100; compress++) {
		fill(*state, key, compress);
		assert_int_equal(verify(*state, key, compress, &mismatch), 0);
		assert_int_equal(mismatch.words, 0);
		key++;
		assert_true(verify(*state, key, compress, &mismatch) > 0);
	}
}

/* Every single bit that changes is found, and told where. */
static void test_every_bit(void **state)
{
	unsigned char *bytes = *state;
	struct pattern_mismatch mismatch;
	uint64_t word;

	fill(bytes, 7, 85);
	for (size_t bit = 0; bit < 8 * SIZE; bit += 61) {
		size_t offset = bit / 64 * 8;

		memcpy(&word, bytes + offset, 8);
		bytes[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(verify(bytes, 7, 85, &mismatch), 1);
		assert_int_equal(mismatch.offset, offset);
		assert_int_equal(mismatch.expected, word);
		memcpy(&word, bytes + offset, 8);
		assert_int_equal(mismatch.got, word);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
}

/* No page is like another one, so one in the wrong place or from another time shows. */
static void test_pages_differ(void **state)
{
	char *bytes = *state;
	struct pattern_mismatch mismatch;
	char page[PATTERN_PAGE];

	for (uint32_t compress = 0; compress <= 100; compress += 50) {
		fill(bytes, 3, compress);
		for (size_t i = 1; i < SIZE / PATTERN_PAGE; i++)
			assert_memory_not_equal(bytes, bytes + i * PATTERN_PAGE, PATTERN_PAGE);
		memcpy(page, bytes, sizeof(page));
		memcpy(bytes, bytes + PATTERN_PAGE, sizeof(page));
		memcpy(bytes + PATTERN_PAGE, page, sizeof(page));
		assert_true(verify(bytes, 3, compress, &mismatch) > PATTERN_WORDS);
	}
	assert_int_not_equal(pattern_key(1, 0, 0, 0), pattern_key(1, 0, 0, 1));
	assert_int_not_equal(pattern_key(1, 0, 1, 0), pattern_key(1, 1, 0, 0));
	assert_int_not_equal(pattern_key(1, 0, 0, 0), pattern_key(2, 0, 0, 0));
}

/* The GPU's lines change their 16 words of each page, and nothing else. */
static void test_lines(void **state)
{
	struct pattern pattern = { .key = 5, .compress = 85 };
	struct pattern_mismatch mismatch;

	pattern_fill(*state, SIZE, &pattern);
	pattern.lines = true;
	pattern.line_key = 6;
	assert_int_equal(pattern_verify(*state, SIZE, &pattern, &mismatch),
			 2 * PATTERN_LINE_WORDS * (SIZE / PATTERN_PAGE));
	assert_int_equal(mismatch.offset, 0);
	pattern_fill(*state, SIZE, &pattern);
	assert_int_equal(pattern_verify(*state, SIZE, &pattern, &mismatch), 0);
	pattern.line_key = 7;
	assert_int_equal(pattern_verify(*state, SIZE, &pattern, &mismatch),
			 2 * PATTERN_LINE_WORDS * (SIZE / PATTERN_PAGE));
}

/* Swap stores a page of one repeated word without compressing it: no page may be like that. */
static void test_never_same_filled(void **state)
{
	uint64_t *words = *state;

	fill(words, 11, 100);
	for (size_t page = 0; page < SIZE / PATTERN_PAGE; page++)
		assert_int_not_equal(words[page * PATTERN_WORDS], words[page * PATTERN_WORDS + 1]);
}

static void test_zero(void **state)
{
	const struct pattern zero = { .zero = true };
	unsigned char *bytes = *state;
	struct pattern_mismatch mismatch;

	memset(bytes, 0, SIZE);
	assert_int_equal(pattern_verify(bytes, SIZE, &zero, &mismatch), 0);
	bytes[SIZE - 1] = 1;
	assert_int_equal(pattern_verify(bytes, SIZE, &zero, &mismatch), 1);
	assert_int_equal(mismatch.offset, SIZE - 8);
	assert_int_equal(mismatch.expected, 0);
}

/* The same seed gives the same bytes for ever: a seed in a bug report must stay good. */
static void test_frozen(void **state)
{
	uint64_t *words = *state;

	fill(words, pattern_key(42, 1, 2, 3), 85);
	assert_int_equal(words[0], UINT64_C(0x757349b2e98f45c3));
	assert_int_equal(words[SIZE / 8 - 1], UINT64_C(0x5d616b9dddee1f16));
}

static void test_histogram_error(void **state)
{
	for (uint64_t value = 1; value < UINT64_C(1) << 40; value += value / 7 + 1) {
		struct histogram *histogram = calloc(1, sizeof(*histogram));
		uint64_t got;

		assert_non_null(histogram);
		histogram_add(histogram, value);
		histogram_add(histogram, UINT64_C(1) << 41);
		got = histogram_percentile(histogram, 50);
		assert_true(got <= value + value / 100 && got + value / 100 >= value);
		free(histogram);
	}
}

static void test_histogram_percentiles(void **state)
{
	struct histogram *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));

	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(histogram_percentile(a, 50), 0);
	for (uint64_t value = 1; value <= 100; value++)
		histogram_add(value % 2 ? a : b, value);
	histogram_merge(a, b);
	assert_int_equal(a->samples, 100);
	assert_int_equal(histogram_percentile(a, 50), 50);
	assert_int_equal(histogram_percentile(a, 90), 90);
	assert_int_equal(histogram_percentile(a, 99), 99);
	assert_int_equal(histogram_percentile(a, 100), 100);
	histogram_add(a, UINT64_MAX);
	assert_int_equal(a->max, UINT64_MAX);
	assert_int_equal(histogram_percentile(a, 50), 51);
	free(a);
	free(b);
}

static void touch(void *arg)
{
	*(volatile char *)arg = 1;
}

static void *beyond_end(void)
{
	int fd = memfd_create("beyond", 0);
	void *page = mmap(NULL, PATTERN_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

/* SIGBUS in the guarded range is an error, again and again; elsewhere it kills as ever. */
static void test_guard(void **state)
{
	char *page = beyond_end();
	char fine;
	int status;
	pid_t pid;

	assert_int_equal(guard_install(), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(guard_call(touch, page, page, PATTERN_PAGE), -EFAULT);
		assert_int_equal(guard_call(touch, &fine, &fine, 1), 0);
	}
	pid = fork();
	if (!pid) {
		guard_call(touch, page, page + 1, PATTERN_PAGE - 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	munmap(page, PATTERN_PAGE);
	signal(SIGBUS, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_bit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_same_filled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zero, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frozen, setup, teardown),
		cmocka_unit_test(test_histogram_error),
		cmocka_unit_test(test_histogram_percentiles),
		cmocka_unit_test(test_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
