/* SPDX-License-Identifier: MIT */
/*
 * Failures inside of faults in CPU maps. One alone is not seen: populating fails, the fault is
 * repeated and populates. When all fail from one on, SIGBUS tells it.
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

/* kt_peek() asks the kernel to install its handler, which may be what fails. */
static void catch_bus(void)
{
	struct sigaction action = { .sa_handler = bus, .sa_flags = SA_NODEFER };

	assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
}

static int call_touch(struct fail *f)
{
	if (sigsetjmp(on_bus, 0))
		return -ENOMEM;
	*(volatile uint64_t *)(void *)f->map = 77;
	return 0;
}

/* Where a huge page can be mapped. */
static void map(struct fail *f, int fd, uint64_t offset, uint64_t size)
{
	void *ptr;

	assert_int_equal(kt_mmap(fd, offset, size, RW, MAP_SHARED, &ptr), 0);
	f->map = f->target = ptr;
	f->target_size = size;
	catch_bus();
}

/*
 * In a place that has its page tables: what mm cannot allocate for a fault it asks for again and
 * again, and the driver is not even called.
 */
static void map_at_home(struct fail *f, int fd, uint64_t offset)
{
	const uint64_t room = 16 * KT_PAGE;
	char *home;
	void *ptr;

	ptr = mmap(NULL, 2 * room, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	home = (char *)(((uintptr_t)ptr + room - 1) / room * room);
	home[0] = 1;
	f->map = mmap(home + KT_PAGE, SIZE, RW, MAP_SHARED | MAP_FIXED, fd, (off_t)offset);
	assert_ptr_equal(f->map, home + KT_PAGE);
	f->target = ptr;
	f->target_size = 2 * room;
	catch_bus();
}

static uint64_t map_size(const struct fail *f)
{
	return f->map == f->target ? f->target_size : SIZE;
}

static void map_bo(struct fail *f)
{
	uint64_t offset;

	assert_int_equal(kt_bo_offset(f->fd, f->bo, &offset), 0);
	map_at_home(f, f->fd, offset);
}

static void map_huge_bo(struct fail *f)
{
	uint64_t offset;

	assert_int_equal(kt_bo_offset(f->fd, f->bo, &offset), 0);
	map(f, f->fd, offset, HUGE);
}

static void unmap(struct fail *f)
{
	munmap(f->target, f->target_size);
}

static void evict(struct fail *f)
{
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	fail_leave_swap_cache();
}

static void check_touched(struct fail *f)
{
	uint64_t value;

	assert_int_equal(kt_peek(f->map, &value), 0);
	assert_int_equal(value, 77);
	assert_int_equal(kt_nonzero(f->map + 8, map_size(f) - 8), 0);
}

static void check_swapped_in(struct fail *f)
{
	assert_int_equal(kt_poke(f->map, 0), 0);
	kt_fill(f->map, 8, 1);
	kt_assert_contents(f->fd, f->bo, map_size(f), 1);
}

/* What failed is not taken for pages the next time. */
#define FAULT_CASE(flag, kind, make, check)                                            \
	{                                                                              \
		.flags = (flag), .all = (kind), .prepare = (make), .call = call_touch, \
		.finish = (check), .release = unmap                                    \
	}
#define FRESH_CASE(kind, make)	 FAULT_CASE(FAIL_MAY_POPULATE, kind, make, check_touched)
#define EVICTED_CASE(kind, make) FAULT_CASE(FAIL_EVICTED, kind, make, check_swapped_in)

static void make_fresh(struct fail *f)
{
	f->bo = kt_bo(f->fd, SIZE);
	map_bo(f);
}

static struct fail_case fresh = FAULT_CASE(0, FAIL_NONE, make_fresh, check_touched);
static struct fail_case test_kb1_failed_population_slab = FRESH_CASE(FAIL_SLAB, make_fresh);
static struct fail_case test_kb1_failed_population_page = FRESH_CASE(FAIL_PAGE, make_fresh);

static void make_evicted(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "evicted", SIZE, 1);
	map_bo(f);
	evict(f);
}

static struct fail_case evicted = EVICTED_CASE(FAIL_NONE, make_evicted);
static struct fail_case evicted_slab = EVICTED_CASE(FAIL_SLAB, make_evicted);
static struct fail_case evicted_page = EVICTED_CASE(FAIL_PAGE, make_evicted);

/* One folio and one entry, or, where there is no such folio, small ones. */
static void make_huge(struct fail *f)
{
	f->bo = kt_bo(f->fd, HUGE);
	map_huge_bo(f);
}

static struct fail_case huge = FAULT_CASE(0, FAIL_NONE, make_huge, check_touched);

