/* SPDX-License-Identifier: MIT */
/*
 * A streaming JSON writer that can end well at any moment: jsonw_finish() closes whatever is open,
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

struct json_writer {
	struct sink *sink;
	unsigned int depth; /* open scopes */
	unsigned int inline_from; /* depth from which all stands on one line, or JSON_MAX_DEPTH */
	bool first; /* nothing in the current scope yet */
	bool is_array[JSON_MAX_DEPTH];
};

void jsonw_init(struct json_writer *json, struct sink *sink);

void jsonw_begin_object(struct json_writer *json, const char *key);

/* An object on one line: rows. */
void jsonw_begin_row(struct json_writer *json, const char *key);

void jsonw_begin_array(struct json_writer *json, const char *key);

/* An array on one line: short lists. */
void jsonw_begin_list(struct json_writer *json, const char *key);

/** jsonw_end - close the innermost scope */
void jsonw_end(struct json_writer *json);

/** jsonw_finish - close every open scope and end the line; a document never begun becomes {} */
void jsonw_finish(struct json_writer *json);

void jsonw_null(struct json_writer *json, const char *key);
void jsonw_bool(struct json_writer *json, const char *key, bool value);
void jsonw_u64(struct json_writer *json, const char *key, uint64_t value);
void jsonw_i64(struct json_writer *json, const char *key, int64_t value);

/** jsonw_hex - a string "0x..." for addresses, offsets, identifiers and seeds */
void jsonw_hex(struct json_writer *json, const char *key, uint64_t value);

/** jsonw_milli - a number with three decimals, given in thousandths */
void jsonw_milli(struct json_writer *json, const char *key, uint64_t value);

/** jsonw_text - a string from @len bytes; bytes that are not UTF-8 become U+FFFD */
void jsonw_text(struct json_writer *json, const char *key, const char *text, size_t len);

/** jsonw_str - a string, or null for NULL */
void jsonw_str(struct json_writer *json, const char *key, const char *str);

/** jsonw_bytes_hex - a string of two hex digits per byte: text that is not UTF-8, without loss */
void jsonw_bytes_hex(struct json_writer *json, const char *key, const char *text, size_t len);

#endif
