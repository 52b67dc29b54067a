// SPDX-License-Identifier: MIT
/* The VA allocator: places, alignments, gaps, what is freed later, and a model to agree with. */
#include "size_class.h"
#include "unit.h"
#include "va.h"

#define PAGE 4096ull
#define MIB  (1ull << 20)
#define GIB  (1ull << 30)

struct va_fixture {
	struct fixture *f;
	struct panthor_vm *vm;
	struct panthor_va *va;
};

static void begin(struct va_fixture *v, void **state, const struct panthor_va_params *params)
{
	v->f = *state;
	v->vm = new_vm(v->f->dev, 0);
	v->va = NULL;
	assert_int_equal(panthor_va_new(v->vm, params, &v->va), 0);
}

static void end(struct va_fixture *v)
{
	assert_null(panthor_va_unref(v->va));
	panthor_vm_unref(v->vm);
}

static uint64_t alloc(struct va_fixture *v, uint64_t size, uint64_t align)
{
	uint64_t addr = 1;

	assert_int_equal(panthor_va_alloc(v->va, size, align, &addr), 0);
	assert_int_equal(addr % PAGE, 0);
	assert_true(addr >= 2 * MIB);
	return addr;
}

static void give(struct va_fixture *v, uint64_t addr, uint64_t size)
{
	assert_int_equal(panthor_va_free(v->va, addr, size, 0), 0);
}

static void expect_full(struct va_fixture *v, uint64_t size)
{
	uint64_t addr = 77;

	assert_int_equal(panthor_va_alloc(v->va, size, 0, &addr), -ENOSPC);
	assert_int_equal(addr, 77);
}

/* A small space, where there are no chunks: all comes out of the tree. */
static struct panthor_va_params small_space(uint64_t pages)
{
	return (struct panthor_va_params){
		.size = sizeof(struct panthor_va_params),
		.start = 16 * MIB,
		.end = 16 * MIB + pages * PAGE,
	};
}

static void classes_are_quarter_steps(void **state)
{
	assert_int_equal(size_class_of(1), 0);
	assert_int_equal(size_class_of(5), 4);
	for (uint32_t i = 1; i < VA_CLASSES; i++) {
		uint64_t units = size_class_units(i), below = size_class_units(i - 1);

		assert_true(units > below && units <= below + below / 4 + 1);
		assert_int_equal(size_class_of(units), i);
		assert_int_equal(size_class_of(below + 1), i);
	}
	assert_int_equal(size_class_units(VA_CLASSES - 1), 32768);
}

static void new_errors(void **state)
{
	static const struct panthor_va_params bad[] = {
		{ 0 },
		{ .size = 3 },
		{ .size = sizeof(bad[0]), .start = PAGE + 1 },
		{ .size = sizeof(bad[0]), .end = PAGE + 1 },
		{ .size = sizeof(bad[0]), .guard = 1 },
		{ .size = sizeof(bad[0]), .start = 4 * MIB, .end = 4 * MIB },
		{ .size = sizeof(bad[0]), .start = 4 * MIB, .end = 5 * MIB, .guard = MIB },
		{ .size = sizeof(bad[0]), .end = 1ull << 48 },
	};
	struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_va *va = (struct panthor_va *)0x1;
	unsigned int nth = 0;
	uint32_t longer[16] = { sizeof(longer), [15] = 1 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(panthor_va_new(vm, &bad[i], &va), -EINVAL);
	assert_int_equal(panthor_va_new(vm, (const void *)longer, &va), -E2BIG);
	assert_ptr_equal(va, (struct panthor_va *)0x1);
	do {
		fake_fail(f->fake, FAKE_ALLOC, ++nth, ENOMEM);
		r = panthor_va_new(vm, NULL, &va);
		assert_true(r == -ENOMEM || (!r && nth > 5));
	} while (r);
	assert_null(panthor_va_unref(NULL));
	/* It keeps its VM alive. */
	panthor_vm_unref(vm);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 0);
	panthor_va_unref(va);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 1);
}

