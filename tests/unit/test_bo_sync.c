// SPDX-License-Identifier: MIT
/* Cache upkeep of many ranges: what is made one, what is left out, all or nothing. */
#include "unit.h"

#define FLUSH	   PANTHOR_BO_SYNC_FLUSH
#define INVALIDATE PANTHOR_BO_SYNC_FLUSH_AND_INVALIDATE

/* Three BOs: two that need it, one that does not. */
struct sync_fixture {
	struct fixture *f;
	struct panthor_bo *a;
	struct panthor_bo *b;
	struct panthor_bo *plain;
};

static void begin(struct sync_fixture *s, void **state)
{
	s->f = *state;
	s->a = new_bo(s->f->dev, 8192, PANTHOR_BO_WB_MMAP);
	s->b = new_bo(s->f->dev, 8192, PANTHOR_BO_WB_MMAP);
	s->plain = new_bo(s->f->dev, 8192, 0);
	assert_int_equal(panthor_device_has(s->f->dev, PANTHOR_FEATURE_BO_SYNC), 1);
}

static void end(struct sync_fixture *s)
{
	panthor_bo_unref(s->a);
	panthor_bo_unref(s->b);
	panthor_bo_unref(s->plain);
}

static void expect_op(const struct sync_fixture *s, uint32_t index, const struct panthor_bo *bo,
		      uint64_t offset, uint64_t size, uint32_t type)
{
	const struct drm_panthor_bo_sync_op *op = &s->f->fake->sync_ops[index];

	assert_int_equal(op->handle, panthor_bo_handle(bo));
	assert_int_equal(op->offset, offset);
	assert_int_equal(op->size, size);
	assert_int_equal(op->type, type);
}

static void ranges_that_meet_are_one(void **state)
{
	struct sync_fixture s;
	unsigned int before;

	begin(&s, state);
	before = fake_calls(s.f->fake, FAKE_BO_SYNC);
	assert_int_equal(panthor_bo_sync_ranges(s.f->dev,
						(struct panthor_bo_range[]){
							{ s.b, 4096, 64, FLUSH },
							{ s.a, 1000, 10, FLUSH },
							{ s.a, 0, 64, FLUSH },
							{ s.plain, 0, 8192, FLUSH },
							/* In the line of the one before. */
							{ s.a, 1020, 1, INVALIDATE },
							{ s.a, 64, 64, FLUSH },
							{ s.b, 0, 8192, FLUSH },
							{ s.a, 4096, 0, FLUSH },
						},
						8),
			 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_BO_SYNC), before + 1);
	assert_int_equal(s.f->fake->sync_op_count, 3);
	expect_op(&s, 0, s.a, 0, 128, FLUSH);
	expect_op(&s, 1, s.a, 960, 64, INVALIDATE);
	expect_op(&s, 2, s.b, 0, 8192, FLUSH);
	end(&s);
}

static void nothing_to_do_asks_nothing(void **state)
{
	struct sync_fixture s;
	unsigned int before;

	begin(&s, state);
	before = fake_calls(s.f->fake, FAKE_BO_SYNC);
	assert_int_equal(panthor_bo_sync_ranges(s.f->dev, NULL, 0), 0);
	assert_int_equal(panthor_bo_sync_ranges(
				 s.f->dev, &(struct panthor_bo_range){ s.plain, 0, 1, FLUSH }, 1),
			 0);
	assert_int_equal(fake_calls(s.f->fake, FAKE_BO_SYNC), before);
	end(&s);
}

static void many_ranges_need_memory(void **state)
{
	struct panthor_bo_range ranges[100];
	struct sync_fixture s;

	begin(&s, state);
	for (uint32_t i = 0; i < 100; i++)
		ranges[i] = (struct panthor_bo_range){ i % 2 ? s.a : s.b, i / 2 * 128, 64, FLUSH };
	fake_fail(s.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_bo_sync_ranges(s.f->dev, ranges, 100), -ENOMEM);
	assert_int_equal(panthor_bo_sync_ranges(s.f->dev, ranges, 100), 0);
	assert_int_equal(s.f->fake->sync_op_count, 100);
	expect_op(&s, 0, s.a, 0, 64, FLUSH);
	expect_op(&s, 49, s.a, 49 * 128, 64, FLUSH);
	expect_op(&s, 50, s.b, 0, 64, FLUSH);
	end(&s);
}

/* One bad range, wherever it is, and nothing is done. */
static void errors_come_first(void **state)
{
	struct panthor_bo *foreign = NULL, *theirs;
	struct panthor_device *other;
	struct sync_fixture s;
	unsigned int before;
	int fd;

	begin(&s, state);
	other = open_fake(s.f->fake);
	theirs = new_bo(other, 4096, PANTHOR_BO_WB_MMAP);
	fd = fake_make_dmabuf(s.f->fake, 4096, true);
	assert_int_equal(panthor_bo_import(s.f->dev, fd, &foreign), 0);
	before = fake_calls(s.f->fake, FAKE_BO_SYNC);
	for (int i = 0; i < 8; i++) {
		const struct panthor_bo_range bad[] = {
			{ s.b, 8192, 1, FLUSH },
			{ s.b, 1, UINT64_MAX, FLUSH },
			{ s.b, 0, 1, 2 },
			{ foreign, 0, 1, FLUSH },
			{ theirs, 0, 1, FLUSH },
			{ s.b, 0, 1, FLUSH, { 1, 0, 0 } },
			{ s.b, 0, 1, FLUSH, { 0, 1, 0 } },
			{ s.b, 0, 1, FLUSH, { 0, 0, 1 } },
		};
		struct panthor_bo_range ranges[] = { { s.a, 0, 1, FLUSH }, bad[i] };

		assert_int_equal(panthor_bo_sync_ranges(s.f->dev, ranges, 2), -EINVAL);
	}
	assert_int_equal(fake_calls(s.f->fake, FAKE_BO_SYNC), before);
	fake_fail(s.f->fake, FAKE_BO_SYNC, 1, ENODEV);
	assert_int_equal(
		panthor_bo_sync_ranges(s.f->dev, &(struct panthor_bo_range){ s.a, 0, 1, FLUSH }, 1),
		-ENODEV);
	panthor_bo_unref(foreign);
	panthor_bo_unref(theirs);
	panthor_device_unref(other);
	fake_close_dmabuf(s.f->fake, fd);
	end(&s);
}

static void old_kernels_have_none(void **state)
{
	struct fake *fake = fake_new(6);
	struct panthor_device *dev = open_fake(fake);
	struct panthor_bo *bo = new_bo(dev, 4096, 0);

	assert_int_equal(
		panthor_bo_sync_ranges(dev, &(struct panthor_bo_range){ bo, 0, 1, FLUSH }, 1),
		-EOPNOTSUPP);
	panthor_bo_unref(bo);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(fake), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(ranges_that_meet_are_one),	 fixture_test(nothing_to_do_asks_nothing),
		fixture_test(many_ranges_need_memory),	 fixture_test(errors_come_first),
		cmocka_unit_test(old_kernels_have_none),
	};

	return cmocka_run_group_tests_name("bo-sync", tests, NULL, NULL);
}
