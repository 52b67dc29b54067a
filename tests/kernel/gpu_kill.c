/* SPDX-License-Identifier: MIT */
/*
 * Processes that are killed while they submit, bind, wait and lose their memory. Each is this
 * program once more, as a victim: it says after every step that it lives, and after so many as the
 * seed says it does not any more.
 */
#include <sys/wait.h>

#include "gpu_probe.h"
#include "kt_slab.h"

#define P  KT_PAGE
#define VA 0x40000000ull

enum { STEPS = 60, KEPT = 8 };

/* The victim's stdout is a pipe. */
static void tell(void)
{
	if (write(STDOUT_FILENO, "", 1) != 1)
		_exit(1);
}

/*
 * Victims
 */

/* Groups come and go, with jobs of all kinds in all their queues. */
static void keep_submitting(struct gpu *g, uint64_t *seed)
{
	struct panthor_group *groups[KEPT] = { NULL };
	struct gpu_job *jobs[PROBE_STREAMS];

	probe_streams(g, jobs);
	for (int i = 0; i < STEPS; i++) {
		struct panthor_group **group = &groups[kt_rand(seed) % KEPT];
		struct panthor_group_params params = { .size = sizeof(params) };

		params.queue_count = 1 + (uint32_t)(kt_rand(seed) % 3);
		panthor_group_unref(*group);
		assert_int_equal(panthor_group_new(g->vm, &params, group), 0);
		for (uint32_t queue = 0; queue < params.queue_count; queue++)
			gpu_try_run(jobs[kt_rand(seed) % PROBE_STREAMS], *group, queue);
		tell();
	}
}

static struct panthor_bo *new_bo(struct gpu *g, uint64_t *seed)
{
	uint64_t size = (1 + kt_rand(seed) % 16) * P;
	struct panthor_vm *vm = kt_rand(seed) % 2 ? NULL : g->vm;
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_new(g->dev, vm, size, 0, &bo), 0);
	return bo;
}

/* Binds now, binds behind a job that waits for ever, BOs that live by their mappings alone. */
static void keep_binding(struct gpu *g, uint64_t *seed)
{
	struct gpu_job *gate = probe_blocked_job(g);
	struct panthor_sync opened = panthor_wait_point(gate->done, 0);
	struct panthor_tiler_heap *heap = NULL;

	for (int i = 0; i < STEPS; i++) {
		uint64_t va = VA + kt_rand(seed) % 64 * P;
		struct panthor_bo *bo = new_bo(g, seed);

		struct panthor_bind_op ops[] = {
			panthor_bind_unmap(va, 3 * P),
			panthor_bind_map(bo, 0, va, panthor_bo_size(bo), 0),
		};

		if (i % 2)
			assert_int_equal(panthor_vm_bind(g->vm, 0, ops, 2, NULL), 0);
		if (i == STEPS / 4) {
			ops[0].syncs = &opened;
			ops[0].sync_count = 1;
		}
		assert_int_equal(panthor_vm_bind(g->vm, PANTHOR_BIND_ASYNC, ops, 2, NULL), 0);
		panthor_bo_unref(bo);
		heap = panthor_tiler_heap_unref(heap);
		if (i % 8 == 0)
			assert_int_equal(panthor_tiler_heap_new(g->vm, NULL, &heap), 0);
		tell();
	}
}

/* Alone with a fence, in the kernel. */
static void wait_for_ever(struct gpu *g, uint64_t *seed)
{
	struct gpu_job *job = probe_blocked_job(g);

	for (int i = 0; i < STEPS; i++)
		tell();
	panthor_syncobj_wait(g->dev, &job->done, NULL, 1, INT64_MAX, 0, NULL);
}

/* Contents go and come back, by CPU and GPU, and are given up. */
static void lose_contents(struct gpu *g, uint64_t *seed)
{
	struct panthor_bo *bos[KEPT] = { NULL };
	struct gpu_job *job = gpu_job(g);
	struct panthor_group *group = gpu_group(g);

	gpu_cs_store(&job->cs, VA, 1);
	for (int i = 0; i < STEPS; i++) {
		struct panthor_bo **bo = &bos[kt_rand(seed) % KEPT];
		void *ptr;

		if (i)
			assert_int_equal(gpu_wait(job), 0);
		panthor_bo_unref(*bo);
		*bo = new_bo(g, seed);
		assert_int_equal(panthor_vm_map(g->vm, *bo, 0, VA, P, 0), 0);
		assert_int_equal(panthor_bo_map(*bo, &ptr), 0);
		kt_fill(ptr, P, 1);
		panthor_bo_madvise(*bo, (enum panthor_bo_advice)(kt_rand(seed) % 4), NULL);
		panthor_bo_madvise(*bo, PANTHOR_BO_WILLNEED, NULL);
		assert_int_equal(gpu_try_run(job, group, 0), 0);
		tell();
	}
}

