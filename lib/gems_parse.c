// SPDX-License-Identifier: MIT
/* Records and the footer of a `gems` table. */
#include <string.h>

#include "gems.h"

/*
 * Numbers. Each returns the first byte behind, or NULL if there is no number or it does not fit.
 */

static const char *parse_dec(const char *p, const char *end, uint64_t *ret_value)
{
	const char *start = p;
	uint64_t value = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		unsigned int digit = (unsigned int)(*p - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return NULL;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return p > start ? p : NULL;
}

static const char *parse_signed(const char *p, const char *end, int64_t *ret_value)
{
	bool negative = p < end && *p == '-';
	uint64_t value;

	p = parse_dec(p + negative, end, &value);
	if (!p || value > INT64_MAX)
		return NULL;
	*ret_value = negative ? -(int64_t)value : (int64_t)value;
	return p;
}

static const char *parse_hex(const char *p, const char *end, uint64_t *ret_value)
{
	const char *start = p + 2;
	uint64_t value = 0;

	if (end - p < 3 || p[0] != '0' || p[1] != 'x')
		return NULL;
	for (p = start; p < end && gems_hex_digit(*p) >= 0; p++) {
		if (value >> 60)
			return NULL;
		value = value << 4 | (uint64_t)gems_hex_digit(*p);
	}
	*ret_value = value;
	return p > start ? p : NULL;
}

static uint32_t translate_flags(uint64_t value, const uint32_t *bits, unsigned int count)
{
	uint32_t flags = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (value & bits[i])
			flags |= 1u << i;
	}
	return flags;
}

static const char *parse_flags(const char *p, const char *end, const uint32_t *bits,
			       unsigned int count, uint32_t *ret_flags)
{
	uint64_t value;

	p = parse_hex(p, end, &value);
	if (p)
		*ret_flags = translate_flags(value, bits, count);
	return p;
}

/* kref_read() printed with %d: what is negative on paper was a big unsigned number. */
static const char *parse_refcount(const char *p, const char *end, uint64_t *ret_refcount)
{
	int64_t value;

	p = parse_signed(p, end, &value);
	if (p)
		*ret_refcount = value < 0 ? (uint32_t)value : (uint64_t)value;
	return p;
}

/* "comm/tgid", padded; read from its end, for the name may hold anything. */
static const char *parse_creator(const char *start, const char *end, struct panthor_gems_row *row)
{
	const char *last = end, *digits;
	uint64_t tgid;

	while (last > start && last[-1] == ' ')
		last--;
	for (digits = last; digits > start && digits[-1] >= '0' && digits[-1] <= '9';)
		digits--;
	if (digits == start || digits[-1] != '/')
		return NULL;
	if (!parse_dec(digits, last, &tgid) || tgid > INT64_MAX)
		return NULL;

	row->comm_len = (size_t)(digits - 1 - start);
	row->tgid = (int64_t)tgid;
	return end;
}

/* Only where the label is not the last column; it is cut off at the next one's start. */
static const char *parse_inner_label(const char *start, const char *end,
				     struct panthor_gems_row *row)
{
	const char *last = end;

	while (last > start && last[-1] == ' ')
		last--;
	row->label = start;
	row->label_len = (size_t)(last - start);
	return end;
}

