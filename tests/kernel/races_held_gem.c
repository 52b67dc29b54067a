/* SPDX-License-Identifier: MIT */
/* Threads that are held where a BO's locks and pages are at stake. */
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kt_hold.h"
#include "kt_unplug.h"

#define SIZE	 (8 * KT_PAGE)
#define BO_PAGES (SIZE / KT_PAGE)
#define VA	 0x100000ull
#define COLD	 DRM_PANTHOR_BO_MADV_COLD
#define PAGEOUT	 DRM_PANTHOR_BO_MADV_PAGEOUT

static bool still_held(void)
{
	char *text = kt_debugfs_read("hold", NULL);
	bool held = strstr(text, " 1\n");

	free(text);
	return held;
}

/* A job is about to be queued: its VM's lock is held, and that of @held->bo, which the VM maps. */
static void hold_submit(struct kt *t, struct kt_held *held)
{
	held->call = kt_held_submit;
	held->fd = t->fd;
	held->vm = kt_vm(t->fd);
	held->group = kt_held_group(t->fd, held->vm);
	held->bo = kt_filled_bo(t->fd, "held", SIZE, 1);
	assert_int_equal(kt_vm_map(t->fd, held->vm, held->bo, VA, 0, SIZE), 0);
}

/* Whoever exports holds what all clients need to get at their BOs, so it must not wait. */
static void test_export_of_a_locked_bo(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { 0 };

	hold_submit(t, &held);
	kt_held_start(&held, "submit");
	assert_true(kt_export(t->fd, held.bo) >= 0);
	assert_true(still_held());
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), -EINVAL);
}

struct mapper {
	int fd;
	uint64_t offset;
	pthread_t thread;
	pid_t tid;
	void *ptr;
	int ret;
};

static void *map_main(void *arg)
{
	struct mapper *mapper = arg;

	__atomic_store_n(&mapper->tid, gettid(), __ATOMIC_RELEASE);
	mapper->ret =
		kt_mmap(mapper->fd, mapper->offset, SIZE, PROT_READ, MAP_SHARED, &mapper->ptr);
	return NULL;
}

static bool waits_in_mmap(void *arg)
{
	struct mapper *mapper = arg;
	pid_t tid = __atomic_load_n(&mapper->tid, __ATOMIC_ACQUIRE);
	char path[64], *text;
	bool waits;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	text = tid ? kt_read_file(path, NULL) : NULL;
	waits = text && atoi(text) == SYS_mmap && strchr(text, 'x');
	free(text);
	return waits;
}

static void nothing(int sig)
{
}

/* mmap() has no EINTR, and programs do not expect one. */
static void test_signal_during_mmap(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { 0 };
	struct mapper mapper = { .fd = t->fd };
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGUSR1, &action, NULL);
	hold_submit(t, &held);
	assert_int_equal(kt_bo_offset(t->fd, held.bo, &mapper.offset), 0);
	kt_held_start(&held, "submit");
	assert_int_equal(pthread_create(&mapper.thread, NULL, map_main, &mapper), 0);
	assert_true(kt_wait(waits_in_mmap, &mapper));
	pthread_kill(mapper.thread, SIGUSR1);
	assert_int_equal(kt_held_finish(&held), 0);
	pthread_join(mapper.thread, NULL);
	assert_int_equal(mapper.ret, 0);
	munmap(mapper.ptr, SIZE);
}

/* COLD says what goes first: also when it could not be had the last time it was asked. */
static void test_cold_stays_in_front(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { 0 };
	uint32_t cold;

	hold_submit(t, &held);
	assert_int_equal(kt_bo_create(t->fd, SIZE, 0, held.vm, &cold), 0);
	assert_int_equal(kt_bo_label(t->fd, cold, "cold"), 0);
	kt_fill(kt_map(t->fd, cold, SIZE), SIZE, 2);
	kt_unmap(NULL, 0);
	kt_filled_bo(t->fd, "first", SIZE, 3);
	kt_filled_bo(t->fd, "second", SIZE, 4);
	assert_int_equal(kt_madvise(t->fd, cold, COLD, NULL), 0);

	kt_held_start(&held, "submit");
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("first").evictions, 1);
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(kt_shrink(1), BO_PAGES);
	assert_int_equal(kt_gem_get("cold").evictions, 1);
	assert_int_equal(kt_gem_get("second").evictions, 0);
}

