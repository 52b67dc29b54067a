/* SPDX-License-Identifier: MIT */
/*
 * One walk over a record, two renderings. A command names each fact once, with its JSON key and its
 * label for people; whichever of JSON and text is wanted (or both at once) comes out of that, so
 * the two cannot drift apart. A NULL label keeps a fact out of the text.
 */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "sink.h"

struct out {
	struct json_writer *json; /* NULL: no JSON wanted */
	struct sink *text; /* NULL: no text wanted */
	unsigned int depth; /* of titled sections, for indentation */
	uint32_t titled; /* bit per open scope: it has a title */
	unsigned int scopes;
};

void out_init(struct out *out, struct json_writer *json, struct sink *text);

/** out_open - a group of facts; @title NULL leaves no trace in the text */
void out_open(struct out *out, const char *key, const char *title);

/** out_open_array - the same, holding groups without keys */
void out_open_array(struct out *out, const char *key, const char *title);

void out_close(struct out *out);

void out_u64(struct out *out, const char *key, const char *label, uint64_t value);
void out_i64(struct out *out, const char *key, const char *label, int64_t value);
void out_bytes(struct out *out, const char *key, const char *label, uint64_t bytes);
void out_ns(struct out *out, const char *key, const char *label, uint64_t ns);
void out_us(struct out *out, const char *key, const char *label, uint64_t us);
void out_hex(struct out *out, const char *key, const char *label, uint64_t value);
void out_bool(struct out *out, const char *key, const char *label, bool value);

/** out_milli - thousandths, three decimals; @unit follows in text */
void out_milli(struct out *out, const char *key, const char *label, uint64_t milli,
	       const char *unit);

/** out_str - text; NULL is the same as out_absent() */
void out_str(struct out *out, const char *key, const char *label, const char *str);

/** out_absent - a fact that could not be had: null, and @why (or nothing) in text */
void out_absent(struct out *out, const char *key, const char *label, const char *why);

/** out_note - a line for people only, that sums up facts which have no line of their own */
void out_note(struct out *out, const char *label, const char *text);

/** out_list - a list of short words */
void out_list(struct out *out, const char *key, const char *label, const char *const *words,
	      size_t count);

#endif
