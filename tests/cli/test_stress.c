// SPDX-License-Identifier: MIT
/*
 * The stress worker against the fake driver, with data spoiled, purged and denied between the
 * stages.
 */
#include "unit.h"

#include <pthread.h>
#include <sys/socket.h>

#include "device.h"
#include "panthor.h"
#include "stress.h"

#define BO_SIZE 65536u
#define N_BOS 16u

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
		assert_int_equal(ftruncate(memfd_of(led, i), 0) ||
					 ftruncate(memfd_of(led, i), BO_SIZE),
				 0);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
