/* SPDX-License-Identifier: MIT */
#include <linux/sync_file.h>
#include <time.h>

#include "gpu_fixture.h"

void gpu_set_job_timeout(unsigned int milliseconds)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", milliseconds);
	assert_true(kt_write_file("/sys/module/vpanthor/parameters/job_timeout_ms", text));
}

static struct gpu *gpu_new(struct panthor_device *dev)
{
	struct gpu *g = calloc(1, sizeof(*g));

	g->lib = lib_new(dev);
	g->dev = g->lib->dev;
	g->vm = g->lib->vm;
	g->words = g->lib->words;
	return g;
}

static void gpu_free(struct gpu *g)
{
	for (unsigned int i = 0; i < g->group_count; i++)
		panthor_group_unref(g->groups[i]);
	for (unsigned int i = 0; i < g->job_count; i++)
		panthor_syncobj_destroy(g->dev, g->jobs[i].done);
	lib_free(g->lib);
	free(g);
}

int gpu_setup(void **state)
{
	gpu_set_job_timeout(600000);
	*state = gpu_new(NULL);
	return 0;
}

int gpu_teardown(void **state)
{
	struct gpu *g = *state, *next;

	for (; g; g = next) {
		next = g->beside;
		gpu_free(g);
	}
	return 0;
}

struct gpu *gpu_beside(struct gpu *g, struct panthor_device *dev)
{
	struct gpu *beside = gpu_new(dev);

	beside->beside = g->beside;
	g->beside = beside;
	return beside;
}

struct panthor_group *gpu_group_of(struct gpu *g, enum panthor_group_priority priority,
				   uint32_t queues)
{
	struct panthor_group_params params = { .size = sizeof(params), .priority = priority };

	params.queue_count = queues;
	assert_true(g->group_count < GPU_MAX_GROUPS);
	assert_int_equal(panthor_group_new(g->vm, &params, &g->groups[g->group_count]), 0);
	return g->groups[g->group_count++];
}

struct panthor_group *gpu_group(struct gpu *g)
{
	return gpu_group_of(g, PANTHOR_GROUP_DEFAULT, 1);
}

void gpu_group_destroy(struct gpu *g, struct panthor_group *group)
{
	unsigned int i = 0;

	while (g->groups[i] != group)
		assert_true(++i < g->group_count);
	panthor_group_unref(group);
	g->groups[i] = g->groups[--g->group_count];
}

void gpu_assert_group(struct panthor_group *group, uint32_t state, uint32_t fatal_queues)
{
	uint32_t is = ~0u, queues = ~0u;

	assert_int_equal(panthor_group_state(group, &is, &queues), 0);
	assert_int_equal(is, state);
	assert_int_equal(queues, fatal_queues);
}

uint32_t gpu_syncobj(struct panthor_device *dev)
{
	uint32_t handle = 0;

	assert_int_equal(panthor_syncobj_new(dev, 0, &handle), 0);
	return handle;
}

