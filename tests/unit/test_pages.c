// SPDX-License-Identifier: MIT
/* Kernels whose pages are not 4 KiB: what follows them, and what stays with the GPU's pages. */
#include <sys/mman.h>

#include "cache_fixture.h"

static const uint64_t page_sizes[] = { 4096, 16384, 65536 };

/* The same again with every size of pages; what a test leaves behind shows at the end of each. */
static void with_pages(void (*test)(void **state, uint64_t page))
{
	for (size_t i = 0; i < ARRAY_SIZE(page_sizes); i++) {
		struct fixture f = { .fake = fake_new(9) };
		void *state = &f;

		f.fake->has_madvise = true;
		f.fake->page_size = page_sizes[i];
		f.dev = open_fake(f.fake);
		assert_int_equal(panthor_device_page_size(f.dev), page_sizes[i]);
		test(&state, page_sizes[i]);
		panthor_device_unref(f.dev);
		assert_int_equal(fake_free(f.fake), 0);
	}
}

static void check_sizes(void **state, uint64_t page)
{
	const struct fixture *f = *state;
	const uint64_t sizes[][2] = {
		{ 1, page }, { page, page }, { page + 1, 2 * page }, { 3 * page - 1, 3 * page }
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct panthor_bo *bo = new_bo(f->dev, sizes[i][0], 0);
		void *ptr;

		assert_int_equal(panthor_bo_size(bo), sizes[i][1]);
		assert_int_equal(panthor_bo_map(bo, &ptr), 0);
		memset(ptr, 0xa5, sizes[i][1]);
		assert_int_equal(panthor_bo_unmap(bo), 0);
		panthor_bo_unref(bo);
	}
}

static void sizes_are_whole_pages(void **state)
{
	with_pages(check_sizes);
}

/* Half a page is none, also where it is more than 4 KiB. */
static void check_answers(void **state, uint64_t page)
{
	const struct fixture *f = *state;
	struct panthor_bo *bo = NULL;
	void *ptr = NULL;
	int fd;

	f->fake->bogus_size = page + page / 2;
	assert_int_equal(panthor_bo_new(f->dev, NULL, 1, 0, &bo), -EPROTO);
	f->fake->bogus_size = 0;
	fd = fake_make_dmabuf(f->fake, page + page / 2, true);
	assert_int_equal(panthor_bo_import(f->dev, fd, &bo), -EPROTO);
	fake_close_dmabuf(f->fake, fd);
	assert_null(bo);

	bo = new_bo(f->dev, 1, 0);
	f->fake->bogus_offset = (1ull << 32) + page / 2;
	assert_int_equal(panthor_bo_map(bo, &ptr), -EPROTO);
	f->fake->bogus_offset = 0;
	assert_null(ptr);
	panthor_bo_unref(bo);
}

static void answers_between_pages_make_no_sense(void **state)
{
	with_pages(check_answers);
}

/* The driver maps exactly one page of registers, of the kernel's size. */
static void check_flush_id(void **state, uint64_t page)
{
	const struct fixture *f = *state;
	uint32_t id = 0;

	assert_int_equal(panthor_device_flush_id(f->dev, &id), 0);
	assert_int_equal(id, f->fake->flush_id);
}

static void registers_are_one_page(void **state)
{
	with_pages(check_flush_id);
}

/* The GPU's pages are 4 KiB under every kernel: addresses are dealt in those, parts of BOs too. */
static void check_addresses(void **state, uint64_t page)
{
	const struct fixture *f = *state;
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo *bo = new_bo(f->dev, page, 0);
	struct panthor_va *va;
	uint64_t first, second;

	assert_int_equal(panthor_va_new(vm, NULL, &va), 0);
	assert_int_equal(panthor_va_alloc(va, 1, 0, &first), 0);
	assert_int_equal(panthor_va_alloc(va, 1, 0, &second), 0);
	assert_int_equal(second - first, 4096);
	assert_int_equal(panthor_vm_map(vm, bo, page - 4096, second, 4096, 0), 0);
	assert_int_equal(panthor_vm_map(vm, bo, page - 2048, first, 4096, 0), -EINVAL);
	assert_int_equal(panthor_vm_unmap(vm, second, 4096), 0);
	panthor_va_unref(va);
	panthor_bo_unref(bo);
	panthor_vm_unref(vm);
}

static void gpu_pages_stay_small(void **state)
{
	with_pages(check_addresses);
}

/* What was put back is found again by whoever needs as many pages. */
static void check_cache(void **state, uint64_t page)
{
	struct panthor_buffer buffer;
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
	for (uint64_t pages = 1; pages < 40; pages++) {
		uint64_t least = (pages - 1) * page + 1;

		buffer = cache_take(&c, least, 0);
		assert_int_equal(buffer.size % page, 0);
		assert_true(buffer.size <= (pages + pages / 4 + 1) * page);
		memset(buffer.ptr, 0x5a, buffer.size);
		cache_give(&c, buffer, 0);
		buffer = cache_take(&c, pages * page, 0);
		assert_int_equal(cache_stats(&c).hits, pages);
		/* Taken for good, so that nothing is left for the next. */
		panthor_bo_ref(buffer.bo);
		cache_give(&c, buffer, 0);
		panthor_bo_unref(buffer.bo);
	}
	cache_end(&c);
}

static void cached_sizes_are_whole_pages(void **state)
{
	with_pages(check_cache);
}

static void check_slab(void **state, uint64_t page)
{
	struct panthor_buffer small, largest;
	struct panthor_slab *slab;
	struct cache_fixture c;

	cache_begin(&c, state, PANTHOR_BO_CACHE_MAP_CPU, true, 0);
	assert_int_equal(panthor_slab_new(c.cache, 0, &slab), 0);
	assert_int_equal(panthor_slab_alloc(slab, 1, PANTHOR_VM_PAGE_SIZE, &small), 0);
	assert_int_equal(small.va % PANTHOR_VM_PAGE_SIZE, 0);
	assert_int_equal(panthor_slab_alloc(slab, PANTHOR_SLAB_MAX_SIZE, 0, &largest), 0);
	memset(largest.ptr, 0x5a, PANTHOR_SLAB_MAX_SIZE);
	assert_true(largest.offset + PANTHOR_SLAB_MAX_SIZE <= panthor_bo_size(largest.bo));
	assert_int_equal(panthor_slab_free(slab, &largest, 0), 0);
	assert_int_equal(panthor_slab_free(slab, &small, 0), 0);
	panthor_slab_unref(slab);
	cache_end(&c);
}

static void slabs_fit_into_their_bos(void **state)
{
	with_pages(check_slab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_whole_pages),
		cmocka_unit_test(answers_between_pages_make_no_sense),
		cmocka_unit_test(registers_are_one_page),
		cmocka_unit_test(gpu_pages_stay_small),
		cmocka_unit_test(cached_sizes_are_whole_pages),
		cmocka_unit_test(slabs_fit_into_their_bos),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
