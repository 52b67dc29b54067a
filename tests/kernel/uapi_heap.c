/* SPDX-License-Identifier: MIT */
/* Tiler heaps: what a new one may ask for, where it is, how many there can be, and their end. */
#include "kt_gpu.h"

#define HEAPS	  128u
#define CHUNK	  (128u << 10)
#define CHUNK_MAX (8u << 20)
/* Heap contexts of 32 bytes stand in lines of the L2 cache. */
#define CONTEXT	    64u
#define CONTEXTS    (HEAPS * CONTEXT)
#define HEADER_SIZE 64u

static struct drm_panthor_tiler_heap_create heap_of(uint32_t vm, uint32_t chunks, uint32_t size)
{
	return (struct drm_panthor_tiler_heap_create){
		.vm_id = vm,
		.initial_chunk_count = chunks,
		.chunk_size = size,
		.max_chunks = chunks,
		.target_in_flight = 1,
	};
}

static struct drm_panthor_tiler_heap_create new_heap(int fd, uint32_t vm, uint32_t chunks,
						     uint32_t size)
{
	struct drm_panthor_tiler_heap_create args = heap_of(vm, chunks, size);

	assert_int_equal(kt_heap_create(fd, &args), 0);
	return args;
}

static void test_create(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), gone = kt_vm(t->fd);
	const struct {
		const char *name;
		uint32_t vm, initial, size, max, target;
		int want;
	} rows[] = {
		{ "smallest chunk", vm, 1, CHUNK, 1, 1, 0 },
		{ "a page more", vm, 1, CHUNK + KT_PAGE, 1, 1, 0 },
		{ "192 KiB", vm, 1, 192 << 10, 1, 1, 0 },
		{ "largest chunk", vm, 1, CHUNK_MAX, 1, 1, 0 },
		{ "several", vm, 5, CHUNK, 64, 65535, 0 },
		{ "no end of chunks", vm, 1, CHUNK, ~0u, 1, 0 },
		{ "no target", vm, 1, CHUNK, 1, 0, 0 },
		{ "any target", vm, 1, CHUNK, 1, ~0u, 0 },
		{ "no chunk at first", vm, 0, CHUNK, 1, 1, -EINVAL },
		{ "no chunk at all", vm, 0, CHUNK, 0, 1, -EINVAL },
		{ "more than the most", vm, 2, CHUNK, 1, 1, -EINVAL },
		{ "at most none", vm, 1, CHUNK, 0, 1, -EINVAL },
		{ "chunk of nothing", vm, 1, 0, 1, 1, -EINVAL },
		{ "chunk of a page", vm, 1, KT_PAGE, 1, 1, -EINVAL },
		{ "64 KiB", vm, 1, 64 << 10, 1, 1, -EINVAL },
		{ "a page less", vm, 1, CHUNK - KT_PAGE, 1, 1, -EINVAL },
		{ "not whole pages", vm, 1, CHUNK + 1, 1, 1, -EINVAL },
		{ "half a page more", vm, 1, CHUNK + 2048, 1, 1, -EINVAL },
		{ "a page too large", vm, 1, CHUNK_MAX + KT_PAGE, 1, 1, -EINVAL },
		{ "16 MiB", vm, 1, 2 * CHUNK_MAX, 1, 1, -EINVAL },
		{ "chunk of U32_MAX", vm, 1, ~0u, 1, 1, -EINVAL },
		{ "VM 0", 0, 1, CHUNK, 1, 1, -EINVAL },
		{ "unknown VM", gone + 1, 1, CHUNK, 1, 1, -EINVAL },
		{ "destroyed VM", gone, 1, CHUNK, 1, 1, -EINVAL },
		{ "VM id beyond 16 bits", vm | 1u << 16, 1, CHUNK, 1, 1, -EINVAL },
		/* Refused before the machine has given all it has. */
		{ "more than all memory", vm, ~0u, CHUNK, ~0u, 1, -ENOMEM },
		{ "more than all memory, large", vm, 1u << 20, CHUNK_MAX, ~0u, 1, -ENOMEM },
	};
	size_t i;

	assert_int_equal(kt_vm_destroy(t->fd, gone), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_panthor_tiler_heap_create args = {
			.vm_id = rows[i].vm,
			.initial_chunk_count = rows[i].initial,
			.chunk_size = rows[i].size,
			.max_chunks = rows[i].max,
			.target_in_flight = rows[i].target,
		};
		int ret = kt_heap_create(t->fd, &args);

		kt_expect(rows[i].name, ret, rows[i].want);
		if (ret == 0)
			kt_expect("destroy", kt_heap_destroy(t->fd, args.handle), 0);
	}
	kt_all_expected();
}

