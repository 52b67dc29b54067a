// SPDX-License-Identifier: MIT
/* The VA allocator over time: what is freed later, and random work that a model agrees with. */
#include "va_fixture.h"

static void later_frees_ask_once(void **state)
{
	struct panthor_va_params params = va_small_space(100);
	struct va_fixture v;
	struct fake *fake;

	params.timeline = new_syncobj(((struct fixture *)*state)->dev, 0);
	va_begin(&v, state, &params);
	fake = v.f->fake;
	for (uint64_t i = 0; i < 50; i++) {
		assert_int_equal(va_take(&v, 2 * PAGE, 0), 16 * MIB + i * 2 * PAGE);
		assert_int_equal(panthor_va_free(v.va, 16 * MIB + i * 2 * PAGE, 2 * PAGE, i + 1),
				 0);
	}
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 0);
	va_expect_full(&v, PAGE);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 1);

	/* The question brings back all that the GPU is past. */
	assert_int_equal(panthor_syncobj_signal(v.f->dev, params.timeline, 30), 0);
	assert_int_equal(va_take(&v, 60 * PAGE, 0), 16 * MIB);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 2);
	/* What is known to be past is free at once. */
	assert_int_equal(panthor_va_free(v.va, 16 * MIB, 60 * PAGE, 30), 0);
	assert_int_equal(va_take(&v, 60 * PAGE, 0), 16 * MIB);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 2);

	/* Other errors than "nothing free" come out as they are. */
	fake_fail(fake, FAKE_SYNCOBJ_QUERY, 1, ENODEV);
	assert_int_equal(panthor_va_alloc(v.va, PAGE, 0, &params.start), -ENODEV);
	assert_int_equal(panthor_syncobj_destroy(v.f->dev, params.timeline), 0);
	assert_int_equal(panthor_va_alloc(v.va, PAGE, 0, &params.start), -ENOENT);
	va_finish(&v);
}

/* Fixed addresses are as free as any once the GPU is past them. */
static void a_reservation_asks_too(void **state)
{
	struct panthor_va_params params = va_small_space(100);
	struct va_fixture v;
	struct fake *fake;

	params.timeline = new_syncobj(((struct fixture *)*state)->dev, 0);
	va_begin(&v, state, &params);
	fake = v.f->fake;
	assert_int_equal(panthor_va_reserve(v.va, 16 * MIB, 10 * PAGE), 0);
	assert_int_equal(panthor_va_reserve(v.va, 16 * MIB, PAGE), -EBUSY);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 0);
	assert_int_equal(panthor_va_free(v.va, 16 * MIB, 10 * PAGE, 3), 0);
	assert_int_equal(panthor_va_reserve(v.va, 16 * MIB, PAGE), -EBUSY);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 1);
	fake_fail(fake, FAKE_SYNCOBJ_QUERY, 1, ENODEV);
	assert_int_equal(panthor_va_reserve(v.va, 16 * MIB, PAGE), -ENODEV);

	assert_int_equal(panthor_syncobj_signal(v.f->dev, params.timeline, 3), 0);
	assert_int_equal(panthor_va_reserve(v.va, 16 * MIB, PAGE), 0);
	assert_int_equal(panthor_va_free(v.va, 16 * MIB, PAGE, 4), 0);
	assert_int_equal(panthor_syncobj_destroy(v.f->dev, params.timeline), 0);
	assert_int_equal(panthor_va_reserve(v.va, 16 * MIB, PAGE), -ENOENT);
	va_finish(&v);
}

