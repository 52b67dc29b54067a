// SPDX-License-Identifier: MIT
/*
 * Untrusted text on its way out. On a terminal nothing of it acts; in JSON it comes back as it was,
 * but for bytes that are not UTF-8, which come back through the hexadecimal form.
 */
#include "fuzz_capture.h"
#include "json.h"
#include "text.h"

/* Characters, none of which may act, and none of which may be broken. */
static size_t count_harmless(const char *text, size_t len)
{
	size_t count = 0;

	while (len) {
		uint32_t cp;
		size_t used = utf8_decode(text, len, &cp);

		fuzz_check(used && !text_is_hostile(cp));
		text += used;
		len -= used;
		count++;
	}
	return count;
}

static void check_shown(const char *text, size_t len)
{
	static struct capture capture;
	size_t width = text_show(capture_open(&capture), text, len), shown_len;
	char *shown = capture_close(&capture, &shown_len);

	fuzz_check(width == text_show_width(text, len));
	fuzz_check(width == count_harmless(shown, shown_len));
	free(shown);
}

static void check_hex(struct json_object *hex, const char *text, size_t len)
{
	const char *digits = json_object_get_string(hex);

	fuzz_check((size_t)json_object_get_string_len(hex) == 2 * len);
	for (size_t i = 0; i < len; i++) {
		unsigned int byte;

		fuzz_check(sscanf(digits + 2 * i, "%2x", &byte) == 1);
		fuzz_check(byte == (unsigned char)text[i]);
	}
}

static void check_json(const char *text, size_t len)
{
	static struct capture capture;
	struct json_object *doc, *string;
	struct json_writer json;

	jsonw_init(&json, capture_open(&capture));
	jsonw_begin_list(&json, NULL);
	jsonw_text(&json, NULL, text, len);
	jsonw_bytes_hex(&json, NULL, text, len);
	jsonw_finish(&json);
	doc = capture_parse(&capture);
	fuzz_check(json_object_array_length(doc) == 2);
	string = json_object_array_get_idx(doc, 0);
	if (utf8_valid(text, len)) {
		fuzz_check((size_t)json_object_get_string_len(string) == len);
		fuzz_check(!len || !memcmp(json_object_get_string(string), text, len));
	}
	check_hex(json_object_array_get_idx(doc, 1), text, len);
	json_object_put(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_shown((const char *)data, size);
	check_json((const char *)data, size);
	return 0;
}
