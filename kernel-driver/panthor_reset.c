// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The debugfs file "reset": hardware whose firmware hangs is reset under everybody who uses it. A 1
 * that is written here has the same consequences, for clients to be tested against; what is read is
 * how many groups it ended.
 */

#include <linux/debugfs.h>

#include "panthor_device.h"
#include "panthor_sched.h"

/* Who has jobs with the executor loses them and takes no more; the executor sees to that. */
static unsigned int panthor_reset_groups_locked(struct panthor_exec *exec)
{
	struct panthor_group *group;
	unsigned int victims = 0;

	for (int i = 0; i < PANTHOR_GROUP_PRIORITIES; i++) {
		list_for_each_entry(group, &exec->groups[i], run_node) {
			if (!panthor_exec_can_run_locked(group) ||
			    panthor_exec_group_idle_locked(group))
				continue;
			group->state |= DRM_PANTHOR_GROUP_STATE_TIMEDOUT |
					DRM_PANTHOR_GROUP_STATE_INNOCENT;
			victims++;
		}
	}
	return victims;
}

static int panthor_reset_set(void *data, u64 val)
{
	struct panthor_exec *exec = data;

	if (val != 1)
		return -EINVAL;

	spin_lock(&exec->lock);
	WRITE_ONCE(exec->reset_victims, panthor_reset_groups_locked(exec));
	spin_unlock(&exec->lock);
	panthor_exec_kick(exec);
	return 0;
}

static int panthor_reset_get(void *data, u64 *val)
{
	const struct panthor_exec *exec = data;

	*val = READ_ONCE(exec->reset_victims);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(panthor_reset_fops, panthor_reset_get, panthor_reset_set, "%llu\n");

void panthor_reset_debugfs_init(struct panthor_device *ptdev, struct dentry *root)
{
	debugfs_create_file("reset", 0600, root, &ptdev->exec, &panthor_reset_fops);
}
