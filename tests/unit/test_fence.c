// SPDX-License-Identifier: MIT
/* Fences outside of a device file: copies, descriptors, and those that shared buffers carry. */
#include <fcntl.h>

#include "unit.h"

/* 0 when a point has signalled, -ETIME when it is pending, -EINVAL when there is none. */
static int look(struct fixture *f, uint32_t handle, uint64_t point)
{
	return panthor_syncobj_wait(f->dev, &handle, &point, 1, 0, 0, NULL);
}

/* Two syncobjs: the first has a pending fence and points 3, done, and 5, pending. */
struct pair {
	struct fixture *f;
	uint32_t from;
	uint32_t to;
};

static void begin(struct pair *p, void **state)
{
	struct fake_syncobj *syncobj;

	p->f = *state;
	p->from = new_syncobj(p->f->dev, 0);
	p->to = new_syncobj(p->f->dev, 0);
	assert_int_equal(panthor_syncobj_signal(p->f->dev, p->from, 3), 0);
	syncobj = fake_syncobj_find(&p->f->fake->fds[panthor_device_fd(p->f->dev)].file->gpu,
				    p->from);
	fake_syncobj_attach(syncobj, 5, true);
}

static void end(struct pair *p)
{
	assert_int_equal(panthor_syncobj_destroy(p->f->dev, p->from), 0);
	assert_int_equal(panthor_syncobj_destroy(p->f->dev, p->to), 0);
}

/* Leaves behind what the caller has: nothing but two syncobjs. */
static void expect_nothing_left(struct pair *p)
{
	const struct fake_gpu *gpu = &p->f->fake->fds[panthor_device_fd(p->f->dev)].file->gpu;
	unsigned int count = 0;

	for (uint32_t i = 1; i <= FAKE_MAX_SYNCOBJS; i++)
		count += fake_syncobj_find(gpu, i) != NULL;
	assert_int_equal(count, 2);
}

static void close_fd(struct fixture *f, int fd)
{
	assert_int_equal(f->fake->io.close(f->fake, fd), 0);
}

static void transfer_copies_a_point(void **state)
{
	struct pair p;

	begin(&p, state);
	assert_int_equal(panthor_syncobj_transfer(p.f->dev, p.to, 7, p.from, 3), 0);
	assert_int_equal(look(p.f, p.to, 7), 0);
	assert_int_equal(panthor_syncobj_transfer(p.f->dev, p.to, 8, p.from, 5), 0);
	assert_int_equal(look(p.f, p.to, 8), -ETIME);
	assert_int_equal(panthor_syncobj_transfer(p.f->dev, p.to, 0, p.from, 6), -EINVAL);
	assert_int_equal(panthor_syncobj_transfer(p.f->dev, 99, 0, p.from, 3), -ENOENT);
	assert_int_equal(panthor_syncobj_transfer(p.f->dev, p.to, 0, 99, 3), -ENOENT);
	fake_fail(p.f->fake, FAKE_SYNCOBJ_TRANSFER, 1, ENOMEM);
	assert_int_equal(panthor_syncobj_transfer(p.f->dev, p.to, 0, p.from, 3), -ENOMEM);
	end(&p);
}

static void a_syncobj_is_shared_whole(void **state)
{
	uint32_t theirs = 0, untouched = 77;
	int fd = -2, no = -2;
	struct pair p;

	begin(&p, state);
	assert_int_equal(panthor_syncobj_export(p.f->dev, p.from, &fd), 0);
	assert_int_equal(panthor_syncobj_import(p.f->dev, fd, &theirs), 0);
	assert_int_not_equal(theirs, p.from);
	/* What happens to one happens to both, and one outlives the other. */
	assert_int_equal(panthor_syncobj_signal(p.f->dev, p.from, 9), 0);
	assert_int_equal(panthor_syncobj_destroy(p.f->dev, p.from), 0);
	assert_int_equal(look(p.f, theirs, 9), 0);
	p.from = theirs;

	assert_int_equal(panthor_syncobj_export(p.f->dev, 99, &no), -EINVAL);
	fake_fail(p.f->fake, FAKE_SYNCOBJ_HANDLE_TO_FD, 1, EMFILE);
	assert_int_equal(panthor_syncobj_export(p.f->dev, p.from, &no), -EMFILE);
	fake_fail(p.f->fake, FAKE_SYNCOBJ_HANDLE_TO_FD, 1, ENOMEM);
	assert_int_equal(panthor_syncobj_export(p.f->dev, p.from, &no), -ENOMEM);
	assert_int_equal(panthor_syncobj_import(p.f->dev, 0, &untouched), -EINVAL);
	fake_fail(p.f->fake, FAKE_SYNCOBJ_FD_TO_HANDLE, 1, ENOMEM);
	assert_int_equal(panthor_syncobj_import(p.f->dev, fd, &untouched), -ENOMEM);
	p.f->fake->bogus_handle = true;
	assert_int_equal(panthor_syncobj_import(p.f->dev, fd, &untouched), -EPROTO);
	assert_int_equal(panthor_syncobj_export(p.f->dev, p.from, &no), -EPROTO);
	p.f->fake->bogus_handle = false;
	/* A syncobj has no one point, and what else there may be is for later. */
	assert_int_equal(panthor_syncobj_to_fd(p.f->dev, p.from, 0, 1, &no), -EINVAL);
	assert_int_equal(panthor_syncobj_to_fd(p.f->dev, p.from, 2, 0, &no), -EINVAL);
	assert_int_equal(panthor_syncobj_from_fd(p.f->dev, fd, 0, 1, &untouched), -EINVAL);
	assert_int_equal(panthor_syncobj_from_fd(p.f->dev, fd, 2, 0, &untouched), -EINVAL);
	assert_int_equal(untouched, 77);
	assert_int_equal(no, -2);
	close_fd(p.f, fd);
	end(&p);
}

