// SPDX-License-Identifier: MIT
/* Buffer objects: birth, references, death. */
#include <errno.h>
#include <stdlib.h>

#include "bo.h"
#include "vm.h"

struct panthor_bo *bo_alloc(struct panthor_device *dev)
{
	struct panthor_bo *bo = io_alloc(dev->io, sizeof(*bo));

	if (!bo)
		return NULL;
	if (pthread_mutex_init(&bo->map_lock, NULL)) {
		free(bo);
		return NULL;
	}
	atomic_init(&bo->refs, 1);
	bo->info.dev = device_get(dev);
	return bo;
}

void bo_free(struct panthor_bo *bo)
{
	if (bo->destroy_user)
		bo->destroy_user(atomic_load_explicit(&bo->user, memory_order_relaxed));
	bo_drop_map(bo);
	pthread_mutex_destroy(&bo->map_lock);
	panthor_vm_unref(bo->info.vm);
	device_put(bo->info.dev);
	free(bo);
}

void bo_close_handle_locked(const struct panthor_device *dev, uint32_t handle)
{
	struct drm_gem_close close = { .handle = handle };

	/* It fails when the device was unplugged, and then there is nothing left to close. */
	device_ioctl(dev, DRM_IOCTL_GEM_CLOSE, &close);
}

/* Rounds up to pages; the result fits a file offset, which is how every size travels at last. */
static int round_size(const struct panthor_device *dev, uint64_t size, uint64_t *ret_size)
{
	uint64_t mask = dev->info.page_size - 1, rounded;

	if (!size || __builtin_add_overflow(size, mask, &rounded))
		return -EINVAL;
	rounded &= ~mask;
	if (rounded > INT64_MAX)
		return -EINVAL;

	*ret_size = rounded;
	return 0;
}

int bo_check_flags(struct panthor_device *dev, uint32_t flags)
{
	if (flags & ~BO_KNOWN_FLAGS || (flags & BO_KNOWN_FLAGS) == BO_KNOWN_FLAGS)
		return -EINVAL;
	if (flags & PANTHOR_BO_WB_MMAP)
		return device_require(dev, PANTHOR_FEATURE_BO_WB_MMAP);
	return 0;
}

static int create_handle(struct panthor_bo *bo, uint64_t size, uint32_t flags)
{
	struct panthor_device *dev = bo->info.dev;
	struct drm_panthor_bo_create create = {
		.size = size,
		.flags = flags,
		.exclusive_vm_id = bo->info.vm ? bo->info.vm->info.id : 0,
	};
	int r = device_ioctl(dev, DRM_IOCTL_PANTHOR_BO_CREATE, &create);

	if (r)
		return r;
	if (!create.handle)
		return -EPROTO;
	if (create.size < size || create.size > INT64_MAX ||
	    create.size & (dev->info.page_size - 1)) {
		io_lock(dev->io, &dev->handles.lock);
		bo_close_handle_locked(dev, create.handle);
		io_unlock(dev->io, &dev->handles.lock);
		return -EPROTO;
	}

	bo->info.handle = create.handle;
	bo->info.size = create.size;
	bo->info.flags = flags;
	return 0;
}

PANTHOR_PUBLIC
int panthor_bo_new(struct panthor_device *dev, struct panthor_vm *vm, uint64_t size, uint32_t flags,
		   struct panthor_bo **ret_bo)
{
	struct panthor_bo *bo;
	int r = round_size(dev, size, &size);

	if (!r)
		r = bo_check_flags(dev, flags);
	if (!r && vm && vm->dev != dev)
		r = -EINVAL;
	if (r)
		return r;

	bo = bo_alloc(dev);
	if (!bo)
		return -ENOMEM;
	bo->info.vm = vm ? panthor_vm_ref(vm) : NULL;
	r = create_handle(bo, size, flags);
	if (r) {
		bo_free(bo);
		return r;
	}

	/* No import can meet the handle before this: nobody has exported it yet. */
	io_lock(dev->io, &dev->handles.lock);
	handle_table_insert_locked(&dev->handles, dev->io, bo);
	account_add_locked(&dev->accounts, bo);
	io_unlock(dev->io, &dev->handles.lock);
	*ret_bo = bo;
	return 0;
}

PANTHOR_PUBLIC
struct panthor_bo *panthor_bo_ref(struct panthor_bo *bo)
{
	atomic_fetch_add_explicit(&bo->refs, 1, memory_order_relaxed);
	return bo;
}

static bool put_unless_last(struct panthor_bo *bo)
{
	unsigned int refs = atomic_load_explicit(&bo->refs, memory_order_relaxed);

	while (refs > 1) {
		if (atomic_compare_exchange_weak(&bo->refs, &refs, refs - 1))
			return true;
	}
	return false;
}

/*
 * The count reaches zero with the lock held or not at all. Were it dropped first and the lock
 * taken afterwards, an import in between would revive the BO, and its unref would free it a second
 * time. GEM_CLOSE comes under the same lock, for an import must not be given a handle that is
 * about to be closed.
 */
static bool put_locked(struct panthor_bo *bo)
{
	if (atomic_fetch_sub_explicit(&bo->refs, 1, memory_order_acq_rel) > 1)
		return false;

	handle_table_remove_locked(&bo->info.dev->handles, bo);
	account_remove_locked(&bo->info.dev->accounts, bo);
	bo_close_handle_locked(bo->info.dev, bo->info.handle);
	return true;
}

PANTHOR_PUBLIC
struct panthor_bo *panthor_bo_unref(struct panthor_bo *bo)
{
	struct panthor_device *dev;
	bool dead;

	if (!bo || put_unless_last(bo))
		return NULL;

	dev = bo->info.dev;
	io_lock(dev->io, &dev->handles.lock);
	dead = put_locked(bo);
	io_unlock(dev->io, &dev->handles.lock);

	/* A mapping kept the memory so far, so its pages are given back here, without the lock. */
	if (dead)
		bo_free(bo);
	return NULL;
}

PANTHOR_PUBLIC
void *panthor_bo_set_user(struct panthor_bo *bo, void *user, void (*destroy)(void *user))
{
	void *before = NULL;

	if (!user)
		return atomic_load_explicit(&bo->user, memory_order_acquire);
	if (!atomic_compare_exchange_strong(&bo->user, &before, user))
		return before;
	bo->destroy_user = destroy;
	return user;
}
