// SPDX-License-Identifier: MIT
#include "gpu_stream.h"

#include <panthor_cs.h>

/* Registers. The line takes 16 of them. */
enum {
	REG_ADDRESS = 0,
	REG_REPORT = 2,
	REG_ONE = 4,
	REG_FLUSH_ID = 5,
	REG_WORD = 6, /* stored together with the next one */
	REG_DIFFERENCE = 7,
	REG_LOADED = 8, /* GPU_STREAM_WORDS of them */
	REG_PAGES = 12,
	REG_LINE = 16,
};

#define LINE_MASK 0xffffu
#define LAST_LINE (PATTERN_PAGE - 64)

/* Loads and stores, and whatever else takes its time. */
#define SLOT	  0
#define SLOT_MASK (1u << SLOT)

/* Instructions for each page, and around all of them. */
#define PAGE_COST  (2 + GPU_STREAM_WORDS * 7)
#define FIXED_COST 7

static uint32_t word_of(const uint64_t words[PATTERN_WORDS], uint32_t index)
{
	return (uint32_t)(words[index / 2] >> (index % 2 * 32));
}

uint32_t gpu_stream_expected(const struct pattern *pattern, uint64_t word)
{
	uint64_t words[PATTERN_WORDS];

	pattern_page(pattern, word / (PATTERN_PAGE / 4), words);
	return word_of(words, (uint32_t)(word % (PATTERN_PAGE / 4)));
}

uint64_t gpu_stream_max_pages(uint64_t size)
{
	return size / 8 > FIXED_COST ? (size / 8 - FIXED_COST) / PAGE_COST : 0;
}

/* What caches hold becomes visible to the CPU before the job is over. */
static int end(struct panthor_cs *cs, uint32_t *ret_size)
{
	panthor_cs_wait(cs, SLOT_MASK);
	panthor_cs_move32(cs, REG_FLUSH_ID, 0);
	panthor_cs_flush_caches(cs, PANTHOR_CS_FLUSH_CLEAN, PANTHOR_CS_FLUSH_CLEAN, false,
				REG_FLUSH_ID, 0, SLOT);
	panthor_cs_wait(cs, SLOT_MASK);
	return panthor_cs_finish(cs, ret_size);
}

/* The last one to be found wrong is the one that stays in the report. */
static void compare(struct panthor_cs *cs, uint32_t loaded, uint32_t expected, uint32_t word)
{
	struct panthor_cs_label fine = { 0 };

	panthor_cs_add32(cs, REG_DIFFERENCE, loaded, (int32_t)(0 - expected));
	panthor_cs_branch(cs, PANTHOR_CS_EQ, REG_DIFFERENCE, &fine);
	panthor_cs_move32(cs, REG_WORD, word);
	panthor_cs_store(cs, REG_WORD, 3, REG_REPORT, 8);
	panthor_cs_sync_add(cs, 32, REG_REPORT, REG_ONE, SLOT_MASK, SLOT);
	panthor_cs_wait(cs, SLOT_MASK);
	panthor_cs_place(cs, &fine);
}

static void verify_page(struct panthor_cs *cs, const struct pattern *pattern, uint64_t va,
			uint64_t page)
{
	uint64_t words[PATTERN_WORDS];
	/* The beginning of the first line and of the last one, and one that may be anywhere. */
	const uint32_t where[GPU_STREAM_WORDS] = {
		0,
		LAST_LINE / 4,
		(uint32_t)(pattern_mix(pattern->key ^ page) % (PATTERN_PAGE / 4)),
	};

	pattern_page(pattern, page, words);
	panthor_cs_move48(cs, REG_ADDRESS, va + page * PATTERN_PAGE);
	for (uint32_t i = 0; i < GPU_STREAM_WORDS; i++)
		panthor_cs_load(cs, REG_LOADED + i, 1, REG_ADDRESS, (int32_t)(4 * where[i]));
	panthor_cs_wait(cs, SLOT_MASK);
	for (uint32_t i = GPU_STREAM_WORDS; i--;)
		compare(cs, REG_LOADED + i, word_of(words, where[i]),
			(uint32_t)(page * (PATTERN_PAGE / 4) + where[i]));
}

int gpu_stream_verify(void *memory, uint64_t size, const struct pattern *pattern, uint64_t va,
		      uint64_t first, uint64_t pages, uint64_t report_va, uint32_t *ret_size)
{
	struct panthor_cs cs;

	panthor_cs_init(&cs, memory, size, 0);
	panthor_cs_set_slots(&cs, SLOT, SLOT);
	panthor_cs_move48(&cs, REG_REPORT, report_va);
	panthor_cs_move32(&cs, REG_ONE, 1);
	/* Backwards, so that the report is of the first one. */
	for (uint64_t i = pages; i--;)
		verify_page(&cs, pattern, va, first + i);
	return end(&cs, ret_size);
}

int gpu_stream_write(void *memory, uint64_t size, uint64_t line_key, uint64_t va, uint64_t pages,
		     uint32_t *ret_size)
{
	struct panthor_cs_label next_page = { 0 };
	uint64_t line[PATTERN_LINE_WORDS];
	uint32_t step = pattern_line(line_key, line);
	struct panthor_cs cs;

	panthor_cs_init(&cs, memory, size, 0);
	panthor_cs_set_slots(&cs, SLOT, SLOT);
	panthor_cs_move48(&cs, REG_ADDRESS, va);
	panthor_cs_move32(&cs, REG_PAGES, (uint32_t)pages);
	for (uint32_t i = 0; i < PATTERN_LINE_WORDS; i++)
		panthor_cs_move64(&cs, REG_LINE + 2 * i, line[i]);

	panthor_cs_place(&cs, &next_page);
	panthor_cs_store(&cs, REG_LINE, LINE_MASK, REG_ADDRESS, 0);
	panthor_cs_store(&cs, REG_LINE, LINE_MASK, REG_ADDRESS, LAST_LINE);
	panthor_cs_wait(&cs, SLOT_MASK);
	panthor_cs_add64(&cs, REG_LINE, REG_LINE, (int32_t)step);
	panthor_cs_add64(&cs, REG_ADDRESS, REG_ADDRESS, PATTERN_PAGE);
	panthor_cs_add32(&cs, REG_PAGES, REG_PAGES, -1);
	panthor_cs_branch(&cs, PANTHOR_CS_GT, REG_PAGES, &next_page);
	return end(&cs, ret_size);
}
