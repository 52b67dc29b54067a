// SPDX-License-Identifier: MIT
#include "table.h"

#include <stdio.h>

#include "text.h"
#include "units.h"

#define CELL_SIZE 96

static const void *field(const void *row, size_t offset)
{
	return (const char *)row + offset;
}

static uint64_t field_u64(const void *row, size_t offset)
{
	return *(const uint64_t *)field(row, offset);
}

static int64_t field_i64(const void *row, size_t offset)
{
	return *(const int64_t *)field(row, offset);
}

static uint32_t field_u32(const void *row, size_t offset)
{
	return *(const uint32_t *)field(row, offset);
}

static const char *field_text(const struct column *column, const void *row, size_t *ret_len)
{
	*ret_len = *(const size_t *)field(row, column->len_offset);
	return *(const char *const *)field(row, column->offset);
}

/* Walks the names of the bits that are set, then the rest as one number. */
static const char *next_flag(const struct column *column, uint32_t bits, size_t *at,
			     uint32_t *ret_rest)
{
	while (column->names[*at]) {
		uint32_t bit = UINT32_C(1) << *at;
		const char *name = column->names[(*at)++];

		if (bits & bit)
			return name;
	}
	*ret_rest = bits & ~((UINT32_C(1) << *at) - 1);
	return NULL;
}

static void json_flags(struct json_writer *json, const struct column *column, uint32_t bits)
{
	const char *name;
	uint32_t rest = 0;
	size_t at = 0;

	jsonw_begin_list(json, column->key);
	while ((name = next_flag(column, bits, &at, &rest)))
		jsonw_str(json, NULL, name);
	if (rest)
		jsonw_hex(json, NULL, rest);
	jsonw_end(json);
}

static void json_untrusted(struct json_writer *json, const struct column *column, const void *row)
{
	size_t len;
	const char *text = field_text(column, row, &len);

	jsonw_text(json, column->key, text, len);
	if (!utf8_valid(text, len))
		jsonw_bytes_hex(json, column->hex_key, text, len);
}

static void json_cell(struct json_writer *json, const struct column *column, const void *row)
{
	switch (column->kind) {
	case COLUMN_U64:
	case COLUMN_BYTES:
		jsonw_u64(json, column->key, field_u64(row, column->offset));
		break;
	case COLUMN_I64:
		jsonw_i64(json, column->key, field_i64(row, column->offset));
		break;
	case COLUMN_HEX:
		jsonw_hex(json, column->key, field_u64(row, column->offset));
		break;
	case COLUMN_FLAGS:
		json_flags(json, column, field_u32(row, column->offset));
		break;
	case COLUMN_TEXT:
		json_untrusted(json, column, row);
		break;
	}
}

static void show_flags(char cell[CELL_SIZE], const struct column *column, uint32_t bits)
{
	const char *name;
	uint32_t rest = 0;
	size_t at = 0;
	int len = 0;

	while ((name = next_flag(column, bits, &at, &rest)) && len < CELL_SIZE)
		len += snprintf(cell + len, (size_t)(CELL_SIZE - len), "%s%s", len ? "," : "",
				name);
	if (rest && len < CELL_SIZE)
		len += snprintf(cell + len, (size_t)(CELL_SIZE - len), "%s0x%x", len ? "," : "",
				rest);
	if (!len)
		memcpy(cell, "-", 2);
}

static void show_cell(char cell[CELL_SIZE], const struct column *column, const void *row)
{
	switch (column->kind) {
	case COLUMN_U64:
		snprintf(cell, CELL_SIZE, "%llu",
			 (unsigned long long)field_u64(row, column->offset));
		break;
	case COLUMN_BYTES:
		units_show_bytes(cell, field_u64(row, column->offset));
		break;
	case COLUMN_I64:
		snprintf(cell, CELL_SIZE, "%lld", (long long)field_i64(row, column->offset));
		break;
	case COLUMN_HEX:
		snprintf(cell, CELL_SIZE, "0x%llx",
			 (unsigned long long)field_u64(row, column->offset));
		break;
	case COLUMN_FLAGS:
		show_flags(cell, column, field_u32(row, column->offset));
		break;
	case COLUMN_TEXT:
		break;
	}
}

static bool flush_left(const struct column *column)
{
	return column->kind == COLUMN_TEXT || column->kind == COLUMN_FLAGS;
}

static void put_padded(struct sink *sink, const struct column *column, const char *cell)
{
	size_t len = strlen(cell);
	size_t pad = len < column->width ? column->width - len : 0;

	if (!flush_left(column))
		sink_pad(sink, ' ', pad);
	sink_write(sink, cell, len);
	if (flush_left(column))
		sink_pad(sink, ' ', pad);
}

static void put_untrusted(struct sink *sink, const struct column *column, const void *row)
{
	size_t len, shown;
	const char *text = field_text(column, row, &len);

	shown = text_show(sink, text, len);
	sink_pad(sink, ' ', shown < column->width ? column->width - shown : 0);
}

static void text_cell(struct sink *sink, const struct column *column, const void *row, bool have)
{
	char cell[CELL_SIZE] = "-";

	if (have && column->kind == COLUMN_TEXT) {
		put_untrusted(sink, column, row);
		return;
	}
	if (have)
		show_cell(cell, column, row);
	put_padded(sink, column, cell);
}

void table_header(const struct table *table)
{
	struct sink *sink = table->out->text;

	if (!sink)
		return;
	for (size_t i = 0; i < table->n_columns; i++) {
		if (i)
			sink_write(sink, "  ", 2);
		put_padded(sink, &table->columns[i], table->columns[i].heading);
	}
	sink_putc(sink, '\n');
}

void table_row(const struct table *table, const void *row, uint32_t have)
{
	struct json_writer *json = table->out->json;
	struct sink *sink = table->out->text;

	if (json)
		jsonw_begin_row(json, NULL);
	for (size_t i = 0; i < table->n_columns; i++) {
		const struct column *column = &table->columns[i];
		bool has = (column->needs & have) == column->needs;

		if (json && has)
			json_cell(json, column, row);
		else if (json)
			jsonw_null(json, column->key);
		if (sink && i)
			sink_write(sink, "  ", 2);
		if (sink)
			text_cell(sink, column, row, has);
	}
	if (json)
		jsonw_end(json);
	if (sink)
		sink_putc(sink, '\n');
}
