/* SPDX-License-Identifier: MIT */
/*
 * Failures wherever they hit: in kernel threads and work items too, for what they allocate belongs
 * to no call. A group or a VM may become unusable of that, and says so; every fence that was
 * promised comes, and afterwards all is as it was.
 */
#include "fail_inject.h"
#include "kt_gpu.h"

#define SIZE   (64 * KT_PAGE)
#define ROUNDS 24u
/* Neighbours keep their distance, so that each has page tables of its own. */
#define BIND_VA(i) ((1ull << 40) + (uint64_t)(i) * (1ull << 31))

/* @promised: points whose call was answered with 0 */
struct load {
	struct kt_gpu gpu;
	struct drm_panthor_queue_submit job;
	uint32_t group;
	uint32_t bo;
	uint32_t sync;
	int shrink;
	uint64_t promised[2 * ROUNDS];
	unsigned int promises;
	unsigned int refused;
	unsigned int strange;
};

static void load_begin(struct load *l, int fd)
{
	memset(l, 0, sizeof(*l));
	kt_gpu_init(&l->gpu, fd);
	kt_gpu_store(&l->gpu, 1, 77);
	l->job = kt_gpu_job(&l->gpu, 0);
	l->group = kt_group(fd, l->gpu.vm, 2, 4096);
	l->bo = kt_filled_bo(fd, "load", SIZE, 1);
	l->sync = kt_syncobj(fd, false);
	l->shrink = kt_debugfs_open("shrink", O_WRONLY);
	assert_true(l->shrink >= 0);
}

/* Unusable or dead is EINVAL; that it is so must come from a failure. */
static void note(struct load *l, uint64_t point, int ret)
{
	if (ret == 0)
		l->promised[l->promises++] = point;
	else if (ret == -ENOMEM || ret == -EINVAL)
		l->refused++;
	else
		l->strange++;
}

static int bind_async(const struct load *l, unsigned int round, uint64_t point)
{
	struct drm_panthor_sync_op sync = kt_signal_op(l->sync, point);
	struct drm_panthor_vm_bind_op ops[2] = {
		{ .bo_handle = l->bo, .va = BIND_VA(round), .size = SIZE },
		{
			.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
			.va = BIND_VA(round) + 8 * KT_PAGE,
			.size = 8 * KT_PAGE,
			.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
		},
	};

	return kt_bind_async(l->gpu.fd, l->gpu.vm, ops, 2, NULL);
}

static int submit(const struct load *l, unsigned int round, uint64_t point)
{
	struct drm_panthor_sync_op sync = kt_signal_op(l->sync, point);
	struct drm_panthor_queue_submit job = l->job;

	job.queue_index = round % 2;
	job.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	return kt_submit(l->gpu.fd, l->group, &job, 1);
}

/* No assertions, no memory of our own: whatever is asked of the kernel may fail. */
static void load_run(struct load *l)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		(void)!pwrite(l->shrink, "1000000", 7, 0);
		note(l, 2 * i + 1, bind_async(l, i, 2 * i + 1));
		note(l, 2 * i + 2, submit(l, i, 2 * i + 2));
	}
}

static void load_end(struct load *l)
{
	uint32_t state, fatal;
	unsigned int i;

	assert_int_equal(l->strange, 0);
	for (i = 0; i < l->promises; i++)
		assert_int_equal(kt_syncobj_wait(l->gpu.fd, l->sync, l->promised[i]), 0);
	assert_int_equal(kt_vm_state(l->gpu.fd, l->gpu.vm, &state), 0);
	assert_true(state == DRM_PANTHOR_VM_STATE_USABLE || state == DRM_PANTHOR_VM_STATE_UNUSABLE);
	assert_int_equal(kt_group_state(l->gpu.fd, l->group, &state, &fatal), 0);
	kt_assert_contents(l->gpu.fd, l->bo, SIZE, 1);
	assert_int_equal(kt_group_destroy(l->gpu.fd, l->group), 0);
	assert_int_equal(kt_vm_destroy(l->gpu.fd, l->gpu.vm), 0);
	close(l->shrink);
}

static void run(void **state, unsigned int interval, unsigned int times)
{
	static struct load l;
	struct kt *t = *state;

	load_begin(&l, t->fd);
	fail_arm_kernel(interval, times);
	load_run(&l);
	fail_disarm();
	print_message("# every %u: %u calls done, %u refused\n", interval, l.promises, l.refused);
	load_end(&l);

	/* The same without failures, in the same file. */
	load_begin(&l, t->fd);
	load_run(&l);
	assert_int_equal(l.refused, 0);
	load_end(&l);
}

static void test_seldom(void **state)
{
	run(state, 97, 100);
}

static void test_often(void **state)
{
	run(state, 31, 100);
}

static void test_almost_always(void **state)
{
	run(state, 2, 200);
}

static int teardown(void **state)
{
	fail_disarm();
	return kt_teardown(state);
}

#define load_test(f) cmocka_unit_test_setup_teardown(f, kt_setup, teardown)

static const struct CMUnitTest tests[] = {
	load_test(test_seldom),
	load_test(test_often),
	load_test(test_almost_always),
	fail_no_leaks(),
};

fail_main(tests)
