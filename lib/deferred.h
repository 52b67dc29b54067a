/* SPDX-License-Identifier: MIT */
/*
 * What may only be freed when the GPU is past a point of a timeline. One question to the kernel
 * answers for all of it, and it is asked the less often the less it helps.
 */
#ifndef PANTHOR_DEFERRED_H
#define PANTHOR_DEFERRED_H

#include "timeline.h"

struct deferred_item {
	uint64_t point;
	void *owner; /* this and @value: what the user of the queue makes of them */
	uint64_t value;
	uint64_t size;
};

/* Whoever owns it has the lock. */
struct deferred {
	struct deferred_item *items; /* a ring, oldest first */
	uint32_t capacity;
	uint32_t first;
	uint32_t count;
	uint32_t ask_at; /* the count at which asking pays */
	struct timeline timeline;
};

void deferred_init(struct deferred *deferred, uint32_t syncobj);
void deferred_fini(struct deferred *deferred);

/* -ENOMEM */
int deferred_push(struct deferred *deferred, const struct panthor_transport *io,
		  const struct deferred_item *item);

/* Whether to ask, having pushed. */
bool deferred_is_long(const struct deferred *deferred);

/* The oldest item if its point has passed. */
bool deferred_pop(struct deferred *deferred, struct deferred_item *ret_item);

#endif