/* All private BOs of a VM are locked when one is. */
static void test_locked_vm_is_asked_once(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { 0 };
	uint64_t locked;
	uint32_t bo;
	int i;

	hold_submit(t, &held);
	for (i = 1; i <= 16; i++) {
		assert_int_equal(kt_bo_create(t->fd, SIZE, 0, held.vm, &bo), 0);
		assert_int_equal(kt_vm_map(t->fd, held.vm, bo, VA + i * SIZE, 0, SIZE), 0);
	}
	kt_held_start(&held, "submit");
	locked = kt_reclaim("skips_locked");
	assert_int_equal(kt_shrink(1000), 0);
	/* One private, and the shared one that is older. */
	assert_true(kt_reclaim("skips_locked") - locked <= 2);
	assert_int_equal(kt_held_finish(&held), 0);
}

/* The VM being scanned moves to the end of the list, and the scan goes on from where it was. */
static void test_scanned_vm_becomes_active(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = kt_held_shrink, .pages = 1000 };
	struct kt_held job = { .fd = t->fd };
	uint32_t last, bo;

	/* In order of activity: one without anything, the one to be held in, one to be missed. */
	kt_vm(t->fd);
	job.vm = kt_vm(t->fd);
	last = kt_vm(t->fd);
	job.group = kt_held_group(t->fd, job.vm);
	bo = kt_filled_bo(t->fd, "active", SIZE, 5);
	assert_int_equal(kt_vm_map(t->fd, job.vm, bo, VA, 0, SIZE), 0);
	bo = kt_filled_bo(t->fd, "last", SIZE, 6);
	assert_int_equal(kt_vm_map(t->fd, last, bo, VA, 0, SIZE), 0);

	kt_held_start(&held, "scan_vm");
	assert_int_equal(kt_held_submit(&job), 0);
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(kt_gem_get("last").evictions, 1);
}

static int call_page_out(struct kt_held *held)
{
	return kt_madvise(held->fd, held->bo, PAGEOUT, NULL);
}

/* Whoever needs the contents has them before all of them are written. */
static void test_touch_during_a_pageout(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_page_out, .fd = t->fd };
	char *ptr;

	held.bo = kt_filled_bo(t->fd, "held", KT_MIB, 7);
	ptr = kt_map(t->fd, held.bo, KT_MIB);
	kt_held_start(&held, "pageout");
	assert_int_equal(kt_wrong(ptr, KT_MIB, 7), 0);
	kt_fill(ptr, KT_MIB, 8);
	assert_true(still_held());
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(kt_gem_get("held").resident, KT_MIB);
	assert_int_equal(kt_wrong(ptr, KT_MIB, 8), 0);
}

static bool is_held(void *arg)
{
	return still_held();
}

/* A kill ends it, however much there is to write. */
static void test_kill_during_a_pageout(void **state)
{
	struct kt *t = *state;
	const size_t size = 16 * KT_MIB;
	uint32_t bo = kt_filled_bo(t->fd, "killed", size, 9);
	uint64_t before = kt_meminfo("SwapFree");
	int hold = kt_debugfs_open("hold", O_WRONLY), status;
	pid_t pid;

	assert_int_equal(write(hold, "pageout", 7), 7);
	close(hold);
	pid = fork();
	if (pid == 0)
		_exit(kt_madvise(t->fd, bo, PAGEOUT, NULL) ? 1 : 0);
	assert_true(kt_wait(is_held, NULL));
	kill(pid, SIGKILL);
	kt_hold_none();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(kt_meminfo("SwapFree") > before - size / 2);
	kt_assert_contents(t->fd, bo, size, 9);
}

