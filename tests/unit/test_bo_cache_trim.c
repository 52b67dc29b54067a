// SPDX-License-Identifier: MIT
/* BO caches: what is freed for its age, the cap, or a shortage; failures; threads. */
#include "cache_fixture.h"

#define KIB    1024ull
#define SECOND 1000000000ull

static void fill(struct cache_fixture *c, struct panthor_buffer *buffers, unsigned int count,
		 uint64_t size)
{
	for (unsigned int i = 0; i < count; i++)
		buffers[i] = cache_take(c, size, 0);
}

/* One after the other, a millisecond apart, each on another CPU. */
static void give_all(struct cache_fixture *c, const struct panthor_buffer *buffers,
		     unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		c->f->fake->now_ns += 1000000;
		c->f->fake->cpu++;
		cache_give(c, buffers[i], 0);
	}
}

static bool lives(struct cache_fixture *c, uint32_t handle)
{
	return fake_bo(c->f->fake, panthor_device_fd(c->f->dev), handle);
}

static void age_frees_without_anything_put(void **state)
{
	struct panthor_buffer buffers[4];
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	c.f->fake->now_ns = 5 * SECOND;
	fill(&c, buffers, 4, 8 * KIB);
	give_all(&c, buffers, 3);
	c.f->fake->now_ns = 6 * SECOND;
	assert_int_equal(panthor_bo_cache_trim(c.cache, UINT64_MAX), 0);
	c.f->fake->now_ns = 6 * SECOND + SECOND / 2;
	assert_int_equal(panthor_bo_cache_trim(c.cache, UINT64_MAX), 24 * KIB);
	assert_int_equal(cache_stats(&c).freed, 3);

	/* Getting and putting look at the clock as well. */
	cache_give(&c, buffers[3], 0);
	c.f->fake->now_ns = 8 * SECOND;
	buffers[0] = cache_take(&c, 4 * KIB, 0);
	assert_int_equal(cache_stats(&c).freed, 4);
	buffers[1] = cache_take(&c, 4 * KIB, 0);
	cache_give(&c, buffers[0], 0);
	c.f->fake->now_ns = 10 * SECOND;
	cache_give(&c, buffers[1], 0);
	assert_int_equal(cache_stats(&c).freed, 5);
	assert_int_equal(cache_stats(&c).bos, 1);
	cache_end(&c);
}

static void the_cap_holds_on_all_cpus(void **state)
{
	struct panthor_buffer buffers[40];
	uint32_t handles[40];
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 128 * KIB);
	fill(&c, buffers, 40, 8 * KIB);
	for (int i = 0; i < 40; i++)
		handles[i] = panthor_bo_handle(buffers[i].bo);
	give_all(&c, buffers, 40);
	assert_int_equal(cache_stats(&c).bytes, 128 * KIB);
	/* The oldest went first. */
	for (int i = 0; i < 40; i++)
		assert_int_equal(lives(&c, handles[i]), i >= 24);

	/* Larger than the cap: it would have to go first itself, so the others stay. */
	cache_give(&c, cache_take(&c, 160 * KIB, 0), 0);
	assert_int_equal(cache_stats(&c).bytes, 128 * KIB);
	assert_int_equal(cache_stats(&c).refused, 1);
	cache_give(&c, cache_take(&c, 160 * KIB, 0), 9);
	assert_int_equal(cache_stats(&c).bytes, 288 * KIB);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 9), 0);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 128 * KIB), 160 * KIB);
	cache_end(&c);
}

static void trim_keeps_what_it_is_told(void **state)
{
	struct panthor_buffer buffers[8];
	uint32_t handles[8];
	struct cache_fixture c;

	cache_begin(&c, state, 0, false, 0);
	fill(&c, buffers, 8, 16 * KIB);
	for (int i = 0; i < 8; i++)
		handles[i] = panthor_bo_handle(buffers[i].bo);
	give_all(&c, buffers, 8);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 128 * KIB), 0);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 50 * KIB), 80 * KIB);
	for (int i = 0; i < 8; i++)
		assert_int_equal(lives(&c, handles[i]), i >= 5);
	/* What is mapped nowhere goes even if it is busy. */
	buffers[0] = cache_take(&c, 16 * KIB, 0);
	cache_give(&c, buffers[0], 100);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 48 * KIB);
	assert_int_equal(fake_calls(c.f->fake, FAKE_SYNCOBJ_QUERY), 0);
	cache_end(&c);
}

