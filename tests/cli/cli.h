/* SPDX-License-Identifier: MIT */
/* What every unit test of the tool includes, in the order that cmocka wants. */
#ifndef CLI_H
#define CLI_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink.h"

/* A sink into a file without a name, and what was written there so far, to be freed. */
static inline struct sink *capture_new(void)
{
	struct sink *sink = sink_new(fileno(tmpfile()));

	assert_non_null(sink);
	return sink;
}

static inline char *capture_text(struct sink *sink)
{
	off_t size;
	char *text;

	assert_int_equal(sink_flush(sink), 0);
	size = lseek(sink->fd, 0, SEEK_END);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(pread(sink->fd, text, (size_t)size, 0), size);
	return text;
}

/* Ends a capture; its text has to be @expected. */
static inline void capture_expect(struct sink *sink, const char *expected)
{
	char *text = capture_text(sink);

	assert_string_equal(text, expected);
	free(text);
	close(sink->fd);
	sink_free(sink);
}

#endif
