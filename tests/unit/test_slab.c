// SPDX-License-Identifier: MIT
/* Slabs: small buffers, what they share, and what they cost. */
#include "cache_fixture.h"

#define KIB 1024ull

struct slab_fixture {
	struct cache_fixture c;
	struct panthor_slab *slab;
};

static void begin(struct slab_fixture *s, void **state)
{
	cache_begin(&s->c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
	s->slab = NULL;
	assert_int_equal(panthor_slab_new(s->c.cache, 0, &s->slab), 0);
}

static void end(struct slab_fixture *s)
{
	assert_null(panthor_slab_unref(s->slab));
	cache_end(&s->c);
}

static struct panthor_buffer take(struct slab_fixture *s, uint64_t size, uint64_t align)
{
	struct panthor_buffer buffer = { 0 };

	assert_int_equal(panthor_slab_alloc(s->slab, size, align, &buffer), 0);
	assert_true(buffer.size >= size);
	return buffer;
}

static void give(struct slab_fixture *s, struct panthor_buffer buffer, uint64_t point)
{
	assert_int_equal(panthor_slab_free(s->slab, &buffer, point), 0);
}

static void new_errors(void **state)
{
	struct panthor_slab *slab = (struct panthor_slab *)0x1;
	struct cache_fixture c;

	cache_begin(&c, state, 0, false, 0);
	assert_int_equal(panthor_slab_new(c.cache, 3, &slab), -EINVAL);
	assert_int_equal(panthor_slab_new(c.cache, 4, &slab), -EINVAL);
	fake_fail(c.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_slab_new(c.cache, 0, &slab), -ENOMEM);
	assert_ptr_equal(slab, (struct panthor_slab *)0x1);
	assert_null(panthor_slab_unref(NULL));
	cache_end(&c);
}

static void old_kernels_lack_flags(void **state)
{
	struct fixture f = { .fake = fake_new(6) };
	struct panthor_buffer buffer = { .va = 77 };
	struct panthor_slab *slab = NULL;
	void *fixture = &f;
	struct cache_fixture c;

	f.dev = open_fake(f.fake);
	cache_begin(&c, &fixture, 0, false, 0);
	assert_int_equal(panthor_slab_new(c.cache, PANTHOR_BO_WB_MMAP, &slab), -EOPNOTSUPP);
	assert_null(slab);
	assert_int_equal(panthor_bo_cache_get(c.cache, 1, PANTHOR_BO_WB_MMAP, &buffer),
			 -EOPNOTSUPP);
	assert_int_equal(buffer.va, 77);
	cache_end(&c);
	panthor_device_unref(f.dev);
	assert_int_equal(fake_free(f.fake), 0);
}

static void alloc_errors(void **state)
{
	static const struct {
		enum fake_call call;
		int error;
	} steps[] = {
		{ FAKE_ALLOC, ENOMEM },	  { FAKE_BO_CREATE, EPERM }, { FAKE_MMAP, EAGAIN },
		{ FAKE_MMAP, EOVERFLOW }, { FAKE_VM_BIND, ENOMEM },  { FAKE_BO_CREATE, EOPNOTSUPP },
	};
	struct panthor_buffer buffer = { .va = 77 };
	struct slab_fixture s;

	begin(&s, state);
	assert_int_equal(panthor_slab_alloc(s.slab, 0, 0, &buffer), -EINVAL);
	assert_int_equal(panthor_slab_alloc(s.slab, 1, 3, &buffer), -EINVAL);
	assert_int_equal(panthor_slab_alloc(s.slab, 1, 8192, &buffer), -EINVAL);
	assert_int_equal(panthor_slab_alloc(s.slab, 1ull << 50, 0, &buffer), -ENOSPC);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		fake_fail(s.c.f->fake, steps[i].call, 1, steps[i].error);
		assert_int_equal(panthor_slab_alloc(s.slab, 1, 0, &buffer), -steps[i].error);
	}
	cache_lose_addresses(&s.c);
	assert_int_equal(panthor_slab_alloc(s.slab, 1, 0, &buffer), -ENOENT);
	cache_find_addresses(&s.c);
	assert_int_equal(buffer.va, 77);
	end(&s);
}

