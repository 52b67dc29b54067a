// SPDX-License-Identifier: MIT
/*
 * The allocator of the examples, over a fake kernel: what others copy has to be right where things
 * go wrong, too. It opens the device by itself, so --wrap gives it the fake, as in test_public.c.
 */
#include "kmod.h"
#include "unit.h"

extern struct panthor_transport __wrap_panthor_transport_system;
struct panthor_transport __wrap_panthor_transport_system;

#define SIZE	 4096ull
#define LARGE	 (2ull << 20)
#define FIXED_VA 0x40000000ull

static const struct kmod_ops *const ops = &kmod_panthor_ops;

struct world {
	struct fake *fake;
	/* Of the same DRM file as the allocator's, so that handles are the same. */
	struct panthor_device *dev;
	struct kmod_dev *kmod;
	struct kmod_vm *vm;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->fake = fake_new(9);
	w->fake->has_madvise = true;
	__wrap_panthor_transport_system = w->fake->io;
	w->dev = open_fake(w->fake);
	*state = w;
	return ops->dev_create(panthor_device_fd(w->dev), &w->kmod) ||
	       ops->vm_create(w->kmod, &w->vm);
}

static int teardown(void **state)
{
	struct world *w = *state;
	unsigned int left;

	ops->vm_destroy(w->vm);
	ops->dev_destroy(w->kmod);
	panthor_device_unref(w->dev);
	left = fake_free(w->fake);
	free(w);
	return left ? -1 : 0;
}

static struct kmod_bo *alloc_bo_of(struct world *w, uint64_t size)
{
	struct kmod_bo *bo = NULL;

	assert_int_equal(ops->bo_alloc(w->kmod, NULL, size, 0, &bo), 0);
	return bo;
}

static struct kmod_bo *alloc_bo(struct world *w)
{
	return alloc_bo_of(w, SIZE);
}

static struct kmod_vm_op map_at(struct kmod_bo *bo, uint64_t va)
{
	return (struct kmod_vm_op){ .type = KMOD_VM_OP_MAP, .bo = bo, .va = va, .size = bo->size };
}

static struct kmod_vm_op unmap_at(uint64_t va)
{
	return (struct kmod_vm_op){ .type = KMOD_VM_OP_UNMAP, .va = va, .size = SIZE };
}

static int bind_now(struct world *w, struct kmod_vm_op *op, uint32_t count, uint32_t *ret_done)
{
	return ops->vm_bind(w->vm, KMOD_VM_OP_IMMEDIATE, op, count, ret_done);
}

/* The fake has but one VM. */
static unsigned int mappings(struct world *w)
{
	return fake_mapping_count(w->fake, panthor_device_fd(w->dev), 1);
}

static void is_mapped(struct world *w, uint64_t va, bool yes)
{
	assert_int_equal(fake_mapping_at(w->fake, panthor_device_fd(w->dev), 1, va).size,
			 yes ? SIZE : 0);
}

static void fail_bind_after(struct world *w, uint32_t done)
{
	w->fake->gpu.bind_fails_after = done;
	w->fake->gpu.bind_error = ENOMEM;
}

/* What was mapped before the failure keeps its address, what was not gives it back. */
static void bind_that_fails_in_the_middle(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = alloc_bo(w);
	struct kmod_vm_op map[4], more;
	uint32_t done = 99;

	map[0] = map_at(bo, KMOD_AUTO_VA);
	map[1] = map_at(bo, FIXED_VA);
	map[2] = map_at(bo, FIXED_VA + SIZE);
	map[3] = map_at(bo, KMOD_AUTO_VA);
	fail_bind_after(w, 2);
	assert_int_equal(bind_now(w, map, 4, &done), -ENOMEM);
	assert_int_equal(done, 2);
	assert_int_equal(mappings(w), 2);
	is_mapped(w, map[0].va, true);
	is_mapped(w, FIXED_VA, true);
	assert_int_equal(map[2].va, FIXED_VA + SIZE);
	assert_int_equal(map[3].va, KMOD_AUTO_VA);

	/* Nobody else gets those addresses. */
	more = map_at(bo, KMOD_AUTO_VA);
	assert_int_equal(bind_now(w, &more, 1, NULL), 0);
	assert_int_not_equal(more.va, map[0].va);
	assert_int_equal(mappings(w), 3);
	more = map_at(bo, FIXED_VA);
	assert_int_equal(bind_now(w, &more, 1, &done), -EBUSY);
	assert_int_equal(done, 0);
	/* And those that were not used are there to be had. */
	assert_int_equal(bind_now(w, map + 2, 2, &done), 0);
	assert_int_equal(done, 2);

	/* Of unmaps as well. */
	map[0] = unmap_at(FIXED_VA);
	map[1] = unmap_at(FIXED_VA + SIZE);
	fail_bind_after(w, 1);
	assert_int_equal(bind_now(w, map, 2, &done), -ENOMEM);
	assert_int_equal(done, 1);
	is_mapped(w, FIXED_VA, false);
	is_mapped(w, FIXED_VA + SIZE, true);
	assert_int_equal(bind_now(w, &more, 1, NULL), 0);
	more = map_at(bo, FIXED_VA + SIZE);
	assert_int_equal(bind_now(w, &more, 1, NULL), -EBUSY);
	ops->bo_put(bo);
}

