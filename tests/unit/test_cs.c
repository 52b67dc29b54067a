// SPDX-License-Identifier: MIT
/* The command stream builder: every encoding bit by bit, every bound from both sides. */
#include "panthor_cs.h"
#include "unit.h"

/* What one instruction looks like, or which error it gives. */
#define EXPECT_WORD(word, emit)                                     \
	do {                                                        \
		uint64_t memory_[2] = { 0xaaaa, 0xbbbb };           \
		struct panthor_cs cs_, *cs = &cs_;                  \
		uint32_t size_ = 77;                                \
		panthor_cs_init(cs, memory_, 8, 0);                 \
		emit;                                               \
		assert_int_equal(panthor_cs_finish(cs, &size_), 0); \
		assert_int_equal(size_, 8);                         \
		assert_int_equal(memory_[0], word);                 \
		assert_int_equal(memory_[1], 0xbbbb);               \
	} while (0)

#define EXPECT_ERROR(error, emit)                                       \
	do {                                                            \
		uint64_t memory_[16] = { 0 };                           \
		struct panthor_cs cs_, *cs = &cs_;                      \
		uint32_t size_ = 77;                                    \
		panthor_cs_init(cs, memory_, sizeof(memory_), 0);       \
		emit;                                                   \
		assert_int_equal(panthor_cs_finish(cs, &size_), error); \
		assert_int_equal(size_, 77);                            \
		assert_int_equal(memory_[0], 0);                        \
	} while (0)

static void encodings(void **state)
{
	EXPECT_WORD(0x0000000000000000, panthor_cs_nop(cs));
	EXPECT_WORD(0x015e123456789abc, panthor_cs_move48(cs, 94, 0x123456789abc));
	EXPECT_WORD(0x025f0000deadbeef, panthor_cs_move32(cs, 95, 0xdeadbeef));
	EXPECT_WORD(0x0100ffffffffffff, panthor_cs_move64(cs, 0, 0xffffffffffff));
	EXPECT_WORD(0x10050700ffffffff, panthor_cs_add32(cs, 5, 7, -1));
	EXPECT_WORD(0x1104060080000000, panthor_cs_add64(cs, 4, 6, INT32_MIN));
	EXPECT_WORD(0x14500200ffff8000, panthor_cs_load(cs, 80, 0xffff, 2, -32768));
	EXPECT_WORD(0x155f000000017fff, panthor_cs_store(cs, 95, 1, 0, 32767));
	EXPECT_WORD(0x03000000ffff0000, panthor_cs_wait(cs, 0xffff));
	EXPECT_WORD(0x1700000000000043, panthor_cs_set_slots(cs, 3, 4));
	EXPECT_WORD(0x24055a0000060233,
		    panthor_cs_flush_caches(cs, PANTHOR_CS_FLUSH_CLEAN_INVALIDATE,
					    PANTHOR_CS_FLUSH_CLEAN_INVALIDATE, true, 90, 6, 5));
	EXPECT_WORD(0x2400000000000001,
		    panthor_cs_flush_caches(cs, PANTHOR_CS_FLUSH_CLEAN, PANTHOR_CS_FLUSH_NONE,
					    false, 0, 0, 0));
	EXPECT_WORD(0x160003003000fffe, panthor_cs_skip(cs, PANTHOR_CS_NE, 3, -2));
	EXPECT_WORD(0x1600000060000001, panthor_cs_skip(cs, PANTHOR_CS_ALWAYS, 0, 1));
	EXPECT_WORD(0x2000080a00000000, panthor_cs_call(cs, 8, 10));
	EXPECT_WORD(0x2100080a00000000, panthor_cs_jump(cs, 8, 10));
	EXPECT_WORD(0x250f080b80010000, panthor_cs_sync_add(cs, 32, 8, 11, 0x8001, 15));
	EXPECT_WORD(0x3300080a00000000, panthor_cs_sync_add(cs, 64, 8, 10, 0, 0));
	EXPECT_WORD(0x2600080b00000000, panthor_cs_sync_set(cs, 32, 8, 11, 0, 0));
	EXPECT_WORD(0x3401080a00020000, panthor_cs_sync_set(cs, 64, 8, 10, 2, 1));
	EXPECT_WORD(0x2700080b10000000, panthor_cs_sync_wait(cs, 32, 8, 11, PANTHOR_CS_GT));
	EXPECT_WORD(0x3500080a00000000, panthor_cs_sync_wait(cs, 64, 8, 10, PANTHOR_CS_LE));
	EXPECT_WORD(0x3000420000000000,
		    panthor_cs_emit(cs, panthor_cs_op(48) | panthor_cs_pair(cs, 0x42, 40)));
}

