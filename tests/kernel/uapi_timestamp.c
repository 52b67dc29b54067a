/* SPDX-License-Identifier: MIT */
/* DEV_QUERY_TIMESTAMP_INFO, the one that reads its structure before it writes it. */
#include <time.h>

#include "kt.h"

#define MONOTONIC     DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC
#define MONOTONIC_RAW DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW

static int query(int fd, void *info, uint32_t size)
{
	struct drm_panthor_dev_query args = {
		.type = DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO,
		.size = size,
		.pointer = (uintptr_t)info,
	};

	return kt_ioctl(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args);
}

static struct drm_panthor_timestamp_info sample(int fd, uint32_t flags)
{
	struct drm_panthor_timestamp_info info;

	memset(&info, 0xa5, sizeof(info));
	info.flags = flags;
	assert_int_equal(query(fd, &info, sizeof(info)), 0);
	return info;
}

static void test_legacy_sizes(void **state)
{
	struct kt *t = *state;
	uint64_t words[8];

	memset(words, 0xa5, sizeof(words));
	assert_int_equal(query(t->fd, words, 16), 0);
	assert_int_not_equal(words[1], 0);
	assert_int_equal(words[2], 0xa5a5a5a5a5a5a5a5ull);

	memset(words, 0xa5, sizeof(words));
	assert_int_equal(query(t->fd, words, 24), 0);
	assert_int_not_equal(words[1], 0);
	assert_int_not_equal(words[2], 0xa5a5a5a5a5a5a5a5ull);
	assert_int_equal(words[3], 0xa5a5a5a5a5a5a5a5ull);
}

/* flags 0 is what clients older than 1.8 meant: GPU, GPU_OFFSET and FREQ. */
static void test_flags_0_is_legacy(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_timestamp_info info = sample(t->fd, 0);

	assert_int_not_equal(info.current_timestamp, 0);
	assert_int_equal(info.duration_nsec, 0);
	assert_int_equal(info.cycle_count, 0);
	assert_int_equal(info.cpu_timestamp_sec, 0);
	assert_int_equal(info.cpu_timestamp_nsec, 0);
}

static void test_not_requested_reads_0(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_timestamp_info info;

	info = sample(t->fd, DRM_PANTHOR_TIMESTAMP_FREQ);
	assert_int_equal(info.current_timestamp, 0);
	assert_int_equal(info.timestamp_offset, 0);
	assert_int_equal(info.cpu_timestamp_sec | info.cpu_timestamp_nsec, 0);
	info = sample(t->fd, DRM_PANTHOR_TIMESTAMP_GPU);
	assert_int_not_equal(info.current_timestamp, 0);
	assert_int_equal(info.timestamp_frequency, 0);
	assert_int_equal(info.cycle_count, 0);
	info = sample(t->fd, MONOTONIC);
	assert_int_equal(info.current_timestamp, 0);
	assert_int_equal(info.duration_nsec, 0);
	assert_true(info.cpu_timestamp_sec != 0 || info.cpu_timestamp_nsec != 0);
}

static uint64_t nsec(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * 1000000000 + (uint64_t)ts->tv_nsec;
}

static void check_cpu_clock(int fd, uint32_t flag, clockid_t clock)
{
	struct drm_panthor_timestamp_info info;
	struct timespec before, after;
	uint64_t between;

	clock_gettime(clock, &before);
	info = sample(fd, flag | DRM_PANTHOR_TIMESTAMP_GPU | DRM_PANTHOR_TIMESTAMP_DURATION);
	clock_gettime(clock, &after);
	assert_true(info.cpu_timestamp_nsec < 1000000000);
	between = info.cpu_timestamp_sec * 1000000000 + info.cpu_timestamp_nsec;
	assert_in_range(between, nsec(&before), nsec(&after));
	assert_true(info.duration_nsec <= nsec(&after) - nsec(&before));
}

static void test_cpu_clocks(void **state)
{
	struct kt *t = *state;

	check_cpu_clock(t->fd, MONOTONIC, CLOCK_MONOTONIC);
	check_cpu_clock(t->fd, MONOTONIC_RAW, CLOCK_MONOTONIC_RAW);
}

static void test_gpu_clock_is_monotonic(void **state)
{
	struct kt *t = *state;
	uint64_t last = 0;
	uint64_t now;
	int i;

	for (i = 0; i < 1000; i++) {
		now = sample(t->fd, DRM_PANTHOR_TIMESTAMP_GPU).current_timestamp;
		assert_true(now >= last);
		last = now;
	}
}

static void test_errors(void **state)
{
	struct kt *t = *state;
	static const struct {
		const char *name;
		uint32_t flags;
		int want;
	} rows[] = {
		{ "all bits", 0xf1 | 2, 0 },
		{ "CPU clock type 3", 3 << 1, -EINVAL },
		{ "CPU clock type 7", 7 << 1, -EINVAL },
		{ "bit 8", 1 << 8, -EINVAL },
		{ "bit 31", 1u << 31, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_timestamp_info info = { .flags = rows[i].flags };

		kt_expect(rows[i].name, query(t->fd, &info, sizeof(info)), rows[i].want);
	}
	kt_all_expected();
}

static void test_unknown_tail(void **state)
{
	struct kt *t = *state;
	uint8_t buf[128] = { 0 };

	assert_int_equal(query(t->fd, buf, sizeof(buf)), 0);
	memset(buf, 0, sizeof(buf));
	buf[127] = 1;
	assert_int_equal(query(t->fd, buf, sizeof(buf)), -E2BIG);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_legacy_sizes),
	kt_test(test_flags_0_is_legacy),
	kt_test(test_not_requested_reads_0),
	kt_test(test_cpu_clocks),
	kt_test(test_gpu_clock_is_monotonic),
	kt_test(test_errors),
	kt_test(test_unknown_tail),
	kt_no_leaks(),
};

kt_main(tests)
