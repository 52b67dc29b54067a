// SPDX-License-Identifier: MIT
/* VMs and what is bound in them: ranges that overlap, split, and end at the limits. */
#include "fz.h"

#define BIND_OPS 8

void fz_make_vm(struct fz_worker *w)
{
	struct drm_panthor_vm_create args = { 0 };

	if (fz_one_in(w, 3))
		args.user_va_range = fz_number(w) >> fz_below(w, 32);
	if (fz_call(w, FZ_VM_CREATE, &args) == 0)
		fz_keep(w, FZ_VM, args.id);
}

static void step_destroy(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t id = fz_pick(w, FZ_VM, &slot);

	if (fz_destroy(w, FZ_VM, id) == 0)
		fz_forget(w, FZ_VM, slot, id);
}

static void step_state(struct fz_worker *w)
{
	struct drm_panthor_vm_get_state args = { 0 };
	unsigned int slot;

	args.vm_id = fz_pick(w, FZ_VM, &slot);
	fz_call(w, FZ_VM_GET_STATE, &args);
}

/* Mostly of a few megabytes, where ranges meet; some need tables of their own. */
static uint64_t some_va(struct fz_worker *w)
{
	switch (fz_below(w, 40)) {
	case 0:
		return fz_number(w);
	case 1:
		return (1ull << fz_below(w, 49)) - KT_PAGE * fz_below(w, 4);
	case 2:
		return fz_number(w) & 0x7fffffff000ull;
	default:
		return 2 * KT_MIB * fz_below(w, 4) + KT_PAGE * fz_small(w, 9);
	}
}

static void map_op(struct fz_worker *w, unsigned int vm, struct drm_panthor_vm_bind_op *op)
{
	struct fz_table *table = w->file->table;
	unsigned int slot;
	uint64_t pages;

	op->flags = (uint32_t)fz_below(w, 2 * DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED);
	if (fz_one_in(w, 2))
		op->flags = 0;
	op->va = some_va(w);
	if (fz_one_in(w, 12)) {
		op->flags |= DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
		op->size = KT_PAGE * fz_small(w, 12);
		return;
	}
	op->bo_handle = fz_pick(w, FZ_BO, &slot);
	pages = slot < FZ_SLOTS ? table->bo_size[slot] / KT_PAGE : 1;
	if (fz_one_in(w, 2))
		op->bo_offset = fz_below(w, pages + 1) * KT_PAGE;
	op->size = pages * KT_PAGE - op->bo_offset;
	if (fz_one_in(w, 4) && op->size)
		op->size = (1 + fz_below(w, op->size / KT_PAGE)) * KT_PAGE;
	if (vm < FZ_SLOTS && op->size)
		table->bound[vm][fz_below(w, FZ_BINDS)] = (struct fz_bound){ op->va, op->size };
}

/* Half of what is unmapped begins or ends where something was mapped. */
static void unmap_op(struct fz_worker *w, unsigned int vm, struct drm_panthor_vm_bind_op *op)
{
	op->flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP;
	op->va = some_va(w);
	op->size = KT_PAGE * fz_small(w, 10);
	if (vm < FZ_SLOTS && fz_one_in(w, 2)) {
		const struct fz_bound *bound = &w->file->table->bound[vm][fz_below(w, FZ_BINDS)];

		op->va = bound->va + fz_below(w, bound->size / KT_PAGE + 1) * KT_PAGE;
	}
	if (fz_one_in(w, 40)) {
		op->va = 0;
		op->size = 1ull << fz_below(w, 49);
	}
}

static void some_op(struct fz_worker *w, unsigned int vm, bool async,
		    struct drm_panthor_vm_bind_op *op)
{
	uint64_t kind = fz_below(w, 12);

	if (async && fz_one_in(w, 3))
		op->syncs = fz_syncs(w);
	if (kind == 0 && op->syncs.count)
		op->flags = DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY;
	else if (kind < 4)
		unmap_op(w, vm, op);
	else
		map_op(w, vm, op);
}

static void bind(struct fz_worker *w, bool async)
{
	struct drm_panthor_vm_bind_op ops[BIND_OPS] = { 0 };
	struct drm_panthor_vm_bind args = { .flags = async ? DRM_PANTHOR_VM_BIND_ASYNC : 0 };
	uint32_t count = 1 + (uint32_t)fz_small(w, 2), i;
	unsigned int slot;

	args.vm_id = fz_pick(w, FZ_VM, &slot);
	if (!args.vm_id && !fz_one_in(w, 8)) {
		fz_make_vm(w);
		return;
	}
	for (i = 0; i < count; i++)
		some_op(w, slot, async, &ops[i]);
	args.ops = fz_put_array(w, &fz_bind_op_shape, ops, count);
	if (fz_call(w, FZ_VM_BIND, &args) == 0 && args.flags & DRM_PANTHOR_VM_BIND_ASYNC)
		fz_settle_vm(w, args.vm_id);
}

void fz_bind_some(struct fz_worker *w)
{
	bind(w, false);
}

void fz_bind_later(struct fz_worker *w)
{
	bind(w, true);
}

const struct fz_step fz_vm_steps[] = {
	{ fz_make_vm, 10 },   { step_destroy, 6 },   { step_state, 12 },
	{ fz_bind_some, 90 }, { fz_bind_later, 50 }, { NULL, 0 },
};
