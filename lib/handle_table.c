// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "bo.h"
#include "handle_table.h"

#define INITIAL_BUCKETS 64

/* The kernel hands out small consecutive numbers: the low bits spread well as they are. */
static struct panthor_bo **bucket_of(const struct handle_table *table, uint32_t handle)
{
	return &table->buckets[handle & table->mask];
}

int handle_table_init(struct handle_table *table, const struct panthor_transport *io)
{
	int r;

	table->buckets = io_alloc(io, INITIAL_BUCKETS * sizeof(*table->buckets));
	if (!table->buckets)
		return -ENOMEM;

	r = pthread_mutex_init(&table->lock, NULL);
	if (r) {
		free(table->buckets);
		return -r;
	}
	table->mask = INITIAL_BUCKETS - 1;
	return 0;
}

void handle_table_fini(struct handle_table *table)
{
	pthread_mutex_destroy(&table->lock);
	free(table->buckets);
}

struct panthor_bo *handle_table_find_locked(const struct handle_table *table, uint32_t handle)
{
	struct panthor_bo *bo = *bucket_of(table, handle);

	while (bo && bo->info.handle != handle)
		bo = bo->next_in_table;
	return bo;
}

static void link_locked(struct handle_table *table, struct panthor_bo *bo)
{
	struct panthor_bo **bucket = bucket_of(table, bo->info.handle);

	bo->next_in_table = *bucket;
	*bucket = bo;
}

static void grow_locked(struct handle_table *table, const struct panthor_transport *io)
{
	struct panthor_bo **old = table->buckets, **buckets;
	size_t old_count = table->mask + 1;

	buckets = io_alloc(io, 2 * old_count * sizeof(*buckets));
	if (!buckets)
		return;

	table->buckets = buckets;
	table->mask = 2 * old_count - 1;
	for (size_t i = 0; i < old_count; i++) {
		struct panthor_bo *bo = old[i], *next;

		for (; bo; bo = next) {
			next = bo->next_in_table;
			link_locked(table, bo);
		}
	}
	free(old);
}

void handle_table_insert_locked(struct handle_table *table, const struct panthor_transport *io,
				struct panthor_bo *bo)
{
	if (table->count > table->mask)
		grow_locked(table, io);
	link_locked(table, bo);
	table->count++;
}

void handle_table_remove_locked(struct handle_table *table, struct panthor_bo *bo)
{
	struct panthor_bo **link = bucket_of(table, bo->info.handle);

	while (*link != bo)
		link = &(*link)->next_in_table;
	*link = bo->next_in_table;
	table->count--;
}

void handle_table_walk_locked(const struct handle_table *table,
			      void (*visit)(const struct panthor_bo *bo, void *data), void *data)
{
	for (size_t i = 0; i <= table->mask; i++) {
		for (const struct panthor_bo *bo = table->buckets[i]; bo; bo = bo->next_in_table)
			visit(bo, data);
	}
}
