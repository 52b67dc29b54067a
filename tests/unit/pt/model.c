// SPDX-License-Identifier: MIT
#include <linux/minmax.h>

#include "model.h"

void model_init(struct model *m, u64 base)
{
	memset(m, 0, sizeof(*m));
	m->base = base;
	m->before = pages.live;
	pages.warnings = 0;
	assert_int_equal(panthor_pt_init(&m->pt), 0);
}

void model_fini(struct model *m)
{
	panthor_pt_fini(&m->pt);
	assert_null(m->pt.root);
	assert_int_equal(pages.live, m->before);
	assert_int_equal(pages.warnings, 0);
}

static bool fits_block(const struct model *m, size_t i, size_t end, u64 phys, u64 attrs)
{
	u64 va = m->base + i * P;

	return va % BLOCK == 0 && end - i >= BLOCK_PAGES &&
	       (attrs & PANTHOR_PT_SPARSE || phys % BLOCK == 0);
}

static void note_map(struct model *m, size_t first, size_t count, u64 phys, u64 attrs)
{
	size_t end = first + count, block_end = first;

	for (size_t i = first; i < end; i++, phys += P) {
		if (i >= block_end && fits_block(m, i, end, phys, attrs))
			block_end = i + BLOCK_PAGES;
		m->pages[i] = (struct model_page){
			.phys = phys,
			.attrs = attrs,
			.mapped = true,
			.block = i < block_end,
		};
	}
}

/* Large pages that lose a part are cut. */
static void note_unmap(struct model *m, size_t first, size_t count)
{
	size_t end = first + count;

	for (size_t i = first; i < end; i++) {
		size_t block = round_down(i, BLOCK_PAGES);

		if (m->pages[i].block && (block < first || block + BLOCK_PAGES > end)) {
			for (size_t j = 0; j < BLOCK_PAGES; j++)
				m->pages[block + j].block = false;
		}
		m->pages[i] = (struct model_page){ .mapped = false };
	}
}

static void cache_begin(struct panthor_pt_cache *cache, u64 need)
{
	panthor_pt_cache_init(cache);
	assert_int_equal(panthor_pt_cache_fill(cache, need), 0);
	assert_int_equal(cache->count, need);
}

/* What a change leaves in the cache another one takes for new. */
static int cache_end(struct panthor_pt_cache *cache, u64 need)
{
	struct list_head *entry;
	int taken = (int)need - (int)cache->count;
	u64 count = 0;

	for (entry = cache->pages.next; entry != &cache->pages; entry = entry->next, count++) {
		const struct page *page = list_entry(entry, struct page, lru);
		static const char zeroes[PAGE_BYTES];

		assert_int_equal(page->private, 0);
		assert_memory_equal(pages_address(page), zeroes, PAGE_BYTES);
	}
	assert_int_equal(count, cache->count);
	panthor_pt_cache_fini(cache);
	assert_int_equal(cache->count, 0);
	assert_int_equal(pages.warnings, 0);
	return taken;
}

static int change(struct model *m, bool unmap, bool map, size_t first, size_t count, u64 phys,
		  u64 attrs)
{
	u64 va = m->base + first * P, size = count * P, need = 0;
	struct panthor_pt_cache cache;

	assert_true(first + count <= WINDOW_PAGES);
	if (unmap)
		need += PANTHOR_PT_CUT_NEED;
	if (map)
		need += panthor_pt_map_need(va, size, attrs & PANTHOR_PT_SPARSE);

	cache_begin(&cache, need);
	if (unmap) {
		panthor_pt_unmap(&m->pt, &cache, va, size);
		note_unmap(m, first, count);
	}
	if (map) {
		panthor_pt_map(&m->pt, &cache, va, size, phys, attrs);
		note_map(m, first, count, phys, attrs);
	}
	return cache_end(&cache, need);
}

int model_map(struct model *m, size_t first, size_t count, u64 phys, u64 attrs)
{
	return change(m, false, true, first, count, phys, attrs);
}

