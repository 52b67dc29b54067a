// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What the command streams of a queue see of the world: memory, clocks, shader cores.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include "panthor_device.h"
#include "panthor_sched.h"
#include "panthor_vm.h"

static bool panthor_run_completes;
module_param_named(run_completes, panthor_run_completes, bool, 0400);
MODULE_PARM_DESC(run_completes, "complete work for shader cores instead of faulting on it");

static int panthor_queue_map_page(void *priv, u64 va, enum panthor_cs_access access,
				  void **ret_page)
{
	struct panthor_queue *queue = priv;
	struct panthor_vm *vm = queue->group->vm;
	struct panthor_pt_page page;

	lockdep_assert_held(&vm->as_lock);
	if (READ_ONCE(vm->unusable) || !panthor_pt_lookup(&vm->pt, va, &page))
		return -EFAULT;
	if ((access == PANTHOR_CS_WRITE && page.attrs & PANTHOR_PT_READONLY) ||
	    (access == PANTHOR_CS_EXEC && page.attrs & PANTHOR_PT_NOEXEC))
		return -EACCES;

	if (page.attrs & PANTHOR_PT_SPARSE) {
		*ret_page = vm->sparse_page;
		return 0;
	}
	if (!pfn_valid(PHYS_PFN(page.phys)))
		return -EFAULT;
	*ret_page = page_address(pfn_to_page(PHYS_PFN(page.phys))) + offset_in_page(page.phys);
	return 0;
}

static u64 panthor_queue_clock(void *priv)
{
	return ktime_get_boottime_ns();
}

static const struct panthor_cs_ops panthor_queue_cs_ops = {
	.map_page = panthor_queue_map_page,
	.timestamp = panthor_queue_clock,
	.cycle_count = panthor_queue_clock,
};

void panthor_queue_init_cs(struct panthor_queue *queue, u32 index)
{
	struct panthor_group *group = queue->group;
	const struct panthor_cs_config config = {
		.ops = &panthor_queue_cs_ops,
		.priv = queue,
		.progress = group->progress,
		.queue_count = group->queue_count,
		.queue = index,
		.run_policy = panthor_run_completes ? PANTHOR_CS_RUN_COMPLETES :
						      PANTHOR_CS_RUN_FAULTS,
	};

	panthor_cs_init(&queue->cs, &config);
}
