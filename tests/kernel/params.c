/* SPDX-License-Identifier: MIT */
/* Parameters of the driver that nobody has set: what vpanthor(4) says they are. */
#include "kt.h"

#define PARAMETERS "/sys/module/vpanthor/parameters/"

static bool has_huge_pages(void)
{
	return access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
}

static void test_defaults(void **state)
{
	const struct {
		const char *path, *want;
	} rows[] = {
		{ PARAMETERS "job_timeout_ms", "5000\n" },
		{ PARAMETERS "run_completes", "N\n" },
		{ PARAMETERS "transparent_hugepage", has_huge_pages() ? "Y\n" : "N\n" },
		{ PARAMETERS "coherent", "N\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = kt_read_file(rows[i].path, NULL);

		print_message("# %s: %s", rows[i].path, text);
		assert_string_equal(text, rows[i].want);
		free(text);
	}
	(void)state;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_defaults),
	kt_no_leaks(),
};

kt_main(tests)
