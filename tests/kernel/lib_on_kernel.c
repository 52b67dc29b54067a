/* SPDX-License-Identifier: MIT */
/* libdrm_panthor over the real driver: the kernel answers as the library's header says. */
#include <pthread.h>

#include "lib_fixture.h"

static void bo_errors_are_those_of_the_header(void **state)
{
	struct lib *l = *state;
	struct panthor_bo *bo = NULL, *hidden = NULL;
	char *label = calloc(1, 4097);
	void *ptr = NULL;
	int fd = -1;

	kt_expect("size 0", panthor_bo_new(l->dev, NULL, 0, 0, &bo), -EINVAL);
	kt_expect("size beyond 63 bits", panthor_bo_new(l->dev, NULL, 1ull << 63, 0, &bo), -EINVAL);
	kt_expect("size of 62 bits", panthor_bo_new(l->dev, NULL, 1ull << 62, 0, &bo), -ENOSPC);
	kt_expect("both flags", panthor_bo_new(l->dev, NULL, 1, 3, &bo), -EINVAL);
	kt_expect("unknown flag", panthor_bo_new(l->dev, NULL, 1, 4, &bo), -EINVAL);
	assert_int_equal(panthor_bo_new(l->dev, NULL, 1, PANTHOR_BO_NO_MMAP, &hidden), 0);
	assert_int_equal(panthor_bo_size(hidden), KT_PAGE);
	kt_expect("map of NO_MMAP", panthor_bo_map(hidden, &ptr), -EPERM);
	kt_expect("unmap of what is not", panthor_bo_unmap(hidden), -EINVAL);
	kt_expect("label of 4095", panthor_bo_set_label(hidden, memset(label, 'x', 4095)), 0);
	label[4095] = 'x';
	kt_expect("label of 4096", panthor_bo_set_label(hidden, label), -E2BIG);
	kt_expect("sync beyond", panthor_bo_sync(hidden, 0, 4097, PANTHOR_BO_SYNC_FLUSH), -EINVAL);
	kt_expect("unknown advice", panthor_bo_madvise(hidden, (enum panthor_bo_advice)4, NULL),
		  -EINVAL);
	kt_expect("export of exclusive", panthor_bo_export(l->streams, &fd), -EINVAL);
	kt_expect("import of no descriptor", panthor_bo_import(l->dev, -1, &bo), -EBADF);
	kt_expect("import of no dma-buf", panthor_bo_import(l->dev, 1, &bo), -EINVAL);
	kt_expect("export", panthor_bo_export(hidden, &fd), 0);
	kt_expect("DONTNEED of exported", panthor_bo_madvise(hidden, PANTHOR_BO_DONTNEED, NULL),
		  -EINVAL);
	close(fd);
	panthor_bo_unref(hidden);
	free(label);
	kt_all_expected();
}

static void one_bo_for_one_buffer(void **state)
{
	struct panthor_bo *same = NULL, *theirs = NULL;
	struct panthor_device *other = NULL;
	struct lib *l = *state;
	void *ptr = NULL;
	int fd = -1;

	l->words[0] = 0x12345678;
	assert_int_equal(panthor_bo_export(l->data, &fd), 0);
	assert_int_equal(panthor_bo_import(l->dev, fd, &same), 0);
	assert_ptr_equal(same, l->data);
	panthor_bo_unref(same);

	assert_int_equal(panthor_device_open(NULL, &other), 0);
	assert_int_equal(panthor_bo_import(other, fd, &theirs), 0);
	assert_false(panthor_bo_is_imported(theirs));
	assert_int_equal(panthor_bo_map(theirs, &ptr), 0);
	assert_int_equal(*(uint32_t *)ptr, 0x12345678);
	panthor_bo_unref(theirs);
	panthor_device_unref(other);
	close(fd);
}

static void *hammer(void *data)
{
	struct lib *l = data;
	uintptr_t wrong = 0;
	void *ptr = NULL;

	for (int i = 0; i < 200; i++) {
		struct panthor_bo *bo = NULL, *same = NULL;
		int fd = -1;

		wrong += panthor_bo_new(l->dev, NULL, KT_PAGE, 0, &bo) != 0;
		wrong += panthor_bo_export(bo, &fd) != 0;
		wrong += panthor_bo_import(l->dev, fd, &same) != 0 || same != bo;
		panthor_bo_unref(bo);
		wrong += panthor_bo_map(same, &ptr) != 0;
		*(volatile uint32_t *)ptr = 1;
		panthor_bo_unref(same);
		close(fd);
	}
	return (void *)wrong;
}

