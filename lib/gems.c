// SPDX-License-Identifier: MIT
/* The reader of `gems` tables: a bounded window that moves over a stream. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "gems.h"
#include "params.h"

/* Large reads: the kernel formats the table anew for every reader that is not served at once. */
#define WINDOW_SIZE (256u << 10)

_Static_assert(WINDOW_SIZE > 2 * GEMS_MAX_RECORD + GEMS_MAX_PRELUDE + GEMS_MAX_FOOTER,
	       "room for a record and for what decides where it ends");

/* What stands at some place behind the header. */
enum place {
	PLACE_RECORD,
	PLACE_TEXT, /* part of the label in front of it, or rubbish */
	PLACE_END,  /* of the file, or the footer */
};

struct panthor_gems {
	const struct panthor_transport *io;
	int fd;
	bool owns_fd;

	/* 1 while there is more to come, then what panthor_gems_next() answers for good. */
	int status;
	bool started;

	/* The window: bytes from @pos to @end are read but not used up; no more come at @eof. */
	size_t pos;
	size_t end;
	bool eof;

	struct gems_layout layout;
	/* What stands at @pos, and the record that was parsed there if it is one. */
	enum place here;
	struct gems_record record;

	/* A record that is not whole, or bytes that belong to none. */
	bool damaged;
	/* The sums went beyond 64 bits, so they say nothing. */
	bool overflow;
	bool has_footer;
	struct panthor_gems_summary summary;

	char window[WINDOW_SIZE];
};

struct panthor_gems *gems_alloc(const struct panthor_transport *io, int fd, bool owns_fd)
{
	struct panthor_gems *gems = io_alloc(io, sizeof(*gems));

	if (!gems)
		return NULL;
	gems->io = io;
	gems->fd = fd;
	gems->owns_fd = owns_fd;
	gems->status = 1;
	gems_layout_init(&gems->layout);
	return gems;
}

PANTHOR_PUBLIC
struct panthor_gems *panthor_gems_close(struct panthor_gems *gems)
{
	if (!gems)
		return NULL;
	if (gems->owns_fd)
		io_close(gems->io, gems->fd);
	free(gems);
	return NULL;
}

static const char *text_at(const struct panthor_gems *gems, size_t offset)
{
	return gems->window + gems->pos + offset;
}

static size_t available(const struct panthor_gems *gems, size_t offset)
{
	return gems->end - gems->pos - offset;
}

static int fill(struct panthor_gems *gems)
{
	ssize_t len;

	if (gems->pos) {
		memmove(gems->window, text_at(gems, 0), available(gems, 0));
		gems->end -= gems->pos;
		gems->pos = 0;
	}
	if (gems->end == WINDOW_SIZE)
		return -EFBIG;

	len = io_read(gems->io, gems->fd, gems->window + gems->end, WINDOW_SIZE - gems->end);
	if (len < 0)
		return (int)len;
	gems->eof = !len;
	gems->end += (size_t)len;
	return 0;
}

/* Makes @size bytes available, or all there are. */
static int want(struct panthor_gems *gems, size_t size)
{
	int r = 0;

	while (!r && !gems->eof && available(gems, 0) < size)
		r = fill(gems);
	return r;
}

/* The length of the line at @offset without its newline, -ENODATA if the file ends before that. */
static ssize_t line_length(struct panthor_gems *gems, size_t offset, size_t max)
{
	size_t searched = offset;
	int r;

	for (;;) {
		const char *nl = memchr(text_at(gems, searched), '\n', available(gems, searched));

		if (nl)
			return nl - text_at(gems, offset);
		if (gems->eof)
			return -ENODATA;
		searched = gems->end - gems->pos;
		if (searched > max)
			return -EFBIG;
		r = fill(gems);
		if (r)
			return r;
	}
}

/* Only the end of the file makes a footer: in front of more it is somebody's label. */
static int look_for_footer(struct panthor_gems *gems, size_t offset, enum place *ret_place)
{
	struct gems_footer footer;
	int r = want(gems, offset + GEMS_MAX_FOOTER + 1);

	if (r || !gems->eof)
		return r;

	switch (gems_parse_footer(&gems->layout, text_at(gems, offset), available(gems, offset),
				  &footer)) {
	case GEMS_FOOTER_WHOLE:
		gems->summary.total_size = footer.size;
		gems->summary.total_resident = footer.resident;
		gems->summary.total_reclaimable = footer.reclaimable;
		gems->has_footer = true;
		*ret_place = PLACE_END;
		break;
	case GEMS_FOOTER_CUT:
		gems->damaged = true;
		*ret_place = PLACE_END;
		break;
	case GEMS_FOOTER_NONE:
		break;
	}
	return 0;
}

/* Sets @here and, for a record, @record to what stands at @offset. */
static int look_at(struct panthor_gems *gems, size_t offset)
{
	int r = want(gems, offset + gems_record_lookahead(&gems->layout));

	if (r)
		return r;

	gems->here = PLACE_TEXT;
	if (!available(gems, offset))
		gems->here = PLACE_END;
	else if (gems_parse_record(&gems->layout, text_at(gems, offset), available(gems, offset),
				   &gems->record))
		gems->here = PLACE_RECORD;
	else if (*text_at(gems, offset) == '=')
		r = look_for_footer(gems, offset, &gems->here);
	return r;
}

