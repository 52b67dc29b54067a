// SPDX-License-Identifier: MIT
/* Slabs: BOs of a cache, cut into buffers of one size each. */
#include <errno.h>
#include <stdlib.h>

#include "bo_cache.h"
#include "deferred.h"
#include "memcheck.h"
#include "size_class.h"

/* Sizes in units of what command streams are aligned to. */
#define UNIT	       64
#define CLASSES	       36
#define MAX_CHUNK_SIZE (8 * PANTHOR_SLAB_MAX_SIZE)

struct slab_chunk {
	struct span span;
	struct list in_all;
	struct panthor_buffer buffer; /* the whole of it */
	struct panthor_slab *slab;
	uint32_t slot_size;
	uint32_t class_index;
};

struct panthor_slab {
	atomic_uint refs;

	/* Constant from birth to the last unref. The cache is referenced. */
	struct panthor_bo_cache *cache;
	uint32_t flags;

	/* Everything below is under it. No system call is made meanwhile. */
	pthread_mutex_t lock;
	struct list all;
	struct list partial[CLASSES]; /* chunks with a free slot */
	struct deferred deferred;
	uint64_t last_point; /* of all that was freed with one */
};

_Static_assert(PANTHOR_SLAB_MAX_SIZE == UNIT << (CLASSES / 4 + 1), "one class for the last size");

static const struct panthor_transport *io_of(const struct panthor_slab *slab)
{
	return slab->cache->dev->io;
}

PANTHOR_PUBLIC
int panthor_slab_new(struct panthor_bo_cache *cache, uint32_t flags, struct panthor_slab **ret_slab)
{
	const struct panthor_transport *io = cache->dev->io;
	int r = bo_check_flags(cache->dev, flags);
	struct panthor_slab *slab;

	if (r)
		return r;
	slab = io_alloc(io, sizeof(*slab));
	if (!slab)
		return -ENOMEM;
	r = -pthread_mutex_init(&slab->lock, NULL);
	if (r) {
		free(slab);
		return r;
	}

	atomic_init(&slab->refs, 1);
	slab->cache = bo_cache_ref(cache);
	slab->flags = flags;
	list_init(&slab->all);
	for (uint32_t i = 0; i < CLASSES; i++)
		list_init(&slab->partial[i]);
	deferred_init(&slab->deferred, cache->timeline.syncobj);
	*ret_slab = slab;
	return 0;
}

PANTHOR_PUBLIC
struct panthor_slab *panthor_slab_unref(struct panthor_slab *slab)
{
	if (!slab || atomic_fetch_sub_explicit(&slab->refs, 1, memory_order_acq_rel) > 1)
		return NULL;

	while (!list_is_empty(&slab->all)) {
		struct slab_chunk *chunk = list_entry(slab->all.next, struct slab_chunk, in_all);

		list_remove(&chunk->in_all);
		panthor_bo_cache_put(slab->cache, &chunk->buffer, slab->last_point);
		free(chunk);
	}
	deferred_fini(&slab->deferred);
	pthread_mutex_destroy(&slab->lock);
	panthor_bo_cache_unref(slab->cache);
	free(slab);
	return NULL;
}

/* Chunks of which nothing is taken go to @empty, but for the last one of a class. */
static int give_locked(struct panthor_slab *slab, struct slab_chunk *chunk, uint32_t index,
		       struct list *empty)
{
	struct list *partial = &slab->partial[chunk->class_index];
	bool was_full = span_is_full(&chunk->span);

	if (!span_give(&chunk->span, index))
		return -EINVAL;
	if (chunk->buffer.ptr) {
		memcheck_forbid((char *)chunk->buffer.ptr + (size_t)index * chunk->slot_size,
				chunk->slot_size);
	}
	if (was_full)
		list_add_tail(partial, &chunk->span.list);
	if (span_is_empty(&chunk->span) && partial->next != partial->prev) {
		list_remove(&chunk->span.list);
		list_remove(&chunk->in_all);
		list_add_tail(empty, &chunk->in_all);
	}
	return 0;
}

static void put_back(struct panthor_slab *slab, struct list *empty)
{
	while (!list_is_empty(empty)) {
		struct slab_chunk *chunk = list_entry(empty->next, struct slab_chunk, in_all);

		list_remove(&chunk->in_all);
		panthor_bo_cache_put(slab->cache, &chunk->buffer, 0);
		free(chunk);
	}
}

static void collect(struct panthor_slab *slab)
{
	struct deferred_item item;
	struct list empty;

	/* Without an answer there is nothing to be had, and a new BO to be made. */
	if (timeline_ask(&slab->deferred.timeline, slab->cache->dev))
		return;
	list_init(&empty);
	io_lock(io_of(slab), &slab->lock);
	while (deferred_pop(&slab->deferred, &item))
		give_locked(slab, item.owner, (uint32_t)item.value, &empty);
	io_unlock(io_of(slab), &slab->lock);
	put_back(slab, &empty);
}

static struct slab_chunk *new_chunk(struct panthor_slab *slab, uint32_t class_index, int *ret_error)
{
	uint32_t slot_size = (uint32_t)size_class_units(class_index) * UNIT;
	uint32_t size = SPAN_MAX_SLOTS * slot_size;
	struct slab_chunk *chunk = io_alloc(io_of(slab), sizeof(*chunk));
	uint64_t count;

