/* SPDX-License-Identifier: MIT */
/*
 * Which BOs the GPU loses first, and which it keeps while it works on them: activity, advice, the
 * number of VMs, and fences.
 */
#include "gpu_probe.h"
#include "kt_race.h"

#define P    KT_PAGE
#define SIZE (16 * P)
#define VA   0x40000000ull
/* What the fixture has in each VM. */
#define FIXTURE_BOS 2

static void run_nothing_in(struct gpu *g)
{
	struct gpu_job *job = gpu_job(g);

	panthor_cs_nop(&job->cs);
	gpu_run(job, gpu_group(g), 0);
	assert_int_equal(gpu_wait(job), 0);
}

static unsigned int evictions(const char *label)
{
	return kt_gem_get(label).evictions;
}

enum { VMS = 4 };

static const char *const vm_labels[VMS] = { "vm 0", "vm 1", "vm 2", "vm 3" };

/* The VM that ran last is evicted last, whatever was created or evicted first. */
static void test_kb30_vms_go_in_order_of_activity(void **state)
{
	static const int orders[][VMS] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 }, { 2, 0, 3, 1 }, { 3, 0, 1, 2 },
	};
	struct gpu *vms[VMS] = { *state };
	uint64_t seen[VMS] = { 0 };

	for (int i = 0; i < VMS; i++) {
		vms[i] = i ? gpu_beside(vms[0], i % 2 ? vms[0]->dev : NULL) : vms[0];
		assert_int_equal(panthor_bo_set_label(vms[i]->lib->streams, vm_labels[i]), 0);
		assert_int_equal(panthor_bo_set_label(vms[i]->lib->data, "data"), 0);
	}
	for (size_t order = 0; order < ARRAY_SIZE(orders); order++) {
		for (int i = 0; i < VMS; i++)
			run_nothing_in(vms[orders[order][i]]);
		for (int i = 0; i < VMS; i++) {
			int turn = orders[order][i];

			for (int bo = 0; bo < FIXTURE_BOS; bo++)
				assert_int_not_equal(kt_shrink(1), 0);
			assert_int_equal(evictions(vm_labels[turn]), ++seen[turn]);
		}
		assert_int_equal(kt_shrink(1), 0);
	}
}

/* A scan that reaches half of a VM's BOs leaves the others of it, and other VMs, alone. */
static void test_scan_of_vms_stops(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *first = probe_private_bo(p, "first", SIZE),
			  *second = probe_private_bo(p, "second", SIZE);

	kt_shrink_all();
	probe_map(p->g, first, 0, VA, SIZE);
	probe_map(p->g, second, 0, VA + SIZE, SIZE);
	assert_int_equal(kt_shrink(1), SIZE / P);
	assert_int_equal(evictions("first"), 2);
	assert_int_equal(evictions("second"), 1);
	probe_assert_seen(p, VA, SIZE, 0);
	probe_assert_seen(p, VA + SIZE, SIZE, 0);
}

static void test_classes_count_what_jobs_brought_back(void **state)
{
	struct probe *p = *state;
	struct gpu *other = gpu_beside(p->g, p->g->dev);
	struct panthor_bo *bo = probe_bo(p, "class", SIZE);
	uint64_t vm, shared, swapins;

	probe_map(p->g, bo, 0, VA, SIZE);
	probe_map(other, bo, 0, VA, SIZE);
	probe_evict("class");
	for (int both = 0; both < 2; both++) {
		/* Streams, data and where to copy to, in as many VMs as submit. */
		int bos = FIXTURE_BOS + 1 + both * FIXTURE_BOS;

		vm = kt_reclaim("evictions_vm");
		shared = kt_reclaim("evictions_shared");
		swapins = kt_reclaim("swapins");
		probe_assert_seen(p, VA, SIZE, 0);
		if (both)
			run_nothing_in(other);
		/* Besides those that the CPU brought back when it wrote streams or looked. */
		assert_int_equal(kt_reclaim("swapins"), swapins + bos + 1);
		kt_shrink_all();
		assert_int_equal(kt_reclaim("evictions_shared"), shared + both);
		assert_int_equal(kt_reclaim("evictions_vm"), vm + bos + !both);
	}
}

