// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The page table of a GPU address space.
 *
 * An entry is zero, a page (VALID, address, attributes), or a table of the next level (TABLE, its
 * kernel address). A table counts its entries in page_private() and goes when that reaches zero.
 */

#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "panthor_pt.h"

#define PANTHOR_PT_INDEX_BITS 9
#define PANTHOR_PT_ENTRIES BIT(PANTHOR_PT_INDEX_BITS)
#define PANTHOR_PT_LEVELS 4
/* The last level has pages of 4 KiB, the one before may have pages of 2 MiB. */
#define PANTHOR_PT_LAST (PANTHOR_PT_LEVELS - 1)
#define PANTHOR_PT_BLOCK (PANTHOR_PT_LEVELS - 2)
#define PANTHOR_PT_ADDR GENMASK_ULL(51, 12)

static unsigned int panthor_pt_shift(unsigned int level)
{
	return 12 + PANTHOR_PT_INDEX_BITS * (PANTHOR_PT_LAST - level);
}

static u64 panthor_pt_span(unsigned int level)
{
	return BIT_ULL(panthor_pt_shift(level));
}

static unsigned int panthor_pt_index(u64 va, unsigned int level)
{
	return (va >> panthor_pt_shift(level)) & (PANTHOR_PT_ENTRIES - 1);
}

static u64 *panthor_pt_table(u64 entry)
{
	return (u64 *)(unsigned long)(entry & ~PANTHOR_PT_TABLE);
}

static u64 *panthor_pt_alloc(gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	if (!page)
		return NULL;

	set_page_private(page, 0);
	return page_address(page);
}

static void panthor_pt_free(u64 *table)
{
	set_page_private(virt_to_page(table), 0);
	__free_page(virt_to_page(table));
}

int panthor_pt_init(struct panthor_pt *pt)
{
	pt->root = panthor_pt_alloc(GFP_KERNEL_ACCOUNT);
	return pt->root ? 0 : -ENOMEM;
}

static void panthor_pt_free_tree(u64 *table, unsigned int level)
{
	for (int i = 0; level < PANTHOR_PT_LAST && i < PANTHOR_PT_ENTRIES; i++) {
		if (table[i] & PANTHOR_PT_TABLE)
			panthor_pt_free_tree(panthor_pt_table(table[i]), level + 1);
	}
	panthor_pt_free(table);
}

void panthor_pt_fini(struct panthor_pt *pt)
{
	if (pt->root)
		panthor_pt_free_tree(pt->root, 0);
	pt->root = NULL;
}

void panthor_pt_cache_init(struct panthor_pt_cache *cache)
{
	INIT_LIST_HEAD(&cache->pages);
	cache->count = 0;
}

static u64 *panthor_pt_cache_take(struct panthor_pt_cache *cache)
{
	struct page *page = list_first_entry_or_null(&cache->pages, struct page, lru);

	if (!page)
		return NULL;

	list_del(&page->lru);
	cache->count--;
	return page_address(page);
}

/* An emptied table is all zero again. */
static void panthor_pt_cache_give(struct panthor_pt_cache *cache, u64 *table)
{
	list_add(&virt_to_page(table)->lru, &cache->pages);
	cache->count++;
}

void panthor_pt_cache_fini(struct panthor_pt_cache *cache)
{
	u64 *table;

	while ((table = panthor_pt_cache_take(cache)))
		panthor_pt_free(table);
}

