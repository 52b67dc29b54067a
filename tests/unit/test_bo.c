// SPDX-License-Identifier: MIT
/* Buffer objects: creating, counting, mapping. */
#include <limits.h>

#include "bo.h"
#include "unit.h"

#define UNTOUCHED ((struct panthor_bo *)0x1)

static void expect_new_error(struct fixture *f, uint64_t size, uint32_t flags, int error)
{
	struct panthor_bo *bo = UNTOUCHED;

	assert_int_equal(panthor_bo_new(f->dev, NULL, size, flags, &bo), error);
	assert_ptr_equal(bo, UNTOUCHED);
}

static void new_passes_size_and_flags(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4097, PANTHOR_BO_WB_MMAP);
	const struct drm_panthor_bo_create *arg = &f->fake->args[FAKE_BO_CREATE].bo_create;

	assert_int_equal(arg->size, 8192);
	assert_int_equal(arg->flags, DRM_PANTHOR_BO_WB_MMAP);
	assert_int_equal(arg->exclusive_vm_id, 0);
	assert_int_equal(arg->handle, 0);
	assert_int_equal(arg->pad, 0);

	assert_int_equal(panthor_bo_size(bo), 8192);
	assert_int_equal(panthor_bo_flags(bo), PANTHOR_BO_WB_MMAP);
	assert_int_equal(panthor_bo_handle(bo), 1);
	assert_false(panthor_bo_is_imported(bo));
	assert_ptr_equal(panthor_bo_device(bo), f->dev);
	panthor_bo_unref(bo);
	assert_int_equal(f->fake->args[FAKE_GEM_CLOSE].gem_close.handle, 1);
}

static void new_refuses_bad_sizes(void **state)
{
	static const uint64_t sizes[] = { 0, UINT64_MAX, UINT64_MAX - 4094, 1ull << 63,
					  (1ull << 63) - 4095 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		expect_new_error(f, sizes[i], 0, -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_CREATE), 0);
	/* One that fits, but not into the kernel. */
	expect_new_error(f, (1ull << 63) - 4096, 0, -ENOSPC);
}

static void new_refuses_bad_flags(void **state)
{
	struct fixture *f = *state;

	expect_new_error(f, 1, 1u << 2, -EINVAL);
	expect_new_error(f, 1, 1u << 31, -EINVAL);
	expect_new_error(f, 1, PANTHOR_BO_NO_MMAP | PANTHOR_BO_WB_MMAP, -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_CREATE), 0);
}

static void wb_mmap_needs_minor_7(void **state)
{
	struct fake *fake = fake_new(6);
	struct fixture f = { fake, open_fake(fake) };

	expect_new_error(&f, 1, PANTHOR_BO_WB_MMAP, -EOPNOTSUPP);
	panthor_device_unref(f.dev);
	assert_int_equal(fake_free(fake), 0);
}

static void new_passes_errors_on(void **state)
{
	static const int errors[] = { ENOMEM, ENOSPC, ENODEV };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_fail(f->fake, FAKE_BO_CREATE, 1, errors[i]);
		expect_new_error(f, 1, 0, -errors[i]);
	}
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	expect_new_error(f, 1, 0, -ENOMEM);
}

static void new_checks_the_answer(void **state)
{
	static const uint64_t sizes[] = { 4096, 8193, 1ull << 63, UINT64_MAX & ~4095ull };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		f->fake->bogus_size = sizes[i];
		expect_new_error(f, 8192, 0, -EPROTO);
	}
	f->fake->bogus_size = 0;
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 4);
}

static void new_takes_a_larger_size(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo;

	f->fake->bogus_size = 2 << 20;
	bo = new_bo(f->dev, 1, 0);
	f->fake->bogus_size = 0;
	assert_int_equal(panthor_bo_size(bo), 2 << 20);
	panthor_bo_unref(bo);
}

static void handle_zero_is_eproto(void **state)
{
	struct fake *fake = fake_new(9);
	struct fixture f = { fake, open_fake(fake) };

	fake->bogus_handle = true;
	expect_new_error(&f, 1, 0, -EPROTO);
	panthor_device_unref(f.dev);
	assert_int_equal(fake_free(fake), 0);
}

static void larger_pages_round_up_further(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev;
	struct panthor_bo *bo;

	fake->page_size = 65536;
	dev = open_fake(fake);
	bo = new_bo(dev, 1, 0);
	assert_int_equal(panthor_bo_size(bo), 65536);
	assert_int_equal(panthor_device_page_size(dev), 65536);
	panthor_bo_unref(bo);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(fake), 0);
}

static void last_unref_closes_the_handle(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 1, 0);

	assert_null(panthor_bo_unref(NULL));
	assert_ptr_equal(panthor_bo_ref(bo), bo);
	assert_null(panthor_bo_unref(bo));
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 0);
	assert_null(panthor_bo_unref(bo));
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 1);
}

