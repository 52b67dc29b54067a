// SPDX-License-Identifier: MIT
/*
 * Eight threads on one device. The outcome is the same however they are scheduled; what goes wrong
 * between them is for the thread sanitizer, the address sanitizer and the teardown to see.
 */
#include "unit.h"

#define THREADS 8
#define ROUNDS	400

struct worker {
	struct fixture *fixture;
	pthread_t thread;
	uint32_t seed;
	int shared_fd;
	struct panthor_vm *vm;
	struct panthor_bo_cache *cache;
	const struct worker *first;
	unsigned int wrong;
};

static uint32_t next_random(struct worker *worker)
{
	worker->seed = worker->seed * 1664525 + 1013904223;
	return worker->seed >> 8;
}

/* Assertions jump out of the test, which only the main thread can do. */
#define EXPECT(worker, what) ((worker)->wrong += !(what))

static void use_bo(struct worker *worker, struct panthor_bo *bo)
{
	uint32_t value = next_random(worker), *word;
	void *ptr = NULL;

	if (panthor_bo_map(bo, &ptr)) {
		worker->wrong++;
		return;
	}
	word = (uint32_t *)ptr + worker->seed % 1024;
	*word = value;
	EXPECT(worker, *word == value);
	EXPECT(worker, !panthor_bo_set_label(bo, "threads"));
	EXPECT(worker, !panthor_bo_unmap(bo));
}

static void own_round(struct worker *worker)
{
	struct panthor_device *dev = worker->fixture->dev;
	struct panthor_bo *bo = NULL, *same = NULL;
	int fd = -1;

	EXPECT(worker, !panthor_bo_new(dev, NULL, 4096, 0, &bo));
	use_bo(worker, bo);
	if (next_random(worker) % 4 == 0) {
		EXPECT(worker, !panthor_bo_export(bo, &fd));
		EXPECT(worker, !panthor_bo_import(dev, fd, &same));
		EXPECT(worker, same == bo);
		/* Either may be the last. */
		panthor_bo_unref(bo);
		use_bo(worker, same);
		bo = same;
		fake_close_dmabuf(worker->fixture->fake, fd);
	}
	EXPECT(worker, panthor_bo_size(bo) == 4096);
	panthor_bo_unref(bo);
}

/* All threads import the one buffer and drop it: it dies and comes back all the time. */
static void shared_round(struct worker *worker)
{
	struct panthor_bo *bo = NULL;
	void *ptr = NULL;

	EXPECT(worker, !panthor_bo_import(worker->fixture->dev, worker->shared_fd, &bo));
	EXPECT(worker, panthor_bo_size(bo) == 8192);
	EXPECT(worker, panthor_bo_is_imported(bo));
	EXPECT(worker, !panthor_bo_map(bo, &ptr));
	if (next_random(worker) % 2)
		EXPECT(worker, !panthor_bo_unmap(bo));
	panthor_bo_unref(bo);
}

/* Out of the one cache, sometimes shared, and back. */
static void cache_round(struct worker *worker)
{
	struct panthor_device *dev = worker->fixture->dev;
	struct panthor_bo *same = NULL;
	struct panthor_buffer buffer;
	int fd = -1;

	EXPECT(worker, !panthor_bo_cache_get(worker->cache, 4096, 0, &buffer));
	use_bo(worker, buffer.bo);
	if (next_random(worker) % 4 == 0) {
		EXPECT(worker, !panthor_bo_export(buffer.bo, &fd));
		EXPECT(worker, !panthor_bo_import(dev, fd, &same));
		EXPECT(worker, same == buffer.bo);
		fake_close_dmabuf(worker->fixture->fake, fd);
	}
	EXPECT(worker, !panthor_bo_cache_put(worker->cache, &buffer, 0));
	panthor_bo_unref(same);
}

static void count(const struct panthor_usage *usage, void *data)
{
	uint64_t *bos = data;

	*bos += usage->bos;
}

