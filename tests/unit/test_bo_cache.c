// SPDX-License-Identifier: MIT
/* BO caches: what is used again, when, and at what cost. */
#include "cache_fixture.h"

#define KIB 1024ull

static void new_errors(void **state)
{
	struct fixture *f = *state;
	struct panthor_device *other = open_fake(f->fake);
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo_cache *cache = (struct panthor_bo_cache *)0x1;
	struct panthor_bo_cache_params params = { .size = sizeof(params), .flags = 8 };
	uint64_t longer[16] = { sizeof(longer), [15] = 1 };
	struct panthor_va *va = NULL;

	assert_int_equal(panthor_va_new(vm, NULL, &va), 0);
	assert_int_equal(panthor_bo_cache_new(f->dev, &params, &cache), -EINVAL);
	params.flags = PANTHOR_BO_CACHE_PRIVATE_TO_VM;
	assert_int_equal(panthor_bo_cache_new(f->dev, &params, &cache), -EINVAL);
	params.flags = 0;
	params.map_flags = PANTHOR_MAP_NOEXEC;
	assert_int_equal(panthor_bo_cache_new(f->dev, &params, &cache), -EINVAL);
	params.va = va;
	assert_int_equal(panthor_bo_cache_new(other, &params, &cache), -EINVAL);
	params.map_flags = PANTHOR_MAP_SPARSE;
	assert_int_equal(panthor_bo_cache_new(f->dev, &params, &cache), -EINVAL);
	memcpy(longer, &(uint32_t){ sizeof(longer) }, 4);
	assert_int_equal(panthor_bo_cache_new(f->dev, (const void *)longer, &cache), -E2BIG);
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_bo_cache_new(f->dev, NULL, &cache), -ENOMEM);
	assert_ptr_equal(cache, (struct panthor_bo_cache *)0x1);
	assert_null(panthor_bo_cache_unref(NULL));
	panthor_va_unref(va);
	panthor_vm_unref(vm);
	panthor_device_unref(other);
}

static void a_hit_is_the_same_buffer(void **state)
{
	struct panthor_buffer first, second;
	struct cache_fixture c;
	unsigned int before;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU | PANTHOR_BO_CACHE_PRIVATE_TO_VM, true, 0);
	first = cache_take(&c, 60 * KIB, 0);
	assert_int_equal(first.size, 64 * KIB);
	assert_int_equal(first.offset, 0);
	assert_non_null(first.ptr);
	assert_ptr_equal(
		fake_mapping_at(c.f->fake, panthor_device_fd(c.f->dev), panthor_vm_id(c.vm),
				first.va)
			.bo,
		fake_bo(c.f->fake, panthor_device_fd(c.f->dev), panthor_bo_handle(first.bo)));
	assert_int_equal(c.f->fake->args[FAKE_BO_CREATE].bo_create.exclusive_vm_id,
			 panthor_vm_id(c.vm));
	*(uint32_t *)first.ptr = 0x12345678;

	cache_give(&c, first, 0);
	before = system_calls(c.f->fake);
	second = cache_take(&c, 57 * KIB, 0);
	assert_ptr_equal(second.bo, first.bo);
	assert_ptr_equal(second.ptr, first.ptr);
	assert_int_equal(second.va, first.va);
	assert_int_equal(known_word(second.ptr), 0x12345678);
	/* WILLNEED is all; putting it back costs DONTNEED. */
	assert_int_equal(system_calls(c.f->fake), before + 1);
	assert_int_equal(c.f->fake->args[FAKE_BO_MADVISE].bo_madvise.madv,
			 DRM_PANTHOR_BO_MADV_WILLNEED);
	cache_give(&c, second, 0);
	assert_int_equal(system_calls(c.f->fake), before + 2);
	assert_int_equal(c.f->fake->args[FAKE_BO_MADVISE].bo_madvise.madv,
			 DRM_PANTHOR_BO_MADV_DONTNEED);
	assert_int_equal(cache_stats(&c).hits, 1);
	assert_int_equal(cache_stats(&c).misses, 1);
	assert_int_equal(cache_stats(&c).bos, 1);
	assert_int_equal(cache_stats(&c).bytes, 64 * KIB);
	cache_end(&c);
}

