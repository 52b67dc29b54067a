// SPDX-License-Identifier: MIT
/* The device is gone: whatever asks it says so, and leaves its outputs alone. */
#include "unit.h"

#define SIZE 4096ull

/* One object of each kind, made while the device was there. */
struct world {
	struct fake *fake;
	struct panthor_device *dev;
	struct panthor_bo *bo;
	struct panthor_vm *vm;
	struct panthor_group *group;
	struct panthor_bo_cache *cache;
	struct panthor_slab *slab;
	uint32_t handle;
	struct panthor_bind_op op;
	struct panthor_job job;
	struct panthor_bo_range range;
	int dmabuf;
	int own_dmabuf;
	int syncobj;
	int sync_file;
};

struct outputs {
	struct panthor_bo *bo;
	struct panthor_vm *vm;
	struct panthor_group *group;
	struct panthor_tiler_heap *heap;
	struct panthor_buffer buffer;
	struct panthor_timestamp timestamp;
	void *ptr;
	uint64_t point;
	uint32_t number;
	int fd;
	bool retained;
};

/* All functions that ask the device, but those that make one, and panthor_va_alloc() in need. */
#define CALLS(X)                                                         \
	X(device_has, w->dev, PANTHOR_FEATURE_BO_MADVISE)                \
	X(device_flush_id, w->dev, &out->number)                         \
	X(device_timestamp, w->dev, 0, &out->timestamp)                  \
	X(bo_new, w->dev, NULL, SIZE, 0, &out->bo)                       \
	X(bo_map, w->bo, &out->ptr)                                      \
	X(bo_set_label, w->bo, "x")                                      \
	X(bo_sync_ranges, w->dev, &w->range, 1)                          \
	X(bo_madvise, w->bo, PANTHOR_BO_COLD, &out->retained)            \
	X(bo_export, w->bo, &out->fd)                                    \
	X(bo_import, w->dev, w->dmabuf, &out->bo)                        \
	X(bo_cache_get, w->cache, SIZE, 0, &out->buffer)                 \
	X(slab_alloc, w->slab, 64, 0, &out->buffer)                      \
	X(vm_new, w->dev, 0, &out->vm)                                   \
	X(vm_is_usable, w->vm)                                           \
	X(vm_bind, w->vm, 0, &w->op, 1, NULL)                            \
	X(group_new, w->vm, NULL, &out->group)                           \
	X(group_state, w->group, &out->number, NULL)                     \
	X(group_submit, w->group, &w->job, 1)                            \
	X(tiler_heap_new, w->vm, NULL, &out->heap)                       \
	X(syncobj_new, w->dev, 0, &out->number)                          \
	X(syncobj_destroy, w->dev, w->handle)                            \
	X(syncobj_wait, w->dev, &w->handle, NULL, 1, 0, 0, &out->number) \
	X(syncobj_reset, w->dev, w->handle)                              \
	X(syncobj_signal, w->dev, w->handle, 1)                          \
	X(syncobj_query, w->dev, w->handle, &out->point)                 \
	X(syncobj_transfer, w->dev, w->handle, 2, w->handle, 0)          \
	X(syncobj_export, w->dev, w->handle, &out->fd)                   \
	X(syncobj_import, w->dev, w->syncobj, &out->number)              \
	X(syncobj_export_fence, w->dev, w->handle, 0, &out->fd)          \
	X(syncobj_import_fence, w->dev, w->handle, 0, w->sync_file)      \
	X(bo_export_fences, w->bo, PANTHOR_BO_READ, w->handle, 0)        \
	X(bo_import_fence, w->bo, PANTHOR_BO_READ, w->handle, 0)         \
	X(bo_wait, w->bo, PANTHOR_BO_READ, 0)

#define DEFINE(name, ...)                                           \
	static int try_##name(struct world *w, struct outputs *out) \
	{                                                           \
		return panthor_##name(__VA_ARGS__);                 \
	}
CALLS(DEFINE)

#define ENTRY(name, ...) { #name, try_##name },
static const struct {
	const char *name;
	int (*call)(struct world *w, struct outputs *out);
} calls[] = { CALLS(ENTRY) };

static void begin(struct world *w)
{
	*w = (struct world){ .fake = fake_new(9) };
	w->fake->has_madvise = true;
	w->dev = open_fake(w->fake);
	/* There is something to do for the CPU's caches. */
	w->bo = new_bo(w->dev, SIZE, PANTHOR_BO_WB_MMAP);
	/* And others may have fences in it. */
	assert_int_equal(panthor_bo_export(w->bo, &w->own_dmabuf), 0);
	w->vm = new_vm(w->dev, 0);
	assert_int_equal(panthor_group_new(w->vm, NULL, &w->group), 0);
	assert_int_equal(panthor_bo_cache_new(w->dev, NULL, &w->cache), 0);
	assert_int_equal(panthor_slab_new(w->cache, 0, &w->slab), 0);
	w->handle = new_syncobj(w->dev, PANTHOR_SYNCOBJ_SIGNALED);
	w->op = panthor_bind_map(w->bo, 0, SIZE, SIZE, 0);
	w->range = (struct panthor_bo_range){ .bo = w->bo, .size = SIZE };
	w->dmabuf = fake_make_dmabuf(w->fake, SIZE, true);
	assert_int_equal(panthor_syncobj_export(w->dev, w->handle, &w->syncobj), 0);
	assert_int_equal(panthor_syncobj_export_fence(w->dev, w->handle, 0, &w->sync_file), 0);
}

/* It is back to be cleaned up. */
static void end(struct world *w)
{
	const struct panthor_transport *io = &w->fake->io;

	fake_close_dmabuf(w->fake, w->dmabuf);
	fake_close_dmabuf(w->fake, w->own_dmabuf);
	io_close(io, w->syncobj);
	io_close(io, w->sync_file);
	assert_int_equal(panthor_syncobj_destroy(w->dev, w->handle), 0);
	panthor_slab_unref(w->slab);
	panthor_bo_cache_unref(w->cache);
	panthor_group_unref(w->group);
	panthor_vm_unref(w->vm);
	panthor_bo_unref(w->bo);
	panthor_device_unref(w->dev);
	assert_int_equal(fake_free(w->fake), 0);
}

static void all_calls_are_enodev(void **state)
{
	struct outputs out, untouched;
	struct world w;

	begin(&w);
	memset(&out, 0x55, sizeof(out));
	memset(&untouched, 0x55, sizeof(untouched));
	w.fake->unplugged = true;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int r = calls[i].call(&w, &out);

		if (r != -ENODEV)
			fail_msg("%s: %d", calls[i].name, r);
		assert_memory_equal(&out, &untouched, sizeof(out));
	}
	w.fake->unplugged = false;
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_calls_are_enodev),
	};

	return cmocka_run_group_tests_name("unplug", tests, NULL, NULL);
}
