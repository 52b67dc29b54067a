/* SPDX-License-Identifier: MIT */
/* With the parameter run_completes, work for shader cores is skipped and told as done. */
#include "gpu_fixture.h"

static void shader_work_is_skipped(void **state)
{
	static const uint32_t opcodes[] = { 4, 5, 6, 7, 8, 44 };
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = gpu_job(g);

	assert_int_equal(gpu_log_lines("no shader cores"), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(opcodes); i++) {
		panthor_cs_emit(&job->cs, panthor_cs_op(opcodes[i]));
		gpu_cs_store(&job->cs, DATA_VA + 4 * i, opcodes[i]);
	}
	for (int i = 0; i < 3; i++) {
		gpu_run(job, group, 0);
		assert_int_equal(gpu_wait(job), 0);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(opcodes); i++)
		assert_int_equal(g->words[i], opcodes[i]);
	gpu_assert_group(group, 0, 0);
	/* Not without a word. */
	assert_int_equal(gpu_log_lines("no shader cores"), 1);
}

/* Only of what needs shader cores is it forgiving. */
static void faults_are_faults(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = gpu_job(g);

	panthor_cs_emit(&job->cs, panthor_cs_op(4));
	panthor_cs_emit(&job->cs, panthor_cs_op(0xff));
	gpu_run(job, group, 0);
	assert_int_equal(gpu_wait(job), -EFAULT);
	gpu_assert_group(group, PANTHOR_GROUP_FATAL_FAULT, 1);
}

static const struct CMUnitTest tests[] = {
	gpu_test(shader_work_is_skipped),
	gpu_test(faults_are_faults),
	kt_no_leaks(),
};

kt_main(tests)
