/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __PANTHOR_GEM_H__
#define __PANTHOR_GEM_H__

#include <linux/iosys-map.h>
#include <linux/mutex.h>

#include <drm/drm_gem.h>

#include "panthor_drm.h"
#include "panthor_gem_shrinker.h"

struct drm_file;
struct drm_minor;
struct panthor_device;
struct panthor_vm;
struct seq_file;

/** PANTHOR_BO_LABEL_MAXLEN - longest label in bytes, with its NUL */
#define PANTHOR_BO_LABEL_MAXLEN 4096

/** PANTHOR_BO_MAX_SIZE - largest BO in bytes: its page array still fits one allocation */
#define PANTHOR_BO_MAX_SIZE (((u64)INT_MAX / sizeof(struct page *)) << PAGE_SHIFT)

/**
 * struct panthor_gem_object - a buffer object
 *
 * Each sub-resource has one owner, this struct, and one lock, the BO's resv. The backing pages
 * come at first use and stay until the BO is freed or reclaim takes them; the device map does not
 * keep them, pins only forbid reclaim.
 *
 * Lock order: mmap lock, VM resv, BO resv, &panthor_vm.op_lock, &panthor_vm.run_lock, @gpuva_lock,
 * &panthor_vm.as_lock, &panthor_reclaim.lock. Reclaim holds gpuva_lock when it comes to op_lock and
 * only tries it. Freeing takes none but the last: reclaim may drop the last reference and must not
 * wait for a resv.
 */
struct panthor_gem_object {
	/** @base: GEM object. Its shmem file is made together with the first pages. */
	struct drm_gem_object base;

	/** @flags: enum drm_panthor_bo_flags of creation; constant. */
	u32 flags;

	/**
	 * @exclusive_vm_root: the object whose resv this BO shares because only one VM may map it;
	 * holds a reference; NULL for others; constant.
	 */
	struct drm_gem_object *exclusive_vm_root;

	/**
	 * @gpuva_lock: the VMs that map this BO, and of @reclaim what says so. No allocation
	 * under it.
	 */
	struct mutex gpuva_lock;

	/** @backing: memory, under resv. */
	struct {
		/** @backing.pages: one entry a page, or NULL; never set to an error. */
		struct page **pages;

		/** @backing.pin_count: users that need the pages where they are. */
		u32 pin_count;
	} backing;

	/** @cmap: CPU maps. */
	struct {
		/** @cmap.vaddr: kernel map, holds a pin; under resv. */
		void *vaddr;

		/** @cmap.vaddr_use_count: users of @cmap.vaddr; under resv. */
		u32 vaddr_use_count;

		/**
		 * @cmap.mmap_count: VMAs. 0 to 1 and back under resv, otherwise free: splitting
		 * an area need not wait for reclaim.
		 */
		atomic_t mmap_count;
	} cmap;

	/**
	 * @sgt: device map of @backing.pages; under resv. When imported, the attachment's own,
	 * constant.
	 */
	struct sg_table *sgt;

	/** @reclaim: under resv unless said otherwise. */
	struct {
		/** @reclaim.class: where the BO is filed; changed under resv and gpuva_lock. */
		enum panthor_reclaim_class class;

		/** @reclaim.vm: the VM of PANTHOR_RECLAIM_VM, else NULL; its mapping keeps it. */
		struct panthor_vm *vm;

		/**
		 * @reclaim.madv: latest advice, WILLNEED, DONTNEED or COLD; changed under resv and
		 * gpuva_lock.
		 */
		u32 madv;

		/** @reclaim.evicted: pages were taken, contents wait in shmem or swap. */
		bool evicted;

		/** @reclaim.purged: contents are lost and the client has not been told yet. */
		bool purged;

		/**
		 * @reclaim.exported: others may look, so never purgeable again; under gpuva_lock,
		 * as exporting must not wait for the resv.
		 */
		bool exported;

		/** @reclaim.evictions: times that @reclaim.evicted was set; read without lock. */
		atomic_t evictions;
	} reclaim;

	/** @label: under its own lock, since debugfs reads it without resv. */
	struct {
		/** @label.lock: protects @label.str. */
		struct mutex lock;

		/** @label.str: kmalloc'ed, or NULL. */
		char *str;
	} label;

	/** @debugfs: constant once the BO is published. */
	struct {
		/** @debugfs.serial: index in &panthor_device.bos. */
		u32 serial;

		/** @debugfs.kernel: made by the driver for itself. */
		bool kernel;

		/** @debugfs.tgid: creator. */
		pid_t tgid;

		/** @debugfs.comm: name of the creator's thread group leader. */
		char comm[TASK_COMM_LEN];
	} debugfs;
};

static inline struct panthor_gem_object *to_panthor_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct panthor_gem_object, base);
}

static inline u32 panthor_gem_page_count(const struct panthor_gem_object *bo)
{
	return bo->base.size >> PAGE_SHIFT;
}

/**
 * panthor_gem_create_with_handle() - new BO, published in a file
 * @file: file
 * @vm: the VM it is exclusive to, or NULL
 * @size: bytes; rounded up to pages on return
 * @flags: enum drm_panthor_bo_flags, checked
 * @ret_handle: handle
 *
 * Return: 0, -EINVAL for a size that is 0 or overflows, -ENOSPC for one that is too large for a
 * BO or for the mmap offsets that are left, -ENOMEM.
 */
