// SPDX-License-Identifier: MIT
/*
 * Eviction, swap-in and purge, of BOs and of anonymous memory, into the same swap. Samples that did
 * not move what they should have moved are errors.
 */
#include "gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "panthor_drm.h"

#define BOS	16
#define BO_SIZE (2 * GPU_MIB)
#define BYTES	(BOS * BO_SIZE)
#define PAGES	(BYTES / GPU_PAGE)

/* The control group that this runs in, made by the guest's script. */
#define RECLAIM_FILE "/sys/fs/cgroup/bench/memory.reclaim"

/* Of the driver, in debugfs: pages to free, and back come those that were. */
#define SHRINK_FILE "/sys/kernel/debug/dri/128/shrink"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static uint64_t vmstat(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "re");
	unsigned long long value = 0, found = 0;
	char key[64];

	while (file && fscanf(file, "%63s %llu", key, &value) == 2) {
		if (strcmp(key, name) == 0)
			found = value;
	}
	if (file)
		fclose(file);
	return found;
}

/* Nearly all: the last few pages may be on their way. */
static int moved(const char *counter, uint64_t before)
{
	return vmstat(counter) - before < PAGES - PAGES / 50 ? -ENODATA : 0;
}

/* A sixth random, the rest of a page one line; no two pages alike. */
static void dirty(void *map, uint64_t seed)
{
	uint64_t *words = map, x = seed * 2654435761 + 1;

	for (size_t i = 0; i < BYTES / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = i % 512 < 85 ? x : words[i - i % 8 - 8];
	}
}

/* Memory of both kinds, in one piece for the CPU. */
struct memory {
	struct gpu gpu; /* of BOs only */
	uint32_t handles[BOS];
	char *map;
	bool is_bo;
};

static int map_bo(struct memory *memory, size_t i)
{
	void *map;
	int ret = gpu_new_bo(&memory->gpu, BO_SIZE, true, &memory->handles[i]);

	if (ret == 0)
		ret = gpu_mmap(&memory->gpu, memory->handles[i], BO_SIZE, &map);
	if (ret == 0 && mremap(map, BO_SIZE, BO_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			       memory->map + i * BO_SIZE) == MAP_FAILED)
		ret = -errno;
	if (ret == 0)
		ret = gpu_map(&memory->gpu, memory->handles[i], gpu_va(BO_SIZE, i), BO_SIZE);
	return ret;
}

static int memory_open(const struct gpu_case *bench, struct memory *memory)
{
	int ret;

	*memory = (struct memory){ .is_bo = strcmp(bench->target, "panthor") == 0, .gpu.fd = -1 };
	memory->map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory->map == MAP_FAILED)
		return -errno;
	if (!memory->is_bo)
		return madvise(memory->map, BYTES, MADV_NOHUGEPAGE) < 0 ? -errno : 0;
	ret = gpu_open(&memory->gpu);
	for (size_t i = 0; i < BOS && ret == 0; i++)
		ret = map_bo(memory, i);
	return ret;
}

static void memory_close(struct memory *memory)
{
	if (memory->map != MAP_FAILED)
		munmap(memory->map, BYTES);
	gpu_close(&memory->gpu);
}

static int advise_all(struct memory *memory, uint32_t madv)
{
	int ret = 0;

	for (size_t i = 0; i < BOS && ret == 0; i++)
		ret = gpu_madvise(&memory->gpu, memory->handles[i], madv);
	return ret;
}

/* A BO's pages are written, but not given back before somebody wants memory. */
static int page_out(struct memory *memory)
{
	char bytes[32];
	int ret;

	if (!memory->is_bo)
		return madvise(memory->map, BYTES, MADV_PAGEOUT) < 0 ? -errno : 0;
	ret = advise_all(memory, DRM_PANTHOR_BO_MADV_PAGEOUT);
	snprintf(bytes, sizeof(bytes), "%zu", BYTES);
	return ret < 0 ? ret : write_file(RECLAIM_FILE, bytes);
}

