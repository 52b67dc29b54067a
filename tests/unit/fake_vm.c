// SPDX-License-Identifier: MIT
/* The fake's VMs and what is mapped in them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_panthor.h"

#define MIN_KERNEL_RANGE (256ull << 20)
#define OP_TYPE(op)	 ((op)->flags & (uint32_t)DRM_PANTHOR_VM_BIND_OP_TYPE_MASK)
#define MAP_FLAGS                                                                  \
	(DRM_PANTHOR_VM_BIND_OP_MAP_READONLY | DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC | \
	 DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED | DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)

struct fake_vm *fake_vm_locked(const struct fake_gpu *gpu, uint32_t id)
{
	return id <= FAKE_MAX_VMS ? gpu->vms[id] : NULL;
}

/* The kernel takes a power of two at the upper end. */
static uint64_t user_range(uint64_t wanted)
{
	uint64_t full = 1ull << FAKE_VA_BITS, kernel = full / 2;

	while (wanted && kernel > full - wanted)
		kernel /= 2;
	return full - kernel;
}

int fake_vm_create(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_vm_create *create = arg;
	uint32_t id = 1;

	if (create->flags || create->user_va_range > (1ull << FAKE_VA_BITS) - MIN_KERNEL_RANGE)
		return -EINVAL;
	while (id <= FAKE_MAX_VMS && file->gpu.vms[id])
		id++;
	if (id > FAKE_MAX_VMS)
		return -EBUSY;
	if (fake->bogus_handle)
		return 0;

	file->gpu.vms[id] = calloc(1, sizeof(struct fake_vm));
	file->gpu.vms[id]->id = id;
	file->gpu.vms[id]->user_va_range = user_range(create->user_va_range);
	create->id = id;
	create->user_va_range =
		fake->bogus_size ? fake->bogus_size - 1 : user_range(create->user_va_range);
	return 0;
}

static void add_mapping(struct fake_vm *vm, uint64_t va, uint64_t size, uint64_t bo_offset,
			struct fake_bo *bo, uint32_t flags)
{
	struct fake_mapping *mapping = calloc(1, sizeof(*mapping));

	*mapping = (struct fake_mapping){ vm->mappings, va, size, bo_offset, bo, flags };
	vm->mappings = mapping;
	if (bo)
		bo->mappings++;
}

/* What of a mapping lies outside of [va, end) stays, as mappings of their own. */
static void cut(struct fake *fake, struct fake_vm *vm, uint64_t va, uint64_t end)
{
	struct fake_mapping **link = &vm->mappings, *m;

	while ((m = *link)) {
		uint64_t m_end = m->va + m->size;

		if (m->va >= end || m_end <= va) {
			link = &m->next;
			continue;
		}
		*link = m->next;
		if (m->va < va)
			add_mapping(vm, m->va, va - m->va, m->bo_offset, m->bo, m->flags);
		if (m_end > end) {
			add_mapping(vm, end, m_end - end, m->bo_offset + end - m->va, m->bo,
				    m->flags);
		}
		if (m->bo) {
			m->bo->mappings--;
			fake_put_bo_locked(fake, m->bo);
		}
		free(m);
		link = &vm->mappings;
	}
}

void fake_vm_fini_locked(struct fake *fake, struct fake_vm *vm)
{
	cut(fake, vm, 0, UINT64_MAX);
	free(vm);
}

int fake_vm_destroy(struct fake *fake, struct fake_file *file, void *arg)
{
	const struct drm_panthor_vm_destroy *destroy = arg;
	struct fake_vm *vm = fake_vm_locked(&file->gpu, destroy->id);

	if (destroy->pad || !vm)
		return -EINVAL;
	file->gpu.vms[destroy->id] = NULL;
	fake_vm_fini_locked(fake, vm);
	return 0;
}

int fake_vm_get_state(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_vm_get_state *get = arg;
	const struct fake_vm *vm = fake_vm_locked(&file->gpu, get->vm_id);

	if (!vm)
		return -EINVAL;
	get->state = vm->unusable ? DRM_PANTHOR_VM_STATE_UNUSABLE : DRM_PANTHOR_VM_STATE_USABLE;
	return 0;
}

static int check_map(const struct fake *fake, const struct fake_file *file,
		     const struct fake_vm *vm, const struct drm_panthor_vm_bind_op *op)
{
	const struct fake_bo *bo = fake_bo_of_locked(file, op->bo_handle);
	uint32_t flags = op->flags;

	if (flags & ~(uint32_t)MAP_FLAGS)
		return -EINVAL;
	if (flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)
		return op->bo_handle || op->bo_offset ||
				       !(flags & DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC) ||
				       fake->minor < 9
			       ? -EINVAL
			       : 0;
	if (!bo || op->bo_offset > bo->size || op->size > bo->size - op->bo_offset)
		return -EINVAL;
	return bo->vm_id && bo->vm_id != vm->id ? -EINVAL : 0;
}

