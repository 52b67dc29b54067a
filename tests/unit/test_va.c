// SPDX-License-Identifier: MIT
/* The VA allocator: places, alignments, gaps, fixed addresses, errors. */
#include "size_class.h"
#include "va_fixture.h"

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

	va_begin(&v, state, NULL);
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
	va_give(&v, addr, PAGE);
	va_finish(&v);
}

static void ranges_are_disjoint_and_aligned(void **state)
{
	static const uint64_t sizes[] = { 1,	      PAGE,	 5 * PAGE,    64 * 1024,
					  200 * 1024, 2 * MIB,	 3 * MIB + 1, 40 * MIB,
					  128 * MIB,  129 * MIB, 700 * MIB };
	struct va_fixture v;
	uint64_t addrs[ARRAY_SIZE(sizes)][3];

	va_begin(&v, state, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		addrs[i][0] = va_take(&v, sizes[i], 0);
		addrs[i][1] = va_take(&v, sizes[i], 64 * 1024);
		addrs[i][2] = va_take(&v, sizes[i], 16 * MIB);
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
		va_give(&v, addrs[i / 3][i % 3], sizes[i / 3]);
	/* All of it is one again. */
	va_trim_chunks_locked(v.va);
	assert_int_equal(
		panthor_va_reserve(v.va, 2 * MIB, panthor_vm_user_va_range(v.vm) - 2 * MIB), 0);
	va_finish(&v);
}

static void space_is_used_to_the_end(void **state)
{
	struct panthor_va_params params = va_small_space(8);
	struct va_fixture v;
	uint64_t addrs[8];

	va_begin(&v, state, &params);
	for (int i = 0; i < 8; i++)
		assert_int_equal(addrs[i] = va_take(&v, PAGE, 0), 16 * MIB + (uint64_t)i * PAGE);
	va_expect_full(&v, PAGE);
	va_give(&v, addrs[2], PAGE);
	va_give(&v, addrs[4], PAGE);
	va_expect_full(&v, 2 * PAGE);
	/* Joined from both sides. */
	va_give(&v, addrs[3], PAGE);
	assert_int_equal(va_take(&v, 3 * PAGE, 0), addrs[2]);
	va_give(&v, addrs[2], 3 * PAGE);
	/* The only place that is aligned is not at the start of a hole. */
	assert_int_equal(va_take(&v, PAGE, 4 * PAGE), addrs[4]);
	va_expect_full(&v, 9 * PAGE);
	va_finish(&v);
}

static void gaps_follow_every_range(void **state)
{
	struct panthor_va_params params = va_small_space(9);
	struct va_fixture v;
	uint64_t first, second;

	params.guard = 2 * PAGE;
	va_begin(&v, state, &params);
	first = va_take(&v, PAGE, 0);
	second = va_take(&v, PAGE, 0);
	assert_int_equal(second, first + 3 * PAGE);
	va_expect_full(&v, 2 * PAGE);
	assert_int_equal(panthor_va_reserve(v.va, first + 6 * PAGE, 2 * PAGE), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, first + 6 * PAGE, PAGE), 0);
	va_give(&v, first, PAGE);
	va_give(&v, second, PAGE);
	assert_int_equal(va_take(&v, 4 * PAGE, 0), first);
	va_finish(&v);
}

/* Guard pages make slots larger where there are chunks. */
static void gaps_between_slots(void **state)
{
	struct panthor_va_params params = { .size = sizeof(params), .guard = PAGE };
	struct va_fixture v;
	uint64_t addrs[600];

	va_begin(&v, state, &params);
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		addrs[i] = va_take(&v, PAGE, 0);
		for (size_t j = 0; j < i; j++) {
			assert_true(addrs[i] >= addrs[j] + 2 * PAGE ||
				    addrs[j] >= addrs[i] + 2 * PAGE);
		}
	}
	va_finish(&v);
}

static void fixed_addresses(void **state)
{
	struct va_fixture v;
	uint64_t slot, addr = 1ull << 40;

	va_begin(&v, state, NULL);
	slot = va_take(&v, PAGE, 0);
	assert_int_equal(panthor_va_reserve(v.va, slot, PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, slot + PAGE, PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, addr, 3 * PAGE - 1), 0);
	assert_int_equal(panthor_va_reserve(v.va, addr + 2 * PAGE, PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, addr - PAGE, 2 * PAGE), -EBUSY);
	assert_int_equal(panthor_va_reserve(v.va, addr + 3 * PAGE, PAGE), 0);
	va_give(&v, addr, 3 * PAGE);
	assert_int_equal(panthor_va_reserve(v.va, addr, 3 * PAGE), 0);

	/* An empty chunk is no obstacle. */
	va_give(&v, slot, PAGE);
	assert_int_equal(panthor_va_reserve(v.va, slot, PAGE), 0);

	assert_int_equal(panthor_va_reserve(v.va, 0, PAGE), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, addr + 1, PAGE), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, addr, 0), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, addr, UINT64_MAX), -EINVAL);
	assert_int_equal(panthor_va_reserve(v.va, panthor_vm_user_va_range(v.vm), PAGE), -EINVAL);
	fake_fail(v.f->fake, FAKE_ALLOC, 1, ENOMEM);
	for (int r = 0; !r; addr += MIB) {
		r = panthor_va_reserve(v.va, addr + MIB, PAGE);
		assert_true(!r || r == -ENOMEM);
	}
	va_finish(&v);
}

static void wrong_frees_are_seen(void **state)
{
	struct va_fixture v;
	uint64_t slot, large;

	va_begin(&v, state, NULL);
	slot = va_take(&v, 2 * PAGE, 0);
	large = va_take(&v, GIB, 0);
	assert_int_equal(panthor_va_free(v.va, slot + PAGE, PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, slot, 3 * PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, slot + 2 * PAGE, 2 * PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, slot, 2 * PAGE, 1), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, large, 2 * GIB, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, large - PAGE, 2 * PAGE, 0), -EINVAL);
	assert_int_equal(panthor_va_free(v.va, 1, PAGE, 0), -EINVAL);
	va_give(&v, slot, 2 * PAGE);
	assert_int_equal(panthor_va_free(v.va, slot, 2 * PAGE, 0), -EINVAL);
	va_give(&v, large, GIB);
	assert_int_equal(panthor_va_free(v.va, large, GIB, 0), -EINVAL);

	/* A range given back in pieces is refused before there is no memory to note it. */
	assert_int_equal(panthor_va_reserve(v.va, 1ull << 40, GIB), 0);
	for (uint64_t i = 1; i < 16; i += 2)
		panthor_va_free(v.va, (1ull << 40) + i * PAGE, PAGE, 0);
	assert_int_equal(panthor_va_reserve(v.va, 1ull << 41, PAGE), 0);
	va_finish(&v);
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
	};

	return cmocka_run_group_tests_name("va", tests, NULL, NULL);
}
