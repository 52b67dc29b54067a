/* SPDX-License-Identifier: MIT */
/* Failures inside of calls on BOs: life, label, advice, sharing. Maps are in fail_mmap.c. */
#include "fail_inject.h"

#define SIZE (8 * KT_PAGE)

static void make_vm(struct fail *f)
{
	f->vm = kt_vm(f->fd);
}

static void make_bo(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "before", SIZE, 1);
}

static void check_contents(struct fail *f)
{
	kt_assert_contents(f->fd, f->bo, SIZE, 1);
}

static int call_create(struct fail *f, uint64_t size, uint32_t flags)
{
	/* Not a whole number of pages: the size comes back another one. */
	struct drm_panthor_bo_create args = {
		.size = size,
		.flags = flags,
		.exclusive_vm_id = f->vm,
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args);
}

static int call_create_plain(struct fail *f)
{
	return call_create(f, SIZE - 1, 0);
}

static int call_create_no_mmap(struct fail *f)
{
	return call_create(f, SIZE, DRM_PANTHOR_BO_NO_MMAP);
}

static struct fail_case create = { .call = call_create_plain };
static struct fail_case create_no_mmap = { .call = call_create_no_mmap };
static struct fail_case create_exclusive = { .prepare = make_vm, .call = call_create_plain };

/* The device's array of BOs takes memory once in this many. */
#define ROUND 64

static void make_room_for_round(struct fail *f)
{
	f->map = calloc(ROUND, sizeof(uint32_t));
	assert_non_null(f->map);
}

/* All or none of them. */
static int call_create_round(struct fail *f)
{
	uint32_t *handles = (void *)f->map;
	int ret, i;

	for (i = 0; i < ROUND; i++) {
		struct drm_panthor_bo_create args = { .size = SIZE };

		ret = FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args);
		if (ret < 0)
			break;
		handles[i] = args.handle;
	}
	while (ret < 0 && i-- > 0)
		kt_bo_close(f->fd, handles[i]);
	return ret;
}

static void end_round(struct fail *f)
{
	free(f->map);
}

/* The array asks once more for what it could not have: a single failure, as in create, is lost. */
static struct fail_case create_round = {
	.within = "__xa_alloc_cyclic",
	.all = FAIL_SLAB,
	.step = 64,
	.prepare = make_room_for_round,
	.call = call_create_round,
	.release = end_round,
};

static int call_mmap_offset(struct fail *f)
{
	struct drm_panthor_bo_mmap_offset args = { .handle = f->bo };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);
}

static struct fail_case mmap_offset = { .prepare = make_bo, .call = call_mmap_offset };

static int call_query_info(struct fail *f)
{
	struct drm_panthor_bo_query_info args = { .handle = f->bo, .extra_flags = 77, .pad = 7 };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &args);
}

static struct fail_case query_info = { .prepare = make_bo, .call = call_query_info };

static int call_set_label(struct fail *f, const char *label)
{
	struct drm_panthor_bo_set_label args = { .handle = f->bo, .label = (uintptr_t)label };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args);
}

static int call_set_another_label(struct fail *f)
{
	return call_set_label(f, "after");
}

static int call_clear_label(struct fail *f)
{
	return call_set_label(f, NULL);
}

/* The table of the state has the labels. */
static struct fail_case label = { .prepare = make_bo, .call = call_set_another_label };
static struct fail_case label_clear = { .prepare = make_bo, .call = call_clear_label };

/* On the device, so that there is something to look after. */
static void make_cached_bo(struct fail *f)
{
	void *ptr;

	make_vm(f);
	assert_int_equal(kt_bo_create(f->fd, SIZE, DRM_PANTHOR_BO_WB_MMAP, 0, &f->bo), 0);
	ptr = kt_map(f->fd, f->bo, SIZE);
	kt_fill(ptr, SIZE, 1);
	assert_int_equal(kt_vm_map(f->fd, f->vm, f->bo, 0x100000, 0, SIZE), 0);
}

