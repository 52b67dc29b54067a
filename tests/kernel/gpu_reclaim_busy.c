/* SPDX-License-Identifier: MIT */
/*
 * What reclaim does about BOs that the GPU is busy with: it waits once, not for each of them, and
 * holds nobody up meanwhile.
 */
#include <pthread.h>

#include "gpu_probe.h"

#define P    KT_PAGE
#define SIZE (16 * P)
#define VA   0x40000000ull
#define BOS  32
#define VMS  3
/* A fence that comes too late for a scan, which depends on the machine, is tried once more. */
#define TRIES 50

/* What the fixture has in each VM. */
#define FIXTURE_BOS 2

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

/* @tid: thread that scans, -1 when it has; @fd: `shrink` */
struct scanner {
	pthread_t thread;
	pid_t tid;
	int fd;
};

static void *scan_once(void *arg)
{
	struct scanner *scanner = arg;

	__atomic_store_n(&scanner->tid, gettid(), __ATOMIC_RELEASE);
	assert_int_equal(write(scanner->fd, "1", 1), 1);
	__atomic_store_n(&scanner->tid, -1, __ATOMIC_RELEASE);
	return NULL;
}

static bool waits_or_is_done(void *arg)
{
	struct scanner *scanner = arg;
	pid_t tid = __atomic_load_n(&scanner->tid, __ATOMIC_ACQUIRE);

	return tid < 0 || (tid > 0 && kt_thread_state(tid) == 'D');
}

/* Returns when the scan waits for the GPU: what it takes after that, it waited for. */
static void scanner_start(struct scanner *scanner)
{
	*scanner = (struct scanner){ .fd = kt_debugfs_open("shrink", O_WRONLY) };
	assert_int_equal(pthread_create(&scanner->thread, NULL, scan_once, scanner), 0);
	kt_wait(waits_or_is_done, scanner);
}

static void scanner_end(struct scanner *scanner)
{
	pthread_join(scanner->thread, NULL);
	close(scanner->fd);
}

/* A scan that may block waits a little for the fence of a BO in a VM and then has it. */
static void test_kb22_blocking_scan_waits_for_the_fence(void **state)
{
	struct gpu *g = *state;
	bool taken_by_waiting = false;

	for (int i = 0; i < TRIES && !taken_by_waiting; i++) {
		struct scanner scanner;
		struct gpu_job *job;

		g->words[0] = 0;
		job = probe_blocked_job(g);
		scanner_start(&scanner);
		g->words[0] = 1;
		scanner_end(&scanner);
		taken_by_waiting = kt_reclaim("vm_bos") < FIXTURE_BOS;
		assert_int_equal(gpu_wait(job), 0);
	}
	assert_true(taken_by_waiting);
}

/*
 * While a scan waits for a BO's fence, half of the BO is unmapped, which the job needs to see done
 * before it ends: the scan takes what is left. Were the BO's mappings locked by who waits, its time
 * would be over first, every time.
 */
static void test_kb22_unmap_while_a_scan_waits(void **state)
{
	struct probe *p = *state;
	struct panthor_bo *bo = probe_private_bo(p, "kb22", SIZE);
	uint32_t unmapped = gpu_syncobj(p->g->dev);

	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_COLD, NULL), 0);
	for (int i = 0; i < TRIES && !kt_gem_get("kb22").evictions; i++) {
		struct scanner scanner;
		struct gpu_job *job;

		p->g->words[0] = 0;
		probe_map(p->g, bo, 0, VA, SIZE);
		job = probe_blocked_job(p->g);
		scanner_start(&scanner);
		assert_int_equal(
			gpu_bind_between(p->g, panthor_bind_unmap(VA, SIZE / 2), 0, 0, unmapped, 0),
			0);
		assert_int_equal(gpu_syncobj_wait(p->g->dev, unmapped, 0), 0);
		probe_release(job);
		scanner_end(&scanner);
	}
	assert_int_equal(kt_gem_get("kb22").evictions, 1);
	probe_assert_seen(p, VA + SIZE / 2, SIZE / 2, SIZE / 2);
	panthor_syncobj_destroy(p->g->dev, unmapped);
}

static const struct CMUnitTest tests[] = {
	gpu_test(test_scan_waits_once_for_many_shared_bos),
	gpu_test(test_scan_waits_once_for_many_vms),
	gpu_test(test_bo_mapped_beside_a_job_stays),
	gpu_test(test_scan_of_idle_bos_does_not_wait),
	gpu_test(test_kb22_blocking_scan_waits_for_the_fence),
	probe_test(test_kb22_unmap_while_a_scan_waits),
	kt_no_leaks(),
};

kt_main(tests)
