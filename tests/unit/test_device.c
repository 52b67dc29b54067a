// SPDX-License-Identifier: MIT
/* Finding and opening devices, what they are, what they can do. */
#include "device.h"
#include "unit.h"

#define UNTOUCHED ((struct panthor_device *)0x1)

static void expect_open_error(struct fake *fake, const char *path, int error)
{
	struct panthor_device *dev = UNTOUCHED;

	assert_int_equal(device_open(&fake->io, path, &dev), error);
	assert_ptr_equal(dev, UNTOUCHED);
}

static void opens_by_path(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev;

	assert_int_equal(device_open(&fake->io, "/dev/dri/card0", &dev), 0);
	assert_null(panthor_device_unref(dev));
	assert_int_equal(fake_free(fake), 0);
}

static void opens_first_panthor_node(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev;

	fake->nodes[0] = (struct fake_node){ "/dev/dri/renderD130", 130, "panthor", 1, 0 };
	fake->nodes[1] = (struct fake_node){ "/dev/dri/renderD129", 129, "panthor", 1, 0 };
	fake->nodes[2] = (struct fake_node){ "/dev/dri/renderD128", 128, "amdgpu", 3, 0 };
	fake->nodes[3] = (struct fake_node){ "/dev/dri/renderD127", 127, "panthor", 1, EACCES };
	assert_int_equal(device_open(&fake->io, NULL, &dev), 0);
	assert_int_equal(dev->node_minor, 129);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(fake), 0);
}

static void no_node_is_enoent(void **state)
{
	struct fake *fake = fake_new(9);

	fake->nodes[1].drm_name = "panfrost";
	expect_open_error(fake, NULL, -ENOENT);
	fake->nodes[1].path = NULL;
	expect_open_error(fake, NULL, -ENOENT);
	expect_open_error(fake, "/dev/dri/renderD200", -ENOENT);
	assert_int_equal(fake_free(fake), 0);
}

static void forbidden_node_is_eacces(void **state)
{
	struct fake *fake = fake_new(9);

	fake->nodes[1].open_error = EACCES;
	expect_open_error(fake, NULL, -EACCES);
	expect_open_error(fake, "/dev/dri/renderD128", -EACCES);
	assert_int_equal(fake_free(fake), 0);
}

static void failing_walk_is_reported(void **state)
{
	struct fake *fake = fake_new(9);

	fake_fail(fake, FAKE_NEXT_NODE, 1, EACCES);
	expect_open_error(fake, NULL, -EACCES);
	assert_int_equal(fake_free(fake), 0);
}

static void other_drivers_are_enotsup(void **state)
{
	static const char *const names[] = { "panfrost", "panthor2", "pantho", "" };
	struct fake *fake = fake_new(9);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fake->nodes[1].drm_name = names[i];
		expect_open_error(fake, "/dev/dri/renderD128", -ENOTSUP);
	}
	fake->nodes[1].drm_name = "panthor";
	fake->nodes[1].drm_major = 2;
	expect_open_error(fake, "/dev/dri/renderD128", -ENOTSUP);
	assert_int_equal(fake_free(fake), 0);
}

static void files_that_are_no_device_are_enotsup(void **state)
{
	static const int errors[] = { ENOTTY, EINVAL, EFAULT };
	struct fake *fake = fake_new(9);

	fake_fail(fake, FAKE_RDEV, 1, ENOTSUP);
	expect_open_error(fake, "/dev/dri/renderD128", -ENOTSUP);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_fail(fake, FAKE_VERSION, 1, errors[i]);
		expect_open_error(fake, "/dev/dri/renderD128", -ENOTSUP);
	}
	assert_int_equal(fake_free(fake), 0);
}

/* Each step of opening fails in turn; none leaves a descriptor or memory behind. */
static void errors_of_open_are_passed_on(void **state)
{
	static const struct {
		enum fake_call call;
		unsigned int nth;
		int error;
	} steps[] = {
		{ FAKE_OPEN, 1, EMFILE },      { FAKE_ALLOC, 1, ENOMEM },
		{ FAKE_ALLOC, 2, ENOMEM },     { FAKE_RDEV, 1, EIO },
		{ FAKE_VERSION, 1, ENODEV },   { FAKE_DEV_QUERY, 1, ENODEV },
		{ FAKE_DEV_QUERY, 2, ENODEV }, { FAKE_DEV_QUERY, 1, EINVAL },
		{ FAKE_DEV_QUERY, 3, ENODEV }, { FAKE_DEV_QUERY, 4, ENODEV },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct fake *fake = fake_new(9);

		fake_fail(fake, steps[i].call, steps[i].nth, steps[i].error);
		expect_open_error(fake, "/dev/dri/renderD128", -steps[i].error);
		assert_int_equal(fake_free(fake), 0);
	}
}

