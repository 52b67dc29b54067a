// SPDX-License-Identifier: MIT
#include "out.h"

#include <assert.h>
#include <stdio.h>

#include "text.h"
#include "units.h"

#define LABEL_WIDTH 26

void out_init(struct out *out, struct json_writer *json, struct sink *text)
{
	*out = (struct out){ .json = json, .text = text };
}

static void push(struct out *out, const char *title)
{
	assert(out->scopes < 32);
	if (title && out->text) {
		sink_pad(out->text, ' ', 2 * out->depth);
		sink_puts(out->text, title);
		sink_putc(out->text, '\n');
	}
	if (title) {
		out->titled |= UINT32_C(1) << out->scopes;
		out->depth++;
	}
	out->scopes++;
}

void out_open(struct out *out, const char *key, const char *title)
{
	if (out->json)
		jsonw_begin_object(out->json, key);
	push(out, title);
}

void out_open_array(struct out *out, const char *key, const char *title)
{
	if (out->json)
		jsonw_begin_array(out->json, key);
	push(out, title);
}

void out_close(struct out *out)
{
	uint32_t bit;

	assert(out->scopes);
	if (out->json)
		jsonw_end(out->json);
	bit = UINT32_C(1) << --out->scopes;
	if (out->titled & bit)
		out->depth--;
	out->titled &= ~bit;
}

/* Whether a line of text is wanted; if so its label is out. */
static bool label_text(struct out *out, const char *label)
{
	size_t used;

	if (!out->text || !label)
		return false;
	used = 2 * out->depth + strlen(label) + 1;
	sink_pad(out->text, ' ', 2 * out->depth);
	sink_puts(out->text, label);
	sink_putc(out->text, ':');
	sink_pad(out->text, ' ', used < LABEL_WIDTH ? LABEL_WIDTH - used : 1);
	return true;
}

static void line(struct out *out, const char *label, const char *value)
{
	if (label_text(out, label)) {
		sink_puts(out->text, value);
		sink_putc(out->text, '\n');
	}
}

void out_u64(struct out *out, const char *key, const char *label, uint64_t value)
{
	if (out->json)
		jsonw_u64(out->json, key, value);
	if (label_text(out, label)) {
		sink_u64(out->text, value);
		sink_putc(out->text, '\n');
	}
}

void out_i64(struct out *out, const char *key, const char *label, int64_t value)
{
	char shown[24];

	if (out->json)
		jsonw_i64(out->json, key, value);
	snprintf(shown, sizeof(shown), "%lld", (long long)value);
	line(out, label, shown);
}

void out_bytes(struct out *out, const char *key, const char *label, uint64_t bytes)
{
	char shown[UNITS_TEXT];

	if (out->json)
		jsonw_u64(out->json, key, bytes);
	units_show_bytes(shown, bytes);
	line(out, label, shown);
}

void out_ns(struct out *out, const char *key, const char *label, uint64_t ns)
{
	char shown[UNITS_TEXT];

	if (out->json)
		jsonw_u64(out->json, key, ns);
	units_show_ns(shown, ns);
	line(out, label, shown);
}

void out_us(struct out *out, const char *key, const char *label, uint64_t us)
{
	char shown[UNITS_TEXT];

	if (out->json)
		jsonw_u64(out->json, key, us);
	units_show_ns(shown, us * 1000);
	line(out, label, shown);
}

void out_hex(struct out *out, const char *key, const char *label, uint64_t value)
{
	if (out->json)
		jsonw_hex(out->json, key, value);
	if (label_text(out, label)) {
		sink_hex(out->text, value);
		sink_putc(out->text, '\n');
	}
}

void out_bool(struct out *out, const char *key, const char *label, bool value)
{
	if (out->json)
		jsonw_bool(out->json, key, value);
	line(out, label, value ? "yes" : "no");
}

void out_milli(struct out *out, const char *key, const char *label, uint64_t milli,
	       const char *unit)
{
	char shown[48];

	if (out->json)
		jsonw_milli(out->json, key, milli);
	snprintf(shown, sizeof(shown), "%llu.%02llu%s", (unsigned long long)(milli / 1000),
		 (unsigned long long)(milli % 1000 / 10), unit);
	line(out, label, shown);
}

void out_str(struct out *out, const char *key, const char *label, const char *str)
{
	if (!str) {
		out_absent(out, key, label, NULL);
		return;
	}
	if (out->json)
		jsonw_str(out->json, key, str);
	if (label_text(out, label)) {
		text_show(out->text, str, strlen(str));
		sink_putc(out->text, '\n');
	}
}

void out_absent(struct out *out, const char *key, const char *label, const char *why)
{
	if (out->json)
		jsonw_null(out->json, key);
	line(out, label, why ? why : "-");
}

void out_note(struct out *out, const char *label, const char *text)
{
	if (label_text(out, label)) {
		text_show(out->text, text, strlen(text));
		sink_putc(out->text, '\n');
	}
}

void out_list(struct out *out, const char *key, const char *label, const char *const *words,
	      size_t count)
{
	if (out->json) {
		jsonw_begin_list(out->json, key);
		for (size_t i = 0; i < count; i++)
			jsonw_str(out->json, NULL, words[i]);
		jsonw_end(out->json);
	}
	if (!label_text(out, label))
		return;
	for (size_t i = 0; i < count; i++) {
		if (i)
			sink_write(out->text, ", ", 2);
		text_show(out->text, words[i], strlen(words[i]));
	}
	sink_puts(out->text, count ? "\n" : "-\n");
}
