/* SPDX-License-Identifier: MIT */
/*
 * Sync operations, the same in a job of GROUP_SUBMIT and in an operation of an asynchronous
 * VM_BIND: every table is asked both ways.
 */
#include "kt_gpu.h"

#define QUEUES	 4u
#define SYNC_MAX 4096u
#define TIMELINE DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ
#define SIGNAL	 ((uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL)
#define NOBODY	 0xdeadbeef

struct target {
	int fd;
	uint32_t vm;
	uint32_t group;
};

/* A call of @count jobs or operations that do nothing but what their sync operations say. */
struct way {
	const char *name;
	int (*call)(const struct target *to, const struct drm_panthor_obj_array *syncs,
		    uint32_t count);
};

static int submit(const struct target *to, const struct drm_panthor_obj_array *syncs,
		  uint32_t count)
{
	struct drm_panthor_queue_submit jobs[QUEUES] = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		jobs[i].queue_index = i;
		jobs[i].syncs = syncs[i];
	}
	return kt_submit(to->fd, to->group, jobs, count);
}

static int bind(const struct target *to, const struct drm_panthor_obj_array *syncs, uint32_t count)
{
	struct drm_panthor_vm_bind_op ops[QUEUES] = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		ops[i].flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP;
		ops[i].va = KT_DATA_VA;
		ops[i].size = KT_PAGE;
		ops[i].syncs = syncs[i];
	}
	return kt_bind_async(to->fd, to->vm, ops, count, NULL);
}

static const struct way ways[] = { { "submit", submit }, { "bind", bind } };

static void open_target(struct target *to, int fd)
{
	to->fd = fd;
	to->vm = kt_vm(fd);
	to->group = kt_group(fd, to->vm, QUEUES, 4096);
}

/* The VM is as it was, the group is, and both still do what they are told. */
static void assert_well(const struct target *to)
{
	struct drm_panthor_sync_op sync;
	struct drm_panthor_obj_array syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	uint32_t done, state, i;

	assert_int_equal(kt_vm_state(to->fd, to->vm, &state), 0);
	assert_int_equal(state, DRM_PANTHOR_VM_STATE_USABLE);
	assert_int_equal(kt_group_state(to->fd, to->group, &state, NULL), 0);
	assert_int_equal(state, 0);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		done = kt_syncobj(to->fd, false);
		sync = kt_signal_op(done, 0);
		assert_int_equal(ways[i].call(to, &syncs, 1), 0);
		assert_int_equal(kt_syncobj_result(to->fd, done), 1);
	}
}

struct row {
	const char *name;
	struct drm_panthor_sync_op op;
	int want;
};

/* The fence of a call that was taken signals; that of one that was not is not there. */
static int fence_of(int fd, uint32_t handle, int ret)
{
	return ret ? kt_syncobj_now(fd, handle, 0) : kt_syncobj_wait(fd, handle, 0);
}

/* Alone, and after an operation that signals: what would be signalled is not touched. */
static void run_rows(const struct target *to, const struct way *way, const struct row *rows,
		     size_t count)
{
	char name[100];
	size_t i;

	for (i = 0; i < count; i++) {
		int want = rows[i].want, fence = want ? -EINVAL : 0;
		uint32_t done = kt_syncobj(to->fd, false);
		struct drm_panthor_sync_op ops[2] = { kt_signal_op(done, 0), rows[i].op };
		struct drm_panthor_obj_array syncs[2] = {
			DRM_PANTHOR_OBJ_ARRAY(1, &rows[i].op),
			DRM_PANTHOR_OBJ_ARRAY(1, &rows[i].op),
		};

		snprintf(name, sizeof(name), "%s: %s", way->name, rows[i].name);
		kt_expect(name, way->call(to, syncs, 1), want);
		syncs[0].array = (uintptr_t)ops;
		syncs[0].count = 2;
		kt_expect("after a signal", way->call(to, syncs, 1), want);
		kt_expect("its fence", fence_of(to->fd, done, want), fence);
		done = kt_syncobj(to->fd, false);
		ops[0].handle = done;
		syncs[0].count = 1;
		kt_expect("in the next job", way->call(to, syncs, 2), want);
		kt_expect("the first one's fence", fence_of(to->fd, done, want), fence);
	}
	kt_all_expected();
}

