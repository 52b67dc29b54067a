// SPDX-License-Identifier: MIT
/* What the caches do with the same sequence of gets and puts. No clock but that of the table. */
#include <stdio.h>
#include <string.h>

#include "libdrm.h"

#define SLOTS	   64
#define STEPS	   40000
#define MOST_LAG   32 /* steps until the GPU is done */
#define MANY	   8192
#define SECOND_NS  1000000000ull
#define MAX_CACHES 4

static uint32_t next_random(uint32_t *seed, uint32_t limit)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % limit;
}

/* 4 KiB to 2 MiB, each power of two as often as the others. */
static uint32_t random_size(uint32_t *seed)
{
	uint32_t low = 4096u << next_random(seed, 9);

	return low + next_random(seed, low);
}

static void begin(const struct cache *cache)
{
	kernel_retire(0);
	cache->open();
}

/* A step takes a millisecond. Jobs are done in another order than that of the puts. */
static void replay(const struct cache *cache, struct behaviour *behaviour)
{
	uint64_t created = kernel_created(), calls, out = 0, gets = 0;
	void *live[SLOTS] = { 0 };
	uint32_t seed = 42;

	begin(cache);
	calls = kernel_calls();
	for (uint64_t step = 1; step <= STEPS; step++) {
		void **bo = &live[next_random(&seed, SLOTS)];

		kernel_retire(step);
		kernel_advance(SECOND_NS / 1000);
		if (*bo) {
			out -= kernel_size(cache->handle(*bo));
			cache->put(*bo, step + 1 + next_random(&seed, MOST_LAG));
			*bo = NULL;
		} else {
			*bo = cache->get(random_size(&seed), false);
			out += kernel_size(cache->handle(*bo));
			gets++;
		}
		if (kernel_bytes() - out > behaviour->most_kept)
			behaviour->most_kept = kernel_bytes() - out;
	}
	behaviour->hit_rate = 1 - (double)(kernel_created() - created) / (double)gets;
	behaviour->calls_per_get = (double)(kernel_calls() - calls) / (double)gets;
	for (int i = 0; i < SLOTS; i++) {
		if (live[i])
			cache->put(live[i], 0);
	}
	cache->close();
}

/* 512 MiB put back at once, and then nothing for ten seconds. */
static void put_many_and_idle(const struct cache *cache, struct behaviour *behaviour)
{
	static void *bos[MANY];

	begin(cache);
	for (int i = 0; i < MANY; i++)
		bos[i] = cache->get(BO_SIZE, false);
	for (int i = 0; i < MANY; i++)
		cache->put(bos[i], 0);
	behaviour->kept = kernel_bytes();
	kernel_advance(10 * SECOND_NS);
	behaviour->kept_after_idling = kernel_bytes();
}

static void idle(const struct cache *cache, struct behaviour *behaviour)
{
	put_many_and_idle(cache, behaviour);
	cache->put(cache->get(BO_SIZE, false), 0);
	behaviour->kept_after_next = kernel_bytes();
	cache->close();
	if (!cache->trim)
		return;
	put_many_and_idle(cache, behaviour);
	cache->trim();
	behaviour->kept_after_trim = kernel_bytes();
	cache->close();
}

/* Two are there, and the one that has been there for longer is in use. */
static void meet_busy(const struct cache *cache, struct behaviour *behaviour)
{
	void *bos[2];
	uint64_t created;

	begin(cache);
	for (int i = 0; i < 2; i++)
		bos[i] = cache->get(BO_SIZE, false);
	cache->put(bos[0], 5);
	cache->put(bos[1], 0);
	created = kernel_created();
	bos[0] = cache->get(BO_SIZE, false);
	behaviour->passes_over_busy = kernel_created() == created;
	cache->put(bos[0], 0);
	kernel_retire(5);
	cache->close();
}

