/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_VM_H__
#define __PANTHOR_VM_H__

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm.h>
#include <drm/drm_mm.h>

#include "panthor_gem_shrinker.h"
#include "panthor_heap.h"
#include "panthor_pt.h"

struct drm_panthor_vm_bind_op;
struct drm_panthor_vm_create;
struct panthor_bind_queue;
struct panthor_device;
struct panthor_file;
struct panthor_gem_object;

/** PANTHOR_VM_MAX - VMs of one open file */
#define PANTHOR_VM_MAX 32

/** PANTHOR_VM_SPARE_TABLES - tables that a VM keeps when nothing is in them any more */
#define PANTHOR_VM_SPARE_TABLES 8

/** PANTHOR_VM_SPARSE_MAX - bytes that one sparse mapping can have, for what its tables cost */
#define PANTHOR_VM_SPARSE_MAX BIT_ULL(40)

/** PANTHOR_VM_PAGE_SIZE - what addresses, offsets and sizes are multiples of */
#define PANTHOR_VM_PAGE_SIZE SZ_4K

/**
 * struct panthor_vm - a GPU address space
 *
 * Lives as long as a file has its id, or a mapping, group or queued operation refers to it. BOs
 * that are private to it keep only the object whose resv they share.
 */
struct panthor_vm {
	/** @base: mappings, under @op_lock; also the resv that private BOs share. */
	struct drm_gpuvm base;

	/**
	 * @op_lock: changes of the address space. Taken where a fence may depend on it, so nothing
	 * is allocated under it; reclaim only tries it.
	 */
	struct mutex op_lock;

	/**
	 * @run_lock: held while jobs run, and while VM_BIND changes mappings: one that is replaced
	 * is never seen missing. Reclaim needs it not, for it takes what no job uses. Comes after
	 * @op_lock; nothing is allocated under it.
	 */
	struct mutex run_lock;

	/** @submit_lock: keeps @destroyed away while asynchronous operations are queued. */
	struct mutex submit_lock;

	/**
	 * @as_lock: @pt and, while it is held, the memory behind it. Comes after op_lock and
	 * gpuva_lock; taken in reclaim, so nothing is allocated under it.
	 */
	struct mutex as_lock;

	/** @pt: what the GPU sees; changed under @op_lock and @as_lock. */
	struct panthor_pt pt;

	/** @spare_tables: a few for the next change of @pt; under @as_lock. */
	struct panthor_pt_cache spare_tables;

	/** @sparse_page: what sparse mappings show, a page of the VM's own. */
	void *sparse_page;

	/** @mm_lock: @mm. */
	struct mutex mm_lock;

	/** @mm: what is taken of the kernel's part of the address space. */
	struct drm_mm mm;

	/** @heaps: tiler heaps. */
	struct panthor_heap_pool heaps;

	/** @user_range: bytes of VA from 0 that belong to the client; constant. */
	u64 user_range;

	/**
	 * @destroyed: the client gave its id back, nothing can be mapped any more; set under
	 * @submit_lock and @op_lock.
	 */
	bool destroyed;

	/** @unusable: an asynchronous operation failed; only for maps and jobs; READ_ONCE. */
	bool unusable;

	/** @binds: asynchronous operations, in order; each has a reference on the VM. */
	struct panthor_bind_queue *binds;

	/** @free_work: the end, where waiting for @binds is allowed. */
	struct work_struct free_work;

	/** @missing: pages of the BO for which validation found no memory; under the VM's resv. */
	unsigned long missing;

	/** @reclaim: the BOs that only this VM uses. */
	struct panthor_reclaim_vm reclaim;
};

static inline struct panthor_vm *to_panthor_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct panthor_vm, base);
}

static inline struct panthor_vm *panthor_vm_get(struct panthor_vm *vm)
{
	drm_gpuvm_get(&vm->base);
	return vm;
}

