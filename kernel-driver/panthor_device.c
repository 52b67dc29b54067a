// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The device: a platform device of our own making, its parameters, its beginning and end.
 */

#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_managed.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_vm.h"

static bool panthor_transparent_hugepage = IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE);
module_param_named(transparent_hugepage, panthor_transparent_hugepage, bool, 0400);
MODULE_PARM_DESC(transparent_hugepage, "back BOs with huge pages where they fit");

static bool panthor_coherent;
module_param_named(coherent, panthor_coherent, bool, 0400);
MODULE_PARM_DESC(coherent, "pretend that CPU and GPU caches are coherent");

/* A Mali-G610 as found in the RK3588, whose bus does not keep its caches coherent. */
static const struct drm_panthor_gpu_info panthor_gpu_info = {
	.gpu_id = 0xa8670000,
	.csf_id = 0x40a0412,
	.l2_features = 0x7120306,
	.tiler_features = 0x809,
	.mem_features = 0x301,
	.mmu_features = 0x2830,
	.thread_features = 0x4010000,
	.max_threads = 2048,
	.thread_max_workgroup_size = 1024,
	.thread_max_barrier_size = 1024,
	.texture_features = { 0xc1ffff9e },
	.as_present = 0xff,
	.selected_coherency = DRM_PANTHOR_GPU_COHERENCY_NONE,
	.shader_present = 0x50005,
	.l2_present = 1,
	.tiler_present = 1,
};

static const struct drm_panthor_csif_info panthor_csif_info = {
	.csg_slot_count = 8,
	.cs_slot_count = 8,
	.cs_reg_count = 96,
	.scoreboard_slot_count = 8,
	.unpreserved_cs_reg_count = 4,
};

static void panthor_device_set_identity(struct panthor_device *ptdev)
{
	ptdev->coherent = panthor_coherent;
	ptdev->gpu_info = panthor_gpu_info;
	ptdev->csif_info = panthor_csif_info;
	if (ptdev->coherent) {
		ptdev->gpu_info.coherency_features = BIT(DRM_PANTHOR_GPU_COHERENCY_ACE_LITE);
		ptdev->gpu_info.selected_coherency = DRM_PANTHOR_GPU_COHERENCY_ACE_LITE;
	}
}

static void panthor_device_fini_huge_mnt(struct drm_device *drm, void *data)
{
	kern_unmount(data);
}

/* Without it BOs are backed by small pages: slower, not wrong. */
static int panthor_device_init_huge_mnt(struct panthor_device *ptdev)
{
	char options[] = "huge=within_size";
	struct file_system_type *type;
	struct vfsmount *mnt;

	if (!panthor_transparent_hugepage)
		return 0;

	/* Never a module, so there is no reference to give back. */
	type = get_fs_type("tmpfs");
	if (!type)
		return 0;

	mnt = vfs_kern_mount(type, SB_KERNMOUNT, "panthor", options);
	if (IS_ERR(mnt)) {
		drm_info(&ptdev->base, "no huge pages, tmpfs says %pe\n", mnt);
		return 0;
	}

	ptdev->huge_mnt = mnt;
	return drmm_add_action_or_reset(&ptdev->base, panthor_device_fini_huge_mnt, mnt);
}

static void panthor_device_fini_offsets(struct drm_device *drm, void *data)
{
	drm_vma_offset_remove(drm->vma_offset_manager, &to_panthor_device(drm)->first_offset);
}

static int panthor_device_init_offsets(struct panthor_device *ptdev)
{
	int ret;

	drm_vma_node_reset(&ptdev->first_offset);
	ret = drm_vma_offset_add(ptdev->base.vma_offset_manager, &ptdev->first_offset, 1);
	if (ret)
		return ret;

	return drmm_add_action_or_reset(&ptdev->base, panthor_device_fini_offsets, NULL);
}

static void panthor_device_fini_flush_id(struct drm_device *drm, void *data)
{
	__free_page(data);
}

static int panthor_device_init_flush_id(struct panthor_device *ptdev)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return -ENOMEM;

	/* Any value but 0, which clients take for "never". */
	*(u32 *)page_address(page) = 1;
	ptdev->flush_id_page = page;
	return drmm_add_action_or_reset(&ptdev->base, panthor_device_fini_flush_id, page);
}

static void panthor_device_fini_bos(struct drm_device *drm, void *data)
{
	struct panthor_device *ptdev = to_panthor_device(drm);

	drm_WARN_ON(drm, !xa_empty(&ptdev->bos));
	xa_destroy(&ptdev->bos);
}

static int panthor_device_init_bos(struct panthor_device *ptdev)
{
	xa_init_flags(&ptdev->bos, XA_FLAGS_ALLOC);
	return drmm_add_action_or_reset(&ptdev->base, panthor_device_fini_bos, NULL);
}