static void meet_other_flags(const struct cache *cache, struct behaviour *behaviour)
{
	uint64_t created;

	begin(cache);
	cache->put(cache->get(BO_SIZE, false), 0);
	created = kernel_created();
	cache->put(cache->get(BO_SIZE, true), 0);
	behaviour->mixes_flags = kernel_created() == created;
	cache->close();
}

static void meet_purged(const struct cache *cache, struct behaviour *behaviour)
{
	uint64_t calls;
	void *bo;

	begin(cache);
	cache->put(cache->get(BO_SIZE, false), 0);
	kernel_purge();
	calls = kernel_calls();
	bo = cache->get(BO_SIZE, false);
	behaviour->calls_if_purged = kernel_calls() - calls;
	cache->put(bo, 0);
	cache->close();
}

struct behaviour observe(const struct cache *cache)
{
	struct behaviour behaviour = { 0 };

	replay(cache, &behaviour);
	idle(cache, &behaviour);
	meet_busy(cache, &behaviour);
	meet_other_flags(cache, &behaviour);
	if (cache->advises)
		meet_purged(cache, &behaviour);
	expect(!kernel_bytes(), "a cache that leaves nothing behind");
	return behaviour;
}

enum row {
	HIT_RATE,
	CALLS,
	MOST_KEPT,
	KEPT,
	AFTER_IDLING,
	AFTER_NEXT,
	AFTER_TRIM,
	BUSY,
	PURGED,
	FLAGS,
	ROWS,
};

static const char *const row_names[ROWS] = {
	[HIT_RATE] = "replay, mixed sizes: hits",
	[CALLS] = "  ioctls for each get and put",
	[MOST_KEPT] = "  kept at most",
	[KEPT] = "512 MiB put back: kept",
	[AFTER_IDLING] = "  after 10 s without a call",
	[AFTER_NEXT] = "  and the next get and put",
	[AFTER_TRIM] = "  or when told to trim",
	[BUSY] = "oldest one busy: takes the next",
	[PURGED] = "oldest one purged: ioctls of get",
	[FLAGS] = "other flags wanted: minds",
};

static void format_bytes(char *text, size_t size, uint64_t bytes)
{
	snprintf(text, size, "%.1f MiB", (double)bytes / MIB);
}

static void format_cell(char *text, size_t size, const struct cache *cache,
			const struct behaviour *behaviour, enum row row)
{
	const uint64_t bytes[ROWS] = {
		[MOST_KEPT] = behaviour->most_kept,
		[KEPT] = behaviour->kept,
		[AFTER_IDLING] = behaviour->kept_after_idling,
		[AFTER_NEXT] = behaviour->kept_after_next,
		[AFTER_TRIM] = behaviour->kept_after_trim,
	};

	if (row == HIT_RATE)
		snprintf(text, size, "%.1f %%", 100 * behaviour->hit_rate);
	else if (row == CALLS)
		snprintf(text, size, "%.2f", behaviour->calls_per_get);
	else if (row == BUSY)
		snprintf(text, size, "%s", behaviour->passes_over_busy ? "yes" : "no");
	else if (row == FLAGS)
		snprintf(text, size, "%s", behaviour->mixes_flags ? "no" : "yes");
	else if (row == PURGED && cache->advises)
		snprintf(text, size, "%u", (unsigned int)behaviour->calls_if_purged);
	else if (row == PURGED || (row == AFTER_TRIM && !cache->trim))
		snprintf(text, size, "-");
	else
		format_bytes(text, size, bytes[row]);
}

void print_behaviour(void)
{
	struct behaviour behaviours[MAX_CACHES];
	char text[32];

	printf("%-33s", "what they do");
	for (unsigned int i = 0; i < cache_count; i++) {
		behaviours[i] = observe(caches[i]);
		printf("%18s", caches[i]->name);
	}
	printf("\n");
	for (int row = 0; row < ROWS; row++) {
		printf("%-33s", row_names[row]);
		for (unsigned int i = 0; i < cache_count; i++) {
			format_cell(text, sizeof(text), caches[i], &behaviours[i], row);
			printf("%18s", text);
		}
		printf("\n");
	}
}
