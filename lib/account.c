// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "bo.h"

/* Beyond, labels that no BO has are forgotten. */
#define MAX_UNUSED 1024
/* Room for the usual label, so that the spare one serves for most. */
#define USUAL_ROOM 64

/* Eight bytes at once, the last of them filled up with zeroes: labels are hashed at every call. */
static uint32_t hash_of(const char *label, size_t padded)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < padded; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, label + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

static size_t mask_of(const struct accounts *accounts)
{
	return accounts->more ? accounts->mask : ACCOUNT_BUCKETS - 1;
}

static struct account **bucket_of(struct accounts *accounts, uint32_t hash)
{
	struct account **buckets = accounts->more ? accounts->more : accounts->few;

	return &buckets[hash & mask_of(accounts)];
}

static void add(struct account *account, struct panthor_bo *bo)
{
	bo->account = account;
	account->bos++;
	account->bytes += bo->info.size;
	if (account->bytes > account->peak_bytes)
		account->peak_bytes = account->bytes;
}

static void forget(struct accounts *accounts, struct account *account)
{
	struct account **link = bucket_of(accounts, account->hash);

	while (*link != account)
		link = &(*link)->next;
	*link = account->next;
	accounts->count--;
	free(account);
}

void accounts_fini(struct accounts *accounts)
{
	for (uint32_t i = 0; i <= mask_of(accounts); i++) {
		while (*bucket_of(accounts, i))
			forget(accounts, *bucket_of(accounts, i));
	}
	free(accounts->more);
	free(atomic_load(&accounts->spare));
}

void account_add_locked(struct accounts *accounts, struct panthor_bo *bo)
{
	add(&accounts->none, bo);
}

void account_remove_locked(struct accounts *accounts, struct panthor_bo *bo)
{
	struct account *account = bo->account;

	account->bos--;
	account->bytes -= bo->info.size;
	if (!account->bos && account != &accounts->none && accounts->count > MAX_UNUSED)
		forget(accounts, account);
}

static struct account *alloc(struct accounts *accounts, const struct panthor_transport *io,
			     size_t room)
{
	struct account *account = atomic_exchange(&accounts->spare, NULL);

	if (account && account->room >= room)
		return account;
	free(account);
	room = room > USUAL_ROOM ? room : USUAL_ROOM;
	account = io_alloc(io, sizeof(*account) + room);
	if (account)
		account->room = room;
	return account;
}

struct account *account_new(struct accounts *accounts, const struct panthor_transport *io,
			    const char *label, size_t len)
{
	const size_t word = sizeof(uint64_t);
	size_t padded = (len + word) & ~(word - 1);
	struct account *account = alloc(accounts, io, padded);
	char *copy;

	if (!account)
		return NULL;
	copy = (char *)(account + 1);
	memset(copy + padded - word, 0, word);
	if (len)
		memcpy(copy, label, len);
	account->label = copy;
	account->hash = hash_of(copy, padded);
	return account;
}

/* Others can only take it meanwhile, so that a store is enough. Returns what is not kept. */
static struct account *keep_spare_locked(struct accounts *accounts, struct account *account)
{
	if (atomic_load_explicit(&accounts->spare, memory_order_relaxed))
		return account;
	atomic_store_explicit(&accounts->spare, account, memory_order_release);
	return NULL;
}

static void link_locked(struct accounts *accounts, struct account *account)
{
	struct account **bucket = bucket_of(accounts, account->hash);

	account->next = *bucket;
	*bucket = account;
}

static void grow_locked(struct accounts *accounts, const struct panthor_transport *io)
{
	struct account **old = accounts->more ? accounts->more : accounts->few, **more;
	size_t old_mask = mask_of(accounts);

	more = io_alloc(io, 2 * (old_mask + 1) * sizeof(struct account *));
	if (!more)
		return;
	accounts->mask = 2 * old_mask + 1;
	accounts->more = more;
	for (size_t i = 0; i <= old_mask; i++) {
		struct account *account = old[i], *next;

		for (; account; account = next) {
			next = account->next;
			link_locked(accounts, account);
		}
	}
	if (old != accounts->few)
		free(old);
}

static struct account *find_locked(struct accounts *accounts, const struct account *like)
{
	struct account *found = *bucket_of(accounts, like->hash);

	if (!*like->label)
		return &accounts->none;
	while (found && (found->hash != like->hash || strcmp(found->label, like->label)))
		found = found->next;
	return found;
}

struct account *account_move_locked(struct accounts *accounts, struct panthor_bo *bo,
				    struct account *account)
{
	struct account *found = find_locked(accounts, account);
	struct account *unused = NULL;

	if (found) {
		unused = keep_spare_locked(accounts, account);
	} else {
		if (accounts->count > mask_of(accounts))
			grow_locked(accounts, bo->info.dev->io);
		link_locked(accounts, account);
		accounts->count++;
		found = account;
	}
	if (found != bo->account) {
		account_remove_locked(accounts, bo);
		add(found, bo);
	}
	return unused;
}

void accounts_walk_locked(const struct accounts *accounts,
			  void (*visit)(struct account *account, void *data), void *data)
{
	struct account *const *buckets = accounts->more ? accounts->more : accounts->few;

	for (size_t i = 0; i <= mask_of(accounts); i++) {
		for (struct account *account = buckets[i]; account; account = account->next)
			visit(account, data);
	}
}