/* A file that ends or goes on for ever in front of a header is no table. */
static int read_head(struct panthor_gems *gems)
{
	size_t head = 0;
	bool found = false;

	while (!found) {
		ssize_t len = line_length(gems, 0, GEMS_MAX_PRELUDE);

		if (len == -ENODATA || len == -EFBIG)
			return -EBADMSG;
		if (len < 0)
			return (int)len;
		head += (size_t)len + 1;
		if (head > GEMS_MAX_PRELUDE)
			return -EBADMSG;
		found = gems_layout_line(&gems->layout, text_at(gems, 0), (size_t)len);
		gems->pos += (size_t)len + 1;
	}
	return 0;
}

static int start(struct panthor_gems *gems)
{
	ssize_t len;
	int r = read_head(gems);

	if (r)
		return r;
	len = line_length(gems, 0, GEMS_MAX_PRELUDE);
	if (len < 0 && len != -ENODATA && len != -EFBIG)
		return (int)len;
	if (len >= 0 && gems_is_rule(text_at(gems, 0), (size_t)len, '-', 0)) {
		gems->layout.rule_len = (size_t)len;
		gems->pos += (size_t)len + 1;
	}
	gems->summary.columns = gems->layout.known;
	gems->started = true;
	return look_at(gems, 0);
}

/* Text that no record claims: lines in front of the first one, or behind one without a label. */
static int skip_rubbish(struct panthor_gems *gems)
{
	int r = 0;

	while (!r && gems->here == PLACE_TEXT) {
		ssize_t len = line_length(gems, 0, GEMS_MAX_RECORD);

		gems->damaged = true;
		if (len == -ENODATA) {
			gems->here = PLACE_END;
			break;
		}
		if (len < 0)
			return (int)len;
		gems->pos += (size_t)len + 1;
		r = look_at(gems, 0);
	}
	return r;
}

/*
 * Finds where the record at the start of the window ends, newline included, and looks at what is
 * behind. A last line that the file cuts off does not count; 0 if the record is that line.
 */
static ssize_t find_record_end(struct panthor_gems *gems, size_t label_offset)
{
	size_t end = 0, offset = label_offset;

	do {
		ssize_t len = line_length(gems, offset, GEMS_MAX_RECORD);
		int r;

		if (len == -ENODATA) {
			gems->damaged = true;
			gems->here = PLACE_END;
			break;
		}
		if (len < 0)
			return len;
		offset += (size_t)len + 1;
		if (offset > GEMS_MAX_RECORD)
			return -EFBIG;
		end = offset;
		r = look_at(gems, offset);
		if (r)
			return r;
	} while (gems->here == PLACE_TEXT && gems->layout.label_is_last);

	return (ssize_t)end;
}

static void add_row(struct panthor_gems *gems, const struct panthor_gems_row *row)
{
	struct panthor_gems_summary *summary = &gems->summary;

	summary->rows++;
	gems->overflow |= __builtin_add_overflow(summary->sum_size, row->size, &summary->sum_size);
	gems->overflow |= __builtin_add_overflow(summary->sum_resident, row->resident,
						 &summary->sum_resident);
}

static int next_row(struct panthor_gems *gems, struct panthor_gems_row *ret_row, size_t size)
{
	struct gems_record record;
	ssize_t end;
	int r = skip_rubbish(gems);

	if (r || gems->here == PLACE_END)
		return r;

	record = gems->record;
	end = find_record_end(gems, record.label_offset);
	if (end <= 0)
		return (int)end;

	record.row.comm = text_at(gems, gems->layout.comm_start);
	record.row.label = text_at(gems, record.label_offset);
	if (gems->layout.label_is_last)
		record.row.label_len = (size_t)end - 1 - record.label_offset;
	gems->pos += (size_t)end;
	add_row(gems, &record.row);
	params_write(&record.row, sizeof(record.row), ret_row, size);
	return 1;
}

static enum panthor_gems_integrity judge(const struct panthor_gems *gems)
{
	const struct panthor_gems_summary *summary = &gems->summary;
	bool has_resident = summary->columns & 1u << PANTHOR_GEMS_RESIDENT;

	if (gems->damaged)
		return PANTHOR_GEMS_TRUNCATED;
	if (!gems->has_footer)
		return PANTHOR_GEMS_NO_FOOTER;
	if (gems->overflow || summary->sum_size != summary->total_size)
		return PANTHOR_GEMS_MISMATCH;
	if (has_resident && summary->sum_resident != summary->total_resident)
		return PANTHOR_GEMS_MISMATCH;
	return PANTHOR_GEMS_OK;
}

PANTHOR_PUBLIC
int panthor_gems_next_sized(struct panthor_gems *gems, struct panthor_gems_row *ret_row,
			    size_t size)
{
	int r;

	if (gems->status != 1)
		return gems->status;

	r = gems->started ? 0 : start(gems);
	if (!r)
		r = next_row(gems, ret_row, size);
	if (!r)
		gems->summary.integrity = judge(gems);
	gems->status = r;
	return r;
}

PANTHOR_PUBLIC
int panthor_gems_summary_sized(const struct panthor_gems *gems,
			       struct panthor_gems_summary *ret_summary, size_t size)
{
	if (gems->status)
		return gems->status > 0 ? -EAGAIN : gems->status;

	params_write(&gems->summary, sizeof(gems->summary), ret_summary, size);
	return 0;
}