static void test_destroy(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), none = kt_vm(t->fd), failed = kt_vm(t->fd);
	struct drm_panthor_tiler_heap_create bad = heap_of(failed, 0, CHUNK);
	uint32_t heap = new_heap(t->fd, vm, 1, CHUNK).handle;
	struct drm_panthor_tiler_heap_destroy pad = { .handle = heap, .pad = 1 };
	int other = kt_open("panthor", true);
	const struct {
		const char *name;
		int fd;
		uint32_t heap;
		int want;
	} rows[] = {
		{ "handle 0", t->fd, 0, -EINVAL },
		{ "unknown heap", t->fd, heap + 1, -EINVAL },
		{ "heap 128", t->fd, vm << 16 | 128, -EINVAL },
		{ "heap 65535", t->fd, vm << 16 | 0xffff, -EINVAL },
		{ "unknown VM", t->fd, (failed + 1) << 16, -EINVAL },
		{ "VM 65535", t->fd, 0xffffu << 16, -EINVAL },
		{ "VM of another file", other, heap, -EINVAL },
		{ "VM that never had one", t->fd, none << 16, -ENOENT },
		{ "VM that never had one, heap 5", t->fd, none << 16 | 5, -ENOENT },
		{ "VM whose only one failed", t->fd, failed << 16, -ENOENT },
		{ "good", t->fd, heap, 0 },
		{ "twice", t->fd, heap, -EINVAL },
	};
	size_t i;

	assert_int_equal(kt_heap_create(t->fd, &bad), -EINVAL);
	kt_expect("pad", kt_ioctl(t->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &pad), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		kt_expect(rows[i].name, kt_heap_destroy(rows[i].fd, rows[i].heap), rows[i].want);
	kt_all_expected();
}

/* Handle and context tell of the heap's number in its VM; a number is used again. */
static void test_handles_contexts_and_limit(void **state)
{
	struct kt *t = *state;
	uint32_t first = kt_vm(t->fd), vm = kt_vm(t->fd), i;
	struct drm_panthor_tiler_heap_create args = heap_of(vm, 1, CHUNK);

	for (i = 0; i < HEAPS; i++) {
		args = new_heap(t->fd, vm, 1, CHUNK);
		assert_int_equal(args.handle, vm << 16 | i);
		assert_int_equal(args.tiler_heap_ctx_gpu_va, KT_USER_END + i * CONTEXT);
	}
	kt_expect("one more", kt_heap_create(t->fd, &args), -EBUSY);
	kt_expect("and again", kt_heap_create(t->fd, &args), -EBUSY);
	kt_all_expected();
	/* The limit is one of the VM. */
	assert_int_equal(new_heap(t->fd, first, 1, CHUNK).handle, first << 16);
	assert_int_equal(kt_heap_destroy(t->fd, vm << 16 | 77), 0);
	args = new_heap(t->fd, vm, 1, CHUNK);
	assert_int_equal(args.handle, vm << 16 | 77);
	assert_int_equal(args.tiler_heap_ctx_gpu_va, KT_USER_END + 77 * CONTEXT);
}

/* The 64 bits at @va as the GPU reads them. */
static uint64_t read64(struct kt_gpu *gpu, uint32_t group, uint64_t va)
{
	kt_gpu_copy(gpu, 0, va);
	kt_gpu_copy(gpu, 1, va + 4);
	assert_int_equal(kt_gpu_run(gpu, group, kt_gpu_job(gpu, 0)), 1);
	return (uint64_t)gpu->words[1] << 32 | gpu->words[0];
}

