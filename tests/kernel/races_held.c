/* SPDX-License-Identifier: MIT */
/* Threads that are held while another one does what hurts: scans, faults, binds, submissions. */
#include "kt_hold.h"

#define SIZE (8 * KT_PAGE)
#define VA   0x100000ull

static int call_create(struct kt_held *held)
{
	return kt_bo_create(held->fd, SIZE, 0, 0, &held->bo);
}

static int call_touch(struct kt_held *held)
{
	uint64_t value;

	return kt_peek(held->ptr, &value);
}

static int call_bind(struct kt_held *held)
{
	return kt_vm_map(held->fd, held->vm, held->bo, VA, 0, SIZE);
}

/* The scan's reference is the last one: it frees what it was about to evict. */
static void test_kb38_kb39_kb40_close_while_scanned(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = kt_held_shrink, .pages = 1 };
	uint32_t bo = kt_filled_bo(t->fd, "held", SIZE, 1);

	kt_held_start(&held, "scan_bo");
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	assert_int_equal(kt_held_finish(&held), 0);
	assert_true(kt_gem_gone("held"));
}

static int call_close(struct kt_held *held)
{
	return kt_bo_close(held->fd, held->bo);
}

/* A BO without references that a scan has come by, and whose end does not wait for that scan's. */
static void test_kb38_kb39_kb40_end_while_scanned(void **state)
{
	struct kt *t = *state;
	struct kt_held end = { .call = call_close, .fd = t->fd };
	struct kt_held scan = { .call = kt_held_shrink, .pages = 1 };
	struct kt_gem row;
	uint32_t other;

	end.bo = kt_filled_bo(t->fd, "dead", SIZE, 10);
	other = kt_filled_bo(t->fd, "other", SIZE, 11);
	kt_held_start(&end, "bo_end");
	kt_held_start(&scan, "bo_end scan_bo");
	assert_false(kt_gem("dead", &row));
	assert_int_equal(kt_reclaim("unused_bos"), 2);
	kt_hold("scan_bo");
	assert_int_equal(kt_held_join(&end), 0);
	assert_int_equal(kt_reclaim("unused_bos"), 1);
	assert_int_equal(kt_held_finish(&scan), 0);
	assert_int_equal(kt_gem_get("other").evictions, 1);
	kt_assert_contents(t->fd, other, SIZE, 11);
}

/* Whoever comes second finds nothing to take. */
static void test_kb17_pageout_while_scanned(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = kt_held_shrink, .pages = 1 };
	uint32_t bo = kt_filled_bo(t->fd, "held", SIZE, 2);

	kt_held_start(&held, "scan_bo");
	assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(kt_gem_get("held").evictions, 1);
	kt_assert_contents(t->fd, bo, SIZE, 2);
}

/* A BO that was easy prey when it was chosen, and is mapped when its turn comes, moves up. */
static void test_bind_while_scanned(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = kt_held_shrink, .pages = 1 };
	uint32_t vm = kt_vm(t->fd), bo = kt_filled_bo(t->fd, "held", SIZE, 3);
	uint64_t moved = kt_reclaim("skips_moved");

	kt_held_start(&held, "scan_bo");
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	kt_hold_none();
	kt_held_finish(&held);
	assert_int_equal(kt_reclaim("skips_moved"), moved + 1);
	kt_assert_contents(t->fd, bo, SIZE, 3);
}

static void test_kb31_kb43_vm_destroyed_while_scanned(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = kt_held_shrink, .pages = 1 };
	uint32_t first = kt_vm(t->fd), second = kt_vm(t->fd);
	uint32_t gone = kt_filled_bo(t->fd, "held", SIZE, 4);
	uint32_t other = kt_filled_bo(t->fd, "other", SIZE, 5);

	assert_int_equal(kt_vm_map(t->fd, first, gone, VA, 0, SIZE), 0);
	assert_int_equal(kt_vm_map(t->fd, second, other, VA, 0, SIZE), 0);
	kt_held_start(&held, "scan_vm");
	assert_int_equal(kt_vm_destroy(t->fd, first), 0);
	assert_int_equal(kt_bo_close(t->fd, gone), 0);
	assert_int_equal(kt_held_finish(&held), 0);

	/* The end of one VM is not the end of the scan. */
	assert_true(kt_gem_gone("held"));
	assert_int_equal(kt_gem_get("other").evictions, 1);
	kt_assert_contents(t->fd, other, SIZE, 5);
}

static void test_kb_create_while_its_handle_is_closed(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_create, .fd = t->fd };

	kt_held_start(&held, "handle");
	assert_int_equal(kt_bo_close(t->fd, 1), 0);
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(kt_bo_close(t->fd, held.bo), -EINVAL);
}

/* The area goes while the fault is without its lock, and with it the last reference. */
static void test_munmap_during_a_fault(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_touch };
	uint32_t bo = kt_bo(t->fd, SIZE);

	assert_int_equal(kt_bo_label(t->fd, bo, "held"), 0);
	held.ptr = kt_map(t->fd, bo, SIZE);
	kt_held_start(&held, "fault");
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_unmap(held.ptr, SIZE);
	assert_int_equal(kt_held_finish(&held), SIGSEGV);
	assert_true(kt_gem_gone("held"));
}

static volatile sig_atomic_t handled;

static void note_signal(int sig)
{
	handled++;
}

