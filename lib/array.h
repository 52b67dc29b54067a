/* SPDX-License-Identifier: MIT */
/* Arrays that grow, as batches need them. */
#ifndef PANTHOR_ARRAY_H
#define PANTHOR_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "transport.h"

struct array {
	void *items;
	uint32_t count;
	uint32_t capacity;
};

/* Makes room for one more item of @size bytes, or gives -ENOMEM and leaves the array alone. */
int array_reserve(const struct panthor_transport *io, struct array *array, size_t size);

void array_free(struct array *array);

#endif