static void interrupted_calls_are_repeated(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev;

	fake_fail(fake, FAKE_OPEN, 1, EINTR);
	fake_fail(fake, FAKE_VERSION, 1, EINTR);
	fake_fail(fake, FAKE_DEV_QUERY, 2, EAGAIN);
	dev = open_fake(fake);
	assert_int_equal(fake_calls(fake, FAKE_OPEN), 2);
	assert_int_equal(fake_calls(fake, FAKE_VERSION), 2);
	assert_int_equal(fake_calls(fake, FAKE_DEV_QUERY), 5);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(fake), 0);
}

static void fd_is_duplicated(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev = open_fake(fake), *same = UNTOUCHED;
	struct panthor_bo *bo = new_bo(dev, 1, 0);

	assert_int_equal(device_new_from_fd(&fake->io, panthor_device_fd(dev), &same), 0);
	assert_int_not_equal(panthor_device_fd(same), panthor_device_fd(dev));
	assert_non_null(fake_bo(fake, panthor_device_fd(same), panthor_bo_handle(bo)));
	panthor_bo_unref(bo);
	panthor_device_unref(dev);
	panthor_device_unref(same);

	same = UNTOUCHED;
	assert_int_equal(device_new_from_fd(&fake->io, -1, &same), -EBADF);
	fake_fail(fake, FAKE_DUP, 1, EMFILE);
	assert_int_equal(device_new_from_fd(&fake->io, STDIN_FILENO, &same), -EMFILE);
	assert_int_equal(device_new_from_fd(&fake->io, STDIN_FILENO, &same), -ENOTSUP);
	assert_ptr_equal(same, UNTOUCHED);
	assert_int_equal(fake_free(fake), 0);
}

static void counts_references(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev = open_fake(fake);
	struct panthor_bo *bo = new_bo(dev, 1, 0);

	assert_null(panthor_device_unref(NULL));
	assert_ptr_equal(panthor_device_ref(dev), dev);
	panthor_device_unref(dev);
	panthor_device_unref(dev);
	/* The BO's own reference is what still keeps it. */
	assert_int_equal(fake_calls(fake, FAKE_CLOSE), 0);
	assert_ptr_equal(panthor_bo_device(bo), dev);
	panthor_bo_unref(bo);
	assert_int_equal(fake_calls(fake, FAKE_CLOSE), 1);
	assert_int_equal(fake_free(fake), 0);
}

