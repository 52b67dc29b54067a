/* SPDX-License-Identifier: MIT */
/*
 * Thousands of queued binds in one chain of fences, with jobs in it that look: each map and unmap
 * is done, in its turn, and nothing is left behind.
 */
#include "gpu_probe.h"
#include "kt_slab.h"

#define P KT_PAGE

enum { SLOTS = 64, PAGES = 256, BATCHES = 40, MAX_OPS = 16 };

#define SLOT_VA(slot) (0x40000000ull + (uint64_t)(slot)*P)

/*
 * @looks: jobs, one behind each batch of a round, that copy from a slot to word 1 + batch
 * @point: last of @timeline that something signals
 * @model: page in each slot, or -1
 */
struct chain {
	struct gpu *g;
	struct panthor_bo *pages;
	struct panthor_group *group, *gate_group;
	struct gpu_job *gate;
	struct gpu_job *looks[BATCHES];
	uint32_t timeline;
	uint64_t point;
	uint64_t seed;
	int model[SLOTS];
	int binds;
};

static void chain_new(struct chain *c, uint64_t seed)
{
	uint32_t *words;

	*c = (struct chain){ .seed = seed };
	memset(c->model, -1, sizeof(c->model));
	gpu_setup((void **)&c->g);
	assert_int_equal(panthor_bo_new(c->g->dev, NULL, PAGES * P, 0, &c->pages), 0);
	assert_int_equal(panthor_bo_map(c->pages, (void **)&words), 0);
	for (uint32_t i = 0; i < PAGES; i++)
		words[i * P / 4] = 1000 + i;
	c->group = gpu_group(c->g);
	c->gate_group = gpu_group(c->g);
	c->gate = gpu_job(c->g);
	gpu_cs_wait_above(&c->gate->cs, DATA_VA, 0);
	for (int i = 0; i < BATCHES; i++)
		c->looks[i] = gpu_job(c->g);
	c->timeline = gpu_syncobj(c->g->dev);
}

static void chain_free(struct chain *c)
{
	panthor_syncobj_destroy(c->g->dev, c->timeline);
	panthor_bo_unref(c->pages);
	gpu_teardown((void **)&c->g);
	kt_test_no_leaks(NULL);
}

/* Maps or unmaps a few slots, in the model at once. */
static struct panthor_bind_op next_op(struct chain *c)
{
	int slot = (int)(kt_rand(&c->seed) % SLOTS), count = 1 + (int)(kt_rand(&c->seed) % 4);
	int page = (int)(kt_rand(&c->seed) % (PAGES - 4));
	bool unmap = kt_rand(&c->seed) % 3 == 0;

	count = count < SLOTS - slot ? count : SLOTS - slot;
	for (int i = 0; i < count; i++)
		c->model[slot + i] = unmap ? -1 : page + i;
	if (unmap)
		return panthor_bind_unmap(SLOT_VA(slot), (uint64_t)count * P);
	return panthor_bind_map(c->pages, (uint64_t)page * P, SLOT_VA(slot), (uint64_t)count * P,
				0);
}

/* Each operation waits for the one before it by a fence, besides by its place. */
static void queue_batch(struct chain *c)
{
	uint32_t count = 1 + (uint32_t)(kt_rand(&c->seed) % MAX_OPS);
	struct panthor_bind_op ops[MAX_OPS];
	struct panthor_sync syncs[MAX_OPS][3];

	for (uint32_t i = 0; i < count; i++) {
		struct panthor_sync *next = syncs[i];

		if (!i)
			*next++ = panthor_wait_point(c->gate->done, 0);
		if (c->point)
			*next++ = panthor_wait_point(c->timeline, c->point);
		*next++ = panthor_signal_point(c->timeline, ++c->point);
		ops[i] = next_op(c);
		ops[i].syncs = syncs[i];
		ops[i].sync_count = (uint32_t)(next - syncs[i]);
	}
	assert_int_equal(panthor_vm_bind(c->g->vm, PANTHOR_BIND_ASYNC, ops, count, NULL), 0);
	c->binds += (int)count;
}

/* Returns what the job will see: slots are mapped as all before left them, and as none after. */
static uint32_t queue_look(struct chain *c, int batch)
{
	struct gpu_job *job = c->looks[batch];
	int slot = (int)(kt_rand(&c->seed) % SLOTS);

	for (int i = 0; i < SLOTS && c->model[slot] < 0; i++)
		slot = (slot + 1) % SLOTS;
	panthor_cs_init(&job->cs, job->cs.words, GPU_JOB_BYTES, 0);
	if (c->model[slot] >= 0)
		gpu_cs_copy(&job->cs, DATA_VA + 4 + (uint64_t)batch * 4, SLOT_VA(slot));
	assert_int_equal(
		gpu_run_between(job, c->group, 0, c->timeline, c->point, c->timeline, c->point + 1),
		0);
	c->point++;
	return c->model[slot] >= 0 ? 1000 + (uint32_t)c->model[slot] : 0;
}

/* Nothing of it happens before all of it is queued. */
static void chain_round(struct chain *c)
{
	uint32_t expected[BATCHES];

	memset((void *)c->g->words, 0, P);
	gpu_run(c->gate, c->gate_group, 0);
	for (int i = 0; i < BATCHES; i++) {
		queue_batch(c);
		expected[i] = queue_look(c, i);
	}
	for (int i = 0; i < BATCHES; i++)
		assert_int_equal(c->g->words[1 + i], 0);
	probe_release(c->gate);
	assert_int_equal(gpu_syncobj_wait(c->g->dev, c->timeline, c->point), 0);
	for (int i = 0; i < BATCHES; i++)
		assert_int_equal(c->g->words[1 + i], expected[i]);
	gpu_assert_group(c->group, 0, 0);
}

static void assert_unmapped_slots_fault(struct chain *c)
{
	int faults = 0;

	for (int i = 0; i < SLOTS && faults < 16; i++) {
		if (c->model[i] >= 0)
			continue;
		probe_assert_fault(c->g, SLOT_VA(i));
		faults++;
	}
	assert_int_not_equal(faults, 0);
}

static void run_chain(int binds, uint64_t seed)
{
	uint64_t point = 0;
	struct chain c;

	chain_new(&c, seed);
	while (c.binds < binds)
		chain_round(&c);
	assert_int_equal(panthor_syncobj_query(c.g->dev, c.timeline, &point), 0);
	assert_int_equal(point, c.point);
	assert_int_equal(panthor_vm_is_usable(c.g->vm), 1);
	assert_unmapped_slots_fault(&c);
	chain_free(&c);
}

static void test_chained_binds_are_done_in_order(void **state)
{
	struct kt_slabs before;

	run_chain(500, 3);
	before = kt_slabs_read();
	run_chain(10000, 4);
	kt_slabs_assert_back(&before, 5000);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_chained_binds_are_done_in_order),
	kt_no_leaks(),
};

kt_main(tests)