/* Returns the first byte behind the value; the rest of the column has to be blank. */
static const char *parse_column(const struct gems_layout *layout, int id, const char *p,
				const char *end, struct panthor_gems_row *row)
{
	switch (id) {
	case PANTHOR_GEMS_CREATED_BY:
		return parse_creator(p, end, row);
	case PANTHOR_GEMS_GLOBAL_NAME:
		return parse_signed(p, end, &row->global_name);
	case PANTHOR_GEMS_REFCOUNT:
		return parse_refcount(p, end, &row->refcount);
	case PANTHOR_GEMS_EVICTIONS:
		return parse_dec(p, end, &row->evictions);
	case PANTHOR_GEMS_SIZE:
		return parse_dec(p, end, &row->size);
	case PANTHOR_GEMS_RESIDENT:
		return parse_dec(p, end, &row->resident);
	case PANTHOR_GEMS_FILE_OFFSET:
		return parse_hex(p, end, &row->file_offset);
	case PANTHOR_GEMS_STATE:
		return parse_flags(p, end, layout->state_bits, GEMS_STATE_FLAGS, &row->state);
	case PANTHOR_GEMS_USAGE:
		return parse_flags(p, end, layout->usage_bits, GEMS_USAGE_FLAGS, &row->usage);
	case PANTHOR_GEMS_LABEL:
		return parse_inner_label(p, end, row);
	default:
		return memchr(p, '\n', (size_t)(end - p)) ? NULL : end;
	}
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

/*
 * No BO is empty, and none has more in memory than it has. Besides, a row that adds nothing to the
 * sums could be forged without a trace.
 */
static bool is_plausible(const struct panthor_gems_row *row)
{
	return row->size && row->resident <= row->size;
}

/* Where column @i ends: at the next one, or in front of the line break if none but a label is. */
static const char *column_end(const struct gems_layout *layout, size_t i, const char *text,
			      size_t len)
{
	const struct gems_column *column = &layout->columns[i];
	size_t end = column->end && column->end <= len ? column->end : len;
	const char *nl = NULL;

	if (i + 1 + layout->label_is_last == layout->count && column->start <= end)
		nl = memchr(text + column->start, '\n', end - column->start);
	return nl ? nl : text + end;
}

/*
 * A value at the end of a row ends where gems_record_lookahead() still sees it: what is read must
 * not depend on how much of the file is there already. What is not known may be of any length.
 */
static bool ends_in_sight(const struct gems_layout *layout, const struct gems_column *column,
			  size_t end, size_t len)
{
	return column->end || column->id < 0 ||
	       (end < len && end < gems_record_lookahead(layout));
}

/* All columns but a trailing label, which starts where this leaves off. NULL if one is wrong. */
static const char *parse_columns(const struct gems_layout *layout, const char *text, size_t len,
				 struct panthor_gems_row *row)
{
	const char *end = text;

	for (size_t i = 0; i + layout->label_is_last < layout->count; i++) {
		const struct gems_column *column = &layout->columns[i];
		const char *p;

		if (column->start > len)
			return NULL;
		end = column_end(layout, i, text, len);
		if (!ends_in_sight(layout, column, (size_t)(end - text), len))
			return NULL;
		p = parse_column(layout, column->id, text + column->start, end, row);
		if (!p || skip_blanks(p, end) != end)
			return NULL;
	}
	return end;
}

bool gems_parse_record(const struct gems_layout *layout, const char *text, size_t len,
		       struct gems_record *ret_record)
{
	struct gems_record record = { .row.columns = layout->known };
	const char *label = parse_columns(layout, text, len, &record.row);

	if (!label || !is_plausible(&record.row))
		return false;

	if (!layout->label_is_last && record.row.label)
		label = record.row.label;
	record.label_offset = (size_t)(label - text);
	*ret_record = record;
	return true;
}

/*
 * The footer: a rule, then one line "Total size: 1, Total resident: 2, Total reclaimable: 3".
 */

static const char *parse_total(const char *p, const char *end, const char *name,
			       uint64_t *ret_value)
{
	size_t len = strlen(name);

	if ((size_t)(end - p) < len || memcmp(p, name, len))
		return NULL;
	return parse_dec(p + len, end, ret_value);
}

static bool parse_totals(const char *p, const char *end, struct gems_footer *ret_footer)
{
	struct gems_footer footer = { 0 };

	p = parse_total(p, end, "Total size: ", &footer.size);
	if (p)
		p = parse_total(p, end, ", Total resident: ", &footer.resident);
	if (p)
		p = parse_total(p, end, ", Total reclaimable: ", &footer.reclaimable);
	if (p != end)
		return false;

	*ret_footer = footer;
	return true;
}

enum gems_footer_match gems_parse_footer(const struct gems_layout *layout, const char *text,
					 size_t len, struct gems_footer *ret_footer)
{
	const char *end = text + len, *nl = memchr(text, '\n', len);

	/* Rule or not, the file ends inside a line. */
	if (!nl)
		return GEMS_FOOTER_CUT;
	if (!gems_is_rule(text, (size_t)(nl - text), '=', layout->rule_len))
		return GEMS_FOOTER_NONE;

	text = nl + 1;
	nl = memchr(text, '\n', (size_t)(end - text));
	if (!nl)
		return GEMS_FOOTER_CUT;
	if (nl + 1 != end || !parse_totals(text, nl, ret_footer))
		return GEMS_FOOTER_NONE;
	return GEMS_FOOTER_WHOLE;
}
