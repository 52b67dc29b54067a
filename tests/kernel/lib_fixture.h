/* SPDX-License-Identifier: MIT */
/* What the programs share that run libdrm_panthor over the real driver. */
#ifndef LIB_FIXTURE_H
#define LIB_FIXTURE_H

#include <panthor.h>

#include "kt.h"

#define STREAM_VA 0x100000ull
#define DATA_VA	  0x200000ull

/* A device, a VM in it, and two BOs that are mapped there: one for commands, one for data. */
struct lib {
	struct panthor_device *dev;
	struct panthor_vm *vm;
	struct panthor_bo *streams;
	struct panthor_bo *data;
	void *commands;
	uint32_t *words;
};

int lib_setup(void **state);
int lib_teardown(void **state);

#define lib_test(f) cmocka_unit_test_setup_teardown(f, lib_setup, lib_teardown)

#endif