static void fences_travel_as_sync_files(void **state)
{
	static const uint64_t points[] = { 0, 3, 5 };
	struct pair p;

	begin(&p, state);
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		for (uint64_t to = 0; to < 2; to++) {
			int fd = -1;

			assert_int_equal(
				panthor_syncobj_export_fence(p.f->dev, p.from, points[i], &fd), 0);
			assert_int_equal(panthor_syncobj_import_fence(p.f->dev, p.to, to, fd), 0);
			assert_int_equal(look(p.f, p.to, to), points[i] == 3 ? 0 : -ETIME);
			close_fd(p.f, fd);
			assert_int_equal(panthor_syncobj_reset(p.f->dev, p.to), 0);
		}
	}
	expect_nothing_left(&p);
	end(&p);
}

/* Each step fails once, on the short way and on the one over a copy. */
static void failed_travel_leaves_nothing(void **state)
{
	static const enum fake_call out[] = { FAKE_SYNCOBJ_CREATE, FAKE_SYNCOBJ_TRANSFER,
					      FAKE_SYNCOBJ_HANDLE_TO_FD };
	static const enum fake_call in[] = { FAKE_SYNCOBJ_CREATE, FAKE_SYNCOBJ_FD_TO_HANDLE,
					     FAKE_SYNCOBJ_TRANSFER };
	int fd = -2, sync_file = -1;
	struct pair p;

	begin(&p, state);
	assert_int_equal(panthor_syncobj_export_fence(p.f->dev, p.from, 3, &sync_file), 0);
	for (size_t i = 0; i < 3; i++) {
		fake_fail(p.f->fake, out[i], 1, ENOMEM);
		assert_int_equal(panthor_syncobj_export_fence(p.f->dev, p.from, 3, &fd), -ENOMEM);
		fake_fail(p.f->fake, in[i], 1, ENOMEM);
		assert_int_equal(panthor_syncobj_import_fence(p.f->dev, p.to, 3, sync_file),
				 -ENOMEM);
		expect_nothing_left(&p);
	}
	assert_int_equal(panthor_syncobj_export_fence(p.f->dev, p.to, 0, &fd), -EINVAL);
	assert_int_equal(panthor_syncobj_export_fence(p.f->dev, p.to, 1, &fd), -EINVAL);
	assert_int_equal(panthor_syncobj_export_fence(p.f->dev, 99, 0, &fd), -ENOENT);
	assert_int_equal(panthor_syncobj_export_fence(p.f->dev, 99, 1, &fd), -ENOENT);
	assert_int_equal(panthor_syncobj_import_fence(p.f->dev, 99, 0, sync_file), -ENOENT);
	assert_int_equal(panthor_syncobj_import_fence(p.f->dev, 99, 1, sync_file), -ENOENT);
	assert_int_equal(panthor_syncobj_import_fence(p.f->dev, p.to, 0, 0), -EINVAL);
	fake_fail(p.f->fake, FAKE_SYNCOBJ_HANDLE_TO_FD, 1, EMFILE);
	assert_int_equal(panthor_syncobj_export_fence(p.f->dev, p.from, 0, &fd), -EMFILE);
	assert_int_equal(fd, -2);
	close_fd(p.f, sync_file);
	end(&p);
}

static struct fake_bo *fake_of(struct pair *p, struct panthor_bo *bo)
{
	return fake_bo(p->f->fake, panthor_device_fd(p->f->dev), panthor_bo_handle(bo));
}

/* A BO that somebody was given once. */
static struct panthor_bo *shared_bo(struct pair *p)
{
	struct panthor_bo *bo = new_bo(p->f->dev, 4096, 0);
	int fd = -1;

	assert_int_equal(panthor_bo_export(bo, &fd), 0);
	close_fd(p->f, fd);
	return bo;
}

