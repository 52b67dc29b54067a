/* SPDX-License-Identifier: MIT */
/* The trace events: each once for what it stands for, with fields that fit together. */
#include <sys/mount.h>

#include "gpu_fixture.h"

#define TRACING "/sys/kernel/tracing"
#define VA	0x40000000ull

/* As the driver numbers them in `class`. */
enum { PURGEABLE, UNUSED, MMAPPED, IN_VM, SHARED, NONE };

static const char *const names[] = { "bo_create", "bo_evict", "bo_purge", "bo_swapin",
				     "vm_bind",	  "job_run",  "job_done" };

static void switch_events(const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];

		snprintf(path, sizeof(path), TRACING "/events/panthor/%s/enable", names[i]);
		if (!kt_write_file(path, value))
			fail_msg("cannot write %s", path);
	}
}

/* What is set up is not traced, nor is its end. */
static int trace_setup(void **state)
{
	int fd;

	if (access(TRACING "/events", F_OK) < 0)
		assert_int_equal(mount("tracefs", TRACING, "tracefs", 0, NULL), 0);
	gpu_setup(state);
	fd = open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	close(fd);
	switch_events("1");
	return 0;
}

static int trace_teardown(void **state)
{
	switch_events("0");
	return gpu_teardown(state);
}

#define trace_test(f) cmocka_unit_test_setup_teardown(f, trace_setup, trace_teardown)

/* What was traced up to now, and how far it has been looked at. */
struct trace {
	char *text;
	char *next;
};

static struct trace trace_read(void)
{
	struct trace trace;

	trace.text = kt_read_file(TRACING "/trace", NULL);
	assert_non_null(trace.text);
	trace.next = trace.text;
	return trace;
}

/* The next event, whatever its name: fails the test if it is another one than @name. */
__attribute__((format(scanf, 3, 5))) static void
trace_take(struct trace *trace, const char *name, const char *format, int fields, ...)
{
	char *line = trace->next, *colon;
	va_list args;

	while (*line == '#')
		line = strchr(line, '\n') + 1;
	trace->next = strchr(line, '\n');
	if (!trace->next)
		fail_msg("no %s", name);
	*trace->next++ = '\0';

	/* TASK-PID [CPU] FLAGS TIME: NAME: FIELDS */
	colon = strstr(line, ": ");
	assert_non_null(colon);
	if (strncmp(colon + 2, name, strlen(name)) || colon[2 + strlen(name)] != ':')
		fail_msg("%s, not %s", colon + 2, name);
	va_start(args, fields);
	if (vsscanf(colon + 2 + strlen(name) + 2, format, args) != fields)
		fail_msg("%s is not like '%s'", colon + 2, format);
	va_end(args);
}

static void trace_end(struct trace *trace)
{
	if (*trace->next && *trace->next != '#')
		fail_msg("one more: %s", trace->next);
	free(trace->text);
}

/* @vm: what the VM is called there */
static void take_bind(struct trace *trace, char vm[32], const char *what, uint64_t va,
		      uint64_t size, int error)
{
	char of_what[8] = "";
	unsigned long long of_va = 0, of_size = 0;
	int of_error = 1;

	trace_take(trace, "vm_bind", "vm=%31s %7s va=0x%llx size=0x%llx error=%d", 5, vm, of_what,
		   &of_va, &of_size, &of_error);
	assert_string_equal(of_what, what);
	assert_int_equal(of_va, va);
	assert_int_equal(of_size, size);
	assert_int_equal(of_error, error);
}

/*
 * BOs
 */

/* Returns the number of the BO. */
static unsigned int take_bo(struct trace *trace, const char *name, unsigned int class, size_t size)
{
	unsigned int bo = ~0u, of_class = ~0u;
	size_t of_size = 0;

	trace_take(trace, name, "bo=%u class=%u size=%zu", 3, &bo, &of_class, &of_size);
	assert_int_equal(of_class, class);
	assert_int_equal(of_size, size);
	return bo;
}

static struct panthor_bo *new_bo(struct gpu *g, uint64_t size)
{
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_new(g->dev, NULL, size, 0, &bo), 0);
	return bo;
}

static void touch(struct panthor_bo *bo)
{
	volatile uint32_t *words = NULL;

	assert_int_equal(panthor_bo_map(bo, (void **)&words), 0);
	words[0]++;
	panthor_bo_unmap(bo);
}