static void buffers_do_not_overlap(void **state)
{
	static struct panthor_buffer buffers[600];
	struct slab_fixture s;

	begin(&s, state);
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		uint64_t align = i % 3 ? 0 : 64u << i % 7;

		buffers[i] = take(&s, 1 + (i * 7919) % (8 * KIB), align);
		assert_int_equal(buffers[i].va % (align ? align : 64), 0);
		assert_int_equal((uintptr_t)buffers[i].ptr % (align ? align : 64), 0);
		memset(buffers[i].ptr, (int)(i & 0xff), buffers[i].size);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		const unsigned char *bytes = buffers[i].ptr;
		const struct fake_mapping m =
			fake_mapping_at(s.c.f->fake, panthor_device_fd(s.c.f->dev),
					panthor_vm_id(s.c.vm), buffers[i].va);

		for (uint64_t j = 0; j < buffers[i].size; j++)
			assert_int_equal(bytes[j], i & 0xff);
		/* All three say the same of where it is. */
		assert_int_equal(buffers[i].va - m.va, buffers[i].offset);
		assert_true(buffers[i].offset + buffers[i].size <= panthor_bo_size(buffers[i].bo));
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++)
		give(&s, buffers[i], 0);
	end(&s);
}

static void a_thousand_cost_less_than_a_call_each(void **state)
{
	static struct panthor_buffer buffers[1000];
	struct slab_fixture s;
	unsigned int before;

	begin(&s, state);
	before = system_calls(s.c.f->fake);
	for (int i = 0; i < 1000; i++)
		buffers[i] = take(&s, 1 * KIB, 0);
	for (int i = 0; i < 1000; i++)
		give(&s, buffers[i], 0);
	/* Two BOs of 512: created, mapped and bound, and one put back to the cache. */
	assert_int_equal(fake_calls(s.c.f->fake, FAKE_BO_CREATE), 2);
	assert_int_equal(fake_calls(s.c.f->fake, FAKE_VM_BIND), 2);
	assert_true(system_calls(s.c.f->fake) - before < 20);
	end(&s);
}

/* The same where the GPU has each buffer for a while: asking it how far it is adds calls. */
static void in_use_they_still_cost_less_than_a_call_each(void **state)
{
	enum { LIVE = 32, ROUNDS = 2000, LAG = 100 };
	struct panthor_buffer buffers[LIVE];
	struct slab_fixture s;
	unsigned int before;

	begin(&s, state);
	before = system_calls(s.c.f->fake);
	for (int i = 0; i < LIVE; i++)
		buffers[i] = take(&s, 4 * KIB, 0);
	for (int i = 0; i < ROUNDS; i++) {
		give(&s, buffers[i % LIVE], (uint64_t)i + 1);
		buffers[i % LIVE] = take(&s, 4 * KIB, 0);
		if (i > LAG)
			panthor_syncobj_signal(s.c.f->dev, s.c.timeline, (uint64_t)(i - LAG));
	}
	/* Nobody but this test signals, and each time is a call. */
	before += fake_calls(s.c.f->fake, FAKE_SYNCOBJ_TIMELINE_SIGNAL);
	assert_true(system_calls(s.c.f->fake) - before < ROUNDS / 10);
	assert_int_equal(panthor_syncobj_signal(s.c.f->dev, s.c.timeline, ROUNDS), 0);
	for (int i = 0; i < LIVE; i++)
		give(&s, buffers[i], 0);
	end(&s);
}

static void large_ones_have_a_bo_each(void **state)
{
	struct panthor_buffer large, largest_small;
	struct slab_fixture s;

	begin(&s, state);
	largest_small = take(&s, PANTHOR_SLAB_MAX_SIZE, 4096);
	assert_int_equal(largest_small.size, PANTHOR_SLAB_MAX_SIZE);
	assert_true(panthor_bo_size(largest_small.bo) > PANTHOR_SLAB_MAX_SIZE);
	large = take(&s, PANTHOR_SLAB_MAX_SIZE + 1, 0);
	assert_int_equal(large.offset, 0);
	assert_int_equal(panthor_bo_size(large.bo), large.size);
	give(&s, large, 0);
	assert_int_equal(cache_stats(&s.c).bos, 1);
	give(&s, largest_small, 0);
	end(&s);
}

static void wrong_frees_are_seen(void **state)
{
	struct panthor_buffer buffer, wrong;
	struct panthor_slab *other = NULL;
	struct slab_fixture s;

	begin(&s, state);
	assert_int_equal(panthor_slab_new(s.c.cache, 0, &other), 0);
	buffer = take(&s, 100, 0);
	assert_int_equal(panthor_slab_free(other, &buffer, 0), -EINVAL);
	wrong = buffer;
	wrong.offset++;
	assert_int_equal(panthor_slab_free(s.slab, &wrong, 0), -EINVAL);
	wrong.offset = 1ull << 40;
	assert_int_equal(panthor_slab_free(s.slab, &wrong, 0), -EINVAL);
	give(&s, buffer, 0);
	assert_int_equal(panthor_slab_free(s.slab, &buffer, 0), -EINVAL);
	panthor_slab_unref(other);
	end(&s);
}