static void eight_threads(void **state)
{
	pthread_t threads[8];
	void *wrong;

	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, *state), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static void vm_errors_are_those_of_the_header(void **state)
{
	struct lib *l = *state;
	struct panthor_vm *vms[32] = { NULL };
	uint64_t end = panthor_vm_user_va_range(l->vm);

	kt_expect("no room for the kernel", panthor_vm_new(l->dev, UINT64_MAX, &vms[0]), -EINVAL);
	for (int i = 0; i < 31; i++)
		kt_expect("one of 32 VMs", panthor_vm_new(l->dev, 1ull << 30, &vms[i]), 0);
	kt_expect("VM 33", panthor_vm_new(l->dev, 0, &vms[31]), -EBUSY);
	kt_expect("exclusive elsewhere", panthor_vm_map(vms[0], l->streams, 0, 0x1000, KT_PAGE, 0),
		  -EINVAL);
	for (int i = 0; i < 31; i++)
		panthor_vm_unref(vms[i]);

	kt_expect("last page", panthor_vm_map(l->vm, l->data, 0, end - KT_PAGE, KT_PAGE, 0), 0);
	kt_expect("kernel's page", panthor_vm_map(l->vm, l->data, 0, end, KT_PAGE, 0), -EINVAL);
	kt_expect("sparse",
		  panthor_vm_map(l->vm, NULL, 0, 1ull << 32, 1ull << 30, PANTHOR_MAP_SPARSE), 0);
	kt_expect("unmap everything", panthor_vm_unmap(l->vm, 0, end), 0);
	kt_expect("and again", panthor_vm_unmap(l->vm, 0, end), 0);
	kt_expect("usable", panthor_vm_is_usable(l->vm), 1);
	kt_all_expected();
}

/* A queued bind that cannot be done: the address is beyond what the library would let through. */
static void spoil_vm(struct lib *l)
{
	struct drm_panthor_vm_bind_op op = {
		.bo_handle = panthor_bo_handle(l->data),
		.va = 1ull << 48,
		.size = KT_PAGE,
		.syncs = { .stride = sizeof(struct drm_panthor_sync_op) },
	};
	struct drm_panthor_vm_bind bind = {
		.vm_id = panthor_vm_id(l->vm),
		.flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	assert_int_equal(kt_ioctl(panthor_device_fd(l->dev), DRM_IOCTL_PANTHOR_VM_BIND, &bind), 0);
}

static bool is_spoilt(void *vm)
{
	return panthor_vm_is_usable(vm) == 0;
}

static void partial_failure_is_counted(void **state)
{
	struct lib *l = *state;
	const struct panthor_bind_op ops[] = {
		panthor_bind_unmap(0, KT_PAGE),
		panthor_bind_unmap(KT_PAGE, KT_PAGE),
		panthor_bind_unmap(2 * KT_PAGE, KT_PAGE),
		panthor_bind_map(l->data, 0, 0, KT_PAGE, 0),
		panthor_bind_unmap(DATA_VA, KT_PAGE),
	};
	uint32_t done = 77;

	spoil_vm(l);
	assert_true(kt_wait(is_spoilt, l->vm));
	assert_int_equal(panthor_vm_bind(l->vm, 0, ops, 5, &done), -EINVAL);
	assert_int_equal(done, 3);
	assert_int_equal(panthor_vm_bind(l->vm, PANTHOR_BIND_ASYNC, ops, 5, &done), -EINVAL);
	assert_int_equal(done, 0);
}

static const struct CMUnitTest tests[] = {
	lib_test(bo_errors_are_those_of_the_header),
	lib_test(one_bo_for_one_buffer),
	lib_test(eight_threads),
	lib_test(vm_errors_are_those_of_the_header),
	lib_test(partial_failure_is_counted),
	kt_no_leaks(),
};

kt_main(tests)
