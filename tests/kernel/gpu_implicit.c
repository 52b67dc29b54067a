/* SPDX-License-Identifier: MIT */
/*
 * Implicit fences: what a BO that others know about says of the jobs that may use it. A job counts
 * as a writer of all shared BOs that its VM maps. BOs of one VM are nobody else's to ask; that they
 * are busy as well is reclaim's to see, in gpu_reclaim_order.c.
 */
#include <linux/dma-buf.h>
#include <poll.h>

#include "gpu_fixture.h"

#define VA   0x40000000ull
#define SIZE (4 * KT_PAGE)
/* More than a BO has room for without asking. */
#define QUEUES 8

/* A BO that is exported; mapped at @va of @g unless that is NULL. */
struct shared {
	struct panthor_bo *bo;
	int fd;
};

static struct shared share(struct gpu *in, struct gpu *g, uint64_t va)
{
	struct shared shared = { .fd = -1 };

	assert_int_equal(panthor_bo_new(in->dev, NULL, SIZE, 0, &shared.bo), 0);
	assert_int_equal(panthor_bo_export(shared.bo, &shared.fd), 0);
	if (g)
		assert_int_equal(panthor_vm_map(g->vm, shared.bo, 0, va, SIZE, 0), 0);
	return shared;
}

static void unshare(struct shared *shared)
{
	close(shared->fd);
	panthor_bo_unref(shared->bo);
}

static bool is_polled(int fd, short event, int milliseconds)
{
	struct pollfd one = { .fd = fd, .events = event };

	return poll(&one, 1, milliseconds) == 1 && one.revents == event;
}

/* What somebody who is about to read, or to write, would have to wait for. */
static int fences_of(int fd, uint32_t access)
{
	struct dma_buf_export_sync_file args = { .flags = access, .fd = -1 };

	assert_int_equal(kt_ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args), 0);
	return args.fd;
}

static int status_of(int fd, uint32_t access)
{
	int fences = fences_of(fd, access), status = gpu_fence_status(fences);

	close(fences);
	return status;
}

static void assert_busy(const struct shared *shared)
{
	assert_int_equal(status_of(shared->fd, DMA_BUF_SYNC_READ), 0);
	assert_int_equal(status_of(shared->fd, DMA_BUF_SYNC_WRITE), 0);
	assert_false(is_polled(shared->fd, POLLIN, 0));
	assert_false(is_polled(shared->fd, POLLOUT, 0));
}

/* At once: there is nobody to be waited for. */
static void assert_idle(const struct shared *shared)
{
	assert_int_equal(status_of(shared->fd, DMA_BUF_SYNC_READ), 1);
	assert_int_equal(status_of(shared->fd, DMA_BUF_SYNC_WRITE), 1);
	assert_true(is_polled(shared->fd, POLLIN, 0));
	assert_true(is_polled(shared->fd, POLLOUT, 0));
}

/* Whoever waits for the end of a job may know before everybody has been told. */
static void assert_ready(const struct shared *shared)
{
	assert_true(is_polled(shared->fd, POLLIN, 20000));
	assert_true(is_polled(shared->fd, POLLOUT, 20000));
	assert_int_not_equal(status_of(shared->fd, DMA_BUF_SYNC_READ), 0);
	assert_int_not_equal(status_of(shared->fd, DMA_BUF_SYNC_WRITE), 0);
}

/* The word that job @n of a VM waits for; the one behind is for errors. */
static uint32_t word_of(uint32_t n)
{
	return 2 * n;
}

static struct gpu_job *blocked_job(struct gpu *g, uint32_t n)
{
	struct gpu_job *job = gpu_job(g);

	gpu_cs_wait_above(&job->cs, DATA_VA + 4 * word_of(n), 0);
	return job;
}

static struct gpu_job *start_blocked(struct gpu *g, struct panthor_group *group, uint32_t n)
{
	struct gpu_job *job = blocked_job(g, n);

	gpu_run(job, group, 0);
	return job;
}

static void finish(struct gpu_job *job, uint32_t n)
{
	job->g->words[word_of(n)] = 1;
	assert_int_equal(gpu_wait(job), 0);
}

/* All in one call, and all blocked; job @n in the queue of that number, modulo @queues. */
static void start_at_once(struct gpu *g, struct gpu_job **jobs, uint32_t count, uint32_t queues)
{
	struct panthor_group *group = gpu_group_of(g, PANTHOR_GROUP_DEFAULT, queues);
	struct panthor_job submitted[QUEUES];
	struct panthor_sync done[QUEUES];

	memset((void *)g->words, 0, KT_PAGE);
	for (uint32_t i = 0; i < count; i++) {
		jobs[i] = blocked_job(g, i);
		done[i] = panthor_signal_point(jobs[i]->done, 0);
		submitted[i] = (struct panthor_job){
			.va = jobs[i]->va,
			.queue = i % queues,
			.flush_id = PANTHOR_FLUSH_ID_NOW,
			.sync_count = 1,
			.syncs = &done[i],
		};
		assert_int_equal(panthor_cs_finish(&jobs[i]->cs, &submitted[i].size), 0);
	}
	assert_int_equal(panthor_group_submit(group, submitted, count), 0);
}

