/* SPDX-License-Identifier: MIT */
/*
 * The private BOs of a VM share its lock: while one of them gets its pages, mm can take nothing of
 * the others. That they are more than there is memory must not show.
 */
#include "kt_gpu.h"

#define COUNT 5

static size_t bo_size(void)
{
	return kt_meminfo("MemTotal") / 4 / (2 * KT_MIB) * (2 * KT_MIB);
}

/* Where all take minutes, the first has to do. */
static size_t rounds(void)
{
	return kt_slowdown() > 1 ? 1 : COUNT;
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
	for (i = 0; i < rounds(); i++) {
		assert_int_equal(kt_peek(ptrs[i], &value), 0);
		assert_int_equal(wrong_pages(ptrs[i], i), 0);
	}
}

#define VA 0x40000000ull

/* Binds and jobs, too: what they need comes back at the cost of what the VM does not map. */
static void test_gpu_reads_all_private_bos(void **state)
{
	struct kt *t = *state;
	const size_t size = bo_size();
	uint32_t bos[COUNT], group;
	struct kt_gpu gpu;
	char *ptrs[COUNT];
	size_t i;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, 4096);
	for (i = 0; i < COUNT; i++) {
		assert_int_equal(kt_bo_create(t->fd, size, 0, gpu.vm, &bos[i]), 0);
		ptrs[i] = kt_map(t->fd, bos[i], size);
		*(uint32_t *)(void *)ptrs[i] = 100 + (uint32_t)i;
	}
	for (i = 0; i < rounds(); i++) {
		uint64_t value;

		assert_int_equal(kt_vm_map(t->fd, gpu.vm, bos[i], VA, 0, size), 0);
		/* All memory is for the others then: the job has to bring its BO back. */
		kt_shrink_all();
		for (size_t j = 1; j < COUNT; j++)
			assert_int_equal(kt_peek(ptrs[(i + j) % COUNT], &value), 0);
		kt_gpu_copy(&gpu, 0, VA);
		assert_int_equal(kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0)), 1);
		assert_int_equal(gpu.words[0], 100 + i);
		assert_int_equal(kt_vm_unmap(t->fd, gpu.vm, VA, size), 0);
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
	kt_test(test_gpu_reads_all_private_bos),
	kt_test(test_what_can_never_fit),
	kt_no_leaks(),
};

kt_main(tests)
