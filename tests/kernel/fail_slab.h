/* SPDX-License-Identifier: MIT */
/*
 * How many objects the slab caches have that the driver allocates from: after a sweep not one more
 * than before. Of what is left behind where something still points to it, so that kmemleak has
 * nothing to say, this is the only trace.
 *
 * Only caches with an exact number are counted: what is accounted to cgroups, as nearly all of
 * the driver is, and fences of the scheduler. The plain kmalloc caches and nodes of trees are also
 * those of the kernel's threads, which come and go meanwhile, of swap, and of checks that keep
 * records: their numbers move, some by hundreds. What the driver has there, a structure for each
 * file, tables of pages, nodes of its arrays, is left to kmemleak.
 */
#ifndef FAIL_SLAB_H
#define FAIL_SLAB_H

/* What there is now, is what there should be. */
void fail_slabs_begin(void);
/* Waits until there is no more of it; fails the test with the names. */
void fail_slabs_assert_back(void);

#endif