static void job_is_a_writer(void **state)
{
	struct gpu *g = *state;
	struct shared shared = share(g, g, VA);
	struct gpu_job *job;
	int fences;

	assert_idle(&shared);
	job = start_blocked(g, gpu_group(g), 0);
	assert_busy(&shared);
	fences = fences_of(shared.fd, DMA_BUF_SYNC_READ);
	finish(job, 0);
	assert_ready(&shared);
	/* And who asked before knows it too. */
	assert_true(is_polled(fences, POLLIN, 20000));
	assert_int_equal(gpu_fence_status(fences), 1);
	close(fences);
	unshare(&shared);
}

/* A job that is never carried out ends like any other. */
static void job_that_is_cancelled(void **state)
{
	struct gpu *g = *state;
	struct shared shared = share(g, g, VA);
	struct panthor_group *group = gpu_group(g);
	struct gpu_job *job = start_blocked(g, group, 0);

	assert_busy(&shared);
	gpu_group_destroy(g, group);
	assert_int_equal(gpu_wait(job), -ECANCELED);
	assert_ready(&shared);
	unshare(&shared);
}

/* Only what the VM of a job maps when it is submitted. */
static void other_bos_are_idle(void **state)
{
	struct gpu *g = *state, *beside = gpu_beside(g, g->dev);
	struct shared busy = share(g, g, VA), both = share(g, g, VA + SIZE);
	struct shared idle[] = { share(g, NULL, 0), share(g, beside, VA), share(g, g, 2 * VA) };
	struct gpu_job *job;

	assert_int_equal(panthor_vm_map(beside->vm, both.bo, 0, 2 * VA, SIZE, 0), 0);
	assert_int_equal(panthor_vm_unmap(g->vm, 2 * VA, SIZE), 0);
	job = start_blocked(g, gpu_group(g), 0);
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		assert_idle(&idle[i]);
	assert_busy(&busy);
	assert_busy(&both);
	finish(job, 0);
	assert_ready(&busy);
	assert_ready(&both);
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		assert_idle(&idle[i]);
		unshare(&idle[i]);
	}
	unshare(&busy);
	unshare(&both);
}

/* The BO is busy until the last of several queues of one call has ended, whichever that is. */
static void queues_of_one_call(void **state)
{
	struct gpu *g = *state;
	struct shared shared = share(g, g, VA);
	struct gpu_job *jobs[QUEUES];

	for (uint32_t first = 0; first < QUEUES; first += 3) {
		start_at_once(g, jobs, QUEUES, QUEUES);
		for (uint32_t i = 0; i < QUEUES; i++) {
			uint32_t n = (first + i) % QUEUES;

			assert_busy(&shared);
			finish(jobs[n], n);
		}
		assert_ready(&shared);
	}
	unshare(&shared);
}

static void jobs_of_one_queue(void **state)
{
	struct gpu *g = *state;
	struct shared shared = share(g, g, VA);
	struct gpu_job *jobs[QUEUES];

	start_at_once(g, jobs, QUEUES, 1);
	for (uint32_t n = 0; n < QUEUES; n++) {
		assert_busy(&shared);
		finish(jobs[n], n);
	}
	assert_ready(&shared);
	unshare(&shared);
}

/* Neither group's end is enough, of one VM or of two, whichever was first. */
static void two_groups(void **state)
{
	struct gpu *g = *state, *beside = gpu_beside(g, g->dev);
	struct shared shared = share(g, g, VA);

	assert_int_equal(panthor_vm_map(beside->vm, shared.bo, 0, VA, SIZE, 0), 0);
	for (uint32_t way = 0; way < 4; way++) {
		struct gpu *at[] = { g, way & 2 ? beside : g };
		struct gpu_job *jobs[2];

		for (uint32_t n = 0; n < 2; n++) {
			at[n]->words[word_of(n)] = 0;
			jobs[n] = start_blocked(at[n], gpu_group(at[n]), n);
		}
		finish(jobs[way & 1], way & 1);
		assert_busy(&shared);
		finish(jobs[!(way & 1)], !(way & 1));
		assert_ready(&shared);
	}
	unshare(&shared);
}

static void assert_library_says(struct panthor_bo *bo, int read, int write)
{
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0), read);
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_WRITE, 0), write);
}

