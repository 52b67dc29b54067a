/* SPDX-License-Identifier: MIT */
/*
 * Groups, jobs and binds that end in the middle of what they do: every fence signals, in order, and
 * nothing is left behind.
 */
#include "gpu_probe.h"
#include "kt_slab.h"

#define P KT_PAGE

/*
 * Groups that are destroyed while their queues run.
 */

enum { ALIVE = 32, QUEUES = 3 };

/* @done: syncobjs of the last job of each queue, 0 for none */
struct life {
	struct panthor_group *group;
	uint32_t done[QUEUES];
};

static void fill_queue(struct life *life, struct gpu_job **jobs, uint32_t queue, uint64_t *seed)
{
	uint32_t done = gpu_syncobj(jobs[0]->g->dev);
	int count = 1 + (int)(kt_rand(seed) % 3), queued = 0;

	while (queued < count && !gpu_run_between(jobs[kt_rand(seed) % PROBE_STREAMS], life->group,
						  queue, 0, 0, done, 0))
		queued++;
	/* A stream that faults may have ended the group already, but not before it was queued. */
	assert_true(queued || queue);
	if (queued)
		life->done[queue] = done;
	else
		panthor_syncobj_destroy(jobs[0]->g->dev, done);
}

static void begin(struct life *life, struct gpu_job **jobs, uint64_t *seed)
{
	struct panthor_group_params params = { .size = sizeof(params) };
	uint32_t used = 1 + (uint32_t)(kt_rand(seed) % QUEUES);

	/* Always as many, for groups that leak to be of one size, and thus one cache. */
	params.queue_count = QUEUES;
	params.priority = kt_rand(seed) % 2 ? PANTHOR_GROUP_LOW : PANTHOR_GROUP_HIGH;
	params.ring_size = kt_rand(seed) % 2 ? 4096 : 65536;
	assert_int_equal(panthor_group_new(jobs[0]->g->vm, &params, &life->group), 0);
	for (uint32_t i = 0; i < used; i++)
		fill_queue(life, jobs, i, seed);
}

static void end(struct life *life, struct panthor_device *dev)
{
	life->group = panthor_group_unref(life->group);
	for (int i = 0; i < QUEUES; i++) {
		if (!life->done[i])
			continue;
		assert_int_equal(gpu_syncobj_wait(dev, life->done[i], 0), 0);
		panthor_syncobj_destroy(dev, life->done[i]);
		life->done[i] = 0;
	}
}

static void live_and_die(int groups, uint64_t seed)
{
	struct life lives[ALIVE] = { 0 };
	struct gpu_job *jobs[PROBE_STREAMS];
	struct gpu *g;

	gpu_setup((void **)&g);
	probe_streams(g, jobs);
	for (int i = 0; i < groups; i++) {
		struct life *life = &lives[kt_rand(&seed) % ALIVE];

		end(life, g->dev);
		begin(life, jobs, &seed);
	}
	for (int i = 0; i < ALIVE; i++)
		end(&lives[i], g->dev);
	assert_int_not_equal(g->words[1], 0);
	assert_int_not_equal(g->words[2], 0);
	gpu_teardown((void **)&g);
	kt_test_no_leaks(NULL);
}

static void test_groups_die_while_their_queues_run(void **state)
{
	struct kt_slabs before;

	live_and_die(100, 1);
	before = kt_slabs_read();
	live_and_die(1000, 2);
	kt_slabs_assert_back(&before, 500);
}

/*
 * Fences of a queue signal in order, also those of jobs that are cancelled.
 */

enum { QUEUED = 150 };

static bool is_signalled(struct panthor_device *dev, uint32_t handle)
{
	int r = panthor_syncobj_wait(dev, &handle, NULL, 1, 0, 0, NULL);

	assert_true(r == 0 || r == -ETIME);
	return r == 0;
}