/* All or nothing, so there is nothing to keep. */
static void deferred_bind_that_fails(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = alloc_bo(w);
	struct kmod_vm_op map[2] = { map_at(bo, FIXED_VA), map_at(bo, KMOD_AUTO_VA) };
	uint32_t done = 99;

	fake_fail(w->fake, FAKE_VM_BIND, 1, ENOMEM);
	assert_int_equal(ops->vm_bind(w->vm, KMOD_VM_OP_DEFERRED, map, 2, &done), -ENOMEM);
	assert_int_equal(done, 0);
	assert_int_equal(map[1].va, KMOD_AUTO_VA);
	assert_int_equal(ops->vm_bind(w->vm, KMOD_VM_OP_DEFERRED, map, 2, &done), 0);
	assert_int_equal(done, 2);
	assert_int_equal(mappings(w), 2);
	ops->bo_put(bo);
}

/* An address that the caller chooses is not given to others, from either side. */
static void chosen_addresses_are_taken(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = alloc_bo_of(w, LARGE);
	/* The first address that would be found. */
	struct kmod_vm_op found, chosen = map_at(bo, LARGE), two[2];

	assert_int_equal(bind_now(w, &chosen, 1, NULL), 0);
	for (unsigned int i = 0; i < 100; i++) {
		found = map_at(bo, KMOD_AUTO_VA);
		assert_int_equal(bind_now(w, &found, 1, NULL), 0);
		assert_int_equal(mappings(w), i + 2);
		two[0] = map_at(bo, found.va);
		assert_int_equal(bind_now(w, two, 1, NULL), -EBUSY);
	}
	/* One of a call that cannot have its address: none of it is done, and none stays taken. */
	two[0] = map_at(bo, FIXED_VA);
	two[1] = map_at(bo, chosen.va);
	assert_int_equal(bind_now(w, two, 2, NULL), -EBUSY);
	assert_int_equal(bind_now(w, two, 1, NULL), 0);

	chosen = (struct kmod_vm_op){ KMOD_VM_OP_UNMAP, .va = FIXED_VA, .size = LARGE };
	assert_int_equal(bind_now(w, &chosen, 1, NULL), 0);
	assert_int_equal(bind_now(w, two, 1, NULL), 0);
	ops->bo_put(bo);
}

static void too_many_ops(void **state)
{
	struct world *w = *state;
	struct kmod_vm_op op[KMOD_MAX_VM_OPS + 1] = { { .type = KMOD_VM_OP_UNMAP } };
	uint32_t done = 99;

	assert_int_equal(bind_now(w, op, KMOD_MAX_VM_OPS + 1, &done), -E2BIG);
	assert_int_equal(done, 0);
}

/* A job that does nothing but come to the next point of the VM's timeline, some time. */
static uint64_t start_work(struct world *w, uint32_t *ret_timeline)
{
	uint64_t point = ops->vm_next_point(w->vm, ret_timeline);
	const struct fake_gpu *gpu = &w->fake->fds[panthor_device_fd(w->dev)].file->gpu;

	fake_syncobj_attach(fake_syncobj_find(gpu, *ret_timeline), point, true);
	return point;
}

