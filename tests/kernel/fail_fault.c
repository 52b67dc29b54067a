/* SPDX-License-Identifier: MIT */
/*
 * Failures inside of faults in CPU maps of other kinds than those of fail_mmap.c: huge pages,
 * caches, dma-bufs, contents that were given up. One failure alone is not seen: populating fails,
 * the fault is repeated and populates.
 */
#include "fail_inject.h"

#define RW   (PROT_READ | PROT_WRITE)
#define SIZE (8 * KT_PAGE)
#define HUGE (2 * KT_MIB)

static sigjmp_buf on_bus;

static void bus(int sig)
{
	siglongjmp(on_bus, sig);
}

static int call_touch(struct fail *f)
{
	if (sigsetjmp(on_bus, 0))
		return -ENOMEM;
	*(volatile uint64_t *)(void *)f->map = 77;
	return 0;
}

static void map(struct fail *f, int fd, uint64_t offset, uint64_t size)
{
	struct sigaction action = { .sa_handler = bus, .sa_flags = SA_NODEFER };
	void *ptr;

	assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
	assert_int_equal(kt_mmap(fd, offset, size, RW, MAP_SHARED, &ptr), 0);
	f->map = ptr;
	f->target_size = size;
}

static void map_bo(struct fail *f, uint64_t size)
{
	assert_int_equal(kt_bo_offset(f->fd, f->bo, &f->offset), 0);
	map(f, f->fd, f->offset, size);
}

static void check_touched(struct fail *f)
{
	uint64_t value;

	assert_int_equal(kt_peek(f->map, &value), 0);
	assert_int_equal(value, 77);
	assert_int_equal(kt_nonzero(f->map + 8, f->target_size - 8), 0);
}

static void unmap(struct fail *f)
{
	munmap(f->map, f->target_size);
}

/* One folio and one entry, or, where there is no such folio, small ones. */
static void make_huge_map(struct fail *f)
{
	f->bo = kt_bo(f->fd, HUGE);
	map_bo(f, HUGE);
}

static struct fail_case huge = {
	.prepare = make_huge_map,
	.call = call_touch,
	.finish = check_touched,
	.release = unmap,
};

/* Comes back from swap page by page, with points for each. */
static void make_evicted_huge_map(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "huge", HUGE, 1);
	map_bo(f, HUGE);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	fail_leave_swap_cache();
}

static void check_swapped_in(struct fail *f)
{
	assert_int_equal(kt_poke(f->map, 0), 0);
	kt_fill(f->map, 8, 1);
	kt_assert_contents(f->fd, f->bo, f->target_size, 1);
}

static struct fail_case huge_evicted = {
	.flags = FAIL_EVICTED,
	.step = 61,
	.prepare = make_evicted_huge_map,
	.call = call_touch,
	.finish = check_swapped_in,
	.release = unmap,
};

static void make_cached_map(struct fail *f)
{
	assert_int_equal(kt_bo_create(f->fd, SIZE, DRM_PANTHOR_BO_WB_MMAP, 0, &f->bo), 0);
	map_bo(f, SIZE);
}

static struct fail_case cached = {
	.prepare = make_cached_map,
	.call = call_touch,
	.finish = check_touched,
	.release = unmap,
};

static void make_dmabuf_map(struct fail *f)
{
	f->bo = kt_bo(f->fd, SIZE);
	f->dmabuf = kt_export(f->fd, f->bo);
	assert_true(f->dmabuf >= 0);
	map(f, f->dmabuf, 0, SIZE);
}

static struct fail_case dmabuf = {
	.prepare = make_dmabuf_map,
	.call = call_touch,
	.finish = check_touched,
	.release = unmap,
};

/* Wanted again, it is an ordinary BO of zeroes. */
static void make_purged_map(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "purged", SIZE, 1);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	kt_shrink_all();
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_WILLNEED, NULL), 0);
	map_bo(f, SIZE);
}

static struct fail_case purged = {
	.prepare = make_purged_map,
	.call = call_touch,
	.finish = check_touched,
	.release = unmap,
};

static const struct CMUnitTest tests[] = {
	fail_test(huge),   fail_test(huge_evicted), fail_test(cached),
	fail_test(dmabuf), fail_test(purged),	    fail_no_leaks(),
};

fail_main(tests)
