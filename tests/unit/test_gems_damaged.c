// SPDX-License-Identifier: MIT
/* The gems reader on tables that were cut, or are none. */
#include "gems.h"
#include "gems_table.h"
#include "unit.h"

static void broken_footers_are_no_footer(void **state)
{
	static const char *const footers[] = {
		"\nTotal size: 4096, Total resident: 4096\n",
		"\nTotal size: 4096, Total resident: 4096, Total reclaimable: \n",
		"\nTotal size: 4096, Total resident: 4096, Total reclaimable: 1x\n",
		"\nTotal size: 99999999999999999999, Total resident: 0, Total reclaimable: 0\n",
		"=\nTotal size: 4096, Total resident: 4096, Total reclaimable: 0\n",
		"\nTotal size: 4096, Total resident: 4096, Total reclaimable: 0\n\n",
	};

	for (size_t i = 0; i < sizeof(footers) / sizeof(footers[0]); i++) {
		struct gems_table table = { 0 };

		table_head(&table);
		table_row(&table, "a/1", 4096, 4096, "x");
		for (int c = 0; c < 148; c++)
			table_add(&table, "=");
		table_add(&table, "%s", footers[i]);
		assert_int_equal(table_verdict(&table, 1), PANTHOR_GEMS_NO_FOOTER);
		table_free(&table);
	}
}

/* Lines that belong to no row. */
static void rubbish_is_damage(void **state)
{
	struct gems_table table = { 0 };

	table_head(&table);
	table_add(&table, "no row at all\n\n");
	table_row(&table, "a/1", 4096, 4096, "x");
	table_footer(&table);
	assert_int_equal(table_verdict(&table, 1), PANTHOR_GEMS_TRUNCATED);
	table_free(&table);
}

static void rubbish_behind_a_row_without_label_is_damage(void **state)
{
	static const char text[] = "created-by  size\n"
				   "----------------\n"
				   "a/1         4096\n"
				   "???\n"
				   "b/2         4096\n"
				   "================\n"
				   "Total size: 8192, Total resident: 0, Total reclaimable: 0\n";
	struct panthor_gems_summary summary;

	assert_int_equal(read_table(text, sizeof(text) - 1, &summary), 0);
	assert_int_equal(summary.rows, 2);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_TRUNCATED);
}

/* Where a cut falls, and what may be said of what is left. */
static void expect_cut(const struct gems_table *table, size_t len, size_t head_len,
		       const size_t *row_ends, size_t rows)
{
	struct panthor_gems_summary summary;
	int r = read_table(table->text, len, &summary);
	uint64_t whole = 0;
	bool clean = len == head_len || len == table->len;

	if (len < head_len - 149) {
		assert_int_equal(r, -EBADMSG);
		return;
	}
	assert_int_equal(r, 0);
	for (size_t i = 0; i < rows; i++) {
		whole += row_ends[i] <= len;
		clean |= row_ends[i] == len;
	}
	/* In front of the rule there is no rule to miss. */
	clean |= len == head_len - 149;
	assert_int_equal(summary.rows, whole);
	if (len == table->len)
		assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
	else
		assert_int_equal(summary.integrity,
				 clean ? PANTHOR_GEMS_NO_FOOTER : PANTHOR_GEMS_TRUNCATED);
}

static void cut_at_every_byte(void **state)
{
	struct gems_table table = { 0 };
	size_t row_ends[3], head_len;

	table_head(&table);
	head_len = table.len;
	for (int i = 0; i < 3; i++) {
		table_row(&table, "stress/1234", 8192, 4096, i == 1 ? "" : "label of a BO");
		row_ends[i] = table.len;
	}
	table_footer(&table);
	for (size_t len = 0; len <= table.len; len++) {
		/* In memory of its own, so that a read past the end is found. */
		char *copy = malloc(len + !len);
		struct gems_table cut = table;

		memcpy(copy, table.text, len);
		cut.text = copy;
		expect_cut(&cut, len, head_len, row_ends, 3);
		free(copy);
	}
	table_free(&table);
}

static void no_header_is_ebadmsg(void **state)
{
	struct panthor_gems_summary summary;
	struct gems_table table = { 0 };
	char *zeroes = calloc(1, 1 << 20);

	assert_int_equal(read_table("", 0, &summary), -EBADMSG);
	assert_int_equal(read_table("\n", 1, &summary), -EBADMSG);
	assert_int_equal(read_table(zeroes, 1 << 20, &summary), -EBADMSG);
	memset(zeroes, '\n', 1 << 20);
	assert_int_equal(read_table(zeroes, 1 << 20, &summary), -EBADMSG);
	free(zeroes);

	table_row(&table, "a/1", 4096, 4096, "x");
	table_footer(&table);
	assert_int_equal(read_table(table.text, table.len, &summary), -EBADMSG);
	table_free(&table);

	/* One that comes so late that it may as well be a label in some other file. */
	for (int i = 0; i < 17 << 10; i++)
		table_add_bytes(&table, "\n", 1);
	table_head(&table);
	assert_int_equal(read_table(table.text, table.len, &summary), -EBADMSG);
	table_free(&table);
}

