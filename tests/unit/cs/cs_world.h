/* SPDX-License-Identifier: MIT */
/*
 * A queue and the GPU memory it sees. Pages are allocated one by one, so that the address sanitizer
 * sees every access that goes astray.
 */
#ifndef CS_WORLD_H
#define CS_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cs_asm.h"
#include "panthor_cs.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PAGE 4096ull
/* What is mapped; nothing is next to it, and address 0 is mapped for whom wraps. */
#define ZERO	   0ull	      /* 1 page, read and write */
#define CODE	   0x10000ull /* CODE_PAGES, execute and read */
#define CODE_PAGES 4
#define DATA	   0x100000ull /* DATA_PAGES, read and write */
#define DATA_PAGES 8
#define RDONLY	   0x200000ull		 /* 1 page, read */
#define WRONLY	   0x300000ull		 /* 1 page, write */
#define RWX	   0x400000ull		 /* 1 page */
#define BROKEN	   0x500000ull		 /* 1 page, the owner cannot get it */
#define TOP	   0xfffffffffffff000ull /* 1 page, read and write */
#define HOLE	   0x7000000ull

#define WORLD_PAGES  (6 + CODE_PAGES + DATA_PAGES)
#define WORLD_QUEUES 3
#define BIG	     1000000u

struct world {
	struct panthor_cs cs;
	struct page {
		u64 va;
		u32 access;
		void *mem;
	} pages[WORLD_PAGES];
	u64 progress[WORLD_QUEUES];
	u64 clock;
	u32 maps, flushes;
};

struct world *world_new(void);
void world_free(struct world *w);

/* As one that never ran, but for its memory, which is the same everywhere and not zero. */
void world_reset(struct world *w);

/* Fixture of most tests. */
int world_setup(void **state);
int world_teardown(void **state);
#define world_test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* Host address of a word that is mapped. */
void *at(const struct world *w, u64 va);
u32 *at32(const struct world *w, u64 va);
u64 *at64(const struct world *w, u64 va);

u64 pair(const struct world *w, u32 r);
void set_pair(struct world *w, u32 r, u64 value);

void put_code(struct world *w, u64 va, const u64 *insns, size_t count);
/* Puts a stream at CODE, starts and runs it. */
enum panthor_cs_status run_code(struct world *w, const u64 *insns, size_t count);
#define INSN_COUNT(...)	 (sizeof((const u64[]){ __VA_ARGS__ }) / sizeof(u64))
#define INSNS(...)	 (const u64[]){ __VA_ARGS__ }, INSN_COUNT(__VA_ARGS__)
#define run(w, ...)	 run_code(w, INSNS(__VA_ARGS__))
#define run_done(w, ...) assert_int_equal(run(w, __VA_ARGS__), PANTHOR_CS_DONE)

void expect_fault(const struct world *w, u32 type, u64 pc, u64 va);

/* Same registers, memory, state and results, whatever it took to get there. */
void expect_same(const struct world *a, const struct world *b);

/* Deterministic random numbers. */
u64 rnd(u64 *seed);

#endif
