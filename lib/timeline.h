/* SPDX-License-Identifier: MIT */
/* What is known of how far the GPU has come, without asking more often than it helps. */
#ifndef PANTHOR_TIMELINE_H
#define PANTHOR_TIMELINE_H

#include <stdatomic.h>

#include "device.h"

struct timeline {
	uint32_t syncobj; /* constant; 0 for none */
	atomic_uint_least64_t signalled;
};

static inline void timeline_init(struct timeline *timeline, uint32_t syncobj)
{
	timeline->syncobj = syncobj;
	atomic_init(&timeline->signalled, 0);
}

/* Whether a point is known to have passed; point 0 always has. */
static inline bool timeline_is_past(const struct timeline *timeline, uint64_t point)
{
	return point <= atomic_load_explicit(&timeline->signalled, memory_order_acquire);
}

/* Asks the kernel; without a lock, for it takes a system call. */
int timeline_ask(struct timeline *timeline, struct panthor_device *dev);

#endif
