// SPDX-License-Identifier: MIT
/*
 * The stress worker against the fake driver, with data spoiled, purged and denied between the
 * stages.
 */
#include "led.h"

#include <sys/mman.h>

/* Contents of one of the worker's BOs, in the order of the fake's list. */
static int memfd_of(struct led *led, unsigned int number)
{
	struct fake_bo *bo = led->fake->bos;

	while (number--)
		bo = bo->next;
	assert_non_null(bo);
	return bo->memfd;
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

	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(led_counts(led)->bos, N_BOS);
	assert_int_equal(led_counts(led)->live_bytes, N_BOS * BO_SIZE);
	assert_int_equal(led_counts(led)->written_bytes, N_BOS * BO_SIZE);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_true(led_stage(led, STRESS_ROUND));
		assert_int_equal(led_counts(led)->verified_bytes, i * N_BOS * BO_SIZE);
	}
	assert_int_equal(led_end(led), 0);
	assert_int_equal(led_counts(led)->mismatched_words, 0);
	assert_int_equal(led_counts(led)->advised_bos, 0);
	/* Some BOs were written anew, not all. */
	assert_in_range(led_counts(led)->written_bytes, (N_BOS + 1) * BO_SIZE,
			(4 * N_BOS - 1) * BO_SIZE);
}

/* One spoiled word is found, and told with what is needed to look into it. */
static void test_corruption(void **state)
{
	struct led *led = *state;
	const struct stress_mismatch *first = &led_counts(led)->first;
	uint64_t was, spoiled = 0x5b0;

	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(pread(memfd_of(led, 3), &was, 8, 4096 + 24), 8);
	assert_int_equal(pwrite(memfd_of(led, 3), &spoiled, 8, 4096 + 24), 8);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(led_counts(led)->mismatched_words, 1);
	assert_int_equal(led_counts(led)->mismatched_bos, 1);
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
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(led_counts(led)->advised_bos, N_BOS);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_counts(led)->retained_bos, N_BOS);
	fake_purge(led->fake);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_counts(led)->purged_bos, N_BOS);
	assert_int_equal(led_counts(led)->purged_bytes, N_BOS * BO_SIZE);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(led_counts(led)->retained_bos, 2 * N_BOS);
	assert_int_equal(led_counts(led)->verified_bytes, 3 * N_BOS * BO_SIZE);
	assert_int_equal(led_counts(led)->mismatched_words, 0);
}

/* "Retained" is not believed: the contents are looked at. */
static void test_false_retained(void **state)
{
	struct led *led = *state;

	led->options.dontneed = 100;
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	for (unsigned int i = 0; i < N_BOS; i++)
		assert_int_equal(
			ftruncate(memfd_of(led, i), 0) || ftruncate(memfd_of(led, i), BO_SIZE), 0);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(led_counts(led)->retained_bos, N_BOS);
	assert_int_equal(led_counts(led)->mismatched_bos, N_BOS);
}

/* SIGBUS while verifying: counted, the BO kept and verified once it can be. */
static void test_sigbus(void **state)
{
	struct led *led = *state;
	char contents[BO_SIZE];

	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(pread(memfd_of(led, 0), contents, BO_SIZE, 0), BO_SIZE);
	assert_int_equal(ftruncate(memfd_of(led, 0), 0), 0);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_counts(led)->touch_failures, 1);
	assert_int_equal(led_counts(led)->bos, N_BOS);
	assert_int_equal(led_counts(led)->verified_bytes, (N_BOS - 1) * BO_SIZE);
	assert_int_equal(pwrite(memfd_of(led, 0), contents, BO_SIZE, 0), BO_SIZE);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(led_counts(led)->touch_failures, 1);
	assert_int_equal(led_counts(led)->mismatched_words, 0);
	assert_int_equal(led_counts(led)->verified_bytes, (2 * N_BOS - 1) * BO_SIZE);
}

/* Memory that ends while populating: what is there is used, a part of it given back. */
static void test_no_memory(void **state)
{
	struct led *led = *state;

	/* The first BO is the rehearsal. */
	fake_fail(led->fake, FAKE_BO_CREATE, 1 + 10, ENOMEM);
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(led_counts(led)->create_failures, 1);
	assert_true(led->shared->full);
	assert_int_equal(led_counts(led)->bos, 8);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(led_counts(led)->verified_bytes, 8 * BO_SIZE);
}

static void test_no_map(void **state)
{
	struct led *led = *state;

	fake_fail(led->fake, FAKE_MMAP, 1 + 10, ENOMEM);
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(led_counts(led)->map_failures, 1);
	assert_int_equal(led_counts(led)->bos, 8);
	assert_int_equal(led_end(led), 0);
}

/* A stop is obeyed at the next BO, and nothing is left behind. */
static void test_stop(void **state)
{
	struct led *led = *state;

	led_start(led);
	led->shared->stop = true;
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_int_equal(led_counts(led)->bos, 0);
	assert_int_equal(led_end(led), 0);
}

static void test_bad_device(void **state)
{
	struct led *led = *state;

	led->options.device = "/dev/null";
	led_start(led);
	assert_false(led_stage(led, STRESS_POPULATE));
	assert_int_equal(led_end(led), -led->shared->workers[0].error);
	assert_string_equal(led->shared->workers[0].doing, "opening the device");
	assert_int_not_equal(led->result, 0);
}

/* What faults on return was out of the page tables meanwhile; what does not was not. */
static void test_refault(void **state)
{
	struct led *led = *state;

	led->job.have_swap = true;
	led_start(led);
	assert_true(led_stage(led, STRESS_POPULATE));
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_counts(led)->refaulted_bos, 0);
	assert_int_equal(zap_maps(), N_BOS);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_counts(led)->refaulted_bos, N_BOS);
	assert_true(led_stage(led, STRESS_ROUND));
	assert_int_equal(led_end(led), 0);
	assert_int_equal(led_counts(led)->refaulted_bos, N_BOS);
	assert_int_equal(led_counts(led)->refault_ns.samples, N_BOS);
	assert_int_equal(led_counts(led)->mismatched_words, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		led_test(test_clean),	       led_test(test_corruption), led_test(test_purge),
		led_test(test_false_retained), led_test(test_sigbus),	  led_test(test_no_memory),
		led_test(test_no_map),	       led_test(test_stop),	  led_test(test_bad_device),
		led_test(test_refault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
