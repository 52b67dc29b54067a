// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * debugfs: the table of BOs, reclaim's state, and a knob to make it run.
 */

#include <linux/debugfs.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_vm.h"

enum panthor_gems_usage_flags {
	PANTHOR_GEMS_KERNEL = BIT(0),
};

enum panthor_gems_state_flags {
	PANTHOR_GEMS_IMPORTED = BIT(0),
	PANTHOR_GEMS_EXPORTED = BIT(1),
	PANTHOR_GEMS_EVICTED = BIT(2),
};

/* What is escaped in names that clients choose: with it any byte could end a row or forge one. */
#define PANTHOR_GEMS_ESCAPED                                                                       \
	"\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\022\023\024\025\026" \
	"\027\030\031\032\033\034\035\036\037\177\\"

#define PANTHOR_GEMS_ESCAPES (ESCAPE_SPACE | ESCAPE_SPECIAL | ESCAPE_OCTAL)

#define PANTHOR_GEMS_RULE_WIDTH 148
#define PANTHOR_GEMS_CREATOR_WIDTH 31

/* struct panthor_gems_row - one BO as it was at one moment */
struct panthor_gems_row {
	u32 serial;
	char creator[PANTHOR_GEMS_CREATOR_WIDTH + 1];
	int name;
	u32 refcount;
	int evictions;
	size_t size;
	size_t resident;
	size_t reclaimable;
	u64 offset;
	u32 state;
	u32 usage;
	char label[PANTHOR_BO_LABEL_MAXLEN];
};

/*
 * struct panthor_gems_iter - one dump in progress
 *
 * No lock and no reference is held between rows. A row that does not fit the reader's buffer is
 * asked for again: it is kept, so that what is added up is what was printed.
 */
struct panthor_gems_iter {
	struct panthor_device *ptdev;
	struct panthor_gems_row row;
	loff_t pos;
	unsigned long next_serial;
	bool done;
	size_t total_size;
	size_t total_resident;
	size_t total_reclaimable;
};

static u32 panthor_gems_state(const struct panthor_gem_object *bo)
{
	u32 state = 0;

	if (drm_gem_is_imported(&bo->base))
		state |= PANTHOR_GEMS_IMPORTED;
	if (READ_ONCE(bo->reclaim.exported))
		state |= PANTHOR_GEMS_EXPORTED;
	if (READ_ONCE(bo->reclaim.evicted))
		state |= PANTHOR_GEMS_EVICTED;
	return state;
}

/* The name gives way to the number, by whole characters, so that neither leaves the column. */
static void panthor_gems_fill_creator(struct panthor_gems_row *row, struct panthor_gem_object *bo)
{
	char tgid[16];
	int room = PANTHOR_GEMS_CREATOR_WIDTH - scnprintf(tgid, sizeof(tgid), "/%d",
							  bo->debugfs.tgid);
	char *out = row->creator;

	for (const char *c = bo->debugfs.comm; *c; c++) {
		int len = string_escape_mem(c, 1, out, room, PANTHOR_GEMS_ESCAPES,
					    PANTHOR_GEMS_ESCAPED);

		if (len > room)
			break;
		out += len;
		room -= len;
	}
	strscpy(out, tgid, sizeof(tgid));
}

static void panthor_gems_fill(struct panthor_gems_row *row, struct panthor_gem_object *bo)
{
	panthor_gems_fill_creator(row, bo);
	row->name = bo->base.name;
	/* Without the one taken to look. */
	row->refcount = kref_read(&bo->base.refcount) - 1;
	row->evictions = atomic_read(&bo->reclaim.evictions);
	row->size = bo->base.size;
	row->resident = READ_ONCE(bo->backing.pages) ? row->size : 0;
	row->reclaimable = READ_ONCE(bo->reclaim.class) != PANTHOR_RECLAIM_NONE ? row->resident : 0;
	row->offset = drm_vma_node_offset_addr(&bo->base.vma_node);
	row->state = panthor_gems_state(bo);
	row->usage = READ_ONCE(bo->debugfs.kernel) ? PANTHOR_GEMS_KERNEL : 0;

	mutex_lock(&bo->label.lock);
	strscpy(row->label, bo->label.str ?: "");
	mutex_unlock(&bo->label.lock);
}

