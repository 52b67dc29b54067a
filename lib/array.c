// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#define INITIAL_CAPACITY 16

int array_reserve(const struct panthor_transport *io, struct array *array, size_t size)
{
	uint32_t capacity = array->capacity ? 2 * array->capacity : INITIAL_CAPACITY;
	void *items;

	if (array->count < array->capacity)
		return 0;
	/* The kernel counts in 32 bits. */
	if (array->capacity > UINT32_MAX / 2 || capacity > SIZE_MAX / size)
		return -ENOMEM;
	items = io_alloc(io, capacity * size);
	if (!items)
		return -ENOMEM;

	if (array->count)
		memcpy(items, array->items, array->count * size);
	free(array->items);
	array->items = items;
	array->capacity = capacity;
	return 0;
}

void array_free(struct array *array)
{
	free(array->items);
}
