// SPDX-License-Identifier: MIT
/* Cache upkeep of BOs with cached CPU maps. */
#include <errno.h>
#include <stdlib.h>

#include "bo.h"
#include "scratch.h"

/* Not less than any CPU's that has a panthor: what shares a line is looked after at once. */
#define CACHE_LINE 64

static int check(struct panthor_device *dev, const struct panthor_bo_range *range)
{
	const struct panthor_bo *bo = range->bo;

	if (range->type > PANTHOR_BO_SYNC_FLUSH_AND_INVALIDATE || bo->info.dev != dev)
		return -EINVAL;
	if (range->reserved[0] || range->reserved[1] || range->reserved[2])
		return -EINVAL;
	if (range->offset > bo->info.size || range->size > bo->info.size - range->offset ||
	    bo->info.is_imported)
		return -EINVAL;
	return 0;
}

/* Before 1.7 the coherency is not told, but then there are no cached maps either. */
bool bo_needs_sync(const struct panthor_bo *bo)
{
	return bo->info.flags & PANTHOR_BO_WB_MMAP &&
	       bo->info.dev->gpu_info.selected_coherency == DRM_PANTHOR_GPU_COHERENCY_NONE;
}

/* Whole cache lines; BOs are whole pages. */
static struct drm_panthor_bo_sync_op make_op(const struct panthor_bo_range *range)
{
	uint64_t end = (range->offset + range->size + CACHE_LINE - 1) & ~(CACHE_LINE - 1ull);
	uint64_t start = range->offset & ~(CACHE_LINE - 1ull);

	return (struct drm_panthor_bo_sync_op){
		.handle = range->bo->info.handle,
		.type = range->type,
		.offset = start,
		.size = end - start,
	};
}

static int compare(const void *a, const void *b)
{
	const struct drm_panthor_bo_sync_op *x = a, *y = b;

	if (x->handle != y->handle)
		return x->handle < y->handle ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Of those that overlap or meet one is made, which does what any of them would. */
static uint32_t merge(struct drm_panthor_bo_sync_op *ops, uint32_t count)
{
	uint32_t merged = 0;

	qsort(ops, count, sizeof(*ops), compare);
	for (uint32_t i = 1; i < count; i++) {
		struct drm_panthor_bo_sync_op *last = &ops[merged], *op = &ops[i];
		uint64_t last_end = last->offset + last->size, end = op->offset + op->size;

		if (op->handle != last->handle || op->offset > last_end) {
			ops[++merged] = *op;
			continue;
		}
		last->size = (end > last_end ? end : last_end) - last->offset;
		last->type = op->type > last->type ? op->type : last->type;
	}
	return merged + 1;
}

static int sync_ops(struct panthor_device *dev, struct drm_panthor_bo_sync_op *ops,
		    const struct panthor_bo_range *ranges, uint32_t count)
{
	struct drm_panthor_bo_sync sync;
	uint32_t needed = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (ranges[i].size && bo_needs_sync(ranges[i].bo))
			ops[needed++] = make_op(&ranges[i]);
	}
	if (!needed)
		return 0;
	needed = merge(ops, needed);
	sync = (struct drm_panthor_bo_sync){ .ops = DRM_PANTHOR_OBJ_ARRAY(needed, ops) };
	return device_ioctl(dev, DRM_IOCTL_PANTHOR_BO_SYNC, &sync);
}

PANTHOR_PUBLIC
int panthor_bo_sync_ranges(struct panthor_device *dev, const struct panthor_bo_range *ranges,
			   uint32_t count)
{
	struct scratch scratch;
	int r = 0;

	for (uint32_t i = 0; i < count && !r; i++)
		r = check(dev, &ranges[i]);
	if (!r)
		r = device_require(dev, PANTHOR_FEATURE_BO_SYNC);
	if (!r)
		r = scratch_begin(&scratch, dev->io,
				  (uint64_t)count * sizeof(struct drm_panthor_bo_sync_op));
	if (r)
		return r;

	r = sync_ops(dev, scratch.memory, ranges, count);
	scratch_end(&scratch);
	return r;
}
