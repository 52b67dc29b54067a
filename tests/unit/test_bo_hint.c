// SPDX-License-Identifier: MIT
/* What is said about BOs: labels, cache upkeep, advice to reclaim. */
#include "unit.h"

static void label_is_passed(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 1, 0);
	const struct fake_bo *kernel = fake_bo(f->fake, panthor_device_fd(f->dev), 1);

	assert_int_equal(panthor_bo_set_label(bo, "vertices\n\x1b[31m"), 0);
	assert_string_equal(kernel->label, "vertices\n\x1b[31m");
	assert_int_equal(f->fake->args[FAKE_BO_SET_LABEL].bo_set_label.pad, 0);
	assert_int_equal(panthor_bo_set_label(bo, ""), 0);
	assert_string_equal(kernel->label, "");
	assert_int_equal(panthor_bo_set_label(bo, NULL), 0);
	assert_null(kernel->label);
	panthor_bo_unref(bo);
}

static void label_limits(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 1, 0);
	char label[4097];

	memset(label, 'x', sizeof(label));
	label[4096] = '\0';
	assert_int_equal(panthor_bo_set_label(bo, label), -E2BIG);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_SET_LABEL), 0);
	label[4095] = '\0';
	assert_int_equal(panthor_bo_set_label(bo, label), 0);
	fake_fail(f->fake, FAKE_BO_SET_LABEL, 1, ENOMEM);
	assert_int_equal(panthor_bo_set_label(bo, "x"), -ENOMEM);
	panthor_bo_unref(bo);
}

static void sync_passes_the_range(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 8192, PANTHOR_BO_WB_MMAP);
	const struct drm_panthor_bo_sync_op *op = &f->fake->args[FAKE_BO_SYNC].bo_sync_op;

	assert_int_equal(panthor_bo_sync(bo, 64, 8128, PANTHOR_BO_SYNC_FLUSH_AND_INVALIDATE), 0);
	assert_int_equal(op->handle, 1);
	assert_int_equal(op->type, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE);
	assert_int_equal(op->offset, 64);
	assert_int_equal(op->size, 8128);
	assert_int_equal(panthor_bo_sync(bo, 0, 1, PANTHOR_BO_SYNC_FLUSH), 0);
	assert_int_equal(op->type, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH);
	assert_int_equal(op->offset, 0);
	assert_int_equal(op->size, 64);
	fake_fail(f->fake, FAKE_BO_SYNC, 1, EINTR);
	assert_int_equal(panthor_bo_sync(bo, 0, 1, PANTHOR_BO_SYNC_FLUSH), 0);
	fake_fail(f->fake, FAKE_BO_SYNC, 1, ENODEV);
	assert_int_equal(panthor_bo_sync(bo, 0, 1, PANTHOR_BO_SYNC_FLUSH), -ENODEV);
	panthor_bo_unref(bo);
}

static void sync_refuses_bad_ranges(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 8192, PANTHOR_BO_WB_MMAP);

	assert_int_equal(panthor_bo_sync(bo, 8192, 1, PANTHOR_BO_SYNC_FLUSH), -EINVAL);
	assert_int_equal(panthor_bo_sync(bo, 8193, 0, PANTHOR_BO_SYNC_FLUSH), -EINVAL);
	assert_int_equal(panthor_bo_sync(bo, 0, 8193, PANTHOR_BO_SYNC_FLUSH), -EINVAL);
	assert_int_equal(panthor_bo_sync(bo, 4096, UINT64_MAX, PANTHOR_BO_SYNC_FLUSH), -EINVAL);
	assert_int_equal(panthor_bo_sync(bo, UINT64_MAX, 2, PANTHOR_BO_SYNC_FLUSH), -EINVAL);
	assert_int_equal(panthor_bo_sync(bo, 0, 1, (enum panthor_bo_sync_type)2), -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_SYNC), 0);
	panthor_bo_unref(bo);
}

/* Only the probe reaches the kernel when there is nothing to do. */
static void sync_skips_needless_calls(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *wc = new_bo(f->dev, 8192, 0);
	struct panthor_bo *wb = new_bo(f->dev, 8192, PANTHOR_BO_WB_MMAP);
	struct fake *coherent = fake_new(9);
	struct panthor_device *dev;
	struct panthor_bo *bo;

	assert_int_equal(panthor_bo_sync(wc, 0, 8192, PANTHOR_BO_SYNC_FLUSH), 0);
	assert_int_equal(panthor_bo_sync(wb, 8192, 0, PANTHOR_BO_SYNC_FLUSH), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_SYNC), 1);
	assert_int_equal(f->fake->args[FAKE_BO_SYNC].bo_sync_op.handle, 0);
	panthor_bo_unref(wc);
	panthor_bo_unref(wb);

	coherent->coherency = DRM_PANTHOR_GPU_COHERENCY_ACE_LITE;
	dev = open_fake(coherent);
	bo = new_bo(dev, 8192, PANTHOR_BO_WB_MMAP);
	assert_int_equal(panthor_bo_sync(bo, 0, 8192, PANTHOR_BO_SYNC_FLUSH), 0);
	assert_int_equal(fake_calls(coherent, FAKE_BO_SYNC), 1);
	panthor_bo_unref(bo);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(coherent), 0);
}

