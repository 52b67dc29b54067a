/* SPDX-License-Identifier: MIT */
/*
 * Command streams that write a pattern's lines and that verify contents.
 *
 * They are written into memory of the caller's, to be run from any address, and leave what they
 * found in a report. The GPU has no instruction that compares: what a word should be is in the
 * stream, as a constant that is subtracted. So a few words of each page are verified, whichever
 * side wrote them; where they lie follows from the contents.
 */
#ifndef GPU_STREAM_H
#define GPU_STREAM_H

#include <stdint.h>

#include "pattern.h"

/* Zeroed by the caller beforehand. The first two members are a sync object. */
struct gpu_report {
	uint32_t wrong_words;
	uint32_t error; /* never set */
	uint32_t word;	/* index in the buffer, of 32-bit words; of the first one that is wrong */
	uint32_t difference; /* got minus expected */
};

/* Words verified in each page. */
#define GPU_STREAM_WORDS 3

/** gpu_stream_expected - what the 32-bit word at @word of a buffer should be */
uint32_t gpu_stream_expected(const struct pattern *pattern, uint64_t word);

/** gpu_stream_max_pages - pages that a verifying stream of @size bytes can do */
uint64_t gpu_stream_max_pages(uint64_t size);

/**
 * gpu_stream_verify - compare @pages pages from page @first on, of the buffer at @va
 * @report_va: a struct gpu_report, 8-byte aligned
 * @ret_size: bytes of the stream
 *
 * Returns 0 or -ENOSPC.
 */
int gpu_stream_verify(void *memory, uint64_t size, const struct pattern *pattern, uint64_t va,
		      uint64_t first, uint64_t pages, uint64_t report_va, uint32_t *ret_size);

/**
 * gpu_stream_write - write the lines of @line_key into @pages pages at @va, less than 2^31
 *
 * Returns 0 or -ENOSPC.
 */
int gpu_stream_write(void *memory, uint64_t size, uint64_t line_key, uint64_t va, uint64_t pages,
		     uint32_t *ret_size);

#endif
