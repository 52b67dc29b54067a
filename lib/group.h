/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_GROUP_H
#define PANTHOR_GROUP_H

#include <stdatomic.h>

#include "vm.h"

struct panthor_group {
	atomic_uint refs;

	/* Constant from birth to the last unref. The VM is referenced. */
	struct panthor_vm *vm;
	struct panthor_group_info info;
};

#endif
