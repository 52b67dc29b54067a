// SPDX-License-Identifier: MIT
/* The parsers of /proc, /sys and debugfs, over folders that stand in for "/". */
#include "cli.h"

#include "memory.h"
#include "reclaim.h"
#include "sysfile.h"

#define ZRAM DATA_DIR "/zram"
#define BARE DATA_DIR "/bare"
#define BROKEN DATA_DIR "/broken"
#define KIB 1024ull

static void test_meminfo(void **state)
{
	struct memory_info info = { .total_bytes = 77 };

	assert_int_equal(memory_read(BROKEN, &info), -EINVAL);
	assert_int_equal(memory_read("/nonexistent", &info), -ENOENT);
	assert_int_equal(info.total_bytes, 77);

	assert_int_equal(memory_read(ZRAM, &info), 0);
	assert_int_equal(info.total_bytes, 215500 * KIB);
	assert_int_equal(info.available_bytes, 175000 * KIB);
	assert_int_equal(info.swap_total_bytes, 614396 * KIB);
	assert_int_equal(info.swap_free_bytes, 600000 * KIB);
	/* Two of three blocks of 128 MiB are online. */
	assert_int_equal(info.installed_bytes, 256 * KIB * KIB);

	assert_int_equal(memory_read(BARE, &info), 0);
	assert_int_equal(info.installed_bytes, info.total_bytes);
	assert_int_equal(info.swap_total_bytes, 0);
}

static void test_swaps(void **state)
{
	struct swap_device devices[SWAP_MAX_DEVICES];

	assert_int_equal(swap_read(ZRAM, devices), 2);
	assert_string_equal(devices[0].name, "/dev/zram0");
	assert_string_equal(devices[0].type, "partition");
	assert_int_equal(devices[0].priority, -2);
	assert_int_equal(devices[0].size_bytes, 614396 * KIB);
	assert_int_equal(devices[0].used_bytes, 14396 * KIB);
	assert_true(devices[0].is_zram);
	assert_string_equal(devices[0].algorithm, "lz4");
	assert_int_equal(devices[0].original_bytes, 4096000);
	assert_int_equal(devices[0].compressed_bytes, 1024000);
	assert_int_equal(devices[0].memory_bytes, 1228800);
	assert_int_equal(devices[0].same_pages, 17);
	assert_string_equal(devices[1].name, "/var/swap\\040file");
	assert_false(devices[1].is_zram);

	assert_int_equal(swap_read(BARE, devices), 0);
	assert_int_equal(swap_read(BROKEN, devices), 0);
	assert_int_equal(swap_read("/nonexistent", devices), 0);
}

static void test_counters(void **state)
{
	struct memory_counters counters;

	memory_counters_read(ZRAM, &counters);
	assert_int_equal(counters.have, (1 << MEMORY_N_COUNTERS) - 1);
	assert_int_equal(counters.value[MEMORY_PSI_SOME_US], 123456);
	assert_int_equal(counters.value[MEMORY_PSI_FULL_US], 654);
	assert_int_equal(counters.value[MEMORY_PSWPIN_PAGES], 111);
	assert_int_equal(counters.value[MEMORY_PSWPOUT_PAGES], 222);
	assert_int_equal(counters.value[MEMORY_OOM_KILLS], 3);

	memory_counters_read(BARE, &counters);
	/* One line of pressure without its total, which the other's is not. */
	assert_int_equal(counters.have, 1 << MEMORY_PSWPIN_PAGES | 1 << MEMORY_PSI_FULL_US);
	assert_int_equal(counters.value[MEMORY_PSI_FULL_US], 9);
	memory_counters_read(BROKEN, &counters);
	assert_int_equal(counters.have, 0);
}

static void test_reclaim(void **state)
{
	struct reclaim_counters counters = { .value = { 77 } };

	assert_int_equal(reclaim_read(BARE, "/sys/kernel/debug/dri/128", &counters), -EBADMSG);
	assert_int_equal(reclaim_read(ZRAM, "/nonexistent", &counters), -ENOENT);
	assert_int_equal(counters.value[0], 77);

	/* The file numbers its lines from 1, and the names are in the order of the enum. */
	assert_int_equal(reclaim_read(ZRAM, "/sys/kernel/debug/dri/128", &counters), 0);
	for (unsigned int i = 0; i < RECLAIM_N_COUNTERS; i++)
		assert_int_equal(counters.value[i], i + 1);
}

static void test_keys(void **state)
{
	static const char text[] = "ab: 1\nabc 2\n b: 3\nd:\t 4 kB\ne: 5x\nf: -6\ng:";
	char word[8] = "";
	uint64_t value = 77;

	assert_int_equal(sysfile_key(text, "b", &value), -ENOENT);
	assert_int_equal(sysfile_key(text, "e", &value), -EINVAL);
	assert_int_equal(sysfile_key(text, "f", &value), -EINVAL);
	assert_int_equal(sysfile_key(text, "g", &value), -EINVAL);
	assert_int_equal(sysfile_key("", "g", &value), -ENOENT);
	assert_int_equal(value, 77);
	assert_int_equal(sysfile_key(text, "abc", &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(sysfile_key(text, "d", &value), 0);
	assert_int_equal(value, 4);

	assert_int_equal(sysfile_selected("a [bc] d", word, sizeof(word)), 0);
	assert_string_equal(word, "bc");
	assert_int_equal(sysfile_selected("a [much too long]", word, sizeof(word)), -ENOENT);
	assert_int_equal(sysfile_selected("a [1234567]", word, sizeof(word)), 0);
	assert_int_equal(sysfile_selected("a [12345678]", word, sizeof(word)), -ENOENT);
	assert_int_equal(sysfile_selected("a [b", word, sizeof(word)), -ENOENT);
	assert_int_equal(sysfile_selected("", word, sizeof(word)), -ENOENT);
}

/* What the C library takes for numbers as well is none. */
static void test_numbers(void **state)
{
	static const char *const wrong[] = { "",  " ",	 "-1", "+1",
					     "x", "\n1", "18446744073709551616" };
	const char *text = " \t18446744073709551615 7";
	uint64_t value = 77;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *at = wrong[i];

		assert_int_equal(sysfile_number(&at, &value), -EINVAL);
		assert_ptr_equal(at, wrong[i]);
	}
	assert_int_equal(value, 77);
	assert_int_equal(sysfile_number(&text, &value), 0);
	assert_int_equal(value, UINT64_MAX);
	assert_string_equal(text, " 7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meminfo),	 cmocka_unit_test(test_swaps),
		cmocka_unit_test(test_counters), cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_keys),	 cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