static void alloc_errors(void **state)
{
	static const uint64_t aligns[] = { 1, 2048, 3 * PAGE, PAGE + 1 };
	struct va_fixture v;
	uint64_t addr = 77;
	unsigned int nth = 0;
	int r;

	begin(&v, state, NULL);
	assert_int_equal(panthor_va_alloc(v.va, 0, 0, &addr), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(aligns); i++)
		assert_int_equal(panthor_va_alloc(v.va, PAGE, aligns[i], &addr), -EINVAL);
	assert_int_equal(panthor_va_alloc(v.va, UINT64_MAX, 0, &addr), -ENOSPC);
	assert_int_equal(panthor_va_alloc(v.va, PAGE, 1ull << 63, &addr), -ENOSPC);
	assert_int_equal(addr, 77);
	/* Chunks and their table need memory. */
	do {
		fake_fail(v.f->fake, FAKE_ALLOC, ++nth, ENOMEM);
		r = panthor_va_alloc(v.va, PAGE, 0, &addr);
		assert_true(r == -ENOMEM || (!r && nth > 2));
	} while (r);
	give(&v, addr, PAGE);
	end(&v);
}

static void ranges_are_disjoint_and_aligned(void **state)
{
	static const uint64_t sizes[] = { 1,	      PAGE,	 5 * PAGE,    64 * 1024,
					  200 * 1024, 2 * MIB,	 3 * MIB + 1, 40 * MIB,
					  128 * MIB,  129 * MIB, 700 * MIB };
	struct va_fixture v;
	uint64_t addrs[ARRAY_SIZE(sizes)][3];

	begin(&v, state, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		addrs[i][0] = alloc(&v, sizes[i], 0);
		addrs[i][1] = alloc(&v, sizes[i], 64 * 1024);
		addrs[i][2] = alloc(&v, sizes[i], 16 * MIB);
		assert_int_equal(addrs[i][0] % (sizes[i] >= 2 * MIB ? 2 * MIB : PAGE), 0);
		assert_int_equal(addrs[i][1] % (64 * 1024), 0);
		assert_int_equal(addrs[i][2] % (16 * MIB), 0);
	}
	for (size_t i = 0; i < 3 * ARRAY_SIZE(sizes); i++) {
		for (size_t j = 0; j < i; j++) {
			uint64_t a = addrs[i / 3][i % 3], b = addrs[j / 3][j % 3];

			assert_true(a + sizes[i / 3] <= b || b + sizes[j / 3] <= a);
		}
	}
	for (size_t i = 0; i < 3 * ARRAY_SIZE(sizes); i++)
		give(&v, addrs[i / 3][i % 3], sizes[i / 3]);
	/* All of it is one again. */
	va_trim_chunks_locked(v.va);
	assert_int_equal(panthor_va_reserve(v.va, 2 * MIB, v.vm->user_va_range - 2 * MIB), 0);
	end(&v);
}

static void space_is_used_to_the_end(void **state)
{
	struct panthor_va_params params = small_space(8);
	struct va_fixture v;
	uint64_t addrs[8];

	begin(&v, state, &params);
	for (int i = 0; i < 8; i++)
		assert_int_equal(addrs[i] = alloc(&v, PAGE, 0), 16 * MIB + (uint64_t)i * PAGE);
	expect_full(&v, PAGE);
	give(&v, addrs[2], PAGE);
	give(&v, addrs[4], PAGE);
	expect_full(&v, 2 * PAGE);
	/* Joined from both sides. */
	give(&v, addrs[3], PAGE);
	assert_int_equal(alloc(&v, 3 * PAGE, 0), addrs[2]);
	give(&v, addrs[2], 3 * PAGE);
	/* The only place that is aligned is not at the start of a hole. */
	assert_int_equal(alloc(&v, PAGE, 4 * PAGE), addrs[4]);
	expect_full(&v, 9 * PAGE);
	end(&v);
}

static void gaps_follow_every_range(void **state)
{
	struct panthor_va_params params = small_space(9);
	struct va_fixture v;
	uint64_t first, second;

	params.guard = 2 * PAGE;
	begin(&v, state, &params);
	first = alloc(&v, PAGE, 0);
	second = alloc(&v, PAGE, 0);
	assert_int_equal(second, first + 3 * PAGE);
	expect_full(&v, 2 * PAGE);
	assert_int_equal(panthor_va_reserve(v.va, first + 6 * PAGE, 2 * PAGE), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, first + 6 * PAGE, PAGE), 0);
	give(&v, first, PAGE);
	give(&v, second, PAGE);
	assert_int_equal(alloc(&v, 4 * PAGE, 0), first);
	end(&v);
}

