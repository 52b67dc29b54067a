// SPDX-License-Identifier: MIT
/* The gems reader on tables that are what they should be, in all their layouts. */
#include "gems.h"
#include "gems_table.h"
#include "unit.h"

#define ALL_COLUMNS 0x3ffu
#define BIT(n)	    (1u << (n))

static struct panthor_gems *open_golden(const char *name)
{
	struct panthor_gems *gems = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
	assert_int_equal(gems_open(&panthor_transport_system, path, &gems), 0);
	return gems;
}

static void expect_text(const char *text, size_t len, const char *expected)
{
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(text, expected, len);
}

/* Both golden files hold the same BOs; the older kernel does not count or flag evictions. */
static const struct golden_row {
	const char *comm;
	int64_t tgid;
	int64_t name;
	uint64_t refcount, evictions, size, resident, offset;
	uint32_t state, usage;
	const char *label;
} golden[] = {
	{ "kworker/u16:3", 77, 0, 1, 0, 4096, 4096, 0x100000000, 0,
	  PANTHOR_GEMS_USAGE_KERNEL | PANTHOR_GEMS_USAGE_FW_MAPPED, "FW interface" },
	{ "swapper/0", 1, 0, 2, 0, 1048576, 1048576, 0x100001000, 0,
	  PANTHOR_GEMS_USAGE_KERNEL | PANTHOR_GEMS_USAGE_FW_MAPPED, "" },
	{ "weston", 812, 0, 4, 0, 8294400, 8294400, 0x100101000, PANTHOR_GEMS_STATE_EXPORTED, 0,
	  "scanout" },
	{ "glmark2-es2-drm", 9041, 7, 2, 12, 16777216, 0, 0x1008ea000, PANTHOR_GEMS_STATE_EVICTED,
	  0, "texture atlas, 2048 x 2048" },
	{ "glmark2-es2-drm", 9041, 0, 1, 3, 65536, 65536, 0x1018ea000, 0, 0, "Unused (BO cache)" },
	{ "weston", 812, 0, 2, 0, 3145728, 0, 0x1018fa000, PANTHOR_GEMS_STATE_IMPORTED, 0, "" },
};

static void expect_golden_row(const struct panthor_gems_row *row, const struct golden_row *expected,
			      uint32_t columns)
{
	bool counts = columns & BIT(PANTHOR_GEMS_EVICTIONS);
	uint32_t state = expected->state;

	assert_int_equal(row->columns, columns);
	expect_text(row->comm, row->comm_len, expected->comm);
	assert_int_equal(row->tgid, expected->tgid);
	assert_int_equal(row->global_name, expected->name);
	assert_int_equal(row->refcount, expected->refcount);
	assert_int_equal(row->evictions, counts ? expected->evictions : 0);
	assert_int_equal(row->size, expected->size);
	assert_int_equal(row->resident, expected->resident);
	assert_int_equal(row->file_offset, expected->offset);
	assert_int_equal(row->state, counts ? state : state & ~PANTHOR_GEMS_STATE_EVICTED);
	assert_int_equal(row->usage, expected->usage);
	expect_text(row->label, row->label_len, expected->label);
}

static void expect_golden(const char *name, uint32_t columns)
{
	struct panthor_gems *gems = open_golden(name);
	struct panthor_gems_summary summary;
	struct panthor_gems_row row;

	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		assert_int_equal(panthor_gems_next(gems, &row), 1);
		expect_golden_row(&row, &golden[i], columns);
		assert_int_equal(panthor_gems_summary(gems, &summary), -EAGAIN);
	}
	assert_int_equal(panthor_gems_next(gems, &row), 0);
	assert_int_equal(panthor_gems_next(gems, &row), 0);
	assert_int_equal(panthor_gems_summary(gems, &summary), 0);
	assert_int_equal(summary.rows, 6);
	assert_int_equal(summary.columns, columns);
	assert_int_equal(summary.sum_size, summary.total_size);
	assert_int_equal(summary.sum_resident, summary.total_resident);
	assert_int_equal(summary.total_size, 29335552);
	assert_int_equal(summary.total_resident, 9412608);
	assert_int_equal(summary.total_reclaimable, 8359936);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
	assert_null(panthor_gems_close(gems));
}

static void newest_layout(void **state)
{
	expect_golden("newest.gems", ALL_COLUMNS);
}

static void layout_without_evictions(void **state)
{
	expect_golden("without-evictions.gems", ALL_COLUMNS & ~BIT(PANTHOR_GEMS_EVICTIONS));
}

