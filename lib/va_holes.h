/* SPDX-License-Identifier: MIT */
/*
 * The free ranges of an address space, in pages: a tree by address that knows the largest range in
 * each of its branches, balanced by random priorities. All operations take O(log n); only taking
 * looks at all holes of at least @count where none has room for any place of @align.
 */
#ifndef PANTHOR_VA_HOLES_H
#define PANTHOR_VA_HOLES_H

#include "transport.h"

struct va_hole;

/* Whoever owns it has the lock. */
struct va_holes {
	struct va_hole *root;
	struct va_hole *spare; /* nodes for later, chained by their left branch */
	uint32_t nodes;	       /* in the tree and spare */
	uint32_t taken;	       /* ranges that are out */
	uint32_t seed;
};

/* All of [first, first + count) is free. -ENOMEM. */
int va_holes_init(struct va_holes *holes, const struct panthor_transport *io, uint64_t first,
		  uint64_t count);
void va_holes_fini(struct va_holes *holes);

/* Takes the lowest place found. @align is a power of two. -ENOSPC, -ENOMEM. */
int va_holes_take(struct va_holes *holes, const struct panthor_transport *io, uint64_t count,
		  uint64_t align, uint64_t *ret_first);

/* Takes this very place. -EBUSY, -ENOMEM. */
int va_holes_take_at(struct va_holes *holes, const struct panthor_transport *io, uint64_t first,
		     uint64_t count);

/* Never lacks memory: whoever took a range left a node for it. -EINVAL part of it is free. */
int va_holes_give(struct va_holes *holes, uint64_t first, uint64_t count);

#endif
