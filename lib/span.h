/* SPDX-License-Identifier: MIT */
/*
 * Spans: a stretch of something, cut into equal slots, and a bit for each that is free. Thousands
 * of ranges take a few cache lines this way, which is what makes taking and giving them back cheap
 * when there are a million.
 */
#ifndef PANTHOR_SPAN_H
#define PANTHOR_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

#define SPAN_MAX_SLOTS 512

/* Whoever owns the span has the lock. */
struct span {
	struct list list; /* among the spans of its owner that have room, else unused */
	uint32_t count;
	uint32_t free;
	uint32_t first_word;		    /* no free slot in the words before */
	uint64_t bits[SPAN_MAX_SLOTS / 64]; /* set: free */
};

/* @count from 1 to SPAN_MAX_SLOTS, all of them free. */
void span_init(struct span *span, uint32_t count);

/* Index of a slot that was free; the caller knows that there is one. */
uint32_t span_take(struct span *span);

/* False when the slot is free already, or none of this span. */
bool span_give(struct span *span, uint32_t index);

static inline bool span_is_full(const struct span *span)
{
	return !span->free;
}

static inline bool span_is_empty(const struct span *span)
{
	return span->free == span->count;
}

#endif