/* An answer that says nothing about the feature is not remembered as one. */
static void sync_asks_again_after_a_failed_probe(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 8192, PANTHOR_BO_WB_MMAP);

	fake_fail(f->fake, FAKE_BO_SYNC, 1, ENOMEM);
	assert_int_equal(panthor_bo_sync(bo, 0, 8192, PANTHOR_BO_SYNC_FLUSH), -ENOMEM);
	assert_int_equal(panthor_bo_sync(bo, 0, 8192, PANTHOR_BO_SYNC_FLUSH), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_SYNC), 3);
	panthor_bo_unref(bo);
}

static void madvise_tells_what_was_kept(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	const struct drm_panthor_bo_madvise *arg = &f->fake->args[FAKE_BO_MADVISE].bo_madvise;
	bool retained = false;
	void *ptr = NULL;

	assert_int_equal(panthor_bo_map(bo, &ptr), 0);
	memset(ptr, 0xff, 4096);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, &retained), 0);
	assert_true(retained);
	assert_int_equal(arg->handle, 1);
	assert_int_equal(arg->madv, DRM_PANTHOR_BO_MADV_DONTNEED);
	assert_int_equal(arg->retained, 0);
	assert_int_equal(arg->pad, 0);

	fake_purge(f->fake);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, &retained), 0);
	assert_false(retained);
	assert_int_equal(*(unsigned char *)ptr, 0);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_COLD, &retained), 0);
	assert_true(retained);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_PAGEOUT, NULL), 0);
	assert_int_equal(arg->madv, DRM_PANTHOR_BO_MADV_PAGEOUT);
	panthor_bo_unref(bo);
}

static void madvise_errors(void **state)
{
	static const int errors[] = { EBUSY, ENOSPC, ENODEV };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0), *imported = NULL;
	int fd = fake_make_dmabuf(f->fake, 4096, true);
	bool retained = true;

	assert_int_equal(panthor_bo_madvise(bo, (enum panthor_bo_advice)4, &retained), -EINVAL);
	assert_int_equal(panthor_bo_madvise(bo, (enum panthor_bo_advice) - 1, &retained), -EINVAL);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_MADVISE), 0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_BO_MADVISE), 1);
		fake_fail(f->fake, FAKE_BO_MADVISE, 1, errors[i]);
		assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_PAGEOUT, &retained), -errors[i]);
	}
	assert_int_equal(panthor_bo_import(f->dev, fd, &imported), 0);
	assert_int_equal(panthor_bo_madvise(imported, PANTHOR_BO_DONTNEED, &retained), -EINVAL);
	assert_true(retained);
	fake_close_dmabuf(f->fake, fd);

	assert_int_equal(panthor_bo_export(bo, &fd), 0);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, NULL), -EINVAL);
	fake_close_dmabuf(f->fake, fd);
	panthor_bo_unref(imported);
	panthor_bo_unref(bo);
}

/* On a kernel with nothing but 1.0, and on Tyr: a clear no, and the rest goes on working. */
static void missing_features_are_eopnotsupp(void **state)
{
	for (int tyr = 0; tyr <= 1; tyr++) {
		struct fake *fake = fake_new(tyr ? 5 : 0);
		struct panthor_device *dev;
		struct panthor_bo *bo;
		bool retained = true;
		void *ptr;

		fake->tyr = tyr;
		dev = open_fake(fake);
		bo = new_bo(dev, 1, 0);
		assert_int_equal(panthor_bo_set_label(bo, "x"), -EOPNOTSUPP);
		assert_int_equal(panthor_bo_sync(bo, 0, 1, PANTHOR_BO_SYNC_FLUSH), -EOPNOTSUPP);
		assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, &retained),
				 -EOPNOTSUPP);
		assert_true(retained);
		assert_int_equal(panthor_bo_map(bo, &ptr), 0);
		panthor_bo_unref(bo);
		panthor_device_unref(dev);
		assert_int_equal(fake_free(fake), 0);
	}
}

/* The feature is there, but the call says no in the words of a kernel that never had it. */
static void late_refusals_are_eopnotsupp(void **state)
{
	static const int errors[] = { ENOTTY, 524, EOPNOTSUPP };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 1, 0);

	assert_int_equal(panthor_bo_set_label(bo, "x"), 0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_fail(f->fake, FAKE_BO_SET_LABEL, 1, errors[i]);
		assert_int_equal(panthor_bo_set_label(bo, "x"), -EOPNOTSUPP);
	}
	panthor_bo_unref(bo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(label_is_passed),
		fixture_test(label_limits),
		fixture_test(sync_passes_the_range),
		fixture_test(sync_refuses_bad_ranges),
		fixture_test(sync_skips_needless_calls),
		fixture_test(sync_asks_again_after_a_failed_probe),
		fixture_test(madvise_tells_what_was_kept),
		fixture_test(madvise_errors),
		cmocka_unit_test(missing_features_are_eopnotsupp),
		fixture_test(late_refusals_are_eopnotsupp),
	};

	return cmocka_run_group_tests_name("bo-hint", tests, NULL, NULL);
}