#define SHMEM_THP "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

static int call_poke(struct kt_held *held)
{
	return kt_poke(held->ptr, 1);
}

/*
 * A fault begins with small pages; when it comes to enter one, the BO has been purged and filled
 * anew with huge ones, which another fault has entered.
 */
static void test_small_fault_meets_a_huge_entry(void **state)
{
	struct kt *t = *state;
	const size_t size = 4 * KT_MIB;
	struct kt_held held = { .call = call_poke, .fd = t->fd, .bo = kt_bo(t->fd, size) };
	char *other = kt_map(t->fd, held.bo, size);

	held.ptr = kt_map(t->fd, held.bo, size);
	assert_true(kt_write_file(SHMEM_THP, "deny"));
	assert_int_equal(kt_poke(other, 2), 0);
	kt_held_start(&held, "fault_small");
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	assert_int_equal(kt_shrink(1), size / KT_PAGE);
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_WILLNEED, NULL), 0);
	assert_true(kt_write_file(SHMEM_THP, "never"));
	/* Not held: it is no small fault. */
	assert_int_equal(kt_poke((char *)held.ptr + KT_MIB, 3), 0);
	assert_true(still_held());
	assert_int_equal(kt_held_finish(&held), 0);
	assert_int_equal(*(uint64_t *)(void *)other, 1);
	assert_int_equal(*(uint64_t *)(void *)(other + KT_MIB), 3);
}

static int module_refs(void)
{
	char *text = kt_read_file("/sys/module/vpanthor/refcnt", NULL);
	int refs = atoi(text);

	free(text);
	return refs;
}

/* Without its area, and with that its file, a fault is all that keeps the driver loaded. */
static void test_fault_keeps_the_module(void **state)
{
	struct kt *t = *state;
	struct kt_held held = { .call = call_poke };
	uint32_t bo = kt_bo(t->fd, SIZE);
	int refs;

	held.ptr = kt_map(t->fd, bo, SIZE);
	kt_held_start(&held, "fault");
	kt_unmap(held.ptr, SIZE);
	close(t->fd);
	refs = module_refs();
	assert_int_equal(kt_held_finish(&held), SIGSEGV);
	assert_int_equal(module_refs(), refs - 1);
	t->fd = kt_open("panthor", true);
}

static int call_import(struct kt_held *held)
{
	return kt_import(held->fd, *(int *)held->ptr, &held->bo);
}

/*
 * The table of an import is the exporter's, also before anybody can see that it is one. The place
 * opens by itself: its file is gone with the device.
 */
static void test_unplug_during_an_import(void **state)
{
	struct kt *t = *state;
	int buf = kt_udmabuf(SIZE);
	struct kt_held held = { .call = call_import, .fd = t->fd, .ptr = &buf };
	bool unbound;

	assert_true(buf >= 0);
	assert_true(kt_unplug_begin());
	kt_held_start(&held, "import");
	unbound = kt_driver_unbind();
	pthread_join(held.thread, NULL);
	close(buf);
	close(t->fd);
	assert_true(kt_unplug_end());
	t->fd = kt_open("panthor", true);
	assert_true(unbound);
	assert_int_equal(held.ret, 0);
}

static const struct CMUnitTest tests[] = {
	/* First: it counts on the order of all VMs, and those of other tests may be late to go. */
	kt_test(test_scanned_vm_becomes_active),
	kt_test(test_export_of_a_locked_bo),
	kt_test(test_signal_during_mmap),
	kt_test(test_cold_stays_in_front),
	kt_test(test_locked_vm_is_asked_once),
	kt_test(test_touch_during_a_pageout),
	kt_test(test_kill_during_a_pageout),
	kt_test(test_small_fault_meets_a_huge_entry),
	kt_test(test_fault_keeps_the_module),
	kt_test(test_unplug_during_an_import),
	kt_no_leaks(),
};

kt_hold_main(tests)