/* Looks from the end, so that one that overtook others is seen before they follow. */
static int last_signalled(struct panthor_device *dev, const uint32_t *done)
{
	int i = QUEUED - 1;

	while (i >= 0 && !is_signalled(dev, done[i]))
		i--;
	return i;
}

static void assert_in_order(struct panthor_device *dev, const uint32_t *done)
{
	int last;

	do {
		last = last_signalled(dev, done);
		for (int i = 0; i < last; i++)
			assert_true(is_signalled(dev, done[i]));
	} while (last < QUEUED - 1);
}

/* More than the ring takes at once, behind one that waits for ever. */
static void queue_many(struct gpu *g, struct panthor_group *group, uint32_t *done)
{
	struct gpu_job *blocked = gpu_job(g), *counts = gpu_job(g);

	gpu_cs_wait_above(&blocked->cs, DATA_VA, 0);
	gpu_cs_count(&counts->cs, DATA_VA + 8, 1);
	for (int i = 0; i < QUEUED; i++) {
		done[i] = gpu_syncobj(g->dev);
		assert_int_equal(gpu_run_between(i ? counts : blocked, group, 0, 0, 0, done[i], 0),
				 0);
	}
}

static void die_in_order(bool by_fault)
{
	struct panthor_group_params params = { .size = sizeof(params), .ring_size = 4096 };
	struct panthor_group *group;
	uint32_t done[QUEUED];
	struct gpu_job *fault;
	struct gpu *g;

	gpu_setup((void **)&g);
	params.queue_count = 2;
	assert_int_equal(panthor_group_new(g->vm, &params, &group), 0);
	queue_many(g, group, done);
	fault = gpu_job(g);
	gpu_cs_load(&fault->cs, DATA_VA + P);
	if (by_fault)
		gpu_run(fault, group, 1);
	else
		panthor_group_unref(group);
	assert_in_order(g->dev, done);
	assert_int_equal(g->words[2], 0);
	for (int i = 0; i < QUEUED; i++)
		panthor_syncobj_destroy(g->dev, done[i]);
	if (by_fault)
		panthor_group_unref(group);
	gpu_teardown((void **)&g);
}

static void test_fences_of_a_dead_group_signal_in_order(void **state)
{
	for (int i = 0; i < 40; i++)
		die_in_order(i % 2);
}

/*
 * What goes on when nobody can ask for it any more.
 */

static int module_references(void)
{
	char *text = kt_read_file("/sys/module/vpanthor/refcnt", NULL);
	int refs;

	assert_non_null(text);
	refs = atoi(text);
	free(text);
	return refs;
}

/* A bind that waits for another file's job keeps its VM, and the VM the code that it returns to. */
static void test_queued_bind_keeps_the_module(void **state)
{
	struct gpu *g = *state, *gone;
	struct gpu_job *gate = probe_blocked_job(g);
	struct drm_syncobj_handle shared = { .handle = gate->done };
	struct panthor_bind_op op;
	int refs = module_references();

	gpu_setup((void **)&gone);
	assert_int_equal(
		kt_ioctl(panthor_device_fd(g->dev), DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &shared), 0);
	assert_int_equal(
		kt_ioctl(panthor_device_fd(gone->dev), DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &shared), 0);
	close(shared.fd);
	assert_int_equal(panthor_bo_set_label(gone->lib->data, "gone"), 0);
	op = panthor_bind_map(gone->lib->data, 0, 0x40000000, P, 0);
	assert_int_equal(gpu_bind_between(gone, op, shared.handle, 0, 0, 0), 0);
	gpu_teardown((void **)&gone);

	assert_true(module_references() > refs);
	kt_gem_get("gone");
	probe_release(gate);
	assert_true(kt_gem_gone("gone"));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_groups_die_while_their_queues_run),
	cmocka_unit_test(test_fences_of_a_dead_group_signal_in_order),
	gpu_test(test_queued_bind_keeps_the_module),
	kt_no_leaks(),
};

kt_main(tests)
