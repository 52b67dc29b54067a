// SPDX-License-Identifier: MIT
/* The head of a `gems` table: names of flags, names and places of columns. */
#include <string.h>

#include "gems.h"

/* A rule of unknown length has at least this many characters. */
#define MIN_RULE 16

static const char *const column_names[] = {
	[PANTHOR_GEMS_CREATED_BY] = "created-by",
	[PANTHOR_GEMS_GLOBAL_NAME] = "global-name",
	[PANTHOR_GEMS_REFCOUNT] = "refcount",
	[PANTHOR_GEMS_EVICTIONS] = "evictions",
	[PANTHOR_GEMS_SIZE] = "size",
	[PANTHOR_GEMS_RESIDENT] = "resident-size",
	[PANTHOR_GEMS_FILE_OFFSET] = "file-offset",
	[PANTHOR_GEMS_STATE] = "state",
	[PANTHOR_GEMS_USAGE] = "usage",
	[PANTHOR_GEMS_LABEL] = "label",
};

/* As the legend writes them, up to the value. */
static const char *const state_names[GEMS_STATE_FLAGS] = {
	" imported (0x",
	" exported (0x",
	" evicted (0x",
};
static const char *const usage_names[GEMS_USAGE_FLAGS] = { " kernel (0x", " fw-mapped (0x" };

void gems_layout_init(struct gems_layout *layout)
{
	memset(layout, 0, sizeof(*layout));
	for (unsigned int i = 0; i < GEMS_STATE_FLAGS; i++)
		layout->state_bits[i] = 1u << i;
	for (unsigned int i = 0; i < GEMS_USAGE_FLAGS; i++)
		layout->usage_bits[i] = 1u << i;
}

/* The value behind the name, or 0. */
static uint32_t legend_bit(const char *line, size_t len, const char *name)
{
	const char *end = line + len, *p = memmem(line, len, name, strlen(name));
	uint32_t bit = 0;

	if (!p)
		return 0;
	for (p += strlen(name); p < end && gems_hex_digit(*p) >= 0; p++)
		bit = bit << 4 | (uint32_t)gems_hex_digit(*p);
	return bit;
}

static void read_legend(const char *line, size_t len, const char *const *names, uint32_t *bits,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		bits[i] = legend_bit(line, len, names[i]);
}

static int column_id(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(column_names) / sizeof(column_names[0]); i++) {
		if (strlen(column_names[i]) == len && !memcmp(column_names[i], name, len))
			return (int)i;
	}
	return -1;
}

/* A name that comes twice is known the first time. */
static void add_column(struct gems_layout *layout, const char *name, size_t len, size_t start)
{
	struct gems_column *column = &layout->columns[layout->count];
	int id = column_id(name, len);

	if (layout->count)
		column[-1].end = start;
	if (id >= 0 && layout->known & 1u << id)
		id = -1;
	if (id >= 0)
		layout->known |= 1u << id;
	if (id == PANTHOR_GEMS_CREATED_BY)
		layout->comm_start = start;

	column->id = id;
	column->start = start;
	column->end = 0;
	layout->count++;
}

/* The table is about sizes; a line that names them and a creator or a label is its header. */
static bool is_header(uint32_t known)
{
	return known & 1u << PANTHOR_GEMS_SIZE &&
	       known & (1u << PANTHOR_GEMS_CREATED_BY | 1u << PANTHOR_GEMS_LABEL);
}

static bool read_header(struct gems_layout *layout, const char *line, size_t len)
{
	size_t pos = 0;

	layout->count = 0;
	layout->known = 0;
	while (pos < len && layout->count < GEMS_MAX_COLUMNS) {
		size_t start;

		while (pos < len && line[pos] == ' ')
			pos++;
		start = pos;
		while (pos < len && line[pos] != ' ')
			pos++;
		if (pos > start)
			add_column(layout, line + start, pos - start, start);
	}
	if (pos < len || !is_header(layout->known))
		return false;

	layout->label_is_last = layout->columns[layout->count - 1].id == PANTHOR_GEMS_LABEL;
	return true;
}

bool gems_layout_line(struct gems_layout *layout, const char *line, size_t len)
{
	static const char state[] = "state flags:", usage[] = "usage flags:";

	if (memmem(line, len, state, sizeof(state) - 1)) {
		read_legend(line, len, state_names, layout->state_bits, GEMS_STATE_FLAGS);
		return false;
	}
	if (memmem(line, len, usage, sizeof(usage) - 1)) {
		read_legend(line, len, usage_names, layout->usage_bits, GEMS_USAGE_FLAGS);
		return false;
	}
	return read_header(layout, line, len);
}

bool gems_is_rule(const char *line, size_t line_len, char c, size_t len)
{
	if (len ? line_len != len : line_len < MIN_RULE)
		return false;
	for (size_t i = 0; i < line_len; i++) {
		if (line[i] != c)
			return false;
	}
	return true;
}

size_t gems_record_lookahead(const struct gems_layout *layout)
{
	/* A last column that is a number ends soon after it starts. */
	return layout->columns[layout->count - 1].start + 32;
}
