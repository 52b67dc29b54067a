/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_GROUP_H
#define PANTHOR_GROUP_H

#include "vm.h"

struct panthor_group {
	/* Constant from birth to unref. The VM is referenced. */
	struct panthor_vm *vm;
	struct panthor_group_info info;
};

#endif