int gpu_syncobj_wait(struct panthor_device *dev, uint32_t handle, uint64_t point)
{
	struct timespec now;

	/* Far more than anything here takes: a test that waits so long has failed. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return panthor_syncobj_wait(dev, &handle, &point, 1, (now.tv_sec + 60) * 1000000000ll, 0,
				    NULL);
}

struct gpu_job *gpu_job(struct gpu *g)
{
	struct gpu_job *job = &g->jobs[g->job_count];
	uint32_t offset = g->job_count * GPU_JOB_BYTES;

	assert_true(g->job_count < GPU_MAX_JOBS);
	job->g = g;
	job->va = STREAM_VA + offset;
	job->done = gpu_syncobj(g->dev);
	panthor_cs_init(&job->cs, (char *)g->lib->commands + offset, GPU_JOB_BYTES, 0);
	g->job_count++;
	return job;
}

/* Either handle may be 0. Returns how many there are. */
static uint32_t write_syncs(struct panthor_sync syncs[2], uint32_t after, uint64_t after_point,
			    uint32_t done, uint64_t point)
{
	uint32_t count = 0;

	if (after)
		syncs[count++] = panthor_wait_point(after, after_point);
	if (done)
		syncs[count++] = panthor_signal_point(done, point);
	return count;
}

int gpu_run_between(struct gpu_job *job, struct panthor_group *group, uint32_t queue,
		    uint32_t after, uint64_t after_point, uint32_t done, uint64_t point)
{
	struct panthor_sync syncs[2];
	struct panthor_job submitted = {
		.queue = queue,
		.flush_id = PANTHOR_FLUSH_ID_NOW,
		.syncs = syncs,
		.sync_count = write_syncs(syncs, after, after_point, done, point),
	};

	assert_int_equal(panthor_cs_finish(&job->cs, &submitted.size), 0);
	submitted.va = submitted.size ? job->va : 0;
	return panthor_group_submit(group, &submitted, 1);
}

int gpu_bind_between(struct gpu *g, struct panthor_bind_op op, uint32_t after, uint64_t after_point,
		     uint32_t done, uint64_t point)
{
	struct panthor_sync syncs[2];

	op.syncs = syncs;
	op.sync_count = write_syncs(syncs, after, after_point, done, point);
	return panthor_vm_bind(g->vm, PANTHOR_BIND_ASYNC, &op, 1, NULL);
}

int gpu_try_run(struct gpu_job *job, struct panthor_group *group, uint32_t queue)
{
	return gpu_run_between(job, group, queue, 0, 0, job->done, 0);
}

void gpu_run(struct gpu_job *job, struct panthor_group *group, uint32_t queue)
{
	assert_int_equal(gpu_try_run(job, group, queue), 0);
}

int gpu_fence_fd(struct panthor_device *dev, uint32_t handle)
{
	struct drm_syncobj_handle args = {
		.handle = handle,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};

	assert_int_equal(kt_ioctl(panthor_device_fd(dev), DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args),
			 0);
	return args.fd;
}

int gpu_fence_status(int fd)
{
	struct sync_file_info info = { .status = 0 };

	assert_int_equal(kt_ioctl(fd, SYNC_IOC_FILE_INFO, &info), 0);
	return info.status;
}

static int fence_status(const struct gpu_job *job)
{
	int fd = gpu_fence_fd(job->g->dev, job->done);
	int status = gpu_fence_status(fd);

	close(fd);
	return status;
}

int gpu_wait(const struct gpu_job *job)
{
	int status;

	assert_int_equal(gpu_syncobj_wait(job->g->dev, job->done, 0), 0);
	status = fence_status(job);
	assert_int_not_equal(status, 0);
	return status < 0 ? status : 0;
}

bool gpu_is_done(const struct gpu_job *job)
{
	return fence_status(job) != 0;
}

struct panthor_bo *gpu_bo(struct gpu *g, uint64_t size, uint64_t va, uint32_t flags)
{
	struct panthor_bo *bo = NULL;

	assert_int_equal(panthor_bo_new(g->dev, NULL, size, 0, &bo), 0);
	assert_int_equal(panthor_vm_map(g->vm, bo, 0, va, size, flags), 0);
	return bo;
}

struct threshold {
	const volatile uint32_t *word;
	uint32_t value;
};

static bool is_passed(void *arg)
{
	const struct threshold *threshold = arg;

	return *threshold->word > threshold->value;
}

bool gpu_word_passes(const volatile uint32_t *word, uint32_t value)
{
	struct threshold threshold = { word, value };

	return kt_wait(is_passed, &threshold);
}

unsigned int gpu_log_lines(const char *text)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned int count = 0;
	char record[8192];
	ssize_t n;

	assert_true(fd >= 0);
	/* A record at a time; EPIPE: the next one has been overwritten. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n > 0 ? n : 0] = '\0';
		count += strstr(record, text) != NULL;
	}
	close(fd);
	return count;
}

/* Words of the data BO: what bystanders wait for, and what they leave. */
enum { GO = 0, LEFT = 2 };

void gpu_bystanders_start(struct gpu *g, struct gpu_bystanders *others)
{
	others->at[0] = g;
	others->at[1] = gpu_beside(g, g->dev);
	others->at[2] = gpu_beside(g, NULL);
	for (int i = 0; i < 3; i++) {
		struct gpu *at = others->at[i];

		others->group[i] = gpu_group(at);
		others->job[i] = gpu_job(at);
		gpu_cs_store(&others->job[i]->cs, DATA_VA + 4 * LEFT, 1);
		gpu_cs_wait_above(&others->job[i]->cs, DATA_VA + 4 * GO, 0);
		gpu_cs_store(&others->job[i]->cs, DATA_VA + 4 * LEFT, 77);
		gpu_run(others->job[i], others->group[i], 0);
		assert_true(gpu_word_passes(&at->words[LEFT], 0));
	}
}

void gpu_bystanders_finish(struct gpu_bystanders *others)
{
	for (int i = 0; i < 3; i++) {
		struct gpu *at = others->at[i];

		assert_false(gpu_is_done(others->job[i]));
		at->words[GO] = 1;
		assert_int_equal(gpu_wait(others->job[i]), 0);
		assert_int_equal(at->words[LEFT], 77);
		gpu_assert_group(others->group[i], 0, 0);
		/* And they take new ones. */
		at->words[LEFT] = 0;
		gpu_run(others->job[i], others->group[i], 0);
		assert_int_equal(gpu_wait(others->job[i]), 0);
		assert_int_equal(at->words[LEFT], 77);
		assert_int_equal(panthor_vm_is_usable(at->vm), 1);
	}
}

void gpu_cs_store(struct panthor_cs *cs, uint64_t va, uint32_t value)
{
	panthor_cs_move48(cs, 0, va);
	panthor_cs_move32(cs, 2, value);
	panthor_cs_store(cs, 2, 1, 0, 0);
	panthor_cs_wait(cs, 1);
}

void gpu_cs_load(struct panthor_cs *cs, uint64_t va)
{
	panthor_cs_move48(cs, 0, va);
	panthor_cs_load(cs, 2, 1, 0, 0);
	panthor_cs_wait(cs, 1);
}

void gpu_cs_copy(struct panthor_cs *cs, uint64_t to, uint64_t from)
{
	gpu_cs_load(cs, from);
	panthor_cs_move48(cs, 0, to);
	panthor_cs_store(cs, 2, 1, 0, 0);
	panthor_cs_wait(cs, 1);
}

void gpu_cs_wait_above(struct panthor_cs *cs, uint64_t va, uint32_t value)
{
	panthor_cs_move48(cs, 0, va);
	panthor_cs_move32(cs, 2, value);
	panthor_cs_sync_wait(cs, 32, 0, 2, PANTHOR_CS_GT);
}

void gpu_cs_count(struct panthor_cs *cs, uint64_t va, uint32_t times)
{
	struct panthor_cs_label loop = { 0 };

	panthor_cs_move48(cs, 0, va);
	panthor_cs_move32(cs, 2, 1);
	panthor_cs_move32(cs, 4, times);
	panthor_cs_place(cs, &loop);
	panthor_cs_sync_add(cs, 32, 0, 2, 0, 0);
	panthor_cs_add32(cs, 4, 4, -1);
	panthor_cs_branch(cs, times ? PANTHOR_CS_NE : PANTHOR_CS_ALWAYS, 4, &loop);
}