static void odd_headers(void **state)
{
	static const char *const heads[] = {
		"created-by label\n", /* no sizes */
		"size state\n",	      /* neither creator nor label */
		"sizes created-bys labels\n",
	};
	struct panthor_gems_summary summary;
	struct gems_table table = { 0 };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		assert_int_equal(read_table(heads[i], strlen(heads[i]), &summary), -EBADMSG);

	/* More columns than anybody prints. */
	table_add(&table, "created-by size label");
	for (int i = 0; i < 100; i++)
		table_add(&table, " x");
	table_add(&table, "\n");
	assert_int_equal(read_table(table.text, table.len, &summary), -EBADMSG);
	table_free(&table);
}

static void column_named_twice_counts_once(void **state)
{
	static const char text[] = "created-by  size    size    label\n"
				   "---------------------------------\n"
				   "a/1         4096    8192    x\n"
				   "=================================\n"
				   "Total size: 4096, Total resident: 0, Total reclaimable: 0\n";
	struct panthor_gems_summary summary;

	assert_int_equal(read_table(text, sizeof(text) - 1, &summary), 0);
	assert_int_equal(summary.rows, 1);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
}

/* A line that ends in front of a column with a name nobody knows does not take the next one. */
static void unknown_columns_end_with_the_line(void **state)
{
	static const char text[] = "created-by  size    h       state   label\n"
				   "-----------------------------------------\n"
				   "a/1         4096    \n"
				   "b/2    0x1     \n"
				   "b/2         8192    h       0x0     x\n"
				   "=========================================\n"
				   "Total size: 8192, Total resident: 0, Total reclaimable: 0\n";
	struct panthor_gems_summary summary;

	assert_int_equal(read_table(text, sizeof(text) - 1, &summary), 0);
	assert_int_equal(summary.sum_size, 8192);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_TRUNCATED);
}

static void numbers_too_large_for_64_bits(void **state)
{
	static const char text[] = "created-by  size                  file-offset         label\n"
				   "-----------------------------------------------------------\n"
				   "a/1         18446744073709551616  0x0                 x\n"
				   "a/1         4096                  0x10000000000000000 x\n"
				   "a/1         18446744073709551615  0xffffffffffffffff  x\n";
	struct panthor_gems_summary summary;

	assert_int_equal(read_table(text, sizeof(text) - 1, &summary), 0);
	assert_int_equal(summary.rows, 1);
	assert_int_equal(summary.sum_size, UINT64_MAX);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_TRUNCATED);
}

/* The parsers on text that ends where its memory ends, for the address sanitizer to watch. */
/* A last number that goes on and on is none, however much of it has been read. */
static void last_number_without_end(void **state)
{
	struct gems_table table = { 0 };

	table_add(&table, "created-by      size\n----------------\na/1             ");
	for (int zeros = 0; zeros < 100; zeros++)
		table_add(&table, "0");
	table_add(&table, "8\nb/2             4096\n");
	for (size_t chunk = 1; chunk < 200; chunk++) {
		struct panthor_gems_summary summary;
		struct panthor_gems_row row;
		struct memory_stream stream;
		struct panthor_gems *gems;

		memory_stream_init(&stream, table.text, table.len);
		stream.chunk = chunk;
		gems = memory_stream_open(&stream);
		assert_int_equal(panthor_gems_next(gems, &row), 1);
		assert_int_equal(row.tgid, 2);
		assert_int_equal(panthor_gems_next(gems, &row), 0);
		assert_int_equal(panthor_gems_summary(gems, &summary), 0);
		assert_int_equal(summary.integrity, PANTHOR_GEMS_TRUNCATED);
		panthor_gems_close(gems);
	}
	table_free(&table);
}

