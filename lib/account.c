// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "bo.h"

/* Beyond, labels that no BO has are forgotten. */
#define MAX_UNUSED 1024

static struct account **bucket_of(struct accounts *accounts, const char *label)
{
	uint32_t hash = 2166136261u;

	for (const unsigned char *c = (const unsigned char *)label; *c; c++)
		hash = (hash ^ *c) * 16777619u;
	return &accounts->buckets[(hash ^ hash >> 16) % ACCOUNT_BUCKETS];
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
	struct account **link = bucket_of(accounts, account->label);

	while (*link != account)
		link = &(*link)->next;
	*link = account->next;
	accounts->count--;
	free(account);
}

void accounts_fini(struct accounts *accounts)
{
	for (int i = 0; i < ACCOUNT_BUCKETS; i++) {
		while (accounts->buckets[i])
			forget(accounts, accounts->buckets[i]);
	}
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

struct account *account_new(const struct panthor_transport *io, const char *label)
{
	size_t len = label ? strlen(label) : 0;
	struct account *account = io_alloc(io, sizeof(*account) + len + 1);

	if (account)
		account->label = memcpy(account + 1, label ? label : "", len + 1);
	return account;
}

struct account *account_move_locked(struct accounts *accounts, struct panthor_bo *bo,
				    struct account *account)
{
	struct account **bucket = bucket_of(accounts, account->label);
	struct account *found = *account->label ? *bucket : &accounts->none;
	struct account *unused = account;

	while (found && *account->label && strcmp(found->label, account->label))
		found = found->next;
	if (!found) {
		account->next = *bucket;
		*bucket = account;
		accounts->count++;
		found = account;
		unused = NULL;
	}
	if (found != bo->account) {
		account_remove_locked(accounts, bo);
		add(found, bo);
	}
	return unused;
}
