// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gems.h"
#include "table.h"

#define ROW(member) offsetof(struct panthor_gems_row, member)
#define NEEDS(column) (UINT32_C(1) << PANTHOR_GEMS_##column)

static const char *const state_names[] = { "imported", "exported", "evicted", NULL };
static const char *const usage_names[] = { "kernel", "fw-mapped", NULL };

static const struct column columns[] = {
	{ .key = "tgid", .heading = "TGID", .kind = COLUMN_I64, .width = 7, .offset = ROW(tgid),
	  .needs = NEEDS(CREATED_BY) },
	{ .key = "comm", .heading = "COMM", .kind = COLUMN_TEXT, .width = 15, .offset = ROW(comm),
	  .len_offset = ROW(comm_len), .hex_key = "comm_hex", .needs = NEEDS(CREATED_BY) },
	{ .key = "size_bytes", .heading = "SIZE", .kind = COLUMN_BYTES, .width = 10,
	  .offset = ROW(size), .needs = NEEDS(SIZE) },
	{ .key = "resident_bytes", .heading = "RESIDENT", .kind = COLUMN_BYTES, .width = 10,
	  .offset = ROW(resident), .needs = NEEDS(RESIDENT) },
	{ .key = "evictions", .heading = "EVICTIONS", .kind = COLUMN_U64, .width = 9,
	  .offset = ROW(evictions), .needs = NEEDS(EVICTIONS) },
	{ .key = "refcount", .heading = "REFS", .kind = COLUMN_U64, .width = 4,
	  .offset = ROW(refcount), .needs = NEEDS(REFCOUNT) },
	{ .key = "global_name", .heading = "NAME", .kind = COLUMN_I64, .width = 4,
	  .offset = ROW(global_name), .needs = NEEDS(GLOBAL_NAME) },
	{ .key = "file_offset", .heading = "OFFSET", .kind = COLUMN_HEX, .width = 14,
	  .offset = ROW(file_offset), .needs = NEEDS(FILE_OFFSET) },
	{ .key = "state", .heading = "STATE", .kind = COLUMN_FLAGS, .width = 8,
	  .offset = ROW(state), .names = state_names, .needs = NEEDS(STATE) },
	{ .key = "usage", .heading = "USAGE", .kind = COLUMN_FLAGS, .width = 16,
	  .offset = ROW(usage), .names = usage_names, .needs = NEEDS(USAGE) },
	{ .key = "label", .heading = "LABEL", .kind = COLUMN_TEXT, .offset = ROW(label),
	  .len_offset = ROW(label_len), .hex_key = "label_hex", .needs = NEEDS(LABEL) },
};

static struct table row_table(struct out *out)
{
	return (struct table){ out, columns, sizeof(columns) / sizeof(columns[0]) };
}

void gems_row_header(struct out *out)
{
	struct table table = row_table(out);

	table_header(&table);
}

void gems_row_show(struct out *out, const struct panthor_gems_row *row)
{
	struct table table = row_table(out);

	table_row(&table, row, row->columns);
}

static int falling(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int rising_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t shared = a_len < b_len ? a_len : b_len;
	int r = shared ? memcmp(a, b, shared) : 0;

	return r ? r : (a_len > b_len) - (a_len < b_len);
}

int gems_row_compare(const struct panthor_gems_row *a, const struct panthor_gems_row *b,
		     enum gems_sort key)
{
	switch (key) {
	case GEMS_SORT_SIZE:
		return falling(a->size, b->size);
	case GEMS_SORT_RESIDENT:
		return falling(a->resident, b->resident);
	case GEMS_SORT_EVICTIONS:
		return falling(a->evictions, b->evictions);
	case GEMS_SORT_COUNT:
		return falling(a->refcount, b->refcount);
	case GEMS_SORT_PROCESS:
		return (a->tgid > b->tgid) - (a->tgid < b->tgid);
	case GEMS_SORT_LABEL:
		return rising_text(a->label, a->label_len, b->label, b->label_len);
	case GEMS_SORT_NONE:
		break;
	}
	return 0;
}

/* Text stands behind its row, in one allocation. */
struct kept_row {
	size_t order;
	struct panthor_gems_row row;
	char text[];
};

struct gems_list {
	struct kept_row **rows;
	size_t count;
	size_t room;
};

struct gems_list *gems_list_new(void)
{
	return calloc(1, sizeof(struct gems_list));
}

struct gems_list *gems_list_free(struct gems_list *list)
{
	if (list) {
		for (size_t i = 0; i < list->count; i++)
			free(list->rows[i]);
		free(list->rows);
		free(list);
	}
	return NULL;
}

static int grow(struct gems_list *list)
{
	size_t room = list->room ? 2 * list->room : 256;
	struct kept_row **rows = reallocarray(list->rows, room, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	list->rows = rows;
	list->room = room;
	return 0;
}

int gems_list_add(struct gems_list *list, const struct panthor_gems_row *row)
{
	struct kept_row *kept;

	if (list->count == list->room && grow(list))
		return -ENOMEM;
	kept = malloc(sizeof(*kept) + row->comm_len + row->label_len);
	if (!kept)
		return -ENOMEM;
	kept->order = list->count;
	kept->row = *row;
	kept->row.comm = kept->text;
	kept->row.label = kept->text + row->comm_len;
	if (row->comm_len)
		memcpy(kept->text, row->comm, row->comm_len);
	if (row->label_len)
		memcpy(kept->text + row->comm_len, row->label, row->label_len);
	list->rows[list->count++] = kept;
	return 0;
}

static int compare_kept(const void *left, const void *right, void *key)
{
	const struct kept_row *a = *(struct kept_row *const *)left;
	const struct kept_row *b = *(struct kept_row *const *)right;
	int r = gems_row_compare(&a->row, &b->row, *(const enum gems_sort *)key);

	return r ? r : (a->order > b->order) - (a->order < b->order);
}

void gems_list_show(struct gems_list *list, enum gems_sort key, struct out *out)
{
	if (list->count)
		qsort_r(list->rows, list->count, sizeof(list->rows[0]), compare_kept, &key);
	for (size_t i = 0; i < list->count; i++)
		gems_row_show(out, &list->rows[i]->row);
}
