/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_VM_H
#define PANTHOR_VM_H

#include <stdatomic.h>

#include "device.h"

struct panthor_vm {
	atomic_uint refs;

	/* Constant from birth to the last unref. The device is referenced. */
	struct panthor_device *dev;
	struct panthor_vm_info info;
};

#endif