static void test_cold_bo_of_a_vm_goes_first(void **state)
{
	static const char *const labels[] = { "a", "b", "cold" };
	struct probe *p = *state;
	struct panthor_bo *bos[ARRAY_SIZE(labels)];

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		bos[i] = probe_private_bo(p, labels[i], SIZE);
		probe_map(p->g, bos[i], 0, VA + i * SIZE, SIZE);
	}
	assert_int_equal(panthor_bo_madvise(bos[2], PANTHOR_BO_COLD, NULL), 0);
	assert_int_equal(kt_shrink(1), SIZE / P);
	assert_int_equal(evictions("cold"), 1);
	assert_int_equal(evictions("a") + evictions("b"), 0);
	/* The advice stays: back in the VM it is the first one again. */
	probe_assert_seen(p, VA + 2 * SIZE, SIZE, 0);
	assert_int_equal(kt_shrink(1), SIZE / P);
	assert_int_equal(evictions("cold"), 2);
}

static void test_pageout_of_a_mapped_bo(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "pageout", SIZE);
	uint64_t before = kt_reclaim("evictions_vm");
	bool retained = false;

	probe_map(p->g, bo, 0, VA, SIZE);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_PAGEOUT, &retained), 0);
		assert_true(retained);
		assert_int_equal(evictions("pageout"), i);
		assert_int_equal(kt_gem_get("pageout").resident, 0);
		assert_int_equal(kt_reclaim("evictions_vm"), before + i);
		probe_assert_seen(p, VA, SIZE, 0);
	}
}

/* BOs of the VM and shared ones, mapped or not any more: the fence counts. */
static void test_pageout_is_busy_while_a_job_may_use_it(void **state)
{
	static const char *const labels[] = { "private", "external", "unmapped" };
	struct probe *p = *state;
	struct panthor_bo *bos[] = { probe_private_bo(p, labels[0], SIZE),
				     probe_bo(p, labels[1], SIZE), probe_bo(p, labels[2], SIZE) };
	struct gpu_job *job;

	for (size_t i = 0; i < ARRAY_SIZE(bos); i++)
		probe_map(p->g, bos[i], 0, VA + i * SIZE, SIZE);
	job = probe_blocked_job(p->g);
	probe_unmap(p->g, VA + 2 * SIZE, SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++) {
		kt_expect(labels[i], panthor_bo_madvise(bos[i], PANTHOR_BO_PAGEOUT, NULL), -EBUSY);
		assert_int_equal(evictions(labels[i]), 0);
	}
	probe_release(job);
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++) {
		kt_expect(labels[i], panthor_bo_madvise(bos[i], PANTHOR_BO_PAGEOUT, NULL), 0);
		assert_int_equal(evictions(labels[i]), 1);
	}
	kt_all_expected();
	probe_assert_seen(p, VA, SIZE, 0);
	probe_assert_seen(p, VA + SIZE, SIZE, 0);
}

/* Contents that may be dropped are still the job's as long as it runs. */
static void test_busy_bo_is_not_purged(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_bo(p, "busy", SIZE);
	uint64_t purges = kt_reclaim("purges");
	struct gpu_job *job;

	probe_map(p->g, bo, 0, VA, SIZE);
	job = probe_blocked_job(p->g);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, NULL), 0);
	assert_int_equal(kt_shrink(1), 0);
	assert_int_equal(kt_reclaim("purges"), purges);
	probe_release(job);
	assert_int_equal(kt_shrink(1), SIZE / P);
	assert_int_equal(kt_reclaim("purges"), purges + 1);
}

