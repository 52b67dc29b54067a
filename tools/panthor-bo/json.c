// SPDX-License-Identifier: MIT
#include "json.h"

#include <assert.h>
#include <stdio.h>

#include "text.h"

void jsonw_init(struct json_writer *json, struct sink *sink)
{
	json->sink = sink;
	json->depth = 0;
	json->inline_from = JSON_MAX_DEPTH;
	json->first = true;
}

static bool on_one_line(const struct json_writer *json)
{
	return json->depth >= json->inline_from;
}

static void new_line(struct json_writer *json)
{
	sink_putc(json->sink, '\n');
	sink_pad(json->sink, '\t', json->depth);
}

/* What stands before any value: comma, line break, key. */
static void lead(struct json_writer *json, const char *key)
{
	assert(!key == (!json->depth || json->is_array[json->depth - 1]));
	if (json->depth) {
		if (!json->first)
			sink_putc(json->sink, ',');
		if (!on_one_line(json))
			new_line(json);
		else if (!json->first)
			sink_putc(json->sink, ' ');
	}
	json->first = false;
	if (key) {
		sink_putc(json->sink, '"');
		sink_puts(json->sink, key);
		sink_write(json->sink, "\": ", 3);
	}
}

static void begin(struct json_writer *json, const char *key, bool is_array, bool one_line)
{
	assert(json->depth < JSON_MAX_DEPTH);
	lead(json, key);
	sink_putc(json->sink, is_array ? '[' : '{');
	json->is_array[json->depth++] = is_array;
	json->first = true;
	if (one_line && !on_one_line(json))
		json->inline_from = json->depth;
}

void jsonw_begin_object(struct json_writer *json, const char *key)
{
	begin(json, key, false, false);
}

void jsonw_begin_row(struct json_writer *json, const char *key)
{
	begin(json, key, false, true);
}

void jsonw_begin_array(struct json_writer *json, const char *key)
{
	begin(json, key, true, false);
}

void jsonw_begin_list(struct json_writer *json, const char *key)
{
	begin(json, key, true, true);
}

void jsonw_end(struct json_writer *json)
{
	bool one_line = on_one_line(json);
	bool empty = json->first;

	assert(json->depth);
	if (json->inline_from == json->depth)
		json->inline_from = JSON_MAX_DEPTH;
	json->depth--;
	if (!one_line && !empty)
		new_line(json);
	sink_putc(json->sink, json->is_array[json->depth] ? ']' : '}');
	json->first = false;
}

void jsonw_finish(struct json_writer *json)
{
	if (!json->depth && json->first)
		jsonw_begin_object(json, NULL);
	while (json->depth)
		jsonw_end(json);
	sink_putc(json->sink, '\n');
}

void jsonw_null(struct json_writer *json, const char *key)
{
	lead(json, key);
	sink_write(json->sink, "null", 4);
}

void jsonw_bool(struct json_writer *json, const char *key, bool value)
{
	lead(json, key);
	sink_puts(json->sink, value ? "true" : "false");
}

void jsonw_u64(struct json_writer *json, const char *key, uint64_t value)
{
	lead(json, key);
	sink_u64(json->sink, value);
}

void jsonw_i64(struct json_writer *json, const char *key, int64_t value)
{
	lead(json, key);
	if (value < 0)
		sink_putc(json->sink, '-');
	sink_u64(json->sink, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void jsonw_hex(struct json_writer *json, const char *key, uint64_t value)
{
	lead(json, key);
	sink_putc(json->sink, '"');
	sink_hex(json->sink, value);
	sink_putc(json->sink, '"');
}

void jsonw_milli(struct json_writer *json, const char *key, uint64_t value)
{
	char decimals[5];

	lead(json, key);
	sink_u64(json->sink, value / 1000);
	snprintf(decimals, sizeof(decimals), ".%03u", (unsigned int)(value % 1000));
	sink_write(json->sink, decimals, 4);
}

/* Plain bytes need no second look: printable ASCII but for the quote and the backslash. */
static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character that is not plain; returns the bytes of @text it stood for. */
static size_t put_special(struct sink *sink, const char *text, size_t len)
{
	char escaped[8];
	uint32_t cp;
	size_t used = utf8_decode(text, len, &cp);

	if (!used) {
		sink_write(sink, "\xef\xbf\xbd", 3);
		return 1;
	}
	if (cp == '"' || cp == '\\') {
		sink_putc(sink, '\\');
		sink_putc(sink, (char)cp);
	} else if (text_is_hostile(cp)) {
		sink_write(sink, escaped,
			   (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", cp & 0xffff));
	} else {
		sink_write(sink, text, used);
	}
	return used;
}

void jsonw_text(struct json_writer *json, const char *key, const char *text, size_t len)
{
	lead(json, key);
	sink_putc(json->sink, '"');
	while (len) {
		size_t plain = 0;

		while (plain < len && is_plain(text[plain]))
			plain++;
		sink_write(json->sink, text, plain);
		if (plain < len)
			plain += put_special(json->sink, text + plain, len - plain);
		text += plain;
		len -= plain;
	}
	sink_putc(json->sink, '"');
}

void jsonw_str(struct json_writer *json, const char *key, const char *str)
{
	if (str)
		jsonw_text(json, key, str, strlen(str));
	else
		jsonw_null(json, key);
}

void jsonw_bytes_hex(struct json_writer *json, const char *key, const char *text, size_t len)
{
	lead(json, key);
	sink_putc(json->sink, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];

		sink_putc(json->sink, "0123456789abcdef"[byte >> 4]);
		sink_putc(json->sink, "0123456789abcdef"[byte & 0xf]);
	}
	sink_putc(json->sink, '"');
}
