/* SPDX-License-Identifier: MIT */
/*
 * How a `gems` table is laid out and read.
 *
 * The table is text, made for people, of columns that start where their header starts. What makes
 * it awkward is that creator names and labels are printed as they are: they may hold line breaks,
 * or whole lines that look like rows or like the footer. So a record is not a line. It starts where
 * every column parses in its place, and its label goes on until the next such place or the footer,
 * which is only one if the file ends behind it. What still gets through is found by adding up.
 */
#ifndef PANTHOR_GEMS_H
#define PANTHOR_GEMS_H

#include "panthor.h"
#include "transport.h"

#define GEMS_MAX_COLUMNS 32
#define GEMS_STATE_FLAGS 3
#define GEMS_USAGE_FLAGS 2

/* Twice the longest: 4095 label bytes, each escaped to four, and the columns. */
#define GEMS_MAX_RECORD	 (32u << 10)
#define GEMS_MAX_PRELUDE (16u << 10)
#define GEMS_MAX_FOOTER	 (8u << 10)

struct gems_column {
	int id; /* enum panthor_gems_column, or -1 for one that is not known */
	size_t start;
	size_t end; /* start of the next column, 0 for the last */
};

struct gems_layout {
	struct gems_column columns[GEMS_MAX_COLUMNS];
	size_t count;
	uint32_t known;
	size_t comm_start;
	bool label_is_last;

	/* Length of the rule below the header, 0 without one; that above the footer is the same. */
	size_t rule_len;

	/* The file's bits for enum panthor_gems_state and _usage, in the order of their values. */
	uint32_t state_bits[GEMS_STATE_FLAGS];
	uint32_t usage_bits[GEMS_USAGE_FLAGS];
};

/* The part of a record in front of the label. */
struct gems_record {
	/* Its text pointers are not set. */
	struct panthor_gems_row row;
	/* From the start of the record. */
	size_t label_offset;
};

struct gems_footer {
	uint64_t size;
	uint64_t resident;
	uint64_t reclaimable;
};

enum gems_footer_match {
	GEMS_FOOTER_NONE,
	GEMS_FOOTER_CUT, /* may have become one had the file gone on */
	GEMS_FOOTER_WHOLE,
};

/* The value of one lower-case hexadecimal digit, or -1. */
static inline int gems_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

void gems_layout_init(struct gems_layout *layout);

/* One line, without its newline, in front of the rows. True when it was the header. */
bool gems_layout_line(struct gems_layout *layout, const char *line, size_t len);

/* A rule of @c; of @len bytes, or of any plausible length if that is 0. */
bool gems_is_rule(const char *line, size_t line_len, char c, size_t len);

/* Whether a record starts at @text, of which @len bytes are there. */
bool gems_parse_record(const struct gems_layout *layout, const char *text, size_t len,
		       struct gems_record *ret_record);

/* What the end of a file, all @len bytes of it, is. */
enum gems_footer_match gems_parse_footer(const struct gems_layout *layout, const char *text,
					 size_t len, struct gems_footer *ret_footer);

/* Bytes that decide about a record: any more belong to its label. */
size_t gems_record_lookahead(const struct gems_layout *layout);

/* A reader of @fd, which it closes at its end if it @owns_fd. NULL without memory. */
struct panthor_gems *gems_alloc(const struct panthor_transport *io, int fd, bool owns_fd);

/* The reader of the file at @path; whatever open(2) gives, or -ENOMEM. */
int gems_open(const struct panthor_transport *io, const char *path, struct panthor_gems **ret_gems);

/* As the public function, over any transport. */
int gems_open_fd(const struct panthor_transport *io, int fd, struct panthor_gems **ret_gems);

#endif
