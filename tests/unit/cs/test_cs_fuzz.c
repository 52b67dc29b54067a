// SPDX-License-Identifier: MIT
/*
 * Streams of random instructions, mostly of opcodes and registers that exist: nothing may go out of
 * bounds (the sanitizers watch), cost more than its budget or depend on how the work is cut up.
 * Whatever fails prints the seed; CS_FUZZ_SEED=N starts there, CS_FUZZ_INSNS=N goes on for longer.
 */
#include "cs_check.h"

#include <pthread.h>

static u64 env(const char *name, u64 otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : otherwise;
}

/* Even ones below 64 hold values. From 64 on there are addresses, which are seldom written to. */
static u32 some_register(u64 *seed)
{
	u64 r = rnd(seed);

	if (r % 1024 == 0)
		return r >> 16 & 0xff;
	if (r % 1024 == 1)
		return 64 + (r >> 16) % 32;
	return (r >> 8) % 32 * 2;
}

static u32 some_address_register(u64 *seed)
{
	u64 r = rnd(seed);

	return r % 1024 ? 64 + (r >> 16) % 14 * 2 : r >> 16 & 0xff;
}

/* The low half, such that it is mostly valid. */
static u64 some_fields(u64 *seed, u32 op)
{
	u64 r = rnd(seed), low = r & 0xffffffff, often = r >> 32 & 0xff;

	switch (op) {
	case 20:
	case 21:
	case 40:
		/* Small offsets, mostly aligned. */
		return (low & 0xffff0000) | (often ? low & 0xff8 : low & 0xffff);
	case 22:
		/* Near, and rarely the reserved condition. */
		low &= often && (low >> 28 & 7) == 7 ? 0x60000000 : 0x70000000;
		return low | CS_FIELD((often >> 4) - 6, 0, 16);
	case 24:
		return often ? low & 1 : low;
	case 25:
		return often ? 2 : low;
	case 36:
		return often ? 0x13 : low;
	case 39:
	case 53:
		/* Mostly what holds, or else nothing would ever go on. */
		return often ? 0x60000000ull : low;
	default:
		return low;
	}
}

static u64 some_instruction(u64 *seed)
{
	static const u8 opcodes[] = { 0,  1,  2,  3,  9,  11, 16, 17, 18, 20, 21, 22, 22, 23,
				      24, 25, 32, 33, 34, 36, 37, 38, 39, 40, 42, 43, 47, 48,
				      49, 50, 51, 52, 53, 20, 21, 20, 21, 16, 17, 18, 2,  16 };
	u64 r = rnd(seed);
	u32 op = r % 1024 ? opcodes[(r >> 16) % sizeof(opcodes)] : r >> 16 & 63;
	u64 low = some_fields(seed, op);
	u32 at32 = some_register(seed), at48 = some_register(seed);
	u32 at40 = op >= 20 && op != 22 ? some_address_register(seed) : some_register(seed);

	r = rnd(seed);
	switch (op) {
	case 49:
		at32 = r % 256 ? r >> 8 & 1 : 2;
		break;
	case 50:
		at32 = (r >> 8) % 80;
		at40 = (r >> 16) % 18;
		break;
	case 32:
	case 33:
		/* To what may be executed, mostly. */
		at40 = r % 64 ? 92 + (r >> 8 & 2) : at40;
		break;
	}
	return CS_OP(op) | low | CS_AT32(at32) | CS_AT40(at40) | CS_AT48(at48);
}

static u64 some_address(u64 *seed)
{
	static const u64 pages[] = { DATA,   DATA,   DATA, DATA, CODE, CODE,  RWX,
				     RDONLY, WRONLY, HOLE, TOP,	 ZERO, BROKEN };
	u64 r = rnd(seed);
	u64 page = r % 64 ? DATA + PAGE : pages[(r >> 8) % ARRAY_SIZE(pages)];

	return page + (r >> 32) % (PAGE * (page == DATA + PAGE ? DATA_PAGES - 2 : 1)) / 16 * 16;
}

static void fill(struct world *w, u64 va, u64 *seed)
{
	for (u32 i = 0; i < PAGE / 8; i++)
		*at64(w, va + 8 * i) = some_instruction(seed);
}

