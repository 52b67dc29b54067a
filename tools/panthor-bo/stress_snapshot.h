/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of a stress run, before, during and after.
 */
#ifndef STRESS_SNAPSHOT_H
#define STRESS_SNAPSHOT_H

#include <sys/types.h>

#include "stress.h"

struct stress_snapshot {
	struct panthor_device *dev;
	pid_t *pids; /* of the workers, gone ones included */
	size_t n_pids;
	char debugfs[64]; /* of the device, "" when it cannot be read */
};

/** stress_snapshot_before, stress_snapshot_after - fill in the counters of @result */
void stress_snapshot_before(struct stress_snapshot *snapshot, struct stress_result *result);
void stress_snapshot_after(struct stress_snapshot *snapshot, struct stress_result *result);

/** stress_snapshot_gems - read the table of BOs; @ret_gems->have says whether that worked */
void stress_snapshot_gems(const struct stress_snapshot *snapshot, struct stress_gems *ret_gems);

#endif
