/* SPDX-License-Identifier: MIT */
/* Failures inside of making VMs and of synchronous binds: every shape that a mapping can have. */
#include "fail_inject.h"

#define VA   0x200000ull
#define SIZE (16 * KT_PAGE)
#define HUGE (2 * KT_MIB)

static void make_vm(struct fail *f)
{
	f->vm = kt_vm(f->fd);
}

static int call_create(struct fail *f)
{
	struct drm_panthor_vm_create args = { 0 };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_VM_CREATE, &args);
}

static struct fail_case create = { .call = call_create };

static int call_destroy(struct fail *f)
{
	struct drm_panthor_vm_destroy args = { .id = f->vm };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &args);
}

static void show_vm(const struct fail *f, FILE *out)
{
	uint32_t state = 0;
	int ret = kt_vm_state(f->fd, f->vm, &state);

	fprintf(out, "VM: %d state %u\n", ret, state);
}

static int call_get_state(struct fail *f)
{
	struct drm_panthor_vm_get_state args = { .vm_id = f->vm, .state = 77 };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &args);
}

static struct fail_case get_state = { .prepare = make_vm, .call = call_get_state };

/* One operation: when it fails it was number 0 of those done, or not even looked at. */
static int call_bind(struct fail *f, struct drm_panthor_vm_bind_op op)
{
	uint32_t done = 77;
	int ret = kt_bind(f->fd, f->vm, &op, 1, &done);

	return ret < 0 && done > 1 ? -EXFULL : ret;
}

static int call_map(struct fail *f, uint64_t va, uint64_t bo_offset, uint64_t size)
{
	return call_bind(
		f, (struct drm_panthor_vm_bind_op){
			   .bo_handle = f->bo, .bo_offset = bo_offset, .va = va, .size = size });
}

static int call_unmap(struct fail *f, uint64_t va, uint64_t size)
{
	return call_bind(f, (struct drm_panthor_vm_bind_op){
				    .flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
				    .va = va,
				    .size = size,
			    });
}

/* The mapping must have become what was asked for, in one piece or several. */
static void check_usable(struct fail *f)
{
	uint32_t state;

	assert_int_equal(kt_vm_state(f->fd, f->vm, &state), 0);
	assert_int_equal(state, DRM_PANTHOR_VM_STATE_USABLE);
}

static void make_bo(struct fail *f)
{
	make_vm(f);
	f->bo = kt_filled_bo(f->fd, "bo", SIZE, 1);
}

static void make_cached_bo(struct fail *f)
{
	make_vm(f);
	f->bo = kt_cached_bo(f->fd, "bo", SIZE, 1);
}

static void make_fresh_bo(struct fail *f)
{
	make_vm(f);
	f->bo = kt_bo(f->fd, SIZE);
}

static void make_exclusive_bo(struct fail *f)
{
	make_vm(f);
	assert_int_equal(kt_bo_create(f->fd, SIZE, 0, f->vm, &f->bo), 0);
}

static void make_evicted_bo(struct fail *f)
{
	make_bo(f);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
}

static void make_purged_bo(struct fail *f)
{
	make_bo(f);
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	kt_shrink_all();
}

static int call_map_all(struct fail *f)
{
	return call_map(f, VA, 0, SIZE);
}

static struct fail_case map = {
	.prepare = make_bo,
	.call = call_map_all,
	.finish = check_usable,
};
/* Its pages are pinned before the device maps them: a pin that stays behind, shows. */
static struct fail_case map_cached = {
	.prepare = make_cached_bo,
	.call = call_map_all,
	.finish = check_usable,
};
static struct fail_case map_without_pages = {
	.flags = FAIL_MAY_POPULATE,
	.prepare = make_fresh_bo,
	.call = call_map_all,
	.finish = check_usable,
};
static struct fail_case map_exclusive = {
	.flags = FAIL_MAY_POPULATE,
	.prepare = make_exclusive_bo,
	.call = call_map_all,
	.finish = check_usable,
};
static struct fail_case map_evicted = {
	.flags = FAIL_EVICTED,
	.prepare = make_evicted_bo,
	.call = call_map_all,
	.finish = check_usable,
};
static struct fail_case map_purged = {
	.prepare = make_purged_bo,
	.call = call_map_all,
	.finish = check_usable,
};
/* Everything fails from some point on, so that nothing is made good by another attempt. */
static struct fail_case map_slab = {
	.all = FAIL_SLAB,
	.flags = FAIL_MAY_POPULATE,
	.prepare = make_fresh_bo,
	.call = call_map_all,
	.finish = check_usable,
};
static struct fail_case map_page = {
	.all = FAIL_PAGE,
	.flags = FAIL_MAY_POPULATE,
	.prepare = make_fresh_bo,
	.call = call_map_all,
	.finish = check_usable,
};

static int call_map_sparse(struct fail *f)
{
	return call_bind(f, (struct drm_panthor_vm_bind_op){
				    .flags = DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
					     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC,
				    .va = VA,
				    .size = SIZE,
			    });
}

