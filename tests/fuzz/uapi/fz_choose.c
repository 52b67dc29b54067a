// SPDX-License-Identifier: MIT
/* Numbers and objects at random. */
#include "fz.h"

/* Slots of each kind that are used; BOs are the most, VMs have a low limit. */
static const unsigned int slots[FZ_KINDS] = { FZ_SLOTS, 10, 14, 6, 24 };

uint64_t fz_below(struct fz_worker *w, uint64_t n)
{
	return kt_rand(&w->rng) % n;
}

bool fz_one_in(struct fz_worker *w, unsigned int n)
{
	return fz_below(w, n) == 0;
}

uint64_t fz_small(struct fz_worker *w, unsigned int bits)
{
	return fz_below(w, 1ull << fz_below(w, bits + 1));
}

uint64_t fz_number(struct fz_worker *w)
{
	uint64_t power = 1ull << fz_below(w, 64);

	switch (fz_below(w, 8)) {
	case 0:
		return fz_below(w, 5);
	case 1:
		return power;
	case 2:
		return power - 1;
	case 3:
		return power + KT_PAGE;
	case 4:
		return 0 - power;
	case 5:
		return fz_small(w, 32) * KT_PAGE;
	case 6:
		return ~0ull - fz_below(w, 3);
	default:
		return kt_rand(&w->rng);
	}
}

static uint32_t odd_handle(struct fz_worker *w)
{
	const uint32_t *any = w->file->table->handle[fz_below(w, FZ_KINDS)];

	switch (fz_below(w, 4)) {
	case 0:
		return (uint32_t)fz_number(w);
	case 1:
		return any[fz_below(w, FZ_SLOTS)];
	case 2:
		return any[0] | 1u << (16 + fz_below(w, 16));
	default:
		return (uint32_t)fz_below(w, 64);
	}
}

uint32_t fz_pick(struct fz_worker *w, enum fz_kind kind, unsigned int *slot)
{
	const uint32_t *handles = w->file->table->handle[kind];
	unsigned int at = (unsigned int)fz_below(w, slots[kind]), i;

	*slot = FZ_SLOTS;
	if (fz_one_in(w, 30))
		return odd_handle(w);

	for (i = 0; i < slots[kind] && !handles[at]; i++)
		at = (at + 1) % slots[kind];
	*slot = at;
	return handles[at];
}

unsigned int fz_keep(struct fz_worker *w, enum fz_kind kind, uint32_t handle)
{
	uint32_t *handles = w->file->table->handle[kind];
	unsigned int at = (unsigned int)fz_below(w, slots[kind]);
	unsigned int next = (at + 1) % slots[kind];
	uint32_t before;

	if (handles[at] && !handles[next])
		at = next;
	/* At once, or another worker's would be lost and never be destroyed. */
	before = __atomic_exchange_n(&handles[at], handle, __ATOMIC_RELAXED);
	/* The call may have been bent. */
	if (before && before != handle && fz_destroy(w, kind, before) < 0)
		fz_destroy(w, kind, before);
	return at;
}

bool fz_keep_bo(struct fz_worker *w, uint32_t handle, uint64_t size)
{
	if (size > FZ_MAP_BYTES) {
		/* Not bent: it would stay, for whatever has that handle next. */
		fz_print_act(w, "close BO", handle);
		kt_bo_close(w->file->fd, handle);
		return false;
	}
	w->file->table->bo_size[fz_keep(w, FZ_BO, handle)] = size;
	return true;
}

void fz_beware(struct fz_worker *w, uint64_t size)
{
	if (size > FZ_MAP_BYTES && w->file < &w->files[FZ_SHARED])
		w->file += FZ_SHARED;
}

void fz_forget(struct fz_worker *w, enum fz_kind kind, unsigned int slot, uint32_t handle)
{
	if (slot < FZ_SLOTS && !fz_one_in(w, 12))
		__atomic_compare_exchange_n(&w->file->table->handle[kind][slot], &handle, 0, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

int fz_destroy(struct fz_worker *w, enum fz_kind kind, uint32_t handle)
{
	struct drm_gem_close bo = { .handle = handle };
	struct drm_panthor_vm_destroy vm = { .id = handle };
	struct drm_panthor_group_destroy group = { .group_handle = handle };
	struct drm_panthor_tiler_heap_destroy heap = { .handle = handle };
	struct drm_syncobj_destroy syncobj = { .handle = handle };

	switch (kind) {
	case FZ_BO:
		return fz_call(w, FZ_GEM_CLOSE, &bo);
	case FZ_VM:
		return fz_call(w, FZ_VM_DESTROY, &vm);
	case FZ_GROUP:
		return fz_call(w, FZ_GROUP_DESTROY, &group);
	case FZ_HEAP:
		return fz_call(w, FZ_TILER_HEAP_DESTROY, &heap);
	default:
		return fz_call(w, FZ_SYNCOBJ_DESTROY, &syncobj);
	}
}
