// SPDX-License-Identifier: MIT
/* BO caches: what is left of the last user. */
#include "cache_fixture.h"

#define KIB 1024ull

/* What its last user left in the CPU's caches is not to be written over the next one's work. */
static void cached_maps_are_flushed_on_reuse(void **state)
{
	const struct drm_panthor_bo_sync_op *op;
	struct panthor_buffer buffer;
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
	op = &c.f->fake->args[FAKE_BO_SYNC].bo_sync_op;
	assert_int_equal(panthor_device_has(c.f->dev, PANTHOR_FEATURE_BO_SYNC), 1);
	assert_int_equal(fake_calls(c.f->fake, FAKE_BO_SYNC), 1);
	cache_give(&c, cache_take(&c, 4 * KIB, 0), 0);
	cache_give(&c, cache_take(&c, 4 * KIB, 0), 0);
	buffer = cache_take(&c, 64 * KIB, PANTHOR_BO_WB_MMAP);
	cache_give(&c, buffer, 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_BO_SYNC), 1);
	cache_give(&c, cache_take(&c, 64 * KIB, PANTHOR_BO_WB_MMAP), 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_BO_SYNC), 2);
	assert_int_equal(op->type, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE);
	assert_int_equal(op->handle, panthor_bo_handle(buffer.bo));
	assert_int_equal(op->offset, 0);
	assert_int_equal(op->size, 64 * KIB);

	/* The kernel looks after pages that it gives anew. */
	fake_purge(c.f->fake);
	cache_give(&c, cache_take(&c, 64 * KIB, PANTHOR_BO_WB_MMAP), 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_BO_SYNC), 2);
	/* What cannot be flushed is not for use. */
	fake_fail(c.f->fake, FAKE_BO_SYNC, 1, ENOMEM);
	cache_give(&c, cache_take(&c, 64 * KIB, PANTHOR_BO_WB_MMAP), 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_GEM_CLOSE), 1);
	cache_end(&c);
}

static void coherent_gpus_need_no_flush(void **state)
{
	struct fixture own = { .fake = fake_new(9) };
	struct cache_fixture c;
	void *fixture = &own;

	own.fake->coherency = DRM_PANTHOR_GPU_COHERENCY_ACE_LITE;
	own.dev = open_fake(own.fake);
	cache_begin(&c, &fixture, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
	cache_give(&c, cache_take(&c, 4 * KIB, PANTHOR_BO_WB_MMAP), 0);
	cache_give(&c, cache_take(&c, 4 * KIB, PANTHOR_BO_WB_MMAP), 0);
	assert_int_equal(cache_stats(&c).hits, 1);
	assert_int_equal(fake_calls(own.fake, FAKE_BO_SYNC), 0);
	cache_end(&c);
	panthor_device_unref(own.dev);
	assert_int_equal(fake_free(own.fake), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(cached_maps_are_flushed_on_reuse),
		cmocka_unit_test(coherent_gpus_need_no_flush),
	};

	return cmocka_run_group_tests_name("bo-cache-reuse", tests, NULL, NULL);
}
