// SPDX-License-Identifier: MIT
#include "gems_table.h"

#include "gems.h"
#include "unit.h"

static const char rule[] = "--------------------------------------------------------------------"
			   "--------------------------------------------------------------------"
			   "------------";

void table_add_bytes(struct gems_table *table, const char *bytes, size_t len)
{
	if (table->len + len > table->capacity) {
		table->capacity = 2 * (table->len + len);
		table->text = realloc(table->text, table->capacity);
		assert_non_null(table->text);
	}
	memcpy(table->text + table->len, bytes, len);
	table->len += len;
}

void table_add(struct gems_table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	assert_true(len >= 0);
	table_add_bytes(table, text, (size_t)len);
	free(text);
}

void table_head(struct gems_table *table)
{
	table_add(table, "GEM state flags: imported (0x1), exported (0x2), evicted (0x4)\n"
			 "GEM usage flags: kernel (0x1), fw-mapped (0x2)\n\n");
	table_add(table, "%-32s%-16s%-11s%-11s%-16s%-16s%-18s%-11s%-12slabel\n%s\n", "created-by",
		  "global-name", "refcount", "evictions", "size", "resident-size", "file-offset",
		  "state", "usage", rule);
}

void table_row(struct gems_table *table, const char *creator, uint64_t size, uint64_t resident,
	       const char *label)
{
	/* Labels longer than printf's patience are none, but %s stops at no byte but NUL. */
	table_add(table, "%-32s%-16d%-11d%-11d%-16llu%-16llu0x%-16llx0x%-8x 0x%-10x%s\n", creator,
		  0, 1, 0, (unsigned long long)size, (unsigned long long)resident, 1ull << 32, 0, 0,
		  label);
	table->size += size;
	table->resident += resident;
	table->reclaimable += resident;
}

void table_footer(struct gems_table *table)
{
	for (size_t i = 1; i < sizeof(rule); i++)
		table_add_bytes(table, "=", 1);
	table_add(table, "\nTotal size: %llu, Total resident: %llu, Total reclaimable: %llu\n",
		  (unsigned long long)table->size, (unsigned long long)table->resident,
		  (unsigned long long)table->reclaimable);
}

void table_free(struct gems_table *table)
{
	free(table->text);
	memset(table, 0, sizeof(*table));
}

static ssize_t memory_read(void *priv, int fd, void *buf, size_t size)
{
	struct memory_stream *stream = priv;
	size_t left = stream->len - stream->pos;

	if (stream->error && stream->pos >= stream->fail_at) {
		int error = stream->error;

		/* An interrupted read goes well the second time. */
		if (error == EINTR)
			stream->error = 0;
		return -error;
	}
	if (size > stream->chunk)
		size = stream->chunk;
	if (size > left)
		size = left;
	memcpy(buf, stream->text + stream->pos, size);
	stream->pos += size;
	return (ssize_t)size;
}

void memory_stream_init(struct memory_stream *stream, const char *text, size_t len)
{
	memset(stream, 0, sizeof(*stream));
	stream->io = panthor_transport_system;
	stream->io.priv = stream;
	stream->io.read = memory_read;
	stream->text = text;
	stream->len = len;
	stream->chunk = SIZE_MAX;
}

struct panthor_gems *memory_stream_open(struct memory_stream *stream)
{
	struct panthor_gems *gems = NULL;

	assert_int_equal(gems_open_fd(&stream->io, -1, &gems), 0);
	return gems;
}

int read_table(const char *text, size_t len, struct panthor_gems_summary *ret_summary)
{
	struct memory_stream stream;
	struct panthor_gems *gems;
	struct panthor_gems_row row;
	int r;

	memory_stream_init(&stream, text, len);
	gems = memory_stream_open(&stream);
	do {
		r = panthor_gems_next(gems, &row);
	} while (r == 1);
	assert_int_equal(panthor_gems_summary(gems, ret_summary), r);
	panthor_gems_close(gems);
	return r;
}

enum panthor_gems_integrity table_verdict(const struct gems_table *table, uint64_t rows)
{
	struct panthor_gems_summary summary;

	assert_int_equal(read_table(table->text, table->len, &summary), 0);
	assert_int_equal(summary.rows, rows);
	return summary.integrity;
}
