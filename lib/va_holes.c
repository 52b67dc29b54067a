// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "va_holes.h"

struct va_hole {
	struct va_hole *left;
	struct va_hole *right;
	uint64_t first;
	uint64_t count;
	uint64_t largest;  /* count, here and below */
	uint32_t priority; /* not below that of a branch */
};

static uint64_t largest_of(const struct va_hole *hole)
{
	return hole ? hole->largest : 0;
}

static void update(struct va_hole *hole)
{
	uint64_t left = largest_of(hole->left), right = largest_of(hole->right);
	uint64_t below = left > right ? left : right;

	hole->largest = hole->count > below ? hole->count : below;
}

/* What begins in front of @first goes left. */
static void split(struct va_hole *hole, uint64_t first, struct va_hole **ret_left,
		  struct va_hole **ret_right)
{
	if (!hole) {
		*ret_left = NULL;
		*ret_right = NULL;
		return;
	}
	if (hole->first < first) {
		*ret_left = hole;
		split(hole->right, first, &hole->right, ret_right);
	} else {
		*ret_right = hole;
		split(hole->left, first, ret_left, &hole->left);
	}
	update(hole);
}

static struct va_hole *merge(struct va_hole *left, struct va_hole *right)
{
	if (!left || !right)
		return left ? left : right;
	if (left->priority > right->priority) {
		left->right = merge(left->right, right);
		update(left);
		return left;
	}
	right->left = merge(left, right->left);
	update(right);
	return right;
}

static struct va_hole *insert(struct va_hole *root, struct va_hole *hole)
{
	if (!root || hole->priority > root->priority) {
		split(root, hole->first, &hole->left, &hole->right);
		update(hole);
		return hole;
	}
	if (hole->first < root->first)
		root->left = insert(root->left, hole);
	else
		root->right = insert(root->right, hole);
	update(root);
	return root;
}

static struct va_hole *cut_out(struct va_hole *root, const struct va_hole *hole)
{
	if (root == hole)
		return merge(root->left, root->right);
	if (hole->first < root->first)
		root->left = cut_out(root->left, hole);
	else
		root->right = cut_out(root->right, hole);
	update(root);
	return root;
}

static uint32_t next_priority(struct va_holes *holes)
{
	holes->seed ^= holes->seed << 13;
	holes->seed ^= holes->seed >> 17;
	holes->seed ^= holes->seed << 5;
	return holes->seed;
}

static void make_hole(struct va_holes *holes, uint64_t first, uint64_t count)
{
	struct va_hole *hole = holes->spare;

	if (!count)
		return;
	holes->spare = hole->left;
	hole->first = first;
	hole->count = count;
	hole->priority = next_priority(holes);
	holes->root = insert(holes->root, hole);
}

static void remove_hole(struct va_holes *holes, struct va_hole *hole)
{
	holes->root = cut_out(holes->root, hole);
	hole->left = holes->spare;
	holes->spare = hole;
}

/* Holes are never more than the ranges between them and one; taking splits one of them. */
static int reserve_nodes(struct va_holes *holes, const struct panthor_transport *io)
{
	while (holes->nodes < holes->taken + 2 || !holes->spare) {
		struct va_hole *hole = io_alloc(io, sizeof(*hole));

		if (!hole)
			return -ENOMEM;
		hole->left = holes->spare;
		holes->spare = hole;
		holes->nodes++;
	}
	return 0;
}

int va_holes_init(struct va_holes *holes, const struct panthor_transport *io, uint64_t first,
		  uint64_t count)
{
	*holes = (struct va_holes){ .seed = 0x9e3779b9 };
	if (reserve_nodes(holes, io)) {
		va_holes_fini(holes);
		return -ENOMEM;
	}
	make_hole(holes, first, count);
	return 0;
}