static void touch(const struct memory *memory)
{
	const volatile char *map = memory->map;

	for (size_t i = 0; i < BYTES; i += GPU_PAGE)
		(void)map[i];
}

/* A sample between open and close. */
static int sample(const struct gpu_case *bench, double *ret_ns_per_unit,
		  int (*measure)(struct memory *memory, uint64_t *ret_ns))
{
	static uint64_t seed;
	struct memory memory;
	uint64_t ns;
	int ret = memory_open(bench, &memory);

	if (ret == 0) {
		dirty(memory.map, ++seed);
		ret = measure(&memory, &ns);
	}
	if (ret == 0)
		*ret_ns_per_unit = (double)ns / PAGES;
	memory_close(&memory);
	return ret;
}

static int time_evict(struct memory *memory, uint64_t *ret_ns)
{
	uint64_t before = vmstat("pswpout"), start = bench_now_ns();
	int ret = page_out(memory);

	*ret_ns = bench_now_ns() - start;
	return ret < 0 ? ret : moved("pswpout", before);
}

static int time_touch(struct memory *memory, uint64_t *ret_ns)
{
	uint64_t before = vmstat("pswpin"), start;
	int ret = page_out(memory);

	if (ret < 0)
		return ret;
	start = bench_now_ns();
	touch(memory);
	*ret_ns = bench_now_ns() - start;
	return moved("pswpin", before);
}

/* A job does not touch anything: that its VM maps the BOs is enough. */
static int time_submit(struct memory *memory, uint64_t *ret_ns)
{
	uint64_t before = vmstat("pswpin"), start;
	int ret = page_out(memory);

	if (ret < 0)
		return ret;
	memset(memory->gpu.stream, 0, 8);
	start = bench_now_ns();
	ret = gpu_run(&memory->gpu, 8);
	*ret_ns = bench_now_ns() - start;
	return ret < 0 ? ret : moved("pswpin", before);
}

static int purge_bos(void)
{
	unsigned long long freed = 0;
	char pages[32];
	FILE *file;
	int ret;

	snprintf(pages, sizeof(pages), "%zu", PAGES);
	ret = write_file(SHRINK_FILE, pages);
	if (ret < 0)
		return ret;
	file = fopen(SHRINK_FILE, "re");
	if (file) {
		ret = fscanf(file, "%llx", &freed);
		fclose(file);
	}
	return freed < PAGES ? -ENODATA : 0;
}

static int time_purge(struct memory *memory, uint64_t *ret_ns)
{
	int ret = memory->is_bo ? advise_all(memory, DRM_PANTHOR_BO_MADV_DONTNEED) : 0;
	uint64_t start = bench_now_ns();

	if (ret == 0 && memory->is_bo)
		ret = purge_bos();
	else if (ret == 0 && madvise(memory->map, BYTES, MADV_DONTNEED) < 0)
		ret = -errno;
	*ret_ns = bench_now_ns() - start;
	return ret;
}

static int measure_evict(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	return sample(bench, ret_ns_per_unit, time_evict);
}

static int measure_touch(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	return sample(bench, ret_ns_per_unit, time_touch);
}

static int measure_submit(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	return sample(bench, ret_ns_per_unit, time_submit);
}

static int measure_purge(const struct gpu_case *bench, double *ret_ns_per_unit)
{
	return sample(bench, ret_ns_per_unit, time_purge);
}

const struct gpu_case gpu_reclaim_cases[] = {
	{ "evict", "page", BO_SIZE, "anon", measure_evict },
	{ "evict", "page", BO_SIZE, "panthor", measure_evict },
	{ "swap in, CPU", "page", BO_SIZE, "anon", measure_touch },
	{ "swap in, CPU", "page", BO_SIZE, "panthor", measure_touch },
	{ "swap in, GPU", "page", BO_SIZE, "panthor", measure_submit },
	{ "purge", "page", BO_SIZE, "anon", measure_purge },
	{ "purge", "page", BO_SIZE, "panthor", measure_purge },
};

const size_t gpu_reclaim_case_count = sizeof(gpu_reclaim_cases) / sizeof(gpu_reclaim_cases[0]);