/* Recorded from vpanthor: creator and labels full of what forges rows, all of it escaped. */
static void recorded_from_vpanthor(void **state)
{
	static const struct {
		uint64_t size, resident, evictions;
		uint32_t state;
		const char *label;
	} rows[] = {
		{ 4096, 0, 0, 0, "plain" },
		{ 16384, 16384, 0, 0, "two\\nlines\\t\\e[31m back\\\\slash \xff\xc3" },
		{ 65536, 65536, 0, PANTHOR_GEMS_STATE_EXPORTED,
		  "\\n====\\nTotal size: 0, Total resident: 0, Total reclaimable: 0" },
		{ 262144, 0, 1, PANTHOR_GEMS_STATE_EVICTED, "" },
	};
	struct panthor_gems *gems = open_golden("vpanthor.gems");
	struct panthor_gems_summary summary;
	struct panthor_gems_row row;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(panthor_gems_next(gems, &row), 1);
		expect_text(row.comm, row.comm_len, "evil\\n/1 name\\e");
		assert_int_equal(row.tgid, 144);
		assert_int_equal(row.size, rows[i].size);
		assert_int_equal(row.resident, rows[i].resident);
		assert_int_equal(row.evictions, rows[i].evictions);
		assert_int_equal(row.state, rows[i].state);
		expect_text(row.label, row.label_len, rows[i].label);
	}
	assert_int_equal(panthor_gems_next(gems, &row), 0);
	assert_int_equal(panthor_gems_summary(gems, &summary), 0);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
	assert_int_equal(summary.total_reclaimable, 81920);
	panthor_gems_close(gems);
}

/* Small reads cut rows, numbers and the footer in every place; nothing may change. */
static void any_chunk_size(void **state)
{
	struct gems_table table = { 0 };

	table_head(&table);
	for (int i = 0; i < 20; i++)
		table_row(&table, "glxgears/42", 8192, 4096, i % 2 ? "two\nlines" : "");
	table_footer(&table);
	for (size_t chunk = 1; chunk < 200; chunk++) {
		struct memory_stream stream;
		struct panthor_gems_summary summary;
		struct panthor_gems_row row;
		struct panthor_gems *gems;

		memory_stream_init(&stream, table.text, table.len);
		stream.chunk = chunk;
		gems = memory_stream_open(&stream);
		for (int i = 0; i < 20; i++) {
			assert_int_equal(panthor_gems_next(gems, &row), 1);
			expect_text(row.comm, row.comm_len, "glxgears");
			expect_text(row.label, row.label_len, i % 2 ? "two\nlines" : "");
		}
		assert_int_equal(panthor_gems_next(gems, &row), 0);
		assert_int_equal(panthor_gems_summary(gems, &summary), 0);
		assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
		panthor_gems_close(gems);
	}
	table_free(&table);
}

/* Columns in another order, two of them new; flags of other values, as the legend says. */
static void columns_are_found_by_name(void **state)
{
	static const char text[] =
		"GEM state flags: pinned (0x1), evicted (0x10), imported (0x20), un-exported "
		"(0x2), "
		"exported (0x40)\n"
		"GEM usage flags: fw-mapped (0x1), kernel (0x8)\n"
		"\n"
		"size        heap    state   created-by      usage   class           label\n"
		"-------------------------------------------------------------------------\n"
		"4096        n/a     0x71    top/5           0x8     ?? 12 %         here\n"
		"8192        7       0x1     top/6           0x1     -\n"
		"=========================================================================\n"
		"Total size: 12288, Total resident: 4096, Total reclaimable: 0\n";
	struct memory_stream stream;
	struct panthor_gems_summary summary;
	struct panthor_gems_row row;
	struct panthor_gems *gems;

	memory_stream_init(&stream, text, sizeof(text) - 1);
	gems = memory_stream_open(&stream);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	assert_int_equal(row.columns, BIT(PANTHOR_GEMS_SIZE) | BIT(PANTHOR_GEMS_STATE) |
					      BIT(PANTHOR_GEMS_CREATED_BY) |
					      BIT(PANTHOR_GEMS_USAGE) | BIT(PANTHOR_GEMS_LABEL));
	assert_int_equal(row.size, 4096);
	assert_int_equal(row.state, PANTHOR_GEMS_STATE_IMPORTED | PANTHOR_GEMS_STATE_EXPORTED |
					    PANTHOR_GEMS_STATE_EVICTED);
	assert_int_equal(row.usage, PANTHOR_GEMS_USAGE_KERNEL);
	expect_text(row.comm, row.comm_len, "top");
	expect_text(row.label, row.label_len, "here");
	assert_int_equal(row.refcount, 0);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	assert_int_equal(row.size, 8192);
	assert_int_equal(row.state, 0);
	assert_int_equal(row.usage, PANTHOR_GEMS_USAGE_FW_MAPPED);
	assert_int_equal(panthor_gems_next(gems, &row), 0);
	assert_int_equal(panthor_gems_summary(gems, &summary), 0);
	assert_int_equal(summary.total_resident, 4096);
	/* Without a column there is nothing to compare a total with. */
	assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
	panthor_gems_close(gems);
}

