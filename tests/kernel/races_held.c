/* SPDX-License-Identifier: MIT */
/*
 * Races with one outcome: a thread is held at the place where the others can hurt it, they do so,
 * it goes on. The file `hold` for that is there only in kernels with fault injection.
 */
#include <pthread.h>

#include "kt.h"

#define SIZE (8 * KT_PAGE)
#define VA   0x100000ull

/* What the held thread does, and what came of it. */
struct held {
	int (*call)(struct held *held);
	int fd;
	uint32_t vm;
	uint32_t bo;
	uint32_t group;
	void *ptr;
	pthread_t thread;
	int ret;
};

static void *held_main(void *arg)
{
	struct held *held = arg;

	held->ret = held->call(held);
	return NULL;
}

static void hold_write(const char *point)
{
	int fd = kt_debugfs_open("hold", O_WRONLY);

	assert_int_equal(write(fd, point, strlen(point)), strlen(point));
	close(fd);
}

static bool held_waits(void *arg)
{
	char *text = kt_debugfs_read("hold", NULL);
	bool waits = strstr(text, " 1\n");

	free(text);
	return waits;
}

/* Returns once the thread has come to the place and stays there. */
static void held_start(struct held *held, const char *point)
{
	hold_write(point);
	assert_int_equal(pthread_create(&held->thread, NULL, held_main, held), 0);
	assert_true(kt_wait(held_waits, NULL));
}

static int held_finish(struct held *held)
{
	hold_write("none");
	pthread_join(held->thread, NULL);
	return held->ret;
}

/* kt_shrink() without assertions. */
static int call_shrink(struct held *held)
{
	int fd = kt_debugfs_open("shrink", O_WRONLY);
	ssize_t n = write(fd, "1", 1);

	close(fd);
	return n == 1 ? 0 : -errno;
}

static int call_create(struct held *held)
{
	return kt_bo_create(held->fd, SIZE, 0, 0, &held->bo);
}

static int call_touch(struct held *held)
{
	uint64_t value;

	return kt_peek(held->ptr, &value);
}

static int call_bind(struct held *held)
{
	return kt_vm_map(held->fd, held->vm, held->bo, VA, 0, SIZE);
}

static int call_submit(struct held *held)
{
	struct drm_panthor_queue_submit job = { .queue_index = 0 };
	struct drm_panthor_group_submit args = {
		.group_handle = held->group,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
	};

	return kt_ioctl(held->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

/* The scan's reference is the last one: it frees what it was about to evict. */
static void test_kb38_kb39_kb40_close_while_scanned(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_shrink };
	uint32_t bo = kt_filled_bo(t->fd, "held", SIZE, 1);

	held_start(&held, "scan_bo");
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	assert_int_equal(held_finish(&held), 0);
	assert_true(kt_gem_gone("held"));
}

/* Whoever comes second finds nothing to take. */
static void test_kb17_pageout_while_scanned(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_shrink };
	uint32_t bo = kt_filled_bo(t->fd, "held", SIZE, 2);

	held_start(&held, "scan_bo");
	assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	assert_int_equal(held_finish(&held), 0);
	assert_int_equal(kt_gem_get("held").evictions, 1);
	kt_assert_contents(t->fd, bo, SIZE, 2);
}

/* A BO that was easy prey when it was chosen, and is mapped when its turn comes, moves up. */
static void test_bind_while_scanned(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_shrink };
	uint32_t vm = kt_vm(t->fd), bo = kt_filled_bo(t->fd, "held", SIZE, 3);
	uint64_t moved = kt_reclaim("skips_moved");

	held_start(&held, "scan_bo");
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
	hold_write("none");
	held_finish(&held);
	assert_int_equal(kt_reclaim("skips_moved"), moved + 1);
	kt_assert_contents(t->fd, bo, SIZE, 3);
}

static void test_kb31_kb43_vm_destroyed_while_scanned(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_shrink };
	uint32_t first = kt_vm(t->fd), second = kt_vm(t->fd);
	uint32_t gone = kt_filled_bo(t->fd, "held", SIZE, 4);
	uint32_t other = kt_filled_bo(t->fd, "other", SIZE, 5);

	assert_int_equal(kt_vm_map(t->fd, first, gone, VA, 0, SIZE), 0);
	assert_int_equal(kt_vm_map(t->fd, second, other, VA, 0, SIZE), 0);
	held_start(&held, "scan_vm");
	assert_int_equal(kt_vm_destroy(t->fd, first), 0);
	assert_int_equal(kt_bo_close(t->fd, gone), 0);
	assert_int_equal(held_finish(&held), 0);

	/* The end of one VM is not the end of the scan. */
	assert_true(kt_gem_gone("held"));
	assert_int_equal(kt_gem_get("other").evictions, 1);
	kt_assert_contents(t->fd, other, SIZE, 5);
}

