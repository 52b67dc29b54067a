// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Tiler heaps: chunks of memory that a tiler would fill. There is none here to ask for more, so a
 * heap keeps the chunks that it was made with. What streams tell of its use is counted in its
 * context, see enum panthor_cs_heap_counter.
 */

#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "panthor_device.h"
#include "panthor_heap.h"
#include "panthor_kbo.h"
#include "panthor_vm.h"

#define PANTHOR_HEAP_CHUNK_MIN SZ_128K
#define PANTHOR_HEAP_CHUNK_MAX SZ_8M

/* A context of 32 bytes has a line of the L2 cache to itself. */
#define PANTHOR_HEAP_CONTEXT_STRIDE 64
#define PANTHOR_HEAP_CONTEXTS_SIZE PAGE_ALIGN(PANTHOR_HEAP_MAX * PANTHOR_HEAP_CONTEXT_STRIDE)

/* struct panthor_heap_header - the beginning of a chunk, as the GPU reads it */
struct panthor_heap_header {
	/* Address of the next chunk, its size in pages in the low bits; 0 for the last one. */
	u64 next;
	u32 reserved[14];
};

/* struct panthor_heap - one heap; under the pool's lock */
struct panthor_heap {
	u32 chunk_size;
	u32 chunk_count;

	/* Newest first in the GPU's list, so last here. */
	struct panthor_kbo *chunks[] __counted_by(chunk_count);
};

void panthor_heap_pool_init(struct panthor_heap_pool *pool)
{
	mutex_init(&pool->lock);
	xa_init_flags(&pool->heaps, XA_FLAGS_ALLOC);
}

static void panthor_heap_free_locked(struct panthor_heap_pool *pool, struct panthor_heap *heap)
{
	for (u32 i = 0; i < heap->chunk_count; i++) {
		if (!heap->chunks[i])
			break;
		panthor_kbo_destroy(heap->chunks[i]);
		WRITE_ONCE(pool->size, pool->size - heap->chunk_size);
	}
	kvfree(heap);
}

static void panthor_heap_drop_contexts_locked(struct panthor_heap_pool *pool)
{
	if (!pool->contexts)
		return;

	panthor_kbo_destroy(pool->contexts);
	pool->contexts = NULL;
	WRITE_ONCE(pool->size, pool->size - PANTHOR_HEAP_CONTEXTS_SIZE);
}

void panthor_heap_pool_fini(struct panthor_heap_pool *pool)
{
	struct panthor_heap *heap;
	unsigned long index;

	mutex_lock(&pool->lock);
	pool->destroyed = true;
	xa_for_each(&pool->heaps, index, heap)
		panthor_heap_free_locked(pool, heap);
	xa_destroy(&pool->heaps);
	panthor_heap_drop_contexts_locked(pool);
	mutex_unlock(&pool->lock);
}

static int panthor_heap_add_chunk_locked(struct panthor_device *ptdev, struct panthor_vm *vm,
					 struct panthor_heap *heap, u32 index)
{
	struct panthor_heap_header header = {};
	struct panthor_kbo *chunk = panthor_kbo_create(ptdev, vm, heap->chunk_size);
	int ret;

	if (IS_ERR(chunk))
		return PTR_ERR(chunk);

	if (index)
		header.next = panthor_kbo_va(heap->chunks[index - 1]) | heap->chunk_size >> 12;
	ret = panthor_kbo_write(chunk, 0, &header, sizeof(header));
	if (ret) {
		panthor_kbo_destroy(chunk);
		return ret;
	}

	heap->chunks[index] = chunk;
	WRITE_ONCE(vm->heaps.size, vm->heaps.size + heap->chunk_size);
	return 0;
}

static struct panthor_heap *panthor_heap_alloc_locked(struct panthor_device *ptdev,
						      struct panthor_vm *vm, u32 chunk_size,
						      u32 count)
{
	struct panthor_heap *heap;
	int ret = 0;

	heap = kvzalloc(struct_size(heap, chunks, count), GFP_KERNEL_ACCOUNT);
	if (!heap)
		return ERR_PTR(-ENOMEM);

	heap->chunk_size = chunk_size;
	heap->chunk_count = count;
	for (u32 i = 0; i < count && !ret; i++)
		ret = fatal_signal_pending(current) ?
			      -EINTR :
			      panthor_heap_add_chunk_locked(ptdev, vm, heap, i);
	if (ret) {
		panthor_heap_free_locked(&vm->heaps, heap);
		return ERR_PTR(ret);
	}
	return heap;
}

