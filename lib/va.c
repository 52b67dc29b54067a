// SPDX-License-Identifier: MIT
/* The VA allocator: which addresses of a VM are in use. It maps nothing. */
#include <errno.h>
#include <stdlib.h>

#include "params.h"
#include "va.h"

#define PAGE_SHIFT	12
#define HUGE_PAGE_PAGES 512
/* The first addresses stay free: what is written through a null pointer is to be seen. */
#define DEFAULT_START (2ull << 20)

static const struct panthor_transport *io_of(const struct panthor_va *va)
{
	return va->vm->dev->io;
}

static uint64_t to_pages(uint64_t bytes)
{
	return (bytes >> PAGE_SHIFT) + !!(bytes & (PANTHOR_VM_PAGE_SIZE - 1));
}

static int set_limits(struct panthor_va *va, const struct panthor_va_params *params)
{
	uint64_t start = params->start ? params->start : DEFAULT_START;
	uint64_t end = params->end ? params->end : va->vm->info.user_va_range;

	if ((start | end | params->guard) & (PANTHOR_VM_PAGE_SIZE - 1) || start >= end ||
	    end > va->vm->info.user_va_range || params->guard >= end - start)
		return -EINVAL;
	va->first = start >> PAGE_SHIFT;
	va->end = end >> PAGE_SHIFT;
	va->guard = params->guard >> PAGE_SHIFT;
	return 0;
}

static void va_destroy(struct panthor_va *va)
{
	va_chunks_fini(va);
	va_holes_fini(&va->holes);
	deferred_fini(&va->deferred);
	pthread_mutex_destroy(&va->lock);
	panthor_vm_unref(va->vm);
	free(va);
}

/* What va_destroy() undoes, also where this did not get through. */
static int va_init(struct panthor_va *va, uint32_t timeline)
{
	int r = va_holes_init(&va->holes, io_of(va), va->first, va->end - va->first);

	deferred_init(&va->deferred, timeline);
	return r ? r : va_chunks_init(va);
}

PANTHOR_PUBLIC
int panthor_va_new(struct panthor_vm *vm, const struct panthor_va_params *params,
		   struct panthor_va **ret_va)
{
	struct panthor_va_params own;
	struct panthor_va *va;
	int r = params_read(params, &own, sizeof(own));

	if (r)
		return r;
	va = io_alloc(vm->dev->io, sizeof(*va));
	if (!va)
		return -ENOMEM;
	atomic_init(&va->refs, 1);
	va->vm = vm;
	r = set_limits(va, &own);
	if (!r)
		r = -pthread_mutex_init(&va->lock, NULL);
	if (r) {
		free(va);
		return r;
	}

	panthor_vm_ref(vm);
	r = va_init(va, own.timeline);
	if (r) {
		va_destroy(va);
		return r;
	}
	*ret_va = va;
	return 0;
}

struct panthor_va *va_ref(struct panthor_va *va)
{
	atomic_fetch_add_explicit(&va->refs, 1, memory_order_relaxed);
	return va;
}

PANTHOR_PUBLIC
struct panthor_va *panthor_va_unref(struct panthor_va *va)
{
	if (va && atomic_fetch_sub_explicit(&va->refs, 1, memory_order_acq_rel) == 1)
		va_destroy(va);
	return NULL;
}

/* Slots are the fast way; the tree has the last word on whether there is room. */
static int take_locked(struct panthor_va *va, uint64_t pages, uint64_t align, uint64_t *ret_first)
{
	int r = va_take_slot_locked(va, pages, align, ret_first);

	if (r == -ENOSPC)
		r = va_holes_take(&va->holes, io_of(va), pages, align, ret_first);
	if (r == -ENOSPC) {
		va_trim_chunks_locked(va);
		r = va_holes_take(&va->holes, io_of(va), pages, align, ret_first);
	}
	return r;
}

static int give_locked(struct panthor_va *va, uint64_t first, uint64_t pages)
{
	struct va_chunk *chunk = va_find_chunk_locked(va, first, pages);

	if (chunk)
		return va_give_slot_locked(va, chunk, first, pages);
	return va_holes_give(&va->holes, first, pages);
}