static void without_advice_a_hit_asks_nothing(void **state)
{
	struct cache_fixture c;
	unsigned int before;

	cache_begin(&c, state, PANTHOR_BO_CACHE_KEEP_CONTENTS, true, 0);
	cache_give(&c, cache_take(&c, 4 * KIB, 0), 0);
	before = system_calls(c.f->fake);
	for (int i = 0; i < 100; i++)
		cache_give(&c, cache_take(&c, 4 * KIB, 0), 0);
	assert_int_equal(system_calls(c.f->fake), before);
	cache_end(&c);
}

/* Kernels without madvise: the probe, and never again. */
static void works_on_every_minor(void **state)
{
	for (int minor = 0; minor <= 9; minor++) {
		struct fixture own = { .fake = fake_new(minor) };
		struct panthor_buffer buffer;
		struct cache_fixture c;
		struct panthor_bo *bo;
		void *fixture = &own;

		own.dev = open_fake(own.fake);
		cache_begin(&c, &fixture, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
		buffer = cache_take(&c, 4 * KIB, 0);
		bo = buffer.bo;
		cache_give(&c, buffer, 0);
		buffer = cache_take(&c, 4 * KIB, 0);
		assert_ptr_equal(buffer.bo, bo);
		cache_give(&c, buffer, 0);
		assert_int_equal(cache_stats(&c).refused, 0);
		cache_end(&c);
		panthor_device_unref(own.dev);
		assert_int_equal(fake_free(own.fake), 0);
	}
}

static void flags_and_classes_are_exact(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t flags;
	} others[] = {
		{ 80 * KIB, 0 },
		{ 56 * KIB, 0 },
		{ 64 * KIB, PANTHOR_BO_NO_MMAP },
		{ 64 * KIB, PANTHOR_BO_WB_MMAP },
	};
	struct panthor_buffer buffers[ARRAY_SIZE(others)], first;
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, false, 0);
	first = cache_take(&c, 64 * KIB, 0);
	assert_int_equal(first.va, 0);
	cache_give(&c, first, 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		buffers[i] = cache_take(&c, others[i].size, others[i].flags);
		assert_ptr_not_equal(buffers[i].bo, first.bo);
		assert_int_equal(panthor_bo_flags(buffers[i].bo), others[i].flags);
		assert_int_equal(!buffers[i].ptr, others[i].flags == PANTHOR_BO_NO_MMAP);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		cache_give(&c, buffers[i], 0);
	buffers[0] = cache_take(&c, 57 * KIB, 0);
	assert_ptr_equal(buffers[0].bo, first.bo);
	cache_give(&c, buffers[0], 0);
	cache_end(&c);
}

static void get_and_put_errors(void **state)
{
	struct panthor_buffer buffer = { .bo = NULL, .va = 77 }, foreign;
	struct cache_fixture c;

	cache_begin(&c, state, 0, false, 0);
	assert_int_equal(panthor_bo_cache_get(c.cache, 0, 0, &buffer), -EINVAL);
	assert_int_equal(panthor_bo_cache_get(c.cache, 1, 4, &buffer), -EINVAL);
	assert_int_equal(panthor_bo_cache_get(c.cache, 1, 3, &buffer), -EINVAL);
	assert_int_equal(panthor_bo_cache_get(c.cache, UINT64_MAX, 0, &buffer), -EINVAL);
	assert_int_equal(panthor_bo_cache_get(c.cache, 1ull << 50, 0, &buffer), -ENOSPC);
	assert_int_equal(buffer.va, 77);
	assert_int_equal(cache_stats(&c).misses, 0);

	foreign = (struct panthor_buffer){ .bo = new_bo(c.f->dev, 4096, 0) };
	assert_int_equal(panthor_bo_cache_put(c.cache, &foreign, 0), -EINVAL);
	panthor_bo_unref(foreign.bo);
	buffer = cache_take(&c, 1, 0);
	cache_give(&c, buffer, 0);
	assert_int_equal(panthor_bo_cache_put(c.cache, &buffer, 0), -EINVAL);
	cache_end(&c);

	cache_begin(&c, state, 0, false, 0);
	c.cache->timeline.syncobj = 0;
	buffer = cache_take(&c, 1, 0);
	assert_int_equal(panthor_bo_cache_put(c.cache, &buffer, 1), -EINVAL);
	cache_give(&c, buffer, 0);
	cache_end(&c);
}

