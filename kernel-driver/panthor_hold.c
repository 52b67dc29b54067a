// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The debugfs file "hold": a name written to it shuts that place, "none" opens it again. Reading
 * tells which one is shut and how many threads wait there.
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
};

void panthor_hold(struct panthor_device *ptdev, enum panthor_hold_point point)
{
	struct panthor_hold *hold = &ptdev->hold;

	if (READ_ONCE(hold->point) != point)
		return;

	atomic_inc(&hold->waiting);
	wait_event_idle_timeout(hold->wait, READ_ONCE(hold->point) != point, 10 * HZ);
	atomic_dec(&hold->waiting);
}

static int panthor_hold_show(struct seq_file *m, void *v)
{
	struct panthor_hold *hold = m->private;

	seq_printf(m, "%s %d\n", panthor_hold_names[READ_ONCE(hold->point)],
		   atomic_read(&hold->waiting));
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
	char name[16] = "";
	int point;

	if (copy_from_user(name, buf, min(len, sizeof(name) - 1)))
		return -EFAULT;

	point = match_string(panthor_hold_names, PANTHOR_HOLD_POINTS, strim(name));
	if (point < 0)
		return point;

	WRITE_ONCE(hold->point, point);
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
