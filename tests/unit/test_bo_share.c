// SPDX-License-Identifier: MIT
/* dma-buf export and import. */
#include <fcntl.h>

#include "bo.h"
#include "unit.h"

#define UNTOUCHED ((struct panthor_bo *)0x1)

static int export_bo(struct panthor_bo *bo)
{
	int fd = -1;

	assert_int_equal(panthor_bo_export(bo, &fd), 0);
	assert_true(fd >= 0);
	return fd;
}

static struct panthor_bo *import_bo(struct panthor_device *dev, int fd)
{
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_import(dev, fd, &bo), 0);
	return bo;
}

static void expect_import_error(struct fixture *f, int fd, int error)
{
	struct panthor_bo *bo = UNTOUCHED;

	assert_int_equal(panthor_bo_import(f->dev, fd, &bo), error);
	assert_ptr_equal(bo, UNTOUCHED);
}

static void export_is_writable_and_cloexec(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	int fd = export_bo(bo);
	const struct drm_prime_handle *arg = &f->fake->args[FAKE_HANDLE_TO_FD].prime;

	assert_int_equal(arg->handle, panthor_bo_handle(bo));
	assert_int_equal(arg->flags, DRM_CLOEXEC | DRM_RDWR);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fake_close_dmabuf(f->fake, fd);
	panthor_bo_unref(bo);
}

static void export_errors(void **state)
{
	static const int errors[] = { EINVAL, EMFILE, ENOMEM, ENODEV };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	int fd = -2;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_fail(f->fake, FAKE_HANDLE_TO_FD, 1, errors[i]);
		assert_int_equal(panthor_bo_export(bo, &fd), -errors[i]);
		assert_int_equal(fd, -2);
	}
	panthor_bo_unref(bo);
}

static void own_buffer_comes_back_as_itself(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, PANTHOR_BO_WB_MMAP);
	int fd = export_bo(bo);
	struct panthor_bo *same = import_bo(f->dev, fd);

	assert_ptr_equal(same, bo);
	assert_int_equal(panthor_bo_flags(same), PANTHOR_BO_WB_MMAP);
	panthor_bo_unref(same);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 0);
	panthor_bo_unref(bo);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 1);
	fake_close_dmabuf(f->fake, fd);
}

static void foreign_buffer_is_imported_once(void **state)
{
	struct fixture *f = *state;
	int fd = fake_make_dmabuf(f->fake, 3 * 4096, true);
	struct panthor_bo *bo = import_bo(f->dev, fd), *again = import_bo(f->dev, fd);

	assert_ptr_equal(again, bo);
	assert_true(panthor_bo_is_imported(bo));
	assert_int_equal(panthor_bo_flags(bo), 0);
	assert_int_equal(panthor_bo_size(bo), 3 * 4096);
	assert_int_equal(panthor_bo_sync(bo, 0, 1, PANTHOR_BO_SYNC_FLUSH), -EINVAL);
	panthor_bo_unref(bo);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 0);
	panthor_bo_unref(again);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 1);
	fake_close_dmabuf(f->fake, fd);
}

/* The same device opened twice: another handle, the flags it was created with, not imported. */
static void second_file_knows_the_flags(void **state)
{
	struct fixture *f = *state;
	struct panthor_device *other = open_fake(f->fake);
	struct panthor_bo *bo = new_bo(f->dev, 4096, PANTHOR_BO_NO_MMAP);
	int fd = export_bo(bo);
	struct panthor_bo *theirs = import_bo(other, fd);
	void *ptr;

	assert_ptr_not_equal(theirs, bo);
	assert_false(panthor_bo_is_imported(theirs));
	assert_int_equal(panthor_bo_flags(theirs), PANTHOR_BO_NO_MMAP);
	assert_int_equal(panthor_bo_map(theirs, &ptr), -EPERM);
	panthor_bo_unref(bo);
	panthor_bo_unref(theirs);
	panthor_device_unref(other);
	fake_close_dmabuf(f->fake, fd);
}