static void page_out(struct panthor_bo *bo)
{
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_PAGEOUT, NULL), 0);
}

/* Back and forth in three classes. The BO beside it has no part in it. */
static void eviction(void **state)
{
	const size_t size = 16 * KT_PAGE;
	struct gpu *g = *state;
	struct panthor_bo *bo = new_bo(g, size), *beside = new_bo(g, KT_PAGE);
	struct trace trace;
	unsigned int number;
	void *map = NULL;
	char vm[32];

	touch(beside);
	touch(bo);
	page_out(bo);
	assert_int_equal(panthor_bo_map(bo, &map), 0);
	++*(volatile uint32_t *)map;
	page_out(bo);
	panthor_bo_unmap(bo);
	assert_int_equal(panthor_vm_map(g->vm, bo, 0, VA, size, 0), 0);
	page_out(bo);
	panthor_bo_unref(bo);
	panthor_bo_unref(beside);

	trace = trace_read();
	number = take_bo(&trace, "bo_create", NONE, size);
	assert_int_not_equal(take_bo(&trace, "bo_create", NONE, KT_PAGE), number);
	assert_int_equal(take_bo(&trace, "bo_evict", UNUSED, size), number);
	assert_int_equal(take_bo(&trace, "bo_swapin", NONE, size), number);
	assert_int_equal(take_bo(&trace, "bo_evict", MMAPPED, size), number);
	assert_int_equal(take_bo(&trace, "bo_swapin", NONE, size), number);
	take_bind(&trace, vm, "map", VA, size, 0);
	assert_int_equal(take_bo(&trace, "bo_evict", IN_VM, size), number);
	trace_end(&trace);
}

/* By a scan that takes what may be purged before anything else. */
static void purge(void **state)
{
	struct gpu *g = *state;
	struct panthor_bo *kept = new_bo(g, KT_PAGE), *junk = new_bo(g, 4 * KT_PAGE);
	struct trace trace;
	unsigned int number;

	touch(kept);
	touch(junk);
	assert_int_equal(panthor_bo_madvise(junk, PANTHOR_BO_DONTNEED, NULL), 0);
	assert_int_equal(kt_shrink(1), 4);
	/* Nothing comes back from where it went. */
	assert_int_equal(panthor_bo_madvise(junk, PANTHOR_BO_WILLNEED, NULL), 0);
	touch(junk);
	panthor_bo_unref(kept);
	panthor_bo_unref(junk);

	trace = trace_read();
	take_bo(&trace, "bo_create", NONE, KT_PAGE);
	number = take_bo(&trace, "bo_create", NONE, 4 * KT_PAGE);
	assert_int_equal(take_bo(&trace, "bo_purge", PURGEABLE, 4 * KT_PAGE), number);
	trace_end(&trace);
}

/*
 * Binds
 */

/* The kernel takes an address that no VM has, and finds out when it is its turn. */
static void queue_bad_map(struct gpu *g, uint32_t done)
{
	struct drm_panthor_sync_op signal = {
		.flags = DRM_PANTHOR_SYNC_OP_SIGNAL,
		.handle = done,
	};
	struct drm_panthor_vm_bind_op op = {
		.bo_handle = panthor_bo_handle(g->lib->data),
		.va = 1ull << 48,
		.size = KT_PAGE,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &signal),
	};
	struct drm_panthor_vm_bind bind = {
		.vm_id = panthor_vm_id(g->vm),
		.flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	assert_int_equal(kt_ioctl(panthor_device_fd(g->dev), DRM_IOCTL_PANTHOR_VM_BIND, &bind), 0);
}