static void registers_end_somewhere(void **state)
{
	EXPECT_ERROR(-EINVAL, panthor_cs_move48(cs, 96, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_move48(cs, 1, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_move32(cs, 96, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_move32(cs, UINT32_MAX, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_move64(cs, 1, UINT64_MAX));
	EXPECT_ERROR(-EINVAL, panthor_cs_move64(cs, 96, UINT64_MAX));
	EXPECT_ERROR(-EINVAL, panthor_cs_add32(cs, 96, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_add32(cs, 0, 96, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_add64(cs, 3, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_add64(cs, 0, 3, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_load(cs, 95, 3, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_load(cs, 81, 0x8000, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_store(cs, 0, 1, 95, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_skip(cs, PANTHOR_CS_EQ, 96, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_call(cs, 1, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_call(cs, 0, 96));
	EXPECT_ERROR(-EINVAL, panthor_cs_jump(cs, 1, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_add(cs, 64, 0, 3, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_set(cs, 32, 3, 3, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_wait(cs, 32, 0, 96, PANTHOR_CS_LE));
	EXPECT_ERROR(-EINVAL, panthor_cs_flush_caches(cs, PANTHOR_CS_FLUSH_NONE,
						      PANTHOR_CS_FLUSH_NONE, false, 96, 0, 0));
}

static void newer_gpus_have_more_registers(void **state)
{
	uint64_t memory[2];
	struct panthor_cs cs;
	uint32_t size = 0;

	panthor_cs_init(&cs, memory, sizeof(memory), 128);
	panthor_cs_move48(&cs, 126, 1);
	panthor_cs_move32(&cs, 127, 1);
	assert_int_equal(panthor_cs_finish(&cs, &size), 0);
	assert_int_equal(memory[1], 0x027f000000000001);
	panthor_cs_init(&cs, memory, sizeof(memory), 128);
	panthor_cs_move32(&cs, 128, 1);
	assert_int_equal(panthor_cs_finish(&cs, &size), -EINVAL);
}

static void other_operands_end_too(void **state)
{
	EXPECT_ERROR(-ERANGE, panthor_cs_move48(cs, 0, 1ull << 48));
	EXPECT_ERROR(-EINVAL, panthor_cs_load(cs, 0, 0, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_load(cs, 0, 0x10000, 0, 0));
	EXPECT_ERROR(-ERANGE, panthor_cs_load(cs, 0, 1, 0, 32768));
	EXPECT_ERROR(-ERANGE, panthor_cs_store(cs, 0, 1, 0, -32769));
	EXPECT_ERROR(-EINVAL, panthor_cs_wait(cs, 0x10000));
	EXPECT_ERROR(-EINVAL, panthor_cs_set_slots(cs, 16, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_set_slots(cs, 0, 16));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_add(cs, 32, 0, 0, 0x10000, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_add(cs, 32, 0, 0, 0, 16));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_add(cs, 16, 0, 0, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_wait(cs, 32, 0, 0, PANTHOR_CS_EQ));
	EXPECT_ERROR(-EINVAL, panthor_cs_sync_wait(cs, 64, 0, 0, PANTHOR_CS_ALWAYS));
	EXPECT_ERROR(-EINVAL, panthor_cs_flush_caches(cs, (enum panthor_cs_flush)2,
						      PANTHOR_CS_FLUSH_NONE, false, 0, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_flush_caches(cs, PANTHOR_CS_FLUSH_NONE,
						      (enum panthor_cs_flush)4, false, 0, 0, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_skip(cs, (enum panthor_cs_condition)7, 0, 0));
	EXPECT_ERROR(-ERANGE, panthor_cs_skip(cs, PANTHOR_CS_EQ, 0, 32768));
	EXPECT_ERROR(-ERANGE, panthor_cs_skip(cs, PANTHOR_CS_EQ, 0, -32769));
	EXPECT_ERROR(-EINVAL, panthor_cs_pad(cs, 0));
	EXPECT_ERROR(-EINVAL, panthor_cs_pad(cs, 12));
}

static void large_values_take_two_moves(void **state)
{
	uint64_t memory[2];
	struct panthor_cs cs;
	uint32_t size = 0;

	panthor_cs_init(&cs, memory, sizeof(memory), 0);
	panthor_cs_move64(&cs, 8, 0x123456789abcdef0);
	assert_int_equal(panthor_cs_finish(&cs, &size), 0);
	assert_int_equal(size, 16);
	assert_int_equal(memory[0], 0x020800009abcdef0);
	assert_int_equal(memory[1], 0x0209000012345678);
}

/* The first error stays, and nothing is written after it. */
static void errors_stick(void **state)
{
	uint64_t memory[4] = { 0 };
	struct panthor_cs cs;
	uint32_t size = 77;

	panthor_cs_init(&cs, memory, sizeof(memory), 0);
	panthor_cs_move32(&cs, 1, 1);
	panthor_cs_move48(&cs, 0, UINT64_MAX);
	panthor_cs_move32(&cs, 96, 1);
	panthor_cs_move32(&cs, 1, 1);
	assert_int_equal(panthor_cs_finish(&cs, &size), -ERANGE);
	assert_int_equal(size, 77);
	assert_int_equal(memory[1], 0);
}

static void memory_ends(void **state)
{
	uint64_t memory[3] = { 1, 1, 1 };
	struct panthor_cs cs;
	uint32_t size = 77;

	/* Of 23 bytes two instructions fit. */
	panthor_cs_init(&cs, memory, 23, 0);
	panthor_cs_nop(&cs);
	panthor_cs_nop(&cs);
	assert_int_equal(panthor_cs_finish(&cs, &size), 0);
	assert_int_equal(size, 16);
	panthor_cs_nop(&cs);
	assert_int_equal(panthor_cs_finish(&cs, &size), -ENOSPC);
	assert_int_equal(memory[2], 1);

	panthor_cs_init(&cs, NULL, 0, 0);
	assert_int_equal(panthor_cs_finish(&cs, &size), 0);
	assert_int_equal(size, 0);
	panthor_cs_nop(&cs);
	assert_int_equal(panthor_cs_finish(&cs, &size), -ENOSPC);

	/* The size is 32 bits at last, and has to stay below them. */
	panthor_cs_init(&cs, NULL, SIZE_MAX, 0);
	assert_true((uint64_t)cs.capacity * 8 <= UINT32_MAX);
}

static void padding(void **state)
{
	uint64_t memory[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	struct panthor_cs cs;
	uint32_t size = 0;

	panthor_cs_init(&cs, memory, sizeof(memory), 0);
	panthor_cs_pad(&cs, 64);
	assert_int_equal(cs.count, 0);
	panthor_cs_move32(&cs, 0, 0);
	panthor_cs_pad(&cs, 64);
	panthor_cs_pad(&cs, 64);
	assert_int_equal(panthor_cs_finish(&cs, &size), 0);
	assert_int_equal(size, 64);
	for (int i = 1; i < 8; i++)
		assert_int_equal(memory[i], 0);
	assert_int_equal(memory[8], 1);
	panthor_cs_nop(&cs);
	panthor_cs_pad(&cs, 64);
	assert_int_equal(panthor_cs_finish(&cs, &size), -ENOSPC);
}

static int16_t offset_of(uint64_t word)
{
	return (int16_t)(word & 0xffff);
}

static void labels_both_ways(void **state)
{
	struct panthor_cs_label top = { 0 }, out = { 0 };
	uint64_t memory[8];
	struct panthor_cs cs;
	uint32_t size = 0;

	panthor_cs_init(&cs, memory, sizeof(memory), 0);
	panthor_cs_branch(&cs, PANTHOR_CS_EQ, 4, &out);
	panthor_cs_place(&cs, &top);
	panthor_cs_add32(&cs, 4, 4, -1);
	panthor_cs_branch(&cs, PANTHOR_CS_LT, 4, &out);
	panthor_cs_branch(&cs, PANTHOR_CS_NE, 4, &top);
	panthor_cs_branch(&cs, PANTHOR_CS_ALWAYS, 0, &out);
	assert_int_equal(panthor_cs_finish(&cs, &size), -EINVAL);

	panthor_cs_init(&cs, memory, sizeof(memory), 0);
	memset(&top, 0, sizeof(top));
	memset(&out, 0, sizeof(out));
	panthor_cs_branch(&cs, PANTHOR_CS_EQ, 4, &out);
	panthor_cs_place(&cs, &top);
	panthor_cs_add32(&cs, 4, 4, -1);
	panthor_cs_branch(&cs, PANTHOR_CS_LT, 4, &out);
	panthor_cs_branch(&cs, PANTHOR_CS_NE, 4, &top);
	panthor_cs_branch(&cs, PANTHOR_CS_ALWAYS, 0, &out);
	panthor_cs_nop(&cs);
	panthor_cs_place(&cs, &out);
	panthor_cs_branch(&cs, PANTHOR_CS_ALWAYS, 0, &out);
	assert_int_equal(panthor_cs_finish(&cs, &size), 0);
	assert_int_equal(memory[0], 0x1600040020000005);
	assert_int_equal(offset_of(memory[2]), 3);
	assert_int_equal(offset_of(memory[3]), -3);
	assert_int_equal(offset_of(memory[4]), 1);
	assert_int_equal(offset_of(memory[6]), -1);
}

static void label_errors(void **state)
{
	struct panthor_cs_label twice = { 0 }, wrong = { 0 };

	EXPECT_ERROR(-EINVAL, {
		panthor_cs_place(cs, &twice);
		panthor_cs_place(cs, &twice);
	});
	EXPECT_ERROR(-EINVAL, panthor_cs_branch(cs, PANTHOR_CS_EQ, 96, &wrong));
	assert_int_equal(wrong.last_branch, 0);
}

/* A branch over @distance instructions, backwards or forwards, after another to the same label. */
static int branch_far(uint32_t distance, bool forward, uint32_t chained)
{
	size_t bytes = (distance + chained + 8) * sizeof(uint64_t);
	struct panthor_cs_label label = { 0 };
	uint64_t *memory = calloc(1, bytes);
	struct panthor_cs cs;
	uint32_t size = 0;
	int r;

	panthor_cs_init(&cs, memory, bytes, 0);
	if (chained)
		panthor_cs_branch(&cs, PANTHOR_CS_EQ, 0, &label);
	for (uint32_t i = 1; i < chained; i++)
		panthor_cs_nop(&cs);
	if (forward)
		panthor_cs_branch(&cs, PANTHOR_CS_EQ, 0, &label);
	else
		panthor_cs_place(&cs, &label);
	for (uint32_t i = 0; i < distance; i++)
		panthor_cs_nop(&cs);
	if (forward)
		panthor_cs_place(&cs, &label);
	else
		panthor_cs_branch(&cs, PANTHOR_CS_EQ, 0, &label);
	r = panthor_cs_finish(&cs, &size);
	free(memory);
	return r;
}

static void branches_reach_so_far(void **state)
{
	assert_int_equal(branch_far(32767, true, 0), 0);
	assert_int_equal(branch_far(32768, true, 0), -ERANGE);
	/* Backwards the branch itself counts. */
	assert_int_equal(branch_far(32767, false, 0), 0);
	assert_int_equal(branch_far(32768, false, 0), -ERANGE);
	/* The first branch of the chain is the one that is too far away. */
	assert_int_equal(branch_far(32766 - 100, true, 101), 0);
	assert_int_equal(branch_far(32767 - 100, true, 101), -ERANGE);
	assert_int_equal(branch_far(0, true, 32767), 0);
	assert_int_equal(branch_far(0, true, 32768), -ERANGE);
	assert_int_equal(branch_far(0, true, 70000), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings),
		cmocka_unit_test(registers_end_somewhere),
		cmocka_unit_test(newer_gpus_have_more_registers),
		cmocka_unit_test(other_operands_end_too),
		cmocka_unit_test(large_values_take_two_moves),
		cmocka_unit_test(errors_stick),
		cmocka_unit_test(memory_ends),
		cmocka_unit_test(padding),
		cmocka_unit_test(labels_both_ways),
		cmocka_unit_test(label_errors),
		cmocka_unit_test(branches_reach_so_far),
	};

	return cmocka_run_group_tests_name("cs", tests, NULL, NULL);
}
