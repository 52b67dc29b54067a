/* SPDX-License-Identifier: MIT */
/* Failures inside of CPU maps of BOs: making, splitting, moving, inheriting, and faults in them. */
#include <sys/wait.h>

#include "fail_inject.h"

#define RW   (PROT_READ | PROT_WRITE)
#define SIZE (8 * KT_PAGE)

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

static void map(struct fail *f, uint64_t size)
{
	uint64_t offset;
	void *ptr;

	assert_int_equal(kt_bo_offset(f->fd, f->bo, &offset), 0);
	assert_int_equal(kt_mmap(f->fd, offset, size, RW, MAP_SHARED, &ptr), 0);
	f->map = ptr;
}

static void make_bo(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "bo", SIZE, 1);
}

static void make_map(struct fail *f)
{
	make_bo(f);
	map(f, SIZE);
	catch_bus();
}

static void check_contents(struct fail *f)
{
	kt_assert_contents(f->fd, f->bo, SIZE, 1);
}

static int call_map(struct fail *f)
{
	void *ptr = mmap(NULL, SIZE, RW, MAP_SHARED, f->fd, (off_t)f->offset);

	if (ptr == MAP_FAILED)
		return -errno;
	f->map = ptr;
	return 0;
}

static void make_offset(struct fail *f)
{
	make_bo(f);
	assert_int_equal(kt_bo_offset(f->fd, f->bo, &f->offset), 0);
}

static void unmap(struct fail *f)
{
	if (f->map)
		munmap(f->map, SIZE);
}

static struct fail_case map_bo = {
	.prepare = make_offset,
	.call = call_map,
	.finish = check_contents,
	.release = unmap,
};

static void make_export(struct fail *f)
{
	make_bo(f);
	f->dmabuf = kt_export(f->fd, f->bo);
	assert_true(f->dmabuf >= 0);
}

static int call_map_dmabuf(struct fail *f)
{
	void *ptr = mmap(NULL, SIZE, RW, MAP_SHARED, f->dmabuf, 0);

	if (ptr == MAP_FAILED)
		return -errno;
	f->map = ptr;
	return 0;
}

static struct fail_case map_dmabuf = {
	.prepare = make_export,
	.call = call_map_dmabuf,
	.release = unmap,
};

static int call_unmap(struct fail *f)
{
	if (munmap(f->map, SIZE) < 0)
		return -errno;
	f->map = NULL;
	return 0;
}

static struct fail_case unmap_bo = { .prepare = make_map, .call = call_unmap, .release = unmap };

/* Becomes two maps. */
static int call_cut(struct fail *f)
{
	return munmap(f->map + 2 * KT_PAGE, KT_PAGE) < 0 ? -errno : 0;
}

static void check_cut(struct fail *f)
{
	assert_int_equal(kt_wrong(f->map, 2 * KT_PAGE, 1), 0);
	check_contents(f);
}

/* mm may leave the map in pieces, which hold a reference each. */
static struct fail_case cut_map = {
	.flags = FAIL_PARTIAL,
	.prepare = make_map,
	.call = call_cut,
	.finish = check_cut,
	.release = unmap,
};

static int call_protect(struct fail *f)
{
	return mprotect(f->map + 2 * KT_PAGE, KT_PAGE, PROT_READ) < 0 ? -errno : 0;
}

static struct fail_case protect_page = {
	.flags = FAIL_PARTIAL,
	.prepare = make_map,
	.call = call_protect,
	.finish = check_cut,
	.release = unmap,
};

/* To a place that something else is in. */
static void make_map_and_target(struct fail *f)
{
	make_map(f);
	kt_fill(f->map, SIZE, 1);
	f->target = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(f->target, MAP_FAILED);
}

static int call_move(struct fail *f)
{
	void *ptr = mremap(f->map, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, f->target);

	if (ptr == MAP_FAILED)
		return -errno;
	f->map = f->target;
	return 0;
}

static void unmap_both(struct fail *f)
{
	unmap(f);
	munmap(f->target, SIZE);
}

/* What was at the target may be gone already when moving fails. */
static struct fail_case move_map = {
	.prepare = make_map_and_target,
	.call = call_move,
	.finish = check_cut,
	.release = unmap_both,
};

static int call_fork(struct fail *f)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	f->extra = pid;
	return pid < 0 ? -errno : 0;
}

static void wait_for_child(struct fail *f)
{
	int status;

	if (f->extra < 0)
		return;
	assert_int_equal(waitpid(f->extra, &status, 0), f->extra);
	assert_int_equal(status, 0);
	f->extra = -1;
}

static struct fail_case fork_with_map = {
	.flags = FAIL_ANY_ERROR,
	.prepare = make_map,
	.call = call_fork,
	.settle = wait_for_child,
	.finish = check_cut,
	.release = unmap,
};

/*
 * Faults. One failure alone is not seen: populating fails, the fault is repeated and populates.
 */

static void make_fresh_map(struct fail *f)
{
	f->bo = kt_bo(f->fd, SIZE);
	map(f, SIZE);
	catch_bus();
}