static void (*const victims[])(struct gpu *g, uint64_t *seed) = { keep_submitting, keep_binding,
								  wait_for_ever, lose_contents };

static _Noreturn void be_victim(const char *which, const char *number)
{
	uint64_t seed = strtoull(number, NULL, 10);
	struct gpu *g;

	gpu_setup((void **)&g);
	victims[atoi(which)](g, &seed);
	for (;;)
		pause();
}

/*
 * The other side
 */

struct victim {
	pid_t pid;
	int told;
};

/* Returns twice, as fork(): the child's has pid 0, and tells by its stdout. */
static struct victim fork_victim(void)
{
	struct victim victim;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	victim.pid = fork();
	assert_true(victim.pid >= 0);
	if (!victim.pid)
		dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	victim.told = fds[0];
	return victim;
}

static struct victim spawn(int which, uint64_t seed)
{
	char number[32], kind[16];
	struct victim victim;

	snprintf(kind, sizeof(kind), "%d", which);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)seed);
	victim = fork_victim();
	if (!victim.pid) {
		execl("/proc/self/exe", "victim", kind, number, NULL);
		_exit(1);
	}
	return victim;
}

/* It must not have died by itself, of a failure, before. */
static void kill_after(struct victim victim, uint64_t steps)
{
	int status;
	char byte;

	while (steps-- > 0)
		assert_int_equal(read(victim.told, &byte, 1), 1);
	kill(victim.pid, SIGKILL);
	assert_int_equal(waitpid(victim.pid, &status, 0), victim.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(victim.told);
}

/* Two at a time, for one to die while the other lives. */
static void kill_many(int pairs, uint64_t seed)
{
	for (int i = 0; i < pairs; i++) {
		struct victim first = spawn(i % (int)ARRAY_SIZE(victims), kt_rand(&seed));
		struct victim second =
			spawn((int)(kt_rand(&seed) % ARRAY_SIZE(victims)), kt_rand(&seed));

		kill_after(first, 1 + kt_rand(&seed) % STEPS);
		kt_shrink(kt_rand(&seed) % 64);
		kill_after(second, 1 + kt_rand(&seed) % STEPS);
	}
	kt_test_no_leaks(NULL);
}

static void test_killed_processes_leave_nothing(void **state)
{
	struct kt_slabs before;

	kill_many(4, 1);
	before = kt_slabs_read();
	kill_many(32, 2);
	/* What each leaves with BOs, VMs and files would have been seen already. */
	kt_slabs_assert_back(&before, 300);
}

/* What a child does with the file that it shares, until it is killed. */
static void use_shared_file(struct gpu *g, struct panthor_group *owners,
			    const struct panthor_job *job)
{
	const struct panthor_bind_op ops[] = {
		panthor_bind_map(g->lib->data, 0, VA, P, 0),
		panthor_bind_unmap(VA, P),
	};

	for (int i = 0; i < STEPS; i++) {
		struct panthor_group *group = NULL;
		struct panthor_bo *bo = NULL;

		if (panthor_group_submit(owners, job, 1) ||
		    panthor_vm_bind(g->vm, PANTHOR_BIND_ASYNC, ops, 2, NULL) ||
		    panthor_group_new(g->vm, NULL, &group) ||
		    panthor_bo_new(g->dev, NULL, P, 0, &bo))
			_exit(1);
		panthor_group_unref(group);
		panthor_bo_unref(bo);
		tell();
	}
	for (;;)
		pause();
}

/* The file is not the child's: whoever else has it goes on. */
static void test_killed_child_shares_its_file(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = gpu_job(g);
	struct panthor_job childs = { .va = job->va };
	uint32_t count = 0;
	uint64_t seed = 3;

	gpu_cs_count(&job->cs, DATA_VA + 4, 1);
	assert_int_equal(panthor_cs_finish(&job->cs, &childs.size), 0);
	/* The page that it is read from does not come along to children. */
	assert_int_equal(panthor_device_flush_id(g->dev, &childs.flush_id), 0);
	for (int i = 0; i < 40; i++) {
		uint64_t steps = 1 + kt_rand(&seed) % STEPS;
		struct victim victim;

		victim = fork_victim();
		if (!victim.pid)
			use_shared_file(g, group, &childs);
		kill_after(victim, steps);
		count += (uint32_t)steps;
	}
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), 0);
	assert_true(g->words[1] > count);
	gpu_assert_group(group, 0, 0);
	assert_int_equal(panthor_vm_is_usable(g->vm), 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_killed_processes_leave_nothing),
	gpu_test(test_killed_child_shares_its_file),
	kt_no_leaks(),
};

int main(int argc, char **argv)
{
	if (argc == 3)
		be_victim(argv[1], argv[2]);

	kt_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