static void *panthor_gems_load(struct panthor_gems_iter *iter)
{
	struct panthor_gem_object *bo = panthor_gem_get_next(iter->ptdev, &iter->next_serial);

	iter->done = !bo;
	if (bo) {
		panthor_gems_fill(&iter->row, bo);
		drm_gem_object_put(&bo->base);
	}
	return iter;
}

static void *panthor_gems_start(struct seq_file *m, loff_t *pos)
{
	struct panthor_gems_iter *iter = m->private;

	if (!*pos) {
		iter->pos = 0;
		iter->next_serial = 0;
		iter->total_size = 0;
		iter->total_resident = 0;
		iter->total_reclaimable = 0;
		return SEQ_START_TOKEN;
	}
	/* The row that is due, or past the totals. */
	return *pos == iter->pos ? iter : NULL;
}

/* A row has been printed for good once the next one is asked for. */
static void *panthor_gems_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct panthor_gems_iter *iter = m->private;

	iter->pos = ++*pos;
	if (v == SEQ_START_TOKEN)
		return panthor_gems_load(iter);
	if (iter->done) {
		iter->pos = -1;
		return NULL;
	}

	iter->total_size += iter->row.size;
	iter->total_resident += iter->row.resident;
	iter->total_reclaimable += iter->row.reclaimable;
	return panthor_gems_load(iter);
}

static void panthor_gems_stop(struct seq_file *m, void *v)
{
}

static void panthor_gems_rule(struct seq_file *m, char c)
{
	for (int i = 0; i < PANTHOR_GEMS_RULE_WIDTH; i++)
		seq_putc(m, c);
	seq_putc(m, '\n');
}

static void panthor_gems_show_header(struct seq_file *m)
{
	seq_puts(m, "GEM state flags: imported (0x1), exported (0x2), evicted (0x4)\n");
	seq_puts(m, "GEM usage flags: kernel (0x1), fw-mapped (0x2)\n\n");
	seq_printf(m, "%-32s%-16s%-11s%-11s%-16s%-16s%-18s%-11s%-12s%s\n", "created-by",
		   "global-name", "refcount", "evictions", "size", "resident-size", "file-offset",
		   "state", "usage", "label");
	panthor_gems_rule(m, '-');
}

static void panthor_gems_show_row(struct seq_file *m, const struct panthor_gems_row *row)
{
	seq_printf(m, "%-31s %-15d %-10u %-10d %-15zu %-15zu 0x%-16llx0x%-8x 0x%-10x", row->creator,
		   row->name, row->refcount, row->evictions, row->size, row->resident, row->offset,
		   row->state, row->usage);
	seq_escape_mem(m, row->label, strlen(row->label), PANTHOR_GEMS_ESCAPES,
		       PANTHOR_GEMS_ESCAPED);
	seq_putc(m, '\n');
}

static int panthor_gems_show(struct seq_file *m, void *v)
{
	struct panthor_gems_iter *iter = m->private;

	if (v == SEQ_START_TOKEN) {
		panthor_gems_show_header(m);
	} else if (!iter->done) {
		panthor_gems_show_row(m, &iter->row);
	} else {
		panthor_gems_rule(m, '=');
		seq_printf(m, "Total size: %zu, Total resident: %zu, Total reclaimable: %zu\n",
			   iter->total_size, iter->total_resident, iter->total_reclaimable);
	}
	return 0;
}

static const struct seq_operations panthor_gems_sops = {
	.start = panthor_gems_start,
	.next = panthor_gems_next,
	.stop = panthor_gems_stop,
	.show = panthor_gems_show,
};

static int panthor_gems_open(struct inode *inode, struct file *file)
{
	struct panthor_gems_iter *iter;

	iter = __seq_open_private(file, &panthor_gems_sops, sizeof(*iter));
	if (!iter)
		return -ENOMEM;

	iter->ptdev = inode->i_private;
	return 0;
}