static void test_kb52_operations(void **state)
{
	struct kt *t = *state;
	struct target to;
	uint32_t foreign = 0;
	int other = kt_open("panthor", true);
	size_t i;

	/* More than there are here. */
	for (i = 0; i < 1000; i++)
		foreign = kt_syncobj(other, true);
	open_target(&to, t->fd);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		uint32_t set = kt_syncobj(t->fd, true), none = kt_syncobj(t->fd, false);
		uint32_t line = kt_syncobj(t->fd, false), out = kt_syncobj(t->fd, false);

		kt_syncobj_signal_point(t->fd, line, 5);
		const struct row rows[] = {
			{ "wait, signalled", { 0, set, 0 }, 0 },
			{ "wait, no fence", { 0, none, 0 }, -EINVAL },
			{ "wait, handle 0", { 0, 0, 0 }, -ENOENT },
			{ "wait, unknown handle", { 0, NOBODY, 0 }, -ENOENT },
			{ "wait, another file's", { 0, foreign, 0 }, -ENOENT },
			{ "signal", { SIGNAL, out, 0 }, 0 },
			{ "kb52: signal, handle 0", { SIGNAL, 0, 0 }, -EINVAL },
			{ "kb52: signal, unknown handle", { SIGNAL, NOBODY, 0 }, -EINVAL },
			{ "kb52: signal, another file's", { SIGNAL, foreign, 0 }, -EINVAL },
			{ "kb52: signal a point of nothing", { SIGNAL | TIMELINE, 0, 7 }, -EINVAL },
			{ "wait for a point", { TIMELINE, line, 5 }, 0 },
			{ "wait for one before it", { TIMELINE, line, 3 }, 0 },
			{ "wait for one behind it", { TIMELINE, line, 6 }, -EINVAL },
			{ "wait for point 0", { TIMELINE, set, 0 }, 0 },
			{ "wait for point 0, no fence", { TIMELINE, none, 0 }, -EINVAL },
			{ "wait for a point of nothing", { TIMELINE, NOBODY, 1 }, -ENOENT },
			{ "binary wait with a point", { 0, line, 5 }, -EINVAL },
			{ "binary signal with a point", { SIGNAL, out, 1 }, -EINVAL },
			{ "type 2", { 2, set, 0 }, -EINVAL },
			{ "type 255", { 0xff | SIGNAL, out, 0 }, -EINVAL },
			{ "flag bit 8", { 1u << 8, set, 0 }, -EINVAL },
			{ "flag bit 8, signal", { 1u << 8 | SIGNAL, out, 0 }, -EINVAL },
			{ "flag bit 30", { 1u << 30, set, 0 }, -EINVAL },
			{ "all flags", { ~0u, set, 0 }, -EINVAL },
		};

		run_rows(&to, &ways[i], rows, ARRAY_SIZE(rows));
	}
	assert_well(&to);
}

/* A point 0 is a binary signal; points may also come in no order, and many at once. */
static void test_points(void **state)
{
	static const uint64_t points[] = { 0, 5, 9, 1ull << 40, 3 };
	struct drm_panthor_sync_op many[256];
	struct kt *t = *state;
	struct target to;
	size_t i, j;

	open_target(&to, t->fd);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		uint32_t line = kt_syncobj(t->fd, false);

		for (j = 0; j < ARRAY_SIZE(points); j++) {
			struct drm_panthor_sync_op op = { TIMELINE | SIGNAL, line, points[j] };
			struct drm_panthor_obj_array syncs = DRM_PANTHOR_OBJ_ARRAY(1, &op);

			assert_int_equal(ways[i].call(&to, &syncs, 1), 0);
			assert_int_equal(kt_syncobj_wait(t->fd, line, points[j]), 0);
		}

		struct drm_panthor_obj_array syncs = DRM_PANTHOR_OBJ_ARRAY(ARRAY_SIZE(many), many);

		line = kt_syncobj(t->fd, false);
		for (j = 0; j < ARRAY_SIZE(many); j++)
			many[j] = kt_signal_op(line, j + 1);
		assert_int_equal(ways[i].call(&to, &syncs, 1), 0);
		assert_int_equal(kt_syncobj_wait(t->fd, line, ARRAY_SIZE(many)), 0);
		assert_int_equal(kt_syncobj_point(t->fd, line), ARRAY_SIZE(many));
	}
}