/* Guard pages make slots larger where there are chunks. */
static void gaps_between_slots(void **state)
{
	struct panthor_va_params params = { .size = sizeof(params), .guard = PAGE };
	struct va_fixture v;
	uint64_t addrs[600];

	begin(&v, state, &params);
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		addrs[i] = alloc(&v, PAGE, 0);
		for (size_t j = 0; j < i; j++) {
			assert_true(addrs[i] >= addrs[j] + 2 * PAGE ||
				    addrs[j] >= addrs[i] + 2 * PAGE);
		}
	}
	end(&v);
}

static void fixed_addresses(void **state)
{
	struct va_fixture v;
	uint64_t slot, addr = 1ull << 40;

	begin(&v, state, NULL);
	slot = alloc(&v, PAGE, 0);
	assert_int_equal(panthor_va_reserve(v.va, slot, PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, slot + PAGE, PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, addr, 3 * PAGE - 1), 0);
	assert_int_equal(panthor_va_reserve(v.va, addr + 2 * PAGE, PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, addr - PAGE, 2 * PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, addr + 3 * PAGE, PAGE), 0);
	give(&v, addr, 3 * PAGE);
	assert_int_equal(panthor_va_reserve(v.va, addr, 3 * PAGE), 0);

	/* An empty chunk is no obstacle. */
	give(&v, slot, PAGE);
	assert_int_equal(panthor_va_reserve(v.va, slot, PAGE), 0);

	assert_int_equal(panthor_va_reserve(v.va, 0, PAGE), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, addr + 1, PAGE), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, addr, 0), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, addr, UINT64_MAX), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, v.vm->user_va_range, PAGE), -EINVAL);
	fake_fail(v.f->fake, FAKE_ALLOC, 1, ENOMEM);
	for (int r = 0; !r; addr += MIB) {
		r = panthor_va_reserve(v.va, addr + MIB, PAGE);
		assert_true(!r || r == -ENOMEM);
	}
	end(&v);
}

static void wrong_frees_are_seen(void **state)
{
	struct va_fixture v;
	uint64_t slot, large;

	begin(&v, state, NULL);
	slot = alloc(&v, 2 * PAGE, 0);
	large = alloc(&v, GIB, 0);
	assert_int_equal(panthor_va_free(v.va, slot + PAGE, PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, slot, 3 * PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, slot + 2 * PAGE, 2 * PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, slot, 2 * PAGE, 1), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, large, 2 * GIB, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, large - PAGE, 2 * PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, 1, PAGE, 0), -EINVAL);
	give(&v, slot, 2 * PAGE);
	assert_int_equal(panthor_va_free(v.va, slot, 2 * PAGE, 0), -EINVAL);
	give(&v, large, GIB);
	assert_int_equal(panthor_va_free(v.va, large, GIB, 0), -EINVAL);

	/* A range given back in pieces is refused before there is no memory to note it. */
	assert_int_equal(panthor_va_reserve(v.va, 1ull << 40, GIB), 0);
	for (uint64_t i = 1; i < 16; i += 2)
		panthor_va_free(v.va, (1ull << 40) + i * PAGE, PAGE, 0);
	assert_int_equal(panthor_va_reserve(v.va, 1ull << 41, PAGE), 0);
	end(&v);
}

