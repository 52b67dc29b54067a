/* SPDX-License-Identifier: MIT */
/* A BO cache over the fake, with a VM, addresses and a timeline to go with it. */
#ifndef CACHE_FIXTURE_H
#define CACHE_FIXTURE_H

#include "bo_cache.h"
#include "va_fixture.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

/* The library tells valgrind that what a buffer holds is nothing to rely on; tests know better. */
static inline uint32_t known_word(const void *ptr)
{
#ifdef VALGRIND_MAKE_MEM_DEFINED
	VALGRIND_MAKE_MEM_DEFINED(ptr, sizeof(uint32_t));
#endif
	return *(const uint32_t *)ptr;
}

struct cache_fixture {
	struct fixture *f;
	struct panthor_vm *vm;
	struct panthor_va *va;
	uint32_t timeline;
	struct panthor_bo_cache *cache;
};

/* A cache that maps nothing, or everything. Addresses and cache have one timeline. */
static inline void cache_begin(struct cache_fixture *c, void **state, uint32_t flags, bool mapped,
			       uint64_t max_bytes)
{
	struct panthor_bo_cache_params params = {
		.size = sizeof(params),
		.flags = flags,
		.max_bytes = max_bytes,
	};
	struct panthor_va_params va_params = { .size = sizeof(va_params) };

	*c = (struct cache_fixture){ .f = *state };
	c->vm = new_vm(c->f->dev, 0);
	c->timeline = new_syncobj(c->f->dev, 0);
	va_params.timeline = c->timeline;
	assert_int_equal(panthor_va_new(c->vm, &va_params, &c->va), 0);
	params.timeline = c->timeline;
	params.va = mapped ? c->va : NULL;
	assert_int_equal(panthor_bo_cache_new(c->f->dev, &params, &c->cache), 0);
}

static inline void cache_end(struct cache_fixture *c)
{
	assert_null(panthor_bo_cache_unref(c->cache));
	assert_int_equal(
		fake_mapping_count(c->f->fake, panthor_device_fd(c->f->dev), panthor_vm_id(c->vm)),
		0);
	assert_int_equal(panthor_syncobj_destroy(c->f->dev, c->timeline), 0);
	panthor_va_unref(c->va);
	panthor_vm_unref(c->vm);
}

static inline struct panthor_buffer cache_take(struct cache_fixture *c, uint64_t size,
					       uint32_t flags)
{
	struct panthor_buffer buffer = { 0 };

	assert_int_equal(panthor_bo_cache_get(c->cache, size, flags, &buffer), 0);
	assert_non_null(buffer.bo);
	assert_true(buffer.size >= size);
	return buffer;
}

static inline void cache_give(struct cache_fixture *c, struct panthor_buffer buffer, uint64_t point)
{
	assert_int_equal(panthor_bo_cache_put(c->cache, &buffer, point), 0);
}

static inline struct panthor_bo_cache_stats cache_stats(struct cache_fixture *c)
{
	struct panthor_bo_cache_stats stats;

	panthor_bo_cache_stats(c->cache, &stats);
	return stats;
}

/* All addresses wait for the timeline, and its caller has closed that. */
static inline void cache_lose_addresses(struct cache_fixture *c)
{
	const uint64_t size = panthor_vm_user_va_range(c->vm) - 2 * MIB;

	assert_int_equal(panthor_va_reserve(c->va, 2 * MIB, size), 0);
	assert_int_equal(panthor_va_free(c->va, 2 * MIB, size, 1), 0);
	assert_int_equal(panthor_syncobj_destroy(c->f->dev, c->timeline), 0);
}

/* Another timeline, which has come to their point. */
static inline void cache_find_addresses(struct cache_fixture *c)
{
	assert_int_equal(new_syncobj(c->f->dev, 0), c->timeline);
	assert_int_equal(panthor_syncobj_signal(c->f->dev, c->timeline, 1), 0);
}

/* How often the kernel was asked for anything. */
static inline unsigned int system_calls(struct fake *fake)
{
	unsigned int calls = 0;

	for (unsigned int i = 0; i < FAKE_CALL_COUNT; i++) {
		if (i != FAKE_LOCK && i != FAKE_ALLOC && i != FAKE_YIELD && i != FAKE_SLEEP)
			calls += fake_calls(fake, (enum fake_call)i);
	}
	return calls;
}

#endif