static const struct file_operations panthor_gems_fops = {
	.owner = THIS_MODULE,
	.open = panthor_gems_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static const char *const panthor_counter_names[PANTHOR_COUNTERS] = {
	[PANTHOR_COUNT_EVICTIONS] = "evictions",
	[PANTHOR_COUNT_EVICTED_PAGES] = "evicted_pages",
	[PANTHOR_COUNT_EVICTIONS_UNUSED] = "evictions_unused",
	[PANTHOR_COUNT_EVICTIONS_MMAPPED] = "evictions_mmapped",
	[PANTHOR_COUNT_EVICTIONS_VM] = "evictions_vm",
	[PANTHOR_COUNT_EVICTIONS_SHARED] = "evictions_shared",
	[PANTHOR_COUNT_PURGES] = "purges",
	[PANTHOR_COUNT_PURGED_PAGES] = "purged_pages",
	[PANTHOR_COUNT_SWAPINS] = "swapins",
	[PANTHOR_COUNT_SWAPIN_PAGES] = "swapin_pages",
	[PANTHOR_COUNT_SCANS] = "scans",
	[PANTHOR_COUNT_WAITS] = "waits",
	[PANTHOR_COUNT_SKIPS_LOCKED] = "skips_locked",
	[PANTHOR_COUNT_SKIPS_BUSY] = "skips_busy",
	[PANTHOR_COUNT_SKIPS_VM_LOCKED] = "skips_vm_locked",
	[PANTHOR_COUNT_SKIPS_MOVED] = "skips_moved",
};

static const char *const panthor_class_names[] = {
	[PANTHOR_RECLAIM_PURGEABLE] = "purgeable",
	[PANTHOR_RECLAIM_UNUSED] = "unused",
	[PANTHOR_RECLAIM_MMAPPED] = "mmapped",
	[PANTHOR_RECLAIM_VM] = "vm",
	[PANTHOR_RECLAIM_SHARED] = "shared",
};

static void panthor_reclaim_count_lru_locked(struct drm_gem_lru *lru, size_t *bos, long *pages)
{
	*bos += list_count_nodes(&lru->list);
	*pages += lru->count;
}

static int panthor_reclaim_show(struct seq_file *m, void *v)
{
	struct panthor_device *ptdev = m->private;
	struct panthor_reclaim *reclaim = &ptdev->reclaim;
	size_t bos[ARRAY_SIZE(panthor_class_names)] = {};
	long pages[ARRAY_SIZE(panthor_class_names)] = {};
	struct panthor_reclaim_vm *vm;
	int i;

	mutex_lock(&reclaim->lock);
	for (i = 0; i < ARRAY_SIZE(bos); i++)
		panthor_reclaim_count_lru_locked(&reclaim->lrus[i], &bos[i], &pages[i]);
	list_for_each_entry(vm, &reclaim->vms, node)
		panthor_reclaim_count_lru_locked(&vm->lru, &bos[PANTHOR_RECLAIM_VM],
						 &pages[PANTHOR_RECLAIM_VM]);
	mutex_unlock(&reclaim->lock);

	for (i = 0; i < ARRAY_SIZE(bos); i++)
		seq_printf(m, "%s_bos: %zu\n%s_pages: %ld\n", panthor_class_names[i], bos[i],
			   panthor_class_names[i], pages[i]);
	for (i = 0; i < PANTHOR_COUNTERS; i++)
		seq_printf(m, "%s: %lld\n", panthor_counter_names[i],
			   atomic64_read(&reclaim->counters[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(panthor_reclaim);

static int panthor_shrink_get(void *data, u64 *val)
{
	struct panthor_device *ptdev = data;

	*val = atomic_long_read(&ptdev->reclaim.last_freed);
	return 0;
}

/* Under the annotation of real reclaim, so that lockdep sees the same. */
static int panthor_shrink_set(void *data, u64 val)
{
	fs_reclaim_acquire(GFP_KERNEL);
	panthor_reclaim_scan(data, min_t(u64, val, ULONG_MAX), true);
	fs_reclaim_release(GFP_KERNEL);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(panthor_shrink_fops, panthor_shrink_get, panthor_shrink_set,
			 "0x%08llx\n");

/* debugfs ends every call on these files before the device goes away. */
void panthor_gem_debugfs_init(struct drm_minor *minor)
{
	struct panthor_device *ptdev = to_panthor_device(minor->dev);

	debugfs_create_file("gems", 0444, minor->debugfs_root, ptdev, &panthor_gems_fops);
	debugfs_create_file("reclaim", 0444, minor->debugfs_root, ptdev, &panthor_reclaim_fops);
	debugfs_create_file("shrink", 0600, minor->debugfs_root, ptdev, &panthor_shrink_fops);
	panthor_reset_debugfs_init(ptdev, minor->debugfs_root);
	panthor_hold_debugfs_init(ptdev, minor->debugfs_root);
}
