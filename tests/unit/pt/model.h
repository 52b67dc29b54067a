/* SPDX-License-Identifier: MIT */
/*
 * A page table and what it must say: an array of one window of the address space, page by page,
 * that knows nothing of levels but where a large page may be.
 */
#ifndef MODEL_H
#define MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pages.h"
#include "panthor_pt.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define P	     4096ull
#define BLOCK	     (2ull << 20)
#define VA_END	     (1ull << PANTHOR_PT_VA_BITS)
#define BLOCK_PAGES  (BLOCK / P)
#define WINDOW_PAGES (8 * BLOCK_PAGES)
#define WINDOW	     (WINDOW_PAGES * P)

/* @block: part of a large page */
struct model_page {
	u64 phys;
	u64 attrs;
	bool mapped;
	bool block;
};

/*
 * @base: where the window begins, on a block
 * @before: pages that were allocated before this began
 */
struct model {
	struct panthor_pt pt;
	u64 base;
	struct model_page pages[WINDOW_PAGES];
	size_t before;
};

void model_init(struct model *m, u64 base);
/* Whatever is still mapped; nothing is left of it. */
void model_fini(struct model *m);

/*
 * To both, the page table with exactly as many tables at hand as it says that it may need, which
 * must do. Ranges are in pages of the window. They return how many tables were taken, less those
 * given back.
 */
int model_map(struct model *m, size_t first, size_t count, u64 phys, u64 attrs);
int model_unmap(struct model *m, size_t first, size_t count);
/* The one after the other with one lot of tables, as VM_BIND does. */
int model_replace(struct model *m, size_t first, size_t count, u64 phys, u64 attrs);

/* Every page of the window and its neighbours, the tables in use, and the entries. */
void model_check(const struct model *m);

/*
 * The tables that lead to an address, the root first, by a walk of its own; at most 4.
 * @ret_leaf: whether there is a page at the end
 */
size_t walk(const struct panthor_pt *pt, u64 va, void *tables[4], bool *ret_leaf);

/* Deterministic random numbers. */
u64 rnd(u64 *seed);

#endif
