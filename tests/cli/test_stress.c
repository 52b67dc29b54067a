// SPDX-License-Identifier: MIT
/*
 * The stress worker against the fake driver, with data spoiled, purged and denied between the
 * stages.
 */
#include "unit.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "device.h"
#include "panthor.h"
#include "stress.h"
#include "stress_gpu.h"

#define BO_SIZE 65536u
#define N_BOS	16u

static const struct panthor_transport *transport;

static int open_fake_device(const char *path, struct panthor_device **ret_dev)
{
	return device_open(transport, path, ret_dev);
}

/* A worker in a thread of this process, led by the test. */
struct led {
	struct fake *fake;
	struct stress_options options;
	struct stress_shared *shared;
	struct stress_job job;
	int fd, worker_fd;
	pthread_t thread;
	int result;
};

static void *work(void *arg)
{
	struct led *led = arg;

	led->result = stress_work(&led->job, led->worker_fd);
	close(led->worker_fd);
	return NULL;
}

static struct stress_counts *counts(struct led *led)
{
	return &led->shared->workers[0].counts;
}

static int setup(void **state)
{
	struct led *led = calloc(1, sizeof(*led));
	int pair[2];

	assert_non_null(led);
	led->fake = fake_new(9);
	led->fake->has_madvise = true;
	transport = &led->fake->io;
	led->options = (struct stress_options){
		.bo_sizes = { .bytes = { BO_SIZE }, .count = 1 },
		.workers = 1,
		.seed = 5,
		.compress = 85,
	};
	led->shared = calloc(1, sizeof(*led->shared) + sizeof(led->shared->workers[0]));
	assert_non_null(led->shared);
	led->job = (struct stress_job){
		.options = &led->options,
		.shared = led->shared,
		.share_bytes = N_BOS * BO_SIZE,
		.open_device = open_fake_device,
	};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	led->fd = pair[0];
	led->worker_fd = pair[1];
	*state = led;
	return 0;
}

static void start(struct led *led)
{
	assert_int_equal(pthread_create(&led->thread, NULL, work, led), 0);
}

/* Has one stage done; false when the worker ended instead. */
static bool stage(struct led *led, char name)
{
	char answer = 0;

	if (write(led->fd, &name, 1) != 1 || read(led->fd, &answer, 1) != 1)
		return false;
	assert_int_equal(answer, name);
	return true;
}

static int end(struct led *led)
{
	shutdown(led->fd, SHUT_RDWR);
	pthread_join(led->thread, NULL);
	return led->result;
}

static int teardown(void **state)
{
	struct led *led = *state;

	close(led->fd);
	assert_int_equal(fake_free(led->fake), 0);
	free(led->shared);
	free(led);
	return 0;
}

/* Contents of one of the worker's BOs, in the order of the fake's list. */
static int memfd_of(struct led *led, unsigned int number)
{
	struct fake_bo *bo = led->fake->bos;

	while (number--)
		bo = bo->next;
	assert_non_null(bo);
	return bo->memfd;
}

static void with_gpu(struct led *led)
{
	led->options.gpu = true;
	led->options.vms = 3;
	led->options.shared = 50;
}

/* The one file that is open while a worker works. */
static int gpu_fd(struct led *led)
{
	for (int fd = 0; fd < FAKE_MAX_FDS; fd++) {
		if (led->fake->fds[fd].used && led->fake->fds[fd].file)
			return fd;
	}
	return -1;
}

/* Takes all BOs that are mapped here out of the page tables, as eviction does. */
static unsigned int zap_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	unsigned int count = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "/memfd:") || sscanf(line, "%lx-%lx", &start, &end) != 2 ||
		    end - start != BO_SIZE)
			continue;
		assert_int_equal(madvise((void *)start, BO_SIZE, MADV_DONTNEED), 0);
		count++;
	}
	fclose(maps);
	return count;
}

static void test_clean(void **state)
{
	struct led *led = *state;

	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(counts(led)->bos, N_BOS);
	assert_int_equal(counts(led)->live_bytes, N_BOS * BO_SIZE);
	assert_int_equal(counts(led)->written_bytes, N_BOS * BO_SIZE);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_true(stage(led, STRESS_ROUND));
		assert_int_equal(counts(led)->verified_bytes, i * N_BOS * BO_SIZE);
	}
	assert_int_equal(end(led), 0);
	assert_int_equal(counts(led)->mismatched_words, 0);
	assert_int_equal(counts(led)->advised_bos, 0);
	/* Some BOs were written anew, not all. */
	assert_in_range(counts(led)->written_bytes, (N_BOS + 1) * BO_SIZE,
			(4 * N_BOS - 1) * BO_SIZE);
}

