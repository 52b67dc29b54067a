/* SPDX-License-Identifier: MIT */
/* What reclaim does about BOs that the GPU is busy with: it waits once, not for each of them. */
#include "gpu_probe.h"

#define P    KT_PAGE
#define SIZE (16 * P)
#define VA   0x40000000ull
#define BOS  32
#define VMS  3

static struct panthor_bo *shared_bo(struct gpu *g, struct gpu *other, uint64_t va)
{
	struct panthor_bo *bo = gpu_bo(g, SIZE, va, 0);

	probe_map(other, bo, 0, va, SIZE);
	return bo;
}

/*
 * BOs of two VMs, any of which a job may use that is blocked: reclaim finds that out of the first
 * one and has no time left for the others.
 */
static void test_scan_waits_once_for_many_shared_bos(void **state)
{
	struct gpu *g = *state, *other = gpu_beside(g, g->dev);
	struct panthor_bo *bos[BOS];
	uint64_t waits, busy;
	struct gpu_job *job;

	for (int i = 0; i < BOS; i++)
		bos[i] = shared_bo(g, other, VA + i * SIZE);
	job = probe_blocked_job(g);
	waits = kt_reclaim("waits");
	busy = kt_reclaim("skips_busy");
	kt_shrink(1000000);
	assert_int_equal(kt_reclaim("shared_bos"), BOS);
	assert_int_equal(kt_reclaim("waits"), waits + 1);
	assert_true(kt_reclaim("skips_busy") >= busy + BOS);

	/* And it does not give up on them. */
	probe_release(job);
	assert_true(kt_shrink(1000000) >= BOS * SIZE / P);
	assert_int_equal(kt_reclaim("shared_bos"), 0);
	for (int i = 0; i < BOS; i++)
		panthor_bo_unref(bos[i]);
}

/* VMs that are busy share the one wait, too. */
static void test_scan_waits_once_for_many_vms(void **state)
{
	struct gpu *vms[VMS] = { *state };
	struct gpu_job *jobs[VMS];
	uint64_t waits, evictions;

	for (int i = 0; i < VMS; i++) {
		vms[i] = i ? gpu_beside(vms[0], NULL) : vms[0];
		jobs[i] = probe_blocked_job(vms[i]);
	}
	waits = kt_reclaim("waits");
	evictions = kt_reclaim("evictions_vm");
	kt_shrink(1000000);
	assert_int_equal(kt_reclaim("waits"), waits + 1);
	assert_int_equal(kt_reclaim("evictions_vm"), evictions);
	for (int i = 0; i < VMS; i++)
		probe_release(jobs[i]);
	assert_int_not_equal(kt_shrink(1000000), 0);
}

/*
 * A BO that is mapped once a job is there: the job may use it, though only the VM knows of the job.
 * It is neither evicted nor, where it may be, purged.
 */
static void test_bo_mapped_beside_a_job_stays(void **state)
{
	struct gpu *g = *state;
	struct gpu_job *job = probe_blocked_job(g);
	struct panthor_bo *kept = gpu_bo(g, SIZE, VA, 0), *dontneed = gpu_bo(g, SIZE, VA + SIZE, 0);
	uint64_t evictions = kt_reclaim("evictions"), purges = kt_reclaim("purges");
	bool retained = false;

	assert_int_equal(panthor_bo_madvise(dontneed, PANTHOR_BO_DONTNEED, NULL), 0);
	kt_shrink_all();
	assert_int_equal(kt_reclaim("evictions"), evictions);
	assert_int_equal(kt_reclaim("purges"), purges);
	assert_int_equal(panthor_bo_madvise(kept, PANTHOR_BO_PAGEOUT, NULL), -EBUSY);
	assert_int_equal(panthor_bo_madvise(dontneed, PANTHOR_BO_WILLNEED, &retained), 0);
	assert_true(retained);

	probe_release(job);
	kt_shrink_all();
	assert_true(kt_reclaim("evictions") >= evictions + 2);
	panthor_bo_unref(kept);
	panthor_bo_unref(dontneed);
}

/* Idle ones are not waited for. */
static void test_scan_of_idle_bos_does_not_wait(void **state)
{
	struct gpu *g = *state, *other = gpu_beside(g, g->dev);
	struct panthor_bo *bo = shared_bo(g, other, VA);
	uint64_t waits = kt_reclaim("waits"), shared = kt_reclaim("evictions_shared");

	kt_shrink(1000000);
	assert_int_equal(kt_reclaim("evictions_shared"), shared + 1);
	assert_int_equal(kt_reclaim("waits"), waits);
	panthor_bo_unref(bo);
}

static const struct CMUnitTest tests[] = {
	gpu_test(test_scan_waits_once_for_many_shared_bos),
	gpu_test(test_scan_waits_once_for_many_vms),
	gpu_test(test_bo_mapped_beside_a_job_stays),
	gpu_test(test_scan_of_idle_bos_does_not_wait),
	kt_no_leaks(),
};

kt_main(tests)
