// SPDX-License-Identifier: MIT
/* The process that makes the others, and checks what they leave. */
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "fz.h"

#define MAPS_BASE 0x200000000000ull

static void worker(struct fz_world *world, struct fz_worker *w)
{
	const struct fz_options *options = &world->options;
	uint64_t done, some;
	char byte = 0;

	for (done = 0; done < options->calls; done += some) {
		some = options->check < options->calls - done ? options->check
							      : options->calls - done;
		fz_work(w, done, some);
		if (write(world->progress[1], &byte, 1) != 1)
			break;
		if (w->alone && read(world->go_on[0], &byte, 1) != 1)
			break;
	}
}

static void *thread(void *arg)
{
	struct fz_worker *w = arg;

	worker(w->world, w);
	return NULL;
}

static struct fz_worker *new_worker(struct fz_world *world, unsigned int index,
				    struct fz_maps *maps)
{
	struct fz_worker *w = calloc(1, sizeof(*w));
	int ret = w ? fz_worker_init(w, world, index, maps) : -ENOMEM;

	if (ret < 0) {
		fprintf(stderr, "fuzz-uapi: worker %u: %s\n", index, strerror(-ret));
		_exit(2);
	}
	return w;
}

/* One process and its threads. */
static void process(struct fz_world *world, unsigned int index)
{
	struct fz_maps maps = { 0 };
	struct fz_worker *workers[FZ_MAX_WORKERS];
	pthread_t threads[FZ_MAX_WORKERS];
	unsigned int count = world->options.threads, i;

	/* Neither end that is not its own, or the other side would never see the end. */
	close(world->progress[0]);
	close(world->go_on[1]);
	maps.base = mmap((void *)MAPS_BASE, FZ_MAPS * FZ_MAP_BYTES, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	for (i = 0; i < count; i++)
		workers[i] = new_worker(world, index * count + i, &maps);
	/* The workers have theirs, and leave them when they have to. */
	for (i = 0; i < FZ_SHARED; i++)
		close(world->files[i].fd);
	for (i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, thread, workers[i]);
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	fflush(stdout);
	_exit(0);
}

static void open_shared(struct fz_world *world)
{
	unsigned int i;

	for (i = 0; i < FZ_SHARED; i++) {
		struct fz_file *file = &world->files[i];

		file->primary = i == 1;
		file->table = &world->shared[i];
		file->fd = kt_open("panthor", !file->primary);
		assert_true(file->fd >= 0);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, world->mail), 0);
	assert_int_equal(pipe(world->progress), 0);
	assert_int_equal(pipe(world->go_on), 0);
}

static void close_shared(struct fz_world *world)
{
	unsigned int i;

	for (i = 0; i < FZ_SHARED; i++)
		close(world->files[i].fd);
	close(world->mail[0]);
	close(world->mail[1]);
	close(world->progress[1]);
	close(world->go_on[0]);
}

/* True at any moment, whatever the others are doing. */
static void check_gems(struct kt_gems *gems)
{
	kt_gems_read(gems);
	assert_int_equal(gems->sum_size, gems->total_size);
	assert_int_equal(gems->sum_resident, gems->total_resident);
	assert_true(gems->total_reclaimable <= gems->total_resident);
}

/* Every round of checks of all workers, whose numbers say how full the device is. */
static void check_while_they_run(struct fz_world *world)
{
	const struct fz_options *options = &world->options;
	const unsigned int workers = options->procs * options->threads;
	struct kt_gems gems;
	uint64_t checks = 0;
	char byte;

	while (read(world->progress[0], &byte, 1) == 1) {
		fz_device_lock(world);
		check_gems(&gems);
		fz_device_unlock(world);
		checks++;
		if (checks % workers == 0)
			printf("# round %" PRIu64 ": %zu BOs of %" PRIu64 " KiB, %" PRIu64
			       " KiB resident, %" PRIu64 " KiB of memory and %" PRIu64
			       " KiB of swap free\n",
			       checks / workers, gems.count, gems.total_size / 1024,
			       gems.total_resident / 1024, kt_meminfo("MemAvailable") / 1024,
			       kt_meminfo("SwapFree") / 1024);
		kt_gems_free(&gems);
		if (write(world->go_on[1], &byte, 1) != 1)
			break;
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void fz_watch(struct fz_world *world)
{
	const struct rlimit files = { 65536, 65536 };
	uint64_t start = now_ms();
	unsigned int i;
	int status;

	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	fz_device_init(world);
	open_shared(world);
	fflush(stdout);
	for (i = 0; i < world->options.procs; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			process(world, i);
	}
	close_shared(world);
	check_while_they_run(world);
	for (i = 0; i < world->options.procs; i++) {
		assert_true(wait(&status) > 0);
		if (status)
			fail_msg("a process ended with status 0x%x", (unsigned int)status);
	}
	world->milliseconds = now_ms() - start + 1;
}
