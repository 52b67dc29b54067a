// SPDX-License-Identifier: MIT
#include "sink.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct sink *sink_new(int fd)
{
	struct sink *sink = malloc(sizeof(*sink));

	if (sink) {
		sink->fd = fd;
		sink->error = 0;
		sink->len = 0;
	}
	return sink;
}

int sink_free(struct sink *sink)
{
	int error = sink_flush(sink);

	free(sink);
	return error;
}

static void write_all(struct sink *sink, const char *data, size_t size)
{
	while (size && !sink->error) {
		ssize_t n = write(sink->fd, data, size);

		if (n >= 0) {
			data += n;
			size -= (size_t)n;
		} else if (errno != EINTR) {
			sink->error = -errno;
		}
	}
}

int sink_flush(struct sink *sink)
{
	write_all(sink, sink->buf, sink->len);
	sink->len = 0;
	return sink->error;
}

char *sink_reserve(struct sink *sink, size_t size)
{
	if (SINK_SIZE - sink->len < size)
		sink_flush(sink);
	return sink->buf + sink->len;
}

void sink_write(struct sink *sink, const char *data, size_t size)
{
	if (size > SINK_SIZE) {
		sink_flush(sink);
		write_all(sink, data, size);
		return;
	}
	memcpy(sink_reserve(sink, size), data, size);
	sink->len += size;
}

void sink_u64(struct sink *sink, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	sink_write(sink, digits + at, sizeof(digits) - at);
}

void sink_hex(struct sink *sink, uint64_t value)
{
	char digits[18];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value & 0xf];
		value >>= 4;
	} while (value);
	digits[--at] = 'x';
	digits[--at] = '0';
	sink_write(sink, digits + at, sizeof(digits) - at);
}

void sink_pad(struct sink *sink, char c, size_t count)
{
	while (count--)
		sink_putc(sink, c);
}
