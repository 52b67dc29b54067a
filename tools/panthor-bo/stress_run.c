// SPDX-License-Identifier: MIT
/*
 * The parent's side: processes, stages, and what the kernel's counters say before and after.
 */
#include <errno.h>
#include <panthor.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doc.h"
#include "interrupt.h"
#include "stress.h"
#include "stress_canary.h"
#include "stress_snapshot.h"
#include "term.h"

#define TICK_MS	  200
#define SECOND_NS 1000000000ull

struct child {
	pid_t pid; /* 0: gone */
	int fd;
	bool busy; /* has a stage to answer */
};

struct run {
	const struct stress_options *options;
	struct stress_shared *shared;
	size_t shared_size;
	struct child *children;
	struct stress_result *result;
	struct stress_snapshot snapshot;
	struct stress_canary canary;
	struct progress progress;
	uint64_t start_ns;
	uint64_t stage_done_bytes; /* of the stages that are over */
};

/* What a child does of its life; never returns. */
static _Noreturn void live(const struct run *run, uint32_t index, int fd, pid_t parent)
{
	struct stress_job job = {
		.options = run->options,
		.shared = run->shared,
		.index = index,
		.share_bytes = run->result->requested_bytes / run->options->workers,
		.have_swap = run->result->have_swap,
		.open_device = panthor_device_open,
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before the line above. */
	if (getppid() != parent)
		_exit(1);
	/* The terminal signals the whole group, but the parent decides when to stop. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* Should memory run out beyond reclaim, it is this process that made it so. */
	stress_be_killed_first(999);
	_exit(stress_work(&job, fd) ? 1 : 0);
}

static int start_child(struct run *run, uint32_t index)
{
	pid_t parent = getpid();
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (!pid) {
		/* A sibling's socket kept open here would hide the parent's end from it. */
		for (uint32_t i = 0; i < index; i++)
			close(run->children[i].fd);
		if (run->canary.fd >= 0)
			close(run->canary.fd);
		close(pair[0]);
		live(run, index, pair[1], parent);
	}
	close(pair[1]);
	run->children[index] = (struct child){ .pid = pid, .fd = pair[0] };
	return 0;
}

/* Waits for a child that has ended, or is about to. */
static void reap(struct run *run, struct child *child)
{
	struct stress_result *result = run->result;
	const struct stress_worker *worker = &run->shared->workers[child - run->children];
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(child->fd);
	child->pid = 0;
	child->busy = false;
	if (!status || result->workers_lost++)
		return;
	result->lost_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	result->lost_error = worker->error;
	snprintf(result->lost_doing, sizeof(result->lost_doing), "%s", worker->doing);
}

static void show_progress(struct run *run)
{
	const struct stress_options *options = run->options;
	uint64_t now = clock_now(), done = run->stage_done_bytes, whole, mismatches = 0;
	const struct stress_result *result = run->result;
	char text[96];

	for (uint32_t i = 0; i < options->workers; i++) {
		done += atomic_load_explicit(&run->shared->workers[i].done_bytes,
					     memory_order_relaxed);
		mismatches += run->shared->workers[i].counts.mismatched_words +
			      run->shared->workers[i].counts.gpu.mismatched_words;
	}
	whole = result->requested_bytes * (1 + options->rounds);
	if (!options->rounds) {
		done = now - run->start_ns;
		whole = options->duration_s * SECOND_NS;
	}
	snprintf(text, sizeof(text), "%s %llu, %llu MiB done, %llu errors",
		 result->populate_ns ? "round" : "populating, round",
		 (unsigned long long)(result->populate_ns ? result->rounds_done + 1 : 0),
		 (unsigned long long)(done >> 20), (unsigned long long)mismatches);
	progress_show(&run->progress, now, done, whole, text);
}

static bool out_of_time(const struct run *run)
{
	return run->options->duration_s &&
	       clock_now() - run->start_ns >= run->options->duration_s * SECOND_NS;
}

/* Signals and the clock, looked at between the answers. */
static void look_around(struct run *run)
{
	int signals = interrupt_count();

	if (signals) {
		run->result->interrupted = true;
		atomic_store(&run->shared->stop, true);
	}
	/* Asked twice: whatever a worker is stuck in, it ends. */
	for (uint32_t i = 0; signals > 1 && i < run->options->workers; i++) {
		if (run->children[i].pid)
			kill(run->children[i].pid, SIGKILL);
	}
	/* The first round is always whole, so that everything was verified once. */
	if (run->result->rounds_done && out_of_time(run))
		atomic_store(&run->shared->stop, true);
}

static void take_answer(struct run *run, struct child *child)
{
	char name;
	ssize_t n = read(child->fd, &name, 1);

	if (n == 1)
		child->busy = false;
	else if (n == 0 || errno != EINTR)
		reap(run, child);
}

static size_t busy_children(const struct run *run, struct pollfd *fds)
{
	size_t busy = 0;

	for (uint32_t i = 0; i < run->options->workers; i++) {
		const struct child *child = &run->children[i];

		fds[i] = (struct pollfd){ .fd = child->busy ? child->fd : -1, .events = POLLIN };
		busy += child->busy;
	}
	return busy;
}

/* What came back from poll(2): answers, and maybe word of the canary. */
static void take_events(struct run *run, const struct pollfd *fds)
{
	for (uint32_t i = 0; i < run->options->workers; i++) {
		if (fds[i].revents)
			take_answer(run, &run->children[i]);
	}
	if (fds[run->options->workers].revents) {
		stress_canary_bury(&run->canary);
		run->result->canaries_lost++;
		atomic_store(&run->shared->full, true);
	}
}

/* One stage of all workers; returns how many of them are left. */
static size_t run_stage(struct run *run, char name, struct pollfd *fds)
{
	size_t left = 0;

	stress_canary_start(&run->canary);
	for (uint32_t i = 0; i < run->options->workers; i++) {
		struct child *child = &run->children[i];

		if (child->pid && send(child->fd, &name, 1, MSG_NOSIGNAL) != 1)
			reap(run, child);
		child->busy = child->pid;
	}
	while (busy_children(run, fds)) {
		fds[run->options->workers] =
			(struct pollfd){ .fd = run->canary.fd, .events = POLLIN };
		if (poll(fds, run->options->workers + 1, TICK_MS) > 0)
			take_events(run, fds);
		look_around(run);
		show_progress(run);
	}
	for (uint32_t i = 0; i < run->options->workers; i++) {
		run->stage_done_bytes += atomic_exchange(&run->shared->workers[i].done_bytes, 0);
		left += run->children[i].pid != 0;
	}
	return left;
}

static void count_live(const struct run *run, uint64_t *ret_bos, uint64_t *ret_bytes,
		       uint64_t *ret_held_bytes)
{
	uint64_t bos = 0, bytes = 0, more = 0;

	for (uint32_t i = 0; i < run->options->workers; i++) {
		const struct stress_counts *counts = &run->shared->workers[i].counts;

		/* The kernel took back what a dead worker had. */
		bos += run->children[i].pid ? counts->bos : 0;
		bytes += run->children[i].pid ? counts->live_bytes : 0;
		more += run->children[i].pid ? counts->gpu.held_bytes : 0;
	}
	*ret_bos = bos;
	*ret_bytes = bytes;
	*ret_held_bytes = bytes + more;
}

static void lead(struct run *run, struct pollfd *fds)
{
	const struct stress_options *options = run->options;
	struct stress_result *result = run->result;
	size_t left = run_stage(run, STRESS_POPULATE, fds);

	result->populate_ns = clock_now() - run->start_ns;
	count_live(run, &result->populated_bos, &result->populated_bytes,
		   &result->populated_held_bytes);
	stress_snapshot_gems(&run->snapshot, &result->gems_populated);
	while (left && !atomic_load(&run->shared->stop) &&
	       (!options->rounds || result->rounds_done < options->rounds)) {
		left = run_stage(run, STRESS_ROUND, fds);
		/* A round that time or a signal cut short does not count. */
		if (!atomic_load(&run->shared->stop) && left)
			result->rounds_done++;
		if (result->rounds_done && out_of_time(run))
			break;
	}
	result->elapsed_ns = clock_now() - run->start_ns;
	count_live(run, &result->final_bos, &result->final_bytes, &result->final_held_bytes);
}

static void add_gpu_counts(struct stress_gpu_counts *sum, const struct stress_gpu_counts *add)
{
	sum->binds += add->binds;
	sum->unbinds += add->unbinds;
	sum->bind_failures += add->bind_failures;
	sum->jobs += add->jobs;
	sum->submit_failures += add->submit_failures;
	sum->faults += add->faults;
	sum->timeouts += add->timeouts;
	sum->written_bytes += add->written_bytes;
	sum->verified_words += add->verified_words;
	sum->mismatched_words += add->mismatched_words;
}

static void add_counts(struct stress_counts *sum, const struct stress_counts *add)
{
	sum->written_bytes += add->written_bytes;
	sum->verified_bytes += add->verified_bytes;
	sum->refaulted_bos += add->refaulted_bos;
	sum->refaulted_bytes += add->refaulted_bytes;
	sum->advised_bos += add->advised_bos;
	sum->retained_bos += add->retained_bos;
	sum->purged_bos += add->purged_bos;
	sum->purged_bytes += add->purged_bytes;
	sum->create_failures += add->create_failures;
	sum->map_failures += add->map_failures;
	sum->touch_failures += add->touch_failures;
	if (add->mismatched_bos &&
	    (!sum->mismatched_bos || add->first.when_ns < sum->first.when_ns))
		sum->first = add->first;
	sum->mismatched_words += add->mismatched_words;
	sum->mismatched_bos += add->mismatched_bos;
	add_gpu_counts(&sum->gpu, &add->gpu);
	histogram_merge(&sum->refault_ns, &add->refault_ns);
}

static void end_children(struct run *run)
{
	for (uint32_t i = 0; i < run->options->workers; i++) {
		if (run->children[i].pid)
			shutdown(run->children[i].fd, SHUT_RDWR);
	}
	for (uint32_t i = 0; i < run->options->workers; i++) {
		if (run->children[i].pid)
			reap(run, &run->children[i]);
		add_counts(&run->result->counts, &run->shared->workers[i].counts);
	}
}

static int start(struct run *run)
{
	int r = 0;

	stress_snapshot_before(&run->snapshot, run->result);
	run->start_ns = clock_now();
	progress_start(&run->progress, run->start_ns);
	for (uint32_t i = 0; i < run->options->workers && !r; i++) {
		r = start_child(run, i);
		if (!r)
			run->snapshot.pids[i] = run->children[i].pid;
	}
	return r;
}

static int allocate(struct run *run, struct pollfd **ret_fds)
{
	size_t workers = run->options->workers;

	run->shared_size = sizeof(*run->shared) + workers * sizeof(run->shared->workers[0]);
	run->shared = mmap(NULL, run->shared_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run->shared == MAP_FAILED)
		return -errno;
	run->children = calloc(workers, sizeof(*run->children));
	run->snapshot.pids = calloc(workers, sizeof(*run->snapshot.pids));
	run->snapshot.n_pids = workers;
	*ret_fds = calloc(workers + 1, sizeof(**ret_fds)); /* the last is the canary's */
	return run->children && run->snapshot.pids && *ret_fds ? 0 : -ENOMEM;
}

int stress_run(const struct stress_options *options, struct panthor_device *dev, struct doc *doc,
	       struct stress_result *result)
{
	struct run run = {
		.options = options,
		.result = result,
		.shared = MAP_FAILED,
		.snapshot = { .dev = dev },
		.canary = { .fd = -1 },
	};
	struct pollfd *fds = NULL;
	int r = allocate(&run, &fds);

	if (!r) {
		r = start(&run);
		if (!r) {
			lead(&run, fds);
			stress_canary_stop(&run.canary);
			stress_snapshot_after(&run.snapshot, result);
		}
		end_children(&run);
		progress_end(&run.progress);
	}
	if (r)
		doc_fail(doc, STATUS_FAILED, r, "cannot start the workers: %s", strerror(-r));
	free(fds);
	free(run.children);
	free(run.snapshot.pids);
	if (run.shared != MAP_FAILED)
		munmap(run.shared, run.shared_size);
	return r;
}