/* One spoiled word is found, and told with what is needed to look into it. */
static void test_corruption(void **state)
{
	struct led *led = *state;
	const struct stress_mismatch *first = &counts(led)->first;
	uint64_t was, spoiled = 0x5b0;

	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(pread(memfd_of(led, 3), &was, 8, 4096 + 24), 8);
	assert_int_equal(pwrite(memfd_of(led, 3), &spoiled, 8, 4096 + 24), 8);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(counts(led)->mismatched_words, 1);
	assert_int_equal(counts(led)->mismatched_bos, 1);
	assert_int_equal(first->kind, STRESS_MISMATCH_CONTENT);
	assert_int_equal(first->where.offset, 4096 + 24);
	assert_int_equal(first->where.expected, was);
	assert_int_equal(first->where.got, spoiled);
	assert_int_equal(first->round, 1);
	assert_in_range(first->bo, 0, N_BOS - 1);
}

/* Purged BOs are seen as such, read as zeroes, and take part again. */
static void test_purge(void **state)
{
	struct led *led = *state;

	led->options.dontneed = 100;
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(counts(led)->advised_bos, N_BOS);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(counts(led)->retained_bos, N_BOS);
	fake_purge(led->fake);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(counts(led)->purged_bos, N_BOS);
	assert_int_equal(counts(led)->purged_bytes, N_BOS * BO_SIZE);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(counts(led)->retained_bos, 2 * N_BOS);
	assert_int_equal(counts(led)->verified_bytes, 3 * N_BOS * BO_SIZE);
	assert_int_equal(counts(led)->mismatched_words, 0);
}

/* "Retained" is not believed: the contents are looked at. */
static void test_false_retained(void **state)
{
	struct led *led = *state;

	led->options.dontneed = 100;
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	for (unsigned int i = 0; i < N_BOS; i++)
		assert_int_equal(
			ftruncate(memfd_of(led, i), 0) || ftruncate(memfd_of(led, i), BO_SIZE), 0);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(counts(led)->retained_bos, N_BOS);
	assert_int_equal(counts(led)->mismatched_bos, N_BOS);
}

/* SIGBUS while verifying: counted, the BO kept and verified once it can be. */
static void test_sigbus(void **state)
{
	struct led *led = *state;
	char contents[BO_SIZE];

	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(pread(memfd_of(led, 0), contents, BO_SIZE, 0), BO_SIZE);
	assert_int_equal(ftruncate(memfd_of(led, 0), 0), 0);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(counts(led)->touch_failures, 1);
	assert_int_equal(counts(led)->bos, N_BOS);
	assert_int_equal(counts(led)->verified_bytes, (N_BOS - 1) * BO_SIZE);
	assert_int_equal(pwrite(memfd_of(led, 0), contents, BO_SIZE, 0), BO_SIZE);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(counts(led)->touch_failures, 1);
	assert_int_equal(counts(led)->mismatched_words, 0);
	assert_int_equal(counts(led)->verified_bytes, (2 * N_BOS - 1) * BO_SIZE);
}

/* Memory that ends while populating: what is there is used, a part of it given back. */
static void test_no_memory(void **state)
{
	struct led *led = *state;

	/* The first BO is the rehearsal. */
	fake_fail(led->fake, FAKE_BO_CREATE, 1 + 10, ENOMEM);
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(counts(led)->create_failures, 1);
	assert_true(led->shared->full);
	assert_int_equal(counts(led)->bos, 8);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(counts(led)->verified_bytes, 8 * BO_SIZE);
}

static void test_no_map(void **state)
{
	struct led *led = *state;

	fake_fail(led->fake, FAKE_MMAP, 1 + 10, ENOMEM);
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(counts(led)->map_failures, 1);
	assert_int_equal(counts(led)->bos, 8);
	assert_int_equal(end(led), 0);
}

/* A stop is obeyed at the next BO, and nothing is left behind. */
static void test_stop(void **state)
{
	struct led *led = *state;

	start(led);
	led->shared->stop = true;
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(counts(led)->bos, 0);
	assert_int_equal(end(led), 0);
}

static void test_bad_device(void **state)
{
	struct led *led = *state;

	led->options.device = "/dev/null";
	start(led);
	assert_false(stage(led, STRESS_POPULATE));
	assert_int_equal(end(led), -led->shared->workers[0].error);
	assert_string_equal(led->shared->workers[0].doing, "opening the device");
	assert_int_not_equal(led->result, 0);
}