static void driver_comes_from_sysfs(void **state)
{
	static const struct {
		const char *link;
		enum panthor_driver driver;
	} cases[] = {
		{ "../../../../bus/platform/drivers/panthor", PANTHOR_DRIVER_PANTHOR },
		{ "../../../../bus/platform/drivers/tyr", PANTHOR_DRIVER_TYR },
		{ "../../bus/platform/drivers/vpanthor", PANTHOR_DRIVER_VPANTHOR },
		{ "vpanthor", PANTHOR_DRIVER_VPANTHOR },
		{ "../drivers/panthor/other", PANTHOR_DRIVER_UNKNOWN },
		{ "", PANTHOR_DRIVER_UNKNOWN },
		{ NULL, PANTHOR_DRIVER_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake *fake = fake_new(9);
		struct panthor_device *dev;

		fake->driver_link = cases[i].link;
		dev = open_fake(fake);
		assert_int_equal(panthor_device_info(dev)->driver, cases[i].driver);
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

static void identity_is_read_on_every_minor(void **state)
{
	for (int minor = 0; minor <= 9; minor++) {
		struct fake *fake = fake_new(minor);
		struct panthor_device *dev = open_fake(fake);
		const struct panthor_device_info *info = panthor_device_info(dev);
		const struct drm_panthor_gpu_info *gpu = info->gpu;

		assert_int_equal(info->version_major, 1);
		assert_int_equal(info->version_minor, minor);
		assert_int_equal(gpu->gpu_id, 0xa8670000);
		assert_int_equal(gpu->shader_present, 0x50005);
		assert_int_equal(gpu->selected_coherency,
				 minor < 7 ? 0 : DRM_PANTHOR_GPU_COHERENCY_NONE);
		assert_int_equal(gpu->gpu_features, minor < 8 ? 0 : 0x77);
		assert_int_equal(info->csif->cs_reg_count, 96);
		assert_int_equal(panthor_device_page_size(dev), 4096);
		assert_int_equal(panthor_device_fd(dev), info->fd);
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

/* Features by the minor that brought them; madvise by none. */
static void features_follow_the_kernel(void **state)
{
	static const int since[PANTHOR_FEATURE_COUNT] = { 1, 2, 4, 5, 7, 7, 7, 9, 9, 99 };

	for (int minor = 0; minor <= 9; minor++) {
		struct fake *fake = fake_new(minor);
		struct panthor_device *dev = open_fake(fake);

		for (int i = 0; i < PANTHOR_FEATURE_COUNT; i++) {
			int has = panthor_device_has(dev, (enum panthor_feature)i);

			assert_int_equal(has, minor >= since[i]);
		}
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

/* What drivers say of themselves beside the features; nothing where they do not. */
static void limits_follow_the_kernel(void **state)
{
	for (int minor = 0; minor <= 9; minor++) {
		for (int privileged = 0; privileged < 2; privileged++) {
			uint32_t some = 1 << PANTHOR_GROUP_LOW | 1 << PANTHOR_GROUP_MEDIUM;
			uint32_t all = some | 1 << PANTHOR_GROUP_HIGH | 1 << PANTHOR_GROUP_REALTIME;
			struct fake *fake = fake_new(minor);
			const struct panthor_device_info *info;
			struct panthor_device *dev;

			fake->gpu.privileged = privileged;
			dev = open_fake(fake);
			info = panthor_device_info(dev);
			assert_int_equal(info->group_priorities,
					 minor < 2 ? 0 : privileged ? all : some);
			assert_int_equal(info->gpu_page_sizes, minor < 9 ? 0 : 1 << 12 | 1 << 21);
			panthor_device_unref(dev);
			assert_int_equal(fake_free(fake), 0);
		}
	}
}

static void tyr_lacks_what_it_does_not_answer(void **state)
{
	struct fake *fake = fake_new(5);
	struct panthor_device *dev;

	fake->tyr = true;
	fake->has_madvise = true;
	fake->driver_link = "../drivers/tyr";
	dev = open_fake(fake);
	assert_int_equal(panthor_device_info(dev)->gpu->gpu_id, 0xa8670000);
	assert_int_equal(panthor_device_info(dev)->csif->cs_reg_count, 0);
	assert_int_equal(panthor_device_info(dev)->group_priorities, 0);
	assert_int_equal(panthor_device_info(dev)->gpu_page_sizes, 0);
	assert_int_equal(panthor_device_has(dev, PANTHOR_FEATURE_TIMESTAMP), 0);
	assert_int_equal(panthor_device_has(dev, PANTHOR_FEATURE_BO_LABEL), 0);
	assert_int_equal(panthor_device_has(dev, PANTHOR_FEATURE_BO_MADVISE), 0);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(fake), 0);
}

static void probes_ask_once(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++)
		assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_BO_LABEL), 1);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_SET_LABEL), 1);
	assert_int_equal(f->fake->args[FAKE_BO_SET_LABEL].bo_set_label.handle, 0);
	assert_int_equal(f->fake->args[FAKE_BO_SET_LABEL].bo_set_label.label, 0);
}

static void undecided_probes_ask_again(void **state)
{
	struct fixture *f = *state;

	fake_fail(f->fake, FAKE_BO_MADVISE, 1, ENOMEM);
	assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_BO_MADVISE), -ENOMEM);
	fake_fail(f->fake, FAKE_BO_MADVISE, 1, ENODEV);
	assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_BO_MADVISE), -ENODEV);
	assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_BO_MADVISE), 1);
}

/* Whatever a kernel says for "no such call", it means that the feature is not there. */
static void every_refusal_means_absent(void **state)
{
	static const int errors[] = { EINVAL, ENOTTY, EOPNOTSUPP, ENOSYS, 524 };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct fake *fake = fake_new(9);
		struct panthor_device *dev = open_fake(fake);

		fake_fail(fake, FAKE_BO_QUERY_INFO, 1, errors[i]);
		assert_int_equal(panthor_device_has(dev, PANTHOR_FEATURE_BO_QUERY_INFO), 0);
		assert_int_equal(panthor_device_has(dev, PANTHOR_FEATURE_BO_QUERY_INFO), 0);
		assert_int_equal(fake_calls(fake, FAKE_BO_QUERY_INFO), 1);
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

static void unknown_feature_is_einval(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(panthor_device_has(f->dev, (enum panthor_feature)PANTHOR_FEATURE_COUNT),
			 -EINVAL);
	assert_int_equal(panthor_device_has(f->dev, (enum panthor_feature) - 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_by_path),
		cmocka_unit_test(opens_first_panthor_node),
		cmocka_unit_test(no_node_is_enoent),
		cmocka_unit_test(forbidden_node_is_eacces),
		cmocka_unit_test(failing_walk_is_reported),
		cmocka_unit_test(other_drivers_are_enotsup),
		cmocka_unit_test(files_that_are_no_device_are_enotsup),
		cmocka_unit_test(errors_of_open_are_passed_on),
		cmocka_unit_test(interrupted_calls_are_repeated),
		cmocka_unit_test(fd_is_duplicated),
		cmocka_unit_test(counts_references),
		cmocka_unit_test(driver_comes_from_sysfs),
		cmocka_unit_test(identity_is_read_on_every_minor),
		cmocka_unit_test(features_follow_the_kernel),
		cmocka_unit_test(limits_follow_the_kernel),
		cmocka_unit_test(tyr_lacks_what_it_does_not_answer),
		fixture_test(probes_ask_once),
		fixture_test(undecided_probes_ask_again),
		cmocka_unit_test(every_refusal_means_absent),
		fixture_test(unknown_feature_is_einval),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