/* A BO that comes back is the one that is there, and knows that it is in use. */
static void import_of_what_is_there(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = alloc_bo(w), *same = NULL;
	uint32_t timeline;
	uint64_t point;
	int fd = -1;

	assert_int_equal(ops->bo_export(bo, &fd), 0);
	point = start_work(w, &timeline);
	assert_int_equal(ops->bo_used_until(bo, w->vm, point), 0);
	assert_int_equal(ops->bo_import(w->kmod, fd, &same), 0);
	assert_ptr_equal(same, bo);
	assert_false(ops->bo_wait(same, 0, true));
	ops->bo_put(bo);
	assert_int_equal(panthor_syncobj_signal(w->dev, timeline, point), 0);
	fake_fail(w->fake, FAKE_POLL, 1, ENOMEM);
	assert_false(ops->bo_wait(same, 0, true));
	ops->bo_put(same);
	fake_close_dmabuf(w->fake, fd);
}

static void foreign_buffers_come_once(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = NULL, *same = NULL;
	int fd = fake_make_dmabuf(w->fake, SIZE, true);

	assert_int_equal(ops->bo_import(w->kmod, fd, &bo), 0);
	assert_int_equal(ops->bo_import(w->kmod, fd, &same), 0);
	assert_ptr_equal(same, bo);
	assert_int_equal(bo->size, SIZE);
	ops->bo_put(bo);
	ops->bo_put(same);
	fake_close_dmabuf(w->fake, fd);
}

/* Others get a buffer with the work that it is in, and are told of what comes later. */
static void work_goes_out_with_the_buffer(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = alloc_bo(w);
	const struct fake_bo *fake = fake_bo(w->fake, panthor_device_fd(w->dev), 1);
	uint32_t timeline;
	int fd = -1;

	assert_int_equal(ops->bo_used_until(bo, w->vm, start_work(w, &timeline)), 0);
	assert_false(fake->exported);
	fake_fail(w->fake, FAKE_IMPORT_SYNC_FILE, 1, ENOMEM);
	assert_int_equal(ops->bo_export(bo, &fd), -ENOMEM);
	assert_int_equal(ops->bo_export(bo, &fd), 0);
	assert_true(fake->write_pending);
	fake_close_dmabuf(w->fake, fd);

	w->fake->bos->write_pending = false;
	assert_int_equal(ops->bo_used_until(bo, w->vm, start_work(w, &timeline)), 0);
	assert_true(fake->write_pending);
	ops->bo_put(bo);
}

/* What nobody shares is asked no questions, and stays the kernel's to purge. */
static void waiting_does_not_export(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = alloc_bo(w);
	uint32_t timeline;
	uint64_t point = start_work(w, &timeline);

	assert_true(ops->bo_wait(bo, 0, false));
	assert_int_equal(ops->bo_used_until(bo, w->vm, point), 0);
	assert_false(ops->bo_wait(bo, 0, false));
	assert_int_equal(panthor_syncobj_signal(w->dev, timeline, point), 0);
	assert_true(ops->bo_wait(bo, 0, false));
	assert_int_equal(fake_calls(w->fake, FAKE_HANDLE_TO_FD), 0);
	ops->bo_put(bo);
}

static void without_memory(void **state)
{
	struct world *w = *state;
	struct kmod_bo *bo = NULL;
	struct kmod_dev *dev = NULL;
	struct kmod_vm *vm = NULL;

	fake_fail(w->fake, FAKE_BO_CREATE, 1, ENOMEM);
	assert_int_equal(ops->bo_alloc(w->kmod, NULL, SIZE, 0, &bo), -ENOMEM);
	fake_fail(w->fake, FAKE_VM_CREATE, 1, ENOMEM);
	assert_int_equal(ops->vm_create(w->kmod, &vm), -ENOMEM);
	fake_fail(w->fake, FAKE_DUP, 1, EMFILE);
	assert_int_equal(ops->dev_create(panthor_device_fd(w->dev), &dev), -EMFILE);
	assert_null(bo);
	assert_null(vm);
	assert_null(dev);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(bind_that_fails_in_the_middle),
		world_test(deferred_bind_that_fails),
		world_test(chosen_addresses_are_taken),
		world_test(too_many_ops),
		world_test(import_of_what_is_there),
		world_test(foreign_buffers_come_once),
		world_test(work_goes_out_with_the_buffer),
		world_test(waiting_does_not_export),
		world_test(without_memory),
	};

	return cmocka_run_group_tests_name("kmod", tests, NULL, NULL);
}
