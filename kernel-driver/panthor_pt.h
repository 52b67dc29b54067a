/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The page table of a GPU address space: four levels of 512 entries, pages of 4 KiB and 2 MiB.
 *
 * Nothing here locks, and only filling a cache allocates.
 */
#ifndef __PANTHOR_PT_H__
#define __PANTHOR_PT_H__

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* Attributes of a page; the address takes the bits between. */
#define PANTHOR_PT_VALID BIT_ULL(0)
#define PANTHOR_PT_TABLE BIT_ULL(1)
#define PANTHOR_PT_READONLY BIT_ULL(2)
#define PANTHOR_PT_NOEXEC BIT_ULL(3)
/* Nothing of the client's behind it: the owner decides what is read. */
#define PANTHOR_PT_SPARSE BIT_ULL(4)
#define PANTHOR_PT_ATTRS (PANTHOR_PT_READONLY | PANTHOR_PT_NOEXEC | PANTHOR_PT_SPARSE)

/** PANTHOR_PT_VA_BITS - width of an address */
#define PANTHOR_PT_VA_BITS 48

/**
 * struct panthor_pt - a page table
 */
struct panthor_pt {
	/** @root: top level, a page of its own. */
	u64 *root;
};

/**
 * struct panthor_pt_cache - tables at hand for a change that may not allocate
 *
 * A change takes what it needs from here and leaves here what it has no more use for.
 */
struct panthor_pt_cache {
	/** @pages: zeroed pages, by lru. */
	struct list_head pages;

	/** @count: number of @pages. */
	u64 count;
};

/**
 * struct panthor_pt_page - what an address leads to
 */
struct panthor_pt_page {
	/** @phys: physical address of the byte asked for; meaningless when sparse. */
	phys_addr_t phys;

	/** @len: bytes from there on that are mapped alike. */
	u64 len;

	/** @attrs: PANTHOR_PT_ATTRS. */
	u64 attrs;
};

/** panthor_pt_init() - empty page table; 0 or -ENOMEM */
int panthor_pt_init(struct panthor_pt *pt);

/** panthor_pt_fini() - free a page table, whatever is still mapped */
void panthor_pt_fini(struct panthor_pt *pt);

void panthor_pt_cache_init(struct panthor_pt_cache *cache);
void panthor_pt_cache_fini(struct panthor_pt_cache *cache);

/** PANTHOR_PT_CUT_NEED - tables that cutting the large pages at the ends of a range may take */
#define PANTHOR_PT_CUT_NEED 2

/** panthor_pt_map_need() - tables that mapping a range may take, in small pages unless sparse */
u64 panthor_pt_map_need(u64 va, u64 size, bool sparse);

/**
 * panthor_pt_cache_fill() - allocate tables
 * @cache: cache
 * @count: what it is to have at least
 *
 * Return: 0, -ENOMEM, or -EINTR when the caller is being killed.
 */
int panthor_pt_cache_fill(struct panthor_pt_cache *cache, u64 count);

/**
 * panthor_pt_cache_move() - move tables from one cache to another
 * @to: gets them, until it has @count
 * @from: loses them, until it has none
 * @count: see @to
 */
void panthor_pt_cache_move(struct panthor_pt_cache *to, struct panthor_pt_cache *from, u64 count);

/**
 * panthor_pt_map() - map a run of contiguous memory where nothing is mapped
 * @pt: page table
 * @cache: has panthor_pt_map_need() tables
 * @va: start, page aligned
 * @size: bytes, page aligned
 * @phys: memory, page aligned
 * @attrs: PANTHOR_PT_ATTRS
 */
void panthor_pt_map(struct panthor_pt *pt, struct panthor_pt_cache *cache, u64 va, u64 size,
		    phys_addr_t phys, u64 attrs);

/**
 * panthor_pt_unmap() - unmap what is mapped of a range
 * @pt: page table
 * @cache: has PANTHOR_PT_CUT_NEED tables when it may cut large pages
 * @va: start, page aligned
 * @size: bytes, page aligned
 */
void panthor_pt_unmap(struct panthor_pt *pt, struct panthor_pt_cache *cache, u64 va, u64 size);

/**
 * panthor_pt_lookup() - translate an address
 * @pt: page table
 * @va: address
 * @ret_page: what it leads to
 *
 * Return: false when nothing is mapped there.
 */
bool panthor_pt_lookup(const struct panthor_pt *pt, u64 va, struct panthor_pt_page *ret_page);

#endif
