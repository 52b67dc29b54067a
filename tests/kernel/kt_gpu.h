/* SPDX-License-Identifier: MIT */
/*
 * What the tests of groups, jobs, binds and heaps share: raw ioctls as in kt.h, and a VM with
 * something to execute. Streams are written with the header that needs no library.
 */
#ifndef KT_GPU_H
#define KT_GPU_H

#include <panthor_cs.h>

#include "kt.h"

/* VM_CREATE with 0 leaves [0, 1 << 47) of 48 bits to the client. */
#define KT_USER_END (1ull << 47)
#define KT_VA_END   (1ull << 48)

/* An element count that no kernel may allocate memory for. */
#define KT_MANY 0xffffffffu

/*
 * Ioctls
 */

int kt_group_create(int fd, struct drm_panthor_group_create *args);
/* A group that can use every core, of @queues queues with rings of @ring bytes. */
uint32_t kt_group(int fd, uint32_t vm, uint32_t queues, uint32_t ring);
int kt_group_destroy(int fd, uint32_t group);
/* @state and @fatal_queues may be NULL. */
int kt_group_state(int fd, uint32_t group, uint32_t *state, uint32_t *fatal_queues);
int kt_submit(int fd, uint32_t group, const struct drm_panthor_queue_submit *jobs, uint32_t count);
/* @done: ops.count after the call; may be NULL. */
int kt_bind_async(int fd, uint32_t vm, const struct drm_panthor_vm_bind_op *ops, uint32_t count,
		  uint32_t *done);
int kt_heap_create(int fd, struct drm_panthor_tiler_heap_create *args);
int kt_heap_destroy(int fd, uint32_t handle);
void kt_gpu_info(int fd, struct drm_panthor_gpu_info *info);

/*
 * Syncobjs. Point 0 is that of a binary one.
 */

uint32_t kt_syncobj(int fd, bool signalled);
/* Asks without waiting: 0 signalled, -ETIME not yet, -EINVAL no fence, -ENOENT. */
int kt_syncobj_now(int fd, uint32_t handle, uint64_t point);
/* Waits far longer than anything here takes. */
int kt_syncobj_wait(int fd, uint32_t handle, uint64_t point);
uint64_t kt_syncobj_point(int fd, uint32_t handle);
void kt_syncobj_signal_point(int fd, uint32_t handle, uint64_t point);
/* Waits for a binary one, then: 1, or the error that its fence carries. */
int kt_syncobj_result(int fd, uint32_t handle);

/* A timeline operation when there is a point, else a binary one. */
struct drm_panthor_sync_op kt_wait_op(uint32_t handle, uint64_t point);
struct drm_panthor_sync_op kt_signal_op(uint32_t handle, uint64_t point);

/*
 * Object arrays
 */

/*
 * A call that takes an array, and an element that it accepts.
 * @most: elements that it accepts by their number
 */
struct kt_array {
	int (*call)(void *arg, const struct drm_panthor_obj_array *array);
	void *arg;
	const void *element;
	uint32_t size;
	uint32_t most;
};

/* Strides, tails, pointers and counts; for kt_all_expected() to judge. */
void kt_expect_array_rules(const struct kt_array *array);

/*
 * Something to execute
 */

#define KT_STREAM_VA 0x100000ull
#define KT_DATA_VA   0x200000ull

/*
 * A VM with a page of data and room for streams.
 * @words: the data, at KT_DATA_VA
 * @cs: where the next job's stream is written
 */
struct kt_gpu {
	int fd;
	uint32_t vm;
	volatile uint32_t *words;
	struct panthor_cs cs;
	uint32_t first;
};

void kt_gpu_init(struct kt_gpu *gpu, int fd);
/* A job of what was written to @cs since the last one; nothing written: no stream. */
struct drm_panthor_queue_submit kt_gpu_job(struct kt_gpu *gpu, uint32_t queue);
/* words[@word] = @value, in order with what comes before and after. */
void kt_gpu_store(struct kt_gpu *gpu, uint32_t word, uint32_t value);
/* words[@word] = 32 bits at @va. */
void kt_gpu_copy(struct kt_gpu *gpu, uint32_t word, uint64_t va);
/* Goes on when words[@word] is not 0 any more; its neighbour belongs to it. */
void kt_gpu_block(struct kt_gpu *gpu, uint32_t word);
/* Submits the job with a fence of its own, waits, and returns what the fence carries. */
int kt_gpu_run(struct kt_gpu *gpu, uint32_t group, struct drm_panthor_queue_submit job);

#endif
