// SPDX-License-Identifier: MIT
/* Groups of queues. What they run is the business of submit.c. */
#include <errno.h>
#include <stdlib.h>

#include "group.h"
#include "params.h"

#define DEFAULT_RING_SIZE  65536
#define MAX_QUEUE_PRIORITY 15

static void set_defaults(const struct panthor_device *dev, struct panthor_group_params *params)
{
	if (!params->priority)
		params->priority = PANTHOR_GROUP_MEDIUM;
	if (!params->queue_count)
		params->queue_count = 1;
	if (!params->ring_size)
		params->ring_size = DEFAULT_RING_SIZE;
	if (!params->compute_cores)
		params->compute_cores = dev->gpu_info.shader_present;
	if (!params->fragment_cores)
		params->fragment_cores = dev->gpu_info.shader_present;
	if (!params->tiler_cores)
		params->tiler_cores = dev->gpu_info.tiler_present;
}

/* What does not fit the kernel's structure; the rest is the kernel's to judge. */
static int check_params(struct panthor_device *dev, const struct panthor_group_params *params)
{
	if (params->priority > PANTHOR_GROUP_REALTIME ||
	    params->queue_count > PANTHOR_GROUP_MAX_QUEUES)
		return -EINVAL;
	for (uint32_t i = 0; i < params->queue_count; i++) {
		if (params->queue_priorities[i] > MAX_QUEUE_PRIORITY)
			return -EINVAL;
	}
	if (params->priority == PANTHOR_GROUP_REALTIME)
		return device_require(dev, PANTHOR_FEATURE_GROUP_PRIORITIES);
	return 0;
}

static uint8_t count_cores(uint64_t mask)
{
	return (uint8_t)__builtin_popcountll(mask);
}

static int create_handle(struct panthor_group *group, const struct panthor_group_params *params)
{
	struct drm_panthor_queue_create queues[PANTHOR_GROUP_MAX_QUEUES] = { 0 };
	struct drm_panthor_group_create create = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(params->queue_count, queues),
		.max_compute_cores = count_cores(params->compute_cores),
		.max_fragment_cores = count_cores(params->fragment_cores),
		.max_tiler_cores = count_cores(params->tiler_cores),
		.priority = (uint8_t)(params->priority - PANTHOR_GROUP_LOW),
		.compute_core_mask = params->compute_cores,
		.fragment_core_mask = params->fragment_cores,
		.tiler_core_mask = params->tiler_cores,
		.vm_id = group->vm->info.id,
	};
	int r;

	for (uint32_t i = 0; i < params->queue_count; i++) {
		queues[i].priority = params->queue_priorities[i];
		queues[i].ringbuf_size = params->ring_size;
	}
	r = device_ioctl(group->vm->dev, DRM_IOCTL_PANTHOR_GROUP_CREATE, &create);
	if (r)
		return r;
	if (!create.group_handle)
		return -EPROTO;

	group->info.handle = create.group_handle;
	group->info.queue_count = params->queue_count;
	return 0;
}

PANTHOR_PUBLIC
int panthor_group_new(struct panthor_vm *vm, const struct panthor_group_params *params,
		      struct panthor_group **ret_group)
{
	struct panthor_group_params own;
	struct panthor_group *group;
	int r = params_read(params, &own, sizeof(own));

	if (r)
		return r;
	set_defaults(vm->dev, &own);
	r = check_params(vm->dev, &own);
	if (r)
		return r;

	group = io_alloc(vm->dev->io, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->vm = vm;
	r = create_handle(group, &own);
	if (r) {
		free(group);
		return r;
	}

	panthor_vm_ref(vm);
	*ret_group = group;
	return 0;
}

PANTHOR_PUBLIC
struct panthor_group *panthor_group_unref(struct panthor_group *group)
{
	struct drm_panthor_group_destroy destroy;

	if (!group)
		return NULL;

	destroy = (struct drm_panthor_group_destroy){ .group_handle = group->info.handle };
	device_ioctl(group->vm->dev, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &destroy);
	panthor_vm_unref(group->vm);
	free(group);
	return NULL;
}

PANTHOR_PUBLIC
int panthor_group_state(struct panthor_group *group, uint32_t *ret_state,
			uint32_t *ret_fatal_queues)
{
	struct drm_panthor_group_get_state get = { .group_handle = group->info.handle };
	int r = device_ioctl(group->vm->dev, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &get);

	if (r)
		return r;
	*ret_state = get.state;
	if (ret_fatal_queues)
		*ret_fatal_queues = get.fatal_queues;
	return 0;
}
