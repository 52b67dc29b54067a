// SPDX-License-Identifier: MIT
#include "cli.h"

#include <json-c/json.h>

#include "json.h"
#include "out.h"

static void test_values(void **state)
{
	struct sink *sink = capture_new();
	struct json_writer json;

	jsonw_init(&json, sink);
	jsonw_begin_row(&json, NULL);
	jsonw_u64(&json, "a", UINT64_MAX);
	jsonw_i64(&json, "b", INT64_MIN);
	jsonw_i64(&json, "c", 0);
	jsonw_hex(&json, "d", 0xdeadbeefull);
	jsonw_milli(&json, "e", 1005);
	jsonw_bool(&json, "f", true);
	jsonw_null(&json, "g");
	jsonw_str(&json, "h", NULL);
	jsonw_begin_list(&json, "i");
	jsonw_end(&json);
	jsonw_finish(&json);
	capture_expect(sink, "{\"a\": 18446744073709551615, \"b\": -9223372036854775808, \"c\": 0, "
			     "\"d\": \"0xdeadbeef\", \"e\": 1.005, \"f\": true, \"g\": null, "
			     "\"h\": null, \"i\": []}\n");
}

static void test_layout(void **state)
{
	struct sink *sink = capture_new();
	struct json_writer json;

	jsonw_init(&json, sink);
	jsonw_begin_object(&json, NULL);
	jsonw_begin_array(&json, "rows");
	for (unsigned int i = 0; i < 2; i++) {
		jsonw_begin_row(&json, NULL);
		jsonw_u64(&json, "n", i);
		jsonw_end(&json);
	}
	jsonw_end(&json);
	jsonw_begin_object(&json, "empty");
	jsonw_end(&json);
	jsonw_finish(&json);
	capture_expect(sink, "{\n\t\"rows\": [\n\t\t{\"n\": 0},\n\t\t{\"n\": 1}\n\t],\n\t"
			     "\"empty\": {}\n}\n");
}

static void test_text(void **state)
{
	static const char text[] = "q\" b\\ n\n e\x1b d\x7f \xc2\x9b \xe2\x80\xae \xf0\x9f\x98\x80 "
				   "\xff \xc3( \xed\xa0\x80";
	struct sink *sink = capture_new();
	struct json_writer json;

	jsonw_init(&json, sink);
	jsonw_begin_list(&json, NULL);
	jsonw_text(&json, NULL, text, sizeof(text) - 1);
	jsonw_text(&json, NULL, "\0", 1);
	jsonw_bytes_hex(&json, NULL, "\x00\xff\x1b", 3);
	jsonw_finish(&json);
	capture_expect(sink, "[\"q\\\" b\\\\ n\\u000a e\\u001b d\\u007f \\u009b \\u202e "
			     "\xf0\x9f\x98\x80 \xef\xbf\xbd \xef\xbf\xbd( "
			     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\", \"\\u0000\", \"00ff1b\"]\n");
}

/* A document of many kinds of scope, given up after @steps calls. */
static void partial(struct json_writer *json, unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		switch (i % 7) {
		case 0:
			jsonw_begin_object(json, NULL);
			break;
		case 1:
			jsonw_begin_array(json, "a");
			break;
		case 2:
			jsonw_begin_row(json, NULL);
			break;
		case 3:
			jsonw_str(json, "s", "text");
			break;
		case 4:
			jsonw_begin_list(json, "l");
			break;
		case 5:
			jsonw_u64(json, NULL, i);
			break;
		case 6:
			/* Back out to the array. */
			jsonw_end(json);
			jsonw_end(json);
			break;
		}
	}
}

static void test_finish_anywhere(void **state)
{
	for (unsigned int steps = 0; steps < 14; steps++) {
		struct sink *sink = capture_new();
		struct json_object *doc;
		struct json_writer json;
		char *text;

		jsonw_init(&json, sink);
		partial(&json, steps);
		jsonw_finish(&json);
		text = capture_text(sink);
		doc = json_tokener_parse(text);
		assert_non_null(doc);
		json_object_put(doc);
		free(text);
		close(sink->fd);
		sink_free(sink);
	}
}

/* The one walk gives both renderings, and what has no label is in the JSON only. */
static void test_out_both(void **state)
{
	struct sink *text = capture_new(), *document = capture_new();
	struct json_writer json;
	struct out out;

	jsonw_init(&json, document);
	out_init(&out, &json, text);
	out_open(&out, NULL, NULL);
	out_open(&out, "group", "a group");
	out_u64(&out, "shown", "shown", 7);
	out_u64(&out, "hidden", NULL, 8);
	out_bytes(&out, "size_bytes", "size", 1536);
	out_absent(&out, "gone", "gone", "unknown");
	out_str(&out, "name", "name", "a\nb");
	out_note(&out, "note", "for people");
	out_close(&out);
	out_close(&out);
	jsonw_finish(&json);
	capture_expect(text, "a group\n"
			     "  shown:                  7\n"
			     "  size:                   1.5 KiB\n"
			     "  gone:                   unknown\n"
			     "  name:                   a\\nb\n"
			     "  note:                   for people\n");
	capture_expect(document, "{\n\t\"group\": {\n\t\t\"shown\": 7,\n\t\t\"hidden\": 8,\n"
				 "\t\t\"size_bytes\": 1536,\n\t\t\"gone\": null,\n"
				 "\t\t\"name\": \"a\\u000ab\"\n\t}\n}\n");
}

/* A sink that cannot write remembers why, and takes everything without complaint. */
static void test_sink_error(void **state)
{
	struct sink *sink = sink_new(-1);

	assert_non_null(sink);
	for (unsigned int i = 0; i < 3 * SINK_SIZE; i++)
		sink_putc(sink, 'x');
	sink_write(sink, (char[SINK_SIZE + 1]){ 0 }, SINK_SIZE + 1);
	assert_int_equal(sink_free(sink), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_finish_anywhere),
		cmocka_unit_test(test_out_both),
		cmocka_unit_test(test_sink_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