static void later_frees_ask_once(void **state)
{
	struct panthor_va_params params = small_space(100);
	struct va_fixture v;
	struct fake *fake;

	params.timeline = new_syncobj(((struct fixture *)*state)->dev, 0);
	begin(&v, state, &params);
	fake = v.f->fake;
	for (uint64_t i = 0; i < 50; i++) {
		assert_int_equal(alloc(&v, 2 * PAGE, 0), 16 * MIB + i * 2 * PAGE);
		assert_int_equal(panthor_va_free(v.va, 16 * MIB + i * 2 * PAGE, 2 * PAGE, i + 1),
				 0);
	}
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 0);
	expect_full(&v, PAGE);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 1);

	/* The question brings back all that the GPU is past. */
	assert_int_equal(panthor_syncobj_signal(v.f->dev, params.timeline, 30), 0);
	assert_int_equal(alloc(&v, 60 * PAGE, 0), 16 * MIB);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 2);
	/* What is known to be past is free at once. */
	assert_int_equal(panthor_va_free(v.va, 16 * MIB, 60 * PAGE, 30), 0);
	assert_int_equal(alloc(&v, 60 * PAGE, 0), 16 * MIB);
	assert_int_equal(fake_calls(fake, FAKE_SYNCOBJ_QUERY), 2);

	/* Other errors than "nothing free" come out as they are. */
	fake_fail(fake, FAKE_SYNCOBJ_QUERY, 1, ENODEV);
	assert_int_equal(panthor_va_alloc(v.va, PAGE, 0, &params.start), -ENODEV);
	end(&v);
	assert_int_equal(panthor_syncobj_destroy(((struct fixture *)*state)->dev, params.timeline),
			 0);
}

static void later_frees_ask_rarely(void **state)
{
	struct panthor_va_params params = { .size = sizeof(params) };
	struct va_fixture v;
	uint64_t addr;

	params.timeline = new_syncobj(((struct fixture *)*state)->dev, 0);
	begin(&v, state, &params);
	for (uint64_t i = 0; i < 1000; i++) {
		addr = alloc(&v, PAGE, 0);
		assert_int_equal(panthor_va_free(v.va, addr, PAGE, i + 1), 0);
	}
	/* At 64, 128, 256 and 512, since nothing was to be had. */
	assert_int_equal(fake_calls(v.f->fake, FAKE_SYNCOBJ_QUERY), 4);
	assert_int_equal(panthor_syncobj_signal(v.f->dev, params.timeline, 5000), 0);
	for (uint64_t i = 1000; i < 1025; i++) {
		addr = alloc(&v, PAGE, 0);
		assert_int_equal(panthor_va_free(v.va, addr, PAGE, i + 1), 0);
	}
	assert_int_equal(fake_calls(v.f->fake, FAKE_SYNCOBJ_QUERY), 5);
	assert_int_equal(v.va->deferred.count, 0);

	addr = alloc(&v, PAGE, 0);
	fake_fail(v.f->fake, FAKE_SYNCOBJ_QUERY, 1, ENODEV);
	assert_int_equal(panthor_va_free(v.va, addr, PAGE, 6000), 0);
	for (uint64_t i = 0; i < 1023; i++)
		assert_int_equal(panthor_va_free(v.va, alloc(&v, PAGE, 0), PAGE, 6000), 0);
	/* No memory to note it: it stays taken, and can be freed again. */
	addr = alloc(&v, PAGE, 0);
	fake_fail(v.f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_va_free(v.va, addr, PAGE, 6000), -ENOMEM);
	give(&v, addr, PAGE);
	end(&v);
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

	give(&m->v, 16 * MIB + first * PAGE, pages * PAGE);
	memset(m->pages + first, 0, pages);
	m->ranges[i] = m->ranges[--m->count];
}

static void agrees_with_a_model(void **state)
{
	struct panthor_va_params params = small_space(MODEL_PAGES);
	struct model *m = calloc(1, sizeof(*m));

	m->seed = 20;
	begin(&m->v, state, &params);
	for (int i = 0; i < 20000; i++) {
		if (m->count < ARRAY_SIZE(m->ranges) && next_random(m, 2))
			model_alloc(m);
		else if (m->count)
			model_free(m);
	}
	while (m->count)
		model_free(m);
	assert_int_equal(alloc(&m->v, MODEL_PAGES * PAGE, 0), 16 * MIB);
	end(&m->v);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_quarter_steps),
		fixture_test(new_errors),
		fixture_test(alloc_errors),
		fixture_test(ranges_are_disjoint_and_aligned),
		fixture_test(space_is_used_to_the_end),
		fixture_test(gaps_follow_every_range),
		fixture_test(gaps_between_slots),
		fixture_test(fixed_addresses),
		fixture_test(wrong_frees_are_seen),
		fixture_test(later_frees_ask_once),
		fixture_test(later_frees_ask_rarely),
		fixture_test(agrees_with_a_model),
	};

	return cmocka_run_group_tests_name("va", tests, NULL, NULL);
}