static void test_kb22_kb28_busy_bos_are_left_alone(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *mapped = probe_private_bo(p, "mapped", SIZE),
			  *unmapped = probe_bo(p, "unmapped", SIZE);
	struct gpu_job *job;
	uint64_t skips;

	probe_map(p->g, mapped, 0, VA, SIZE);
	probe_map(p->g, unmapped, 0, VA + SIZE, SIZE);
	job = probe_blocked_job(p->g);
	probe_unmap(p->g, VA + SIZE, SIZE);
	probe_bo(p, "idle", SIZE);
	/* What is idle is found behind what is not, which ends no scan. */
	skips = kt_reclaim("skips_busy");
	assert_int_equal(kt_shrink(1), SIZE / P);
	assert_int_equal(evictions("idle"), 1);
	assert_int_equal(kt_reclaim("skips_busy"), skips + 1);
	assert_int_equal(kt_shrink(1), 0);
	assert_int_equal(evictions("mapped") + evictions("unmapped"), 0);

	probe_release(job);
	assert_int_equal(kt_shrink(1), SIZE / P);
	assert_int_equal(evictions("unmapped"), 1);
	kt_shrink_all();
	assert_int_equal(evictions("mapped"), 1);
	probe_assert_seen(p, VA, SIZE, 0);
}

/* One private BO that is busy says it of all of its VM: each would be waited for. */
static void test_busy_vm_is_asked_once(void **state)
{
	struct probe *p = *state;
	struct gpu *idle = gpu_beside(p->g, p->g->dev);
	uint64_t skips, freed;
	struct gpu_job *job;

	for (unsigned int i = 0; i < ARRAY_SIZE(p->bos); i++)
		probe_map(p->g, probe_private_bo(p, "busy", P), 0, VA + i * P, P);
	job = probe_blocked_job(p->g);
	run_nothing_in(idle);
	skips = kt_reclaim("skips_busy");
	freed = kt_shrink(1ull << 30);
	assert_int_equal(freed, (STREAM_BYTES + P) / P);
	assert_int_equal(kt_reclaim("skips_busy"), skips + 1);
	probe_release(job);
}

/* @count: how often @job has run */
struct runner {
	struct probe *p;
	struct gpu_job *job;
	uint32_t count;
};

static void run_and_look(struct kt_race *race, uint64_t *seed)
{
	struct runner *runner = race->arg;

	kt_race_check(gpu_try_run(runner->job, runner->p->group, 0) == 0);
	kt_race_check(gpu_syncobj_wait(runner->p->g->dev, runner->job->done, 0) == 0);
	runner->count++;
}

/* Submissions bring back what scans take, and make their VM the youngest while it is scanned. */
static void test_submissions_race_scans(void **state)
{
	static const kt_race_round workers[] = { run_and_look, kt_race_shrink, kt_race_shrink };
	struct probe *p = *state;
	struct runner runner = { .p = p, .job = gpu_job(p->g) };
	struct kt_race race = { .arg = &runner };
	struct panthor_bo *bo = probe_bo(p, "raced", SIZE);

	probe_map(p->g, bo, 0, VA, SIZE);
	/* Counts in the last page, which must never be lost. */
	gpu_cs_store(&runner.job->cs, VA + SIZE - P, 0);
	gpu_run(runner.job, p->group, 0);
	assert_int_equal(gpu_wait(runner.job), 0);
	panthor_cs_init(&runner.job->cs, runner.job->cs.words, GPU_JOB_BYTES, 0);
	gpu_cs_count(&runner.job->cs, VA + SIZE - P, 1);
	kt_race_run(&race, 1500, workers, ARRAY_SIZE(workers));
	gpu_assert_group(p->group, 0, 0);
	probe_copy(p, PROBE_COPY_VA, VA + SIZE - P, 64);
	assert_int_equal(*(uint32_t *)p->seen, runner.count);
	probe_assert_seen(p, VA, SIZE - P, 0);
}

static const struct CMUnitTest tests[] = {
	gpu_test(test_kb30_vms_go_in_order_of_activity),
	probe_test(test_scan_of_vms_stops),
	probe_test(test_classes_count_what_jobs_brought_back),
	probe_test(test_cold_bo_of_a_vm_goes_first),
	probe_test(test_pageout_of_a_mapped_bo),
	probe_test(test_pageout_is_busy_while_a_job_may_use_it),
	probe_test(test_busy_bo_is_not_purged),
	probe_test(test_kb22_kb28_busy_bos_are_left_alone),
	probe_test(test_busy_vm_is_asked_once),
	probe_test(test_submissions_race_scans),
	kt_no_leaks(),
};

kt_main(tests)
