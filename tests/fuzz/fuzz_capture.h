/* SPDX-License-Identifier: MIT */
/* What the tool writes, to be looked at. */
#ifndef FUZZ_CAPTURE_H
#define FUZZ_CAPTURE_H

#include <json-c/json.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "sink.h"

struct capture {
	struct sink *sink; /* lives on for the next run: a new file takes longer than most inputs */
};

static inline struct sink *capture_open(struct capture *capture)
{
	if (!capture->sink)
		capture->sink = sink_new(memfd_create("fuzz", 0));
	fuzz_check(capture->sink && capture->sink->fd >= 0);
	return capture->sink;
}

/* Ends a capture; what was written, NUL-terminated and to be freed. */
static inline char *capture_close(struct capture *capture, size_t *ret_len)
{
	int fd = capture->sink->fd;
	off_t size;
	char *text;

	fuzz_check(!sink_flush(capture->sink));
	size = lseek(fd, 0, SEEK_CUR);
	text = malloc((size_t)size + 1);
	fuzz_check(text && pread(fd, text, (size_t)size, 0) == size);
	text[size] = '\0';
	fuzz_check(!lseek(fd, 0, SEEK_SET));
	*ret_len = (size_t)size;
	return text;
}

/* A capture that is one JSON document and a line break, read back strictly. */
static inline struct json_object *capture_parse(struct capture *capture)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *doc;
	size_t len;
	char *text = capture_close(capture, &len);

	fuzz_check(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	doc = json_tokener_parse_ex(tokener, text, (int)len);
	fuzz_check(json_tokener_get_error(tokener) == json_tokener_success);
	fuzz_check(json_tokener_get_parse_end(tokener) + 1 >= len && text[len - 1] == '\n');
	json_tokener_free(tokener);
	free(text);
	return doc;
}

#endif
