// SPDX-License-Identifier: MIT
/* Counts of a run, and whether they are worth anything. */
#include <inttypes.h>

#include "fz.h"

/* Calls from which on they are judged: all in all, and of one kind. */
#define ENOUGH	      20000
#define ENOUGH_OF_ONE 200

/* Calls of that kind by all workers and their children. */
static void sum_up(const struct fz_world *world, enum fz_id id, uint64_t sum[FZ_ERRNOS])
{
	unsigned int i, e;

	memset(sum, 0, FZ_ERRNOS * sizeof(*sum));
	for (i = 0; i < 2 * FZ_MAX_WORKERS; i++) {
		for (e = 0; e < FZ_ERRNOS; e++)
			sum[e] += world->stats[i].results[id][e];
	}
}

static uint64_t all_of(const uint64_t sum[FZ_ERRNOS])
{
	uint64_t all = 0;
	unsigned int e;

	for (e = 0; e < FZ_ERRNOS; e++)
		all += sum[e];
	return all;
}

/* What could be told from the arguments alone, or from there being no such object. */
static uint64_t not_valid(const uint64_t sum[FZ_ERRNOS])
{
	return sum[ENODEV] + sum[EINVAL] + sum[ENOENT] + sum[EFAULT] + sum[E2BIG] + sum[EBADF] +
	       sum[EACCES] + sum[EPERM];
}

static void print_one(const char *name, const uint64_t sum[FZ_ERRNOS])
{
	unsigned int e;

	printf("# %-24s %9" PRIu64 " ok %9" PRIu64, name, all_of(sum), sum[0]);
	for (e = 1; e < FZ_ERRNOS; e++) {
		if (sum[e])
			printf(" %s %" PRIu64, strerrorname_np((int)e), sum[e]);
	}
	printf("\n");
}

static void print_findings(const struct fz_world *world)
{
	unsigned int i;

	for (i = 0; i < world->finding_count && i < FZ_FINDINGS; i++) {
		const struct fz_finding *f = &world->findings[i];

		printf("# FINDING worker %u step %" PRIu64 ": %s gave %ld (%s)\n", f->worker,
		       f->step, fz_ioctls[f->id].name, f->result,
		       f->result < 0 ? strerror((int)-f->result) : "positive");
	}
}

/* What is no call, nor one that is counted. */
static void print_lives(const struct fz_world *world)
{
	uint64_t reopened = 0, children = 0, stuck = 0;
	unsigned int i;

	for (i = 0; i < 2 * FZ_MAX_WORKERS; i++) {
		reopened += world->stats[i].reopened;
		children += world->stats[i].children;
		stuck += world->stats[i].stuck;
	}
	printf("# files reopened %" PRIu64 ", children killed %" PRIu64
	       ", jobs they had waiting %" PRIu64 ", device unplugged %u\n",
	       reopened, children, stuck, world->unplugs);
}

void fz_report(const struct fz_world *world)
{
	uint64_t sum[FZ_ERRNOS], calls = 0, ok = 0, invalid = 0;
	unsigned int id, i;

	for (id = 0; id < FZ_IOCTLS; id++) {
		sum_up(world, id, sum);
		print_one(fz_ioctls[id].name, sum);
		calls += all_of(sum);
		ok += sum[0];
		invalid += not_valid(sum);
	}
	print_lives(world);
	calls = calls ? calls : 1;
	printf("# %" PRIu64 " calls, %" PRIu64 " %% succeeded, %" PRIu64
	       " %% got past validation, %" PRIu64 " calls/s\n",
	       calls, ok * 100 / calls, (calls - invalid) * 100 / calls,
	       calls * 1000 / world->milliseconds);
	for (i = 0; i < world->options.procs * world->options.threads; i++)
		printf("# sequence of worker %u: %016" PRIx64 "\n", i, world->digest[i]);
	print_findings(world);
}

static uint64_t all_calls(const struct fz_world *world)
{
	uint64_t sum[FZ_ERRNOS], calls = 0;
	unsigned int id;

	for (id = 0; id < FZ_IOCTLS; id++) {
		sum_up(world, id, sum);
		calls += all_of(sum);
	}
	return calls;
}

/* Of a kind there are some in every run that is long enough, and of many, one has succeeded. */
static bool is_tried(enum fz_id id, const uint64_t sum[FZ_ERRNOS], bool is_long)
{
	/* There is nothing that these could do. */
	bool idle = id == FZ_NO_SUCH_CALL || id == FZ_SET_CLIENT_NAME;
	uint64_t calls = all_of(sum);

	if (is_long && !calls) {
		printf("# %s was never called\n", fz_ioctls[id].name);
		return false;
	}
	if (calls >= ENOUGH_OF_ONE && !sum[0] && !idle) {
		printf("# %s never succeeded\n", fz_ioctls[id].name);
		return false;
	}
	return true;
}

bool fz_is_worth_it(const struct fz_world *world)
{
	uint64_t sum[FZ_ERRNOS], calls = all_calls(world), ok = 0;
	bool worth_it = true;
	unsigned int id;

	for (id = 0; id < FZ_IOCTLS; id++) {
		sum_up(world, id, sum);
		ok += sum[0];
		if (!is_tried(id, sum, calls >= ENOUGH))
			worth_it = false;
	}
	if (calls >= ENOUGH && ok * 100 < calls * 40) {
		printf("# most calls failed\n");
		worth_it = false;
	}
	return worth_it;
}
