// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "deferred.h"

#define INITIAL_CAPACITY 64
/* 512 MiB of them. */
#define MAX_CAPACITY (1u << 24)

void deferred_init(struct deferred *deferred, uint32_t syncobj)
{
	*deferred = (struct deferred){ .ask_at = INITIAL_CAPACITY };
	timeline_init(&deferred->timeline, syncobj);
}

void deferred_fini(struct deferred *deferred)
{
	free(deferred->items);
}

static int grow(struct deferred *deferred, const struct panthor_transport *io)
{
	uint32_t capacity = deferred->capacity ? 2 * deferred->capacity : INITIAL_CAPACITY;
	struct deferred_item *items;

	items = capacity > MAX_CAPACITY ? NULL : io_alloc(io, capacity * sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (uint32_t i = 0; i < deferred->count; i++)
		items[i] = deferred->items[(deferred->first + i) % deferred->capacity];
	free(deferred->items);
	deferred->items = items;
	deferred->capacity = capacity;
	deferred->first = 0;
	return 0;
}

int deferred_push(struct deferred *deferred, const struct panthor_transport *io,
		  const struct deferred_item *item)
{
	int r = deferred->count == deferred->capacity ? grow(deferred, io) : 0;

	if (r)
		return r;
	deferred->items[(deferred->first + deferred->count) % deferred->capacity] = *item;
	deferred->count++;
	return 0;
}

bool deferred_is_long(const struct deferred *deferred)
{
	return deferred->count >= deferred->ask_at;
}

bool deferred_pop(struct deferred *deferred, struct deferred_item *ret_item)
{
	if (!deferred->count ||
	    !timeline_is_past(&deferred->timeline, deferred->items[deferred->first].point)) {
		uint32_t twice = 2 * deferred->count;

		deferred->ask_at = twice > INITIAL_CAPACITY ? twice : INITIAL_CAPACITY;
		return false;
	}
	*ret_item = deferred->items[deferred->first];
	deferred->first = (deferred->first + 1) % deferred->capacity;
	deferred->count--;
	return true;
}
