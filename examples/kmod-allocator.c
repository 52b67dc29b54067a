// SPDX-License-Identifier: MIT
/*
 * A driver's view of memory, through the callbacks of kmod.h: allocate, bind, wait, share, and
 * unbind behind work that is not done yet. That work is a stand-in here: a point that the CPU
 * signals, where a driver would have a job do so (gpu-fill.c has one).
 */
#include <inttypes.h>
#include <unistd.h>

#include "example.h"
#include "kmod.h"

#define BO_BYTES (256 * 1024)
#define FIXED_VA 0x40000000ull

/* A BO that only this VM sees, and one that may be shared, bound by one call. */
static void bind_both(const struct kmod_ops *ops, struct kmod_vm *vm, struct kmod_bo *const bos[2],
		      uint64_t ret_va[2])
{
	struct kmod_vm_op map[2], again;
	uint32_t done;

	for (int i = 0; i < 2; i++) {
		map[i] = (struct kmod_vm_op){
			.type = KMOD_VM_OP_MAP,
			.bo = bos[i],
			.va = i ? FIXED_VA : KMOD_AUTO_VA,
			.size = bos[i]->size,
		};
	}
	must(ops->vm_bind(vm, KMOD_VM_OP_IMMEDIATE, map, 2, NULL), "binding");
	for (int i = 0; i < 2; i++) {
		ret_va[i] = map[i].va;
		printf("BO %d is at 0x%" PRIx64 "\n", i, map[i].va);
	}
	/* Addresses are taken, whoever chose them. */
	again = map[1];
	if (ops->vm_bind(vm, KMOD_VM_OP_IMMEDIATE, &again, 1, &done) != -EBUSY || done)
		must(-EPROTO, "an address was given twice");
}

/* While a job uses the BOs they are busy. */
static void use_both(const struct kmod_ops *ops, struct panthor_device *dev, struct kmod_vm *vm,
		     struct kmod_bo *const bos[2])
{
	uint32_t timeline;
	uint64_t point = ops->vm_next_point(vm, &timeline);

	for (int i = 0; i < 2; i++) {
		must(ops->bo_used_until(bos[i], vm, point), "telling of the work");
		if (ops->bo_wait(bos[i], 0, false))
			must(-EPROTO, "a BO in use is not busy");
	}
	must(panthor_syncobj_signal(dev, timeline, point), "ending the work");
}

/* What goes out as a dma-buf and comes back is what it was, and its work with it. */
static void share(const struct kmod_ops *ops, struct kmod_dev *dev, struct kmod_bo *bo)
{
	struct kmod_bo *imported;
	uint32_t *words, *same;
	int fd;

	must(ops->bo_map(bo, (void **)&words), "mapping");
	words[0] = 42;
	must(ops->bo_export(bo, &fd), "exporting");
	must(ops->bo_import(dev, fd, &imported), "importing");
	close(fd);
	if (imported != bo)
		must(-EPROTO, "importing what is there already");
	must(ops->bo_map(imported, (void **)&same), "mapping the import");
	if (!ops->bo_wait(imported, INT64_MAX, true) || same[0] != 42)
		must(-EPROTO, "reading the import");
	ops->bo_put(imported);
}

/* Behind the work that there is: the addresses stay taken until that is done. */
static void unbind_both(const struct kmod_ops *ops, struct kmod_vm *vm,
			struct kmod_bo *const bos[2], const uint64_t va[2])
{
	struct kmod_vm_op unmap[2];

	for (int i = 0; i < 2; i++) {
		unmap[i] = (struct kmod_vm_op){
			.type = KMOD_VM_OP_UNMAP,
			.va = va[i],
			.size = bos[i]->size,
		};
	}
	must(ops->vm_bind(vm, KMOD_VM_OP_DEFERRED, unmap, 2, NULL), "unbinding");
	for (int i = 0; i < 2; i++) {
		if (!ops->bo_wait(bos[i], INT64_MAX, false))
			must(-EPROTO, "waiting for a BO");
	}
}

int main(int argc, char **argv)
{
	struct panthor_device *opened = open_device(
		argc, argv, "Allocates, binds, shares and waits as a Mesa-like driver does.");
	const struct kmod_ops *ops = &kmod_panthor_ops;
	struct kmod_bo *bos[2];
	struct kmod_dev *dev;
	struct kmod_vm *vm;
	uint64_t va[2];

	must(ops->dev_create(panthor_device_fd(opened), &dev), "creating the device");
	must(ops->vm_create(dev, &vm), "creating a VM");
	must(ops->bo_alloc(dev, vm, BO_BYTES, KMOD_BO_NO_MMAP | KMOD_BO_EXECUTABLE, &bos[0]),
	     "allocating an exclusive BO");
	must(ops->bo_alloc(dev, NULL, BO_BYTES, KMOD_BO_CACHED, &bos[1]),
	     "allocating a BO to share");

	bind_both(ops, vm, bos, va);
	use_both(ops, opened, vm, bos);
	share(ops, dev, bos[1]);
	unbind_both(ops, vm, bos, va);

	for (int i = 0; i < 2; i++)
		ops->bo_put(bos[i]);
	ops->vm_destroy(vm);
	ops->dev_destroy(dev);
	panthor_device_unref(opened);
	puts("all as it should be");
	return EXIT_SUCCESS;
}
