// SPDX-License-Identifier: MIT
/* What a process has of a device, told to who asks, and in the end to the log. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bo.h"

/* One block: the rows, then their labels. */
struct snapshot {
	struct panthor_usage *rows;
	size_t count;
	char *labels;
};

static void add_label_size(struct account *account, void *data)
{
	size_t *bytes = data;

	*bytes += strlen(account->label) + 1;
}

static void add_row(struct account *account, void *data)
{
	struct snapshot *snapshot = data;
	struct panthor_usage *row = &snapshot->rows[snapshot->count];
	size_t size = account->label ? strlen(account->label) + 1 : 0;

	account->index = snapshot->count++;
	row->bos = account->bos;
	row->bytes = account->bytes;
	row->peak_bytes = account->peak_bytes;
	if (!size)
		return;
	row->label = memcpy(snapshot->labels, account->label, size);
	snapshot->labels += size;
}

static void count_state(const struct panthor_bo *bo, void *data)
{
	struct panthor_usage *row = &((struct panthor_usage *)data)[bo->account->index];

	if (bo->info.is_imported || atomic_load_explicit(&bo->exported, memory_order_relaxed)) {
		row->shared_bos++;
		row->shared_bytes += bo->info.size;
	} else if (atomic_load_explicit(&bo->cached.is_idle, memory_order_relaxed)) {
		row->cached_bos++;
		row->cached_bytes += bo->info.size;
	}
}

static int take_snapshot_locked(struct panthor_device *dev, struct snapshot *ret_snapshot)
{
	struct accounts *accounts = &dev->accounts;
	size_t rows = (accounts->count + 1) * sizeof(*ret_snapshot->rows), labels = 0;
	struct snapshot snapshot = { .count = 0 };

	accounts_walk_locked(accounts, add_label_size, &labels);
	snapshot.rows = io_alloc(dev->io, rows + labels);
	if (!snapshot.rows)
		return -ENOMEM;
	snapshot.labels = (char *)snapshot.rows + rows;
	add_row(&accounts->none, &snapshot);
	accounts_walk_locked(accounts, add_row, &snapshot);
	handle_table_walk_locked(&dev->handles, count_state, snapshot.rows);
	*ret_snapshot = snapshot;
	return 0;
}

PANTHOR_PUBLIC
int panthor_device_usage(struct panthor_device *dev,
			 void (*visit)(const struct panthor_usage *usage, void *data), void *data)
{
	struct snapshot snapshot;
	int r;

	io_lock(dev->io, &dev->handles.lock);
	r = take_snapshot_locked(dev, &snapshot);
	io_unlock(dev->io, &dev->handles.lock);
	if (r)
		return r;
	for (size_t i = 0; i < snapshot.count; i++)
		visit(&snapshot.rows[i], data);
	free(snapshot.rows);
	return 0;
}

PANTHOR_PUBLIC
void panthor_device_set_log(struct panthor_device *dev, panthor_log_fn log, void *data)
{
	dev->log = log;
	dev->log_data = data;
}

/* Labels are anybody's: what would break the line, or a terminal, is written as \xNN. */
static void print_label(char *line, size_t size, const char *label)
{
	for (const unsigned char *c = (const unsigned char *)label; *c; c++) {
		size_t len =
			(size_t)snprintf(line, size, *c < ' ' || *c == 0x7f ? "\\x%02x" : "%c", *c);

		if (len >= size)
			return;
		line += len;
		size -= len;
	}
}

static void report(const struct panthor_bo *bo, void *data)
{
	const struct panthor_device *dev = data;
	const char *label = bo->account->label;
	char line[256];
	int len;

	len = snprintf(line, sizeof(line),
		       "BO %" PRIu32 " is still there: %" PRIu64 " bytes, references: %u%s",
		       bo->info.handle, bo->info.size,
		       atomic_load_explicit(&bo->refs, memory_order_relaxed),
		       label ? ", label " : "");
	if (label)
		print_label(line + len, sizeof(line) - (size_t)len, label);
	dev->log(dev->log_data, line);
}

void device_report_leaks(struct panthor_device *dev)
{
	if (!dev->log)
		return;
	io_lock(dev->io, &dev->handles.lock);
	handle_table_walk_locked(&dev->handles, report, dev);
	io_unlock(dev->io, &dev->handles.lock);
}
