// SPDX-License-Identifier: MIT
/* BO caches: which buffer is which, what is left of its last user, and what programs see of it. */
#include "cache_fixture.h"

#define KIB 1024ull

/* Whatever has become of the BO meanwhile: freed, or somebody else's. */
static void what_was_put_back_is_gone(void **state)
{
	struct panthor_buffer buffer, other, wrong;
	struct cache_fixture c, d;

	cache_begin(&c, state, 0, true, 0);
	buffer = cache_take(&c, 4 * KIB, 0);
	cache_give(&c, buffer, 0);
	other = cache_take(&c, 4 * KIB, 0);
	assert_ptr_equal(other.bo, buffer.bo);
	assert_int_equal(panthor_bo_cache_put(c.cache, &buffer, 0), -EINVAL);
	cache_give(&c, other, 0);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 4 * KIB);
	assert_int_equal(panthor_bo_cache_put(c.cache, &buffer, 0), -EINVAL);
	assert_int_equal(panthor_bo_cache_put(c.cache, &other, 0), -EINVAL);

	/* A BO in the place of the one that is gone. */
	other = cache_take(&c, 8 * KIB, 0);
	assert_int_equal((uint32_t)other.serial, (uint32_t)buffer.serial);
	assert_int_equal(panthor_bo_cache_put(c.cache, &buffer, 0), -EINVAL);

	wrong = other;
	wrong.serial = 0;
	assert_int_equal(panthor_bo_cache_put(c.cache, &wrong, 0), -EINVAL);
	wrong.serial = UINT64_MAX;
	assert_int_equal(panthor_bo_cache_put(c.cache, &wrong, 0), -EINVAL);
	wrong.serial = other.serial + 100;
	assert_int_equal(panthor_bo_cache_put(c.cache, &wrong, 0), -EINVAL);
	wrong.serial = other.serial + (1ull << 32);
	assert_int_equal(panthor_bo_cache_put(c.cache, &wrong, 0), -EINVAL);

	/* Each cache counts for itself. */
	cache_begin(&d, state, 0, true, 0);
	wrong = cache_take(&d, 4 * KIB, 0);
	assert_int_equal(panthor_bo_cache_put(c.cache, &wrong, 0), -EINVAL);
	cache_give(&d, wrong, 0);
	cache_end(&d);
	cache_give(&c, other, 0);
	cache_end(&c);
}

/* The places of many buffers that are out. */
static void thousands_are_told_apart(void **state)
{
	static struct panthor_buffer buffers[3000];
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_KEEP_CONTENTS, false, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		buffers[i] = cache_take(&c, 4 * KIB, 0);
		assert_int_equal((uint32_t)buffers[i].serial, i);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++)
		cache_give(&c, buffers[i], 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++)
		assert_int_equal(panthor_bo_cache_put(c.cache, &buffers[i], 0), -EINVAL);
	assert_int_equal(cache_stats(&c).bos, ARRAY_SIZE(buffers));
	cache_end(&c);
}

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

/* Programs of other versions have structures of other sizes. */
static void stats_fit_the_caller(void **state)
{
	struct longer {
		struct panthor_bo_cache_stats known;
		uint64_t later[2];
		uint64_t behind;
	} longer;
	uint64_t shorter[3];
	struct cache_fixture c;

	cache_begin(&c, state, 0, false, 0);
	cache_give(&c, cache_take(&c, 4 * KIB, 0), 0);
	memset(&longer, 0x55, sizeof(longer));
	panthor_bo_cache_stats_sized(c.cache, &longer.known, offsetof(struct longer, behind));
	assert_int_equal(longer.known.misses, 1);
	assert_int_equal(longer.known.bytes, 4 * KIB);
	assert_int_equal(longer.later[0] | longer.later[1], 0);
	assert_int_equal(longer.behind, 0x5555555555555555);
	memset(shorter, 0x55, sizeof(shorter));
	panthor_bo_cache_stats_sized(c.cache, (void *)shorter, 16);
	assert_int_equal(shorter[1], 1);
	assert_int_equal(shorter[2], 0x5555555555555555);
	cache_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(what_was_put_back_is_gone),
		fixture_test(thousands_are_told_apart),
		fixture_test(cached_maps_are_flushed_on_reuse),
		cmocka_unit_test(coherent_gpus_need_no_flush),
		fixture_test(stats_fit_the_caller),
	};

	return cmocka_run_group_tests_name("bo-cache-reuse", tests, NULL, NULL);
}