static void old_kernel_cannot_tell_origin(void **state)
{
	struct fake *fake = fake_new(6);
	struct panthor_device *dev = open_fake(fake);
	int fd = fake_make_dmabuf(fake, 4096, false);
	struct panthor_bo *bo = import_bo(dev, fd);

	assert_true(panthor_bo_is_imported(bo));
	assert_int_equal(panthor_bo_flags(bo), 0);
	panthor_bo_unref(bo);
	panthor_device_unref(dev);
	fake_close_dmabuf(fake, fd);
	assert_int_equal(fake_free(fake), 0);
}

static void import_refuses_what_is_no_dmabuf(void **state)
{
	struct fixture *f = *state;

	expect_import_error(f, -1, -EBADF);
	expect_import_error(f, STDIN_FILENO, -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 0);
}

/* Whatever fails after the kernel gave a new handle, the handle is closed: the teardown counts. */
static void failed_import_closes_its_handle(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} steps[] = {
		{ FAKE_FD_TO_HANDLE, ENOMEM },
		{ FAKE_ALLOC, ENOMEM },
		{ FAKE_LSEEK, ESPIPE },
		{ FAKE_BO_QUERY_INFO, ENODEV },
	};
	struct fixture *f = *state;
	int fd = fake_make_dmabuf(f->fake, 4096, true);

	assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_BO_QUERY_INFO), 1);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fake_fail(f->fake, steps[i].call, 1, steps[i].error);
		expect_import_error(f, fd, -steps[i].error);
		assert_null(fake_bo(f->fake, panthor_device_fd(f->dev), 1));
	}
	fake_close_dmabuf(f->fake, fd);
}

/* The same failures for a buffer that is known already must leave its handle alone. */
static void failed_import_spares_a_known_handle(void **state)
{
	static const enum fake_call calls[] = { FAKE_ALLOC, FAKE_LSEEK, FAKE_BO_QUERY_INFO };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	int fd = export_bo(bo);

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fake_fail(f->fake, calls[i], 1, ENOMEM);
		panthor_bo_unref(import_bo(f->dev, fd));
	}
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 0);
	assert_non_null(fake_bo(f->fake, panthor_device_fd(f->dev), panthor_bo_handle(bo)));
	panthor_bo_unref(bo);
	fake_close_dmabuf(f->fake, fd);
}

static void import_checks_the_answer(void **state)
{
	static const uint64_t sizes[] = { 1, 4097 };
	struct fixture *f = *state;
	int fd = fake_make_dmabuf(f->fake, 4096, true);
	int empty = fake_make_dmabuf(f->fake, 0, true);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		f->fake->bogus_size = sizes[i];
		expect_import_error(f, fd, -EPROTO);
	}
	f->fake->bogus_size = 0;
	expect_import_error(f, empty, -EPROTO);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 3);
	fake_close_dmabuf(f->fake, fd);
	fake_close_dmabuf(f->fake, empty);
}

static void export_refuses_no_descriptor(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	int fd = 77;

	f->fake->bogus_handle = true;
	assert_int_equal(panthor_bo_export(bo, &fd), -EPROTO);
	f->fake->bogus_handle = false;
	assert_int_equal(fd, 77);
	panthor_bo_unref(bo);
}

static void import_refuses_handle_zero(void **state)
{
	struct fake *fake = fake_new(9);
	struct fixture f = { fake, open_fake(fake) };
	int fd = fake_make_dmabuf(fake, 4096, true);

	fake->bogus_handle = true;
	expect_import_error(&f, fd, -EPROTO);
	assert_int_equal(fake_calls(fake, FAKE_GEM_CLOSE), 0);
	panthor_device_unref(f.dev);
	fake_close_dmabuf(fake, fd);
	assert_int_equal(fake_free(fake), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(export_is_writable_and_cloexec),
		fixture_test(export_errors),
		fixture_test(own_buffer_comes_back_as_itself),
		fixture_test(foreign_buffer_is_imported_once),
		fixture_test(second_file_knows_the_flags),
		cmocka_unit_test(old_kernel_cannot_tell_origin),
		fixture_test(import_refuses_what_is_no_dmabuf),
		fixture_test(failed_import_closes_its_handle),
		fixture_test(failed_import_spares_a_known_handle),
		fixture_test(import_checks_the_answer),
		fixture_test(export_refuses_no_descriptor),
		cmocka_unit_test(import_refuses_handle_zero),
	};

	return cmocka_run_group_tests_name("bo-share", tests, NULL, NULL);
}
