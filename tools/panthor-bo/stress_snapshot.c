// SPDX-License-Identifier: MIT
#include "stress_snapshot.h"

#include <panthor.h>

void stress_snapshot_before(struct stress_snapshot *snapshot, struct stress_result *result)
{
	if (!debugfs_find("", snapshot->dev, "reclaim", snapshot->debugfs,
			  sizeof(snapshot->debugfs)) &&
	    !reclaim_read("", snapshot->debugfs, &result->reclaim_before))
		result->source = STRESS_SOURCE_RECLAIM;
	memory_counters_read("", &result->memory_before);
}

void stress_snapshot_after(struct stress_snapshot *snapshot, struct stress_result *result)
{
	memory_counters_read("", &result->memory_after);
	if (result->source == STRESS_SOURCE_RECLAIM &&
	    reclaim_read("", snapshot->debugfs, &result->reclaim_after))
		result->source = STRESS_SOURCE_NONE;
	stress_snapshot_gems(snapshot, &result->gems_final);
	if (result->source == STRESS_SOURCE_NONE && result->gems_final.have &&
	    result->gems_final.has_evictions)
		result->source = STRESS_SOURCE_GEMS;
	result->n_swap = swap_read("", result->swap);
}

static bool is_own(const struct stress_snapshot *snapshot, int64_t tgid)
{
	for (size_t i = 0; i < snapshot->n_pids; i++) {
		if (snapshot->pids[i] == tgid)
			return true;
	}
	return false;
}

static void add_row(const struct stress_snapshot *snapshot, struct stress_gems *gems,
		    const struct panthor_gems_row *row)
{
	if (!is_own(snapshot, row->tgid))
		return;
	gems->own_bos++;
	gems->own_size_bytes += row->size;
	gems->own_resident_bytes += row->resident;
	gems->own_evictions += row->evictions;
}

void stress_snapshot_gems(const struct stress_snapshot *snapshot, struct stress_gems *ret_gems)
{
	struct panthor_gems_summary summary;
	struct panthor_gems_row row;
	struct panthor_gems *reader;
	struct stress_gems gems = { .have = true };

	if (panthor_gems_open_device(snapshot->dev, &reader))
		return;
	while (panthor_gems_next(reader, &row) == 1)
		add_row(snapshot, &gems, &row);
	if (!panthor_gems_summary(reader, &summary)) {
		gems.rows = summary.rows;
		gems.sum_size_bytes = summary.sum_size;
		gems.sum_resident_bytes = summary.sum_resident;
		gems.total_size_bytes = summary.total_size;
		gems.total_resident_bytes = summary.total_resident;
		gems.total_reclaimable_bytes = summary.total_reclaimable;
		gems.integrity = summary.integrity;
		gems.has_evictions = summary.columns & UINT32_C(1) << PANTHOR_GEMS_EVICTIONS;
		*ret_gems = gems;
	}
	panthor_gems_close(reader);
}
