/* SPDX-License-Identifier: MIT */
#include "gpu_probe.h"

int probe_setup(void **state)
{
	struct probe *p = calloc(1, sizeof(*p));

	gpu_setup((void **)&p->g);
	p->group = gpu_group(p->g);
	p->job = gpu_job(p->g);
	p->copy = gpu_bo(p->g, PROBE_BYTES, PROBE_COPY_VA, 0);
	assert_int_equal(panthor_bo_map(p->copy, (void **)&p->seen), 0);
	p->pattern = malloc(PROBE_BYTES);
	kt_fill(p->pattern, PROBE_BYTES, 1);
	*state = p;
	return 0;
}

int probe_teardown(void **state)
{
	struct probe *p = *state;

	for (unsigned int i = 0; i < p->bo_count; i++)
		panthor_bo_unref(p->bos[i]);
	panthor_bo_unref(p->copy);
	gpu_teardown((void **)&p->g);
	free(p->pattern);
	free(p);
	return 0;
}

static struct panthor_bo *keep(struct probe *p, struct panthor_bo *bo)
{
	void *ptr;

	assert_true(p->bo_count < ARRAY_SIZE(p->bos));
	p->bos[p->bo_count++] = bo;
	assert_int_equal(panthor_bo_map(bo, &ptr), 0);
	memcpy(ptr, p->pattern, panthor_bo_size(bo));
	assert_int_equal(panthor_bo_unmap(bo), 0);
	return bo;
}

struct panthor_bo *probe_bo(struct probe *p, const char *label, uint64_t size)
{
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_new(p->g->dev, NULL, size, 0, &bo), 0);
	assert_int_equal(panthor_bo_set_label(bo, label), 0);
	return keep(p, bo);
}

struct panthor_bo *probe_private_bo(struct probe *p, const char *label, uint64_t size)
{
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_new(p->g->dev, p->g->vm, size, 0, &bo), 0);
	assert_int_equal(panthor_bo_set_label(bo, label), 0);
	return keep(p, bo);
}

void probe_map(struct gpu *g, struct panthor_bo *bo, uint64_t bo_offset, uint64_t va, uint64_t size)
{
	assert_int_equal(panthor_vm_map(g->vm, bo, bo_offset, va, size, 0), 0);
}

void probe_unmap(struct gpu *g, uint64_t va, uint64_t size)
{
	assert_int_equal(panthor_vm_unmap(g->vm, va, size), 0);
}

struct gpu_job *probe_blocked_job(struct gpu *g)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_wait_above(&job->cs, DATA_VA, 0);
	gpu_run(job, gpu_group(g), 0);
	return job;
}

void probe_release(struct gpu_job *job)
{
	job->g->words[0] = 1;
	assert_int_equal(gpu_wait(job), 0);
}

void probe_streams(struct gpu *g, struct gpu_job **jobs)
{
	for (int i = 0; i < PROBE_STREAMS; i++)
		jobs[i] = gpu_job(g);
	gpu_cs_count(&jobs[0]->cs, DATA_VA + 4, 0);
	gpu_cs_wait_above(&jobs[1]->cs, DATA_VA, 0);
	gpu_cs_count(&jobs[2]->cs, DATA_VA + 8, 100);
	gpu_cs_load(&jobs[3]->cs, DATA_VA + KT_PAGE);
}

void probe_evict(const char *label)
{
	unsigned int before = kt_gem_get(label).evictions;

	kt_shrink_all();
	assert_int_equal(kt_gem_get(label).evictions, before + 1);
	assert_int_equal(kt_gem_get(label).resident, 0);
}

/* 64 bytes a turn. */
static void copy_range(struct panthor_cs *cs, uint64_t to, uint64_t from, uint64_t size)
{
	struct panthor_cs_label loop = { 0 };

	panthor_cs_move48(cs, 0, to);
	panthor_cs_move48(cs, 2, from);
	panthor_cs_move32(cs, 4, (uint32_t)(size / 64));
	panthor_cs_place(cs, &loop);
	panthor_cs_load(cs, 16, 0xffff, 2, 0);
	panthor_cs_wait(cs, 1);
	panthor_cs_store(cs, 16, 0xffff, 0, 0);
	panthor_cs_wait(cs, 1);
	panthor_cs_add64(cs, 0, 0, 64);
	panthor_cs_add64(cs, 2, 2, 64);
	panthor_cs_add32(cs, 4, 4, -1);
	panthor_cs_branch(cs, PANTHOR_CS_NE, 4, &loop);
}

void probe_copy(struct probe *p, uint64_t to, uint64_t from, uint64_t size)
{
	/* The job before is done: its stream can be written over. */
	panthor_cs_init(&p->job->cs, p->job->cs.words, GPU_JOB_BYTES, 0);
	copy_range(&p->job->cs, to, from, size);
	gpu_run(p->job, p->group, 0);
	assert_int_equal(gpu_wait(p->job), 0);
}

void probe_assert_seen(struct probe *p, uint64_t va, uint64_t size, uint64_t offset)
{
	memset(p->seen, 0, size);
	probe_copy(p, PROBE_COPY_VA, va, size);
	assert_memory_equal(p->seen, p->pattern + offset, size);
}

void probe_assert_fault(struct gpu *g, uint64_t va)
{
	struct panthor_group *victim = gpu_group(g);
	struct gpu_job *job = gpu_job(g);

	gpu_cs_load(&job->cs, va);
	gpu_run(job, victim, 0);
	assert_int_equal(gpu_wait(job), -EFAULT);
	gpu_assert_group(victim, PANTHOR_GROUP_FATAL_FAULT, 1);
	gpu_group_destroy(g, victim);
}

void probe_assert_zero(struct probe *p, uint64_t va, uint64_t size)
{
	memset(p->seen, 1, size);
	probe_copy(p, PROBE_COPY_VA, va, size);
	assert_int_equal(kt_nonzero(p->seen, size), 0);
}
