/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <inttypes.h>

#include "fail_inject.h"
#include "fail_slab.h"
#include "kt_slab.h"

/* Looks after which nothing is on its way out any more. */
#define LOOKS_QUIET 5

static const char *const counted[] = { "kmalloc-cg-", "drm_sched_fence", NULL };

static struct kt_slabs least;
static char rcu_scan[320];

/* The shrinker of what waits to be freed by RCU, which otherwise takes its time. */
static void find_rcu_shrinker(void)
{
	static const char dir[] = DEBUGFS "shrinker";
	struct dirent *entry;
	DIR *shrinkers = opendir(dir);

	assert_non_null(shrinkers);
	while ((entry = readdir(shrinkers))) {
		if (strstr(entry->d_name, "kfree"))
			snprintf(rcu_scan, sizeof(rcu_scan), "%s/%s/scan", dir, entry->d_name);
	}
	closedir(shrinkers);
	assert_int_not_equal(rcu_scan[0], 0);
}

static struct kt_slabs read_slabs(void)
{
	kt_write_file(rcu_scan, "0 0 1000000");
	return kt_slabs_read_of(counted);
}

/* @more: than ever; @fewer: so many had only been on their way out before */
static void look(bool *ret_more, bool *ret_fewer, bool report)
{
	struct kt_slabs now = read_slabs();
	size_t i;

	assert_int_equal(now.count, least.count);
	*ret_more = *ret_fewer = false;
	for (i = 0; i < now.count; i++) {
		struct kt_slab *had = &least.caches[i], *has = &now.caches[i];

		assert_string_equal(has->name, had->name);
		*ret_more |= has->objects > had->objects;
		*ret_fewer |= has->objects < had->objects;
		if (report && has->objects > had->objects)
			print_error("# %s: %" PRIu64 " objects, %" PRIu64 " before\n", has->name,
				    has->objects, had->objects);
		if (has->objects < had->objects)
			had->objects = has->objects;
	}
	kt_slabs_free(&now);
}

static bool is_quiet(void *arg)
{
	unsigned int *quiet = arg;
	bool more, fewer;

	look(&more, &fewer, false);
	*quiet = fewer ? 0 : *quiet + 1;
	return *quiet == LOOKS_QUIET;
}

void fail_slabs_begin(void)
{
	unsigned int quiet = 0;

	if (!rcu_scan[0])
		find_rcu_shrinker();
	kt_slabs_free(&least);
	least = read_slabs();
	assert_true(kt_wait(is_quiet, &quiet));
}

static bool are_back_or_never(void *arg)
{
	unsigned int *looks = arg;
	bool more, fewer;

	look(&more, &fewer, false);
	return !more || ++*looks > FAIL_LOOKS_MAX;
}

void fail_slabs_assert_back(void)
{
	unsigned int looks = 0;
	bool more, fewer;

	if (kt_wait(are_back_or_never, &looks) && looks <= FAIL_LOOKS_MAX)
		return;
	look(&more, &fewer, true);
	if (more)
		fail_msg("slab caches have grown");
}