void va_holes_fini(struct va_holes *holes)
{
	while (holes->root)
		remove_hole(holes, holes->root);
	while (holes->spare) {
		struct va_hole *hole = holes->spare;

		holes->spare = hole->left;
		free(hole);
	}
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static bool fits(const struct va_hole *hole, uint64_t count, uint64_t align)
{
	uint64_t skipped = align_up(hole->first, align) - hole->first;

	return hole->count >= skipped && hole->count - skipped >= count;
}

/* The first of at least @count. */
static struct va_hole *find_by_count(struct va_hole *hole, uint64_t count)
{
	if (largest_of(hole) < count)
		return NULL;
	while (true) {
		if (largest_of(hole->left) >= count)
			hole = hole->left;
		else if (hole->count >= count)
			return hole;
		else
			hole = hole->right;
	}
}

/* Looks at all that are large enough, until one is so at the right place. */
static struct va_hole *find_by_fit(struct va_hole *hole, uint64_t count, uint64_t align)
{
	struct va_hole *found;

	if (largest_of(hole) < count)
		return NULL;
	found = find_by_fit(hole->left, count, align);
	if (found || fits(hole, count, align))
		return found ? found : hole;
	return find_by_fit(hole->right, count, align);
}

/* The last that begins at or in front of @first. */
static struct va_hole *find_before(struct va_hole *hole, uint64_t first)
{
	struct va_hole *best = NULL;

	while (hole) {
		if (hole->first <= first) {
			best = hole;
			hole = hole->right;
		} else {
			hole = hole->left;
		}
	}
	return best;
}

static struct va_hole *find_after(struct va_hole *hole, uint64_t first)
{
	struct va_hole *best = NULL;

	while (hole) {
		if (hole->first > first) {
			best = hole;
			hole = hole->left;
		} else {
			hole = hole->right;
		}
	}
	return best;
}

static void take_out(struct va_holes *holes, struct va_hole *hole, uint64_t first, uint64_t count)
{
	uint64_t hole_first = hole->first, end = hole->first + hole->count;

	remove_hole(holes, hole);
	make_hole(holes, hole_first, first - hole_first);
	make_hole(holes, first + count, end - first - count);
	holes->taken++;
}

int va_holes_take(struct va_holes *holes, const struct panthor_transport *io, uint64_t count,
		  uint64_t align, uint64_t *ret_first)
{
	/* Where this much is free, an aligned part of it is large enough wherever it begins. */
	struct va_hole *hole = find_by_count(holes->root, count + align - 1);
	int r = reserve_nodes(holes, io);

	if (r)
		return r;
	if (!hole)
		hole = find_by_fit(holes->root, count, align);
	if (!hole)
		return -ENOSPC;
	*ret_first = align_up(hole->first, align);
	take_out(holes, hole, *ret_first, count);
	return 0;
}

int va_holes_take_at(struct va_holes *holes, const struct panthor_transport *io, uint64_t first,
		     uint64_t count)
{
	struct va_hole *hole = find_before(holes->root, first);
	int r = reserve_nodes(holes, io);

	if (r)
		return r;
	if (!hole || first + count > hole->first + hole->count)
		return -EBUSY;
	take_out(holes, hole, first, count);
	return 0;
}

int va_holes_give(struct va_holes *holes, uint64_t first, uint64_t count)
{
	struct va_hole *before = find_before(holes->root, first);
	struct va_hole *after = find_after(holes->root, first);
	uint64_t end = first + count, before_end = before ? before->first + before->count : 0;
	bool joins_before = before && before_end == first,
	     joins_after = after && after->first == end;

	if (!holes->taken || before_end > first || (after && after->first < end))
		return -EINVAL;
	/* Only who gives back other ranges than were taken needs more nodes than there are. */
	if (!joins_before && !joins_after && !holes->spare)
		return -EINVAL;

	if (joins_before) {
		first = before->first;
		remove_hole(holes, before);
	}
	if (joins_after) {
		end += after->count;
		remove_hole(holes, after);
	}
	make_hole(holes, first, end - first);
	holes->taken--;
	return 0;
}