static int panthor_heap_need_contexts_locked(struct panthor_device *ptdev, struct panthor_vm *vm)
{
	struct panthor_kbo *contexts;

	if (vm->heaps.destroyed)
		return -EINVAL;
	if (vm->heaps.contexts)
		return 0;

	contexts = panthor_kbo_create(ptdev, vm, PANTHOR_HEAP_CONTEXTS_SIZE);
	if (IS_ERR(contexts))
		return PTR_ERR(contexts);

	vm->heaps.contexts = contexts;
	WRITE_ONCE(vm->heaps.size, vm->heaps.size + PANTHOR_HEAP_CONTEXTS_SIZE);
	return 0;
}

static int panthor_heap_add_locked(struct panthor_device *ptdev, struct panthor_vm *vm,
				   struct drm_panthor_tiler_heap_create *args)
{
	static const u8 unused[PANTHOR_HEAP_CONTEXT_STRIDE];
	struct panthor_heap *heap;
	u32 index;
	int ret;

	heap = panthor_heap_alloc_locked(ptdev, vm, args->chunk_size, args->initial_chunk_count);
	if (IS_ERR(heap))
		return PTR_ERR(heap);

	ret = xa_alloc(&vm->heaps.heaps, &index, heap, XA_LIMIT(0, PANTHOR_HEAP_MAX - 1),
		       GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_heap;
	/* A heap that had the index before may have been used. */
	ret = panthor_kbo_write(vm->heaps.contexts, index * PANTHOR_HEAP_CONTEXT_STRIDE, unused,
				sizeof(unused));
	if (ret)
		goto err_index;

	args->handle = args->vm_id << 16 | index;
	args->tiler_heap_ctx_gpu_va = panthor_kbo_va(vm->heaps.contexts) +
				      index * PANTHOR_HEAP_CONTEXT_STRIDE;
	args->first_heap_chunk_gpu_va =
		panthor_kbo_va(heap->chunks[args->initial_chunk_count - 1]);
	return 0;

err_index:
	xa_erase(&vm->heaps.heaps, index);
err_heap:
	panthor_heap_free_locked(&vm->heaps, heap);
	return ret;
}

static int panthor_heap_create_locked(struct panthor_device *ptdev, struct panthor_vm *vm,
				      struct drm_panthor_tiler_heap_create *args)
{
	bool first = !vm->heaps.contexts;
	int ret;

	ret = panthor_heap_need_contexts_locked(ptdev, vm);
	if (ret)
		return ret;

	ret = panthor_heap_add_locked(ptdev, vm, args);
	if (ret && first)
		panthor_heap_drop_contexts_locked(&vm->heaps);
	return ret;
}

int panthor_heap_create(struct panthor_device *ptdev, struct panthor_vm *vm,
			struct drm_panthor_tiler_heap_create *args)
{
	int ret;

	if (!args->initial_chunk_count || args->initial_chunk_count > args->max_chunks ||
	    !IS_ALIGNED(args->chunk_size, PAGE_SIZE) ||
	    args->chunk_size < PANTHOR_HEAP_CHUNK_MIN || args->chunk_size > PANTHOR_HEAP_CHUNK_MAX)
		return -EINVAL;

	/* More than the memory of the machine; each chunk is one at least. */
	if (args->initial_chunk_count > totalram_pages() / (args->chunk_size >> PAGE_SHIFT))
		return -ENOMEM;

	mutex_lock(&vm->heaps.lock);
	ret = panthor_heap_create_locked(ptdev, vm, args);
	mutex_unlock(&vm->heaps.lock);
	return ret;
}

int panthor_heap_destroy(struct panthor_vm *vm, u32 index)
{
	struct panthor_heap *heap;
	int ret = -EINVAL;

	mutex_lock(&vm->heaps.lock);
	heap = xa_erase(&vm->heaps.heaps, index);
	if (heap) {
		panthor_heap_free_locked(&vm->heaps, heap);
		ret = 0;
	} else if (!vm->heaps.contexts) {
		ret = -ENOENT;
	}
	mutex_unlock(&vm->heaps.lock);
	return ret;
}