/* A BO, binds, a group and a syncobj of one's own, in a VM and a device that all share. */
static void gpu_round(struct worker *worker)
{
	struct panthor_device *dev = worker->fixture->dev;
	uint64_t va = (uint64_t)(worker - worker->first + 1) << 20, point = 1;
	struct panthor_job job = { .va = va, .size = 8, .flush_id = PANTHOR_FLUSH_ID_NOW };
	struct panthor_group *group = NULL;
	struct panthor_bind_op ops[2];
	struct panthor_bo *bo = NULL;
	struct panthor_sync sync;
	uint32_t handle = 0;

	EXPECT(worker, !panthor_bo_new(dev, worker->vm, 8192, 0, &bo));
	EXPECT(worker, !panthor_syncobj_new(dev, 0, &handle));
	sync = panthor_signal_point(handle, 1);
	ops[0] = panthor_bind_map(bo, 0, va, 8192, 0);
	ops[1] = panthor_bind_unmap(va + 4096, 4096);
	ops[1].syncs = &sync;
	ops[1].sync_count = 1;
	EXPECT(worker, !panthor_vm_bind(worker->vm, PANTHOR_BIND_ASYNC, ops, 2, NULL));
	panthor_bo_unref(bo);

	EXPECT(worker, !panthor_group_new(worker->vm, NULL, &group));
	sync.type = PANTHOR_SYNC_WAIT;
	job.syncs = &sync;
	job.sync_count = 1;
	EXPECT(worker, !panthor_group_submit(group, &job, 1));
	panthor_group_unref(group);
	EXPECT(worker, !panthor_syncobj_wait(dev, &handle, &point, 1, 0, 0, NULL));
	EXPECT(worker, !panthor_vm_unmap(worker->vm, va, 8192));
	EXPECT(worker, !panthor_syncobj_destroy(dev, handle));
}

static void *work(void *data)
{
	struct worker *worker = data;

	panthor_device_ref(worker->fixture->dev);
	for (int i = 0; i < ROUNDS; i++) {
		EXPECT(worker,
		       panthor_device_has(worker->fixture->dev,
					  (enum panthor_feature)(i % PANTHOR_FEATURE_COUNT)) == 1);
		own_round(worker);
		shared_round(worker);
		cache_round(worker);
		gpu_round(worker);
	}
	if (worker == worker->first) {
		uint64_t bos = 0;

		EXPECT(worker, !panthor_device_usage(worker->fixture->dev, count, &bos));
		panthor_bo_cache_trim(worker->cache, 0);
	}
	panthor_vm_unref(worker->vm);
	panthor_device_unref(worker->fixture->dev);
	return NULL;
}

static void eight_threads(void **state)
{
	struct worker workers[THREADS] = { 0 };
	struct fixture *f = *state;
	int fd = fake_make_dmabuf(f->fake, 8192, true);
	struct panthor_vm *vm = new_vm(f->dev, 0);
	struct panthor_bo_cache *cache = NULL;
	unsigned int wrong = 0;

	assert_int_equal(panthor_bo_cache_new(f->dev, NULL, &cache), 0);

	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){
			.fixture = f,
			.seed = i + 1,
			.shared_fd = fd,
			.vm = panthor_vm_ref(vm),
			.cache = cache,
			.first = workers,
		};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	/* The last of them destroys it. */
	panthor_vm_unref(vm);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(fake_calls(f->fake, FAKE_VM_DESTROY), 1);
	panthor_bo_cache_unref(cache);
	fake_close_dmabuf(f->fake, fd);
}

/* The last reference on a device dropped by whoever comes last. */
static void *drop_bo(void *data)
{
	panthor_bo_unref(data);
	return NULL;
}

static void last_one_closes_the_device(void **state)
{
	for (int round = 0; round < 50; round++) {
		struct fake *fake = fake_new(9);
		struct panthor_device *dev = open_fake(fake);
		pthread_t threads[THREADS];

		for (int i = 0; i < THREADS; i++) {
			struct panthor_bo *bo = new_bo(dev, 4096, 0);

			assert_int_equal(pthread_create(&threads[i], NULL, drop_bo, bo), 0);
		}
		panthor_device_unref(dev);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(fake->unlocked_handle_calls, 0);
		assert_int_equal(fake_free(fake), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(eight_threads),
		cmocka_unit_test(last_one_closes_the_device),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
