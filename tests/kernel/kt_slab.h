/* SPDX-License-Identifier: MIT */
/*
 * Objects of the kernel's slab caches, and pages that are in none: what is left behind by something
 * done many times. Every CPU keeps some that are free, so that only as many as would leak count.
 */
#ifndef KT_SLAB_H
#define KT_SLAB_H

#include "kt.h"

struct kt_slab {
	char name[48];
	uint64_t objects;
};

struct kt_slabs {
	struct kt_slab *caches;
	size_t count;
};

/* To be given to kt_slabs_assert_back(), once. */
struct kt_slabs kt_slabs_read(void);
/*
 * Only the caches whose names begin with one of @prefixes, which end with NULL, in an order that
 * stays, and no pages. To be given to kt_slabs_free().
 */
struct kt_slabs kt_slabs_read_of(const char *const *prefixes);
void kt_slabs_free(struct kt_slabs *slabs);
/*
 * Waits until no cache has @limit objects more than it had; fails the test with the names. In
 * kernels with KASAN, which keeps what is freed, it has nothing to say.
 */
void kt_slabs_assert_back(struct kt_slabs *before, uint64_t limit);
/* Whether that is so now; @report: names those that have more. */
bool kt_slabs_are_back(const struct kt_slabs *before, uint64_t limit, bool report);
/*
 * As kt_slabs_assert_back() for what is freed when calls return: without a wait, in all kernels,
 * for KASAN gives back what it keeps when caches are shrunk.
 */
void kt_slabs_assert_back_now(struct kt_slabs *before, uint64_t limit);

#endif
