// SPDX-License-Identifier: MIT
/* Bind batches. */
#include <errno.h>
#include <stdlib.h>

#include "bo.h"
#include "sync_list.h"
#include "vm.h"

/* What the kernel does not need to know about an op. */
struct bind_entry {
	struct panthor_bo *bo; /* referenced, or NULL */
	uint32_t syncs;	       /* its own, without those of the batch */
};

struct panthor_bind {
	struct panthor_vm *vm; /* referenced */
	struct array ops;      /* struct drm_panthor_vm_bind_op */
	struct array entries;  /* struct bind_entry, one for each op */

	/* In the order of use: waits of the batch, what ops have of their own, its signals. */
	struct sync_list syncs;
	uint32_t waits;
	uint32_t signals;
};

PANTHOR_PUBLIC
int panthor_bind_new(struct panthor_vm *vm, struct panthor_bind **ret_bind)
{
	struct panthor_bind *bind = io_alloc(vm->dev->io, sizeof(*bind));

	if (!bind)
		return -ENOMEM;
	bind->vm = panthor_vm_ref(vm);
	*ret_bind = bind;
	return 0;
}

PANTHOR_PUBLIC
void panthor_bind_reset(struct panthor_bind *bind)
{
	const struct bind_entry *entries = bind->entries.items;

	for (uint32_t i = 0; i < bind->entries.count; i++)
		panthor_bo_unref(entries[i].bo);
	bind->ops.count = 0;
	bind->entries.count = 0;
	bind->syncs.ops.count = 0;
	bind->waits = 0;
	bind->signals = 0;
}

PANTHOR_PUBLIC
struct panthor_bind *panthor_bind_free(struct panthor_bind *bind)
{
	if (!bind)
		return NULL;
	panthor_bind_reset(bind);
	array_free(&bind->ops);
	array_free(&bind->entries);
	array_free(&bind->syncs.ops);
	panthor_vm_unref(bind->vm);
	free(bind);
	return NULL;
}

static int add_op(struct panthor_bind *bind, const struct drm_panthor_vm_bind_op *op,
		  struct panthor_bo *bo)
{
	const struct panthor_transport *io = bind->vm->dev->io;
	struct drm_panthor_vm_bind_op *ops;
	struct bind_entry *entries;
	int r = array_reserve(io, &bind->ops, sizeof(*ops));

	if (!r)
		r = array_reserve(io, &bind->entries, sizeof(*entries));
	if (r)
		return r;

	ops = bind->ops.items;
	entries = bind->entries.items;
	ops[bind->ops.count++] = *op;
	entries[bind->entries.count++].bo = bo ? panthor_bo_ref(bo) : NULL;
	entries[bind->entries.count - 1].syncs = 0;
	return 0;
}

PANTHOR_PUBLIC
int panthor_bind_map(struct panthor_bind *bind, struct panthor_bo *bo, uint64_t bo_offset,
		     uint64_t va, uint64_t size, uint32_t flags)
{
	struct drm_panthor_vm_bind_op op;
	int r = vm_fill_map(bind->vm, bo, bo_offset, va, size, flags, &op);

	return r ? r : add_op(bind, &op, bo);
}

PANTHOR_PUBLIC
int panthor_bind_unmap(struct panthor_bind *bind, uint64_t va, uint64_t size)
{
	struct drm_panthor_vm_bind_op op;
	int r = vm_fill_unmap(bind->vm, va, size, &op);

	return r ? r : add_op(bind, &op, NULL);
}

static int add_own_sync(struct panthor_bind *bind, enum sync_direction direction, uint32_t handle,
			uint64_t point)
{
	struct bind_entry *entries = bind->entries.items;
	uint32_t index = bind->syncs.ops.count - bind->signals;
	int r;

	if (!bind->entries.count)
		return -EINVAL;
	r = sync_list_insert(bind->vm->dev->io, &bind->syncs, index, direction, handle, point);
	if (!r)
		entries[bind->entries.count - 1].syncs++;
	return r;
}

static int add_batch_sync(struct panthor_bind *bind, enum sync_direction direction, uint32_t handle,
			  uint64_t point)
{
	uint32_t index = direction == SYNC_WAIT ? bind->waits : bind->syncs.ops.count;
	int r = sync_list_insert(bind->vm->dev->io, &bind->syncs, index, direction, handle, point);

	if (!r)
		(*(direction == SYNC_WAIT ? &bind->waits : &bind->signals))++;
	return r;
}

static int add_sync(struct panthor_bind *bind, enum panthor_bind_scope scope,
		    enum sync_direction direction, uint32_t handle, uint64_t point)
{
	switch (scope) {
	case PANTHOR_BIND_BATCH:
		return add_batch_sync(bind, direction, handle, point);
	case PANTHOR_BIND_LAST_OP:
		return add_own_sync(bind, direction, handle, point);
	}
	return -EINVAL;
}

PANTHOR_PUBLIC
int panthor_bind_wait(struct panthor_bind *bind, enum panthor_bind_scope scope, uint32_t handle,
		      uint64_t point)
{
	return add_sync(bind, scope, SYNC_WAIT, handle, point);
}

PANTHOR_PUBLIC
int panthor_bind_signal(struct panthor_bind *bind, enum panthor_bind_scope scope, uint32_t handle,
			uint64_t point)
{
	return add_sync(bind, scope, SYNC_SIGNAL, handle, point);
}

PANTHOR_PUBLIC
int panthor_bind_run(struct panthor_bind *bind, uint32_t *ret_done)
{
	uint32_t done = 0;
	int r = 0;

	if (bind->syncs.ops.count)
		r = -EINVAL;
	else if (bind->ops.count)
		r = vm_run_ops(bind->vm, bind->ops.items, bind->ops.count, &done);
	if (ret_done)
		*ret_done = done;
	return r;
}

static int queue_ops(const struct panthor_bind *bind, const struct drm_panthor_vm_bind_op *ops,
		     uint32_t count)
{
	struct drm_panthor_vm_bind arg = {
		.vm_id = bind->vm->info.id,
		.flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(count, ops),
	};

	return device_ioctl(bind->vm->dev, DRM_IOCTL_PANTHOR_VM_BIND, &arg);
}

/* The first op waits for the batch too, the last one signals for it. */
static void place_syncs(struct panthor_bind *bind)
{
	struct drm_panthor_vm_bind_op *ops = bind->ops.items;
	const struct bind_entry *entries = bind->entries.items;
	uint32_t first = 0, last = bind->ops.count - 1;

	for (uint32_t i = 0; i <= last; i++) {
		uint32_t count = entries[i].syncs;

		if (i == 0)
			count += bind->waits;
		if (i == last)
			count += bind->signals;
		ops[i].syncs = sync_list_slice(&bind->syncs, first, count);
		first += count;
	}
}

PANTHOR_PUBLIC
int panthor_bind_queue(struct panthor_bind *bind)
{
	struct drm_panthor_vm_bind_op sync_only = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
		.syncs = sync_list_slice(&bind->syncs, 0, bind->syncs.ops.count),
	};

	if (bind->ops.count) {
		place_syncs(bind);
		return queue_ops(bind, bind->ops.items, bind->ops.count);
	}
	return sync_only.syncs.count ? queue_ops(bind, &sync_only, 1) : 0;
}
