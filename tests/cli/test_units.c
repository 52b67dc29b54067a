// SPDX-License-Identifier: MIT
#include "cli.h"

#include "command.h"
#include "term.h"
#include "text.h"
#include "units.h"

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int error;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "64K", 0, 65536 },
		{ "1m", 0, 1 << 20 },
		{ "2G", 0, UINT64_C(2) << 30 },
		{ "3T", 0, UINT64_C(3) << 40 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "16777215T", 0, UINT64_C(16777215) << 40 },
		{ "16777216T", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1KB", -EINVAL, 0 },
		{ "1Q", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 77;

		assert_int_equal(units_parse_size(cases[i].text, &bytes), cases[i].error);
		assert_int_equal(bytes, cases[i].error ? 77 : cases[i].bytes);
	}
}

static void test_totals(void **state)
{
	static const struct {
		const char *text;
		int error;
		uint64_t of_1000;
	} cases[] = {
		{ "512", 0, 512 },	  { "2x", 0, 2000 },	 { "1.5x", 0, 1500 },
		{ "0.125X", 0, 125 },	  { "1000x", 0, 1000000 }, { "1001x", -ERANGE, 0 },
		{ "1.2345x", -EINVAL, 0 }, { "x", -EINVAL, 0 },	 { "2xx", -EINVAL, 0 },
		{ "2Kx", -EINVAL, 0 },	  { "0", -EINVAL, 0 },	 { "0x", -EINVAL, 0 },
		{ ".5x", -EINVAL, 0 },	  { "", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct units_total total = { 0 };

		assert_int_equal(units_parse_total(cases[i].text, &total), cases[i].error);
		if (!cases[i].error)
			assert_int_equal(units_total_bytes(&total, 1000), cases[i].of_1000);
	}
	assert_int_equal(units_total_bytes(&(struct units_total){ .ram_milli = 2000 }, UINT64_MAX),
			 UINT64_MAX);
}

static void test_others(void **state)
{
	uint64_t value = 0;
	uint32_t percent = 0;

	assert_int_equal(units_parse_u64("0xfFf", &value), 0);
	assert_int_equal(value, 0xfff);
	assert_int_equal(units_parse_u64("0x", &value), -EINVAL);
	assert_int_equal(units_parse_u64("12a", &value), -EINVAL);
	assert_int_equal(units_parse_percent("100%", &percent), 0);
	assert_int_equal(percent, 100);
	assert_int_equal(units_parse_percent("101", &percent), -ERANGE);
	assert_int_equal(units_parse_percent("5%%", &percent), -EINVAL);
	assert_int_equal(units_parse_seconds("2h", &value), 0);
	assert_int_equal(value, 7200);
	assert_int_equal(units_parse_seconds("9000h", &value), -ERANGE);
	assert_int_equal(units_parse_seconds("1d", &value), -EINVAL);
}

static void test_shown(void **state)
{
	static const struct {
		uint64_t value;
		const char *bytes, *ns;
	} cases[] = {
		{ 0, "0 B", "0 ns" },
		{ 999, "999 B", "999 ns" },
		{ 1023, "1023 B", "1.0 us" },
		{ 1024, "1.0 KiB", "1.0 us" },
		{ 1536, "1.5 KiB", "1.5 us" },
		{ 1048575, "1023.9 KiB", "1.0 ms" },
		{ 12345678, "11.7 MiB", "12.3 ms" },
		{ UINT64_MAX, "16777215.9 TiB", "18446744073.7 s" },
	};
	char shown[UNITS_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_show_bytes(shown, cases[i].value);
		assert_string_equal(shown, cases[i].bytes);
		units_show_ns(shown, cases[i].value);
		assert_string_equal(shown, cases[i].ns);
	}
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "a", 1 },		{ "\xc3\xa9", 2 },	   { "\xe2\x82\xac", 3 },
		{ "\xf4\x8f\xbf\xbf", 4 }, { "\x80", 0 },	   { "\xc0\x80", 0 },
		{ "\xc1\xbf", 0 },	{ "\xe0\x80\x80", 0 },	   { "\xed\xa0\x80", 0 },
		{ "\xf0\x80\x80\x80", 0 }, { "\xf4\x90\x80\x80", 0 }, { "\xf5\x80\x80\x80", 0 },
		{ "\xe2\x82", 0 },	{ "\xc3", 0 },		   { "\xe2(\xa1", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t cp;

		assert_int_equal(utf8_decode(cases[i].text, strlen(cases[i].text), &cp),
				 cases[i].len);
	}
}

static void test_shown_text(void **state)
{
	static const char text[] = "a\x1b[2J\n\t\r\x7f\xc2\x85\xe2\x80\xae\xffz\xc3\xa9";
	static const char shown[] = "a\\x1b[2J\\n\\t\\r\\x7f\\x85\\u202e\\xffz\xc3\xa9";
	struct sink *sink = capture_new();

	/* The last character is two bytes long but one wide. */
	assert_int_equal(text_show(sink, text, sizeof(text) - 1), sizeof(shown) - 2);
	assert_int_equal(text_show_width(text, sizeof(text) - 1), sizeof(shown) - 2);
	capture_expect(sink, shown);
}

static void test_eta(void **state)
{
	assert_int_equal(progress_eta(10000000000, 50, 100), 10);
	assert_int_equal(progress_eta(10000000000, 100, 100), 0);
	assert_int_equal(progress_eta(10000000000, 0, 100), -1);
	assert_int_equal(progress_eta(999999999, 50, 100), -1);
	assert_int_equal(progress_eta(10000000000, 101, 100), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),  cmocka_unit_test(test_totals),
		cmocka_unit_test(test_others), cmocka_unit_test(test_shown),
		cmocka_unit_test(test_utf8),   cmocka_unit_test(test_shown_text),
		cmocka_unit_test(test_eta),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
