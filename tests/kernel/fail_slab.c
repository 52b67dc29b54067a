/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <inttypes.h>

#include "fail_inject.h"
#include "fail_slab.h"
#include "kt_slab.h"

#define SLAB_DIR "/sys/kernel/slab"

#define CACHES_MAX 64

/* Looks after which nothing is on its way out any more. */
#define LOOKS_QUIET 5

static const char *const prefixes[] = { "kmalloc-cg-", "drm_sched_fence" };

struct caches {
	struct kt_slab cache[CACHES_MAX];
	size_t count;
};

static struct caches least;
static char rcu_scan[320];

static bool is_counted(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	return false;
}

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

/* Objects that are free but at hand, or that KASAN keeps, count as used: give them back. */
static void give_back(void)
{
	char path[96];
	size_t i;

	kt_write_file(rcu_scan, "0 0 1000000");
	for (i = 0; i < least.count; i++) {
		snprintf(path, sizeof(path), SLAB_DIR "/%s/shrink", least.cache[i].name);
		kt_write_file(path, "1");
	}
}

static void read_caches(struct caches *caches)
{
	char *text = kt_read_file("/proc/slabinfo", NULL);
	char *rest = text, *line;

	assert_non_null(text);
	caches->count = 0;
	while ((line = strsep(&rest, "\n"))) {
		struct kt_slab *cache = &caches->cache[caches->count];

		if (!is_counted(line))
			continue;
		assert_int_equal(sscanf(line, "%47s %" SCNu64, cache->name, &cache->objects), 2);
		assert_true(++caches->count < CACHES_MAX);
	}
	free(text);
}

/* @more: than ever; @fewer: so many had only been on their way out before */
static void look(bool *ret_more, bool *ret_fewer, bool report)
{
	struct caches now;
	size_t i;

	give_back();
	read_caches(&now);
	assert_int_equal(now.count, least.count);
	*ret_more = *ret_fewer = false;
	for (i = 0; i < now.count; i++) {
		struct kt_slab *had = &least.cache[i], *has = &now.cache[i];

		assert_string_equal(has->name, had->name);
		*ret_more |= has->objects > had->objects;
		*ret_fewer |= has->objects < had->objects;
		if (report && has->objects > had->objects)
			print_error("# %s: %" PRIu64 " objects, %" PRIu64 " before\n", has->name,
				    has->objects, had->objects);
		if (has->objects < had->objects)
			had->objects = has->objects;
	}
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
	read_caches(&least);
	assert_int_not_equal(least.count, 0);
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
