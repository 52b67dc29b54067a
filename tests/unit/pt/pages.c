// SPDX-License-Identifier: MIT
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pages.h"

#define ARENA_BYTES ((size_t)PAGES_MAX * PAGE_BYTES)

static struct page all[PAGES_MAX];
static size_t next;
static char *arena;

struct pages pages = { .left = PAGES_MAX };

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void protect(void *address, size_t size, int access)
{
	must(mprotect(address, size, access) == 0);
}

static void make_arena(void)
{
	arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(arena != MAP_FAILED);
}

struct page *pages_alloc(bool zero)
{
	if (!arena)
		make_arena();
	if (!pages.left)
		return NULL;

	while (all[next].used)
		next = (next + 1) % PAGES_MAX;
	all[next].used = true;
	pages.left--;
	pages.live++;
	/* Whoever relies on an order of the allocator's is found out. */
	memset(pages_address(&all[next]), zero ? 0 : 0xa5, PAGE_BYTES);
	return &all[next];
}

void pages_free(struct page *page)
{
	/* A page goes back as the allocator wants it. */
	must(page->used && !page->private);
	memset(pages_address(page), 0xa5, PAGE_BYTES);
	page->used = false;
	pages.left++;
	pages.live--;
}

struct page *pages_of(const void *address)
{
	size_t offset = (size_t)((uintptr_t)address - (uintptr_t)arena);

	must(offset < ARENA_BYTES && all[offset / PAGE_BYTES].used);
	return &all[offset / PAGE_BYTES];
}

void *pages_address(const struct page *page)
{
	return arena + (size_t)(page - all) * PAGE_BYTES;
}

bool pages_warn_on(bool condition)
{
	pages.warnings += condition;
	return condition;
}

void pages_shut_all_but(void *const *open, size_t count)
{
	protect(arena, ARENA_BYTES, PROT_NONE);
	for (size_t i = 0; i < count; i++)
		protect(open[i], PAGE_BYTES, PROT_READ);
}

void pages_open(void)
{
	protect(arena, ARENA_BYTES, PROT_READ | PROT_WRITE);
}
