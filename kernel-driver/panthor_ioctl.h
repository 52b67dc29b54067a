/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The ioctls: what panthor_drm.h says of each, as DRM core calls it with @data copied in.
 */
#ifndef __PANTHOR_IOCTL_H__
#define __PANTHOR_IOCTL_H__

struct drm_device;
struct drm_file;

int panthor_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_bo_set_label(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_bo_sync(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_bo_query_info(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_group_create(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_group_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_group_get_state(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_group_submit(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_tiler_heap_create(struct drm_device *drm, void *data, struct drm_file *file);
int panthor_ioctl_tiler_heap_destroy(struct drm_device *drm, void *data, struct drm_file *file);

#endif
