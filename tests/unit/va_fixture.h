/* SPDX-License-Identifier: MIT */
/* A VA allocator in a VM of the fake, for tests of it and of what is built on it. */
#ifndef VA_FIXTURE_H
#define VA_FIXTURE_H

#include "unit.h"
#include "va.h"

#define PAGE 4096ull
#define MIB  (1ull << 20)
#define GIB  (1ull << 30)

struct va_fixture {
	struct fixture *f;
	struct panthor_vm *vm;
	struct panthor_va *va;
};

static inline void va_begin(struct va_fixture *v, void **state,
			    const struct panthor_va_params *params)
{
	v->f = *state;
	v->vm = new_vm(v->f->dev, 0);
	v->va = NULL;
	assert_int_equal(panthor_va_new(v->vm, params, &v->va), 0);
}

static inline void va_finish(struct va_fixture *v)
{
	assert_null(panthor_va_unref(v->va));
	panthor_vm_unref(v->vm);
}

static inline uint64_t va_take(struct va_fixture *v, uint64_t size, uint64_t align)
{
	uint64_t addr = 1;

	assert_int_equal(panthor_va_alloc(v->va, size, align, &addr), 0);
	assert_int_equal(addr % PAGE, 0);
	assert_true(addr >= 2 * MIB);
	return addr;
}

static inline void va_give(struct va_fixture *v, uint64_t addr, uint64_t size)
{
	assert_int_equal(panthor_va_free(v->va, addr, size, 0), 0);
}

static inline void va_expect_full(struct va_fixture *v, uint64_t size)
{
	uint64_t addr = 77;

	assert_int_equal(panthor_va_alloc(v->va, size, 0, &addr), -ENOSPC);
	assert_int_equal(addr, 77);
}

/* A small space, where there are no chunks: all comes out of the tree. */
static inline struct panthor_va_params va_small_space(uint64_t pages)
{
	return (struct panthor_va_params){
		.size = sizeof(struct panthor_va_params),
		.start = 16 * MIB,
		.end = 16 * MIB + pages * PAGE,
	};
}

#endif
