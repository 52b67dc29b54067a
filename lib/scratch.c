// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "scratch.h"

int scratch_begin(struct scratch *scratch, const struct panthor_transport *io, uint64_t size)
{
	if (size > SIZE_MAX)
		return -ENOMEM;
	scratch->memory = size > SCRATCH_ON_STACK ? io_alloc(io, (size_t)size) : scratch->on_stack;
	return scratch->memory ? 0 : -ENOMEM;
}

void scratch_end(struct scratch *scratch)
{
	if (scratch->memory != scratch->on_stack)
		free(scratch->memory);
}
