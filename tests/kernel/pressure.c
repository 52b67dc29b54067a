/* SPDX-License-Identifier: MIT */
/*
 * Real shortage of memory: BOs of twice the machine's RAM, alive at once, every page with contents
 * of its own. Nobody pulls the knob here; the kernel's own reclaim has to do it all.
 */
#include "kt.h"

#define BO_SIZE	 KT_MIB
#define PASSES	 2
#define DONTNEED DRM_PANTHOR_BO_MADV_DONTNEED
#define WILLNEED DRM_PANTHOR_BO_MADV_WILLNEED

/* What a BO is to its owner: all kinds are mixed. */
enum kind { KIND_UNUSED, KIND_MMAPPED, KIND_BOUND, KIND_SHARED, KIND_JUNK, KIND_COUNT };

struct buffer {
	uint32_t handle;
	enum kind kind;
	uint64_t generation;
	void *map;
};

struct load {
	int fd;
	uint32_t vm;
	uint32_t other_vm;
	struct buffer *bos;
	size_t count;
	size_t wrong;
	size_t purged;
	uint64_t seed;
};

/*
 * The swap of these tests is compressed memory: words that differ from page to page, with enough
 * sameness between them to be compressed.
 */
static void fill_page(uint64_t *page, uint64_t id)
{
	size_t i;

	for (i = 0; i < 512; i++)
		page[i] = i % 64 ? id : id * 0x9e3779b97f4a7c15ull + i;
}

static size_t wrong_words(const uint64_t *page, uint64_t id)
{
	size_t wrong = 0;
	size_t i;

	for (i = 0; i < 512; i++)
		wrong += page[i] != (i % 64 ? id : id * 0x9e3779b97f4a7c15ull + i);
	return wrong;
}

static uint64_t page_id(size_t index, uint64_t generation, size_t page)
{
	return generation << 40 | index << 12 | page;
}

static void *begin_access(struct load *load, struct buffer *bo)
{
	return bo->map ? bo->map : kt_map(load->fd, bo->handle, BO_SIZE);
}

static void end_access(struct buffer *bo, void *ptr)
{
	if (!bo->map)
		kt_unmap(ptr, BO_SIZE);
}

static void write_contents(struct load *load, size_t index)
{
	struct buffer *bo = &load->bos[index];
	char *ptr = begin_access(load, bo);
	size_t page;

	bo->generation++;
	for (page = 0; page < BO_SIZE / KT_PAGE; page++)
		fill_page((void *)(ptr + page * KT_PAGE), page_id(index, bo->generation, page));
	end_access(bo, ptr);
	if (bo->kind == KIND_JUNK)
		assert_int_equal(kt_madvise(load->fd, bo->handle, DONTNEED, NULL), 0);
}

/* Contents are as written, or all zeroes if the owner gave them up and the kernel took them. */
static void check_contents(struct load *load, size_t index)
{
	struct buffer *bo = &load->bos[index];
	uint32_t retained = 1;
	char *ptr;
	size_t page;

	if (bo->kind == KIND_JUNK)
		assert_int_equal(kt_madvise(load->fd, bo->handle, WILLNEED, &retained), 0);
	ptr = begin_access(load, bo);
	if (!retained)
		load->wrong += kt_nonzero(ptr, BO_SIZE);
	for (page = 0; retained && page < BO_SIZE / KT_PAGE; page++)
		load->wrong += wrong_words((void *)(ptr + page * KT_PAGE),
					   page_id(index, bo->generation, page));
	load->purged += !retained;
	end_access(bo, ptr);
}

static void create_all(struct load *load)
{
	const uint64_t va = 0x100000000ull;
	size_t i;

	for (i = 0; i < load->count; i++) {
		struct buffer *bo = &load->bos[i];

		bo->kind = i % KIND_COUNT;
		bo->handle = kt_bo(load->fd, BO_SIZE);
		if (bo->kind == KIND_MMAPPED)
			bo->map = kt_map(load->fd, bo->handle, BO_SIZE);
		write_contents(load, i);
		if (bo->kind == KIND_BOUND || bo->kind == KIND_SHARED)
			assert_int_equal(kt_vm_map(load->fd, load->vm, bo->handle, va + i * BO_SIZE,
						   0, BO_SIZE),
					 0);
		if (bo->kind == KIND_SHARED)
			assert_int_equal(kt_vm_map(load->fd, load->other_vm, bo->handle,
						   va + i * BO_SIZE, 0, BO_SIZE),
					 0);
	}
}

static void pass(struct load *load)
{
	size_t i, index;

	for (i = 0; i < load->count; i++) {
		index = kt_rand(&load->seed) % load->count;
		check_contents(load, index);
		write_contents(load, index);
	}
	for (i = 0; i < load->count; i++) {
		check_contents(load, i);
		if (load->bos[i].kind == KIND_JUNK)
			write_contents(load, i);
	}
}

static void assert_table_is_true(const struct load *load)
{
	struct kt_gems gems;

	kt_gems_read(&gems);
	assert_int_equal(gems.count, load->count);
	assert_int_equal(gems.total_size, gems.sum_size);
	assert_int_equal(gems.total_resident, gems.sum_resident);
	assert_true(gems.total_reclaimable > 0);
	assert_true(gems.total_reclaimable <= gems.total_resident);
	assert_true(gems.total_resident < kt_meminfo("MemTotal"));
	kt_gems_free(&gems);
}

static void test_kb35_kb37_twice_the_ram(void **state)
{
	struct kt *t = *state;
	struct load load = {
		.fd = t->fd, .vm = kt_vm(t->fd), .other_vm = kt_vm(t->fd), .seed = 42
	};
	static const char *const counters[] = { "evictions",	"evicted_pages", "purges",
						"purged_pages", "swapins",	 "swapin_pages",
						"scans" };
	uint64_t before[ARRAY_SIZE(counters)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		before[i] = kt_reclaim(counters[i]);
	load.count = 2 * kt_meminfo("MemTotal") / BO_SIZE + 1;
	load.bos = calloc(load.count, sizeof(*load.bos));
	create_all(&load);
	assert_table_is_true(&load);
	/* Where one takes minutes, one has to do. */
	for (i = 0; i < (kt_slowdown() > 1 ? 1 : PASSES); i++)
		pass(&load);
	assert_table_is_true(&load);

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		print_message("# %s: %zu\n", counters[i],
			      (size_t)(kt_reclaim(counters[i]) - before[i]));
		assert_true(kt_reclaim(counters[i]) > before[i]);
	}
	assert_int_equal(load.wrong, 0);
	assert_true(load.purged > 0);
	free(load.bos);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb35_kb37_twice_the_ram),
	kt_no_leaks(),
};

kt_main(tests)
