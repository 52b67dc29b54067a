/* SPDX-License-Identifier: MIT */
/* What the programs share that run libdrm_panthor over the real driver. */
#ifndef LIB_FIXTURE_H
#define LIB_FIXTURE_H

#include <panthor.h>

#include "kt.h"

#define STREAM_VA    0x100000ull
#define STREAM_BYTES (16 * KT_PAGE)
#define DATA_VA	     0x200000ull

/* A device, a VM in it, and two BOs that are mapped there: one for commands, one for data. */
struct lib {
	struct panthor_device *dev;
	struct panthor_vm *vm;
	struct panthor_bo *streams;
	struct panthor_bo *data;
	void *commands;
	volatile uint32_t *words;
};

/* One more VM with the same things at the same addresses, in @dev or, with NULL, in a new file. */
struct lib *lib_new(struct panthor_device *dev);
void lib_free(struct lib *l);

int lib_setup(void **state);
int lib_teardown(void **state);

#define lib_test(f) cmocka_unit_test_setup_teardown(f, lib_setup, lib_teardown)

#endif