static void busy_buffers_are_passed_over(void **state)
{
	struct panthor_buffer busy, idle, third, again;
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_KEEP_CONTENTS, true, 0);
	busy = cache_take(&c, 4 * KIB, 0);
	idle = cache_take(&c, 4 * KIB, 0);
	cache_give(&c, busy, 7);
	cache_give(&c, idle, 0);
	again = cache_take(&c, 4 * KIB, 0);
	assert_ptr_equal(again.bo, idle.bo);
	idle = again;
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 0);
	assert_int_equal(cache_stats(&c).busy, 0);

	/* Nothing but busy ones: asks once, then makes a new one. */
	third = cache_take(&c, 4 * KIB, 0);
	assert_ptr_not_equal(third.bo, busy.bo);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 1);
	assert_int_equal(cache_stats(&c).busy, 1);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 7), 0);
	again = cache_take(&c, 4 * KIB, 0);
	assert_ptr_equal(again.bo, busy.bo);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 2);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_WAIT), 0);

	/* Known to be past: not asked again. */
	cache_give(&c, again, 6);
	again = cache_take(&c, 4 * KIB, 0);
	assert_ptr_equal(again.bo, busy.bo);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 2);
	cache_give(&c, again, 0);
	cache_give(&c, idle, 0);
	cache_give(&c, third, 0);
	cache_end(&c);
}

static void purged_buffers_read_zero(void **state)
{
	struct panthor_buffer buffer;
	struct cache_fixture c;
	struct panthor_bo *bo;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
	buffer = cache_take(&c, 4 * KIB, 0);
	bo = buffer.bo;
	*(uint32_t *)buffer.ptr = 1;
	cache_give(&c, buffer, 0);
	fake_purge(c.f->fake);
	buffer = cache_take(&c, 4 * KIB, 0);
	assert_ptr_equal(buffer.bo, bo);
	assert_int_equal(known_word(buffer.ptr), 0);
	assert_int_equal(cache_stats(&c).purged, 1);
	assert_int_equal(cache_stats(&c).hits, 1);
	*(uint32_t *)buffer.ptr = 2;
	cache_give(&c, buffer, 0);
	cache_end(&c);
}

static void what_cannot_be_revived_is_dropped(void **state)
{
	struct panthor_buffer buffers[2];
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	for (int i = 0; i < 2; i++)
		buffers[i] = cache_take(&c, 4 * KIB, 0);
	for (int i = 0; i < 2; i++)
		cache_give(&c, buffers[i], 0);
	fake_fail(c.f->fake, FAKE_BO_MADVISE, 1, ENOMEM);
	buffers[0] = cache_take(&c, 4 * KIB, 0);
	assert_ptr_equal(buffers[0].bo, buffers[1].bo);
	assert_int_equal(fake_calls(c.f->fake, FAKE_GEM_CLOSE), 1);
	cache_give(&c, buffers[0], 0);
	cache_end(&c);
}