static void some_world(struct world *w, u64 seed)
{
	const u32 odd_values = seed % 64 == 0;
	u64 r;

	world_reset(w);
	w->cs.config.run_policy = seed % 2 ? PANTHOR_CS_RUN_FAULTS : PANTHOR_CS_RUN_COMPLETES;
	for (size_t i = 0; i < WORLD_QUEUES; i++)
		w->progress[i] = 1ull << 40;
	fill(w, CODE, &seed);
	fill(w, RWX, &seed);
	for (u32 i = 0; i < 64; i++)
		w->cs.regs[i] = rnd(&seed) & (odd_values ? ~0ull : 0x1f8);
	for (u32 i = 64; i < 92; i += 2)
		set_pair(w, i, some_address(&seed));
	/* Code to call or to jump to. */
	set_pair(w, 92, CODE + rnd(&seed) % 450 * 8);
	set_pair(w, 94, RWX + rnd(&seed) % 450 * 8);
	r = rnd(&seed);
	panthor_cs_start(&w->cs, CODE + r % 256 * 8, (r >> 8) % 256 * 8);
}

static void random_streams(void **state)
{
	const u64 wanted = env("CS_FUZZ_INSNS", 8000000);
	u64 seed = env("CS_FUZZ_SEED", 1), insns = 0, ends[4] = { 0 };
	struct world *a = world_new(), *b = world_new();

	for (; insns < wanted; seed++) {
		if (seed % 4096 == 1)
			print_message("# seed %llu\n", (unsigned long long)seed);
		some_world(a, seed);
		run_checked(a, 6000);
		ends[a->cs.status]++;
		insns += a->cs.counters.instructions;
		if (seed % 4)
			continue;
		some_world(b, seed);
		expect_same_in_pieces(a, b, 1 + seed / 4 % 3);
	}
	print_message("# %llu instructions; done %llu, yield %llu, blocked %llu, fault %llu\n",
		      (unsigned long long)insns, (unsigned long long)ends[0],
		      (unsigned long long)ends[1], (unsigned long long)ends[2],
		      (unsigned long long)ends[3]);
	/* Or it has tested nothing. */
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_true(ends[i] > 0);
	world_free(a);
	world_free(b);
}

/* Not even opcodes are likely: every word is tried with nice registers. */
static void random_words(void **state)
{
	u64 seed = env("CS_FUZZ_SEED", 1) << 32, faults = 0;
	struct world *w = world_new();

	for (u32 i = 0; i < 1000000; i++) {
		const u64 r = rnd(&seed), insn = (r & ~0ull >> 8) | CS_OP(r >> 56 & 63);

		if (w->cs.status == PANTHOR_CS_FAULT) {
			panthor_cs_reset(&w->cs);
			for (u32 j = 0; j < 96; j += 2)
				set_pair(w, j, DATA + rnd(&seed) % (PAGE * DATA_PAGES));
			faults++;
		}
		put_code(w, CODE, &insn, 1);
		panthor_cs_start(&w->cs, CODE, 8);
		run_checked(w, 1 + i % 16);
	}
	assert_in_range(faults, 1000, 999000);
	world_free(w);
}

struct adder {
	pthread_t thread;
	struct world *w;
};

static void *add_forever(void *arg)
{
	struct adder *adder = arg;
	enum panthor_cs_status status;

	do
		status = panthor_cs_run(&adder->w->cs, 1000);
	while (status == PANTHOR_CS_YIELD);
	return NULL;
}

/* Queues that add to one sync object at the same time lose no addition. */
static void concurrent_adds(void **state)
{
	struct adder adders[2];
	u64 shared[PAGE / 8] __attribute__((aligned(4096))) = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(adders); i++) {
		struct world *w = adders[i].w = world_new();

		free(w->pages[1 + CODE_PAGES].mem);
		w->pages[1 + CODE_PAGES].mem = shared;
		assert_ptr_equal(at(w, DATA), shared);
		put_code(w, CODE,
			 INSNS(CS_MOVE(0, DATA), CS_MOVE(8, DATA + 16), CS_MOVE(2, 1),
			       CS_MOVE32(4, 200000), CS_SYNC_ADD64(2, 0), CS_SYNC_ADD32(2, 8),
			       CS_ADD32(4, 4, -1), CS_BRANCH(CS_GT, 4, -4)));
		panthor_cs_start(&w->cs, CODE, 64);
	}
	for (size_t i = 0; i < ARRAY_SIZE(adders); i++)
		assert_int_equal(pthread_create(&adders[i].thread, NULL, add_forever, &adders[i]),
				 0);
	for (size_t i = 0; i < ARRAY_SIZE(adders); i++) {
		assert_int_equal(pthread_join(adders[i].thread, NULL), 0);
		assert_int_equal(adders[i].w->cs.status, PANTHOR_CS_DONE);
		adders[i].w->pages[1 + CODE_PAGES].mem = NULL;
		world_free(adders[i].w);
	}
	assert_int_equal(shared[0], 400000);
	assert_int_equal(shared[2], 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_streams),
		cmocka_unit_test(random_words),
		cmocka_unit_test(concurrent_adds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
