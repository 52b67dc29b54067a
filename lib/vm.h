/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_VM_H
#define PANTHOR_VM_H

#include <stdatomic.h>

#include "device.h"

struct panthor_vm {
	/* Constant from birth to the last unref. The device is referenced. */
	struct panthor_vm_info info;
	struct panthor_device *dev;

	atomic_uint refs;
};
INFO_COMES_FIRST(panthor_vm);

#endif
