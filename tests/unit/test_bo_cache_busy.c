// SPDX-License-Identifier: MIT
/* BO caches: what the GPU still uses, against cap, age and the end; shards in use. */
#include "cache_fixture.h"

#define KIB    1024ull
#define SECOND 1000000000ull

static void fill(struct cache_fixture *c, struct panthor_buffer *buffers, unsigned int count,
		 uint64_t size)
{
	for (unsigned int i = 0; i < count; i++)
		buffers[i] = cache_take(c, size, 0);
}

/* Mapped BOs cannot go while the GPU uses them, so the cap has to give way, but not longer. */
static void the_cap_yields_to_the_gpu(void **state)
{
	struct panthor_buffer buffers[8], other;
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 8 * KIB);
	fill(&c, buffers, 8, 4 * KIB);
	for (int i = 0; i < 4; i++)
		cache_give(&c, buffers[i], 9);
	assert_int_equal(cache_stats(&c).bytes, 16 * KIB);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 9), 0);
	/* Nobody gets what the GPU is past. */
	other = cache_take(&c, 8 * KIB, 0);
	for (int i = 4; i < 8; i++)
		cache_give(&c, buffers[i], 10);
	assert_int_equal(cache_stats(&c).bytes, 16 * KIB);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 10), 0);
	cache_give(&c, other, 11);
	other = cache_take(&c, 8 * KIB, 0);
	cache_give(&c, other, 0);
	assert_true(cache_stats(&c).bytes <= 16 * KIB);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 11), 0);
	cache_end(&c);
}

/* The rarer the longer the GPU takes: as often as what waits doubles. */
static void the_cap_asks_rarely(void **state)
{
	enum { COUNT = 256 };
	static struct panthor_buffer buffers[COUNT], others[COUNT];
	unsigned int before;
	struct cache_fixture c;
	int i;

	cache_begin(&c, state, PANTHOR_BO_CACHE_KEEP_CONTENTS, true, 16 * KIB);
	fill(&c, buffers, COUNT, 4 * KIB);
	fill(&c, others, COUNT, 8 * KIB);
	before = system_calls(c.f->fake);
	for (i = 0; i < COUNT; i++)
		cache_give(&c, buffers[i], (uint64_t)i + 1);
	assert_int_equal(cache_stats(&c).bos, COUNT);
	assert_in_range(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 2, 9);
	assert_int_equal(system_calls(c.f->fake) - before,
			 fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY));
	/* It is asked again before as many more have come. */
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, COUNT), 0);
	for (i = 0; i < COUNT && cache_stats(&c).freed < COUNT; i++)
		cache_give(&c, others[i], 400);
	assert_int_equal(cache_stats(&c).freed, COUNT);
	assert_int_equal(cache_stats(&c).bos, i);
	for (; i < COUNT; i++)
		cache_give(&c, others[i], 400);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 400), 0);
	cache_end(&c);
}

/* Only what comes first is looked at, or a put would take the longer the more there is. */
static void nobody_looks_behind_the_first(void **state)
{
	struct panthor_buffer buffers[4];
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 8 * KIB);
	fill(&c, buffers, 4, 4 * KIB);
	cache_give(&c, buffers[0], 100);
	cache_give(&c, buffers[1], 101);
	/* As no put could: behind one that the GPU uses. */
	buffers[1].bo->cached.point = 0;
	cache_give(&c, buffers[2], 102);
	cache_give(&c, buffers[3], 103);
	assert_int_equal(cache_stats(&c).freed, 0);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 0);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 103), 0);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 16 * KIB);
	cache_end(&c);
}

/* Out of order, as threads may put them: what the GPU is past goes. */
static void the_earliest_point_goes_first(void **state)
{
	static const uint64_t points[] = { 9, 5, 7, 1ull << 60, 6, 8 };
	struct panthor_buffer buffers[ARRAY_SIZE(points)];
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	fill(&c, buffers, ARRAY_SIZE(points), 4 * KIB);
	for (size_t i = 0; i < ARRAY_SIZE(points); i++)
		cache_give(&c, buffers[i], points[i]);
	for (uint64_t point = 5; point <= 9; point++) {
		assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, point), 0);
		assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 4 * KIB);
	}
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 1ull << 60), 0);
	cache_end(&c);
}

