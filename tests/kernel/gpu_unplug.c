/* SPDX-License-Identifier: MIT */
/*
 * The device goes away under its jobs and queued binds: every fence signals, with an error where
 * something was not done, and after the last close nothing keeps the driver. It is loaded anew
 * after each test.
 */
#include <poll.h>
#include <pthread.h>

#include "gpu_probe.h"
#include "kt_race.h"
#include "kt_unplug.h"

#define P  KT_PAGE
#define VA 0x40000000ull

static int setup(void **state)
{
	/* Of a driver that is new, too. */
	return kt_unplug_begin() && kt_write_file("/sys/module/vpanthor/parameters/job_timeout_ms",
						  "100000")
		       ? 0
		       : -1;
}

static bool unloads(void *arg)
{
	return kt_driver_unload() == 0;
}

/* A driver that can be unloaded has nothing left. */
static int teardown(void **state)
{
	bool unloaded = kt_wait(unloads, NULL);

	return kt_unplug_end() && unloaded ? 0 : -1;
}

#define unplug_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static struct gpu *new_gpu(void)
{
	struct gpu *g;

	gpu_setup((void **)&g);
	return g;
}

static void free_gpu(struct gpu *g)
{
	gpu_teardown((void **)&g);
}

/* Waits for a fence of a device that is gone. */
static int status_of(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int status;

	assert_int_equal(poll(&wait, 1, 20000), 1);
	status = gpu_fence_status(fd);
	close(fd);
	return status;
}

static int fence_of(const struct gpu_job *job)
{
	return gpu_fence_fd(job->g->dev, job->done);
}

/* Runs @job behind the fence of another. */
static int run_behind(struct gpu_job *job, const struct gpu_job *before)
{
	assert_int_equal(gpu_run_between(job, gpu_group(job->g), 0, before->done, 0, job->done, 0),
			 0);
	return fence_of(job);
}

static void test_jobs_end_with_an_error(void **state)
{
	struct gpu *g = new_gpu();
	struct panthor_group *busy = gpu_group(g);
	struct gpu_job *done = gpu_job(g), *blocked = probe_blocked_job(g), *runs = gpu_job(g);
	int fds[6], done_fd;

	gpu_cs_store(&done->cs, DATA_VA + 8, 7);
	gpu_run(done, busy, 0);
	assert_int_equal(gpu_wait(done), 0);
	gpu_cs_count(&runs->cs, DATA_VA + 4, 0);
	gpu_run(runs, busy, 0);
	done_fd = fence_of(done);
	fds[0] = fence_of(runs);
	fds[1] = fence_of(blocked);
	/* Behind them: in the same queue, for their fences, and without a stream. */
	gpu_run(done, busy, 0);
	fds[2] = fence_of(done);
	fds[3] = run_behind(gpu_job(g), blocked);
	fds[4] = run_behind(done, runs);
	gpu_run(gpu_job(g), busy, 0);
	fds[5] = fence_of(&g->jobs[g->job_count - 1]);
	assert_true(gpu_word_passes(&g->words[1], 0));

	assert_true(kt_driver_unbind());
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		assert_int_equal(status_of(fds[i]), -ECANCELED);
	assert_int_equal(status_of(done_fd), 1);
	free_gpu(g);
}

/* Behind a fence that nobody will signal but the end of the device. */
static int queue_map(struct gpu *g, const struct gpu_job *gate, struct panthor_bo *bo, uint64_t va)
{
	struct panthor_bind_op op =
		bo ? panthor_bind_map(bo, 0, va, P, 0) : panthor_bind_unmap(va, P);
	uint32_t done = gpu_syncobj(g->dev);
	int fd;

	assert_int_equal(gpu_bind_between(g, op, gate->done, 0, done, 0), 0);
	fd = gpu_fence_fd(g->dev, done);
	panthor_syncobj_destroy(g->dev, done);
	return fd;
}

/* What is taken away can go, what is put there has no device to be seen by. */
static void test_queued_binds_end(void **state)
{
	struct gpu *g = new_gpu(), *late = gpu_beside(g, g->dev);
	struct gpu_job *gate = probe_blocked_job(g);
	int unmap = queue_map(g, gate, NULL, DATA_VA);
	int map = queue_map(g, gate, g->lib->data, VA);
	int behind = queue_map(late, gate, late->lib->data, VA);

	assert_true(kt_driver_unbind());
	assert_int_equal(status_of(unmap), 1);
	assert_int_equal(status_of(map), -ENODEV);
	assert_int_equal(status_of(behind), -ENODEV);
	free_gpu(g);
}

