// SPDX-License-Identifier: MIT
#include "timeline.h"

int timeline_ask(struct timeline *timeline, struct panthor_device *dev)
{
	uint64_t known = atomic_load_explicit(&timeline->signalled, memory_order_relaxed), point;
	int r = panthor_syncobj_query(dev, timeline->syncobj, &point);

	/* Answers may overtake each other, time does not run backwards. */
	while (!r && point > known) {
		if (atomic_compare_exchange_weak(&timeline->signalled, &known, point))
			break;
	}
	return r;
}