/** panthor_vm_tryget() - take a reference unless the VM is being freed */
static inline bool panthor_vm_tryget(struct panthor_vm *vm)
{
	return kref_get_unless_zero(&vm->base.kref);
}

static inline void panthor_vm_put(struct panthor_vm *vm)
{
	if (vm)
		drm_gpuvm_put(&vm->base);
}

static inline struct drm_gem_object *panthor_vm_root_gem(struct panthor_vm *vm)
{
	return drm_gpuvm_resv_obj(&vm->base);
}

static inline struct dma_resv *panthor_vm_resv(struct panthor_vm *vm)
{
	return drm_gpuvm_resv(&vm->base);
}

void panthor_vm_pool_init(struct panthor_file *pfile);
void panthor_vm_pool_fini(struct panthor_file *pfile);

/**
 * panthor_vm_pool_create() - new VM with an id
 * @pfile: file
 * @args: the ioctl's, flags checked; id and user_va_range are set on success
 *
 * Return: 0, -EINVAL for a range that leaves the kernel less than its part, -EBUSY when the file
 * has all the VMs it can have, -ENOMEM.
 */
int panthor_vm_pool_create(struct panthor_file *pfile, struct drm_panthor_vm_create *args);

/**
 * panthor_vm_pool_destroy() - give an id back and unmap everything
 * @pfile: file
 * @id: id
 *
 * Return: 0 or -EINVAL for an unknown id.
 */
int panthor_vm_pool_destroy(struct panthor_file *pfile, u32 id);

/**
 * panthor_vm_pool_get() - VM of an id
 * @pfile: file
 * @id: id
 *
 * Return: VM with a reference for the caller, or NULL.
 */
struct panthor_vm *panthor_vm_pool_get(struct panthor_file *pfile, u32 id);

/**
 * panthor_vm_bind_op_sync() - carry out one operation now
 * @file: file, for BO handles
 * @vm: VM
 * @op: operation, from user memory
 *
 * Return: 0, -EINVAL for anything wrong with @op or a VM that can not be mapped into, -ENOMEM,
 * -EINTR.
 */
int panthor_vm_bind_op_sync(struct drm_file *file, struct panthor_vm *vm,
			    const struct drm_panthor_vm_bind_op *op);

/**
 * panthor_vm_bind_async() - queue operations
 * @file: file, for BO and syncobj handles
 * @vm: VM
 * @ops: operations, from user memory
 * @count: number of @ops, not 0
 *
 * All or none. Return: 0, -EINVAL, -ENOENT unknown syncobj to wait for, -ENOMEM, -EINTR.
 */
int panthor_vm_bind_async(struct drm_file *file, struct panthor_vm *vm,
			  const struct drm_panthor_vm_bind_op *ops, u32 count);

/** panthor_bind_queue_create() - what runs the asynchronous operations of a VM, or ERR_PTR */
struct panthor_bind_queue *panthor_bind_queue_create(struct panthor_device *ptdev);

/** panthor_bind_queue_kill() - kill what is queued; nothing may be pushed any more */
void panthor_bind_queue_kill(struct panthor_bind_queue *queue);

/** panthor_bind_queue_destroy() - the end of a queue whose operations are all gone; may wait */
void panthor_bind_queue_destroy(struct panthor_bind_queue *queue);

/**
 * panthor_vm_map_kernel() - map a BO of the driver's own, for data
 * @vm: VM
 * @bo: BO, all of it
 * @va: address in the kernel's part
 *
 * Return: 0, -ENOMEM, -EINVAL the VM is gone or unusable.
 */
int panthor_vm_map_kernel(struct panthor_vm *vm, struct panthor_gem_object *bo, u64 va);

/**
 * panthor_vm_unmap_whole() - unmap a range that cuts no mapping
 * @vm: VM
 * @va: start
 * @size: bytes
 *
 * Can not fail, since nothing has to be allocated for what is left.
 */
void panthor_vm_unmap_whole(struct panthor_vm *vm, u64 va, u64 size);

#endif
