/* SPDX-License-Identifier: MIT */
/* Failures inside of CPU maps of BOs: making, splitting, moving, inheriting. */
#include <sys/wait.h>

#include "fail_inject.h"

#define RW   (PROT_READ | PROT_WRITE)
#define SIZE (8 * KT_PAGE)

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

static void unmap_page(struct fail *f)
{
	if (f->map)
		munmap(f->map, KT_PAGE);
}

static struct fail_case map_flush_id = { .call = call_map_flush_id, .release = unmap_page };

static const struct CMUnitTest tests[] = {
	fail_test(map_bo),	  fail_test(map_dmabuf),   fail_test(unmap_bo),
	fail_test(cut_map),	  fail_test(protect_page), fail_test(move_map),
	fail_test(fork_with_map), fail_test(map_flush_id), fail_no_leaks(),
};

fail_main(tests)
