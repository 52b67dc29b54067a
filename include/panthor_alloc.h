/* SPDX-License-Identifier: MIT */
/*
 * Addresses and memory that are used again: the VA allocator. Part of panthor.h, whose conventions
 * hold here too.
 *
 * What the GPU may still be using is given back together with a point of a timeline, a syncobj that
 * the caller signals in order as work finishes; it is used again once the timeline has come so far.
 * Whoever gives something back while the GPU is known to be done with it says point 0.
 */
#ifndef LIBDRM_PANTHOR_ALLOC_H
#define LIBDRM_PANTHOR_ALLOC_H

#include "panthor_gpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * VA allocators: which addresses of a VM are in use. They map nothing.
 */

struct panthor_va;

/**
 * struct panthor_va_params - what a VA allocator hands out
 * @size: sizeof(struct panthor_va_params); members beyond it read as 0
 * @timeline: syncobj that points given to panthor_va_free() belong to, the caller's, to outlive
 *            the allocator; 0 for none
 * @start: first address; 0 for 2 MiB, so that what is near address 0 is never mapped
 * @end: address behind the last; 0 for the VM's whole user range
 * @guard: bytes left free behind every range
 *
 * Addresses are multiples of PANTHOR_VM_PAGE_SIZE. A VM may have several allocators, say one for
 * fixed addresses, if their ranges do not meet.
 */
struct panthor_va_params {
	uint32_t size;
	uint32_t timeline;
	uint64_t start;
	uint64_t end;
	uint64_t guard;
};

/**
 * panthor_va_new - create a VA allocator
 * @params: NULL for the defaults
 * @ret_va: the allocator, one reference; keeps its VM alive
 *
 * Errors: -EINVAL parameters that are no multiples of PANTHOR_VM_PAGE_SIZE, leave nothing, or go
 * beyond the VM's user range; -E2BIG @params has members this library does not know; -ENOMEM.
 */
int panthor_va_new(struct panthor_vm *vm, const struct panthor_va_params *params,
		   struct panthor_va **ret_va);

/** panthor_va_unref - drop a reference; what is mapped stays mapped; takes NULL, returns NULL */
struct panthor_va *panthor_va_unref(struct panthor_va *va);

/**
 * panthor_va_alloc - find addresses for a range
 * @size: bytes, rounded up to PANTHOR_VM_PAGE_SIZE
 * @align: a power of two from PANTHOR_VM_PAGE_SIZE on; 0 for 2 MiB, which the GPU's huge pages
 *         need, where @size is as large, and for PANTHOR_VM_PAGE_SIZE below
 * @ret_addr: the first address, never 0
 *
 * Takes constant time up to 128 MiB, and beyond, or where little is free, logarithmic time. When
 * nothing is free it asks the kernel, once, whether ranges freed with a point can be had. Errors:
 * -EINVAL size 0 or no such alignment; -ENOSPC; -ENOMEM; with ranges that wait for their point
 * those of panthor_syncobj_query().
 */
int panthor_va_alloc(struct panthor_va *va, uint64_t size, uint64_t align, uint64_t *ret_addr);

/**
 * panthor_va_reserve - take a range at a fixed address
 * @addr: a multiple of PANTHOR_VM_PAGE_SIZE
 * @size: bytes, rounded up to PANTHOR_VM_PAGE_SIZE
 *
 * To be freed as any other. Errors: -EINVAL not all of it, with its guard, is the allocator's, or
 * no such address; -EBUSY part of it is taken, or set aside for small ranges; -ENOMEM.
 */
int panthor_va_reserve(struct panthor_va *va, uint64_t addr, uint64_t size);

/**
 * panthor_va_free - give a range back
 * @addr, @size: as it was allocated or reserved
 * @point: of the allocator's timeline, from which on it may be used again; 0 for now
 *
 * Points are best given in order: an earlier one waits for those in front of it. Every now and
 * then, and the rarer the longer the GPU takes, this asks the kernel for the timeline's state.
 * Errors: -EINVAL no such range as far as that can be seen, or a point without a timeline; with a
 * point -ENOMEM, and the range stays taken.
 */
int panthor_va_free(struct panthor_va *va, uint64_t addr, uint64_t size, uint64_t point);

#ifdef __cplusplus
}
#endif

#endif
