// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <sys/mman.h>

#include "lib.h"
#include "panthor_drm.h"

/* What fails is fast, and not what is measured. */
static void expect(int r)
{
	if (r)
		abort();
}

static void raw_madvise(struct lib_bench *bench)
{
	struct drm_panthor_bo_madvise arg = { .handle = 1 };

	for (int i = 0; i < LIB_BATCH; i++)
		lib_bench_ioctl(DRM_IOCTL_PANTHOR_BO_MADVISE, &arg);
}

static void lib_madvise(struct lib_bench *bench)
{
	for (int i = 0; i < LIB_BATCH; i++)
		expect(panthor_bo_madvise(bench->bo, PANTHOR_BO_WILLNEED, NULL));
}

static void lib_vm_state(struct lib_bench *bench)
{
	for (int i = 0; i < LIB_BATCH; i++)
		panthor_vm_is_usable(bench->vm);
}

static void lib_map(struct lib_bench *bench)
{
	for (int i = 0; i < LIB_BATCH; i++)
		expect(panthor_vm_map(bench->vm, bench->bo, 0, 65536, 65536, 0));
}

static void raw_map(struct lib_bench *bench)
{
	struct drm_panthor_vm_bind_op op = { .bo_handle = 1, .va = 65536, .size = 65536 };
	struct drm_panthor_vm_bind arg = { .vm_id = 1, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op) };

	for (int i = 0; i < LIB_BATCH; i++)
		lib_bench_ioctl(DRM_IOCTL_PANTHOR_VM_BIND, &arg);
}

#define MANY 64

static void lib_map_many(struct lib_bench *bench)
{
	struct panthor_bind_op ops[MANY];

	for (int i = 0; i < MANY; i++)
		ops[i] = panthor_bind_map(bench->bo, 0, 65536 * (uint64_t)(i + 1), 65536, 0);
	for (int i = 0; i < LIB_BATCH; i++)
		expect(panthor_vm_bind(bench->vm, 0, ops, MANY, NULL));
}

static void lib_submit(struct lib_bench *bench)
{
	struct panthor_sync sync = panthor_signal_point(bench->syncobj, 1);
	struct panthor_job job = { .va = 65536, .size = 64, .syncs = &sync, .sync_count = 1 };

	for (int i = 0; i < LIB_BATCH; i++)
		expect(panthor_group_submit(bench->group, &job, 1));
}

static void raw_submit(struct lib_bench *bench)
{
	struct drm_panthor_sync_op sync = { .handle = bench->syncobj, .timeline_value = 1 };
	struct drm_panthor_queue_submit job = {
		.stream_size = 64,
		.stream_addr = 65536,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};
	struct drm_panthor_group_submit arg = {
		.group_handle = 1,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
	};

	for (int i = 0; i < LIB_BATCH; i++)
		lib_bench_ioctl(DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &arg);
}

static void lib_query(struct lib_bench *bench)
{
	uint64_t point;

	for (int i = 0; i < LIB_BATCH; i++)
		expect(panthor_syncobj_query(bench->dev, bench->syncobj, &point));
}

static void raw_query(struct lib_bench *bench)
{
	uint64_t point;
	struct drm_syncobj_timeline_array arg = {
		.handles = (uintptr_t)&bench->syncobj,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};

	for (int i = 0; i < LIB_BATCH; i++)
		lib_bench_ioctl(DRM_IOCTL_SYNCOBJ_QUERY, &arg);
}

static void lib_label(struct lib_bench *bench)
{
	for (int i = 0; i < LIB_BATCH; i++)
		expect(panthor_bo_set_label(bench->bo, "vertex buffer"));
}

static void raw_label(struct lib_bench *bench)
{
	struct drm_panthor_bo_set_label arg = {
		.handle = 1,
		.label = (uintptr_t) "vertex buffer",
	};

	for (int i = 0; i < LIB_BATCH; i++)
		lib_bench_ioctl(DRM_IOCTL_PANTHOR_BO_SET_LABEL, &arg);
}

static void get_and_put(struct panthor_bo_cache *cache)
{
	struct panthor_buffer buffer;

	for (int i = 0; i < LIB_BATCH; i++) {
		expect(panthor_bo_cache_get(cache, 65536, 0, &buffer));
		expect(panthor_bo_cache_put(cache, &buffer, 0));
	}
}

