// SPDX-License-Identifier: MIT
/* Clocks: what is asked for on which kernel, and what comes back. */
#include "unit.h"

static void basic_clocks_since_minor_1(void **state)
{
	for (int minor = 0; minor <= 9; minor++) {
		struct panthor_timestamp t = { .cpu_ns = 77 };
		struct fake *fake = fake_new(minor);
		struct panthor_device *dev = open_fake(fake);

		fake->timestamp = (struct drm_panthor_timestamp_info){
			.timestamp_frequency = 24000000,
			.current_timestamp = 1ull << 40,
			.timestamp_offset = 5,
		};
		assert_int_equal(panthor_device_timestamp(dev, 0, &t), minor ? 0 : -EOPNOTSUPP);
		assert_int_equal(t.cpu_ns, minor ? 0 : 77);
		if (minor) {
			assert_int_equal(t.gpu_ticks, 1ull << 40);
			assert_int_equal(t.gpu_offset, 5);
			assert_int_equal(t.frequency, 24000000);
			assert_int_equal(fake->timestamp.flags, 0);
		}
		assert_int_equal(panthor_device_timestamp(dev, PANTHOR_CLOCK_CPU, &t),
				 minor >= 8 ? 0 : -EOPNOTSUPP);
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

static void all_clocks(void **state)
{
	static const struct {
		uint32_t clocks;
		uint32_t flags;
	} cases[] = {
		{ PANTHOR_CLOCK_CPU, DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC },
		{ PANTHOR_CLOCK_CPU_RAW, DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW },
		{ PANTHOR_CLOCK_CYCLES | PANTHOR_CLOCK_DURATION,
		  DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT | DRM_PANTHOR_TIMESTAMP_DURATION },
	};
	struct fixture *f = *state;
	struct panthor_timestamp t;

	f->fake->timestamp = (struct drm_panthor_timestamp_info){
		.cpu_timestamp_sec = 5,
		.cpu_timestamp_nsec = 999999999,
		.cycle_count = 6,
		.duration_nsec = 7,
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(panthor_device_timestamp(f->dev, cases[i].clocks, &t), 0);
		assert_int_equal(f->fake->timestamp.flags,
				 cases[i].flags | DRM_PANTHOR_TIMESTAMP_GPU |
					 DRM_PANTHOR_TIMESTAMP_GPU_OFFSET |
					 DRM_PANTHOR_TIMESTAMP_FREQ);
	}
	assert_int_equal(t.cpu_ns, 5999999999);
	assert_int_equal(t.cycles, 6);
	assert_int_equal(t.duration_ns, 7);
}

/* A program may be older than the library, or newer: each gets what both know. */
static void structures_of_other_versions(void **state)
{
	struct {
		struct panthor_timestamp known;
		uint64_t later;
	} newer = { .later = 77 };
	struct panthor_timestamp older = { .cycles = 77, .duration_ns = 77 };
	struct fixture *f = *state;

	f->fake->timestamp = (struct drm_panthor_timestamp_info){
		.timestamp_frequency = 5,
		.current_timestamp = 6,
		.duration_nsec = 7,
	};
	assert_int_equal(panthor_device_timestamp_sized(f->dev, 0, &older,
							offsetof(struct panthor_timestamp, cycles)),
			 0);
	assert_int_equal(older.gpu_ticks, 6);
	assert_int_equal(older.frequency, 5);
	assert_int_equal(older.cycles, 77);
	assert_int_equal(older.duration_ns, 77);
	assert_int_equal(panthor_device_timestamp_sized(f->dev, 0, &newer.known, sizeof(newer)), 0);
	assert_int_equal(newer.known.duration_ns, 7);
	assert_int_equal(newer.later, 0);
}

static void errors(void **state)
{
	struct fixture *f = *state;
	struct panthor_timestamp t = { .cpu_ns = 77 };

	assert_int_equal(panthor_device_timestamp(f->dev, 16, &t), -EINVAL);
	assert_int_equal(panthor_device_timestamp(f->dev, 3, &t), -EINVAL);
	assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_TIMESTAMP), 1);
	fake_fail(f->fake, FAKE_DEV_QUERY, 1, ENODEV);
	assert_int_equal(panthor_device_timestamp(f->dev, 0, &t), -ENODEV);
	f->fake->timestamp.cpu_timestamp_nsec = 1000000000;
	assert_int_equal(panthor_device_timestamp(f->dev, 0, &t), -EPROTO);
	assert_int_equal(t.cpu_ns, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic_clocks_since_minor_1),
		fixture_test(all_clocks),
		fixture_test(structures_of_other_versions),
		fixture_test(errors),
	};

	return cmocka_run_group_tests_name("timestamp", tests, NULL, NULL);
}
