/* SPDX-License-Identifier: MIT */
/* BOs and bytes by label. Counted where BOs come and go anyway, with the lock that they need. */
#ifndef PANTHOR_ACCOUNT_H
#define PANTHOR_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "transport.h"

#define ACCOUNT_BUCKETS 64

struct panthor_bo;

struct account {
	struct account *next;
	uint64_t bos;
	uint64_t bytes;
	uint64_t peak_bytes;
	size_t index;	   /* of panthor_device_usage(), while it counts */
	const char *label; /* behind the structure; NULL in the one of no label */
};

/* All of it under the handle-table lock. */
struct accounts {
	/* Of BOs without a label: the one account that is always there. */
	struct account none;
	/* The others, by a hash of their label. */
	struct account *buckets[ACCOUNT_BUCKETS];
	size_t count;
};

void accounts_fini(struct accounts *accounts);

/* A new BO, without a label so far; a BO that dies. */
void account_add_locked(struct accounts *accounts, struct panthor_bo *bo);
void account_remove_locked(struct accounts *accounts, struct panthor_bo *bo);

/* An account for free(), or NULL without memory. */
struct account *account_new(const struct panthor_transport *io, const char *label);

/*
 * Moves a BO to the account with the label of @account, which may become that one; returns it if
 * it did not, for free().
 */
struct account *account_move_locked(struct accounts *accounts, struct panthor_bo *bo,
				    struct account *account);

#endif