static void library_waits(void **state)
{
	struct gpu *g = *state;
	struct shared mapped = share(g, g, VA), other = share(g, NULL, 0);
	struct panthor_bo *private = NULL;
	struct gpu_job *job;

	assert_int_equal(panthor_bo_new(g->dev, g->vm, SIZE, 0, &private), 0);
	assert_library_says(mapped.bo, 0, 0);
	job = start_blocked(g, gpu_group(g), 0);
	assert_library_says(mapped.bo, -ETIME, -ETIME);
	assert_library_says(other.bo, 0, 0);
	assert_library_says(private, -EINVAL, -EINVAL);

	/* A reader's fence holds up writers only. */
	assert_int_equal(panthor_bo_import_fence(other.bo, PANTHOR_BO_READ, job->done, 0), 0);
	assert_library_says(other.bo, 0, -ETIME);
	assert_int_equal(panthor_bo_import_fence(other.bo, PANTHOR_BO_WRITE, job->done, 0), 0);
	assert_library_says(other.bo, -ETIME, -ETIME);

	g->words[word_of(0)] = 1;
	assert_int_equal(panthor_bo_wait(mapped.bo, PANTHOR_BO_READ, INT64_MAX), 0);
	assert_int_equal(panthor_bo_wait(mapped.bo, PANTHOR_BO_WRITE, INT64_MAX), 0);
	assert_int_equal(panthor_bo_wait(other.bo, PANTHOR_BO_WRITE, INT64_MAX), 0);
	assert_true(gpu_is_done(job));
	panthor_bo_unref(private);
	unshare(&mapped);
	unshare(&other);
}

/* What nobody shares is no affair of others: looking at its fences leaves it as it was. */
static void library_spares_unshared(void **state)
{
	struct gpu *g = *state;
	uint32_t point = gpu_syncobj(g->dev);
	struct panthor_bo *bo = NULL;
	struct gpu_job *job;

	assert_int_equal(panthor_bo_new(g->dev, NULL, SIZE, 0, &bo), 0);
	assert_int_equal(panthor_vm_map(g->vm, bo, 0, VA, SIZE, 0), 0);
	job = start_blocked(g, gpu_group(g), 0);
	assert_library_says(bo, 0, 0);
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_WRITE, point, 0), 0);
	assert_int_equal(gpu_syncobj_wait(g->dev, point, 0), 0);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, NULL), 0);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_WILLNEED, NULL), 0);
	finish(job, 0);
	panthor_syncobj_destroy(g->dev, point);
	panthor_bo_unref(bo);
}

/* What a job of another VM has to wait for, as a point: it finds what the first one wrote. */
static void library_exports_fences(void **state)
{
	struct gpu *g = *state, *beside = gpu_beside(g, g->dev);
	uint32_t idle = gpu_syncobj(g->dev), busy = gpu_syncobj(g->dev);
	struct gpu_job *writer = blocked_job(g, 0), *reader = gpu_job(beside);
	struct shared shared = share(g, g, VA);

	assert_int_equal(panthor_vm_map(beside->vm, shared.bo, 0, VA, SIZE, 0), 0);
	assert_int_equal(panthor_bo_export_fences(shared.bo, PANTHOR_BO_WRITE, idle, 0), 0);
	assert_int_equal(gpu_syncobj_wait(g->dev, idle, 0), 0);

	gpu_cs_store(&writer->cs, VA, 77);
	gpu_run(writer, gpu_group(g), 0);
	assert_int_equal(panthor_bo_export_fences(shared.bo, PANTHOR_BO_READ, busy, 5), 0);
	gpu_cs_copy(&reader->cs, DATA_VA, VA);
	assert_int_equal(gpu_run_between(reader, gpu_group(beside), 0, busy, 5, reader->done, 0),
			 0);
	assert_false(gpu_is_done(reader));
	finish(writer, 0);
	assert_int_equal(gpu_wait(reader), 0);
	assert_int_equal(beside->words[0], 77);
	assert_int_equal(gpu_syncobj_wait(g->dev, busy, 5), 0);
	panthor_syncobj_destroy(g->dev, idle);
	panthor_syncobj_destroy(g->dev, busy);
	unshare(&shared);
}

static const struct CMUnitTest tests[] = {
	gpu_test(job_is_a_writer),
	gpu_test(job_that_is_cancelled),
	gpu_test(other_bos_are_idle),
	gpu_test(queues_of_one_call),
	gpu_test(jobs_of_one_queue),
	gpu_test(two_groups),
	gpu_test(library_waits),
	gpu_test(library_spares_unshared),
	gpu_test(library_exports_fences),
	kt_no_leaks(),
};

kt_main(tests)