static void shortage_frees_and_tries_again(void **state)
{
	static const int errors[] = { ENOMEM, ENOSPC };
	struct panthor_buffer buffer, other = { 0 };
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		panthor_bo_cache_trim(c.cache, 0);
		cache_give(&c, cache_take(&c, 64 * KIB, 0), 0);
		fake_fail(c.f->fake, FAKE_BO_CREATE, 1, errors[i]);
		buffer = cache_take(&c, 4 * KIB, 0);
		assert_int_equal(cache_stats(&c).bos, 0);
		/* With nothing to free it is not tried again. */
		fake_fail(c.f->fake, FAKE_BO_CREATE, 1, errors[i]);
		assert_int_equal(panthor_bo_cache_get(c.cache, 4 * KIB, 0, &other), -errors[i]);
		cache_give(&c, buffer, 0);
	}
	cache_end(&c);
}

/* Whatever fails while a BO is made and mapped, nothing of it stays: the teardown counts. */
static void failed_gets_leave_nothing(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} steps[] = {
		{ FAKE_BO_CREATE, EPERM }, { FAKE_BO_CREATE, EOPNOTSUPP },
		{ FAKE_MMAP, EAGAIN },	   { FAKE_BO_MMAP_OFFSET, EPERM },
		{ FAKE_MMAP, EOVERFLOW },  { FAKE_VM_BIND, EPERM },
		{ FAKE_VM_BIND, ENOMEM },  { FAKE_ALLOC, ENOMEM },
	};
	struct panthor_buffer buffer = { .va = 77 };
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		fake_fail(c.f->fake, steps[i].call, 1, steps[i].error);
		assert_int_equal(panthor_bo_cache_get(c.cache, 4 * KIB, 0, &buffer),
				 -steps[i].error);
		assert_int_equal(buffer.va, 77);
	}
	/* The addresses of the failed ones can be had again. */
	buffer = cache_take(&c, 4 * KIB, 0);
	assert_int_equal(buffer.va, 2 << 20);
	cache_give(&c, buffer, 0);
	cache_end(&c);
}

/* Nobody will ever tell when addresses are free. */
static void a_lost_timeline_is_told(void **state)
{
	struct panthor_buffer buffer = { .va = 77 };
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	cache_lose_addresses(&c);
	assert_int_equal(panthor_bo_cache_get(c.cache, 4 * KIB, 0, &buffer), -ENOENT);
	assert_int_equal(buffer.va, 77);
	cache_find_addresses(&c);
	cache_give(&c, cache_take(&c, 4 * KIB, 0), 0);
	cache_end(&c);
}

/* An unmap that fails leaves the addresses taken: something is still there. */
static void failed_unmap_keeps_the_addresses(void **state)
{
	struct panthor_buffer buffer;
	struct cache_fixture c;
	uint64_t addr;

	cache_begin(&c, state, 0, true, 0);
	buffer = cache_take(&c, 4 * KIB, 0);
	cache_give(&c, buffer, 0);
	fake_fail(c.f->fake, FAKE_VM_BIND, 1, ENOMEM);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 4 * KIB);
	assert_int_equal(panthor_va_reserve(c.va, buffer.va, 4 * KIB), -EBUSY);
	assert_int_equal(panthor_va_alloc(c.va, 4 * KIB, 0, &addr), 0);
	assert_int_not_equal(addr, buffer.va);
	assert_int_equal(panthor_vm_unmap(c.vm, buffer.va, 4 * KIB), 0);
	cache_end(&c);
}

struct watch {
	struct panthor_bo_cache *cache;
	unsigned int calls;
	unsigned int taken;
};

/* In front of every call but those for memory and locks, which stay in the process. */
static void look_at_shards(struct fake *fake, enum fake_call call)
{
	struct watch *watch = fake->hook_data;

	if (call == FAKE_LOCK || call == FAKE_ALLOC || call == FAKE_YIELD || call == FAKE_SLEEP)
		return;
	watch->calls++;
	for (uint32_t i = 0; i < CACHE_SHARDS; i++) {
		struct cache_shard *shard = &watch->cache->shards[i];

		if (shard_try_take(shard))
			shard_drop(shard);
		else
			watch->taken++;
	}
}

/* Others can get and put while the kernel creates, advises, unmaps and frees. */
static void no_shard_is_taken_during_a_call(void **state)
{
	struct panthor_buffer buffers[8];
	struct cache_fixture c;
	struct watch watch;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 32 * KIB);
	watch = (struct watch){ .cache = c.cache };
	c.f->fake->hook_data = &watch;
	c.f->fake->hook = look_at_shards;
	fill(&c, buffers, 8, 8 * KIB);
	give_all(&c, buffers, 8);
	assert_int_equal(cache_stats(&c).freed, 4);
	cache_give(&c, cache_take(&c, 8 * KIB, 0), 0);
	c.f->fake->now_ns += 2 * SECOND;
	assert_int_equal(panthor_bo_cache_trim(c.cache, UINT64_MAX), 32 * KIB);
	c.f->fake->hook = NULL;
	/* Eight created, bound, mapped, advised, unbound, unmapped and closed. */
	assert_true(watch.calls >= 8 * 7);
	assert_int_equal(watch.taken, 0);
	cache_end(&c);
}

