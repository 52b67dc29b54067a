// SPDX-License-Identifier: MIT
/* What makes a stress run pass, fail, corrupt or untrusted. */
#include "cli.h"

#include <panthor.h>

#include "stress.h"

/* A run that proved something: BOs evicted, all verified, all held. */
static struct stress_result *good(void)
{
	struct stress_result *result = calloc(1, sizeof(*result));

	assert_non_null(result);
	result->requested_bytes = 1000;
	result->populated_bytes = result->final_bytes = 1000;
	result->populated_held_bytes = result->final_held_bytes = 1000;
	result->have_swap = true;
	result->madvise = true;
	result->source = STRESS_SOURCE_RECLAIM;
	result->reclaim_before.value[RECLAIM_EVICTIONS] = 100;
	result->reclaim_after.value[RECLAIM_EVICTIONS] = 105;
	result->reclaim_before.value[RECLAIM_PURGES] = 40;
	result->reclaim_after.value[RECLAIM_PURGES] = 43;
	result->gems_populated =
		(struct stress_gems){ .have = true, .own_bos = 1, .own_size_bytes = 1000 };
	result->gems_final = result->gems_populated;
	result->counts.verified_bytes = 5000;
	result->counts.purged_bos = 2;
	return result;
}

/* The same with a GPU that worked, and two evictions of each class. */
static struct stress_result *good_gpu(void)
{
	struct stress_result *result = good();

	result->counts.gpu.jobs = result->counts.gpu.verified_words = 10;
	for (int class = 0; class < STRESS_N_CLASSES; class ++)
		result->reclaim_after.value[RECLAIM_EVICTIONS_UNUSED + class] = 2;
	return result;
}

static void judged(struct stress_result *result, const struct stress_options *options, int status,
		   const char *reason)
{
	stress_judge(options, result);
	assert_int_equal(result->status, status);
	assert_int_equal(result->n_reasons > 0, status != STATUS_OK);
	if (reason)
		assert_non_null(strstr(result->reasons[0], reason));
	free(result);
}

static void test_pass(void **state)
{
	const struct stress_options options = { .expect_evictions = 5, .expect_purges = 3 };

	judged(good(), &options, STATUS_OK, NULL);
}

static void test_expectations(void **state)
{
	struct stress_options options = { .expect_evictions = 6 };
	struct stress_result *result = good();

	judged(result, &options, STATUS_FAILED, "5 evictions, 6 expected");
	result = good();
	result->have_swap = false;
	judged(result, &options, STATUS_FAILED, "no swap: only purges possible");
	options = (struct stress_options){ .expect_purges = 4 };
	judged(good(), &options, STATUS_FAILED, "3 purges, 4 expected");
}

/* Without counters an expectation can be neither met nor missed. */
static void test_no_counters(void **state)
{
	struct stress_options options = { .expect_evictions = 1 };
	struct stress_result *result = good();

	result->source = STRESS_SOURCE_NONE;
	judged(result, &options, STATUS_UNTRUSTED, "cannot be checked");
	result = good();
	result->source = STRESS_SOURCE_NONE;
	judged(result, &(struct stress_options){ .workers = 1 }, STATUS_OK, NULL);

	/* What gems counts of the own BOs serves as well. */
	result = good();
	result->source = STRESS_SOURCE_GEMS;
	result->gems_final.own_evictions = 1;
	judged(result, &options, STATUS_OK, NULL);

	/* So do the kernel's answers to WILLNEED. */
	options = (struct stress_options){ .expect_purges = 2 };
	result = good();
	result->source = STRESS_SOURCE_NONE;
	judged(result, &options, STATUS_OK, NULL);
	options.expect_purges = 3;
	result = good();
	result->source = STRESS_SOURCE_NONE;
	judged(result, &options, STATUS_FAILED, "2 purges");
}

