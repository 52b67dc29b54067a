/* SPDX-License-Identifier: MIT */
/* Failures inside of opening, closing and asking the device. */
#include "fail_inject.h"

static char node[64];

static void find_node(struct fail *f)
{
	assert_int_equal(kt_find_node("panthor", true, node, sizeof(node)), 0);
}

static int call_open(struct fail *f)
{
	f->extra = open(node, O_RDWR | O_CLOEXEC);
	return f->extra < 0 ? -errno : 0;
}

static void use_file(struct fail *f)
{
	assert_int_equal(kt_bo_close(f->extra, kt_bo(f->extra, KT_PAGE)), 0);
	assert_int_equal(kt_vm_destroy(f->extra, kt_vm(f->extra)), 0);
}

static struct fail_case open_node = {
	.prepare = find_node,
	.call = call_open,
	.finish = use_file,
};

/* With memory in it; what queues and heaps add is for fail_job and fail_vm. */
static void make_full_file(struct fail *f)
{
	uint32_t vm, bo;

	f->extra = kt_open("panthor", true);
	assert_true(f->extra >= 0);
	vm = kt_vm(f->extra);
	bo = kt_filled_bo(f->extra, "full", 8 * KT_PAGE, 1);
	assert_int_equal(kt_vm_map(f->extra, vm, bo, 0x100000, 0, 8 * KT_PAGE), 0);
	assert_int_equal(kt_bo_create(f->extra, KT_PAGE, 0, vm, &bo), 0);
	f->dmabuf = kt_export(f->extra, kt_bo(f->extra, KT_PAGE));
	assert_true(f->dmabuf >= 0);
}

static int call_close(struct fail *f)
{
	return close(f->extra) < 0 ? -errno : 0;
}

static struct fail_case close_file = {
	.flags = FAIL_NOTHING,
	.prepare = make_full_file,
	.call = call_close,
};

static int call_query(struct fail *f)
{
	unsigned char out[256];
	struct drm_panthor_dev_query args = {
		.type = f->other,
		.size = sizeof(out),
		.pointer = (uintptr_t)out,
	};

	memset(out, 0, sizeof(out));
	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args);
}

static void ask_csif(struct fail *f)
{
	f->other = DRM_PANTHOR_DEV_QUERY_CSIF_INFO;
}

static void ask_timestamp(struct fail *f)
{
	f->other = DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO;
}

static void ask_priorities(struct fail *f)
{
	f->other = DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO;
}

static void ask_mmu(struct fail *f)
{
	f->other = DRM_PANTHOR_DEV_QUERY_MMU_INFO;
}

static struct fail_case query_gpu = { .call = call_query };
static struct fail_case query_csif = { .prepare = ask_csif, .call = call_query };
static struct fail_case query_timestamp = { .prepare = ask_timestamp, .call = call_query };
static struct fail_case query_priorities = { .prepare = ask_priorities, .call = call_query };
static struct fail_case query_mmu = { .prepare = ask_mmu, .call = call_query };

/* Asked for in the structure that the answer is written to: it is read, too. */
static int call_query_flags(struct fail *f)
{
	struct drm_panthor_timestamp_info info = {
		.flags = DRM_PANTHOR_TIMESTAMP_GPU | DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC |
			 DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT | DRM_PANTHOR_TIMESTAMP_DURATION,
	};
	struct drm_panthor_dev_query args = {
		.type = DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO,
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args);
}

static struct fail_case query_flags = { .call = call_query_flags };

static int call_query_size(struct fail *f)
{
	struct drm_panthor_dev_query args = { .type = DRM_PANTHOR_DEV_QUERY_GPU_INFO };

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args);
}

static struct fail_case query_size = { .call = call_query_size };

static int call_mmio_offset(struct fail *f)
{
	struct drm_panthor_set_user_mmio_offset args = {
		.offset = DRM_PANTHOR_USER_MMIO_OFFSET_32BIT,
	};

	return FAIL_IOCTL(f->fd, DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &args);
}

static struct fail_case mmio_offset = { .call = call_mmio_offset };

static const struct CMUnitTest tests[] = {
	fail_test(open_node),
	fail_test(close_file),
	fail_test(query_gpu),
	fail_test(query_csif),
	fail_test(query_timestamp),
	fail_test(query_flags),
	fail_test(query_priorities),
	fail_test(query_mmu),
	fail_test(query_size),
	fail_test(mmio_offset),
	fail_no_leaks(),
};

fail_main(tests)