int model_unmap(struct model *m, size_t first, size_t count)
{
	return change(m, true, false, first, count, 0, 0);
}

int model_replace(struct model *m, size_t first, size_t count, u64 phys, u64 attrs)
{
	return change(m, true, true, first, count, phys, attrs);
}

static void check_page(const struct model *m, size_t i, u64 offset)
{
	const struct model_page *want = &m->pages[i];
	u64 va = m->base + i * P + offset, span = want->block ? BLOCK : P;
	struct panthor_pt_page is = { .phys = 1, .len = 2, .attrs = 3 };

	assert_int_equal(panthor_pt_lookup(&m->pt, va, &is), want->mapped);
	if (!want->mapped) {
		/* Untouched. */
		assert_int_equal(is.phys + is.len + is.attrs, 6);
		return;
	}
	assert_int_equal(is.attrs, want->attrs);
	assert_int_equal(is.len, span - va % span);
	if (!(want->attrs & PANTHOR_PT_SPARSE))
		assert_int_equal(is.phys, want->phys + offset);
}

/* The first mapped page of each stretch of @pages that needs a table of its own. */
static size_t count_tables(const struct model *m, u64 span, bool leaf)
{
	u64 last = ~0ull;
	size_t count = 0;

	for (size_t i = 0; i < WINDOW_PAGES; i++) {
		u64 at = (m->base + i * P) / span;

		if (m->pages[i].mapped && !(leaf && m->pages[i].block) && at != last) {
			count++;
			last = at;
		}
	}
	return count;
}

struct tree {
	size_t tables, small, blocks;
};

static void count_tree(const u64 *table, unsigned int level, struct tree *tree)
{
	tree->tables++;
	for (size_t i = 0; i < PAGE_BYTES / sizeof(*table); i++) {
		if (table[i] & PANTHOR_PT_TABLE)
			count_tree((const u64 *)(uintptr_t)(table[i] & ~PANTHOR_PT_TABLE),
				   level + 1, tree);
		else if (table[i])
			*(level == 3 ? &tree->small : &tree->blocks) += 1;
	}
}

static void check_tree(const struct model *m)
{
	size_t pages_of_blocks = 0, small = 0;
	struct tree tree = { .tables = 0 };

	for (size_t i = 0; i < WINDOW_PAGES; i++) {
		pages_of_blocks += m->pages[i].block;
		small += m->pages[i].mapped && !m->pages[i].block;
	}
	count_tree(m->pt.root, 0, &tree);
	assert_int_equal(tree.blocks, pages_of_blocks / BLOCK_PAGES);
	assert_int_equal(tree.small, small);
	assert_int_equal(tree.tables, 1 + count_tables(m, 1ull << 39, false) +
					      count_tables(m, 1ull << 30, false) +
					      count_tables(m, BLOCK, true));
	assert_int_equal(pages.live, m->before + tree.tables);
}

void model_check(const struct model *m)
{
	struct panthor_pt_page page;

	for (size_t i = 0; i < WINDOW_PAGES; i++)
		check_page(m, i, i * 17 % P);
	if (m->base)
		assert_false(panthor_pt_lookup(&m->pt, m->base - 1, &page));
	assert_false(panthor_pt_lookup(&m->pt, m->base + WINDOW, &page));
	check_tree(m);
}

size_t walk(const struct panthor_pt *pt, u64 va, void *tables[4], bool *ret_leaf)
{
	u64 *table = pt->root;
	size_t count = 0;

	for (unsigned int shift = 39; count < 4; shift -= 9) {
		u64 entry = table[va >> shift & 511];

		tables[count++] = table;
		*ret_leaf = entry & PANTHOR_PT_VALID;
		if (!(entry & PANTHOR_PT_TABLE))
			break;
		table = (u64 *)(uintptr_t)(entry & ~PANTHOR_PT_TABLE);
	}
	return count;
}

u64 rnd(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
