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

/*
 * Ops for the kernel, checked as far as this side can. Old kernels let user mappings reach into
 * their own part of the address space; here they cannot.
 */
int vm_fill_map(const struct panthor_vm *vm, const struct panthor_bo *bo, uint64_t bo_offset,
		uint64_t va, uint64_t size, uint32_t flags, struct drm_panthor_vm_bind_op *ret_op);
int vm_fill_unmap(const struct panthor_vm *vm, uint64_t va, uint64_t size,
		  struct drm_panthor_vm_bind_op *ret_op);

/* Executes @count ops; @ret_done is how many came through, on failure too. */
int vm_run_ops(const struct panthor_vm *vm, const struct drm_panthor_vm_bind_op *ops,
	       uint32_t count, uint32_t *ret_done);

#endif