/* More BOs than the handle table starts with, and no memory to make it larger. */
static void many_bos(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bos[500];

	for (unsigned int i = 0; i < 500; i++) {
		/* The BO's own memory is the first allocation, the table's growth the second. */
		if (i < 250)
			fake_fail(f->fake, FAKE_ALLOC, 2, ENOMEM);
		bos[i] = new_bo(f->dev, 1, 0);
	}
	for (unsigned int i = 0; i < 500; i++) {
		int fd = -1;
		struct panthor_bo *same = NULL;

		assert_int_equal(panthor_bo_export(bos[i], &fd), 0);
		assert_int_equal(panthor_bo_import(f->dev, fd, &same), 0);
		assert_ptr_equal(same, bos[i]);
		panthor_bo_unref(same);
		fake_close_dmabuf(f->fake, fd);
		panthor_bo_unref(bos[i]);
	}
}

static void map_is_shared_and_counted(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 8192, 0);
	void *first = NULL, *second = NULL;

	assert_int_equal(panthor_bo_unmap(bo), -EINVAL);
	assert_int_equal(panthor_bo_map(bo, &first), 0);
	assert_int_equal(panthor_bo_map(bo, &second), 0);
	assert_ptr_equal(first, second);
	assert_int_equal(fake_calls(f->fake, FAKE_MMAP), 1);
	memset(first, 0xa5, 8192);

	assert_int_equal(panthor_bo_unmap(bo), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_MUNMAP), 0);
	assert_int_equal(panthor_bo_unmap(bo), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_MUNMAP), 1);
	assert_int_equal(panthor_bo_unmap(bo), -EINVAL);

	/* Mapped again: the contents are there, and the offset is not asked for twice. */
	assert_int_equal(panthor_bo_map(bo, &first), 0);
	assert_int_equal(((unsigned char *)first)[8191], 0xa5);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_MMAP_OFFSET), 1);
	assert_int_equal(f->fake->args[FAKE_BO_MMAP_OFFSET].bo_mmap_offset.handle, 1);
	assert_int_equal(f->fake->args[FAKE_BO_MMAP_OFFSET].bo_mmap_offset.pad, 0);
	/* The last unref removes what nobody unmapped; the teardown counts. */
	panthor_bo_unref(bo);
	assert_int_equal(f->fake->map_count, 0);
}

static void map_errors(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} cases[] = {
		{ FAKE_BO_MMAP_OFFSET, ENODEV },
		{ FAKE_MMAP, ENOMEM },
		{ FAKE_MMAP, EAGAIN },
	};
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 1, 0), *hidden;
	void *ptr = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_fail(f->fake, cases[i].call, 1, cases[i].error);
		assert_int_equal(panthor_bo_map(bo, &ptr), -cases[i].error);
		assert_null(ptr);
		assert_int_equal(panthor_bo_unmap(bo), -EINVAL);
	}
	panthor_bo_unref(bo);

	hidden = new_bo(f->dev, 1, PANTHOR_BO_NO_MMAP);
	assert_int_equal(panthor_bo_map(hidden, &ptr), -EPERM);
	assert_null(ptr);
	panthor_bo_unref(hidden);
}

static void map_checks_the_offset(void **state)
{
	static const uint64_t offsets[] = { 1, 4095, 1ull << 63, (1ull << 63) - 4096 };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4097, 0);
	void *ptr = NULL;

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		f->fake->bogus_offset = offsets[i];
		assert_int_equal(panthor_bo_map(bo, &ptr), -EPROTO);
	}
	assert_int_equal(fake_calls(f->fake, FAKE_MMAP), 0);
	f->fake->bogus_offset = 0;
	assert_int_equal(panthor_bo_map(bo, &ptr), 0);
	panthor_bo_unref(bo);
}

static void map_limits_are_eoverflow(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 1, 0);
	uint64_t size = bo->info.size;
	void *ptr = NULL;

	/* No kernel gives a 64-bit process such a BO; a 32-bit one meets it at 2 GiB. */
	bo->info.size = (uint64_t)PTRDIFF_MAX + 1;
	assert_int_equal(panthor_bo_map(bo, &ptr), -EOVERFLOW);
	bo->info.size = size;

	assert_int_equal(panthor_bo_map(bo, &ptr), 0);
	bo->map_count = UINT_MAX;
	assert_int_equal(panthor_bo_map(bo, &ptr), -EOVERFLOW);
	bo->map_count = 1;
	assert_int_equal(panthor_bo_unmap(bo), 0);
	panthor_bo_unref(bo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(new_passes_size_and_flags),
		fixture_test(new_refuses_bad_sizes),
		fixture_test(new_refuses_bad_flags),
		cmocka_unit_test(wb_mmap_needs_minor_7),
		fixture_test(new_passes_errors_on),
		fixture_test(new_checks_the_answer),
		fixture_test(new_takes_a_larger_size),
		cmocka_unit_test(handle_zero_is_eproto),
		cmocka_unit_test(larger_pages_round_up_further),
		fixture_test(last_unref_closes_the_handle),
		fixture_test(many_bos),
		fixture_test(map_is_shared_and_counted),
		fixture_test(map_errors),
		fixture_test(map_checks_the_offset),
		fixture_test(map_limits_are_eoverflow),
	};

	return cmocka_run_group_tests_name("bo", tests, NULL, NULL);
}
