// SPDX-License-Identifier: MIT
/* The races between dma-buf import and the last unref. */
#include <time.h>

#include "bo.h"
#include "unit.h"

static int export_bo(struct panthor_bo *bo)
{
	int fd = -1;

	assert_int_equal(panthor_bo_export(bo, &fd), 0);
	assert_true(fd >= 0);
	return fd;
}

/*
 * The race that kills naive libraries. Thread A drops what it takes for the last reference and has
 * yet to get the lock; in that gap thread B imports the same dma-buf and drops it again. Who drops
 * the count to zero outside of the lock then frees the BO twice.
 */
struct gap {
	struct panthor_device *dev;
	int fd;
	bool keep; /* B keeps its reference */
	bool armed;
	const struct panthor_bo *bo;
	unsigned int refs_at_the_door;
	struct panthor_bo *theirs;
};

static void *import_in_the_gap(void *data)
{
	struct gap *gap = data;

	if (panthor_bo_import(gap->dev, gap->fd, &gap->theirs))
		gap->theirs = NULL;
	if (gap->theirs && !gap->keep)
		panthor_bo_unref(gap->theirs);
	return NULL;
}

static void run_b_before_a_locks(struct fake *fake, enum fake_call call)
{
	struct gap *gap = fake->hook_data;
	pthread_t thread;

	if (call != FAKE_LOCK || !gap->armed)
		return;
	gap->armed = false;
	gap->refs_at_the_door = atomic_load(&gap->bo->refs);
	pthread_create(&thread, NULL, import_in_the_gap, gap);
	pthread_join(thread, NULL);
}

static void import_in_the_gap_of_unref(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	struct gap gap = { .dev = f->dev, .fd = export_bo(bo), .armed = true, .bo = bo };

	f->fake->hook_data = &gap;
	f->fake->hook = run_b_before_a_locks;
	panthor_bo_unref(bo);
	f->fake->hook = NULL;

	/* Were it 0, whoever imports and drops the BO meanwhile would free it under A's feet. */
	assert_int_equal(gap.refs_at_the_door, 1);
	assert_false(gap.armed);
	assert_ptr_equal(gap.theirs, bo);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 1);
	fake_close_dmabuf(f->fake, gap.fd);
}

static void import_in_the_gap_keeps_the_bo(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	struct gap gap = {
		.dev = f->dev, .fd = export_bo(bo), .armed = true, .bo = bo, .keep = true
	};

	f->fake->hook_data = &gap;
	f->fake->hook = run_b_before_a_locks;
	panthor_bo_unref(bo);
	f->fake->hook = NULL;

	assert_ptr_equal(gap.theirs, bo);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 0);
	assert_int_equal(panthor_bo_set_label(gap.theirs, "alive"), 0);
	panthor_bo_unref(gap.theirs);
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 1);
	fake_close_dmabuf(f->fake, gap.fd);
}

/*
 * The other half: while a handle is being closed, no import may be under way, else it is given a
 * handle that dies. A is kept inside GEM_CLOSE until B has come to the table's lock, and then for
 * as long as a B whom that lock does not stop may take to get through to the kernel.
 */
#define TIME_TO_GET_THROUGH_MS 500

struct closing {
	struct panthor_device *dev;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	/* Under the lock. */
	bool started;
	bool closed;
	bool arrived;
	bool imported_too_early;
	struct panthor_bo *theirs;
};

static void closing_init(struct closing *closing)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&closing->lock, NULL);
	pthread_cond_init(&closing->moved, &attr);
	pthread_condattr_destroy(&attr);
}

static void closing_fini(struct closing *closing)
{
	pthread_cond_destroy(&closing->moved);
	pthread_mutex_destroy(&closing->lock);
}

static void *import_while_closing(void *data)
{
	struct closing *closing = data;

	if (panthor_bo_import(closing->dev, closing->fd, &closing->theirs))
		closing->theirs = NULL;
	return NULL;
}

static void wait_for_b_locked(struct closing *closing)
{
	struct timespec end;

	while (!closing->arrived)
		pthread_cond_wait(&closing->moved, &closing->lock);

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += TIME_TO_GET_THROUGH_MS * 1000000l;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	while (!closing->imported_too_early &&
	       !pthread_cond_timedwait(&closing->moved, &closing->lock, &end))
		;
}

static void hold_a_in_gem_close(struct fake *fake, enum fake_call call)
{
	struct closing *closing = fake->hook_data;

	pthread_mutex_lock(&closing->lock);
	if (call == FAKE_GEM_CLOSE && !closing->started) {
		closing->started = true;
		pthread_create(&closing->thread, NULL, import_while_closing, closing);
		wait_for_b_locked(closing);
		closing->closed = true;
	} else if (closing->started && !closing->closed) {
		/* Only B moves now, and its first step is in front of the lock that A holds. */
		closing->arrived = true;
		closing->imported_too_early |= call == FAKE_FD_TO_HANDLE;
		pthread_cond_signal(&closing->moved);
	}
	pthread_mutex_unlock(&closing->lock);
}

static void import_waits_for_gem_close(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);
	struct closing closing = { .dev = f->dev, .fd = export_bo(bo) };

	closing_init(&closing);
	f->fake->hook_data = &closing;
	f->fake->hook = hold_a_in_gem_close;
	panthor_bo_unref(bo);
	pthread_join(closing.thread, NULL);
	f->fake->hook = NULL;
	closing_fini(&closing);

	assert_false(closing.imported_too_early);
	assert_non_null(closing.theirs);
	/* B's handle is a new one and open. */
	assert_non_null(
		fake_bo(f->fake, panthor_device_fd(f->dev), panthor_bo_handle(closing.theirs)));
	assert_int_equal(fake_calls(f->fake, FAKE_GEM_CLOSE), 1);
	panthor_bo_unref(closing.theirs);
	fake_close_dmabuf(f->fake, closing.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(import_in_the_gap_of_unref),
		fixture_test(import_in_the_gap_keeps_the_bo),
		fixture_test(import_waits_for_gem_close),
	};

	return cmocka_run_group_tests_name("bo-share-race", tests, NULL, NULL);
}
