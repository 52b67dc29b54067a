// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The border to userspace: files, maps, fdinfo, and which ioctl goes where.
 */

#include <linux/compat.h>
#include <linux/dma-resv.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_ioctl.h"
#include "panthor_query.h"
#include "panthor_sched.h"
#include "panthor_vm.h"

static int panthor_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	return panthor_dev_query(file, data);
}

static int panthor_ioctl_set_user_mmio_offset(struct drm_device *drm, void *data,
					      struct drm_file *file)
{
	struct drm_panthor_set_user_mmio_offset *args = data;
	struct panthor_file *pfile = file->driver_priv;

	if (args->offset != DRM_PANTHOR_USER_MMIO_OFFSET_32BIT &&
	    args->offset != DRM_PANTHOR_USER_MMIO_OFFSET_64BIT)
		return -EINVAL;

	WRITE_ONCE(pfile->user_mmio_offset, args->offset);
	return 0;
}

#define PANTHOR_IOCTL(n, func) \
	DRM_IOCTL_DEF_DRV(PANTHOR_##n, panthor_ioctl_##func, DRM_RENDER_ALLOW)

static const struct drm_ioctl_desc panthor_ioctls[] = {
	PANTHOR_IOCTL(DEV_QUERY, dev_query),
	PANTHOR_IOCTL(VM_CREATE, vm_create),
	PANTHOR_IOCTL(VM_DESTROY, vm_destroy),
	PANTHOR_IOCTL(VM_BIND, vm_bind),
	PANTHOR_IOCTL(VM_GET_STATE, vm_get_state),
	PANTHOR_IOCTL(BO_CREATE, bo_create),
	PANTHOR_IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	PANTHOR_IOCTL(GROUP_CREATE, group_create),
	PANTHOR_IOCTL(GROUP_DESTROY, group_destroy),
	PANTHOR_IOCTL(GROUP_SUBMIT, group_submit),
	PANTHOR_IOCTL(GROUP_GET_STATE, group_get_state),
	PANTHOR_IOCTL(TILER_HEAP_CREATE, tiler_heap_create),
	PANTHOR_IOCTL(TILER_HEAP_DESTROY, tiler_heap_destroy),
	PANTHOR_IOCTL(BO_SET_LABEL, bo_set_label),
	PANTHOR_IOCTL(SET_USER_MMIO_OFFSET, set_user_mmio_offset),
	PANTHOR_IOCTL(BO_SYNC, bo_sync),
	PANTHOR_IOCTL(BO_QUERY_INFO, bo_query_info),
	PANTHOR_IOCTL(BO_MADVISE, bo_madvise),
};

static int panthor_open(struct drm_device *drm, struct drm_file *file)
{
	struct panthor_file *pfile = kzalloc(sizeof(*pfile), GFP_KERNEL);
	int ret;

	if (!pfile)
		return -ENOMEM;

	ret = panthor_group_pool_init(pfile);
	if (ret) {
		kfree(pfile);
		return ret;
	}

	pfile->ptdev = to_panthor_device(drm);
	pfile->user_mmio_offset = in_compat_syscall() ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT :
							DRM_PANTHOR_USER_MMIO_OFFSET;
	panthor_vm_pool_init(pfile);
	file->driver_priv = pfile;
	return 0;
}

static void panthor_postclose(struct drm_device *drm, struct drm_file *file)
{
	panthor_group_pool_fini(file->driver_priv);
	panthor_vm_pool_fini(file->driver_priv);
	kfree(file->driver_priv);
}

static int panthor_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct drm_file *file = filp->private_data;
	struct panthor_file *pfile = file->driver_priv;
	/* Once: another thread may be setting it. */
	u64 mmio = READ_ONCE(pfile->user_mmio_offset) >> PAGE_SHIFT;
	int ret, cookie;

	if (vma->vm_pgoff < mmio)
		return drm_gem_mmap(filp, vma);

	if (!drm_dev_enter(file->minor->dev, &cookie))
		return -ENODEV;

	vma->vm_pgoff -= mmio;
	ret = panthor_mmio_mmap(pfile->ptdev, vma);
	drm_dev_exit(cookie);
	return ret;
}

static u64 panthor_evicted_bytes(struct drm_file *file)
{
	struct drm_gem_object *obj;
	u64 bytes = 0;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id) {
		if (READ_ONCE(to_panthor_bo(obj)->reclaim.evicted))
			bytes += obj->size;
	}
	spin_unlock(&file->table_lock);
	return bytes;
}

/* What the driver itself keeps in the file's VMs, and how much of it in those that are busy. */
static void panthor_kernel_memory(struct panthor_file *pfile, u64 *ret_total, u64 *ret_busy)
{
	struct panthor_vm *vm;
	unsigned long id;

	*ret_total = 0;
	*ret_busy = 0;
	xa_lock(&pfile->vms);
	xa_for_each(&pfile->vms, id, vm) {
		u64 size = READ_ONCE(vm->heaps.size);

		*ret_total += size;
		if (!dma_resv_test_signaled(panthor_vm_resv(vm), DMA_RESV_USAGE_BOOKKEEP))
			*ret_busy += size;
	}
	xa_unlock(&pfile->vms);
}

static void panthor_show_engine(struct drm_printer *p, struct panthor_file *pfile)
{
	u32 profiling = READ_ONCE(pfile->ptdev->profiling);

	if (profiling & PANTHOR_PROFILING_TIMESTAMP)
		drm_printf(p, "drm-engine-panthor:\t%lld ns\n",
			   atomic64_read(&pfile->usage->busy_ns));
	if (profiling & PANTHOR_PROFILING_CYCLES)
		drm_printf(p, "drm-cycles-panthor:\t%lld\n",
			   atomic64_read(&pfile->usage->cycles));
	drm_printf(p, "drm-maxfreq-panthor:\t%lu Hz\n", PANTHOR_FREQUENCY);
	drm_printf(p, "drm-curfreq-panthor:\t%lu Hz\n", PANTHOR_FREQUENCY);
}

static void panthor_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	u64 total, busy;

	panthor_show_engine(p, file->driver_priv);
	panthor_kernel_memory(file->driver_priv, &total, &busy);
	drm_printf(p, "panthor-resident-memory:\t%llu KiB\n", total / SZ_1K);
	drm_printf(p, "panthor-active-memory:\t%llu KiB\n", busy / SZ_1K);
	drm_show_memory_stats(p, file);
	drm_printf(p, "drm-evicted-memory:\t%llu KiB\n", panthor_evicted_bytes(file) / SZ_1K);
}

static const struct file_operations panthor_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = panthor_mmap,
	.get_unmapped_area = panthor_gem_get_unmapped_area,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

const struct drm_driver panthor_drm_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_GEM | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE |
			   DRIVER_GEM_GPUVA,
	.open = panthor_open,
	.postclose = panthor_postclose,
	.show_fdinfo = panthor_show_fdinfo,
	.ioctls = panthor_ioctls,
	.num_ioctls = ARRAY_SIZE(panthor_ioctls),
	.fops = &panthor_fops,
	.name = "panthor",
	.desc = "Panthor DRM driver",
	.date = "20261122",
	.major = 1,
	.minor = 9,
	.gem_prime_import = panthor_gem_prime_import,
	.gem_prime_import_sg_table = panthor_gem_prime_import_sgt,
#ifdef CONFIG_DEBUG_FS
	.debugfs_init = panthor_gem_debugfs_init,
#endif
};