static void parsers_stay_inside_their_text(void **state)
{
	static const char header[] = "created-by  size    heap    state   label";
	static const char row[] = "\\033/123456 4096    h       0x1     l";
	static const char footer[] = "================\nTotal size: 1, Total resident: 2, "
				     "Total reclaimable: 3\n";
	struct gems_layout layout;

	gems_layout_init(&layout);
	assert_true(gems_layout_line(&layout, header, sizeof(header) - 1));
	for (size_t len = 0; len < sizeof(row); len++) {
		char *copy = malloc(len + !len);
		struct gems_record record;

		memcpy(copy, row, len);
		/* All but the label, and blanks in front of it may be missing. */
		assert_int_equal(gems_parse_record(&layout, copy, len, &record),
				 len >= strlen(row) - strlen("     l"));
		free(copy);
	}
	for (size_t len = strlen("================\n"); len < sizeof(footer) - 2; len++) {
		char *copy = malloc(len + 1);
		struct gems_footer totals;

		memcpy(copy, footer, len);
		copy[len] = '\n';
		assert_int_equal(gems_parse_footer(&layout, copy, len + 1, &totals),
				 GEMS_FOOTER_NONE);
		free(copy);
	}
	for (size_t len = 1; len < sizeof(footer); len++) {
		char *copy = malloc(len);
		struct gems_footer totals;

		memcpy(copy, footer, len);
		assert_int_equal(gems_parse_footer(&layout, copy, len, &totals),
				 len + 1 == sizeof(footer) ? GEMS_FOOTER_WHOLE : GEMS_FOOTER_CUT);
		free(copy);
	}
}

static void oversized_record_is_efbig(void **state)
{
	static const char fillers[] = { 'x', '\n' };

	for (size_t i = 0; i < sizeof(fillers); i++) {
		struct panthor_gems_summary summary;
		struct gems_table table = { 0 };
		char label[GEMS_MAX_RECORD + 1] = "";

		memset(label, fillers[i], sizeof(label) - 1);
		table_head(&table);
		table_row(&table, "a/1", 4096, 4096, label);
		table_footer(&table);
		assert_int_equal(read_table(table.text, table.len, &summary), -EFBIG);
		table_free(&table);
	}
}

/* Memory is bounded: a record that does not end is refused. */
static void endless_record_is_efbig(void **state)
{
	static const char fillers[] = { 'x', '\n' };

	for (size_t i = 0; i < sizeof(fillers); i++) {
		struct panthor_gems_summary summary;
		struct gems_table table = { 0 };
		char filler[4096];

		memset(filler, fillers[i], sizeof(filler));
		table_head(&table);
		table_row(&table, "a/1", 4096, 4096, "x");
		for (int n = 0; n < 256; n++)
			table_add_bytes(&table, filler, sizeof(filler));
		assert_int_equal(read_table(table.text, table.len, &summary), -EFBIG);
		table_free(&table);
	}
}

/* A kernel's reference count that saturated is printed as a negative number. */
static void saturated_refcount(void **state)
{
	static const char text[] = "created-by  refcount    size    label\n"
				   "-------------------------------------\n"
				   "a/1         -1073741824 4096    x\n";
	struct memory_stream stream;
	struct panthor_gems_row row;
	struct panthor_gems *gems;

	memory_stream_init(&stream, text, sizeof(text) - 1);
	gems = memory_stream_open(&stream);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	assert_int_equal(row.refcount, 0xc0000000);
	panthor_gems_close(gems);
}

/* Bytes changed at random: nothing is promised but an answer. Sanitizers do the judging. */
static void random_damage(void **state)
{
	uint32_t seed = 20240229;

	for (int round = 0; round < 20000; round++) {
		struct gems_table table = { 0 };
		struct panthor_gems_summary summary;
		int r;

		table_head(&table);
		table_row(&table, "before/1", 4096, 4096, "first");
		table_row(&table, "stress/2", 8192, 0, "two\nlines");
		table_row(&table, "after/3", 4096, 0, "");
		table_footer(&table);
		for (int i = 0; i < 1 + round % 8; i++) {
			seed = seed * 1664525 + 1013904223;
			table.text[(seed >> 8) % table.len] = (char)"\n =0x/9-\377"[seed % 9];
		}
		r = read_table(table.text, table.len, &summary);
		assert_true(r == 0 || r == -EBADMSG || r == -EFBIG);
		table_free(&table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_footers_are_no_footer),
		cmocka_unit_test(rubbish_is_damage),
		cmocka_unit_test(rubbish_behind_a_row_without_label_is_damage),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(no_header_is_ebadmsg),
		cmocka_unit_test(odd_headers),
		cmocka_unit_test(column_named_twice_counts_once),
		cmocka_unit_test(unknown_columns_end_with_the_line),
		cmocka_unit_test(numbers_too_large_for_64_bits),
		cmocka_unit_test(last_number_without_end),
		cmocka_unit_test(parsers_stay_inside_their_text),
		cmocka_unit_test(oversized_record_is_efbig),
		cmocka_unit_test(endless_record_is_efbig),
		cmocka_unit_test(saturated_refcount),
		cmocka_unit_test(random_damage),
	};

	return cmocka_run_group_tests_name("gems-damaged", tests, NULL, NULL);
}