/* Comes back from swap page by page, with points for each. */
static void make_evicted_huge(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "huge", HUGE, 1);
	map_huge_bo(f);
	evict(f);
}

static struct fail_case evicted_huge = {
	.flags = FAIL_EVICTED,
	.step = 61,
	.prepare = make_evicted_huge,
	.call = call_touch,
	.finish = check_swapped_in,
	.release = unmap,
};

static void make_cached(struct fail *f)
{
	assert_int_equal(kt_bo_create(f->fd, SIZE, DRM_PANTHOR_BO_WB_MMAP, 0, &f->bo), 0);
	map_bo(f);
}

static struct fail_case cached = FAULT_CASE(0, FAIL_NONE, make_cached, check_touched);
static struct fail_case cached_slab = FRESH_CASE(FAIL_SLAB, make_cached);
static struct fail_case cached_page = FRESH_CASE(FAIL_PAGE, make_cached);

static void make_dmabuf(struct fail *f)
{
	f->bo = kt_bo(f->fd, SIZE);
	f->dmabuf = kt_export(f->fd, f->bo);
	assert_true(f->dmabuf >= 0);
	map_at_home(f, f->dmabuf, 0);
}

static struct fail_case dmabuf = FAULT_CASE(0, FAIL_NONE, make_dmabuf, check_touched);
static struct fail_case dmabuf_slab = FRESH_CASE(FAIL_SLAB, make_dmabuf);
static struct fail_case dmabuf_page = FRESH_CASE(FAIL_PAGE, make_dmabuf);

/* Wanted again, it is an ordinary BO of zeroes. */
static void make_purged(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "purged", SIZE, 1);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	kt_shrink_all();
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_WILLNEED, NULL), 0);
	map_bo(f);
}

static struct fail_case purged = FAULT_CASE(0, FAIL_NONE, make_purged, check_touched);
static struct fail_case purged_slab = FRESH_CASE(FAIL_SLAB, make_purged);
static struct fail_case purged_page = FRESH_CASE(FAIL_PAGE, make_purged);

/* What finds no memory asks the VM's other BOs for theirs, here one that the VM maps. */
static void make_private(struct fail *f)
{
	f->vm = kt_vm(f->fd);
	assert_int_equal(kt_bo_create(f->fd, SIZE, 0, f->vm, &f->other), 0);
	kt_fill(kt_map(f->fd, f->other, SIZE), SIZE, 2);
	assert_int_equal(kt_vm_map(f->fd, f->vm, f->other, 0x100000, 0, SIZE), 0);
	assert_int_equal(kt_bo_create(f->fd, SIZE, 0, f->vm, &f->bo), 0);
	map_bo(f);
}

static void check_private(struct fail *f)
{
	check_touched(f);
	kt_assert_contents(f->fd, f->other, SIZE, 2);
}

static struct fail_case private = FAULT_CASE(FAIL_EVICTED, FAIL_NONE, make_private, check_private);
static struct fail_case private_slab =
	FAULT_CASE(FAIL_EVICTED, FAIL_SLAB, make_private, check_private);
static struct fail_case private_page =
	FAULT_CASE(FAIL_EVICTED, FAIL_PAGE, make_private, check_private);

static void make_flush_id(struct fail *f)
{
	const uint64_t offset = DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET;
	void *ptr;

	assert_int_equal(kt_mmap(f->fd, offset, KT_PAGE, PROT_READ, MAP_SHARED, &ptr), 0);
	f->map = f->target = ptr;
	f->target_size = KT_PAGE;
	catch_bus();
}

static int call_read_flush_id(struct fail *f)
{
	if (sigsetjmp(on_bus, 0))
		return -ENOMEM;
	return *(volatile uint32_t *)(void *)f->map ? 0 : -EIO;
}

static struct fail_case flush_id = {
	.flags = FAIL_NOTHING,
	.prepare = make_flush_id,
	.call = call_read_flush_id,
	.release = unmap,
};

static const struct CMUnitTest tests[] = {
	fail_test(fresh),
	fail_test(test_kb1_failed_population_slab),
	fail_test(test_kb1_failed_population_page),
	fail_test(evicted),
	fail_test(evicted_slab),
	fail_test(evicted_page),
	fail_test(huge),
	fail_test(evicted_huge),
	fail_test(cached),
	fail_test(cached_slab),
	fail_test(cached_page),
	fail_test(dmabuf),
	fail_test(dmabuf_slab),
	fail_test(dmabuf_page),
	fail_test(purged),
	fail_test(purged_slab),
	fail_test(purged_page),
	fail_test(private),
	fail_test(private_slab),
	fail_test(private_page),
	fail_test(flush_id),
	fail_no_leaks(),
};

fail_main(tests)