static void check_touched(struct fail *f)
{
	uint64_t value;

	assert_int_equal(kt_peek(f->map, &value), 0);
	assert_int_equal(value, 77);
	assert_int_equal(kt_nonzero(f->map + 8, SIZE - 8), 0);
}

static struct fail_case fault = {
	.prepare = make_fresh_map,
	.call = call_touch,
	.finish = check_touched,
	.release = unmap,
};

static void make_evicted_map(struct fail *f)
{
	make_map(f);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
}

static void check_swapped_in(struct fail *f)
{
	assert_int_equal(kt_poke(f->map, 0), 0);
	kt_fill(f->map, 8, 1);
	check_contents(f);
}

static struct fail_case fault_of_evicted = {
	.flags = FAIL_EVICTED,
	.prepare = make_evicted_map,
	.call = call_touch,
	.finish = check_swapped_in,
	.release = unmap,
};

/*
 * In a place that has its page tables: what mm cannot allocate for a fault it asks for again and
 * again, and the driver is not even called.
 */
static void make_map_at_home(struct fail *f, uint64_t size)
{
	const uint64_t room = 16 * KT_PAGE;
	void *ptr;
	char *home;

	ptr = mmap(NULL, 2 * room, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	home = (char *)(((uintptr_t)ptr + room - 1) / room * room);
	home[0] = 1;
	assert_int_equal(kt_bo_offset(f->fd, f->bo, &f->offset), 0);
	f->map = mmap(home + KT_PAGE, size, RW, MAP_SHARED | MAP_FIXED, f->fd, (off_t)f->offset);
	assert_ptr_equal(f->map, home + KT_PAGE);
	f->target = ptr;
	f->target_size = 2 * room;
	catch_bus();
}

static void unmap_home(struct fail *f)
{
	munmap(f->target, f->target_size);
}

static void make_fresh_map_at_home(struct fail *f)
{
	f->bo = kt_bo(f->fd, SIZE);
	make_map_at_home(f, SIZE);
}

static void make_evicted_map_at_home(struct fail *f)
{
	make_bo(f);
	make_map_at_home(f, SIZE);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	fail_leave_swap_cache();
}

/* The error is told by SIGBUS, and what failed is not taken for pages the next time. */
static struct fail_case test_kb1_failed_population_slab = {
	.flags = FAIL_MAY_POPULATE,
	.all = FAIL_SLAB,
	.prepare = make_fresh_map_at_home,
	.call = call_touch,
	.finish = check_touched,
	.release = unmap_home,
};
static struct fail_case test_kb1_failed_population_page = {
	.flags = FAIL_MAY_POPULATE,
	.all = FAIL_PAGE,
	.prepare = make_fresh_map_at_home,
	.call = call_touch,
	.finish = check_touched,
	.release = unmap_home,
};
static struct fail_case failed_swapin_slab = {
	.flags = FAIL_EVICTED,
	.all = FAIL_SLAB,
	.prepare = make_evicted_map_at_home,
	.call = call_touch,
	.finish = check_swapped_in,
	.release = unmap_home,
};
static struct fail_case failed_swapin_page = {
	.flags = FAIL_EVICTED,
	.all = FAIL_PAGE,
	.prepare = make_evicted_map_at_home,
	.call = call_touch,
	.finish = check_swapped_in,
	.release = unmap_home,
};

/*
 * The page of flush ids.
 */

static int call_map_flush_id(struct fail *f)
{
	void *ptr = mmap(NULL, KT_PAGE, PROT_READ, MAP_SHARED, f->fd,
			 (off_t)DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET);

	if (ptr == MAP_FAILED)
		return -errno;
	f->map = ptr;
	return 0;
}

static void make_flush_id_map(struct fail *f)
{
	assert_int_equal(call_map_flush_id(f), 0);
	catch_bus();
}

static int call_read_flush_id(struct fail *f)
{
	if (sigsetjmp(on_bus, 0))
		return -ENOMEM;
	return *(volatile uint32_t *)(void *)f->map ? 0 : -EIO;
}

static void unmap_page(struct fail *f)
{
	if (f->map)
		munmap(f->map, KT_PAGE);
}

static struct fail_case map_flush_id = { .call = call_map_flush_id, .release = unmap_page };
static struct fail_case read_flush_id = {
	.flags = FAIL_NOTHING,
	.prepare = make_flush_id_map,
	.call = call_read_flush_id,
	.release = unmap_page,
};

static const struct CMUnitTest tests[] = {
	fail_test(map_bo),
	fail_test(map_dmabuf),
	fail_test(unmap_bo),
	fail_test(cut_map),
	fail_test(protect_page),
	fail_test(move_map),
	fail_test(fork_with_map),
	fail_test(fault),
	fail_test(fault_of_evicted),
	fail_test(test_kb1_failed_population_slab),
	fail_test(test_kb1_failed_population_page),
	fail_test(failed_swapin_slab),
	fail_test(failed_swapin_page),
	fail_test(map_flush_id),
	fail_test(read_flush_id),
	fail_no_leaks(),
};

fail_main(tests)