int panthor_pt_cache_fill(struct panthor_pt_cache *cache, u64 count)
{
	while (cache->count < count) {
		u64 *table = panthor_pt_alloc(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
					      __GFP_NOWARN);

		if (!table)
			return -ENOMEM;
		panthor_pt_cache_give(cache, table);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

void panthor_pt_cache_move(struct panthor_pt_cache *to, struct panthor_pt_cache *from, u64 count)
{
	while (to->count < count && from->count)
		panthor_pt_cache_give(to, panthor_pt_cache_take(from));
}

u64 panthor_pt_map_need(u64 va, u64 size, bool sparse)
{
	/* Large pages, but for the two ends. */
	unsigned int last = sparse ? PANTHOR_PT_BLOCK : PANTHOR_PT_LAST;
	u64 count = sparse ? 2 : 0;

	/* The tables of each level below the root that the range reaches into. */
	for (unsigned int level = 0; level < last; level++) {
		unsigned int shift = panthor_pt_shift(level);

		count += ((va + size - 1) >> shift) - (va >> shift) + 1;
	}
	return count;
}

static void panthor_pt_set(u64 *table, unsigned int index, u64 entry)
{
	struct page *page = virt_to_page(table);

	set_page_private(page, page_private(page) + !!entry - !!table[index]);
	table[index] = entry;
}

/* Replaces a large page by the small ones it stands for. */
static u64 *panthor_pt_split(u64 *parent, unsigned int index, struct panthor_pt_cache *cache)
{
	u64 step = parent[index] & PANTHOR_PT_SPARSE ? 0 : panthor_pt_span(PANTHOR_PT_LAST);
	u64 *table = panthor_pt_cache_take(cache);
	u64 entry = parent[index];

	if (WARN_ON(!table))
		return NULL;

	for (int i = 0; i < PANTHOR_PT_ENTRIES; i++, entry += step)
		panthor_pt_set(table, i, entry);
	panthor_pt_set(parent, index, (unsigned long)table | PANTHOR_PT_TABLE);
	return table;
}

/* The table below an entry, made when there is none. */
static u64 *panthor_pt_descend(u64 *table, unsigned int index, struct panthor_pt_cache *cache)
{
	u64 *next;

	if (table[index] & PANTHOR_PT_TABLE)
		return panthor_pt_table(table[index]);
	if (table[index])
		return panthor_pt_split(table, index, cache);

	next = panthor_pt_cache_take(cache);
	if (!WARN_ON(!next))
		panthor_pt_set(table, index, (unsigned long)next | PANTHOR_PT_TABLE);
	return next;
}

static bool panthor_pt_fits_block(u64 va, u64 size, phys_addr_t phys, u64 attrs)
{
	u64 span = panthor_pt_span(PANTHOR_PT_BLOCK);

	return size >= span && IS_ALIGNED(va, span) &&
	       (attrs & PANTHOR_PT_SPARSE || IS_ALIGNED(phys, span));
}

/* Maps as much as one entry takes and returns how much that was. */
static u64 panthor_pt_map_one(struct panthor_pt *pt, struct panthor_pt_cache *cache, u64 va,
			      u64 size, phys_addr_t phys, u64 attrs)
{
	unsigned int last = panthor_pt_fits_block(va, size, phys, attrs) ? PANTHOR_PT_BLOCK :
									   PANTHOR_PT_LAST;
	u64 *table = pt->root;

	for (unsigned int level = 0; table && level < last; level++)
		table = panthor_pt_descend(table, panthor_pt_index(va, level), cache);
	if (table)
		panthor_pt_set(table, panthor_pt_index(va, last),
			       phys | attrs | PANTHOR_PT_VALID);
	return panthor_pt_span(last);
}

void panthor_pt_map(struct panthor_pt *pt, struct panthor_pt_cache *cache, u64 va, u64 size,
		    phys_addr_t phys, u64 attrs)
{
	u64 done;

	if (attrs & PANTHOR_PT_SPARSE)
		phys = 0;

	for (; size; size -= done, va += done) {
		done = panthor_pt_map_one(pt, cache, va, size, phys, attrs);
		if (!(attrs & PANTHOR_PT_SPARSE))
			phys += done;
	}
}

/* Unmaps the part of a range that one table covers. The depth is that of the page table. */
static void panthor_pt_unmap_level(u64 *table, unsigned int level, struct panthor_pt_cache *cache,
				   u64 va, u64 end)
{
	u64 span = panthor_pt_span(level), next;

	for (; va < end; va = next) {
		unsigned int index = panthor_pt_index(va, level);
		u64 *below;

		next = min(end, round_down(va, span) + span);
		if (!table[index])
			continue;

		if (!(table[index] & PANTHOR_PT_TABLE) && next - va == span) {
			panthor_pt_set(table, index, 0);
			continue;
		}

		below = panthor_pt_descend(table, index, cache);
		if (!below)
			continue;
		panthor_pt_unmap_level(below, level + 1, cache, va, next);
		if (!page_private(virt_to_page(below))) {
			panthor_pt_set(table, index, 0);
			panthor_pt_cache_give(cache, below);
		}
	}
}

void panthor_pt_unmap(struct panthor_pt *pt, struct panthor_pt_cache *cache, u64 va, u64 size)
{
	panthor_pt_unmap_level(pt->root, 0, cache, va, va + size);
}

bool panthor_pt_lookup(const struct panthor_pt *pt, u64 va, struct panthor_pt_page *ret_page)
{
	const u64 *table = pt->root;

	if (va >> PANTHOR_PT_VA_BITS)
		return false;

	for (unsigned int level = 0; level < PANTHOR_PT_LEVELS; level++) {
		u64 entry = table[panthor_pt_index(va, level)], span = panthor_pt_span(level);
		u64 offset = va & (span - 1);

		if (entry & PANTHOR_PT_VALID) {
			ret_page->phys = (entry & PANTHOR_PT_ADDR) + offset;
			ret_page->len = span - offset;
			ret_page->attrs = entry & PANTHOR_PT_ATTRS;
			return true;
		}
		if (!entry)
			return false;
		table = panthor_pt_table(entry);
	}
	return false;
}
