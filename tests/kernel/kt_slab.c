/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <inttypes.h>

#include "kt_slab.h"

#define HEADER_LINES 2

/* Pages that nothing in /proc/meminfo answers for, as those that drivers take one by one. */
static uint64_t other_pages(void)
{
	static const char *const keys[] = { "MemFree",	   "Buffers",	 "Cached",
					    "SwapCached",  "Slab",	 "AnonPages",
					    "KernelStack", "PageTables", "SecPageTables",
					    "Percpu" };
	uint64_t bytes = kt_meminfo("MemTotal");

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		bytes -= kt_meminfo(keys[i]);
	return bytes / KT_PAGE;
}

static struct kt_slab *add(struct kt_slabs *slabs)
{
	slabs->caches = realloc(slabs->caches, (slabs->count + 1) * sizeof(*slabs->caches));
	return &slabs->caches[slabs->count++];
}

/* @prefixes: as for kt_slabs_read_of(), or NULL: all */
static bool is_wanted(const char *name, const char *const *prefixes)
{
	for (size_t i = 0; prefixes && prefixes[i]; i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	return !prefixes;
}

/* What a CPU has at hand, and what KASAN keeps, counts as used: give it back. */
static void shrink_caches(const char *const *prefixes)
{
	static const char dir[] = "/sys/kernel/slab";
	struct dirent *entry;
	DIR *caches = opendir(dir);
	char path[320];

	if (!caches)
		return;
	while ((entry = readdir(caches))) {
		if (!is_wanted(entry->d_name, prefixes))
			continue;
		snprintf(path, sizeof(path), "%s/%s/shrink", dir, entry->d_name);
		kt_write_file(path, "1");
	}
	closedir(caches);
}

struct kt_slabs kt_slabs_read_of(const char *const *prefixes)
{
	struct kt_slabs slabs = { .caches = NULL };
	char *text, *rest, *line;

	shrink_caches(prefixes);
	text = kt_read_file("/proc/slabinfo", NULL);
	assert_non_null(text);
	rest = text;
	for (int i = 0; (line = strsep(&rest, "\n")) && *line; i++) {
		struct kt_slab *cache;

		if (i < HEADER_LINES || !is_wanted(line, prefixes))
			continue;
		cache = add(&slabs);
		assert_int_equal(sscanf(line, "%47s %" SCNu64, cache->name, &cache->objects), 2);
	}
	free(text);
	assert_int_not_equal(slabs.count, 0);
	return slabs;
}

struct kt_slabs kt_slabs_read(void)
{
	struct kt_slabs slabs = kt_slabs_read_of(NULL);

	*add(&slabs) = (struct kt_slab){ "(pages)", other_pages() };
	return slabs;
}

void kt_slabs_free(struct kt_slabs *slabs)
{
	free(slabs->caches);
	*slabs = (struct kt_slabs){ .caches = NULL };
}

static uint64_t objects_of(const struct kt_slabs *slabs, const char *name)
{
	for (size_t i = 0; i < slabs->count; i++) {
		if (!strcmp(slabs->caches[i].name, name))
			return slabs->caches[i].objects;
	}
	return 0;
}

/* @report: whether to name the caches that have grown */
struct growth {
	const struct kt_slabs *before;
	uint64_t limit;
	bool report;
};

static bool has_not_grown(void *arg)
{
	const struct growth *growth = arg;
	struct kt_slabs now = kt_slabs_read();
	bool ok = true;

	for (size_t i = 0; i < now.count; i++) {
		uint64_t had = objects_of(growth->before, now.caches[i].name);

		if (now.caches[i].objects < had + growth->limit)
			continue;
		ok = false;
		if (growth->report)
			print_error("# %s: %" PRIu64 " objects, %" PRIu64 " before\n",
				    now.caches[i].name, now.caches[i].objects, had);
	}
	kt_slabs_free(&now);
	return ok;
}

/* With KASAN what is freed counts on, for some time: then it is for kmemleak to tell. */
static bool counts_tell(void)
{
	char *symbols = kt_read_file("/proc/kallsyms", NULL);
	bool kasan;

	assert_non_null(symbols);
	kasan = strstr(symbols, " kasan_quarantine_put\n");
	free(symbols);
	return !kasan;
}

bool kt_slabs_are_back(const struct kt_slabs *before, uint64_t limit, bool report)
{
	struct growth growth = { .before = before, .limit = limit, .report = report };

	return !counts_tell() || has_not_grown(&growth);
}

void kt_slabs_assert_back(struct kt_slabs *before, uint64_t limit)
{
	struct growth growth = { .before = before, .limit = limit };
	bool tell = counts_tell(), back = !tell || kt_wait(has_not_grown, &growth);

	if (!tell)
		print_message("# objects of slab caches are not counted on this kernel\n");
	growth.report = true;
	if (!back && !has_not_grown(&growth))
		fail_msg("slab caches have grown");
	kt_slabs_free(before);
}

void kt_slabs_assert_back_now(struct kt_slabs *before, uint64_t limit)
{
	struct growth growth = { .before = before, .limit = limit, .report = true };

	if (!has_not_grown(&growth))
		fail_msg("slab caches have grown");
	kt_slabs_free(before);
}
