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
		fixture_test(a_taken_shard_is_slept_for),
		fixture_test(nobody_looks_behind_the_first),
		fixture_test(the_earliest_point_goes_first),
		fixture_test(age_asks_the_timeline),
		fixture_test(what_is_refused_does_not_pile_up),
	};

	return cmocka_run_group_tests_name("bo-cache-busy", tests, NULL, NULL);
}
