// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The debugfs file "hold": the places whose names are written to it, with spaces between them, are
 * shut, all others are open; "none" is no place. Reading tells which ones are shut and how many
 * threads wait there.
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "panthor_device.h"
#include "panthor_hold.h"

static const char *const panthor_hold_names[PANTHOR_HOLD_POINTS] = {
	[PANTHOR_HOLD_NONE] = "none",
	[PANTHOR_HOLD_SCAN_BO] = "scan_bo",
	[PANTHOR_HOLD_SCAN_VM] = "scan_vm",
	[PANTHOR_HOLD_HANDLE] = "handle",
	[PANTHOR_HOLD_FAULT] = "fault",
	[PANTHOR_HOLD_FAULT_SMALL] = "fault_small",
	[PANTHOR_HOLD_PAGEOUT] = "pageout",
	[PANTHOR_HOLD_IMPORT] = "import",
	[PANTHOR_HOLD_BIND] = "bind",
	[PANTHOR_HOLD_SUBMIT] = "submit",
	[PANTHOR_HOLD_EXEC] = "exec",
	[PANTHOR_HOLD_VM_END] = "vm_end",
	[PANTHOR_HOLD_BO_END] = "bo_end",
};

static bool panthor_hold_shut(const struct panthor_hold *hold, enum panthor_hold_point point)
{
	return READ_ONCE(hold->points) & BIT(point);
}

void panthor_hold(struct panthor_device *ptdev, enum panthor_hold_point point)
{
	struct panthor_hold *hold = &ptdev->hold;

	if (!panthor_hold_shut(hold, point))
		return;

	atomic_inc(&hold->waiting);
	wait_event_idle_timeout(hold->wait, !panthor_hold_shut(hold, point), 10 * HZ);
	atomic_dec(&hold->waiting);
}

static int panthor_hold_show(struct seq_file *m, void *v)
{
	struct panthor_hold *hold = m->private;

	for (int i = 0; i < PANTHOR_HOLD_POINTS; i++) {
		if (panthor_hold_shut(hold, i))
			seq_printf(m, "%s ", panthor_hold_names[i]);
	}
	seq_printf(m, "%d\n", atomic_read(&hold->waiting));
	return 0;
}

static int panthor_hold_open(struct inode *inode, struct file *file)
{
	return single_open(file, panthor_hold_show, inode->i_private);
}

static ssize_t panthor_hold_write(struct file *file, const char __user *buf, size_t len,
				  loff_t *pos)
{
	struct panthor_hold *hold = ((struct seq_file *)file->private_data)->private;
	char text[32] = "", *rest, *name;
	unsigned long points = 0;

	if (copy_from_user(text, buf, min(len, sizeof(text) - 1)))
		return -EFAULT;

	rest = strim(text);
	while ((name = strsep(&rest, " "))) {
		int point = match_string(panthor_hold_names, PANTHOR_HOLD_POINTS, name);

		if (*name && point < 0)
			return point;
		if (point > PANTHOR_HOLD_NONE)
			points |= BIT(point);
	}

	WRITE_ONCE(hold->points, points);
	wake_up_all(&hold->wait);
	return len;
}

static const struct file_operations panthor_hold_fops = {
	.owner = THIS_MODULE,
	.open = panthor_hold_open,
	.read = seq_read,
	.write = panthor_hold_write,
	.llseek = seq_lseek,
	.release = single_release,
};

void panthor_hold_init(struct panthor_device *ptdev)
{
	init_waitqueue_head(&ptdev->hold.wait);
}

void panthor_hold_debugfs_init(struct panthor_device *ptdev, struct dentry *root)
{
	debugfs_create_file("hold", 0600, root, &ptdev->hold, &panthor_hold_fops);
}