	*ret_error = chunk ? panthor_bo_cache_get(slab->cache,
						  size < MAX_CHUNK_SIZE ? size : MAX_CHUNK_SIZE,
						  slab->flags, &chunk->buffer)
			   : -ENOMEM;
	if (*ret_error) {
		free(chunk);
		return NULL;
	}
	chunk->slab = slab;
	chunk->slot_size = slot_size;
	chunk->class_index = class_index;
	count = chunk->buffer.size / slot_size;
	span_init(&chunk->span, count < SPAN_MAX_SLOTS ? (uint32_t)count : SPAN_MAX_SLOTS);
	return chunk;
}

static void fill_buffer(struct slab_chunk *chunk, uint32_t index, struct panthor_buffer *ret_buffer)
{
	const struct panthor_buffer *whole = &chunk->buffer;
	uint64_t offset = (uint64_t)index * chunk->slot_size;

	*ret_buffer = (struct panthor_buffer){
		.bo = whole->bo,
		.offset = offset,
		.size = chunk->slot_size,
		.va = whole->va ? whole->va + offset : 0,
		.ptr = whole->ptr ? (char *)whole->ptr + offset : NULL,
		.owner = chunk,
	};
	if (ret_buffer->ptr)
		memcheck_allow(ret_buffer->ptr, chunk->slot_size);
}

/* False: no chunk has room, and @ret_deferred tells whether any may have later. */
static bool take(struct panthor_slab *slab, uint32_t class_index, struct slab_chunk *fresh,
		 struct panthor_buffer *ret_buffer, bool *ret_deferred)
{
	struct list *partial = &slab->partial[class_index];
	struct slab_chunk *chunk;
	bool found;

	io_lock(io_of(slab), &slab->lock);
	if (fresh) {
		list_add_tail(&slab->all, &fresh->in_all);
		list_add_tail(partial, &fresh->span.list);
	}
	*ret_deferred = slab->deferred.count;
	found = !list_is_empty(partial);
	if (found) {
		chunk = list_entry(partial->next, struct slab_chunk, span.list);
		fill_buffer(chunk, span_take(&chunk->span), ret_buffer);
		if (span_is_full(&chunk->span))
			list_remove(&chunk->span.list);
	}
	io_unlock(io_of(slab), &slab->lock);
	return found;
}

PANTHOR_PUBLIC
int panthor_slab_alloc(struct panthor_slab *slab, uint64_t size, uint64_t align,
		       struct panthor_buffer *ret_buffer)
{
	uint64_t align_units = align > UNIT ? align / UNIT : 1;
	struct slab_chunk *chunk;
	uint32_t class_index;
	bool deferred;
	int r;

	if (!size || align & (align - 1) || align > PANTHOR_VM_PAGE_SIZE)
		return -EINVAL;
	if (size > PANTHOR_SLAB_MAX_SIZE)
		return panthor_bo_cache_get(slab->cache, size, slab->flags, ret_buffer);

	class_index = size_class_aligned((size + UNIT - 1) / UNIT, align_units);
	if (take(slab, class_index, NULL, ret_buffer, &deferred))
		return 0;
	if (deferred) {
		collect(slab);
		if (take(slab, class_index, NULL, ret_buffer, &deferred))
			return 0;
	}
	chunk = new_chunk(slab, class_index, &r);
	if (chunk)
		take(slab, class_index, chunk, ret_buffer, &deferred);
	return r;
}

static int free_later(struct panthor_slab *slab, const struct deferred_item *item)
{
	bool ask;
	int r;

	io_lock(io_of(slab), &slab->lock);
	r = deferred_push(&slab->deferred, io_of(slab), item);
	if (!r && item->point > slab->last_point)
		slab->last_point = item->point;
	ask = deferred_is_long(&slab->deferred);
	io_unlock(io_of(slab), &slab->lock);
	if (!r && ask)
		collect(slab);
	return r;
}

static int free_now(struct panthor_slab *slab, struct slab_chunk *chunk, uint32_t index)
{
	struct list empty;
	int r;

	list_init(&empty);
	io_lock(io_of(slab), &slab->lock);
	r = give_locked(slab, chunk, index, &empty);
	io_unlock(io_of(slab), &slab->lock);
	put_back(slab, &empty);
	return r;
}

PANTHOR_PUBLIC
int panthor_slab_free(struct panthor_slab *slab, const struct panthor_buffer *buffer,
		      uint64_t point)
{
	struct slab_chunk *chunk = buffer->owner;
	struct deferred_item item = { .point = point, .owner = chunk };

	if (!chunk)
		return panthor_bo_cache_put(slab->cache, buffer, point);
	if (chunk->slab != slab || buffer->offset >= chunk->buffer.size ||
	    buffer->offset % chunk->slot_size || (point && !slab->deferred.timeline.syncobj))
		return -EINVAL;

	item.value = buffer->offset / chunk->slot_size;
	if (timeline_is_past(&slab->deferred.timeline, point))
		return free_now(slab, chunk, (uint32_t)item.value);
	return free_later(slab, &item);
}
