/* SPDX-License-Identifier: MIT */
/*
 * A strict reader of `gems`: columns stand where the header says, every row ends with its label,
 * and whatever does not fit is a failure, not something to recover from.
 */
#include <ctype.h>
#include <inttypes.h>

#include "kt.h"

#define RULE_WIDTH 148

static const char flags_1[] = "GEM state flags: imported (0x1), exported (0x2), evicted (0x4)";
static const char flags_2[] = "GEM usage flags: kernel (0x1), fw-mapped (0x2)";

/* Starts of the columns; the label is the rest of the line. */
static const struct {
	const char *title;
	size_t start;
} columns[] = {
	{ "created-by", 0 }, { "global-name", 32 },   { "refcount", 48 },     { "evictions", 59 },
	{ "size", 70 },	     { "resident-size", 86 }, { "file-offset", 102 }, { "state", 120 },
	{ "usage", 131 },    { "label", 143 },
};

static char *next_line(char **text)
{
	char *line = *text;
	char *end = strchr(line, '\n');

	if (!end)
		fail_msg("the table ends inside a line: '%.200s'", line);
	*end = '\0';
	*text = end + 1;
	return line;
}

static void check_rule(const char *line, char c)
{
	assert_int_equal(strlen(line), RULE_WIDTH);
	assert_int_equal(strspn(line, (char[]){ c, '\0' }), RULE_WIDTH);
}

static void check_header(char **text)
{
	const char *line;
	size_t i;

	assert_string_equal(next_line(text), flags_1);
	assert_string_equal(next_line(text), flags_2);
	assert_string_equal(next_line(text), "");
	line = next_line(text);
	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		assert_true(strlen(line) > columns[i].start);
		assert_memory_equal(line + columns[i].start, columns[i].title,
				    strlen(columns[i].title));
	}
	check_rule(next_line(text), '-');
}

/* The text of a column, without its padding. */
static void field(const char *line, size_t column, char *buf, size_t size)
{
	size_t start = columns[column].start;
	size_t len = columns[column + 1].start - start;

	while (len > 0 && line[start + len - 1] == ' ')
		len--;
	if (len == 0 || len >= size || line[columns[column + 1].start - 1] != ' ')
		fail_msg("column %s of '%.200s'", columns[column].title, line);
	memcpy(buf, line + start, len);
	buf[len] = '\0';
}

static uint64_t number(const char *line, size_t column, int base)
{
	char buf[32];
	char *end;
	uint64_t value;

	field(line, column, buf, sizeof(buf));
	if (base == 16 && strncmp(buf, "0x", 2) != 0)
		fail_msg("column %s of '%.200s'", columns[column].title, line);
	value = strtoull(buf, &end, base);
	if (*end != '\0')
		fail_msg("column %s of '%.200s'", columns[column].title, line);
	return value;
}

static int unescape_one(const char **in)
{
	static const char letters[] = "n\nt\tr\rf\fv\va\ab\be\033\\\\\"\"";
	const char *p = *in + 1;
	size_t i;
	int value = 0;

	if (isdigit((unsigned char)*p)) {
		for (i = 0; i < 3; i++, p++) {
			assert_true(*p >= '0' && *p <= '7');
			value = value * 8 + (*p - '0');
		}
		*in = p;
		return value;
	}
	*in = p + 1;
	for (i = 0; letters[i]; i += 2) {
		if (letters[i] == *p)
			return (unsigned char)letters[i + 1];
	}
	fail_msg("unknown escape \\%c", *p);
	return 0;
}

static void unescape(const char *in, char *out, size_t size)
{
	size_t len = 0;

	while (*in) {
		assert_true(len + 1 < size);
		if (iscntrl((unsigned char)*in))
			fail_msg("raw control byte %d in the table", *in);
		out[len++] = (char)(*in == '\\' ? unescape_one(&in) : *in++);
	}
	out[len] = '\0';
}

static void parse_creator(const char *line, struct kt_gem *row)
{
	char creator[64];
	char *slash;
	char *end;

	field(line, 0, creator, sizeof(creator));
	slash = strrchr(creator, '/');
	assert_non_null(slash);
	*slash = '\0';
	row->tgid = (int)strtol(slash + 1, &end, 10);
	assert_true(end != slash + 1 && *end == '\0');
	unescape(creator, row->comm, sizeof(row->comm));
}

static void parse_row(const char *line, struct kt_gem *row)
{
	if (strlen(line) < columns[9].start)
		fail_msg("short row '%.200s'", line);
	parse_creator(line, row);
	row->name = (int)number(line, 1, 10);
	row->refcount = (unsigned int)number(line, 2, 10);
	row->evictions = (unsigned int)number(line, 3, 10);
	row->size = number(line, 4, 10);
	row->resident = number(line, 5, 10);
	row->offset = number(line, 6, 16);
	row->state = (unsigned int)number(line, 7, 16);
	row->usage = (unsigned int)number(line, 8, 16);
	unescape(line + columns[9].start, row->label, sizeof(row->label));
}

static void add_row(struct kt_gems *gems, const char *line)
{
	struct kt_gem *row;

	if ((gems->count & (gems->count - 1)) == 0) {
		size_t cap = gems->count ? gems->count * 2 : 1;

		gems->rows = realloc(gems->rows, cap * sizeof(*gems->rows));
	}
	row = &gems->rows[gems->count];
	memset(row, 0, sizeof(*row));
	parse_row(line, row);
	gems->sum_size += row->size;
	gems->sum_resident += row->resident;
	if (row->usage & KT_GEM_KERNEL)
		gems->kernel_rows++;
	else
		gems->count++;
}

void kt_gems_read(struct kt_gems *gems)
{
	char *text = kt_debugfs_read("gems", NULL);
	char *rest = text;
	char *line;
	int end = 0;

	memset(gems, 0, sizeof(*gems));
	check_header(&rest);
	while ((line = next_line(&rest))[0] != '=')
		add_row(gems, line);
	check_rule(line, '=');
	line = next_line(&rest);
	if (sscanf(line,
		   "Total size: %" SCNu64 ", Total resident: %" SCNu64
		   ", Total reclaimable: %" SCNu64 "%n",
		   &gems->total_size, &gems->total_resident, &gems->total_reclaimable, &end) != 3 ||
	    line[end] != '\0')
		fail_msg("footer '%.200s'", line);
	assert_string_equal(rest, "");
	free(text);
}

void kt_gems_free(struct kt_gems *gems)
{
	free(gems->rows);
	memset(gems, 0, sizeof(*gems));
}

bool kt_gem(const char *label, struct kt_gem *row)
{
	struct kt_gems gems;
	bool found = false;
	size_t i;

	kt_gems_read(&gems);
	for (i = 0; i < gems.count && !found; i++) {
		found = !strcmp(gems.rows[i].label, label);
		if (found)
			*row = gems.rows[i];
	}
	kt_gems_free(&gems);
	return found;
}

struct kt_gem kt_gem_get(const char *label)
{
	struct kt_gem row;

	if (!kt_gem(label, &row))
		fail_msg("gems has no row '%.100s'", label);
	return row;
}

static bool is_gone(void *label)
{
	struct kt_gem row;

	return !kt_gem(label, &row);
}

bool kt_gem_gone(const char *label)
{
	return kt_wait(is_gone, (void *)(uintptr_t)label);
}
