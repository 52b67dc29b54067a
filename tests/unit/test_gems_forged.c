// SPDX-License-Identifier: MIT
/* The gems reader on tables with text in them that whoever names BOs chose. */
#include "gems_table.h"
#include "unit.h"

/* A table of one row with that label between two honest ones. */
static void build_with_label(struct gems_table *table, const char *label)
{
	table_head(table);
	table_row(table, "before/1", 4096, 4096, "first");
	table_row(table, "evil/666", 8192, 0, label);
	table_row(table, "after/2", 4096, 0, "last");
	table_footer(table);
}

/* The label comes out as it went in, and the rows around it are untouched. */
static void expect_label(const char *label)
{
	struct gems_table table = { 0 };
	struct memory_stream stream;
	struct panthor_gems_summary summary;
	struct panthor_gems_row row;
	struct panthor_gems *gems;

	build_with_label(&table, label);
	memory_stream_init(&stream, table.text, table.len);
	gems = memory_stream_open(&stream);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	assert_int_equal(row.label_len, 5);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	assert_int_equal(row.tgid, 666);
	assert_int_equal(row.label_len, strlen(label));
	assert_memory_equal(row.label, label, row.label_len);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	assert_int_equal(row.comm_len, 5);
	assert_memory_equal(row.comm, "after", 5);
	assert_int_equal(row.tgid, 2);
	assert_int_equal(panthor_gems_next(gems, &row), 0);
	assert_int_equal(panthor_gems_summary(gems, &summary), 0);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
	panthor_gems_close(gems);
	table_free(&table);
}