static void label_need_not_be_last(void **state)
{
	static const char text[] = "created-by  label     size    x\n"
				   "-------------------------------\n"
				   "a/1         one two   4096    -\n"
				   "b/2                   8192    -\n"
				   "===============================\n"
				   "Total size: 12288, Total resident: 0, Total reclaimable: 0\n";
	struct memory_stream stream;
	struct panthor_gems_summary summary;
	struct panthor_gems_row row;
	struct panthor_gems *gems;

	memory_stream_init(&stream, text, sizeof(text) - 1);
	gems = memory_stream_open(&stream);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	expect_text(row.label, row.label_len, "one two");
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	expect_text(row.label, row.label_len, "");
	assert_int_equal(row.size, 8192);
	assert_int_equal(panthor_gems_next(gems, &row), 0);
	assert_int_equal(panthor_gems_summary(gems, &summary), 0);
	assert_int_equal(summary.integrity, PANTHOR_GEMS_OK);
	panthor_gems_close(gems);
}

/* An editor took the blanks at the ends of lines. */
static void stripped_blanks(void **state)
{
	struct gems_table table = { 0 }, stripped = { 0 };

	table_head(&table);
	for (int i = 0; i < 3; i++)
		table_row(&table, "a/1", 4096, 0, i == 1 ? "label" : "");
	table_footer(&table);
	for (size_t i = 0; i < table.len; i++) {
		size_t blanks = strspn(table.text + i, " ");

		if (table.text[i + blanks] == '\n')
			i += blanks;
		table_add_bytes(&stripped, table.text + i, 1);
	}
	assert_true(stripped.len < table.len);
	assert_int_equal(table_verdict(&stripped, 3), PANTHOR_GEMS_OK);
	table_free(&table);
	table_free(&stripped);
}

/* An escaped name may fill its column to the last byte. */
static void creator_fills_its_column(void **state)
{
	struct gems_table table = { 0 };
	struct memory_stream stream;
	struct panthor_gems_row row;
	struct panthor_gems *gems;

	table_head(&table);
	table_row(&table, "\\033\\033\\033\\033\\033abcd/4194304", 8192, 4096, "l");
	table_footer(&table);
	memory_stream_init(&stream, table.text, table.len);
	gems = memory_stream_open(&stream);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	expect_text(row.comm, row.comm_len, "\\033\\033\\033\\033\\033abcd");
	assert_int_equal(row.tgid, 4194304);
	assert_int_equal(row.size, 8192);
	expect_text(row.label, row.label_len, "l");
	panthor_gems_close(gems);
	table_free(&table);
}

static void no_rows(void **state)
{
	struct gems_table table = { 0 };

	table_head(&table);
	table_footer(&table);
	assert_int_equal(table_verdict(&table, 0), PANTHOR_GEMS_OK);
	table_free(&table);
}

/* The rows are whole, but nothing says that they are all. */
static void no_footer(void **state)
{
	struct gems_table table = { 0 };

	table_head(&table);
	assert_int_equal(table_verdict(&table, 0), PANTHOR_GEMS_NO_FOOTER);
	table_row(&table, "a/1", 4096, 4096, "x");
	assert_int_equal(table_verdict(&table, 1), PANTHOR_GEMS_NO_FOOTER);
	table_free(&table);
}

static void wrong_sums(void **state)
{
	for (int i = 0; i < 3; i++) {
		struct gems_table table = { 0 };

		table_head(&table);
		table_row(&table, "a/1", 4096, 4096, "x");
		table.size += i == 0 ? 4096 : 0;
		table.resident -= i == 1 ? 4096 : 0;
		table.reclaimable += i == 2 ? 4096 : 0;
		table_footer(&table);
		/* What can be reclaimed is not in the rows, so it cannot be checked. */
		assert_int_equal(table_verdict(&table, 1),
				 i == 2 ? PANTHOR_GEMS_OK : PANTHOR_GEMS_MISMATCH);
		table_free(&table);
	}
}

static void many_rows(void **state)
{
	struct gems_table table = { 0 };

	table_head(&table);
	for (int i = 0; i < 100000; i++)
		table_row(&table, "stress/1", 4096 * (1 + (uint64_t)i % 99), 4096, "stress");
	table_footer(&table);
	assert_int_equal(table_verdict(&table, 100000), PANTHOR_GEMS_OK);
	table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_layout),
		cmocka_unit_test(layout_without_evictions),
		cmocka_unit_test(recorded_from_vpanthor),
		cmocka_unit_test(any_chunk_size),
		cmocka_unit_test(columns_are_found_by_name),
		cmocka_unit_test(label_need_not_be_last),
		cmocka_unit_test(stripped_blanks),
		cmocka_unit_test(creator_fills_its_column),
		cmocka_unit_test(no_rows),
		cmocka_unit_test(no_footer),
		cmocka_unit_test(wrong_sums),
		cmocka_unit_test(many_rows),
	};

	return cmocka_run_group_tests_name("gems", tests, NULL, NULL);
}
