/* SPDX-License-Identifier: MIT */
/* What goes on in one VM, or with one process, is no business of others. */
#include <sys/wait.h>

#include "kt_gpu.h"

#define MAP    DRM_PANTHOR_VM_BIND_OP_TYPE_MAP
#define UNMAP  DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define SPARSE (DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC)

#define VA   0x40000000ull
#define RING 4096u

/* Operations that take their time: large pages by the thousand, mapped and unmapped. */
#define LARGE	(256ull << 30)
#define LARGE_N 32u

static void queue_large_binds(int fd, uint32_t vm, const struct drm_panthor_sync_op *done)
{
	struct drm_panthor_vm_bind_op ops[LARGE_N];

	for (uint32_t i = 0; i < LARGE_N; i++)
		ops[i] = (struct drm_panthor_vm_bind_op){
			.flags = i % 2 ? UNMAP : (uint32_t)(MAP | SPARSE),
			.va = 1ull << 40,
			.size = LARGE,
		};
	ops[LARGE_N - 1].syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, done);
	assert_int_equal(kt_bind_async(fd, vm, ops, LARGE_N, NULL), 0);
}

static void queue_small_bind(int fd, uint32_t vm, const struct drm_panthor_sync_op *done)
{
	struct drm_panthor_vm_bind_op op = { .flags = UNMAP, .va = VA, .size = KT_PAGE };

	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, done);
	assert_int_equal(kt_bind_async(fd, vm, &op, 1, NULL), 0);
}

/* Behind much work of one VM, another one's is done at once: of the same file, and of another. */
static void test_binds_wait_for_their_own_vm_only(void **state)
{
	struct kt *t = *state;
	int other = kt_open("panthor", true), fds[] = { t->fd, other };
	uint32_t busy = kt_vm(t->fd), late = kt_syncobj(t->fd, false);
	struct drm_panthor_sync_op after_all = kt_signal_op(late, 0);

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		uint32_t vm = kt_vm(fds[i]), done = kt_syncobj(fds[i], false);
		struct drm_panthor_sync_op sync = kt_signal_op(done, 0);

		queue_large_binds(t->fd, busy, &after_all);
		queue_small_bind(fds[i], vm, &sync);
		assert_int_equal(kt_syncobj_result(fds[i], done), 1);
		assert_int_equal(kt_syncobj_now(t->fd, late, 0), -ETIME);
		/* Nor does the end of a VM wait. */
		assert_int_equal(kt_vm_destroy(fds[i], vm), 0);
		assert_int_equal(kt_syncobj_now(t->fd, late, 0), -ETIME);
		assert_int_equal(kt_syncobj_result(t->fd, late), 1);
	}
	close(other);
}

/*
 * The middle of a call that is killed.
 */

#define OPS	 300000u
#define FIRST_VA VA
#define SAME_VA	 (VA + 2 * KT_PAGE)
#define LAST_VA	 (VA + 4 * KT_PAGE)

static struct kt_gpu gpu;

/* Whether something is mapped there. */
static bool is_mapped(uint64_t va)
{
	uint32_t group = kt_group(gpu.fd, gpu.vm, 1, RING);
	int result;

	gpu.first = gpu.cs.count = 0;
	kt_gpu_copy(&gpu, 0, va);
	result = kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0));
	assert_int_equal(kt_group_destroy(gpu.fd, group), 0);
	return result == 1;
}

static bool first_is_mapped(void *arg)
{
	return is_mapped(FIRST_VA);
}

/* The first maps one page, the last another; those between do the same again and again. */
static void bind_for_long(uint32_t bo)
{
	struct drm_panthor_vm_bind_op *ops = calloc(OPS, sizeof(*ops));

	for (uint32_t i = 0; ops && i < OPS; i++)
		ops[i] = (struct drm_panthor_vm_bind_op){
			.flags = MAP,
			.bo_handle = bo,
			.va = !i	     ? FIRST_VA
			      : i == OPS - 1 ? LAST_VA
					     : SAME_VA,
			.size = KT_PAGE,
		};
	kt_bind(gpu.fd, gpu.vm, ops, OPS, NULL);
	_exit(0);
}

/* A process that is killed in a call of very many operations does not do all of them first. */
static void test_killed_call_ends_early(void **state)
{
	struct kt *t = *state;
	int status = 0;
	uint32_t bo;
	pid_t pid;

	kt_gpu_init(&gpu, t->fd);
	bo = kt_bo(t->fd, KT_PAGE);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		bind_for_long(bo);
	assert_true(kt_wait(first_is_mapped, NULL));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_false(is_mapped(LAST_VA));
	/* The VM is as good as before. */
	assert_int_equal(kt_vm_map(t->fd, gpu.vm, bo, LAST_VA, 0, KT_PAGE), 0);
	assert_true(is_mapped(LAST_VA));
}

static const struct CMUnitTest tests[] = {
	kt_test(test_binds_wait_for_their_own_vm_only),
	kt_test(test_killed_call_ends_early),
	kt_no_leaks(),
};

kt_main(tests)