static int check_op(const struct fake *fake, const struct fake_file *file, const struct fake_vm *vm,
		    const struct drm_panthor_vm_bind_op *op)
{
	if ((op->va | op->size | op->bo_offset) & 4095 || op->va + op->size < op->va)
		return -EINVAL;

	switch (OP_TYPE(op)) {
	case DRM_PANTHOR_VM_BIND_OP_TYPE_MAP:
		if (op->va + op->size > vm->user_va_range)
			return -EINVAL;
		return check_map(fake, file, vm, op);
	case DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP:
		return op->flags & MAP_FLAGS || op->bo_handle || op->bo_offset ? -EINVAL : 0;
	case DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY:
		return op->flags & MAP_FLAGS || op->bo_handle || op->bo_offset || op->va ||
				       op->size || !op->syncs.count
			       ? -EINVAL
			       : 0;
	}
	return -EINVAL;
}

static int execute(struct fake *fake, const struct fake_file *file, struct fake_vm *vm,
		   const struct drm_panthor_vm_bind_op *op)
{
	int error = fake->gpu.bind_error;

	if (error && !fake->gpu.bind_fails_after--) {
		fake->gpu.bind_error = 0;
		return -error;
	}
	if (OP_TYPE(op) == DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY)
		return 0;
	cut(fake, vm, op->va, op->va + op->size);
	if (OP_TYPE(op) == DRM_PANTHOR_VM_BIND_OP_TYPE_MAP) {
		if (vm->unusable)
			return -EINVAL;
		add_mapping(vm, op->va, op->size, op->bo_offset,
			    fake_bo_of_locked(file, op->bo_handle), op->flags);
	}
	return 0;
}

static int bind_sync(struct fake *fake, const struct fake_file *file, struct fake_vm *vm,
		     const struct drm_panthor_vm_bind_op *ops, uint32_t *count)
{
	for (uint32_t i = 0; i < *count; i++) {
		int r = ops[i].syncs.count ? -EINVAL : check_op(fake, file, vm, &ops[i]);

		if (!r)
			r = execute(fake, file, vm, &ops[i]);
		if (r) {
			*count = i;
			return r;
		}
	}
	return 0;
}

/* What fails after the checks is seen by nobody but the VM. */
static int bind_async(struct fake *fake, const struct fake_file *file, struct fake_vm *vm,
		      const struct drm_panthor_vm_bind_op *ops, uint32_t count)
{
	struct fake_gpu_log *log = &fake->gpu_log;

	if (vm->unusable)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++) {
		int r = check_op(fake, file, vm, &ops[i]);

		if (!r) {
			r = fake_check_syncs_locked(fake, &file->gpu, &ops[i].syncs, log->syncs,
						    log->sync_count);
		}
		if (r)
			return r;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!vm->unusable && execute(fake, file, vm, &ops[i]))
			vm->unusable = true;
		fake_signal_syncs_locked(fake, &file->gpu, &ops[i].syncs);
	}
	return 0;
}

int fake_vm_bind(struct fake *fake, struct fake_file *file, void *arg)
{
	struct drm_panthor_vm_bind *bind = arg;
	struct fake_vm *vm = fake_vm_locked(&file->gpu, bind->vm_id);
	const struct drm_panthor_vm_bind_op *ops =
		(const struct drm_panthor_vm_bind_op *)(uintptr_t)bind->ops.array;
	struct fake_gpu_log *log = &fake->gpu_log;

	if (!vm || bind->flags & ~(uint32_t)DRM_PANTHOR_VM_BIND_ASYNC ||
	    bind->ops.stride != sizeof(*ops))
		return -EINVAL;
	log->sync_count = 0;
	log->op_count = bind->ops.count;
	memcpy(log->ops, ops,
	       (log->op_count < FAKE_MAX_LOGGED ? log->op_count : FAKE_MAX_LOGGED) * sizeof(*ops));
	if (bind->flags & DRM_PANTHOR_VM_BIND_ASYNC)
		return bind_async(fake, file, vm, ops, bind->ops.count);
	return bind_sync(fake, file, vm, ops, &bind->ops.count);
}

struct fake_mapping fake_mapping_at(struct fake *fake, int fd, uint32_t id, uint64_t va)
{
	struct fake_mapping found = { 0 };
	const struct fake_mapping *m;

	pthread_mutex_lock(&fake->lock);
	for (m = fake_vm_locked(&fake_file_locked(fake, fd)->gpu, id)->mappings; m; m = m->next) {
		if (va >= m->va && va - m->va < m->size)
			found = *m;
	}
	pthread_mutex_unlock(&fake->lock);
	return found;
}

unsigned int fake_mapping_count(struct fake *fake, int fd, uint32_t id)
{
	const struct fake_mapping *m;
	unsigned int count = 0;

	pthread_mutex_lock(&fake->lock);
	for (m = fake_vm_locked(&fake_file_locked(fake, fd)->gpu, id)->mappings; m; m = m->next)
		count++;
	pthread_mutex_unlock(&fake->lock);
	return count;
}