static void cache_plain(struct lib_bench *bench)
{
	get_and_put(bench->plain);
}

static void cache_advising(struct lib_bench *bench)
{
	get_and_put(bench->advising);
}

static void two_raw_madvise(struct lib_bench *bench)
{
	raw_madvise(bench);
	raw_madvise(bench);
}

static void va_random(struct lib_bench *bench)
{
	for (int i = 0; i < LIB_BATCH; i++) {
		uint32_t n = bench->next++ % 1000000;

		expect(panthor_va_free(bench->va, bench->addrs[n], bench->sizes[n], 0));
		expect(panthor_va_alloc(bench->va, bench->sizes[n], 0, &bench->addrs[n]));
	}
}

static void va_same(struct lib_bench *bench)
{
	uint64_t addr;

	for (int i = 0; i < LIB_BATCH; i++) {
		expect(panthor_va_alloc(bench->va, 65536, 0, &addr));
		expect(panthor_va_free(bench->va, addr, 65536, 0));
	}
}

static void slab(struct lib_bench *bench)
{
	struct panthor_buffer buffer;

	for (int i = 0; i < LIB_BATCH; i++) {
		expect(panthor_slab_alloc(bench->slab, 256, 0, &buffer));
		expect(panthor_slab_free(bench->slab, &buffer, 0));
	}
}

/* A BO for each small buffer: create, bind, ask for the offset, map, and all of it back. */
static void bo_each(struct lib_bench *bench)
{
	static const unsigned long before[] = {
		DRM_IOCTL_PANTHOR_BO_CREATE,
		DRM_IOCTL_PANTHOR_VM_BIND,
		DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET,
	};
	unsigned char arg[256] = { 0 };

	for (int i = 0; i < LIB_BATCH; i++) {
		void *ptr;

		for (int j = 0; j < 3; j++)
			lib_bench_ioctl(before[j], arg);
		ptr = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(ptr, 4096);
		lib_bench_ioctl(DRM_IOCTL_PANTHOR_VM_BIND, arg);
		lib_bench_ioctl(DRM_IOCTL_GEM_CLOSE, arg);
	}
}

const struct lib_case lib_cases[] = {
	{ "madvise", "raw ioctl", 0, 0, 1, NULL, raw_madvise },
	{ "madvise", "library, beyond raw", 50, 0, 1, "raw ioctl", lib_madvise },
	{ "vm state", "library, beyond raw", 50, 0, 1, "raw ioctl", lib_vm_state },
	{ "query", "raw query", 0, 0, 1, NULL, raw_query },
	{ "query", "library, beyond raw", 50, 0, 1, "raw query", lib_query },
	{ "label", "raw label", 0, 0, 1, NULL, raw_label },
	{ "label", "library, beyond raw", 50, 0, 1, "raw label", lib_label },
	{ "map", "raw bind", 0, 0, 1, NULL, raw_map },
	{ "map", "library, beyond raw", 45, 0, 1, "raw bind", lib_map },
	{ "map", "64 in one, beyond raw", 640, 0, 1, "raw bind", lib_map_many },
	{ "submit", "raw submit", 0, 0, 1, NULL, raw_submit },
	{ "submit", "library, beyond raw", 50, 0, 1, "raw submit", lib_submit },
	{ "cache get+put", "1 thread", 50, 0, 1, NULL, cache_plain },
	{ "cache get+put", "8 threads", 0, 1.25, 8, "1 thread", cache_plain },
	{ "cache get+put", "raw madvise, twice", 0, 0, 1, NULL, two_raw_madvise },
	{ "cache get+put", "with madvise", 0, 0, 1, NULL, cache_advising },
	{ "VA alloc+free", "random of a million", 100, 0, 1, NULL, va_random },
	{ "VA alloc+free", "the same, a million live", 100, 0, 1, NULL, va_same },
	{ "small buffer", "a BO each, raw calls", 0, 0, 1, NULL, bo_each },
	{ "small buffer", "slab", 0, 0, 1, NULL, slab },
};

const unsigned int lib_case_count = sizeof(lib_cases) / sizeof(lib_cases[0]);
