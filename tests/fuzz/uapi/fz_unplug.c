// SPDX-License-Identifier: MIT
/*
 * The device is taken away under everybody and brought back. What the others have open then is of
 * no device; they go on with it for a while, and then follow: to new files of their own, and to the
 * shared files of whoever has unplugged it.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "fz.h"
#include "kt_unplug.h"

/* Steps until a worker follows, about. */
#define LAG 16

/* Of this process: the newest shared files, as long as they are those in fz_world. */
static int held[FZ_SHARED] = { -1, -1 };

void fz_device_init(struct fz_world *world)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&world->device_lock, &attr);
	pthread_mutexattr_destroy(&attr);
	assert_true(kt_unplug_begin());
}

/* Children that are killed may have had it: they only look. */
void fz_device_lock(struct fz_world *world)
{
	if (pthread_mutex_lock(&world->device_lock) == EOWNERDEAD)
		pthread_mutex_consistent(&world->device_lock);
}

void fz_device_unlock(struct fz_world *world)
{
	pthread_mutex_unlock(&world->device_lock);
}

static unsigned int unplugs(const struct fz_world *world)
{
	return __atomic_load_n(&world->unplugs, __ATOMIC_ACQUIRE);
}

bool fz_device_lost(const struct fz_worker *w)
{
	return w->unplugs != unplugs(w->world);
}

static void hold_locked(int i, int fd)
{
	if (held[i] >= 0)
		close(held[i]);
	held[i] = fd;
}

/* The same file for all; or, when its process has ended, another. */
static int shared_fd_locked(const struct fz_world *world, int i)
{
	int pidfd = (int)syscall(SYS_pidfd_open, world->holder, 0);
	int fd = -1;

	if (pidfd >= 0) {
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, world->held[i], 0);
		close(pidfd);
	}
	return fd >= 0 ? fd : kt_open("panthor", !world->files[i].primary);
}

void fz_follow(struct fz_worker *w)
{
	/* Not from the numbers that say what the step does. */
	uint64_t rng = ~w->rng;
	int i;

	if (!fz_device_lost(w) || kt_rand(&rng) % LAG)
		return;

	fz_device_lock(w->world);
	w->unplugs = unplugs(w->world);
	for (i = 0; i < FZ_SHARED; i++) {
		close(w->files[i].fd);
		w->files[i].fd = shared_fd_locked(w->world, i);
		if (w->world->holder != getpid())
			hold_locked(i, -1);
	}
	close(w->shrink);
	w->shrink = kt_debugfs_open("shrink", O_WRONLY);
	fz_device_unlock(w->world);
	for (i = FZ_SHARED; i < FZ_FILES; i++)
		fz_reopen(w, &w->files[i]);
}

unsigned int fz_device_number(const char *driver)
{
	char node[64];

	if (kt_find_node(driver, true, node, sizeof(node)) < 0)
		return 0;
	return (unsigned int)strtoul(strstr(node, "renderD") + strlen("renderD"), NULL, 10);
}

static void note_number_locked(struct fz_world *world)
{
	unsigned int number = fz_device_number("panthor");

	if (number > world->highest)
		world->highest = number;
}

void fz_unplug(struct fz_worker *w)
{
	struct fz_world *world = w->world;
	uint64_t patience = fz_small(w, 8);
	int i;

	fz_print_act(w, "unplug", world->unplugs);
	fz_device_lock(world);
	__atomic_add_fetch(&world->unplugs, 1, __ATOMIC_RELEASE);
	if (!kt_driver_unbind())
		fz_finding(w, FZ_NO_SUCH_CALL, -EBUSY);
	while (patience--)
		sched_yield();
	if (!kt_driver_bind())
		fz_finding(w, FZ_NO_SUCH_CALL, -EBUSY);
	note_number_locked(world);
	memset(world->shared, 0, sizeof(world->shared));
	world->holder = getpid();
	for (i = 0; i < FZ_SHARED; i++) {
		hold_locked(i, kt_open("panthor", !world->files[i].primary));
		world->held[i] = held[i];
	}
	fz_device_unlock(world);
}