/*
 * What a wait finds among the jobs of its own call: the fence of an earlier one that signals just
 * that handle and point, else what was there before the call.
 */
static void test_resolution(void **state)
{
	struct kt *t = *state;
	static const struct {
		const char *name;
		uint64_t first_point, second_point;
		bool first_signals, second_signals;
		bool fence_before;
		int want;
	} rows[] = {
		{ "signal, then wait", 0, 0, true, false, false, 0 },
		{ "signal a point, then wait for it", 7, 7, true, false, false, 0 },
		{ "signal a point, then wait for one before", 7, 3, true, false, false, -EINVAL },
		{ "signal a point, then wait for any", 7, 0, true, false, false, -EINVAL },
		{ "signal, then wait for a point", 0, 7, true, false, false, -EINVAL },
		{ "wait, then signal", 0, 0, false, true, false, -EINVAL },
		{ "wait, then signal, fence before", 0, 0, false, true, true, 0 },
		{ "wait for a point, then signal it", 7, 7, false, true, false, -EINVAL },
		{ "wait twice", 0, 0, false, false, true, 0 },
		{ "signal twice", 0, 0, true, true, false, 0 },
		{ "signal two points", 7, 8, true, true, false, 0 },
	};
	struct target to;
	size_t i, j;

	open_target(&to, t->fd);
	for (i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i % ARRAY_SIZE(ways)];
		uint32_t sync = kt_syncobj(t->fd, rows[j = i / ARRAY_SIZE(ways)].fence_before);
		struct drm_panthor_sync_op ops[2] = {
			kt_wait_op(sync, rows[j].first_point),
			kt_wait_op(sync, rows[j].second_point),
		};
		struct drm_panthor_obj_array syncs[2] = {
			DRM_PANTHOR_OBJ_ARRAY(1, &ops[0]),
			DRM_PANTHOR_OBJ_ARRAY(1, &ops[1]),
		};

		ops[0].flags |= rows[j].first_signals ? SIGNAL : 0;
		ops[1].flags |= rows[j].second_signals ? SIGNAL : 0;
		kt_expect(rows[j].name, way->call(&to, syncs, 2), rows[j].want);
	}
	kt_all_expected();
	assert_well(&to);
}

/* A job does not wait for itself, in whatever order its operations stand. */
static void test_resolution_within_a_job(void **state)
{
	struct kt *t = *state;
	struct target to;
	size_t i;

	open_target(&to, t->fd);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		uint32_t none = kt_syncobj(t->fd, false), set = kt_syncobj(t->fd, true);
		struct drm_panthor_sync_op ops[3] = { kt_signal_op(none, 0), kt_wait_op(none, 0),
						      kt_signal_op(none, 0) };
		struct drm_panthor_obj_array syncs = DRM_PANTHOR_OBJ_ARRAY(2, ops);

		kt_expect("signal, wait", ways[i].call(&to, &syncs, 1), -EINVAL);
		syncs.array = (uintptr_t)&ops[1];
		kt_expect("wait, signal", ways[i].call(&to, &syncs, 1), -EINVAL);
		kt_expect("nothing happened", kt_syncobj_now(t->fd, none, 0), -EINVAL);
		ops[1].handle = ops[2].handle = set;
		kt_expect("wait, signal again", ways[i].call(&to, &syncs, 1), 0);
		kt_expect("signalled again", kt_syncobj_result(t->fd, set), 1);
	}
	kt_all_expected();
}

static int submit_array(void *arg, const struct drm_panthor_obj_array *array)
{
	return submit(arg, array, 1);
}

static int bind_array(void *arg, const struct drm_panthor_obj_array *array)
{
	return bind(arg, array, 1);
}