/* A list of chunks, newest first: address of the next one, with its size in pages below it. */
static void test_chunks(void **state)
{
	static const uint32_t sizes[] = { CHUNK, 192 << 10, 2 << 20, CHUNK_MAX };
	struct kt *t = *state;
	struct kt_gpu gpu;
	uint32_t group, i, j;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, 4096);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct drm_panthor_tiler_heap_create heap = new_heap(t->fd, gpu.vm, 3, sizes[i]);
		uint64_t va = heap.first_heap_chunk_gpu_va, seen[3], next;

		for (j = 0; j < 3; j++, va = next & ~(KT_PAGE - 1)) {
			assert_true(va > heap.tiler_heap_ctx_gpu_va && va % KT_PAGE == 0);
			assert_true(va + sizes[i] <= KT_VA_END);
			assert_true(sizes[i] < 2 * KT_MIB || va % (2 * KT_MIB) == 0);
			/* All of it is there, and nothing but the header is in it. */
			assert_int_equal(read64(&gpu, group, va + HEADER_SIZE), 0);
			assert_int_equal(read64(&gpu, group, va + sizes[i] - 8), 0);
			seen[j] = va;
			next = read64(&gpu, group, va);
			assert_int_equal(next & (KT_PAGE - 1), j == 2 ? 0 : sizes[i] / KT_PAGE);
		}
		assert_int_equal(next, 0);
		assert_true(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
		assert_int_equal(kt_heap_destroy(t->fd, heap.handle), 0);
	}
}

/* Memory of the kernel's that the GPU reads and writes, but does not execute. */
static void test_access(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_tiler_heap_create heap;
	struct drm_panthor_queue_submit stream = { .stream_size = 64 };
	struct kt_gpu gpu;
	uint32_t group;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, 4096);
	heap = new_heap(t->fd, gpu.vm, 1, CHUNK);
	panthor_cs_move48(&gpu.cs, 0, heap.first_heap_chunk_gpu_va + KT_PAGE);
	panthor_cs_move32(&gpu.cs, 2, 77);
	panthor_cs_store(&gpu.cs, 2, 1, 0, 0);
	panthor_cs_wait(&gpu.cs, 1);
	kt_gpu_copy(&gpu, 0, heap.first_heap_chunk_gpu_va + KT_PAGE);
	assert_int_equal(kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0)), 1);
	assert_int_equal(gpu.words[0], 77);

	stream.stream_addr = heap.first_heap_chunk_gpu_va + 2 * KT_PAGE;
	assert_int_equal(kt_gpu_run(&gpu, group, stream), -EFAULT);
	group = kt_group(t->fd, gpu.vm, 1, 4096);
	assert_int_equal(kt_heap_destroy(t->fd, heap.handle), 0);
	kt_gpu_copy(&gpu, 0, heap.first_heap_chunk_gpu_va);
	assert_int_equal(kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0)), -EFAULT);
}

#define OP_HEAP_SET	  (48ull << 56)
#define OP_HEAP_OPERATION (49ull << 56)