static int panthor_device_init(struct panthor_device *ptdev)
{
	static int (*const steps[])(struct panthor_device *ptdev) = {
		panthor_device_init_huge_mnt, panthor_device_init_offsets,
		panthor_device_init_flush_id, panthor_device_init_bos,
		panthor_reclaim_init, panthor_exec_init,
	};
	int ret;

	panthor_hold_init(ptdev);
	dma_set_max_seg_size(ptdev->base.dev, UINT_MAX);
	/* There is no bus between it and memory: a copy that is in reach would not do. */
	ret = dma_coerce_mask_and_coherent(ptdev->base.dev, DMA_BIT_MASK(64));
	for (int i = 0; !ret && i < ARRAY_SIZE(steps); i++)
		ret = steps[i](ptdev);
	return ret;
}

static int panthor_probe(struct platform_device *pdev)
{
	struct panthor_device *ptdev;
	int ret;

	ptdev = devm_drm_dev_alloc(&pdev->dev, &panthor_drm_driver, struct panthor_device, base);
	if (IS_ERR(ptdev))
		return PTR_ERR(ptdev);

	platform_set_drvdata(pdev, ptdev);
	panthor_device_set_identity(ptdev);
	ret = panthor_device_init(ptdev);
	if (ret)
		return ret;

	/* Before the first BO can be made, and until the last one that clients can make. */
	ret = panthor_reclaim_plug(ptdev);
	if (ret)
		return ret;

	ret = panthor_exec_start(ptdev);
	if (ret)
		goto err_reclaim;

	ret = drm_dev_register(&ptdev->base, 0);
	if (ret)
		goto err_exec;
	return 0;

err_exec:
	panthor_exec_stop(ptdev);
err_reclaim:
	panthor_reclaim_unplug(ptdev);
	return ret;
}

static void panthor_remove(struct platform_device *pdev)
{
	struct panthor_device *ptdev = platform_get_drvdata(pdev);

	drm_dev_unplug(&ptdev->base);
	panthor_exec_stop(ptdev);
	panthor_reclaim_unplug(ptdev);
	panthor_gem_unplug(ptdev);
}

static ssize_t profiling_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct panthor_device *ptdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(ptdev->profiling));
}

static ssize_t profiling_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t len)
{
	struct panthor_device *ptdev = dev_get_drvdata(dev);
	u32 value;
	int ret = kstrtou32(buf, 0, &value);

	if (ret)
		return ret;
	if (value & ~PANTHOR_PROFILING_ALL)
		return -EINVAL;

	WRITE_ONCE(ptdev->profiling, value);
	return len;
}
static DEVICE_ATTR_RW(profiling);

static struct attribute *panthor_attrs[] = {
	&dev_attr_profiling.attr,
	NULL,
};
ATTRIBUTE_GROUPS(panthor);

static struct platform_driver panthor_driver = {
	.probe = panthor_probe,
	.remove = panthor_remove,
	.driver = {
		.name = "vpanthor",
		.dev_groups = panthor_groups,
	},
};

static struct platform_device *panthor_pdev;
struct workqueue_struct *panthor_cleanup_wq;
struct workqueue_struct *panthor_sched_wq;
struct workqueue_struct *panthor_bind_wq;

static void panthor_destroy_workqueues(void)
{
	/* The schedulers' work queues its own end on the last one. */
	if (panthor_bind_wq)
		destroy_workqueue(panthor_bind_wq);
	if (panthor_sched_wq)
		destroy_workqueue(panthor_sched_wq);
	if (panthor_cleanup_wq)
		destroy_workqueue(panthor_cleanup_wq);
}

/* Binds apart, and as many as there are VMs: they may wait for the locks of theirs. */
static int panthor_create_workqueues(void)
{
	panthor_cleanup_wq = alloc_workqueue("panthor-cleanup", WQ_UNBOUND, 0);
	panthor_sched_wq = alloc_workqueue("panthor-sched", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	panthor_bind_wq = alloc_workqueue("panthor-bind", WQ_UNBOUND | WQ_MEM_RECLAIM,
					  WQ_MAX_ACTIVE);
	if (panthor_cleanup_wq && panthor_sched_wq && panthor_bind_wq)
		return 0;

	panthor_destroy_workqueues();
	return -ENOMEM;
}

static int __init panthor_init(void)
{
	int ret = panthor_create_workqueues();

	if (ret)
		return ret;

	ret = platform_driver_register(&panthor_driver);
	if (ret)
		goto err_workqueues;

	panthor_pdev = platform_device_register_simple("vpanthor", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(panthor_pdev)) {
		ret = PTR_ERR(panthor_pdev);
		goto err_driver;
	}
	return 0;

err_driver:
	platform_driver_unregister(&panthor_driver);
err_workqueues:
	panthor_destroy_workqueues();
	return ret;
}
module_init(panthor_init);

static void __exit panthor_exit(void)
{
	platform_device_unregister(panthor_pdev);
	platform_driver_unregister(&panthor_driver);
	panthor_destroy_workqueues();
}
module_exit(panthor_exit);

MODULE_AUTHOR("panthor-bo contributors");
MODULE_DESCRIPTION("panthor without hardware: GPU buffer memory and queues in software");
MODULE_LICENSE("Dual MIT/GPL");
