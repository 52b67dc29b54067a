// SPDX-License-Identifier: MIT
/*
 * The reader of `gems` tables. What it reads does not depend on how the file comes in pieces, and
 * what it has read, printed as a table that leaves no doubt, reads back the same.
 */
#include <errno.h>

#include "fuzz.h"
#include "gems.h"
#include "gems_table.h"

/* The columns in the order of their names' values; the creator's is as wide as it has to be. */
static const char *const names[] = {
	"created-by", "global-name", "refcount", "evictions", "size",
	"resident-size", "file-offset", "state", "usage", "label",
};

#define COLUMN_WIDTH 24

static bool has(uint32_t columns, unsigned int column)
{
	return columns & 1u << column;
}

static void print_head(struct gems_table *table, uint32_t columns, size_t creator_width)
{
	for (unsigned int i = 0; i <= PANTHOR_GEMS_LABEL; i++) {
		size_t width = i == PANTHOR_GEMS_CREATED_BY ? creator_width : COLUMN_WIDTH;

		if (has(columns, i))
			table_add(table, "%-*s", (int)width, names[i]);
	}
	table_add(table, "\n------------------------\n");
}

static void print_foot(struct gems_table *table)
{
	table_add(table, "========================\n");
	table_add(table, "Total size: %llu, Total resident: %llu, Total reclaimable: 0\n",
		  (unsigned long long)table->size, (unsigned long long)table->resident);
}

static void print_creator(struct gems_table *table, const struct panthor_gems_row *row,
			  size_t width)
{
	char tgid[32];
	size_t len = (size_t)snprintf(tgid, sizeof(tgid), "/%lld", (long long)row->tgid);

	fuzz_check(row->comm_len + len < width);
	table_add_bytes(table, row->comm, row->comm_len);
	table_add(table, "%-*s", (int)(width - row->comm_len), tgid);
}

/* As the vpanthor does it: no line breaks. */
static void print_label(struct gems_table *table, const struct panthor_gems_row *row)
{
	for (size_t i = 0; i < row->label_len; i++)
		table_add_bytes(table, row->label[i] == '\n' ? "?" : row->label + i, 1);
}

static void print_number(struct gems_table *table, const struct panthor_gems_row *row,
			 unsigned int column)
{
	const unsigned long long hex[] = { row->file_offset, row->state, row->usage };
	const unsigned long long dec[] = { row->refcount, row->evictions, row->size,
					   row->resident };
	char text[32];

	if (column == PANTHOR_GEMS_GLOBAL_NAME)
		snprintf(text, sizeof(text), "%lld", (long long)row->global_name);
	else if (column >= PANTHOR_GEMS_FILE_OFFSET)
		snprintf(text, sizeof(text), "0x%llx", hex[column - PANTHOR_GEMS_FILE_OFFSET]);
	else
		snprintf(text, sizeof(text), "%llu", dec[column - PANTHOR_GEMS_REFCOUNT]);
	table_add(table, "%-*s", COLUMN_WIDTH, text);
}

static void print_row(struct gems_table *table, const struct panthor_gems_row *row,
		      size_t creator_width)
{
	if (has(row->columns, PANTHOR_GEMS_CREATED_BY))
		print_creator(table, row, creator_width);
	for (unsigned int i = PANTHOR_GEMS_GLOBAL_NAME; i < PANTHOR_GEMS_LABEL; i++) {
		if (has(row->columns, i))
			print_number(table, row, i);
	}
	if (has(row->columns, PANTHOR_GEMS_LABEL))
		print_label(table, row);
	table_add(table, "\n");
}

static void check_row(const struct panthor_gems_row *row)
{
	fuzz_check(row->size && row->resident <= row->size);
	fuzz_check(row->tgid >= 0);
	fuzz_check(!(row->state & ~7u) && !(row->usage & ~3u));
	fuzz_check(has(row->columns, PANTHOR_GEMS_LABEL) || !row->label_len);
	fuzz_check(has(row->columns, PANTHOR_GEMS_CREATED_BY) || !row->comm_len);
}

/* All that a reader has to say about a file. */
struct reading {
	struct gems_table table;
	struct panthor_gems_summary summary;
	int result;
	bool overflow; /* the sums are beyond 64 bits, where nothing is believed */
	size_t longest; /* record, in @table */
};

static void read_all(const char *text, size_t len, size_t chunk, size_t creator_width,
		     struct reading *ret_reading)
{
	struct reading reading = { .result = 1 };
	struct panthor_gems_row row;
	struct memory_stream stream;
	struct panthor_gems *gems;

	memory_stream_init(&stream, text, len);
	stream.chunk = chunk;
	gems = memory_stream_open(&stream);
	fuzz_check(panthor_gems_summary(gems, &reading.summary) == -EAGAIN);
	while ((reading.result = panthor_gems_next(gems, &row)) == 1) {
		size_t start = reading.table.len;

		check_row(&row);
		if (!start)
			print_head(&reading.table, row.columns, creator_width);
		start = reading.table.len;
		print_row(&reading.table, &row, creator_width);
		if (reading.longest < reading.table.len - start)
			reading.longest = reading.table.len - start;
		reading.overflow |= __builtin_add_overflow(reading.table.size, row.size,
							   &reading.table.size);
		reading.table.resident += row.resident;
	}
	fuzz_check(panthor_gems_next(gems, &row) == reading.result);
	fuzz_check(panthor_gems_summary(gems, &reading.summary) == reading.result);
	panthor_gems_close(gems);
	*ret_reading = reading;
}

static void expect_same(const struct reading *a, const struct reading *b)
{
	fuzz_check(a->result == b->result);
	fuzz_check(a->table.len == b->table.len);
	fuzz_check(!a->table.len || !memcmp(a->table.text, b->table.text, a->table.len));
	fuzz_check(a->summary.rows == b->summary.rows);
	fuzz_check(a->summary.columns == b->summary.columns);
	fuzz_check(a->summary.sum_size == b->summary.sum_size);
	fuzz_check(a->summary.sum_resident == b->summary.sum_resident);
}

static void expect_round_trip(struct reading *first, size_t creator_width)
{
	size_t rows_len = first->table.len;
	struct reading again;

	print_foot(&first->table);
	read_all(first->table.text, first->table.len, SIZE_MAX, creator_width, &again);
	first->table.len = rows_len;
	expect_same(first, &again);
	fuzz_check(again.summary.integrity ==
		   (first->overflow ? PANTHOR_GEMS_MISMATCH : PANTHOR_GEMS_OK));
	table_free(&again.table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t creator_width = size + 32;
	struct reading whole, pieces;

	read_all(text, size, SIZE_MAX, creator_width, &whole);
	read_all(text, size, 1 + size % 61, creator_width, &pieces);
	expect_same(&whole, &pieces);
	fuzz_check(whole.summary.integrity == pieces.summary.integrity);
	if (whole.summary.rows && whole.longest < GEMS_MAX_RECORD && size < GEMS_MAX_PRELUDE / 2)
		expect_round_trip(&whole, creator_width);
	table_free(&whole.table);
	table_free(&pieces.table);
	return 0;
}