/* What streams tell of a heap's use is in its context, comes back from swap, and goes with it. */
static void test_use_is_counted(void **state)
{
	static const uint32_t operations[] = { 0, 0, 1, 3, 0, 1 };
	struct kt *t = *state;
	struct drm_panthor_tiler_heap_create heap, other;
	struct kt_gpu gpu;
	uint32_t group, i;

	kt_gpu_init(&gpu, t->fd);
	group = kt_group(t->fd, gpu.vm, 1, 4096);
	heap = new_heap(t->fd, gpu.vm, 1, CHUNK);
	other = new_heap(t->fd, gpu.vm, 1, CHUNK);
	panthor_cs_move48(&gpu.cs, 0, heap.tiler_heap_ctx_gpu_va);
	panthor_cs_emit(&gpu.cs, OP_HEAP_SET);
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		panthor_cs_emit(&gpu.cs, OP_HEAP_OPERATION | (uint64_t)operations[i] << 32);
	assert_int_equal(kt_gpu_run(&gpu, group, kt_gpu_job(&gpu, 0)), 1);

	kt_shrink_all();
	assert_int_equal(read64(&gpu, group, heap.tiler_heap_ctx_gpu_va), 2ull << 32 | 3);
	assert_int_equal(read64(&gpu, group, heap.tiler_heap_ctx_gpu_va + 8), 1ull << 32);
	assert_int_equal(read64(&gpu, group, other.tiler_heap_ctx_gpu_va), 0);

	assert_int_equal(kt_heap_destroy(t->fd, heap.handle), 0);
	other = new_heap(t->fd, gpu.vm, 1, CHUNK);
	assert_int_equal(other.tiler_heap_ctx_gpu_va, heap.tiler_heap_ctx_gpu_va);
	assert_int_equal(read64(&gpu, group, other.tiler_heap_ctx_gpu_va), 0);
}

static uint64_t resident(int fd)
{
	uint64_t bytes;

	assert_true(kt_fdinfo(fd, "panthor-resident-memory", &bytes));
	return bytes;
}

static size_t kernel_rows(void)
{
	struct kt_gems gems;
	size_t rows;

	kt_gems_read(&gems);
	rows = gems.kernel_rows;
	kt_gems_free(&gems);
	return rows;
}

static bool no_kernel_rows(void *arg)
{
	return kernel_rows() == 0;
}

/* Chunks go with their heap, contexts with their VM, all of it with the file. */
static void test_memory(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), heap;
	struct drm_panthor_tiler_heap_create bad = heap_of(vm, 2, CHUNK);
	int other = kt_open("panthor", true);

	bad.max_chunks = 1;
	assert_int_equal(kt_heap_create(t->fd, &bad), -EINVAL);
	assert_int_equal(resident(t->fd), 0);
	assert_int_equal(kernel_rows(), 0);
	heap = new_heap(t->fd, vm, 3, CHUNK).handle;
	new_heap(t->fd, vm, 1, CHUNK_MAX);
	assert_int_equal(resident(t->fd), CONTEXTS + 3 * CHUNK + CHUNK_MAX);
	assert_int_equal(kernel_rows(), 5);
	assert_int_equal(kt_heap_destroy(t->fd, heap), 0);
	assert_int_equal(resident(t->fd), CONTEXTS + CHUNK_MAX);
	new_heap(other, kt_vm(other), 1, CHUNK);
	assert_int_equal(resident(other), CONTEXTS + CHUNK);

	assert_int_equal(kt_vm_destroy(t->fd, vm), 0);
	assert_int_equal(resident(t->fd), 0);
	kt_expect("heap of a destroyed VM", kt_heap_destroy(t->fd, vm << 16 | 1), -EINVAL);
	kt_all_expected();
	close(other);
	assert_true(kt_wait(no_kernel_rows, NULL));
}

/*
 * The least that a VM keeps for the kernel is 256 MiB. A chunk that begins at a large page and is
 * a page longer takes the better part of two, so 64 of them do not fit; what did is given back.
 */
static void test_no_room(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_tiler_heap_create args;
	uint32_t vm;

	assert_int_equal(kt_vm_create(t->fd, KT_VA_END - 256 * KT_MIB, &vm), 0);
	args = heap_of(vm, 64, (2u << 20) + (uint32_t)KT_PAGE);
	kt_expect("too large", kt_heap_create(t->fd, &args), -ENOSPC);
	kt_all_expected();
	assert_int_equal(resident(t->fd), 0);
	new_heap(t->fd, vm, 1, CHUNK_MAX);
	assert_int_equal(resident(t->fd), CONTEXTS + CHUNK_MAX);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_create),
	kt_test(test_destroy),
	kt_test(test_handles_contexts_and_limit),
	kt_test(test_chunks),
	kt_test(test_access),
	kt_test(test_use_is_counted),
	kt_test(test_memory),
	kt_test(test_no_room),
	kt_no_leaks(),
};

kt_main(tests)