static void test_kb_create_while_its_handle_is_closed(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_create, .fd = t->fd };

	held_start(&held, "handle");
	assert_int_equal(kt_bo_close(t->fd, 1), 0);
	assert_int_equal(held_finish(&held), 0);
	assert_int_equal(kt_bo_close(t->fd, held.bo), -EINVAL);
}

/* The area goes while the fault is without its lock, and with it the last reference. */
static void test_munmap_during_a_fault(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_touch };
	uint32_t bo = kt_bo(t->fd, SIZE);

	assert_int_equal(kt_bo_label(t->fd, bo, "held"), 0);
	held.ptr = kt_map(t->fd, bo, SIZE);
	held_start(&held, "fault");
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_unmap(held.ptr, SIZE);
	assert_int_equal(held_finish(&held), SIGSEGV);
	assert_true(kt_gem_gone("held"));
}

/* Between its preparation and its end, a bind needs the pages where they are. */
static void test_kb35_pageout_and_purge_during_a_bind(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_bind, .fd = t->fd, .vm = kt_vm(t->fd) };
	uint32_t retained = 0;

	held.bo = kt_filled_bo(t->fd, "held", SIZE, 6);
	held_start(&held, "bind");
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), -EBUSY);
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	kt_shrink_all();
	assert_int_equal(kt_madvise(t->fd, held.bo, DRM_PANTHOR_BO_MADV_WILLNEED, &retained), 0);
	assert_int_equal(retained, 1);
	assert_int_equal(held_finish(&held), 0);
	kt_assert_contents(t->fd, held.bo, SIZE, 6);
}

static void test_vm_destroyed_during_a_bind(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_bind, .fd = t->fd, .vm = kt_vm(t->fd) };

	held.bo = kt_filled_bo(t->fd, "held", SIZE, 7);
	held_start(&held, "bind");
	assert_int_equal(kt_vm_destroy(t->fd, held.vm), 0);
	assert_int_equal(held_finish(&held), -EINVAL);

	/* Nothing of the attempt is left: it can be reclaimed as before. */
	kt_shrink_all();
	assert_int_equal(kt_gem_get("held").evictions, 1);
	kt_assert_contents(t->fd, held.bo, SIZE, 7);
}

static uint32_t make_group(int fd, uint32_t vm)
{
	struct drm_panthor_queue_create queue = { .ringbuf_size = 4096 };
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &queue),
		.vm_id = vm,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &args), 0);
	return args.group_handle;
}

/* What is validated stays so until the job's fence protects it. */
static void test_kb33_scan_during_a_submit(void **state)
{
	struct kt *t = *state;
	struct held held = { .call = call_submit, .fd = t->fd, .vm = kt_vm(t->fd) };
	uint64_t locked = kt_reclaim("skips_locked");

	held.bo = kt_filled_bo(t->fd, "held", SIZE, 8);
	held.group = make_group(t->fd, held.vm);
	assert_int_equal(kt_vm_map(t->fd, held.vm, held.bo, VA, 0, SIZE), 0);
	held_start(&held, "submit");
	assert_int_equal(kt_shrink_all(), 0);
	assert_true(kt_reclaim("skips_locked") > locked);
	assert_int_equal(held_finish(&held), 0);
	kt_assert_contents(t->fd, held.bo, SIZE, 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		kt_test(test_kb38_kb39_kb40_close_while_scanned),
		kt_test(test_kb17_pageout_while_scanned),
		kt_test(test_bind_while_scanned),
		kt_test(test_kb31_kb43_vm_destroyed_while_scanned),
		kt_test(test_kb_create_while_its_handle_is_closed),
		kt_test(test_munmap_during_a_fault),
		kt_test(test_kb35_pageout_and_purge_during_a_bind),
		kt_test(test_vm_destroyed_during_a_bind),
		kt_test(test_kb33_scan_during_a_submit),
		kt_no_leaks(),
	};

	int fd;

	kt_begin();
	fd = kt_debugfs_open("hold", O_RDONLY);
	if (fd < 0) {
		puts("1..0 # SKIP this kernel has no fault injection, so nothing holds threads");
		return 77;
	}
	close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
