// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * GPU address spaces and their ids.
 */

#include <linux/module.h>
#include <linux/sched/mm.h>

#include <drm/drm_gpuvm.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_vm.h"
#include "panthor_vma.h"

/* The least that the kernel keeps of an address space for itself. */
#define PANTHOR_VM_MIN_KERNEL_RANGE SZ_256M

static u64 panthor_vm_full_range(struct panthor_device *ptdev)
{
	return 1ull << DRM_PANTHOR_MMU_VA_BITS(ptdev->gpu_info.mmu_features);
}

static u64 panthor_vm_default_user_range(u64 full)
{
	u64 user;

	if (full > TASK_SIZE)
		user = TASK_SIZE;
	else if (full > SZ_4G)
		user = full / 2;
	else
		user = full - PANTHOR_VM_MIN_KERNEL_RANGE;

	return min(user, full - PANTHOR_VM_MIN_KERNEL_RANGE);
}

/* The kernel's part is a power of two at the end, the client gets all below it. */
static u64 panthor_vm_user_range(struct panthor_device *ptdev, u64 wanted)
{
	u64 full = panthor_vm_full_range(ptdev);

	if (!wanted)
		wanted = panthor_vm_default_user_range(full);
	if (wanted > full - PANTHOR_VM_MIN_KERNEL_RANGE)
		return 0;

	return full - rounddown_pow_of_two(full - wanted);
}

static struct panthor_vm *panthor_vm_create(struct panthor_device *ptdev, u64 user_range)
{
	struct drm_gem_object *root = drm_gpuvm_resv_object_alloc(&ptdev->base);
	struct panthor_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!root || !vm)
		goto err_free;
	panthor_pt_cache_init(&vm->spare_tables);
	ret = panthor_pt_init(&vm->pt);
	if (ret)
		goto err_free;
	ret = -ENOMEM;
	vm->sparse_page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vm->sparse_page)
		goto err_free;
	vm->binds = panthor_bind_queue_create(ptdev);
	if (IS_ERR(vm->binds)) {
		ret = PTR_ERR(vm->binds);
		goto err_free;
	}

	mutex_init(&vm->op_lock);
	mutex_init(&vm->run_lock);
	mutex_init(&vm->as_lock);
	mutex_init(&vm->submit_lock);
	mutex_init(&vm->mm_lock);

	/* Reclaim only tries op_lock, which teaches lockdep nothing about allocations under it. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&vm->op_lock);
	might_lock(&vm->run_lock);
	might_lock(&vm->as_lock);
	fs_reclaim_release(GFP_KERNEL);

	drm_mm_init(&vm->mm, user_range, panthor_vm_full_range(ptdev) - user_range);
	panthor_heap_pool_init(&vm->heaps);
	vm->user_range = user_range;
	drm_gpuvm_init(&vm->base, "panthor", DRM_GPUVM_RESV_PROTECTED, &ptdev->base, root, 0,
		       panthor_vm_full_range(ptdev), 0, 0, &panthor_gpuvm_ops);
	drm_gem_object_put(root);
	panthor_reclaim_vm_init(ptdev, &vm->reclaim);

	/* Jobs keep their VM; with it goes the code that they come back to. */
	__module_get(THIS_MODULE);
	return vm;

err_free:
	if (vm) {
		panthor_pt_fini(&vm->pt);
		free_page((unsigned long)vm->sparse_page);
	}
	kfree(vm);
	if (root)
		drm_gem_object_put(root);
	return ERR_PTR(ret);
}

static void panthor_vm_free_work(struct work_struct *work)
{
	struct panthor_vm *vm = container_of(work, struct panthor_vm, free_work);

	panthor_bind_queue_destroy(vm->binds);
	panthor_pt_fini(&vm->pt);
	panthor_pt_cache_fini(&vm->spare_tables);
	free_page((unsigned long)vm->sparse_page);
	drm_mm_takedown(&vm->mm);
	mutex_destroy(&vm->heaps.lock);
	mutex_destroy(&vm->mm_lock);
	mutex_destroy(&vm->submit_lock);
	mutex_destroy(&vm->as_lock);
	mutex_destroy(&vm->run_lock);
	mutex_destroy(&vm->op_lock);
	kfree(vm);
	module_put(THIS_MODULE);
}

/* Reclaim may drop the last reference, and must not wait for the scheduler of binds. */
void panthor_vm_free(struct drm_gpuvm *gpuvm)
{
	struct panthor_vm *vm = to_panthor_vm(gpuvm);

	panthor_hold(to_panthor_device(gpuvm->drm), PANTHOR_HOLD_VM_END);
	panthor_reclaim_vm_fini(to_panthor_device(gpuvm->drm), &vm->reclaim);
	INIT_WORK(&vm->free_work, panthor_vm_free_work);
	queue_work(panthor_cleanup_wq, &vm->free_work);
}

static void panthor_vm_destroy(struct panthor_vm *vm)
{
	mutex_lock(&vm->submit_lock);
	mutex_lock(&vm->op_lock);
	vm->destroyed = true;
	mutex_unlock(&vm->op_lock);
	mutex_unlock(&vm->submit_lock);

	/* Nothing is pushed any more; what has not run yet could only fail. */
	panthor_bind_queue_kill(vm->binds);
	panthor_heap_pool_fini(&vm->heaps);
	panthor_vm_unmap_whole(vm, vm->base.mm_start, vm->base.mm_range);
	panthor_vm_put(vm);
}

void panthor_vm_pool_init(struct panthor_file *pfile)
{
	xa_init_flags(&pfile->vms, XA_FLAGS_ALLOC1);
}

void panthor_vm_pool_fini(struct panthor_file *pfile)
{
	struct panthor_vm *vm;
	unsigned long id;

	xa_for_each(&pfile->vms, id, vm)
		panthor_vm_destroy(vm);
	xa_destroy(&pfile->vms);
}

int panthor_vm_pool_create(struct panthor_file *pfile, struct drm_panthor_vm_create *args)
{
	u64 user_range = panthor_vm_user_range(pfile->ptdev, args->user_va_range);
	struct panthor_vm *vm;
	u32 id;
	int ret;

	if (!user_range)
		return -EINVAL;

	vm = panthor_vm_create(pfile->ptdev, user_range);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = xa_alloc(&pfile->vms, &id, vm, XA_LIMIT(1, PANTHOR_VM_MAX), GFP_KERNEL);
	if (ret) {
		panthor_vm_destroy(vm);
		return ret;
	}

	args->id = id;
	args->user_va_range = user_range;
	return 0;
}

int panthor_vm_pool_destroy(struct panthor_file *pfile, u32 id)
{
	struct panthor_vm *vm = xa_erase(&pfile->vms, id);

	if (!vm)
		return -EINVAL;

	panthor_vm_destroy(vm);
	return 0;
}

struct panthor_vm *panthor_vm_pool_get(struct panthor_file *pfile, u32 id)
{
	struct panthor_vm *vm;

	xa_lock(&pfile->vms);
	vm = xa_load(&pfile->vms, id);
	if (vm)
		panthor_vm_get(vm);
	xa_unlock(&pfile->vms);
	return vm;
}