static int collect(struct panthor_va *va)
{
	struct deferred_item item;
	int r = timeline_ask(&va->deferred.timeline, va->vm->dev);

	if (r)
		return r;
	io_lock(io_of(va), &va->lock);
	while (deferred_pop(&va->deferred, &item))
		give_locked(va, item.value, item.size);
	io_unlock(io_of(va), &va->lock);
	return 0;
}

static int take(struct panthor_va *va, uint64_t pages, uint64_t align, uint64_t *ret_first,
		bool *ret_deferred)
{
	int r;

	io_lock(io_of(va), &va->lock);
	r = take_locked(va, pages, align, ret_first);
	*ret_deferred = va->deferred.count;
	io_unlock(io_of(va), &va->lock);
	return r;
}

/* Huge pages of the GPU's page table need addresses to match. */
static uint64_t default_align(uint64_t pages)
{
	return pages >= HUGE_PAGE_PAGES ? HUGE_PAGE_PAGES : 1;
}

PANTHOR_PUBLIC
int panthor_va_alloc(struct panthor_va *va, uint64_t size, uint64_t align, uint64_t *ret_addr)
{
	uint64_t pages = to_pages(size), first, space = va->end - va->first;
	uint64_t align_pages = align ? align >> PAGE_SHIFT : default_align(pages);
	bool deferred;
	int r;

	if (!size || align & (align - 1) || (align && !align_pages))
		return -EINVAL;
	if (pages > space || align_pages > va->end)
		return -ENOSPC;
	pages += va->guard;

	r = take(va, pages, align_pages, &first, &deferred);
	if (r == -ENOSPC && deferred) {
		r = collect(va);
		if (!r)
			r = take(va, pages, align_pages, &first, &deferred);
	}
	if (!r)
		*ret_addr = first << PAGE_SHIFT;
	return r;
}

/* The pages of a range the caller names, with its guard. */
static int read_range(const struct panthor_va *va, uint64_t addr, uint64_t size,
		      uint64_t *ret_first, uint64_t *ret_pages)
{
	uint64_t first = addr >> PAGE_SHIFT, pages = to_pages(size);

	if (!size || addr & (PANTHOR_VM_PAGE_SIZE - 1) || first < va->first || first >= va->end ||
	    pages > va->end - first || va->guard > va->end - first - pages)
		return -EINVAL;
	*ret_first = first;
	*ret_pages = pages + va->guard;
	return 0;
}

static int take_at(struct panthor_va *va, uint64_t first, uint64_t pages, bool *ret_deferred)
{
	int r;

	io_lock(io_of(va), &va->lock);
	r = va_holes_take_at(&va->holes, io_of(va), first, pages);
	if (r == -EBUSY) {
		va_trim_chunks_locked(va);
		r = va_holes_take_at(&va->holes, io_of(va), first, pages);
	}
	*ret_deferred = va->deferred.count;
	io_unlock(io_of(va), &va->lock);
	return r;
}

PANTHOR_PUBLIC
int panthor_va_reserve(struct panthor_va *va, uint64_t addr, uint64_t size)
{
	uint64_t first, pages;
	bool deferred;
	int r = read_range(va, addr, size, &first, &pages);

	if (r)
		return r;
	r = take_at(va, first, pages, &deferred);
	if (r == -EBUSY && deferred) {
		r = collect(va);
		if (!r)
			r = take_at(va, first, pages, &deferred);
	}
	return r;
}

static int free_later(struct panthor_va *va, const struct deferred_item *item)
{
	bool ask;
	int r;

	io_lock(io_of(va), &va->lock);
	r = deferred_push(&va->deferred, io_of(va), item);
	ask = deferred_is_long(&va->deferred);
	io_unlock(io_of(va), &va->lock);
	/* It is queued whatever the kernel answers. */
	if (!r && ask)
		collect(va);
	return r;
}

PANTHOR_PUBLIC
int panthor_va_free(struct panthor_va *va, uint64_t addr, uint64_t size, uint64_t point)
{
	struct deferred_item item = { .point = point };
	int r = read_range(va, addr, size, &item.value, &item.size);

	if (r || (point && !va->deferred.timeline.syncobj))
		return -EINVAL;
	if (!timeline_is_past(&va->deferred.timeline, point))
		return free_later(va, &item);

	io_lock(io_of(va), &va->lock);
	r = give_locked(va, item.value, item.size);
	io_unlock(io_of(va), &va->lock);
	return r;
}