/* BOs are where they are meant to be, some in two VMs, and nothing is left behind. */
static void test_gpu(void **state)
{
	struct led *led = *state;
	const struct stress_gpu_counts *gpu = &counts(led)->gpu;

	with_gpu(led);
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_int_equal(counts(led)->bos, N_BOS);
	assert_in_range(gpu->binds, N_BOS + 1, 2 * N_BOS - 1);
	assert_in_range(gpu->unbinds, 1, gpu->binds - 1);
	assert_true(stage(led, STRESS_ROUND));
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(gpu->verified_words, 2 * N_BOS * (BO_SIZE / PATTERN_PAGE) * 3);
	assert_int_equal(gpu->faults + gpu->timeouts + gpu->submit_failures, 0);
	assert_int_equal(gpu->mismatched_words, 0);
	assert_int_equal(counts(led)->live_bytes, N_BOS * BO_SIZE);
	assert_in_range(gpu->held_bytes, 1, BO_SIZE * 8);
}

/* This GPU executes nothing, so what it claims to have written is missed by the CPU. */
static void test_gpu_lost_writes(void **state)
{
	struct led *led = *state;

	with_gpu(led);
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_in_range(counts(led)->gpu.written_bytes, 1, N_BOS * BO_SIZE);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_in_range(counts(led)->mismatched_words, 1, counts(led)->gpu.written_bytes / 8);
	assert_int_equal(counts(led)->first.side, STRESS_CPU);
	assert_int_equal(counts(led)->first.where.offset, 0);
}

/* A group that is lost is counted, by what it was lost to, and another one takes its place. */
static void test_gpu_fault(void **state)
{
	struct led *led = *state;
	const struct stress_gpu_counts *gpu = &counts(led)->gpu;
	unsigned int groups;

	with_gpu(led);
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	groups = fake_calls(led->fake, FAKE_GROUP_CREATE);
	fake_set_group_state(led->fake, gpu_fd(led), 1, PANTHOR_GROUP_FATAL_FAULT, 1);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(gpu->faults, 1);
	assert_int_equal(gpu->timeouts, 0);
	fake_set_group_state(led->fake, gpu_fd(led), 2,
			     PANTHOR_GROUP_TIMEDOUT | PANTHOR_GROUP_INNOCENT, 0);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(gpu->faults, 1);
	assert_int_equal(gpu->timeouts, 1);
	assert_int_equal(fake_calls(led->fake, FAKE_GROUP_CREATE), groups + 2);
	/* The CPU did its part all the same. */
	assert_int_equal(counts(led)->verified_bytes, 2 * N_BOS * BO_SIZE);
}

/* Want of memory costs a part of the work, not the run. */
static void test_gpu_no_memory(void **state)
{
	struct led *led = *state;
	const struct stress_gpu_counts *gpu = &counts(led)->gpu;
	uint64_t all = 2 * N_BOS * (BO_SIZE / PATTERN_PAGE) * 3;

	with_gpu(led);
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	fake_fail(led->fake, FAKE_GROUP_SUBMIT, 1, ENOMEM);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(gpu->submit_failures, 1);
	fake_fail(led->fake, FAKE_VM_BIND, 1, ENOMEM);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(gpu->bind_failures, 1);
	assert_in_range(gpu->verified_words, all - 2 * (BO_SIZE / PATTERN_PAGE) * 3, all - 1);
	assert_int_equal(counts(led)->bos, N_BOS);
	assert_int_equal(counts(led)->verified_bytes, 2 * N_BOS * BO_SIZE);
}

/* A kernel whose GPU runs no jobs is told from one that fails. */
static void test_gpu_missing(void **state)
{
	struct led *led = *state;
	struct panthor_device *dev;

	assert_int_equal(open_fake_device(NULL, &dev), 0);
	assert_int_equal(stress_gpu_supported(dev), 0);
	fake_fail(led->fake, FAKE_GROUP_CREATE, 1, EOPNOTSUPP);
	assert_int_equal(stress_gpu_supported(dev), -EOPNOTSUPP);
	fake_fail(led->fake, FAKE_VM_CREATE, 1, ENOMEM);
	assert_int_equal(stress_gpu_supported(dev), -ENOMEM);
	panthor_device_unref(dev);
}

/* What faults on return was out of the page tables meanwhile; what does not was not. */
static void test_refault(void **state)
{
	struct led *led = *state;

	led->job.have_swap = true;
	start(led);
	assert_true(stage(led, STRESS_POPULATE));
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(counts(led)->refaulted_bos, 0);
	assert_int_equal(zap_maps(), N_BOS);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(counts(led)->refaulted_bos, N_BOS);
	assert_true(stage(led, STRESS_ROUND));
	assert_int_equal(end(led), 0);
	assert_int_equal(counts(led)->refaulted_bos, N_BOS);
	assert_int_equal(counts(led)->refault_ns.samples, N_BOS);
	assert_int_equal(counts(led)->mismatched_words, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clean, setup, teardown),
		cmocka_unit_test_setup_teardown(test_corruption, setup, teardown),
		cmocka_unit_test_setup_teardown(test_purge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_false_retained, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sigbus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gpu_lost_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gpu_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gpu_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gpu_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refault, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
