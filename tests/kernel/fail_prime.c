/* SPDX-License-Identifier: MIT */
/* Failures inside of sharing BOs: export, import of our own and of foreign memory, attaching. */
#include <linux/dma-buf.h>

#include "fail_inject.h"

#define SIZE (8 * KT_PAGE)

static void make_bo(struct fail *f)
{
	f->bo = kt_filled_bo(f->fd, "bo", SIZE, 1);
}

static int call_export(struct fail *f)
{
	struct drm_prime_handle args = {
		.handle = f->bo,
		.flags = DRM_CLOEXEC | DRM_RDWR,
		.fd = 77,
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);
}

/* A BO that could not be exported is not marked so: its owner may still give its contents up. */
static struct fail_case export_bo = {
	.flags = FAIL_MAY_BE_DONE,
	.prepare = make_bo,
	.call = call_export,
};

static int import_into(int fd, int dmabuf)
{
	struct drm_prime_handle args = { .fd = dmabuf };

	/* The core writes the handle before it knows that it may stay. */
	return kt_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);
}

static void make_export(struct fail *f)
{
	make_bo(f);
	f->dmabuf = kt_export(f->fd, f->bo);
	assert_true(f->dmabuf >= 0);
}

static void make_export_elsewhere(struct fail *f)
{
	make_export(f);
	f->extra = kt_open("panthor", true);
	assert_true(f->extra >= 0);
}

static int call_import(struct fail *f)
{
	return import_into(f->fd, f->dmabuf);
}

static int call_import_elsewhere(struct fail *f)
{
	return import_into(f->extra, f->dmabuf);
}

static struct fail_case import_into_same_file = { .prepare = make_export, .call = call_import };
static struct fail_case import_into_another = {
	.prepare = make_export_elsewhere,
	.call = call_import_elsewhere,
};