static void test_ioctls_are_enodev(void **state)
{
	struct gpu *g = new_gpu();
	struct gpu_job *blocked = probe_blocked_job(g), *job = gpu_job(g);
	struct panthor_tiler_heap *heap = NULL, *other_heap = NULL;
	struct panthor_group *group = gpu_group(g), *other = NULL;
	uint32_t flags = 0;

	assert_int_equal(panthor_tiler_heap_new(g->vm, NULL, &heap), 0);
	assert_true(kt_driver_unbind());
	kt_expect("GROUP_SUBMIT", gpu_try_run(job, group, 0), -ENODEV);
	kt_expect("GROUP_CREATE", panthor_group_new(g->vm, NULL, &other), -ENODEV);
	kt_expect("GROUP_GET_STATE", panthor_group_state(group, &flags, NULL), -ENODEV);
	kt_expect("TILER_HEAP_CREATE", panthor_tiler_heap_new(g->vm, NULL, &other_heap), -ENODEV);
	kt_expect("VM_BIND", panthor_vm_map(g->vm, g->lib->data, 0, VA, P, 0), -ENODEV);
	kt_expect("VM_BIND, async",
		  gpu_bind_between(g, panthor_bind_unmap(DATA_VA, P), 0, 0, job->done, 0), -ENODEV);
	kt_expect("VM_GET_STATE", panthor_vm_is_usable(g->vm), -ENODEV);
	kt_expect("SYNCOBJ_WAIT", gpu_syncobj_wait(g->dev, blocked->done, 0), -ENODEV);
	kt_all_expected();
	panthor_tiler_heap_unref(heap);
	free_gpu(g);
}

struct waiter {
	struct gpu_job *job;
	pid_t tid;
	int result;
};

static void *wait_for_job(void *arg)
{
	struct waiter *waiter = arg;

	__atomic_store_n(&waiter->tid, gettid(), __ATOMIC_RELEASE);
	waiter->result = gpu_syncobj_wait(waiter->job->g->dev, waiter->job->done, 0);
	return NULL;
}

/* In SYNCOBJ_WAIT or, with points, SYNCOBJ_TIMELINE_WAIT: the second argument of the ioctl. */
static bool is_in_wait(void *arg)
{
	struct waiter *waiter = arg;
	pid_t tid = __atomic_load_n(&waiter->tid, __ATOMIC_ACQUIRE);
	unsigned long number = 0, fd = 0, request = 0;
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	text = tid ? kt_read_file(path, NULL) : NULL;
	if (text && sscanf(text, "%lu 0x%lx 0x%lx", &number, &fd, &request) != 3)
		request = 0;
	free(text);
	return (request & 0xff) == (DRM_IOCTL_SYNCOBJ_WAIT & 0xff) ||
	       (request & 0xff) == (DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT & 0xff);
}

static void test_whoever_waits_is_woken(void **state)
{
	struct gpu *g = new_gpu();
	struct waiter waiter = { .job = probe_blocked_job(g) };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, wait_for_job, &waiter), 0);
	assert_true(kt_wait(is_in_wait, &waiter));
	assert_true(kt_driver_unbind());
	pthread_join(thread, NULL);
	assert_int_equal(waiter.result, 0);
	free_gpu(g);
}

/* Files, maps, dma-bufs and mappings of all kinds, given up in any order. */
static void test_everything_is_freed_at_last(void **state)
{
	struct gpu *g = new_gpu(), *other = gpu_beside(g, g->dev), *stranger = new_gpu();
	struct panthor_bo *shared = gpu_bo(g, 4 * P, VA, 0), *imported = NULL;
	struct panthor_tiler_heap *heap = NULL;
	struct gpu_job *runs = gpu_job(g);
	int buf = -1, vgem = kt_open("vgem", true);
	uint32_t theirs;
	void *ptr;

	assert_true(vgem >= 0);
	assert_int_equal(panthor_vm_map(other->vm, shared, 0, VA, 4 * P, 0), 0);
	assert_int_equal(panthor_tiler_heap_new(g->vm, NULL, &heap), 0);
	kt_shrink_all();
	assert_int_equal(panthor_bo_export(shared, &buf), 0);
	assert_int_equal(panthor_bo_import(stranger->dev, buf, &imported), 0);
	assert_int_equal(panthor_vm_map(stranger->vm, imported, 0, VA, 4 * P, 0), 0);
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	assert_int_equal(kt_mmap(buf, 0, P, PROT_READ | PROT_WRITE, MAP_SHARED, &ptr), 0);
	gpu_cs_count(&runs->cs, VA, 0);
	gpu_run(runs, gpu_group(g), 0);
	probe_blocked_job(other);
	probe_blocked_job(stranger);
	assert_true(gpu_word_passes(ptr, 0));

	assert_true(kt_driver_unbind());
	panthor_tiler_heap_unref(heap);
	panthor_bo_unref(shared);
	free_gpu(g);
	assert_int_equal(kt_driver_unload(), -EWOULDBLOCK);
	panthor_bo_unref(imported);
	free_gpu(stranger);
	close(buf);
	assert_int_equal(kt_driver_unload(), -EWOULDBLOCK);
	/* Not before the map's and the importer's. */
	munmap(ptr, P);
	close(vgem);
}