struct toucher {
	struct kt_held *held;
	pid_t tid;
	uint64_t value;
	int sig;
};

static void *touch_main(void *arg)
{
	struct toucher *toucher = arg;

	__atomic_store_n(&toucher->tid, gettid(), __ATOMIC_RELEASE);
	toucher->sig = kt_peek(toucher->held->ptr, &toucher->value);
	__atomic_store_n(&toucher->tid, 0, __ATOMIC_RELEASE);
	return NULL;
}

static bool toucher_sleeps(void *arg)
{
	struct toucher *toucher = arg;
	pid_t tid = __atomic_load_n(&toucher->tid, __ATOMIC_ACQUIRE);

	char what = tid > 0 ? kt_thread_state(tid) : 0;

	return what == 'S' || what == 'D';
}

static bool is_handled(void *arg)
{
	return handled >= *(int *)arg;
}

/*
 * A fault waits for whoever has the BO, but not with signals: each is handled while the lock is
 * still held, and the access is made again after it. More than one, for the first might have come
 * before the fault did.
 */
static void test_kb10_signal_during_a_fault(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = kt_held_submit, .fd = t->fd, .vm = kt_vm(t->fd) };
	struct sigaction action = { .sa_handler = note_signal };
	struct toucher toucher = { .held = &held, .sig = -1 };
	uint64_t first;
	pthread_t thread;

	sigaction(SIGUSR1, &action, NULL);
	handled = 0;
	held.bo = kt_filled_bo(t->fd, "held", SIZE, 9);
	held.group = kt_held_group(t->fd, held.vm);
	held.ptr = kt_map(t->fd, held.bo, SIZE);
	assert_int_equal(kt_peek(held.ptr, &first), 0);
	assert_int_equal(kt_vm_map(t->fd, held.vm, held.bo, VA, 0, SIZE), 0);
	kt_unmap(held.ptr, SIZE);
	held.ptr = kt_map(t->fd, held.bo, SIZE);

	kt_held_start(&held, "submit");
	assert_int_equal(pthread_create(&thread, NULL, touch_main, &toucher), 0);
	for (int i = 1; i <= 5; i++) {
		assert_true(kt_wait(toucher_sleeps, &toucher));
		pthread_kill(thread, SIGUSR1);
		assert_true(kt_wait(is_handled, &i));
	}
	/* And the wait for a lock that nobody gave up in between goes on. */
	assert_true(kt_wait(toucher_sleeps, &toucher));
	assert_int_equal(kt_held_finish(&held), 0);
	pthread_join(thread, NULL);
	assert_int_equal(toucher.sig, 0);
	assert_int_equal(toucher.value, first);
}

/* Between its preparation and its end, a bind needs the pages where they are. */
static void test_kb35_pageout_and_purge_during_a_bind(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_bind, .fd = t->fd, .vm = kt_vm(t->fd) };
	uint32_t retained = 0;

	held.bo = kt_filled_bo(t->fd, "held", SIZE, 6);
	kt_held_start(&held, "bind");
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), -EBUSY);
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	kt_shrink_all();
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_WILLNEED, &retained), 0);
	assert_int_equal(retained, 1);
	assert_int_equal(kt_held_finish(&held), 0);
	kt_assert_contents(t->fd, held.bo, SIZE, 6);
}

static void test_vm_destroyed_during_a_bind(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_bind, .fd = t->fd, .vm = kt_vm(t->fd) };

	held.bo = kt_filled_bo(t->fd, "held", SIZE, 7);
	kt_held_start(&held, "bind");
	assert_int_equal(kt_vm_destroy(t->fd, held.vm), 0);
	assert_int_equal(kt_held_finish(&held), -EINVAL);

	/* Nothing of the attempt is left: it can be reclaimed as before. */
	kt_shrink_all();
	assert_int_equal(kt_gem_get("held").evictions, 1);
	kt_assert_contents(t->fd, held.bo, SIZE, 7);
}

/* What is validated stays so until the job's fence protects it. */
static void test_kb33_scan_during_a_submit(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = kt_held_submit, .fd = t->fd, .vm = kt_vm(t->fd) };
	uint64_t locked = kt_reclaim("skips_locked");

	held.bo = kt_filled_bo(t->fd, "held", SIZE, 8);
	held.group = kt_held_group(t->fd, held.vm);
	assert_int_equal(kt_vm_map(t->fd, held.vm, held.bo, VA, 0, SIZE), 0);
	kt_held_start(&held, "submit");
	assert_int_equal(kt_shrink_all(), 0);
	assert_true(kt_reclaim("skips_locked") > locked);
	assert_int_equal(kt_held_finish(&held), 0);
	kt_assert_contents(t->fd, held.bo, SIZE, 8);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb38_kb39_kb40_close_while_scanned),
	kt_test(test_kb38_kb39_kb40_end_while_scanned),
	kt_test(test_kb17_pageout_while_scanned),
	kt_test(test_bind_while_scanned),
	kt_test(test_kb31_kb43_vm_destroyed_while_scanned),
	kt_test(test_kb_create_while_its_handle_is_closed),
	kt_test(test_munmap_during_a_fault),
	kt_test(test_kb10_signal_during_a_fault),
	kt_test(test_kb35_pageout_and_purge_during_a_bind),
	kt_test(test_vm_destroyed_during_a_bind),
	kt_test(test_kb33_scan_during_a_submit),
	kt_no_leaks(),
};

kt_hold_main(tests)