static void later_frees_ask_rarely(void **state)
{
	struct panthor_va_params params = { .size = sizeof(params) };
	struct va_fixture v;
	uint64_t addr;

	params.timeline = new_syncobj(((struct fixture *)*state)->dev, 0);
	va_begin(&v, state, &params);
	for (uint64_t i = 0; i < 1000; i++) {
		addr = va_take(&v, PAGE, 0);
		assert_int_equal(panthor_va_free(v.va, addr, PAGE, i + 1), 0);
	}
	/* At 64, 128, 256 and 512, since nothing was to be had. */
	assert_int_equal(fake_calls(v.f->fake, FAKE_SYNCOBJ_QUERY), 4);
	assert_int_equal(panthor_syncobj_signal(v.f->dev, params.timeline, 5000), 0);
	for (uint64_t i = 1000; i < 1025; i++) {
		addr = va_take(&v, PAGE, 0);
		assert_int_equal(panthor_va_free(v.va, addr, PAGE, i + 1), 0);
	}
	assert_int_equal(fake_calls(v.f->fake, FAKE_SYNCOBJ_QUERY), 5);
	assert_int_equal(v.va->deferred.count, 0);

	addr = va_take(&v, PAGE, 0);
	fake_fail(v.f->fake, FAKE_SYNCOBJ_QUERY, 1, ENODEV);
	assert_int_equal(panthor_va_free(v.va, addr, PAGE, 6000), 0);
	for (uint64_t i = 0; i < 1023; i++)
		assert_int_equal(panthor_va_free(v.va, va_take(&v, PAGE, 0), PAGE, 6000), 0);
	/* No memory to note it: it stays taken, and can be freed again. */
	addr = va_take(&v, PAGE, 0);
	fake_fail(v.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_va_free(v.va, addr, PAGE, 6000), -ENOMEM);
	va_give(&v, addr, PAGE);
	va_finish(&v);
	assert_int_equal(panthor_syncobj_destroy(((struct fixture *)*state)->dev, params.timeline),
			 0);
}

/* Random work, and a map of pages that says what is whose. */
#define MODEL_PAGES 4096

struct model {
	struct va_fixture v;
	unsigned char pages[MODEL_PAGES];
	struct {
		uint64_t first;
		uint64_t pages;
	} ranges[256];
	uint32_t count;
	uint32_t seed;
};

static uint32_t next_random(struct model *m, uint32_t limit)
{
	m->seed = m->seed * 1664525 + 1013904223;
	return (m->seed >> 8) % limit;
}

static bool model_has_room(const struct model *m, uint64_t pages, uint64_t align)
{
	uint64_t base = 16 * MIB / PAGE, run;

	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		if ((base + i) & (align - 1))
			continue;
		for (run = 0; i + run < MODEL_PAGES && !m->pages[i + run] && run < pages; run++)
			;
		if (run == pages)
			return true;
	}
	return false;
}

static void model_alloc(struct model *m)
{
	uint64_t pages = 1 + next_random(m, 64), align = 1ull << next_random(m, 6), addr = 0;
	int r = panthor_va_alloc(m->v.va, pages * PAGE, align * PAGE, &addr);
	uint64_t first = addr / PAGE - 16 * MIB / PAGE;

	assert_int_equal(r, model_has_room(m, pages, align) ? 0 : -ENOSPC);
	if (r)
		return;
	assert_int_equal(addr % (align * PAGE), 0);
	for (uint64_t i = 0; i < pages; i++)
		assert_int_equal(m->pages[first + i]++, 0);
	m->ranges[m->count].first = first;
	m->ranges[m->count++].pages = pages;
}

static void model_free(struct model *m)
{
	uint32_t i = next_random(m, m->count);
	uint64_t first = m->ranges[i].first, pages = m->ranges[i].pages;

	va_give(&m->v, 16 * MIB + first * PAGE, pages * PAGE);
	memset(m->pages + first, 0, pages);
	m->ranges[i] = m->ranges[--m->count];
}

static void agrees_with_a_model(void **state)
{
	struct panthor_va_params params = va_small_space(MODEL_PAGES);
	struct model *m = calloc(1, sizeof(*m));

	m->seed = 20;
	va_begin(&m->v, state, &params);
	for (int i = 0; i < 20000; i++) {
		if (m->count < ARRAY_SIZE(m->ranges) && next_random(m, 2))
			model_alloc(m);
		else if (m->count)
			model_free(m);
	}
	while (m->count)
		model_free(m);
	assert_int_equal(va_take(&m->v, MODEL_PAGES * PAGE, 0), 16 * MIB);
	va_finish(&m->v);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(later_frees_ask_once),
		fixture_test(a_reservation_asks_too),
		fixture_test(later_frees_ask_rarely),
		fixture_test(agrees_with_a_model),
	};

	return cmocka_run_group_tests_name("va-later", tests, NULL, NULL);
}