static void pressure_errors(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} steps[] = {
		{ FAKE_OPEN, EACCES },	{ FAKE_OPEN, EMFILE }, { FAKE_OPEN, ENOMEM },
		{ FAKE_WRITE, ENOMEM }, { FAKE_WRITE, EPERM },
	};
	struct cache_fixture c;
	int fd = -2;

	cache_begin(&c, state, 0, false, 0);
	assert_int_equal(panthor_bo_cache_pressure_fd(c.cache, 2000001, &fd), -EINVAL);
	assert_int_equal(panthor_bo_cache_pressure_fd(c.cache, 0, &fd), -EOPNOTSUPP);
	c.f->fake->has_psi = true;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		fake_fail(c.f->fake, steps[i].call, 1, steps[i].error);
		assert_int_equal(panthor_bo_cache_pressure_fd(c.cache, 0, &fd), -steps[i].error);
	}
	assert_int_equal(fd, -2);
	cache_end(&c);
}

static void pressure_is_a_descriptor(void **state)
{
	struct cache_fixture c;
	int fd, again;

	cache_begin(&c, state, 0, false, 0);
	c.f->fake->has_psi = true;
	assert_int_equal(panthor_bo_cache_pressure_fd(c.cache, 0, &fd), 0);
	assert_string_equal(c.f->fake->psi_trigger, "some 150000 2000000");
	assert_int_equal(panthor_bo_cache_pressure_fd(c.cache, 5, &again), 0);
	assert_int_equal(again, fd);
	assert_string_equal(c.f->fake->psi_trigger, "some 150000 2000000");
	cache_end(&c);

	cache_begin(&c, state, 0, false, 0);
	assert_int_equal(panthor_bo_cache_pressure_fd(c.cache, 70000, &fd), 0);
	assert_string_equal(c.f->fake->psi_trigger, "some 70000 2000000");
	cache_end(&c);
}

/* Eight threads, each with more buffers than it puts back, and one that trims. */
#define THREADS 8
#define ROUNDS	2000

struct worker {
	struct cache_fixture *c;
	pthread_t thread;
	uint32_t id;
	uint32_t seed;
	unsigned int wrong;
};

static uint32_t next_random(struct worker *worker)
{
	worker->seed = worker->seed * 1664525 + 1013904223;
	return worker->seed >> 8;
}

static void *work(void *data)
{
	struct panthor_buffer buffers[4] = { 0 };
	struct worker *worker = data;

	for (int i = 0; i < ROUNDS; i++) {
		struct panthor_buffer *buffer = &buffers[next_random(worker) % 4];
		uint64_t size = (1 + next_random(worker) % 3) * 4 * KIB;

		worker->c->f->fake->cpu = next_random(worker);
		if (buffer->bo) {
			/* Nobody else wrote to it meanwhile. */
			worker->wrong += known_word(buffer->ptr) != worker->id;
			worker->wrong += !!panthor_bo_cache_put(worker->c->cache, buffer, 0);
			buffer->bo = NULL;
		} else {
			worker->wrong += !!panthor_bo_cache_get(worker->c->cache, size, 0, buffer);
			*(uint32_t *)buffer->ptr = worker->id;
		}
		if (i % 256 == 0)
			panthor_bo_cache_trim(worker->c->cache, 16 * KIB);
	}
	for (int j = 0; j < 4; j++) {
		if (buffers[j].bo)
			worker->wrong += !!panthor_bo_cache_put(worker->c->cache, &buffers[j], 0);
	}
	return NULL;
}

static void eight_threads(void **state)
{
	struct worker workers[THREADS];
	unsigned int wrong = 0;
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 64 * KIB);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .c = &c, .id = i, .seed = i + 1 };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	assert_int_equal(wrong, 0);
	assert_true(cache_stats(&c).bytes <= 64 * KIB);
	assert_true(cache_stats(&c).hits > 0);
	cache_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(age_frees_without_anything_put),
		fixture_test(the_cap_holds_on_all_cpus),
		fixture_test(trim_keeps_what_it_is_told),
		fixture_test(shortage_frees_and_tries_again),
		fixture_test(failed_gets_leave_nothing),
		fixture_test(a_lost_timeline_is_told),
		fixture_test(failed_unmap_keeps_the_addresses),
		fixture_test(no_shard_is_taken_during_a_call),
		fixture_test(pressure_errors),
		fixture_test(pressure_is_a_descriptor),
		fixture_test(eight_threads),
	};

	return cmocka_run_group_tests_name("bo-cache-trim", tests, NULL, NULL);
}
