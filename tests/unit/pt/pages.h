/* SPDX-License-Identifier: MIT */
/*
 * The page allocator behind panthor_pt.c, and what else of the kernel a test decides or looks at.
 * Pages come from one arena, so that a test can shut all but some of them.
 */
#ifndef PAGES_H
#define PAGES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/list.h>

#define PAGES_MAX  32768
#define PAGE_BYTES 4096

/* As in the kernel: what it is for is the owner's. */
struct page {
	struct list_head lru;
	unsigned long private;
	bool used;
};

/*
 * @live: pages allocated and not freed
 * @left: how many more there are; PAGES_MAX at the start
 * @warnings: times that WARN_ON() had something to say
 * @killed: whether a fatal signal is pending
 */
struct pages {
	size_t live;
	size_t left;
	size_t warnings;
	bool killed;
};

extern struct pages pages;

/* NULL when there are none left. What is freed reads as garbage from then on. */
struct page *pages_alloc(bool zero);
void pages_free(struct page *page);
struct page *pages_of(const void *address);
void *pages_address(const struct page *page);
bool pages_warn_on(bool condition);

/* Between these two any access to a page that is not among @open ends the program. */
void pages_shut_all_but(void *const *open, size_t count);
void pages_open(void);

#endif
