// SPDX-License-Identifier: MIT
/* BO caches: shards in use. */
#include "cache_fixture.h"

#define KIB 1024ull

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
		fixture_test(a_taken_shard_is_slept_for),
	};

	return cmocka_run_group_tests_name("bo-cache-busy", tests, NULL, NULL);
}
