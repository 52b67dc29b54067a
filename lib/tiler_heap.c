// SPDX-License-Identifier: MIT
/* Tiler heaps. */
#include <errno.h>
#include <stdlib.h>

#include "params.h"
#include "vm.h"

struct panthor_tiler_heap {
	/* Constant from birth to unref. The VM is referenced. */
	struct panthor_tiler_heap_info info;
	struct panthor_vm *vm;
};
INFO_COMES_FIRST(panthor_tiler_heap);

static void destroy_handle(const struct panthor_device *dev, uint32_t handle)
{
	struct drm_panthor_tiler_heap_destroy destroy = { .handle = handle };

	device_ioctl(dev, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &destroy);
}

static uint32_t value_or(uint32_t value, uint32_t fallback)
{
	return value ? value : fallback;
}

static int create_handle(struct panthor_tiler_heap *heap,
			 const struct panthor_tiler_heap_params *params)
{
	struct drm_panthor_tiler_heap_create create = {
		.vm_id = heap->vm->info.id,
		.initial_chunk_count = value_or(params->initial_chunks, 5),
		.chunk_size = value_or(params->chunk_size, 2 << 20),
		.max_chunks = value_or(params->max_chunks, 64),
		.target_in_flight = value_or(params->target_in_flight, 65535),
	};
	int r = device_ioctl(heap->vm->dev, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &create);

	if (r)
		return r;
	if (!create.tiler_heap_ctx_gpu_va || !create.first_heap_chunk_gpu_va) {
		destroy_handle(heap->vm->dev, create.handle);
		return -EPROTO;
	}

	heap->info.handle = create.handle;
	heap->info.context_va = create.tiler_heap_ctx_gpu_va;
	heap->info.first_chunk_va = create.first_heap_chunk_gpu_va;
	return 0;
}

PANTHOR_PUBLIC
int panthor_tiler_heap_new(struct panthor_vm *vm, const struct panthor_tiler_heap_params *params,
			   struct panthor_tiler_heap **ret_heap)
{
	struct panthor_tiler_heap_params own;
	struct panthor_tiler_heap *heap;
	int r = params_read(params, &own, sizeof(own));

	if (r)
		return r;
	heap = io_alloc(vm->dev->io, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	heap->vm = vm;
	r = create_handle(heap, &own);
	if (r) {
		free(heap);
		return r;
	}

	panthor_vm_ref(vm);
	*ret_heap = heap;
	return 0;
}

PANTHOR_PUBLIC
struct panthor_tiler_heap *panthor_tiler_heap_unref(struct panthor_tiler_heap *heap)
{
	if (!heap)
		return NULL;

	destroy_handle(heap->vm->dev, heap->info.handle);
	panthor_vm_unref(heap->vm);
	free(heap);
	return NULL;
}
