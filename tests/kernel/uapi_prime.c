/* SPDX-License-Identifier: MIT */
/* dma-bufs: export, import of our own and of foreign memory, CPU access, who keeps whom alive. */
#include <linux/dma-buf.h>

#include "kt.h"

#define SIZE (8 * KT_PAGE)

static int dmabuf_sync(int fd, uint64_t flags)
{
	struct dma_buf_sync args = { .flags = flags };

	return kt_ioctl(fd, DMA_BUF_IOCTL_SYNC, &args);
}

static void *map_dmabuf(int fd)
{
	void *ptr;

	assert_int_equal(kt_mmap(fd, 0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, &ptr), 0);
	return ptr;
}

static void test_export_errors(void **state)
{
	struct kt *t = *state;
	struct drm_prime_handle flags = { .handle = kt_bo(t->fd, SIZE), .flags = 1u << 20 };
	uint32_t vm = kt_vm(t->fd), exclusive;

	assert_int_equal(kt_bo_create(t->fd, SIZE, 0, vm, &exclusive), 0);
	kt_expect("handle 0", kt_export(t->fd, 0), -ENOENT);
	kt_expect("unknown handle", kt_export(t->fd, 0xdeadbeef), -ENOENT);
	kt_expect("unknown flag", kt_ioctl(t->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &flags), -EINVAL);
	kt_expect("exclusive to a VM", kt_export(t->fd, exclusive), -EINVAL);
	kt_all_expected();
}

static void test_import_errors(void **state)
{
	struct kt *t = *state;
	uint32_t bo;

	kt_expect("fd -1", kt_import(t->fd, -1, &bo), -EBADF);
	kt_expect("not a dma-buf", kt_import(t->fd, t->fd, &bo), -EINVAL);
	kt_expect("stdin", kt_import(t->fd, 0, &bo), -EINVAL);
	kt_all_expected();
}

static void test_export_shows_size_and_memory(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "exported", SIZE, 1);
	int buf = kt_export(t->fd, bo);
	void *ptr;

	assert_true(buf >= 0);
	assert_int_equal(lseek(buf, 0, SEEK_END), SIZE);
	assert_true(kt_gem_get("exported").state & KT_GEM_EXPORTED);
	ptr = map_dmabuf(buf);
	assert_int_equal(kt_wrong(ptr, SIZE, 1), 0);
	kt_fill(ptr, SIZE, 2);
	munmap(ptr, SIZE);
	kt_assert_contents(t->fd, bo, SIZE, 2);
}

static void test_import_into_the_same_file(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, SIZE);
	int buf = kt_export(t->fd, bo), second = kt_export(t->fd, bo);
	uint32_t again;

	assert_true(buf >= 0 && second >= 0);
	assert_int_equal(kt_import(t->fd, buf, &again), 0);
	assert_int_equal(again, bo);
	assert_int_equal(kt_import(t->fd, second, &again), 0);
	assert_int_equal(again, bo);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	assert_int_equal(kt_bo_close(t->fd, bo), -EINVAL);
	assert_int_equal(kt_import(t->fd, buf, &again), 0);
}

/* The same object in another file: own handle, same memory, same flags, not "imported". */
static void test_import_into_another_file(void **state)
{
	struct kt *t = *state;
	static const uint32_t flags[] = { 0, DRM_PANTHOR_BO_WB_MMAP, DRM_PANTHOR_BO_NO_MMAP };
	struct drm_panthor_bo_query_info info;
	uint32_t bo, other_bo;
	uint64_t offset;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		int other = kt_open("panthor", true);

		assert_int_equal(kt_bo_create(t->fd, SIZE, flags[i], 0, &bo), 0);
		assert_int_equal(kt_import(other, kt_export(t->fd, bo), &other_bo), 0);
		assert_int_equal(kt_bo_info(other, other_bo, &info), 0);
		assert_int_equal(info.extra_flags, 0);
		assert_int_equal(info.create_flags, flags[i]);
		assert_int_equal(kt_bo_offset(other, other_bo, &offset),
				 flags[i] & DRM_PANTHOR_BO_NO_MMAP ? -EPERM : 0);
	}
}

static void test_bo_outlives_its_creator(void **state)
{
	struct kt *t = *state;
	int first = kt_open("panthor", true);
	uint32_t bo = kt_filled_bo(first, "handed over", SIZE, 3);
	int buf = kt_export(first, bo);
	uint32_t mine;

	assert_int_equal(kt_import(t->fd, buf, &mine), 0);
	close(first);
	close(buf);
	kt_assert_contents(t->fd, mine, SIZE, 3);
	assert_int_equal(kt_bo_close(t->fd, mine), 0);
	assert_true(kt_gem_gone("handed over"));
}