int panthor_gem_create_with_handle(struct drm_file *file, struct panthor_vm *vm, u64 *size,
				   u32 flags, u32 *ret_handle);

/**
 * panthor_gem_get_pages_locked() - make the BO resident
 * @bo: own BO, resv held
 *
 * Swaps evicted contents in. Idempotent; the caller refreshes the class.
 *
 * Return: 0 or -ENOMEM.
 */
int panthor_gem_get_pages_locked(struct panthor_gem_object *bo);

/**
 * panthor_gem_make_room() - panthor_reclaim_make_room() for the pages of one BO
 * @bo: BO, resv not held
 * @tries: how often this was asked, 0 at first
 *
 * Return: whether to lock the BO and try again; never for one that shares its resv with nobody.
 */
bool panthor_gem_make_room(struct panthor_gem_object *bo, int *tries);

/**
 * panthor_gem_put_pages_locked() - drop pages and device map
 * @bo: own resident BO, not pinned, resv held or without references
 * @dirty: keep the contents
 */
void panthor_gem_put_pages_locked(struct panthor_gem_object *bo, bool dirty);

/**
 * panthor_gem_get_sgt_locked() - device map of the whole BO
 * @bo: BO, resv held
 *
 * Makes the BO resident first. The table is the BO's and valid while the resv is held, or longer
 * while the BO is pinned.
 *
 * Return: table, ERR_PTR(-ENOMEM), or ERR_PTR(-ENODEV) when the device is gone.
 */
struct sg_table *panthor_gem_get_sgt_locked(struct panthor_gem_object *bo);

/**
 * panthor_gem_pin_locked() - make resident and forbid reclaim
 * @bo: BO, resv held; nothing is done for an imported one
 *
 * Return: 0 or -ENOMEM.
 */
int panthor_gem_pin_locked(struct panthor_gem_object *bo);
void panthor_gem_unpin_locked(struct panthor_gem_object *bo);

/**
 * panthor_gem_is_lost_locked() - whether an access must fail for want of contents
 * @bo: BO, resv held
 *
 * True from the purge until the client takes its DONTNEED back.
 */
static inline bool panthor_gem_is_lost_locked(const struct panthor_gem_object *bo)
{
	dma_resv_assert_held(bo->base.resv);
	return bo->reclaim.purged;
}

/**
 * panthor_gem_is_wc() - whether CPU maps bypass the cache
 * @bo: BO
 */
bool panthor_gem_is_wc(const struct panthor_gem_object *bo);

/**
 * panthor_gem_refresh_locked() - panthor_gem_update_class_locked() for callers without gpuva_lock
 * @bo: BO, resv held
 */
void panthor_gem_refresh_locked(struct panthor_gem_object *bo);

int panthor_gem_vmap_locked(struct panthor_gem_object *bo, struct iosys_map *map);
void panthor_gem_vunmap_locked(struct panthor_gem_object *bo);

/**
 * panthor_gem_sync() - CPU cache upkeep for a range
 * @bo: own BO
 * @type: enum drm_panthor_bo_sync_op_type, checked
 * @offset: first byte
 * @size: bytes, within the BO
 *
 * Return: 0 or -EINTR.
 */
int panthor_gem_sync(struct panthor_gem_object *bo, u32 type, u64 offset, u64 size);

/**
 * panthor_gem_set_label() - name a BO
 * @bo: BO
 * @label: kmalloc'ed string that the BO takes over, or NULL
 */
void panthor_gem_set_label(struct panthor_gem_object *bo, char *label);

/* panthor_gem_mmap.c */
extern const struct vm_operations_struct panthor_gem_vm_ops;
int panthor_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
unsigned long panthor_gem_get_unmapped_area(struct file *filp, unsigned long addr,
					    unsigned long len, unsigned long pgoff,
					    unsigned long flags);

/* panthor_gem_prime.c */
struct dma_buf *panthor_gem_prime_export(struct drm_gem_object *obj, int flags);
struct drm_gem_object *panthor_gem_prime_import(struct drm_device *drm, struct dma_buf *dmabuf);
struct drm_gem_object *panthor_gem_prime_import_sgt(struct drm_device *drm,
						    struct dma_buf_attachment *attach,
						    struct sg_table *sgt);

/**
 * panthor_gem_alloc() - BO without memory, handle or mmap offset, listed in debugfs
 * @ptdev: device
 * @size: bytes, page aligned
 * @resv: reservation to share, or NULL for its own
 *
 * Return: BO or ERR_PTR(-ENOMEM).
 */
struct panthor_gem_object *panthor_gem_alloc(struct panthor_device *ptdev, size_t size,
					     struct dma_resv *resv);

/**
 * panthor_gem_get_next() - walk over all BOs of a device without holding anything
 * @ptdev: device
 * @serial: where to go on, 0 at first
 *
 * Sees every BO that exists during the whole walk, oldest first.
 *
 * Return: BO with a reference for the caller, or NULL at the end.
 */
struct panthor_gem_object *panthor_gem_get_next(struct panthor_device *ptdev,
						unsigned long *serial);

/**
 * panthor_gem_unplug() - undo all device maps, for a device that is gone
 * @ptdev: device, after drm_dev_unplug()
 */
void panthor_gem_unplug(struct panthor_device *ptdev);

/* panthor_gem_debugfs.c */
void panthor_gem_debugfs_init(struct drm_minor *minor);

#endif
