// SPDX-License-Identifier: MIT
/* The arrays and the handle table that everything else is kept in, where memory or numbers end. */
#include "array.h"
#include "bo.h"
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

static void arrays_grow_to_what_the_kernel_counts(void **state)
{
	struct array array = { .count = 1u << 31, .capacity = 1u << 31 };

	assert_int_equal(array_reserve(&panthor_transport_system, &array, 1), -ENOMEM);
	assert_null(array.items);
	assert_int_equal(array.count, 1u << 31);
	assert_int_equal(array.capacity, 1u << 31);
}

static void arrays_stay_without_memory(void **state)
{
	const struct panthor_transport empty = system_without_memory();
	struct array array = { .count = 0 };
	uint64_t *items;

	for (uint64_t i = 0; i < 16; i++) {
		assert_int_equal(array_reserve(&panthor_transport_system, &array, 8), 0);
		items = array.items;
		items[array.count++] = i;
	}
	assert_int_equal(array_reserve(&empty, &array, 8), -ENOMEM);
	assert_ptr_equal(array.items, items);
	assert_int_equal(array_reserve(&panthor_transport_system, &array, 8), 0);
	items = array.items;
	for (uint64_t i = 0; i < 16; i++)
		assert_int_equal(items[i], i);
	array_free(&array);
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
		cmocka_unit_test(arrays_grow_to_what_the_kernel_counts),
		cmocka_unit_test(arrays_stay_without_memory),
		cmocka_unit_test(handles_that_share_a_bucket),
		cmocka_unit_test(handle_table_needs_memory_once),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