static void later_frees_wait_for_the_gpu(void **state)
{
	struct panthor_buffer buffers[8], again;
	struct slab_fixture s;

	begin(&s, state);
	for (int i = 0; i < 8; i++)
		buffers[i] = take(&s, 64 * KIB, 0);
	for (int i = 0; i < 8; i++)
		give(&s, buffers[i], (uint64_t)i + 1);
	assert_int_equal(fake_calls(s.c.f->fake, FAKE_SYNCOBJ_QUERY), 0);

	/* The chunk is full of what the GPU uses: one question, and a new chunk. */
	again = take(&s, 64 * KIB, 0);
	assert_ptr_not_equal(again.bo, buffers[0].bo);
	assert_int_equal(fake_calls(s.c.f->fake, FAKE_SYNCOBJ_QUERY), 1);
	for (int i = 0; i < 7; i++)
		assert_ptr_equal(take(&s, 64 * KIB, 0).bo, again.bo);
	assert_int_equal(panthor_syncobj_signal(s.c.f->dev, s.c.timeline, 2), 0);
	assert_int_equal(take(&s, 64 * KIB, 0).va, buffers[0].va);
	assert_int_equal(take(&s, 64 * KIB, 0).va, buffers[1].va);
	assert_int_equal(fake_calls(s.c.f->fake, FAKE_SYNCOBJ_QUERY), 2);

	fake_fail(s.c.f->fake, FAKE_SYNCOBJ_QUERY, 1, ENODEV);
	again = take(&s, 64 * KIB, 0);
	assert_ptr_not_equal(again.bo, buffers[0].bo);
	give(&s, again, 2);
	/* The cache is told up to when the GPU uses what it gets. */
	panthor_slab_unref(s.slab);
	assert_int_equal(panthor_bo_cache_trim(s.c.cache, 0), 0);
	assert_int_equal(panthor_syncobj_signal(s.c.f->dev, s.c.timeline, 8), 0);
	assert_int_equal(panthor_bo_cache_trim(s.c.cache, 0), 3 * 512 * KIB);
	cache_end(&s.c);
}

static void later_frees_need_a_timeline_and_memory(void **state)
{
	struct panthor_buffer buffer;
	struct slab_fixture s;

	begin(&s, state);
	buffer = take(&s, 64, 0);
	fake_fail(s.c.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_slab_free(s.slab, &buffer, 1), -ENOMEM);
	give(&s, buffer, 0);
	/* Every so often the question is asked without need. */
	for (int i = 0; i < 64; i++)
		give(&s, take(&s, 64, 0), 1);
	assert_int_equal(fake_calls(s.c.f->fake, FAKE_SYNCOBJ_QUERY), 1);
	assert_int_equal(panthor_syncobj_signal(s.c.f->dev, s.c.timeline, 1), 0);
	end(&s);

	begin(&s, state);
	panthor_slab_unref(s.slab);
	s.c.cache->timeline.syncobj = 0;
	assert_int_equal(panthor_slab_new(s.c.cache, 0, &s.slab), 0);
	buffer = take(&s, 64, 0);
	assert_int_equal(panthor_slab_free(s.slab, &buffer, 1), -EINVAL);
	end(&s);
}

#define THREADS 8

struct worker {
	struct panthor_slab *slab;
	pthread_t thread;
	uint32_t id;
	unsigned int wrong;
};

static void *work(void *data)
{
	struct panthor_buffer buffers[16] = { 0 };
	struct worker *w = data;

	for (uint32_t i = 0; i < 3000; i++) {
		struct panthor_buffer *buffer = &buffers[(i * 7) % 16];

		if (buffer->bo) {
			w->wrong += known_word(buffer->ptr) != w->id;
			w->wrong += !!panthor_slab_free(w->slab, buffer, i % 5 ? 0 : 1);
		}
		w->wrong += !!panthor_slab_alloc(w->slab, 64 << (i + w->id) % 11, 0, buffer);
		*(uint32_t *)buffer->ptr = w->id;
	}
	for (int i = 0; i < 16; i++)
		w->wrong += !!panthor_slab_free(w->slab, &buffers[i], 0);
	return NULL;
}

static void eight_threads(void **state)
{
	struct worker workers[THREADS];
	unsigned int wrong = 0;
	struct slab_fixture s;

	begin(&s, state);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .slab = s.slab, .id = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	assert_int_equal(panthor_syncobj_signal(s.c.f->dev, s.c.timeline, 1), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	assert_int_equal(wrong, 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(new_errors),
		fixture_test(old_kernels_lack_flags),
		fixture_test(alloc_errors),
		fixture_test(buffers_do_not_overlap),
		fixture_test(a_thousand_cost_less_than_a_call_each),
		fixture_test(in_use_they_still_cost_less_than_a_call_each),
		fixture_test(large_ones_have_a_bo_each),
		fixture_test(wrong_frees_are_seen),
		fixture_test(later_frees_wait_for_the_gpu),
		fixture_test(later_frees_need_a_timeline_and_memory),
		fixture_test(eight_threads),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