static void evict(struct fail *f)
{
	assert_int_equal(kt_madvise(f->fd, f->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
}

static void make_evicted_export_elsewhere(struct fail *f)
{
	make_export_elsewhere(f);
	evict(f);
}

/* The same BO, which has no pages: for a handle it needs none. */
static struct fail_case import_evicted = {
	.flags = FAIL_EVICTED,
	.prepare = make_evicted_export_elsewhere,
	.call = call_import_elsewhere,
};

static void make_udmabuf(struct fail *f)
{
	f->dmabuf = kt_udmabuf(SIZE);
	assert_true(f->dmabuf >= 0);
}

static void make_heap_dmabuf(struct fail *f)
{
	f->dmabuf = kt_heap_dmabuf(SIZE);
	assert_true(f->dmabuf >= 0);
}

static void make_vgem_dmabuf(struct fail *f)
{
	void *ptr;

	f->dmabuf = kt_vgem_dmabuf(SIZE);
	assert_true(f->dmabuf >= 0);
	/* Pages that vgem gets for an import stay with it: let them be there already. */
	assert_int_equal(kt_mmap(f->dmabuf, 0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, &ptr), 0);
	kt_fill(ptr, SIZE, 1);
	munmap(ptr, SIZE);
}

/* Whichever half of the import fails: attachment, table and object go, each once. */
static struct fail_case test_kb4_kb5_import_udmabuf = {
	.prepare = make_udmabuf,
	.call = call_import,
};
static struct fail_case test_kb4_kb5_import_heap = {
	.prepare = make_heap_dmabuf,
	.call = call_import,
};
static struct fail_case test_kb4_kb5_import_vgem = {
	.prepare = make_vgem_dmabuf,
	.call = call_import,
};

static void make_import(struct fail *f)
{
	make_udmabuf(f);
	assert_int_equal(kt_import(f->fd, f->dmabuf, &f->bo), 0);
	assert_int_equal(kt_bo_offset(f->fd, f->bo, &f->offset), 0);
	f->vm = kt_vm(f->fd);
}

/* What comes out is the exporter's dma-buf again. */
static struct fail_case export_import = { .prepare = make_import, .call = call_export };

static int call_map_import(struct fail *f)
{
	void *ptr = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, f->fd, (off_t)f->offset);

	if (ptr == MAP_FAILED)
		return -errno;
	f->map = ptr;
	return 0;
}

static void unmap(struct fail *f)
{
	if (f->map)
		munmap(f->map, SIZE);
}

static struct fail_case map_import = {
	.prepare = make_import,
	.call = call_map_import,
	.release = unmap,
};

static int call_bind_import(struct fail *f)
{
	return kt_vm_map(f->fd, f->vm, f->bo, 0x100000, 0, SIZE);
}

static struct fail_case bind_import = { .prepare = make_import, .call = call_bind_import };

static int call_close(struct fail *f)
{
	return kt_bo_close(f->fd, f->bo);
}

static struct fail_case close_import = { .prepare = make_import, .call = call_close };

static void make_export_for_vgem(struct fail *f)
{
	make_export(f);
	f->extra = kt_open("vgem", true);
	assert_true(f->extra >= 0);
}

/* Another driver attaches, which pins: a pin that stays is a BO that is in no class any more. */
static struct fail_case test_kb6_attach = {
	.prepare = make_export_for_vgem,
	.call = call_import_elsewhere,
};

static void make_evicted_export_for_vgem(struct fail *f)
{
	make_export_for_vgem(f);
	evict(f);
}

static struct fail_case attach_evicted = {
	.flags = FAIL_EVICTED,
	.prepare = make_evicted_export_for_vgem,
	.call = call_import_elsewhere,
};

static void make_fresh_export_for_vgem(struct fail *f)
{
	f->bo = kt_bo(f->fd, SIZE);
	f->dmabuf = kt_export(f->fd, f->bo);
	f->extra = kt_open("vgem", true);
	assert_true(f->dmabuf >= 0 && f->extra >= 0);
}

static struct fail_case attach_without_pages = {
	.flags = FAIL_MAY_POPULATE,
	.prepare = make_fresh_export_for_vgem,
	.call = call_import_elsewhere,
};

static int call_cpu_access(struct fail *f)
{
	struct dma_buf_sync args = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	int ret = kt_ioctl(f->dmabuf, DMA_BUF_IOCTL_SYNC, &args);

	args.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	return ret < 0 ? ret : kt_ioctl(f->dmabuf, DMA_BUF_IOCTL_SYNC, &args);
}

static struct fail_case cpu_access = { .prepare = make_export, .call = call_cpu_access };

/*
 * Names for all, which only the node of the display's side has.
 */

static void make_bo_of_primary(struct fail *f)
{
	f->extra = kt_open("panthor", false);
	assert_true(f->extra >= 0);
	f->bo = kt_filled_bo(f->extra, "named", SIZE, 1);
}

static int call_flink(struct fail *f)
{
	struct drm_gem_flink args = { .handle = f->bo };

	return kt_ioctl(f->extra, DRM_IOCTL_GEM_FLINK, &args);
}

static void make_named_bo(struct fail *f)
{
	struct drm_gem_flink args = { 0 };

	make_bo_of_primary(f);
	args.handle = f->bo;
	assert_int_equal(kt_ioctl(f->extra, DRM_IOCTL_GEM_FLINK, &args), 0);
	f->other = args.name;
	f->extra = kt_open("panthor", false);
	assert_true(f->extra >= 0);
}

static int call_open_name(struct fail *f)
{
	struct drm_gem_open args = { .name = f->other };

	return kt_ioctl(f->extra, DRM_IOCTL_GEM_OPEN, &args);
}

static struct fail_case flink = { .prepare = make_bo_of_primary, .call = call_flink };
static struct fail_case open_name = { .prepare = make_named_bo, .call = call_open_name };

static const struct CMUnitTest tests[] = {
	fail_test(export_bo),
	fail_test(import_into_same_file),
	fail_test(import_into_another),
	fail_test(import_evicted),
	fail_test(test_kb4_kb5_import_udmabuf),
	fail_test(test_kb4_kb5_import_heap),
	fail_test(test_kb4_kb5_import_vgem),
	fail_test(export_import),
	fail_test(map_import),
	fail_test(bind_import),
	fail_test(close_import),
	fail_test(test_kb6_attach),
	fail_test(attach_evicted),
	fail_test(attach_without_pages),
	fail_test(cpu_access),
	fail_test(flink),
	fail_test(open_name),
	fail_no_leaks(),
};

fail_main(tests)
