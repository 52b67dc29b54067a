/* SPDX-License-Identifier: MIT */
/*
 * What tests of jobs share: groups and jobs over lib_fixture's device, VM and BOs. A job is one
 * stream and the syncobj that its end signals:
 *
 *	struct gpu_job *job = gpu_job(g);
 *
 *	gpu_cs_store(&job->cs, DATA_VA, 7);
 *	gpu_run(job, gpu_group(g), 0);
 *	assert_int_equal(gpu_wait(job), 0);
 *
 * All that is made here goes with the struct gpu it was made for.
 */
#ifndef GPU_FIXTURE_H
#define GPU_FIXTURE_H

#include <panthor_cs.h>

#include "lib_fixture.h"

#define GPU_JOB_BYTES  1024
#define GPU_MAX_JOBS   (STREAM_BYTES / GPU_JOB_BYTES)
#define GPU_MAX_GROUPS 64

/*
 * @g: where it belongs
 * @cs: stream, the test's to fill
 * @va: where the GPU finds it
 * @done: syncobj
 */
struct gpu_job {
	struct gpu *g;
	struct panthor_cs cs;
	uint64_t va;
	uint32_t done;
};

/*
 * @dev, @vm, @words: those of @lib
 * @beside: others that go with this one
 */
struct gpu {
	struct lib *lib;
	struct panthor_device *dev;
	struct panthor_vm *vm;
	volatile uint32_t *words;
	struct panthor_group *groups[GPU_MAX_GROUPS];
	struct gpu_job jobs[GPU_MAX_JOBS];
	unsigned int group_count;
	unsigned int job_count;
	struct gpu *beside;
};

int gpu_setup(void **state);
int gpu_teardown(void **state);

#define gpu_test(f) cmocka_unit_test_setup_teardown(f, gpu_setup, gpu_teardown)

/* Another VM, in the same file if @dev is that of @g, or in one of its own if it is NULL. */
struct gpu *gpu_beside(struct gpu *g, struct panthor_device *dev);

/* A group of one queue with the default priority, and one as described. */
struct panthor_group *gpu_group(struct gpu *g);
struct panthor_group *gpu_group_of(struct gpu *g, enum panthor_group_priority priority,
				   uint32_t queues);
/* Destroys a group before @g goes. */
void gpu_group_destroy(struct gpu *g, struct panthor_group *group);
void gpu_assert_group(struct panthor_group *group, uint32_t state, uint32_t fatal_queues);

struct gpu_job *gpu_job(struct gpu *g);
/* Hands it to the kernel, which must take it, or may refuse. A job may run more than once. */
void gpu_run(struct gpu_job *job, struct panthor_group *group, uint32_t queue);
int gpu_try_run(struct gpu_job *job, struct panthor_group *group, uint32_t queue);
/* As gpu_try_run(), after a point and for a point of syncobjs; 0 for no syncobj to wait for. */
int gpu_run_between(struct gpu_job *job, struct panthor_group *group, uint32_t queue,
		    uint32_t after, uint64_t after_point, uint32_t done, uint64_t point);
/* Queues an op, after a point and for a point; 0 for no syncobj. */
int gpu_bind_between(struct gpu *g, struct panthor_bind_op op, uint32_t after, uint64_t after_point,
		     uint32_t done, uint64_t point);
/* Waits for its end, at most a minute: 0 or the error that its fence carries. */
int gpu_wait(const struct gpu_job *job);
bool gpu_is_done(const struct gpu_job *job);

/* The fence behind a syncobj, for when the device is gone: to be polled, and closed. */
int gpu_fence_fd(struct panthor_device *dev, uint32_t handle);
/* As fences have it: 0 pending, 1 success, or a negative errno. */
int gpu_fence_status(int fd);

uint32_t gpu_syncobj(struct panthor_device *dev);
/* Waits at most a minute; -ETIME. */
int gpu_syncobj_wait(struct panthor_device *dev, uint32_t handle, uint64_t point);

/* A BO of @size bytes, mapped at @va with flags of enum panthor_map_flags, to be unreferenced. */
struct panthor_bo *gpu_bo(struct gpu *g, uint64_t size, uint64_t va, uint32_t flags);

/* Waits until a word is more than @value; false: not within 20 s. */
bool gpu_word_passes(const volatile uint32_t *word, uint32_t value);

/* How long a job may take that is started from now on. Tests begin with ten minutes. */
void gpu_set_job_timeout(unsigned int milliseconds);

/* Lines of the kernel log that contain @text. */
unsigned int gpu_log_lines(const char *text);

/*
 * Bystanders: groups in the same VM, in another one of the same file, in another file. Each has a
 * job under way while something happens to others, and must be able to complete it after that.
 * They use the first three words of the data BOs.
 */
struct gpu_bystanders {
	struct gpu *at[3];
	struct panthor_group *group[3];
	struct gpu_job *job[3];
};

void gpu_bystanders_start(struct gpu *g, struct gpu_bystanders *others);
void gpu_bystanders_finish(struct gpu_bystanders *others);

/*
 * Parts of streams. They use registers 0 to 4.
 */

/* *va = value; register 2 = *va; *to = *from */
void gpu_cs_store(struct panthor_cs *cs, uint64_t va, uint32_t value);
void gpu_cs_load(struct panthor_cs *cs, uint64_t va);
void gpu_cs_copy(struct panthor_cs *cs, uint64_t to, uint64_t from);
/* Blocks the queue until *va > value, as unsigned. The word behind *va is for errors: 0. */
void gpu_cs_wait_above(struct panthor_cs *cs, uint64_t va, uint32_t value);
/* ++*va, @times times or, with 0, for ever. */
void gpu_cs_count(struct panthor_cs *cs, uint64_t va, uint32_t times);

#endif