static void test_load(void **state)
{
	struct stress_options options = { .workers = 1 };
	struct stress_result *result = good();

	result->final_bytes = result->final_held_bytes = 900;
	result->gems_final.own_size_bytes = 900;
	result->counts.touch_failures = 7;
	judged(result, &options, STATUS_FAILED, "7 touches");
	options.best_effort = true;
	result = good();
	result->final_bytes = result->final_held_bytes = 900;
	result->gems_final.own_size_bytes = 900;
	judged(result, &options, STATUS_OK, NULL);
}

static void test_gems(void **state)
{
	const struct stress_options options = { .workers = 1 };
	struct stress_result *result = good();

	result->gems_populated.integrity = PANTHOR_GEMS_MISMATCH;
	judged(result, &options, STATUS_UNTRUSTED, "do not add up");
	result = good();
	result->gems_final.own_size_bytes = 999;
	judged(result, &options, STATUS_UNTRUSTED, "gems lists 999 bytes");
	result = good();
	result->gems_final = result->gems_populated = (struct stress_gems){ .have = true };
	judged(result, &options, STATUS_OK, NULL);
}

/* Each class has to have its share: a sum does not tell. */
static void test_classes(void **state)
{
	const struct stress_options options = { .gpu = true, .expect_class_evictions = 2 };
	struct stress_result *result;

	for (int class = 0; class < STRESS_N_CLASSES; class ++) {
		result = good_gpu();
		result->reclaim_after.value[RECLAIM_EVICTIONS_UNUSED + class]--;
		judged(result, &options, STATUS_FAILED, "1 evictions of class");
	}
	judged(good_gpu(), &options, STATUS_OK, NULL);
	result = good_gpu();
	result->source = STRESS_SOURCE_GEMS;
	judged(result, &options, STATUS_UNTRUSTED, "class unused cannot be checked");
}

static void test_gpu(void **state)
{
	const struct stress_options options = { .gpu = true };
	struct stress_result *result = good_gpu();

	result->counts.gpu.faults = 1;
	judged(result, &options, STATUS_FAILED, "1 GPU jobs faulted, 0 timed out");
	result = good_gpu();
	result->counts.gpu.timeouts = 2;
	judged(result, &options, STATUS_FAILED, "2 timed out");
	result = good_gpu();
	result->counts.gpu.mismatched_words = 4;
	result->counts.mismatched_words = 1;
	judged(result, &options, STATUS_CORRUPT, "5 words");
	result = good_gpu();
	result->counts.gpu.verified_words = 0;
	judged(result, &options, STATUS_UNTRUSTED, "the GPU verified nothing");

	/* BOs for the streams are held, but are no load. */
	result = good_gpu();
	result->final_held_bytes = result->gems_final.own_size_bytes = 1100;
	judged(result, &options, STATUS_OK, NULL);
}

/* The gravest finding gives the status and stands first. */
static void test_ranking(void **state)
{
	const struct stress_options options = { .expect_evictions = 1 };
	struct stress_result *result = good();

	result->source = STRESS_SOURCE_NONE;
	result->workers_lost = 1;
	result->lost_signal = 9;
	result->counts.mismatched_words = 3;
	result->counts.mismatched_bos = 1;
	judged(result, &options, STATUS_CORRUPT, "3 words in 1 BOs");
	result = good();
	result->source = STRESS_SOURCE_NONE;
	result->interrupted = true;
	judged(result, &options, STATUS_FAILED, "interrupted");
	result = good();
	result->counts.verified_bytes = 0;
	judged(result, &(struct stress_options){ .workers = 1 }, STATUS_UNTRUSTED,
	       "nothing was verified");
	result = good();
	result->workers_lost = 2;
	result->lost_error = EACCES;
	strcpy(result->lost_doing, "opening the device");
	judged(result, &options, STATUS_FAILED, "while opening the device: Permission denied");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass),	    cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_no_counters), cmocka_unit_test(test_load),
		cmocka_unit_test(test_gems),	    cmocka_unit_test(test_ranking),
		cmocka_unit_test(test_classes),	    cmocka_unit_test(test_gpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
