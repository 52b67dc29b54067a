/* SPDX-License-Identifier: MIT */
/*
 * Buffered output to a file descriptor that remembers its first failure, so that a writer of a
 * hundred thousand rows checks once, at the end. After a failure everything is swallowed.
 */
#ifndef SINK_H
#define SINK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SINK_SIZE (64 * 1024)

struct sink {
	int fd; /* the caller's, not closed */
	int error; /* 0 or the negative errno of the first write that failed */
	size_t len;
	char buf[SINK_SIZE];
};

/** sink_new - a sink on @fd, or NULL without memory */
struct sink *sink_new(int fd);

/** sink_free - flush and free; returns the first failure */
int sink_free(struct sink *sink);

/** sink_flush - hand everything to the kernel; returns the first failure */
int sink_flush(struct sink *sink);

/** sink_reserve - room for @size contiguous bytes, at most SINK_SIZE; commit by raising len */
char *sink_reserve(struct sink *sink, size_t size);

void sink_write(struct sink *sink, const char *data, size_t size);
void sink_u64(struct sink *sink, uint64_t value);

/** sink_hex - "0x" and lower-case digits */
void sink_hex(struct sink *sink, uint64_t value);

void sink_pad(struct sink *sink, char c, size_t count);

static inline void sink_puts(struct sink *sink, const char *str)
{
	sink_write(sink, str, strlen(str));
}

static inline void sink_putc(struct sink *sink, char c)
{
	*sink_reserve(sink, 1) = c;
	sink->len++;
}

#endif
