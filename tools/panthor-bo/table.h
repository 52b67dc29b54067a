/* SPDX-License-Identifier: MIT */
/*
 * Rows of one kind, as a table and as JSON, from one description of the columns. Rows stream:
 * nothing is kept, so widths are fixed and a long cell pushes its line instead.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "out.h"

enum column_kind {
	COLUMN_U64, /* uint64_t */
	COLUMN_I64, /* int64_t */
	COLUMN_BYTES, /* uint64_t; scaled in text */
	COLUMN_HEX, /* uint64_t */
	COLUMN_FLAGS, /* uint32_t, bit n is names[n] */
	COLUMN_TEXT, /* const char * and size_t: untrusted bytes */
};

struct column {
	const char *key;
	const char *heading;
	enum column_kind kind;
	unsigned int width; /* 0: as it comes, for the last column */
	size_t offset; /* in the row */
	size_t len_offset; /* COLUMN_TEXT */
	const char *hex_key; /* COLUMN_TEXT: member added when the bytes are not UTF-8 */
	const char *const *names; /* COLUMN_FLAGS, NULL-terminated */
	uint32_t needs; /* bits that the row's mask must have, else the cell is empty */
};

struct table {
	struct out *out;
	const struct column *columns;
	size_t n_columns;
};

/** table_header - the headings; text only */
void table_header(const struct table *table);

/** table_row - one row; @have is the mask that struct column.needs speaks of */
void table_row(const struct table *table, const void *row, uint32_t have);

#endif
