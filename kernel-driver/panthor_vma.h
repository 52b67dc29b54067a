/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_VMA_H__
#define __PANTHOR_VMA_H__

#include <linux/list.h>

#include <drm/drm_gpuvm.h>

#include "panthor_pt.h"

struct drm_file;
struct drm_panthor_vm_bind_op;
struct panthor_gem_object;
struct panthor_vm;

/**
 * struct panthor_vma - one mapping
 */
struct panthor_vma {
	/** @base: under the VM's op_lock; DRM_GPUVA_INVALIDATED says that its BO was evicted. */
	struct drm_gpuva base;

	/** @flags: attributes from enum drm_panthor_vm_bind_op_flags; constant. */
	u32 flags;
};

/**
 * struct panthor_bind_ctx - what an operation may need, allocated before the first lock
 *
 * Cutting one mapping in two and putting another between takes three; whatever is over, or was
 * taken out, is freed after the locks.
 */
struct panthor_bind_ctx {
	/** @vm: the address space. */
	struct panthor_vm *vm;

	/** @spare: mappings to be used. */
	struct panthor_vma *spare[3];

	/** @dead: mappings taken out, by gem.entry; each still has a reference on its vm_bo. */
	struct list_head dead;

	/** @tables: for the page table. */
	struct panthor_pt_cache tables;

	/** @unmap: whether the range is to be unmapped rather than mapped. */
	bool unmap;

	/** @va: start of the range. */
	u64 va;

	/** @size: bytes of the range; 0 for nothing to do. */
	u64 size;

	/** @offset: where the new mapping starts in @bo. */
	u64 offset;

	/** @flags: attributes of the new mapping. */
	u32 flags;

	/** @bo: BO of the new mapping, with a reference; NULL for a sparse one. */
	struct panthor_gem_object *bo;

	/** @vm_bo: @bo in @vm, with a reference. */
	struct drm_gpuvm_bo *vm_bo;

	/** @pinned: @bo is resident and pinned until the end; a purged one can not be. */
	bool pinned;
};

extern const struct drm_gpuvm_ops panthor_gpuvm_ops;

/** panthor_vm_free() - the end of a VM without references */
void panthor_vm_free(struct drm_gpuvm *gpuvm);

/**
 * panthor_bind_prepare() - check an operation and get all that it needs
 * @ctx: for panthor_bind_fini(), also on failure
 * @file: for the BO handle
 * @vm: address space, kept alive by the caller
 * @op: operation, from user memory
 *
 * Return: 0, -EINVAL, -ENOMEM, -EINTR.
 */
int panthor_bind_prepare(struct panthor_bind_ctx *ctx, struct drm_file *file,
			 struct panthor_vm *vm, const struct drm_panthor_vm_bind_op *op);

/**
 * panthor_bind_exec() - carry a prepared operation out
 * @ctx: operation
 *
 * A fence may depend on this: nothing is allocated, no resv taken.
 *
 * Return: 0 or -EINVAL for a range outside of the address space, or a map into a VM that takes
 * none any more.
 */
int panthor_bind_exec(struct panthor_bind_ctx *ctx);

void panthor_bind_fini(struct panthor_bind_ctx *ctx);

/**
 * panthor_vm_bo_expect_locked() - mappings are on their way that will be linked as evicted
 * @vm_bo: place, the BO's gpuva_lock held
 * @change: how many more or less
 *
 * Meanwhile submissions go on looking at the place.
 */
void panthor_vm_bo_expect_locked(struct drm_gpuvm_bo *vm_bo, int change);

/**
 * panthor_vm_bo_put() - drop a reference on a BO's place in a VM
 * @vm_bo: place; no lock held
 */
void panthor_vm_bo_put(struct drm_gpuvm_bo *vm_bo);

/**
 * panthor_vm_bo_live_count_locked() - in how many VMs the GPU can reach a BO
 * @bo: BO, resv and gpuva_lock held
 * @ret_vm: one of them, when there is one
 *
 * Return: 0, 1, or 2 for more.
 */
unsigned int panthor_vm_bo_live_count_locked(struct panthor_gem_object *bo,
					     struct panthor_vm **ret_vm);

/**
 * panthor_vm_bo_evict_locked() - take a BO out of the GPU's reach
 * @bo: BO, resv and gpuva_lock held, idle
 *
 * Its mappings stay in the address spaces, marked as evicted. No job can come to one of them while
 * the BO's resv is held.
 *
 * Return: false when a VM was being changed or has jobs; the BO may have left other VMs by then.
 */
bool panthor_vm_bo_evict_locked(struct panthor_gem_object *bo);

#endif