/* What a file queued goes on after it, and the code has to be there for its end. */
static void test_module_stays_for_a_queued_bind(void **state)
{
	struct gpu *g = new_gpu(), *gone = new_gpu();
	struct gpu_job *gate = probe_blocked_job(g);
	int fence = fence_of(gate), bind;
	struct drm_syncobj_handle import = {
		.handle = gpu_syncobj(gone->dev),
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
		.fd = fence,
	};
	const struct gpu_job theirs = { .done = import.handle };

	assert_int_equal(
		kt_ioctl(panthor_device_fd(gone->dev), DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &import), 0);
	bind = queue_map(gone, &theirs, gone->lib->data, VA);
	free_gpu(gone);
	assert_int_equal(kt_driver_unload(), -EWOULDBLOCK);
	assert_true(kt_driver_unbind());
	/* As the scheduler has it for what a file that is gone has queued. */
	assert_int_equal(status_of(bind), -ESRCH);
	assert_int_equal(status_of(fence), -ECANCELED);
	free_gpu(g);
}

enum { RACED_BINDS = 100 };

static void *unbind(void *arg)
{
	*(bool *)arg = kt_driver_unbind();
	return NULL;
}

/* Maps are carried out while the device maps that they read are taken down. */
static void test_unbind_races_queued_binds(void **state)
{
	for (int round = 0; round < 10; round++) {
		struct gpu *g = new_gpu();
		struct gpu_job *gate = probe_blocked_job(g);
		bool unbound = false;
		pthread_t thread;
		int last = -1;

		for (uint64_t i = 0; i < RACED_BINDS; i++) {
			if (last >= 0)
				close(last);
			last = queue_map(g, gate, g->lib->data, VA + i * P);
		}
		assert_int_equal(pthread_create(&thread, NULL, unbind, &unbound), 0);
		g->words[0] = 1;
		pthread_join(thread, NULL);
		assert_true(unbound);
		assert_int_not_equal(status_of(last), 0);
		free_gpu(g);
		assert_true(kt_driver_bind());
	}
}

/* Of each race, by whose middle the device is taken away. */
#define ROUNDS 100

/* @job, @ops: to be queued again and again */
struct raced {
	struct panthor_vm *vm;
	struct panthor_group *group;
	struct panthor_job job;
	struct panthor_bind_op ops[2];
	int rounds;
};

static void queue_jobs(struct kt_race *race, uint64_t *seed)
{
	struct raced *raced = race->arg;
	int r = panthor_group_submit(raced->group, &raced->job, 1);

	/* A job that a bind of the end has made fail ends the group. */
	kt_race_check(r == 0 || r == -ENODEV || r == -EINVAL);
}

static void queue_binds(struct kt_race *race, uint64_t *seed)
{
	struct raced *raced = race->arg;
	int r = panthor_vm_bind(raced->vm, PANTHOR_BIND_ASYNC, raced->ops, 2, NULL);

	kt_race_check(r == 0 || r == -ENODEV || r == -EINVAL);
}

static void unbind_in_the_middle(struct kt_race *race, uint64_t *seed)
{
	struct raced *raced = race->arg;

	if (++raced->rounds == kt_race_rounds(ROUNDS) / 2)
		kt_race_check(kt_driver_unbind());
}

static void test_unbind_races_submissions(void **state)
{
	static const kt_race_round workers[] = { unbind_in_the_middle, queue_jobs, queue_binds };

	for (int i = 0; i < 5; i++) {
		struct gpu *g = new_gpu();
		struct gpu_job *job = gpu_job(g);
		struct raced raced = {
			.vm = g->vm,
			.group = gpu_group(g),
			.job = { .va = job->va },
			.ops = { panthor_bind_map(g->lib->data, 0, VA, P, 0),
				 panthor_bind_unmap(VA, P) },
		};
		struct kt_race race = { .arg = &raced };

		gpu_cs_count(&job->cs, DATA_VA + 4, 20);
		assert_int_equal(panthor_cs_finish(&job->cs, &raced.job.size), 0);
		/* Not each time: there is nothing to read it from when the device is gone. */
		assert_int_equal(panthor_device_flush_id(g->dev, &raced.job.flush_id), 0);
		kt_race_run(&race, ROUNDS, workers, ARRAY_SIZE(workers));
		free_gpu(g);
		assert_true(kt_driver_bind());
	}
}

static const struct CMUnitTest tests[] = {
	unplug_test(test_jobs_end_with_an_error),
	unplug_test(test_queued_binds_end),
	unplug_test(test_ioctls_are_enodev),
	unplug_test(test_whoever_waits_is_woken),
	unplug_test(test_everything_is_freed_at_last),
	unplug_test(test_module_stays_for_a_queued_bind),
	unplug_test(test_unbind_races_queued_binds),
	unplug_test(test_unbind_races_submissions),
	kt_no_leaks(),
};

kt_main(tests)