static struct fake_bo *pending_bo(struct pair *p, struct panthor_bo **ret_bo)
{
	*ret_bo = shared_bo(p);
	return fake_of(p, *ret_bo);
}

static void implicit_fences_come_out(void **state)
{
	struct fake_bo *shared;
	struct panthor_bo *bo;
	struct pair p;

	begin(&p, state);
	shared = pending_bo(&p, &bo);
	shared->read_pending = true;
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, p.to, 1), 0);
	assert_int_equal(look(p.f, p.to, 1), 0);
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_WRITE, p.to, 2), 0);
	assert_int_equal(look(p.f, p.to, 2), -ETIME);
	shared->write_pending = true;
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, p.to, 0), 0);
	assert_int_equal(look(p.f, p.to, 0), -ETIME);
	expect_nothing_left(&p);
	panthor_bo_unref(bo);
	end(&p);
}

static void own_fences_go_in(void **state)
{
	struct fake_bo *shared;
	struct panthor_bo *bo;
	struct pair p;

	begin(&p, state);
	bo = new_bo(p.f->dev, 4096, 0);
	shared = fake_of(&p, bo);
	/* A point that there is not says nothing to anybody. */
	assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_WRITE, p.from, 99), -EINVAL);
	assert_false(shared->exported);
	assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_WRITE, p.from, 3), 0);
	assert_true(shared->exported);
	assert_false(shared->write_pending);
	assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_READ, p.from, 5), 0);
	assert_true(shared->read_pending);
	assert_false(shared->write_pending);
	assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_WRITE, p.from, 0), 0);
	assert_true(shared->write_pending);
	/* The library knows it as shared too. */
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0), -ETIME);
	expect_nothing_left(&p);
	panthor_bo_unref(bo);
	end(&p);
}

/* To look for fences is no reason to have the kernel count a BO as exported for ever. */
static void what_is_not_shared_stays_so(void **state)
{
	struct panthor_bo *bo;
	struct pair p;

	begin(&p, state);
	bo = new_bo(p.f->dev, 4096, 0);
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_WRITE, 0), 0);
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_WRITE, p.to, 0), 0);
	assert_int_equal(look(p.f, p.to, 0), 0);
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, p.to, 4), 0);
	assert_int_equal(look(p.f, p.to, 4), 0);
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, 99, 0), -ENOENT);
	assert_int_equal(fake_calls(p.f->fake, FAKE_HANDLE_TO_FD), 0);
	assert_int_equal(panthor_bo_madvise(bo, PANTHOR_BO_DONTNEED, NULL), 0);
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_WRITE, 0), 0);
	panthor_bo_unref(bo);
	end(&p);
}

/* Who has the dma-buf of somebody else, of this device or not, shares it from the beginning. */
static void imports_are_shared(void **state)
{
	struct pair p;

	begin(&p, state);
	for (int foreign = 0; foreign < 2; foreign++) {
		int fd = fake_make_dmabuf(p.f->fake, 4096, foreign);
		struct panthor_bo *bo = NULL;

		assert_int_equal(panthor_bo_import(p.f->dev, fd, &bo), 0);
		fake_of(&p, bo)->write_pending = true;
		assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0), -ETIME);
		panthor_bo_unref(bo);
		close_fd(p.f, fd);
	}
	end(&p);
}

/* A descriptor that was made past the library, and comes back to it. */
static void own_bo_that_comes_back_is_shared(void **state)
{
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	struct panthor_bo *bo, *same = NULL;
	struct pair p;

	begin(&p, state);
	bo = new_bo(p.f->dev, 4096, 0);
	prime.handle = panthor_bo_handle(bo);
	assert_int_equal(fake_ioctl(p.f->fake, panthor_device_fd(p.f->dev),
				    DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime),
			 0);
	assert_int_equal(panthor_bo_import(p.f->dev, prime.fd, &same), 0);
	assert_ptr_equal(same, bo);
	fake_of(&p, bo)->read_pending = true;
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_WRITE, 0), -ETIME);
	panthor_bo_unref(same);
	panthor_bo_unref(bo);
	close_fd(p.f, prime.fd);
	end(&p);
}

/* Three system calls, and deadlines to the nanosecond. */
static void wait_for_a_shared_buffer(void **state)
{
	struct fake_bo *shared;
	struct panthor_bo *bo;
	struct pair p;

	begin(&p, state);
	shared = pending_bo(&p, &bo);
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_WRITE, 0), 0);
	shared->read_pending = true;
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0), 0);
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_WRITE, 123456789), -ETIME);
	assert_int_equal(p.f->fake->poll_deadline_ns, 123456789);
	shared->write_pending = true;
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0), -ETIME);
	fake_fail(p.f->fake, FAKE_POLL, 1, EINTR);
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0), -ETIME);
	fake_fail(p.f->fake, FAKE_POLL, 1, ENOMEM);
	assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0), -ENOMEM);
	panthor_bo_unref(bo);
	end(&p);
}