static struct fail_case map_sparse = {
	.prepare = make_vm,
	.call = call_map_sparse,
	.finish = check_usable,
};

static void make_mapped_bo(struct fail *f)
{
	make_bo(f);
	assert_int_equal(kt_vm_map(f->fd, f->vm, f->bo, VA, 0, SIZE), 0);
}

static int call_unmap_all(struct fail *f)
{
	return call_unmap(f, VA, SIZE);
}

static int call_unmap_middle(struct fail *f)
{
	return call_unmap(f, VA + 4 * KT_PAGE, 4 * KT_PAGE);
}

static int call_map_middle(struct fail *f)
{
	return call_map(f, VA + 4 * KT_PAGE, 0, 4 * KT_PAGE);
}

static struct fail_case unmap = { .prepare = make_mapped_bo, .call = call_unmap_all };
static struct fail_case unmap_middle = {
	.prepare = make_mapped_bo,
	.call = call_unmap_middle,
	.finish = check_usable,
};
static struct fail_case map_over_middle = {
	.prepare = make_mapped_bo,
	.call = call_map_middle,
	.finish = check_usable,
};
static struct fail_case destroy = {
	.flags = FAIL_DEFERRED,
	.prepare = make_mapped_bo,
	.call = call_destroy,
	.show = show_vm,
};

/* A large page of the page table, which is cut into small ones. */
static void make_huge_map(struct fail *f)
{
	make_vm(f);
	f->bo = kt_bo(f->fd, HUGE);
	assert_int_equal(kt_vm_map(f->fd, f->vm, f->bo, VA, 0, HUGE), 0);
}

static struct fail_case unmap_middle_of_huge = {
	.prepare = make_huge_map,
	.call = call_unmap_middle,
	.finish = check_usable,
};

/*
 * Of several operations those before the failure stay, and the caller learns how many. Each shows
 * in the references of the BOs, whose labels are their letters.
 */

#define MANY 5

/* Of the BOs "a" to "c": what is mapped after that many operations. */
static const char *const mapped_after[MANY + 1] = { "", "a", "ab", "b", "c", "c" };

static void make_many(struct fail *f)
{
	make_vm(f);
	f->bo = kt_filled_bo(f->fd, "a", SIZE, 1);
	kt_filled_bo(f->fd, "b", SIZE, 1);
	kt_filled_bo(f->fd, "c", SIZE, 1);
}

/* @f->other: the first one that is still to be done */
static int call_bind_many(struct fail *f)
{
	const uint32_t unmap_op = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP;
	struct drm_panthor_vm_bind_op ops[MANY] = {
		{ .bo_handle = f->bo, .va = VA, .size = SIZE },
		{ .bo_handle = f->bo + 1, .va = VA + (1ull << 30), .size = SIZE },
		{ .flags = unmap_op, .va = VA, .size = SIZE },
		{ .bo_handle = f->bo + 2, .va = VA + (1ull << 30), .size = SIZE },
		{ .flags = unmap_op, .va = VA + (1ull << 30), .size = SIZE / 2 },
	};
	uint32_t count = MANY - f->other, done = count;
	int ret = kt_bind(f->fd, f->vm, ops + f->other, count, &done);

	f->offset = done;
	return ret < 0 && done > count ? -EXFULL : ret;
}

static bool is_mapped(const char *label)
{
	/* The handle's, and that of the VM. */
	return kt_gem_get(label).refcount == 2;
}

static bool are_mapped(const char *want)
{
	char now[4];

	snprintf(now, sizeof(now), "%s%s%s", is_mapped("a") ? "a" : "", is_mapped("b") ? "b" : "",
		 is_mapped("c") ? "c" : "");
	return !strcmp(now, want);
}

/* Their number unchanged, it failed before the first was looked at, or, as a copy, after the last.
 */
static void check_done(struct fail *f)
{
	bool all = f->offset == MANY;

	if (all && f->ret == -EFAULT && are_mapped(mapped_after[MANY]))
		return;
	f->other = all ? 0 : (uint32_t)f->offset;
	assert_true(are_mapped(mapped_after[f->other]));
}

static struct fail_case bind_many = {
	.flags = FAIL_PARTIAL,
	.prepare = make_many,
	.call = call_bind_many,
	.failed = check_done,
	.finish = check_usable,
};

static const struct CMUnitTest tests[] = {
	fail_test(create),
	fail_test(get_state),
	fail_test(map),
	fail_test(map_cached),
	fail_test(map_without_pages),
	fail_test(map_exclusive),
	fail_test(map_evicted),
	fail_test(map_purged),
	fail_test(map_slab),
	fail_test(map_page),
	fail_test(map_sparse),
	fail_test(unmap),
	fail_test(unmap_middle),
	fail_test(map_over_middle),
	fail_test(destroy),
	fail_test(unmap_middle_of_huge),
	fail_test(bind_many),
	fail_no_leaks(),
};

fail_main(tests)
