/* SPDX-License-Identifier: MIT */
/*
 * GEM handles of a device file and the BOs that own them.
 *
 * The kernel does not count how often a handle was given out: importing a buffer twice returns the
 * same number twice, and one GEM_CLOSE ends both. This table is what counts. A BO is in it from
 * its birth until its handle is closed, so under the lock a handle in the table is open, and its
 * BO has at least one reference.
 */
#ifndef PANTHOR_HANDLE_TABLE_H
#define PANTHOR_HANDLE_TABLE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "transport.h"

struct panthor_bo;

struct handle_table {
	pthread_mutex_t lock;
	/* Chains through panthor_bo.next_in_table; @mask + 1 of them. All under @lock. */
	struct panthor_bo **buckets;
	size_t mask;
	size_t count;
};

int handle_table_init(struct handle_table *table, const struct panthor_transport *io);
void handle_table_fini(struct handle_table *table);

/* The caller holds table->lock. Inserting cannot fail: without memory the chains get longer. */
struct panthor_bo *handle_table_find_locked(const struct handle_table *table, uint32_t handle);
void handle_table_insert_locked(struct handle_table *table, const struct panthor_transport *io,
				struct panthor_bo *bo);
void handle_table_remove_locked(struct handle_table *table, struct panthor_bo *bo);

/* Calls @visit for every BO; it must not change the table. */
void handle_table_walk_locked(const struct handle_table *table,
			      void (*visit)(const struct panthor_bo *bo, void *data), void *data);

#endif