static void binds(void **state)
{
	struct gpu *g = *state;
	struct panthor_bo *data = g->lib->data;
	uint32_t done = gpu_syncobj(g->dev);
	struct panthor_sync end = panthor_signal_point(done, 0);
	struct panthor_bind_op ops[] = {
		panthor_bind_map(data, 0, VA + KT_PAGE, KT_PAGE, 0),
		panthor_bind_unmap(VA, 2 * KT_PAGE),
	};
	char vm[32], same[32];
	struct trace trace;

	assert_int_equal(panthor_vm_map(g->vm, data, 0, VA, KT_PAGE, 0), 0);
	ops[1].syncs = &end;
	ops[1].sync_count = 1;
	assert_int_equal(panthor_vm_bind(g->vm, PANTHOR_BIND_ASYNC, ops, 2, NULL), 0);
	assert_int_equal(gpu_syncobj_wait(g->dev, done, 0), 0);
	queue_bad_map(g, done);
	assert_int_equal(gpu_syncobj_wait(g->dev, done, 0), 0);
	panthor_syncobj_destroy(g->dev, done);

	trace = trace_read();
	take_bind(&trace, vm, "map", VA, KT_PAGE, 0);
	take_bind(&trace, same, "map", VA + KT_PAGE, KT_PAGE, 0);
	assert_string_equal(same, vm);
	take_bind(&trace, same, "unmap", VA, 2 * KT_PAGE, 0);
	assert_string_equal(same, vm);
	take_bind(&trace, same, "map", 1ull << 48, KT_PAGE, -EINVAL);
	assert_string_equal(same, vm);
	trace_end(&trace);
}

/*
 * Jobs
 */

struct fence {
	unsigned long long context;
	unsigned long long seqno;
};

static struct fence take_run(struct trace *trace, const struct gpu_job *job)
{
	unsigned long long addr = 0;
	unsigned int size = 0;
	struct fence fence = { 0, 0 };

	trace_take(trace, "job_run", "context=%llu seqno=%llu addr=0x%llx size=0x%x", 4,
		   &fence.context, &fence.seqno, &addr, &size);
	assert_int_equal(addr, job->va);
	assert_int_equal(size, job->cs.count * 8);
	return fence;
}

static void take_done(struct trace *trace, struct fence run, int error)
{
	struct fence fence = { 0, 0 };
	int of_error = 1;

	trace_take(trace, "job_done", "context=%llu seqno=%llu error=%d", 3, &fence.context,
		   &fence.seqno, &of_error);
	assert_int_equal(fence.context, run.context);
	assert_int_equal(fence.seqno, run.seqno);
	assert_int_equal(of_error, error);
}

/* Two that end well, one that faults, and one behind it that never runs. */
static void jobs(void **state)
{
	struct gpu *g = *state;
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 2);
	struct gpu_job *good = gpu_job(g), *bad = gpu_job(g);
	struct fence first, second, other;
	struct trace trace;

	gpu_cs_store(&good->cs, DATA_VA, 1);
	gpu_cs_wait_above(&bad->cs, DATA_VA + 64, 0);
	gpu_cs_store(&bad->cs, 0, 1);
	for (int i = 0; i < 2; i++) {
		gpu_run(good, group, 0);
		assert_int_equal(gpu_wait(good), 0);
	}
	gpu_run(bad, group, 1);
	gpu_run(good, group, 1);
	g->words[16] = 1;
	assert_int_equal(gpu_wait(bad), -EFAULT);
	assert_int_equal(gpu_wait(good), -ECANCELED);

	trace = trace_read();
	first = take_run(&trace, good);
	take_done(&trace, first, 0);
	second = take_run(&trace, good);
	assert_int_equal(second.context, first.context);
	assert_int_equal(second.seqno, first.seqno + 1);
	take_done(&trace, second, 0);
	other = take_run(&trace, bad);
	assert_int_not_equal(other.context, first.context);
	take_done(&trace, other, -EFAULT);
	other.seqno++;
	take_done(&trace, other, -ECANCELED);
	trace_end(&trace);
}

/* Nothing is written down that nobody asked for. */
static void off_is_off(void **state)
{
	struct gpu *g = *state;
	struct gpu_job *job = gpu_job(g);
	struct panthor_bo *bo;
	struct trace trace;

	switch_events("0");
	bo = new_bo(g, KT_PAGE);
	touch(bo);
	page_out(bo);
	panthor_bo_unref(bo);
	panthor_cs_nop(&job->cs);
	gpu_run(job, gpu_group(g), 0);
	assert_int_equal(gpu_wait(job), 0);

	trace = trace_read();
	for (char *line = trace.text; *line; line = strchr(line, '\n') + 1)
		assert_int_equal(*line, '#');
	free(trace.text);
}

static const struct CMUnitTest tests[] = {
	trace_test(eviction),
	trace_test(purge),
	trace_test(binds),
	trace_test(jobs),
	trace_test(off_is_off),
	kt_no_leaks(),
};

kt_main(tests)