static void what_others_know_is_not_reused(void **state)
{
	struct panthor_buffer exported, referenced, large, refused;
	struct cache_fixture c;
	int fd = -1;

	cache_begin(&c, state, 0, true, 0);
	exported = cache_take(&c, 4 * KIB, 0);
	referenced = cache_take(&c, 4 * KIB, 0);
	refused = cache_take(&c, 4 * KIB, 0);
	large = cache_take(&c, (128ull << 20) + 1, 0);
	assert_int_equal(large.size, (128ull << 20) + 4 * KIB);
	assert_int_equal(panthor_bo_export(exported.bo, &fd), 0);
	panthor_bo_ref(referenced.bo);
	cache_give(&c, exported, 0);
	cache_give(&c, referenced, 0);
	cache_give(&c, large, 0);
	/* Whatever else the kernel has against DONTNEED. */
	assert_int_equal(panthor_device_has(c.f->dev, PANTHOR_FEATURE_BO_MADVISE), 1);
	fake_fail(c.f->fake, FAKE_BO_MADVISE, 1, EINVAL);
	cache_give(&c, refused, 0);
	assert_int_equal(cache_stats(&c).refused, 4);
	assert_int_equal(cache_stats(&c).bos, 0);
	assert_int_equal(
		fake_mapping_count(c.f->fake, panthor_device_fd(c.f->dev), panthor_vm_id(c.vm)), 0);
	assert_int_equal(panthor_bo_size(referenced.bo), 4 * KIB);
	panthor_bo_unref(referenced.bo);
	fake_close_dmabuf(c.f->fake, fd);
	cache_end(&c);
}

/* Whoever sent it may still write to it; nor is one of the cache's own that went out and back. */
static void imported_ones_are_not_taken(void **state)
{
	struct panthor_buffer imported = { 0 }, back = { 0 }, mine;
	struct cache_fixture c;
	int fd = fake_make_dmabuf(((struct fixture *)*state)->fake, 4 * KIB, true);

	cache_begin(&c, state, 0, true, 0);
	assert_int_equal(panthor_bo_import(c.f->dev, fd, &imported.bo), 0);
	assert_int_equal(panthor_bo_cache_put(c.cache, &imported, 0), -EINVAL);
	panthor_bo_unref(imported.bo);
	fake_close_dmabuf(c.f->fake, fd);

	mine = cache_take(&c, 4 * KIB, 0);
	assert_int_equal(panthor_bo_export(mine.bo, &fd), 0);
	assert_int_equal(panthor_bo_import(c.f->dev, fd, &back.bo), 0);
	assert_ptr_equal(back.bo, mine.bo);
	panthor_bo_unref(back.bo);
	cache_give(&c, mine, 0);
	fake_close_dmabuf(c.f->fake, fd);
	assert_int_equal(cache_stats(&c).refused, 1);
	assert_int_equal(cache_stats(&c).bos, 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_BO_MADVISE), 0);
	cache_end(&c);
}

/* It is mapped while the GPU uses it, and closed first when it does not. */
static void what_is_refused_waits_for_the_gpu(void **state)
{
	struct panthor_buffer exported, other;
	struct cache_fixture c;
	int fd = -1;

	cache_begin(&c, state, 0, true, 0);
	exported = cache_take(&c, 4 * KIB, 0);
	assert_int_equal(panthor_bo_export(exported.bo, &fd), 0);
	cache_give(&c, exported, 5);
	fake_close_dmabuf(c.f->fake, fd);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 0);
	assert_int_equal(
		fake_mapping_count(c.f->fake, panthor_device_fd(c.f->dev), panthor_vm_id(c.vm)), 1);
	other = cache_take(&c, 4 * KIB, 0);
	assert_ptr_not_equal(other.bo, exported.bo);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 5), 0);
	/* However young it is. */
	c.f->fake->now_ns = 1000000000;
	assert_int_equal(panthor_bo_cache_trim(c.cache, UINT64_MAX), 4 * KIB);
	cache_give(&c, other, 0);
	cache_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(new_errors),
		fixture_test(a_hit_is_the_same_buffer),
		fixture_test(without_advice_a_hit_asks_nothing),
		cmocka_unit_test(works_on_every_minor),
		fixture_test(flags_and_classes_are_exact),
		fixture_test(get_and_put_errors),
		fixture_test(busy_buffers_are_passed_over),
		fixture_test(purged_buffers_read_zero),
		fixture_test(what_cannot_be_revived_is_dropped),
		fixture_test(what_others_know_is_not_reused),
		fixture_test(imported_ones_are_not_taken),
		fixture_test(what_is_refused_waits_for_the_gpu),
	};

	return cmocka_run_group_tests_name("bo-cache", tests, NULL, NULL);
}
