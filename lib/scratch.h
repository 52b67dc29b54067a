/* SPDX-License-Identifier: MIT */
/* Memory for the length of one call, which is on the stack as long as little is enough. */
#ifndef PANTHOR_SCRATCH_H
#define PANTHOR_SCRATCH_H

#include <stdint.h>

#include "transport.h"

#define SCRATCH_ON_STACK 1024

struct scratch {
	void *memory;
	uint64_t on_stack[SCRATCH_ON_STACK / sizeof(uint64_t)];
};

/* -ENOMEM, and then there is nothing to end. */
int scratch_begin(struct scratch *scratch, const struct panthor_transport *io, uint64_t size);
void scratch_end(struct scratch *scratch);

#endif