static void test_dmabuf_outlives_all_handles(void **state)
{
	struct kt *t = *state;
	int first = kt_open("panthor", true);
	uint32_t bo = kt_filled_bo(first, "buf only", SIZE, 4);
	int buf = kt_export(first, bo);
	void *ptr;

	close(first);
	kt_shrink_all();
	ptr = map_dmabuf(buf);
	assert_int_equal(kt_wrong(ptr, SIZE, 4), 0);
	assert_int_equal(kt_import(t->fd, buf, &bo), 0);
	kt_assert_contents(t->fd, bo, SIZE, 4);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	close(buf);
	kt_gem_get("buf only");
	munmap(ptr, SIZE);
	assert_true(kt_gem_gone("buf only"));
}

static void test_cpu_access(void **state)
{
	struct kt *t = *state;
	static const uint32_t flags[] = { 0, DRM_PANTHOR_BO_WB_MMAP };
	static const uint64_t access[] = { DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW };
	uint32_t bo;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		int buf;
		void *ptr;

		assert_int_equal(kt_bo_create(t->fd, SIZE, flags[i], 0, &bo), 0);
		buf = kt_export(t->fd, bo);
		ptr = map_dmabuf(buf);
		for (j = 0; j < ARRAY_SIZE(access); j++) {
			kt_expect("start", dmabuf_sync(buf, DMA_BUF_SYNC_START | access[j]), 0);
			kt_fill(ptr, SIZE, j);
			kt_expect("end", dmabuf_sync(buf, DMA_BUF_SYNC_END | access[j]), 0);
			assert_int_equal(kt_wrong(ptr, SIZE, j), 0);
		}
		kt_expect("unknown flag", dmabuf_sync(buf, 1 << 6), -EINVAL);
		munmap(ptr, SIZE);
	}
	kt_all_expected();
}

/* Another driver attaches, which pins; and writes through its own map. */
static void test_attached_by_another_driver(void **state)
{
	struct kt *t = *state;
	int vgem = kt_open("vgem", true);
	uint32_t bo = kt_filled_bo(t->fd, "attached", SIZE, 5);
	int buf = kt_export(t->fd, bo);
	uint32_t theirs;

	assert_true(vgem >= 0);
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	assert_int_equal(dmabuf_sync(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW), 0);
	assert_int_equal(dmabuf_sync(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW), 0);
	kt_shrink_all();
	assert_int_equal(kt_gem_get("attached").resident, SIZE);
	assert_int_equal(kt_bo_close(vgem, theirs), 0);
	close(vgem);
	kt_assert_contents(t->fd, bo, SIZE, 5);
}

static void check_foreign(int fd, int buf)
{
	struct drm_panthor_bo_query_info info;
	struct kt_gem row;
	uint32_t bo, again, vm = kt_vm(fd);
	void *theirs;

	assert_int_equal(kt_import(fd, buf, &bo), 0);
	assert_int_equal(kt_import(fd, buf, &again), 0);
	assert_int_equal(again, bo);
	assert_int_equal(kt_bo_info(fd, bo, &info), 0);
	assert_int_equal(info.extra_flags, DRM_PANTHOR_BO_IS_IMPORTED);
	assert_int_equal(info.create_flags, 0);
	assert_int_equal(kt_bo_label(fd, bo, "import"), 0);
	row = kt_gem_get("import");
	assert_int_equal(row.size, SIZE);
	assert_int_equal(row.resident, 0);
	assert_true(row.state & KT_GEM_IMPORTED);

	kt_assert_zeroes(fd, bo, SIZE);
	theirs = map_dmabuf(buf);
	kt_fill(theirs, SIZE, 6);
	munmap(theirs, SIZE);
	kt_assert_contents(fd, bo, SIZE, 6);
	assert_int_equal(kt_vm_map(fd, vm, bo, 0x100000, 0, SIZE), 0);
	kt_shrink_all();
	kt_assert_contents(fd, bo, SIZE, 6);
	close(buf);
	assert_int_equal(kt_bo_close(fd, bo), 0);
	kt_gem_get("import");
	assert_int_equal(kt_vm_destroy(fd, vm), 0);
	assert_true(kt_gem_gone("import"));
}

