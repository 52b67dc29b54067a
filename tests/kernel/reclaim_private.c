/* SPDX-License-Identifier: MIT */
/*
 * The private BOs of a VM share its lock: while one of them gets its pages, mm can take nothing of
 * the others. That they are more than there is memory must not show.
 */
#include "kt.h"

#define COUNT 5

static size_t bo_size(void)
{
	return kt_meminfo("MemTotal") / 4 / (2 * KT_MIB) * (2 * KT_MIB);
}

static uint64_t stamp(size_t bo, size_t offset)
{
	return bo << 40 | offset;
}

/* One word a page; the rest stays zero and costs little swap. */
static void write_pages(char *ptr, size_t bo)
{
	size_t offset;

	for (offset = 0; offset < bo_size(); offset += KT_PAGE)
		*(volatile uint64_t *)(void *)(ptr + offset) = stamp(bo, offset);
}

static size_t wrong_pages(const char *ptr, size_t bo)
{
	size_t wrong = 0;
	size_t offset;

	for (offset = 0; offset < bo_size(); offset += KT_PAGE)
		wrong += *(const volatile uint64_t *)(const void *)(ptr + offset) !=
			 stamp(bo, offset);
	return wrong;
}

static void test_cpu_touches_all_private_bos(void **state)
{
	struct kt *t = *state;
	const size_t size = bo_size();
	uint32_t vm = kt_vm(t->fd), bo;
	char *ptrs[COUNT];
	uint64_t value;
	size_t i;

	for (i = 0; i < COUNT; i++) {
		assert_int_equal(kt_bo_create(t->fd, size, 0, vm, &bo), 0);
		ptrs[i] = kt_map(t->fd, bo, size);
		assert_int_equal(kt_peek(ptrs[i], &value), 0);
		write_pages(ptrs[i], i);
	}
	/* Where all take minutes, the first has to do. */
	for (i = 0; i < (kt_slowdown() > 1 ? 1 : COUNT); i++) {
		assert_int_equal(kt_peek(ptrs[i], &value), 0);
		assert_int_equal(wrong_pages(ptrs[i], i), 0);
	}
}

/* More than all memory is ENOMEM at once, and takes nothing from anybody. */
static void test_what_can_never_fit(void **state)
{
	struct kt *t = *state;
	const size_t size = 2 * COUNT * bo_size();
	uint32_t vm = kt_vm(t->fd), bo, other;
	uint64_t evictions = kt_reclaim("evictions"), value;
	char *ptr, *other_ptr;

	assert_int_equal(kt_bo_create(t->fd, KT_PAGE, 0, vm, &other), 0);
	other_ptr = kt_map(t->fd, other, KT_PAGE);
	assert_int_equal(kt_poke(other_ptr, 1), 0);
	assert_int_equal(kt_bo_create(t->fd, size, 0, vm, &bo), 0);
	ptr = kt_map(t->fd, bo, size);
	assert_int_equal(kt_peek(ptr, &value), SIGBUS);
	assert_int_equal(kt_reclaim("evictions"), evictions);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_cpu_touches_all_private_bos),
	kt_test(test_what_can_never_fit),
	kt_no_leaks(),
};

kt_main(tests)
