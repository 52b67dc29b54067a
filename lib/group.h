/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_GROUP_H
#define PANTHOR_GROUP_H

#include "vm.h"

struct panthor_group {
	/* Constant from birth to unref. The VM is referenced. */
	struct panthor_group_info info;
	struct panthor_vm *vm;
};
INFO_COMES_FIRST(panthor_group);

#endif