/* Age is looked at when anything is put back, of whatever size, or created. */
static void age_asks_the_timeline(void **state)
{
	struct panthor_buffer buffers[4], other;
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_KEEP_CONTENTS, true, 0);
	c.f->fake->now_ns = 5 * SECOND;
	fill(&c, buffers, 4, 4 * KIB);
	other = cache_take(&c, 64 * KIB, 0);
	for (int i = 0; i < 4; i++)
		cache_give(&c, buffers[i], 9);
	c.f->fake->now_ns = 7 * SECOND;
	cache_give(&c, other, 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 1);
	assert_int_equal(cache_stats(&c).freed, 0);
	/* Not again so soon. */
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 9), 0);
	other = cache_take(&c, 64 * KIB, 0);
	cache_give(&c, other, 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 1);
	c.f->fake->now_ns = 7 * SECOND + SECOND / 2;
	other = cache_take(&c, 64 * KIB, 0);
	cache_give(&c, other, 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 2);
	assert_int_equal(cache_stats(&c).freed, 4);
	assert_int_equal(cache_stats(&c).bytes, 64 * KIB);
	/* Nobody waits for the timeline any more. */
	c.f->fake->now_ns = 10 * SECOND;
	cache_give(&c, cache_take(&c, 128 * KIB, 0), 0);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 2);
	cache_end(&c);
}

/* What is refused goes when the GPU is past it, without anybody who trims, or a clock. */
static void what_is_refused_does_not_pile_up(void **state)
{
	struct cache_fixture c;
	int fd;

	cache_begin(&c, state, 0, true, 0);
	for (uint64_t point = 1; point <= 200; point++) {
		struct panthor_buffer buffer = cache_take(&c, 4 * KIB, 0);

		assert_int_equal(panthor_bo_export(buffer.bo, &fd), 0);
		cache_give(&c, buffer, point);
		fake_close_dmabuf(c.f->fake, fd);
		if (point > 3)
			panthor_syncobj_signal(c.f->dev, c.timeline, point - 3);
		assert_true(cache_stats(&c).bos <= 10);
	}
	assert_true(cache_stats(&c).freed >= 190);
	/* Less than one question for each. */
	assert_true(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY) < 100);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 200), 0);
	cache_end(&c);
}

/* The GPU comes to the point while it is waited for. */
static void signal_when_waited_for(struct fake *fake, enum fake_call call)
{
	struct cache_fixture *c = fake->hook_data;

	if (call == FAKE_SYNCOBJ_TIMELINE_WAIT)
		panthor_syncobj_signal(c->f->dev, c->timeline, 4);
}

static void the_end_waits_for_the_gpu(void **state)
{
	const struct drm_syncobj_timeline_wait *wait;
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	wait = &c.f->fake->args[FAKE_SYNCOBJ_TIMELINE_WAIT].syncobj_timeline_wait;
	cache_give(&c, cache_take(&c, 4 * KIB, 0), 4);
	cache_give(&c, cache_take(&c, 8 * KIB, 0), 3);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_TIMELINE_WAIT), 0);
	c.f->fake->now_ns = 5 * SECOND;
	c.f->fake->hook_data = &c;
	c.f->fake->hook = signal_when_waited_for;
	cache_end(&c);
	c.f->fake->hook = NULL;
	assert_int_equal(c.f->fake->calls[FAKE_SYNCOBJ_TIMELINE_WAIT], 1);
	assert_int_equal(wait->timeout_nsec, 15 * SECOND);
}

/* What nobody ever signals stays mapped, and its addresses taken; the BOs go with the VM. */
static void the_end_does_not_wait_for_ever(void **state)
{
	struct panthor_buffer stays, refused, goes;
	struct cache_fixture c;
	int fd = -1;

	cache_begin(&c, state, 0, true, 0);
	goes = cache_take(&c, 4 * KIB, 0);
	stays = cache_take(&c, 8 * KIB, 0);
	refused = cache_take(&c, 16 * KIB, 0);
	assert_int_equal(panthor_bo_export(refused.bo, &fd), 0);
	cache_give(&c, refused, 1000);
	cache_give(&c, stays, 1000);
	cache_give(&c, goes, 4);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 4), 0);
	assert_null(panthor_bo_cache_unref(c.cache));
	assert_int_equal(
		fake_mapping_count(c.f->fake, panthor_device_fd(c.f->dev), panthor_vm_id(c.vm)), 2);
	assert_int_equal(panthor_va_reserve(c.va, stays.va, 8 * KIB), -EBUSY);
	assert_int_equal(panthor_va_reserve(c.va, goes.va, 4 * KIB), 0);
	fake_close_dmabuf(c.f->fake, fd);
	assert_int_equal(panthor_syncobj_destroy(c.f->dev, c.timeline), 0);
	panthor_va_unref(c.va);
	panthor_vm_unref(c.vm);
}

