/* SPDX-License-Identifier: MIT */
/* BOs and bytes by label. Counted where BOs come and go anyway, with the lock that they need. */
#ifndef PANTHOR_ACCOUNT_H
#define PANTHOR_ACCOUNT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "transport.h"

/* Until there are more labels. */
#define ACCOUNT_BUCKETS 64

struct panthor_bo;

struct account {
	struct account *next;
	uint64_t bos;
	uint64_t bytes;
	uint64_t peak_bytes;
	size_t index;	   /* of panthor_device_usage(), while it counts */
	const char *label; /* behind the structure; NULL in the one of no label */
	size_t room;	   /* bytes behind the structure */
	uint32_t hash;	   /* of the label */
};

/*
 * All of it under the handle-table lock, but that @spare is taken without. All zeroes is one
 * without accounts.
 */
struct accounts {
	/* Of BOs without a label: the one account that is always there. */
	struct account none;
	/* The others, by the hash of their label, in @more if there is that, @mask + 1 chains. */
	struct account *few[ACCOUNT_BUCKETS];
	struct account **more;
	size_t mask;
	size_t count;

	/*
	 * What account_new() made and nobody needed, or NULL: most labels have their account, and
	 * that is only known when it is too late to fail.
	 */
	_Atomic(struct account *) spare;
};

void accounts_fini(struct accounts *accounts);

/* A new BO, without a label so far; a BO that dies. */
void account_add_locked(struct accounts *accounts, struct panthor_bo *bo);
void account_remove_locked(struct accounts *accounts, struct panthor_bo *bo);

/* An account for free(), or NULL without memory. The label has @len characters. */
struct account *account_new(struct accounts *accounts, const struct panthor_transport *io,
			    const char *label, size_t len);

/*
 * Moves a BO to the account with the label of @account, which may become that one, or the spare
 * one; returns it if it did not, for free(). Cannot fail: without memory the chains get longer.
 */
struct account *account_move_locked(struct accounts *accounts, struct panthor_bo *bo,
				    struct account *account);

/* Calls @visit for every account with a label. */
void accounts_walk_locked(const struct accounts *accounts,
			  void (*visit)(struct account *account, void *data), void *data);

#endif
