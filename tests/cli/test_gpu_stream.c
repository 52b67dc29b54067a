// SPDX-License-Identifier: MIT
/* The streams of panthor-bo stress --gpu, executed by the driver's executor in this process. */
#include "cs_world.h"

#include "gpu_stream.h"

#define STREAM_BYTES (CODE_PAGES * PAGE)
#define REPORT_VA    RWX
#define PAGE_WORDS   (PATTERN_PAGE / 4)

static const struct pattern plain = { .key = 3, .compress = 85 };
static const struct pattern lined = { .key = 3, .compress = 85, .lines = true, .line_key = 4 };

/* Pages of the world lie anywhere in the process. */
static void fill(const struct world *w, const struct pattern *pattern)
{
	for (u64 page = 0; page < DATA_PAGES; page++)
		pattern_page(pattern, page, at(w, DATA + page * PAGE));
}

static void expect_contents(const struct world *w, const struct pattern *pattern)
{
	uint64_t words[PATTERN_WORDS];

	for (u64 page = 0; page < DATA_PAGES; page++) {
		pattern_page(pattern, page, words);
		assert_memory_equal(at(w, DATA + page * PAGE), words, PAGE);
	}
}

static void run_stream(struct world *w, const void *memory, u32 size)
{
	assert_int_equal(run_code(w, memory, size / 8), PANTHOR_CS_DONE);
}

static struct gpu_report verify(struct world *w, const struct pattern *pattern, u64 first,
				u64 pages)
{
	static u64 memory[STREAM_BYTES / 8];
	struct gpu_report *report = at(w, REPORT_VA);
	u32 size;

	*report = (struct gpu_report){ 0 };
	assert_int_equal(gpu_stream_verify(memory, sizeof(memory), pattern, DATA, first, pages,
					   REPORT_VA, &size),
			 0);
	run_stream(w, memory, size);
	assert_int_equal(report->error, 0);
	return *report;
}

/* The GPU makes the very lines that the CPU expects, and touches nothing else. */
static void writes(void **state)
{
	static u64 memory[STREAM_BYTES / 8];
	struct world *w = *state;
	u32 size;

	fill(w, &plain);
	assert_int_equal(gpu_stream_write(memory, sizeof(memory), 4, DATA, DATA_PAGES, &size), 0);
	run_stream(w, memory, size);
	expect_contents(w, &lined);
}

static void finds_nothing(void **state)
{
	static const struct pattern zero = { .zero = true };
	const struct pattern *const patterns[] = { &plain, &lined, &zero };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		fill(w, patterns[i]);
		assert_int_equal(verify(w, patterns[i], 0, DATA_PAGES).wrong_words, 0);
		expect_contents(w, patterns[i]);
	}
}

/* A page that is lost, stale or another one shows in each of its words that are looked at. */
static void finds_pages(void **state)
{
	struct world *w = *state;

	for (u64 page = 0; page < DATA_PAGES; page++) {
		u32 *words = at(w, DATA + page * PAGE);
		struct gpu_report report;

		fill(w, &lined);
		memset(words, 0, PAGE);
		report = verify(w, &lined, 0, DATA_PAGES);
		assert_int_equal(report.wrong_words, GPU_STREAM_WORDS);
		assert_int_equal(report.word, page * PAGE_WORDS);
		assert_int_equal(
			(u32)(report.difference + gpu_stream_expected(&lined, report.word)), 0);

		pattern_page(&lined, page ^ 1, (uint64_t *)words);
		assert_int_equal(verify(w, &lined, page, 1).wrong_words, GPU_STREAM_WORDS);
		pattern_page(&plain, page, (uint64_t *)words);
		assert_in_range(verify(w, &lined, page, 1).wrong_words, 2, GPU_STREAM_WORDS);
	}
}

/* Of many words, the report is of the first. */
static void tells_the_first(void **state)
{
	struct world *w = *state;
	struct gpu_report report;

	fill(w, &plain);
	report = verify(w, &lined, 2, DATA_PAGES - 2);
	assert_in_range(report.wrong_words, 2 * (DATA_PAGES - 2), 3 * (DATA_PAGES - 2));
	assert_int_equal(report.word, 2 * PAGE_WORDS);
	assert_int_equal((u32)(gpu_stream_expected(&lined, report.word) + report.difference),
			 gpu_stream_expected(&plain, report.word));
}

/* One bit of a word that is looked at. */
static void finds_bits(void **state)
{
	struct world *w = *state;

	fill(w, &lined);
	for (u32 bit = 0; bit < 32; bit++) {
		*at32(w, DATA + PAGE) ^= 1u << bit;
		assert_int_equal(verify(w, &lined, 0, DATA_PAGES).wrong_words, 1);
		*at32(w, DATA + PAGE) ^= 1u << bit;
	}
}

static void fits(void **state)
{
	u32 size;

	for (u64 bytes = 0; bytes <= STREAM_BYTES; bytes += 200) {
		void *memory = malloc(bytes + 1);
		u64 pages = gpu_stream_max_pages(bytes);

		if (pages)
			assert_int_equal(gpu_stream_verify(memory, bytes, &plain, DATA, 0, pages,
							   REPORT_VA, &size),
					 0);
		assert_int_equal(gpu_stream_verify(memory, bytes, &plain, DATA, 0, pages + 1,
						   REPORT_VA, &size),
				 -ENOSPC);
		free(memory);
	}
	assert_in_range(gpu_stream_max_pages(STREAM_BYTES), DATA_PAGES, STREAM_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(writes),	     world_test(finds_nothing), world_test(finds_pages),
		world_test(tells_the_first), world_test(finds_bits),	world_test(fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
