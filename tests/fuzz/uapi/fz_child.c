// SPDX-License-Identifier: MIT
/*
 * Processes that workers make for a while. What a child opens is its own, so that killing it is the
 * last close of a file whose BOs are mapped and bound and whose jobs are waiting; the shared files
 * it has from its parent.
 */
#include <sched.h>
#include <sys/wait.h>

#include "fz.h"
#include "kt_gpu.h"

#define STUCK	 4
#define STUCK_VA 0x7000000ull
#define WORDS	 16

/* A parent that kills at once would kill a child that has nothing yet. */
static void move_in(struct fz_worker *w)
{
	static void (*const steps[])(struct fz_worker * w) = {
		fz_make_vm,    fz_make_bo,  fz_make_bo,	 fz_make_syncobj, fz_bind_some,
		fz_make_group, fz_map_some, fz_run_some, fz_bind_later,	  fz_touch_some,
	};
	size_t i;

	for (i = FZ_SHARED; i < FZ_FILES; i++)
		fz_reopen(w, &w->files[i]);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		w->used = 0;
		w->file = &w->files[FZ_SHARED];
		steps[i](w);
	}
}

static int new_group(int fd, uint32_t vm, uint32_t *ret_handle)
{
	struct drm_panthor_queue_create queue = { .ringbuf_size = KT_PAGE };
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &queue),
		.max_compute_cores = 1,
		.max_fragment_cores = 1,
		.max_tiler_cores = 1,
		.compute_core_mask = 1,
		.fragment_core_mask = 1,
		.tiler_core_mask = 1,
		.vm_id = vm,
	};
	int ret = kt_group_create(fd, &args);

	*ret_handle = args.group_handle;
	return ret;
}

/* A job that is over only when its time is, and others behind it. */
static void get_stuck(struct fz_worker *w)
{
	struct drm_panthor_queue_submit jobs[STUCK] = { { .stream_addr = STUCK_VA } };
	int fd = w->files[FZ_SHARED].fd;
	uint32_t vm, bo, group;
	uint64_t offset;
	void *words;

	if (kt_vm_create(fd, 0, &vm) < 0 || kt_bo_create(fd, KT_PAGE, 0, 0, &bo) < 0 ||
	    kt_vm_map(fd, vm, bo, STUCK_VA, 0, KT_PAGE) < 0 || kt_bo_offset(fd, bo, &offset) < 0 ||
	    kt_mmap(fd, offset, KT_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, &words) < 0 ||
	    new_group(fd, vm, &group) < 0)
		return;
	jobs[0].stream_size = fz_stuck_stream(STUCK_VA, words, WORDS);
	if (kt_submit(fd, group, jobs, STUCK) == 0)
		w->stats->stuck += STUCK;
}

static void tell(struct fz_worker *w)
{
	__atomic_add_fetch(&w->world->child_progress[w->index], 1, __ATOMIC_RELEASE);
}

static void live(struct fz_worker *w, uint64_t steps)
{
	const uint64_t first = w->step;
	uint64_t i;

	move_in(w);
	for (i = 0; i < steps; i++) {
		fz_work(w, first + i, 1);
		tell(w);
	}
	get_stuck(w);
	tell(w);
	/* Also when the parent is not there to do it. */
	kill(getpid(), SIGKILL);
}

/* Kills it after so many of its steps, wherever it is then; or it has done that itself. */
static void kill_after(struct fz_worker *w, pid_t pid, uint64_t steps)
{
	const unsigned int *progress = &w->world->child_progress[w->index];

	while (__atomic_load_n(progress, __ATOMIC_ACQUIRE) < steps) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		sched_yield();
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void fz_run_child(struct fz_worker *w, uint64_t steps)
{
	/* Every second one gets to its end, where its jobs are stuck. */
	uint64_t until = fz_one_in(w, 2) ? steps + 1 : fz_below(w, steps + 1);
	pid_t pid;

	fflush(stdout);
	w->world->child_progress[w->index] = 0;
	pid = fork();
	if (pid < 0)
		return;
	if (pid == 0) {
		w->child = true;
		w->stats = &w->world->stats[FZ_MAX_WORKERS + w->index];
		live(w, steps);
	}
	w->stats->children++;
	if (w->alone)
		waitpid(pid, NULL, 0);
	else
		kill_after(w, pid, until);
}
