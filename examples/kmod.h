/* SPDX-License-Identifier: MIT */
/*
 * What a driver like Mesa's wants from the kernel, whichever kernel driver there is: a table of
 * callbacks and the objects they work on. kmod_panthor.c fills the table with libdrm_panthor; the
 * rest of the driver sees nothing else of it.
 */
#ifndef KMOD_H
#define KMOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Backends begin their own objects with these. */
struct kmod_dev {
	const struct kmod_ops *ops;
};

struct kmod_bo {
	struct kmod_dev *dev;
	uint64_t size;
};

struct kmod_vm {
	struct kmod_dev *dev;
};

enum kmod_bo_flags {
	KMOD_BO_NO_MMAP = 1 << 0,
	KMOD_BO_CACHED = 1 << 1, /* where the kernel can: faster for the CPU to read */
	KMOD_BO_EXECUTABLE = 1 << 2,
};

enum kmod_vm_op_type {
	KMOD_VM_OP_MAP,
	KMOD_VM_OP_UNMAP,
};

/* Let the backend choose the address, and find it in the op afterwards. */
#define KMOD_AUTO_VA UINT64_MAX

/* Addresses that a map has are taken until they are unmapped, as one range again. */
struct kmod_vm_op {
	enum kmod_vm_op_type type;
	struct kmod_bo *bo; /* for maps */
	uint64_t bo_offset; /* for maps */
	uint64_t va;
	uint64_t size;
};

#define KMOD_MAX_VM_OPS 64

enum kmod_vm_op_mode {
	KMOD_VM_OP_IMMEDIATE, /* done on return */
	KMOD_VM_OP_DEFERRED, /* done behind the work that was queued before; addresses until then */
};

/* All return 0 or a negative errno, and leave their outputs alone on failure. */
struct kmod_ops {
	int (*dev_create)(int fd, struct kmod_dev **ret_dev);
	void (*dev_destroy)(struct kmod_dev *dev);

	/* @exclusive_vm: the only VM that will map it, or NULL for a BO that may be shared. */
	int (*bo_alloc)(struct kmod_dev *dev, struct kmod_vm *exclusive_vm, uint64_t size,
			uint32_t flags, struct kmod_bo **ret_bo);
	/* Once for each bo_alloc() and bo_import() that gave it. */
	void (*bo_put)(struct kmod_bo *bo);
	/* Whoever gets the descriptor can wait for what was said of the BO so far, and later. */
	int (*bo_export)(struct kmod_bo *bo, int *ret_fd);
	/* The same buffer is the same BO, however often it comes. */
	int (*bo_import)(struct kmod_dev *dev, int fd, struct kmod_bo **ret_bo);
	int (*bo_map)(struct kmod_bo *bo, void **ret_ptr);
	/* Until @deadline_ns of CLOCK_MONOTONIC: whether its users, or only writers, are done. */
	bool (*bo_wait)(struct kmod_bo *bo, int64_t deadline_ns, bool for_read);

	int (*vm_create)(struct kmod_dev *dev, struct kmod_vm **ret_vm);
	/* When its work is done, and nobody asks BOs for it any more. */
	void (*vm_destroy)(struct kmod_vm *vm);
	/*
	 * Up to KMOD_MAX_VM_OPS, in order. A map at an address that is taken, even if an op in
	 * front of it unmaps that, is -EBUSY. On failure @ret_done of them are done for all that,
	 * and have their addresses.
	 */
	int (*vm_bind)(struct kmod_vm *vm, enum kmod_vm_op_mode mode, struct kmod_vm_op *ops,
		       uint32_t count, uint32_t *ret_done);
	/* The timeline that a VM's work is ordered by, and its next point, for a job to signal. */
	uint64_t (*vm_next_point)(struct kmod_vm *vm, uint32_t *ret_syncobj);
	/*
	 * A job that signals @point uses the BO, and what used it before is done or of the same VM.
	 * If it is shared the job has to be queued by then: others are told of it. Where that fails
	 * they are not, and the BO is busy all the same.
	 */
	int (*bo_used_until)(struct kmod_bo *bo, struct kmod_vm *vm, uint64_t point);
};

extern const struct kmod_ops kmod_panthor_ops;

#endif