static void the_time_for_the_end_is_a_parameter(void **state)
{
	static const struct {
		uint64_t timeout_ns;
		int64_t deadline_ns;
	} times[] = { { 3 * SECOND, 8 * SECOND }, { UINT64_MAX, INT64_MAX } };
	struct panthor_bo_cache_params params = { .size = sizeof(params) };
	struct panthor_buffer buffer;
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	c.f->fake->now_ns = 5 * SECOND;
	c.f->fake->hook_data = &c;
	c.f->fake->hook = signal_when_waited_for;
	params.timeline = c.timeline;
	params.va = c.va;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct panthor_bo_cache *cache = NULL;

		params.drain_timeout_ns = times[i].timeout_ns;
		assert_int_equal(panthor_bo_cache_new(c.f->dev, &params, &cache), 0);
		assert_int_equal(panthor_bo_cache_get(cache, 4 * KIB, 0, &buffer), 0);
		assert_int_equal(panthor_bo_cache_put(cache, &buffer, 4), 0);
		panthor_bo_cache_unref(cache);
		assert_int_equal(c.f->fake->args[FAKE_SYNCOBJ_TIMELINE_WAIT]
					 .syncobj_timeline_wait.timeout_nsec,
				 times[i].deadline_ns);
	}
	c.f->fake->hook = NULL;
	cache_end(&c);
}

struct holder {
	struct panthor_bo_cache *cache;
	unsigned int yields;
	unsigned int sleeps;
};

/* Whoever has the shard gets no CPU while a thread of real-time priority spins. */
static void leave_the_shard(struct fake *fake, enum fake_call call)
{
	struct holder *holder = fake->hook_data;

	holder->yields += call == FAKE_YIELD;
	if (call == FAKE_SLEEP && !holder->sleeps++)
		shard_drop(&holder->cache->shards[3]);
}

static void a_taken_shard_is_slept_for(void **state)
{
	struct cache_fixture c;
	struct holder holder;

	cache_begin(&c, state, 0, true, 0);
	cache_give(&c, cache_take(&c, 4 * KIB, 0), 0);
	holder = (struct holder){ .cache = c.cache };
	c.f->fake->hook_data = &holder;
	c.f->fake->hook = leave_the_shard;
	assert_true(shard_try_take(&c.cache->shards[3]));
	assert_int_equal(cache_stats(&c).bos, 1);
	assert_int_equal(holder.sleeps, 1);
	assert_true(holder.yields > 0);

	/* Putting has a choice of shards; where none is free it waits for its own. */
	holder.sleeps = 0;
	c.f->fake->cpu = 3;
	for (int i = 0; i < CACHE_SHARDS; i++)
		assert_true(shard_try_take(&c.cache->shards[i]));
	c.f->fake->hook = NULL;
	shard_drop(&c.cache->shards[0]);
	c.f->fake->hook = leave_the_shard;
	cache_give(&c, cache_take(&c, 8 * KIB, 0), 0);
	assert_int_equal(holder.sleeps, 0);
	assert_int_equal(c.cache->shards[0].bos, 2);
	assert_true(shard_try_take(&c.cache->shards[0]));
	cache_give(&c, cache_take(&c, 16 * KIB, 0), 0);
	assert_int_equal(holder.sleeps, 1);
	assert_int_equal(c.cache->shards[3].bos, 1);
	c.f->fake->hook = NULL;
	for (int i = 0; i < CACHE_SHARDS; i++) {
		if (i != 3)
			shard_drop(&c.cache->shards[i]);
	}
	cache_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(the_cap_yields_to_the_gpu),
		fixture_test(the_cap_asks_rarely),
		fixture_test(the_end_waits_for_the_gpu),
		fixture_test(the_end_does_not_wait_for_ever),
		fixture_test(the_time_for_the_end_is_a_parameter),
		fixture_test(a_taken_shard_is_slept_for),
		fixture_test(nobody_looks_behind_the_first),
		fixture_test(the_earliest_point_goes_first),
		fixture_test(age_asks_the_timeline),
		fixture_test(what_is_refused_does_not_pile_up),
	};

	return cmocka_run_group_tests_name("bo-cache-busy", tests, NULL, NULL);
}
