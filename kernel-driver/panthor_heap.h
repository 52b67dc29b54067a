/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_HEAP_H__
#define __PANTHOR_HEAP_H__

#include <linux/mutex.h>
#include <linux/xarray.h>

struct drm_panthor_tiler_heap_create;
struct panthor_device;
struct panthor_kbo;
struct panthor_vm;

/** PANTHOR_HEAP_MAX - tiler heaps of one VM */
#define PANTHOR_HEAP_MAX 128

/**
 * struct panthor_heap_pool - the tiler heaps of a VM
 */
struct panthor_heap_pool {
	/** @lock: all of this. */
	struct mutex lock;

	/** @contexts: what the GPU keeps of each heap; made with the first one. */
	struct panthor_kbo *contexts;

	/** @heaps: struct panthor_heap by index, from 0. */
	struct xarray heaps;

	/** @size: bytes of @contexts and all chunks; READ_ONCE for statistics. */
	size_t size;

	/** @destroyed: no heap can be made any more. */
	bool destroyed;
};

void panthor_heap_pool_init(struct panthor_heap_pool *pool);
void panthor_heap_pool_fini(struct panthor_heap_pool *pool);

/**
 * panthor_heap_create() - new tiler heap
 * @ptdev: device
 * @vm: its VM
 * @args: the ioctl's; handle and addresses are set on success
 *
 * Return: 0, -EINVAL, -EBUSY too many heaps, -ENOMEM, -ENOSPC.
 */
int panthor_heap_create(struct panthor_device *ptdev, struct panthor_vm *vm,
			struct drm_panthor_tiler_heap_create *args);

/** panthor_heap_destroy() - 0, -ENOENT the VM never had a heap, -EINVAL it has not this one */
int panthor_heap_destroy(struct panthor_vm *vm, u32 index);

#endif