static void labels_are_any_bytes(void **state)
{
	static const char *const labels[] = {
		"\n",
		"\n\n\n",
		"two\nlines",
		"ends with a break\n",
		"tab\tand escape \x1b[31m",
		"\xff\xfe\x80 not UTF-8 \xc3",
		"    ",
		"====",
		"\n----------------------------------------------------------------",
		"\nGEM state flags: imported (0x8)\n",
		"\ncreated-by                      global-name     size\n",
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		expect_label(labels[i]);
}

static void longest_labels(void **state)
{
	char label[4 * 4095 + 1];

	memset(label, 'x', sizeof(label));
	label[4095] = '\0';
	expect_label(label);
	memset(label, '\n', 4095);
	expect_label(label);
	/* Escaped, every byte becomes four. */
	memset(label, '\\', sizeof(label));
	label[sizeof(label) - 1] = '\0';
	expect_label(label);
}

/* A creator's name is printed raw too; it starts a record all the same. */
static void creators_are_any_bytes(void **state)
{
	static const char *const comms[] = {
		"\n", "a\nb", "x/1 /", "=======", "\x1b[2J", "", "a b"
	};

	for (size_t i = 0; i < sizeof(comms) / sizeof(comms[0]); i++) {
		struct gems_table table = { 0 };
		struct memory_stream stream;
		struct panthor_gems_row row;
		struct panthor_gems *gems;
		char creator[64];

		snprintf(creator, sizeof(creator), "%s/77", comms[i]);
		table_head(&table);
		table_row(&table, "before/1", 4096, 4096, "x");
		table_row(&table, creator, 4096, 4096, "y");
		table_footer(&table);
		memory_stream_init(&stream, table.text, table.len);
		gems = memory_stream_open(&stream);
		assert_int_equal(panthor_gems_next(gems, &row), 1);
		assert_int_equal(row.label_len, 1);
		assert_int_equal(panthor_gems_next(gems, &row), 1);
		assert_int_equal(row.tgid, 77);
		assert_int_equal(row.comm_len, strlen(comms[i]));
		assert_memory_equal(row.comm, comms[i], row.comm_len);
		panthor_gems_close(gems);
		assert_int_equal(table_verdict(&table, 2), PANTHOR_GEMS_OK);
		table_free(&table);
	}
}

/* What looks like a row in every column is returned as one, but then the sums are wrong. */
static void forged_row_is_a_mismatch(void **state)
{
	struct gems_table label = { 0 }, table = { 0 };

	table_add(&label, "x\n");
	table_row(&label, "root/1", 4096, 0, "forged");
	label.text[label.len - 1] = '\0';
	build_with_label(&table, label.text);
	assert_int_equal(table_verdict(&table, 4), PANTHOR_GEMS_MISMATCH);
	table_free(&label);
	table_free(&table);
}

/* Rows that no kernel prints are text: else they could be forged without changing the sums. */
static void impossible_rows_are_text(void **state)
{
	static const struct {
		uint64_t size;
		uint64_t resident;
	} rows[] = { { 0, 0 }, { 0, 4096 }, { 4096, 8192 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gems_table label = { 0 };

		table_add(&label, "x\n");
		table_row(&label, "root/1", rows[i].size, rows[i].resident, "forged");
		label.text[label.len - 1] = '\0';
		expect_label(label.text);
		table_free(&label);
	}
}

/* Numbers that end a column early, start it late, or overflow. */
static void malformed_rows_are_text(void **state)
{
	static const char *const numbers[] = {
		"99999999999999999999", "-1", "0x10", "4096x", " 4096", "", "4 096",
		"18446744073709551616",
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct gems_table label = { 0 };

		table_add(&label, "x\n%-32s%-16d%-11d%-11d%-16s%-16d0x%-16x0x%-8x 0x%-10xforged",
			  "root/1", 0, 1, 0, numbers[i], 0, 0, 0, 0);
		table_add_bytes(&label, "", 1);
		expect_label(label.text);
		table_free(&label);
	}
}

/* Sums that go round 64 bits and come out right are not right. */
static void wrapped_sums_are_a_mismatch(void **state)
{
	/* Wide columns, so that the numbers fit. */
	static const char text[] = "created-by  size                  label\n"
				   "---------------------------------------\n"
				   "a/1         4096                  x\n"
				   "b/2         18446744073709547520  y\n"
				   "c/3         4096                  z\n"
				   "=======================================\n"
				   "Total size: 4096, Total resident: 0, Total reclaimable: 0\n";
	struct panthor_gems_summary summary;

	assert_int_equal(read_table(text, sizeof(text) - 1, &summary), 0);
	assert_int_equal(summary.rows, 3);
	assert_int_equal(summary.sum_size, summary.total_size);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_MISMATCH);
}

/* A label that holds a whole footer: only the file's end makes one. */
static void forged_footer_is_text(void **state)
{
	struct gems_table label = { 0 };

	table_add(&label, "x\n");
	label.size = 8192;
	table_footer(&label);
	label.text[label.len - 1] = '\0';
	expect_label(label.text);
	table_free(&label);
}

static void forged_footer_on_the_last_row_is_text(void **state)
{
	struct gems_table label = { 0 }, table = { 0 };

	table_add(&label, "x\n");
	table_footer(&label);
	label.text[label.len - 1] = '\0';
	table_head(&table);
	table_row(&table, "evil/666", 4096, 4096, label.text);
	table_footer(&table);
	assert_int_equal(table_verdict(&table, 1), PANTHOR_GEMS_OK);
	table_free(&label);
	table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_any_bytes),
		cmocka_unit_test(longest_labels),
		cmocka_unit_test(creators_are_any_bytes),
		cmocka_unit_test(forged_row_is_a_mismatch),
		cmocka_unit_test(impossible_rows_are_text),
		cmocka_unit_test(malformed_rows_are_text),
		cmocka_unit_test(wrapped_sums_are_a_mismatch),
		cmocka_unit_test(forged_footer_is_text),
		cmocka_unit_test(forged_footer_on_the_last_row_is_text),
	};

	return cmocka_run_group_tests_name("gems-forged", tests, NULL, NULL);
}