static void test_arrays(void **state)
{
	struct kt *t = *state;
	struct target to;
	struct drm_panthor_obj_array none = { .array = KT_BAD_PTR };
	struct drm_panthor_sync_op op = kt_wait_op(kt_syncobj(t->fd, true), 0);
	struct kt_array array = {
		.arg = &to,
		.element = &op,
		.size = sizeof(op),
		.most = SYNC_MAX,
	};
	size_t i;

	open_target(&to, t->fd);
	array.call = submit_array;
	kt_expect_array_rules(&array);
	array.call = bind_array;
	kt_expect_array_rules(&array);
	/* Who has none need not know how large one is. */
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		kt_expect(ways[i].name, ways[i].call(&to, &none, 1), 0);
	kt_all_expected();
}

/* The limit is one of the call, not of each job. */
static void test_kb51_kb53_count(void **state)
{
	static const struct {
		const char *name;
		uint32_t count[3];
		int want;
	} rows[] = {
		{ "all in one", { SYNC_MAX, 0, 0 }, 0 },
		{ "one more", { SYNC_MAX + 1, 0, 0 }, -EINVAL },
		{ "all in three", { SYNC_MAX / 2, SYNC_MAX / 4, SYNC_MAX / 4 }, 0 },
		{ "one more in three", { SYNC_MAX / 2, SYNC_MAX / 2, 1 }, -EINVAL },
		{ "sums that wrap", { SYNC_MAX, KT_MANY - SYNC_MAX + 1, 1 }, -EINVAL },
	};
	struct drm_panthor_sync_op *ops = calloc(SYNC_MAX + 1, sizeof(*ops));
	struct kt *t = *state;
	uint32_t set = kt_syncobj(t->fd, true);
	struct target to;
	size_t i, j;

	open_target(&to, t->fd);
	for (i = 0; i <= SYNC_MAX; i++)
		ops[i] = kt_wait_op(set, 0);
	for (i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i % ARRAY_SIZE(ways)];
		struct drm_panthor_obj_array syncs[3];

		j = i / ARRAY_SIZE(ways);
		for (int k = 0; k < 3; k++)
			syncs[k] = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(
				rows[j].count[k], ops);
		kt_expect(rows[j].name, way->call(&to, syncs, 3), rows[j].want);
	}
	kt_all_expected();
	free(ops);
	assert_well(&to);
}

/* Of a call that fails no syncobj knows, neither binary nor timeline, whatever was there before. */
static void test_failure_touches_no_syncobj(void **state)
{
	struct kt *t = *state;
	struct target to;
	size_t i;

	open_target(&to, t->fd);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		uint32_t none = kt_syncobj(t->fd, false), line = kt_syncobj(t->fd, false);
		struct drm_panthor_sync_op good[3] = {
			kt_signal_op(none, 0),
			kt_signal_op(line, 2),
			kt_signal_op(line, 9),
		};
		struct drm_panthor_sync_op bad = kt_wait_op(NOBODY, 0);
		struct drm_panthor_obj_array syncs[3] = {
			DRM_PANTHOR_OBJ_ARRAY(2, good),
			DRM_PANTHOR_OBJ_ARRAY(1, &good[2]),
			DRM_PANTHOR_OBJ_ARRAY(1, &bad),
		};

		kt_syncobj_signal_point(t->fd, line, 1);
		kt_expect("last job waits for nothing", ways[i].call(&to, syncs, 3), -ENOENT);
		bad = kt_signal_op(NOBODY, 0);
		kt_expect("last job signals nothing", ways[i].call(&to, syncs, 3), -EINVAL);
		syncs[2].array = KT_BAD_PTR;
		kt_expect("last job's are not there", ways[i].call(&to, syncs, 3), -EFAULT);
		kt_expect("binary", kt_syncobj_now(t->fd, none, 0), -EINVAL);
		kt_expect("next point", kt_syncobj_now(t->fd, line, 2), -EINVAL);
		assert_int_equal(kt_syncobj_point(t->fd, line), 1);
	}
	kt_all_expected();
	assert_well(&to);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb52_operations),
	kt_test(test_points),
	kt_test(test_resolution),
	kt_test(test_resolution_within_a_job),
	kt_test(test_arrays),
	kt_test(test_kb51_kb53_count),
	kt_test(test_failure_touches_no_syncobj),
	kt_no_leaks(),
};

kt_main(tests)
