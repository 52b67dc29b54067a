/* SPDX-License-Identifier: MIT */
/* What every unit test includes, in the order that cmocka wants. */
#ifndef UNIT_H
#define UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_panthor.h"
#include "panthor.h"

/* The state of most tests: a fake and a device on its render node. */
struct fixture {
	struct fake *fake;
	struct panthor_device *dev;
};

/* For cmocka_unit_test_setup_teardown(): minor 9 with madvise; leaves nothing behind or fails. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The same by hand, for tests that configure the fake. */
struct panthor_device *open_fake(struct fake *fake);

/* A BO that must come into being. */
struct panthor_bo *new_bo(struct panthor_device *dev, uint64_t size, uint32_t flags);

/* The same of a VM and of a syncobj. */
struct panthor_vm *new_vm(struct panthor_device *dev, uint64_t user_va_range);
uint32_t new_syncobj(struct panthor_device *dev, uint32_t flags);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

#endif
