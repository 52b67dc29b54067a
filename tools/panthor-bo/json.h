/* SPDX-License-Identifier: MIT */
/*
 * A streaming JSON writer that can end well at any moment: json_finish() closes whatever is open,
 * so an error or a signal between two calls still leaves one valid document.
 *
 * A key is given inside an object and is NULL inside an array and for the document itself. Keys
 * are this program's own literals and are written as they are; text values may be any bytes.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink.h"

#define JSON_MAX_DEPTH 16

struct json {
	struct sink *sink;
	unsigned int depth; /* open scopes */
	unsigned int inline_from; /* depth from which all stands on one line, or JSON_MAX_DEPTH */
	bool first; /* nothing in the current scope yet */
	bool is_array[JSON_MAX_DEPTH];
};

void json_init(struct json *json, struct sink *sink);

void json_begin_object(struct json *json, const char *key);

/* An object on one line: rows. */
void json_begin_row(struct json *json, const char *key);

void json_begin_array(struct json *json, const char *key);

/* An array on one line: short lists. */
void json_begin_list(struct json *json, const char *key);

/** json_end - close the innermost scope */
void json_end(struct json *json);

/** json_finish - close every open scope and end the line; a document never begun becomes {} */
void json_finish(struct json *json);

void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
void json_u64(struct json *json, const char *key, uint64_t value);
void json_i64(struct json *json, const char *key, int64_t value);

/** json_hex - a string "0x..." for addresses, offsets, identifiers and seeds */
void json_hex(struct json *json, const char *key, uint64_t value);

/** json_milli - a number with three decimals, given in thousandths */
void json_milli(struct json *json, const char *key, uint64_t value);

/** json_text - a string from @len bytes; bytes that are not UTF-8 become U+FFFD */
void json_text(struct json *json, const char *key, const char *text, size_t len);

/** json_str - a string, or null for NULL */
void json_str(struct json *json, const char *key, const char *str);

/** json_bytes_hex - a string of two hex digits per byte: text that is not UTF-8, without loss */
void json_bytes_hex(struct json *json, const char *key, const char *text, size_t len);

#endif
