// SPDX-License-Identifier: MIT
/*
 * The functions that begin everything take the system's transport table, and a host has no device
 * for them. Here the linker's --wrap has the library see a table of the test's in its place.
 */
#include "unit.h"

extern struct panthor_transport __wrap_panthor_transport_system;
struct panthor_transport __wrap_panthor_transport_system;

#define NODE "/dev/dri/renderD128"

static int setup(void **state)
{
	struct fake *fake = fake_new(9);

	__wrap_panthor_transport_system = fake->io;
	*state = fake;
	return 0;
}

static int teardown(void **state)
{
	return fake_free(*state) ? -1 : 0;
}

static void device_open_finds_the_node(void **state)
{
	static const char *const paths[] = { NODE, NULL };
	struct fake *fake = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct panthor_device *dev = NULL;

		assert_int_equal(panthor_device_open(paths[i], &dev), 0);
		assert_int_equal(panthor_device_info(dev)->driver, PANTHOR_DRIVER_PANTHOR);
		assert_non_null(fake->fds[panthor_device_fd(dev)].file);
		panthor_device_unref(dev);
	}
}

static void device_open_errors(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} cases[] = {
		{ FAKE_OPEN, EACCES },	{ FAKE_OPEN, EMFILE },	  { FAKE_ALLOC, ENOMEM },
		{ FAKE_RDEV, ENOTSUP }, { FAKE_VERSION, ENODEV },
	};
	struct panthor_device *dev = NULL;
	struct fake *fake = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_fail(fake, cases[i].call, 1, cases[i].error);
		assert_int_equal(panthor_device_open(NODE, &dev), -cases[i].error);
	}
	assert_int_equal(panthor_device_open("/dev/dri/renderD129", &dev), -ENOENT);
	fake->nodes[1].drm_name = "panfrost";
	assert_int_equal(panthor_device_open(NODE, &dev), -ENOTSUP);
	assert_int_equal(panthor_device_open(NULL, &dev), -ENOENT);
	assert_null(dev);
}

static void device_new_from_fd_keeps_a_duplicate(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} cases[] = {
		{ FAKE_DUP, EMFILE },
		{ FAKE_ALLOC, ENOMEM },
		{ FAKE_RDEV, ENOTSUP },
		{ FAKE_VERSION, ENODEV },
	};
	struct panthor_device *dev = NULL, *same = NULL;
	struct fake *fake = *state;

	dev = open_fake(fake);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_fail(fake, cases[i].call, 1, cases[i].error);
		assert_int_equal(panthor_device_new_from_fd(panthor_device_fd(dev), &same),
				 -cases[i].error);
	}
	assert_int_equal(panthor_device_new_from_fd(-1, &same), -EBADF);
	assert_null(same);
	assert_int_equal(panthor_device_new_from_fd(panthor_device_fd(dev), &same), 0);
	assert_int_not_equal(panthor_device_fd(same), panthor_device_fd(dev));
	panthor_device_unref(dev);
	panthor_device_unref(same);
}

/* Which device is a question with one answer, as far as this library understands it. */
static void device_new_checks_its_parameters(void **state)
{
	struct {
		struct panthor_device_params known;
		uint32_t later;
	} newer = { { .size = sizeof(newer) }, 1 };
	struct panthor_device_params params = { .size = sizeof(params) };
	struct panthor_device *dev = NULL;

	params.flags = PANTHOR_DEVICE_FROM_FD << 1;
	assert_int_equal(panthor_device_new(&params, &dev), -EINVAL);
	params.flags = PANTHOR_DEVICE_FROM_FD;
	params.path = NODE;
	assert_int_equal(panthor_device_new(&params, &dev), -EINVAL);
	params.flags = 0;
	params.reserved = 1;
	assert_int_equal(panthor_device_new(&params, &dev), -EINVAL);
	assert_int_equal(panthor_device_new(&newer.known, &dev), -E2BIG);
	assert_null(dev);
	newer.later = 0;
	assert_int_equal(panthor_device_new(&newer.known, &dev), 0);
	panthor_device_unref(dev);
	assert_int_equal(panthor_device_new(NULL, &dev), 0);
	panthor_device_unref(dev);
}

static void gems_open_fd_reads_any(void **state)
{
	struct panthor_gems *gems = NULL;
	struct panthor_gems_row row;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	close(fds[1]);
	fake_fail(*state, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_gems_open_fd(fds[0], &gems), -ENOMEM);
	assert_null(gems);
	assert_int_equal(panthor_gems_open_fd(fds[0], &gems), 0);
	assert_int_equal(panthor_gems_next(gems, &row), -EBADMSG);
	assert_null(panthor_gems_close(gems));
	/* It stays the caller's. */
	assert_int_equal(close(fds[0]), 0);
}

#define public_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		public_test(device_open_finds_the_node),
		public_test(device_open_errors),
		public_test(device_new_from_fd_keeps_a_duplicate),
		public_test(device_new_checks_its_parameters),
		public_test(gems_open_fd_reads_any),
	};

	return cmocka_run_group_tests_name("public", tests, NULL, NULL);
}