static void test_import_udmabuf(void **state)
{
	struct kt *t = *state;
	int buf = kt_udmabuf(SIZE);

	assert_true(buf >= 0);
	check_foreign(t->fd, buf);
}

static void test_import_dma_heap(void **state)
{
	struct kt *t = *state;
	int buf = kt_heap_dmabuf(SIZE);

	assert_true(buf >= 0);
	check_foreign(t->fd, buf);
}

static void test_import_vgem(void **state)
{
	struct kt *t = *state;
	int buf = kt_vgem_dmabuf(SIZE);

	assert_true(buf >= 0);
	check_foreign(t->fd, buf);
}

/* An importer gets segments that it can take; otherwise the kernel's DMA debugging complains. */
static void test_huge_pages_for_another_device(void **state)
{
	struct kt *t = *state;
	int vgem = kt_open("vgem", true);
	uint32_t theirs;

	assert_true(vgem >= 0);
	assert_int_equal(kt_import(vgem, kt_export(t->fd, kt_bo(t->fd, 2 * KT_MIB)), &theirs), 0);
	assert_int_equal(kt_bo_close(vgem, theirs), 0);
	close(vgem);
}

/* Takes all mmap offsets that there are, by BOs without pages, down to the last page. */
static void take_all_offsets(int fd)
{
	uint32_t bo;

	for (uint64_t size = 1ull << 40; size >= KT_PAGE; size /= 2) {
		while (kt_bo_create(fd, size, 0, 0, &bo) == 0)
			;
	}
	assert_int_equal(kt_bo_create(fd, KT_PAGE, 0, 0, &bo), -ENOSPC);
}

static int vgem_references(void)
{
	char *text = kt_read_file("/sys/module/vgem/refcnt", NULL);
	int references = text ? atoi(text) : -1;

	free(text);
	return references;
}

/*
 * The import fails when all but the offset is there: what was made of it goes, each thing once, and
 * the buffer is as good as before.
 */
static void test_kb5_import_without_an_offset(void **state)
{
	struct kt *t = *state;
	int bufs[] = { kt_udmabuf(SIZE), kt_heap_dmabuf(SIZE), kt_vgem_dmabuf(SIZE) };
	int full = kt_open("panthor", true), references = vgem_references();
	struct kt_gems before, after;
	uint32_t bo;
	size_t i;

	take_all_offsets(full);
	kt_gems_read(&before);
	for (i = 0; i < 10 * ARRAY_SIZE(bufs); i++) {
		assert_true(bufs[i % 3] >= 0);
		kt_expect("full", kt_import(t->fd, bufs[i % 3], &bo), -ENOSPC);
	}
	kt_gems_read(&after);
	assert_int_equal(after.count, before.count);
	assert_int_equal(vgem_references(), references);
	kt_gems_free(&before);
	kt_gems_free(&after);
	close(full);
	for (i = 0; i < ARRAY_SIZE(bufs); i++)
		check_foreign(t->fd, bufs[i]);
	assert_int_equal(vgem_references(), references - 1);
	kt_all_expected();
}

/* What came in goes out again, as the exporter's own buffer. */
static void test_export_of_an_import(void **state)
{
	struct kt *t = *state;
	int buf = kt_udmabuf(SIZE), other = kt_open("panthor", true);
	uint32_t bo, other_bo;
	struct drm_panthor_bo_query_info info;

	assert_true(buf >= 0);
	assert_int_equal(kt_import(t->fd, buf, &bo), 0);
	assert_int_equal(kt_import(other, kt_export(t->fd, bo), &other_bo), 0);
	assert_int_equal(kt_bo_info(other, other_bo, &info), 0);
	assert_int_equal(info.extra_flags, DRM_PANTHOR_BO_IS_IMPORTED);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_export_errors),
	kt_test(test_import_errors),
	kt_test(test_export_shows_size_and_memory),
	kt_test(test_import_into_the_same_file),
	kt_test(test_import_into_another_file),
	kt_test(test_bo_outlives_its_creator),
	kt_test(test_dmabuf_outlives_all_handles),
	kt_test(test_cpu_access),
	kt_test(test_attached_by_another_driver),
	kt_test(test_huge_pages_for_another_device),
	kt_test(test_import_udmabuf),
	kt_test(test_import_dma_heap),
	kt_test(test_import_vgem),
	kt_test(test_kb5_import_without_an_offset),
	kt_test(test_export_of_an_import),
	kt_no_leaks(),
};

kt_main(tests)