static void implicit_fence_errors(void **state)
{
	const enum panthor_bo_access unknown = (enum panthor_bo_access)2;
	const enum panthor_bo_fences_direction aside = (enum panthor_bo_fences_direction)2;
	struct panthor_vm *vm;
	struct panthor_bo *bo, *private = NULL;
	struct pair p;

	begin(&p, state);
	bo = shared_bo(&p);
	vm = new_vm(p.f->dev, 0);
	assert_int_equal(panthor_bo_new(p.f->dev, vm, 4096, 0, &private), 0);
	assert_int_equal(panthor_bo_wait(bo, unknown, 0), -EINVAL);
	assert_int_equal(panthor_bo_fences(bo, aside, PANTHOR_BO_READ, p.to, 0), -EINVAL);
	assert_int_equal(panthor_bo_wait(private, PANTHOR_BO_READ, 0), -EINVAL);
	assert_int_equal(panthor_bo_export_fences(bo, unknown, p.to, 0), -EINVAL);
	assert_int_equal(panthor_bo_export_fences(private, PANTHOR_BO_READ, p.to, 0), -EINVAL);
	assert_int_equal(panthor_bo_import_fence(bo, unknown, p.from, 0), -EINVAL);
	assert_int_equal(panthor_bo_import_fence(private, PANTHOR_BO_READ, p.from, 0), -EINVAL);
	assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_READ, p.to, 0), -EINVAL);
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, 99, 0), -ENOENT);
	assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_READ, 99, 0), -ENOENT);

	p.f->fake->no_implicit_fences = true;
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, p.to, 0), -EOPNOTSUPP);
	assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_READ, p.from, 0), -EOPNOTSUPP);
	p.f->fake->no_implicit_fences = false;
	p.f->fake->bogus_handle = true;
	assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, p.to, 0), -EPROTO);
	p.f->fake->bogus_handle = false;
	panthor_bo_unref(bo);
	panthor_bo_unref(private);
	panthor_vm_unref(vm);
	end(&p);
}

/* The steps between a BO and a point fail in turn; descriptors and copies do not stay behind. */
static void implicit_fences_need_room(void **state)
{
	static const struct {
		enum fake_call call;
		bool in;
		bool out;
		bool wait;
	} steps[] = {
		{ FAKE_HANDLE_TO_FD, .in = true, .out = true, .wait = true },
		{ FAKE_EXPORT_SYNC_FILE, .out = true },
		{ FAKE_IMPORT_SYNC_FILE, .in = true },
		{ FAKE_SYNCOBJ_CREATE, .in = true, .out = true },
		{ FAKE_SYNCOBJ_TRANSFER, .in = true, .out = true },
		{ FAKE_SYNCOBJ_HANDLE_TO_FD, .in = true },
		{ FAKE_SYNCOBJ_FD_TO_HANDLE, .out = true },
	};
	static const int errors[] = { EMFILE, ENOMEM };
	struct panthor_bo *bo;
	struct pair p;

	begin(&p, state);
	bo = shared_bo(&p);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(steps); i++) {
		const enum fake_call call = steps[i / 2].call;
		const int error = errors[i % 2];

		fake_fail(p.f->fake, call, 1, error);
		assert_int_equal(panthor_bo_export_fences(bo, PANTHOR_BO_READ, p.to, 1),
				 steps[i / 2].out ? -error : 0);
		fake_fail(p.f->fake, call, 1, error);
		assert_int_equal(panthor_bo_import_fence(bo, PANTHOR_BO_READ, p.from, 3),
				 steps[i / 2].in ? -error : 0);
		fake_fail(p.f->fake, call, 1, error);
		assert_int_equal(panthor_bo_wait(bo, PANTHOR_BO_READ, 0),
				 steps[i / 2].wait ? -error : 0);
		/* Not later, where nobody came by. */
		fake_fail(p.f->fake, call, 0, 0);
		expect_nothing_left(&p);
	}
	panthor_bo_unref(bo);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(transfer_copies_a_point),
		fixture_test(a_syncobj_is_shared_whole),
		fixture_test(fences_travel_as_sync_files),
		fixture_test(failed_travel_leaves_nothing),
		fixture_test(implicit_fences_come_out),
		fixture_test(own_fences_go_in),
		fixture_test(what_is_not_shared_stays_so),
		fixture_test(imports_are_shared),
		fixture_test(own_bo_that_comes_back_is_shared),
		fixture_test(wait_for_a_shared_buffer),
		fixture_test(implicit_fence_errors),
		fixture_test(implicit_fences_need_room),
	};

	return cmocka_run_group_tests_name("fence", tests, NULL, NULL);
}
