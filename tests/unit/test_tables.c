// SPDX-License-Identifier: MIT
/* The memory of calls and the table of handles, where memory or numbers end. */
#include "bo.h"
#include "sync_ops.h"
#include "unit.h"

static void *no_memory(void *priv, size_t size)
{
	return NULL;
}

static struct panthor_transport system_without_memory(void)
{
	struct panthor_transport io = panthor_transport_system;

	io.alloc = no_memory;
	return io;
}

/* As much as that is on the stack. */
static void little_needs_no_memory(void **state)
{
	const struct panthor_transport empty = system_without_memory();
	struct scratch scratch;

	for (size_t size = 0; size <= SCRATCH_ON_STACK; size += SCRATCH_ON_STACK / 4) {
		assert_int_equal(scratch_begin(&scratch, &empty, size), 0);
		memset(scratch.memory, 0xaa, size);
		scratch_end(&scratch);
	}
	assert_int_equal(scratch_begin(&scratch, &empty, SCRATCH_ON_STACK + 1), -ENOMEM);
	assert_int_equal(scratch_begin(&scratch, &panthor_transport_system, SCRATCH_ON_STACK + 1),
			 0);
	memset(scratch.memory, 0xaa, SCRATCH_ON_STACK + 1);
	scratch_end(&scratch);
}

/* Nothing is multiplied beyond 64 bits. */
static void syncs_end_at_what_the_kernel_counts(void **state)
{
	const struct panthor_transport empty = system_without_memory();
	struct scratch scratch;

	assert_int_equal(sync_ops_begin(&scratch, &empty, 0, 1ull << 32), -ENOMEM);
	assert_int_equal(sync_ops_begin(&scratch, &empty, 0, 1ull << 60), -ENOMEM);
	assert_int_equal(sync_ops_begin(&scratch, &empty, SCRATCH_ON_STACK - 16, 1), 0);
	scratch_end(&scratch);
	assert_int_equal(sync_ops_begin(&scratch, &empty, SCRATCH_ON_STACK - 16, 2), -ENOMEM);
}

#define N_BOS 200

static void expect_found(const struct handle_table *table, struct panthor_bo *bos, size_t gone)
{
	for (size_t i = 0; i < N_BOS; i++)
		assert_ptr_equal(handle_table_find_locked(table, (uint32_t)i + 1),
				 i < gone ? NULL : &bos[i]);
	assert_null(handle_table_find_locked(table, N_BOS + 1));
	assert_int_equal(table->count, N_BOS - gone);
}

/* Handles that share a bucket, because the table could not grow or before it does. */
static void fill_and_empty(const struct panthor_transport *io)
{
	struct panthor_bo *bos = calloc(N_BOS, sizeof(*bos));
	struct handle_table table = { .count = 0 };

	assert_non_null(bos);
	assert_int_equal(handle_table_init(&table, &panthor_transport_system), 0);
	for (size_t i = 0; i < N_BOS; i++) {
		bos[i].info.handle = (uint32_t)i + 1;
		handle_table_insert_locked(&table, io, &bos[i]);
	}
	for (size_t gone = 0; gone < N_BOS; gone++) {
		expect_found(&table, bos, gone);
		handle_table_remove_locked(&table, &bos[gone]);
	}
	expect_found(&table, bos, N_BOS);
	handle_table_fini(&table);
	free(bos);
}

static void handles_that_share_a_bucket(void **state)
{
	const struct panthor_transport empty = system_without_memory();

	fill_and_empty(&panthor_transport_system);
	fill_and_empty(&empty);
}

static void handle_table_needs_memory_once(void **state)
{
	const struct panthor_transport empty = system_without_memory();
	struct handle_table table = { .count = 0 };

	assert_int_equal(handle_table_init(&table, &empty), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_needs_no_memory),
		cmocka_unit_test(syncs_end_at_what_the_kernel_counts),
		cmocka_unit_test(handles_that_share_a_bucket),
		cmocka_unit_test(handle_table_needs_memory_once),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
