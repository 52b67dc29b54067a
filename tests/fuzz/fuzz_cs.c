// SPDX-License-Identifier: MIT
/*
 * The executor of command streams. The input is a word of settings and then the stream itself. What
 * it does stays within its memory, costs what it may, and is the same when the work is cut up.
 */
#include "cs_check.h"
#include "fuzz.h"

#define SETTINGS   8
#define MAX_STREAM (CODE_PAGES * PAGE)

/* Registers from 64 on hold addresses of every kind, so that few instructions get far. */
static const u64 addresses[] = {
	DATA, DATA + PAGE, DATA + 8 * PAGE - 8, RDONLY, WRONLY, RWX, RWX + PAGE - 16, BROKEN,
	TOP, HOLE, ZERO, CODE, CODE + 64, CODE + PAGE, DATA + 4, 0x8000,
};

static void lay_out(struct world *w, const uint8_t *data, size_t size)
{
	size_t stream = size - SETTINGS < MAX_STREAM ? (size - SETTINGS) / 8 * 8 : MAX_STREAM;

	world_reset(w);
	w->cs.config.run_policy = data[0] & 1 ? PANTHOR_CS_RUN_FAULTS : PANTHOR_CS_RUN_COMPLETES;
	w->progress[0] = data[1];
	for (size_t i = 0; i < stream; i += 8)
		memcpy(at(w, CODE + i), data + SETTINGS + i, 8);
	/* Small values, and streams within the stream for those that call. */
	for (u32 i = 0; i < 64; i++)
		w->cs.regs[i] = i / 2 * 8;
	for (u32 i = 0; i < ARRAY_SIZE(addresses); i++)
		set_pair(w, 64 + 2 * i, addresses[i]);
	panthor_cs_start(&w->cs, CODE, stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world *whole, *pieces;

	if (!whole) {
		/* Or cmocka would exit() where the fuzzer looks for a crash. */
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		whole = world_new();
		pieces = world_new();
	}
	if (size < SETTINGS)
		return 0;
	lay_out(whole, data, size);
	run_checked(whole, 1024);
	lay_out(pieces, data, size);
	expect_same_in_pieces(whole, pieces, 1 + data[2] % 16);
	return 0;
}
