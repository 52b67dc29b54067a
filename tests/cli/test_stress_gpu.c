// SPDX-License-Identifier: MIT
/* The GPU side of the stress worker against the fake driver, whose GPU executes nothing. */
#include "led.h"

#include "stress_gpu.h"

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

/* BOs are where they are meant to be, some in two VMs, and nothing is left behind. */
static void test_gpu(void **state)
{
	struct led *led = *state;
	const struct stress_gpu_counts *gpu = &led_counts(led)->gpu;

	with_gpu(led);
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(led_counts(led)->bos, N_BOS);
	assert_in_range(gpu->binds, N_BOS + 1, 2 * N_BOS - 1);
	assert_in_range(gpu->unbinds, 1, gpu->binds - 1);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(gpu->verified_words, 2 * N_BOS * (BO_SIZE / PATTERN_PAGE) * 3);
	assert_int_equal(gpu->faults + gpu->timeouts + gpu->submit_failures, 0);
	assert_int_equal(gpu->mismatched_words, 0);
	assert_int_equal(led_counts(led)->live_bytes, N_BOS * BO_SIZE);
	assert_in_range(gpu->held_bytes, 1, BO_SIZE * 8);
}

/* This GPU executes nothing, so what it claims to have written is missed by the CPU. */
static void test_lost_writes(void **state)
{
	struct led *led = *state;

	with_gpu(led);
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_in_range(led_counts(led)->gpu.written_bytes, 1, N_BOS * BO_SIZE);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_in_range(led_counts(led)->mismatched_words, 1,
			led_counts(led)->gpu.written_bytes / 8);
	assert_int_equal(led_counts(led)->first.side, STRESS_CPU);
	assert_int_equal(led_counts(led)->first.where.offset, 0);
}

/* A group that is lost is counted, by what it was lost to, and another one takes its place. */
static void test_fault(void **state)
{
	struct led *led = *state;
	const struct stress_gpu_counts *gpu = &led_counts(led)->gpu;
	unsigned int groups;

	with_gpu(led);
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	groups = fake_calls(led->fake, FAKE_GROUP_CREATE);
	fake_set_group_state(led->fake, gpu_fd(led), 1, PANTHOR_GROUP_FATAL_FAULT, 1);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(gpu->faults, 1);
	assert_int_equal(gpu->timeouts, 0);
	fake_set_group_state(led->fake, gpu_fd(led), 2,
			     PANTHOR_GROUP_TIMEDOUT | PANTHOR_GROUP_INNOCENT, 0);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(gpu->faults, 1);
	assert_int_equal(gpu->timeouts, 1);
	assert_int_equal(fake_calls(led->fake, FAKE_GROUP_CREATE), groups + 2);
	/* The CPU did its part all the same. */
	assert_int_equal(led_counts(led)->verified_bytes, 2 * N_BOS * BO_SIZE);
}

/* Want of memory costs a part of the work, not the run. */
static void test_no_memory(void **state)
{
	struct led *led = *state;
	const struct stress_gpu_counts *gpu = &led_counts(led)->gpu;
	uint64_t all = 2 * N_BOS * (BO_SIZE / PATTERN_PAGE) * 3;

	with_gpu(led);
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	fake_fail(led->fake, FAKE_GROUP_SUBMIT, 1, ENOMEM);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(gpu->submit_failures, 1);
	fake_fail(led->fake, FAKE_VM_BIND, 1, ENOMEM);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(gpu->bind_failures, 1);
	assert_in_range(gpu->verified_words, all - 2 * (BO_SIZE / PATTERN_PAGE) * 3, all - 1);
	assert_int_equal(led_counts(led)->bos, N_BOS);
	assert_int_equal(led_counts(led)->verified_bytes, 2 * N_BOS * BO_SIZE);
}

/* A kernel whose GPU runs no jobs is told from one that fails. */
static void test_missing(void **state)
{
	struct led *led = *state;
	struct panthor_device *dev;

	assert_int_equal(led_open_device(NULL, &dev), 0);
	assert_int_equal(stress_gpu_supported(dev), 0);
	fake_fail(led->fake, FAKE_GROUP_CREATE, 1, EOPNOTSUPP);
	assert_int_equal(stress_gpu_supported(dev), -EOPNOTSUPP);
	fake_fail(led->fake, FAKE_VM_CREATE, 1, ENOMEM);
	assert_int_equal(stress_gpu_supported(dev), -ENOMEM);
	panthor_device_unref(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		led_test(test_gpu),	  led_test(test_lost_writes), led_test(test_fault),
		led_test(test_no_memory), led_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