static int call_sync(struct fail *f)
{
	struct drm_panthor_bo_sync_op ops[2] = {
		{ .handle = f->bo, .size = SIZE },
		{ .handle = f->bo, .type = 1, .offset = 8, .size = SIZE - 16 },
	};
	struct drm_panthor_bo_sync args = { .ops = DRM_PANTHOR_OBJ_ARRAY(2, ops) };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}

static struct fail_case sync_cached = {
	.prepare = make_cached_bo,
	.call = call_sync,
	.finish = check_contents,
};

static int call_madvise(struct fail *f, uint32_t madv)
{
	struct drm_panthor_bo_madvise args = { .handle = f->bo, .madv = madv, .retained = 77 };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_BO_MADVISE, &args);
}

static int call_dontneed(struct fail *f)
{
	return call_madvise(f, DRM_PANTHOR_BO_MADV_DONTNEED);
}

static int call_willneed(struct fail *f)
{
	return call_madvise(f, DRM_PANTHOR_BO_MADV_WILLNEED);
}

static int call_cold(struct fail *f)
{
	return call_madvise(f, DRM_PANTHOR_BO_MADV_COLD);
}

static int call_pageout(struct fail *f)
{
	return call_madvise(f, DRM_PANTHOR_BO_MADV_PAGEOUT);
}

static void make_unneeded_bo(struct fail *f)
{
	make_bo(f);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
}

static void make_purged_bo(struct fail *f)
{
	make_unneeded_bo(f);
	kt_shrink_all();
}

static void make_evicted_bo(struct fail *f)
{
	make_bo(f);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
}

static void check_zeroes(struct fail *f)
{
	kt_assert_zeroes(f->fd, f->bo, SIZE);
}

static struct fail_case dontneed = { .prepare = make_bo, .call = call_dontneed };
static struct fail_case dontneed_evicted = {
	/* What is in swap is dropped, and how much of it was is up to mm. */
	.flags = FAIL_NO_SUM,
	.prepare = make_evicted_bo,
	.call = call_dontneed,
};
static struct fail_case willneed = { .prepare = make_unneeded_bo, .call = call_willneed };
static struct fail_case willneed_purged = {
	.prepare = make_purged_bo,
	.call = call_willneed,
	.finish = check_zeroes,
};
static struct fail_case cold = { .prepare = make_bo, .call = call_cold };
/* How far the way to swap goes is up to mm; the contents come back from wherever they are. */
static struct fail_case pageout = {
	.flags = FAIL_NO_SUM,
	.prepare = make_bo,
	.call = call_pageout,
	.finish = check_contents,
};

static int call_close(struct fail *f)
{
	struct drm_gem_close args = { .handle = f->bo };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static void make_mapped_bo(struct fail *f)
{
	make_bo(f);
	make_vm(f);
	f->map = kt_map(f->fd, f->bo, SIZE);
	assert_int_equal(kt_vm_map(f->fd, f->vm, f->bo, 0x100000, 0, SIZE), 0);
}

static void make_exported_bo(struct fail *f)
{
	make_bo(f);
	f->dmabuf = kt_export(f->fd, f->bo);
	assert_true(f->dmabuf >= 0);
}

static struct fail_case close_handle = { .prepare = make_bo, .call = call_close };
static struct fail_case close_mapped = { .prepare = make_mapped_bo, .call = call_close };
static struct fail_case close_exported = { .prepare = make_exported_bo, .call = call_close };
static struct fail_case close_evicted = {
	.flags = FAIL_NO_SUM,
	.prepare = make_evicted_bo,
	.call = call_close,
};

static const struct CMUnitTest tests[] = {
	fail_test(create),
	fail_test(create_no_mmap),
	fail_test(create_exclusive),
	fail_test(create_round),
	fail_test(mmap_offset),
	fail_test(query_info),
	fail_test(label),
	fail_test(label_clear),
	fail_test(sync_cached),
	fail_test(dontneed),
	fail_test(dontneed_evicted),
	fail_test(willneed),
	fail_test(willneed_purged),
	fail_test(cold),
	fail_test(pageout),
	fail_test(close_handle),
	fail_test(close_mapped),
	fail_test(close_exported),
	fail_test(close_evicted),
	fail_no_leaks(),
};

fail_main(tests)
