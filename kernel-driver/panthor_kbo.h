/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * BOs that the driver itself puts into a client's address space, in the kernel's part of it.
 */
#ifndef __PANTHOR_KBO_H__
#define __PANTHOR_KBO_H__

#include <drm/drm_mm.h>

struct panthor_device;
struct panthor_gem_object;
struct panthor_vm;

/**
 * struct panthor_kbo - one of them
 */
struct panthor_kbo {
	/** @bo: private to @vm; no handle, never mapped by clients. */
	struct panthor_gem_object *bo;

	/** @vm: address space, which outlives this. */
	struct panthor_vm *vm;

	/** @node: place in it, under the VM's mm_lock. */
	struct drm_mm_node node;
};

static inline u64 panthor_kbo_va(const struct panthor_kbo *kbo)
{
	return kbo->node.start;
}

/**
 * panthor_kbo_create() - new BO, zeroed and mapped for data
 * @ptdev: device
 * @vm: address space
 * @size: bytes, page aligned
 *
 * Return: BO or ERR_PTR: -ENOMEM, -ENOSPC no room in the kernel's part, -EINVAL the VM is gone.
 */
struct panthor_kbo *panthor_kbo_create(struct panthor_device *ptdev, struct panthor_vm *vm,
				       size_t size);

/** panthor_kbo_destroy() - unmap and free; takes NULL */
void panthor_kbo_destroy(struct panthor_kbo *kbo);

/**
 * panthor_kbo_write() - write into a BO
 * @kbo: BO
 * @offset: first byte
 * @data: what
 * @size: bytes, within the BO
 *
 * Return: 0 or -ENOMEM.
 */
int panthor_kbo_write(struct panthor_kbo *kbo, size_t offset, const void *data, size_t size);

#endif
