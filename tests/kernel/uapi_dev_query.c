/* SPDX-License-Identifier: MIT */
/* Identity, capabilities and DEV_QUERY: sizes, extension rules, errors. */
#include <sys/wait.h>

#include "kt.h"

/* What is above an output that must stay untouched. */
#define JUNK 0xa5

static const struct {
	uint32_t type;
	uint32_t min;
	uint32_t size;
} types[] = {
	{ DRM_PANTHOR_DEV_QUERY_GPU_INFO, 96, 112 },
	{ DRM_PANTHOR_DEV_QUERY_CSIF_INFO, 24, 24 },
	{ DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO, 16, 56 },
	{ DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO, 4, 4 },
	{ DRM_PANTHOR_DEV_QUERY_MMU_INFO, 8, 8 },
};

static int query(int fd, uint32_t type, uint32_t *size, void *ptr)
{
	struct drm_panthor_dev_query args = {
		.type = type,
		.size = *size,
		.pointer = (uintptr_t)ptr,
	};
	int ret = kt_ioctl(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args);

	*size = args.size;
	return ret;
}

static int query_all(int fd, uint32_t type, void *ptr, uint32_t size)
{
	return query(fd, type, &size, ptr);
}

static void assert_version(int fd)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_VERSION, &version), 0);
	assert_string_equal(name, "panthor");
	assert_int_equal(version.version_major, 1);
	assert_int_equal(version.version_minor, 9);
}

static void test_version_on_both_nodes(void **state)
{
	struct kt *t = *state;
	int primary = kt_open("panthor", false);

	assert_true(primary >= 0);
	assert_version(t->fd);
	assert_version(primary);
}

static void test_primary_node_does_everything(void **state)
{
	int fd = kt_open("panthor", false);
	struct drm_panthor_gpu_info gpu;
	uint32_t bo, vm;

	assert_true(fd >= 0);
	assert_int_equal(query_all(fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &gpu, sizeof(gpu)), 0);
	bo = kt_bo(fd, KT_PAGE);
	vm = kt_vm(fd);
	assert_int_equal(kt_vm_map(fd, vm, bo, 0x100000, 0, KT_PAGE), 0);
	kt_assert_zeroes(fd, bo, KT_PAGE);
}

static void test_platform_bus_and_driver_name(void **state)
{
	char node[64];
	char link[256];
	char path[160];
	ssize_t n;

	assert_int_equal(kt_find_node("panthor", true, node, sizeof(node)), 0);
	snprintf(path, sizeof(path), "/sys/class/drm/%s/device/driver", strrchr(node, '/') + 1);
	n = readlink(path, link, sizeof(link) - 1);
	assert_true(n > 0);
	link[n] = '\0';
	assert_string_equal(strrchr(link, '/'), "/vpanthor");
	snprintf(path, sizeof(path), "/sys/class/drm/%s/device/subsystem", strrchr(node, '/') + 1);
	n = readlink(path, link, sizeof(link) - 1);
	assert_true(n > 0);
	link[n] = '\0';
	assert_string_equal(strrchr(link, '/'), "/platform");
}

static void test_capabilities(void **state)
{
	struct kt *t = *state;
	static const struct {
		const char *name;
		uint64_t cap;
		uint64_t want;
	} caps[] = {
		{ "PRIME", DRM_CAP_PRIME, DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT },
		{ "SYNCOBJ", DRM_CAP_SYNCOBJ, 1 },
		{ "SYNCOBJ_TIMELINE", DRM_CAP_SYNCOBJ_TIMELINE, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		struct drm_get_cap args = { .capability = caps[i].cap };

		assert_int_equal(kt_ioctl(t->fd, DRM_IOCTL_GET_CAP, &args), 0);
		assert_int_equal(args.value, caps[i].want);
	}
}

static void test_null_pointer_tells_size(void **state)
{
	struct kt *t = *state;
	uint32_t size;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		size = 12345;
		assert_int_equal(query(t->fd, types[i].type, &size, NULL), 0);
		assert_int_equal(size, types[i].size);
	}
}

static void test_unknown_type(void **state)
{
	struct kt *t = *state;
	uint8_t buf[256] = { 0 };
	static const uint32_t unknown[] = { 5, 6, 0x7fffffff, 0xdeadbeef };
	uint32_t size;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		size = sizeof(buf);
		kt_expect("no pointer", query(t->fd, unknown[i], &size, NULL), -EINVAL);
		kt_expect("pointer", query(t->fd, unknown[i], &size, buf), -EINVAL);
	}
	kt_all_expected();
}

static void test_too_small(void **state)
{
	struct kt *t = *state;
	uint8_t buf[256] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		uint32_t type = types[i].type;

		kt_expect("size 0", query_all(t->fd, type, buf, 0), -EINVAL);
		kt_expect("size min - 1", query_all(t->fd, type, buf, types[i].min - 1), -EINVAL);
	}
	kt_all_expected();
}

/* A short structure gets what fits and not a byte more. */
static void test_short_struct(void **state)
{
	struct kt *t = *state;
	uint8_t full[256] = { 0 };
	uint8_t part[256];
	uint32_t size;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type == DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO)
			continue;
		assert_int_equal(query_all(t->fd, types[i].type, full, types[i].size), 0);
		for (size = types[i].min; size <= types[i].size; size += 4) {
			memset(part, JUNK, sizeof(part));
			assert_int_equal(query_all(t->fd, types[i].type, part, size), 0);
			assert_memory_equal(part, full, size);
			for (j = size; j < sizeof(part); j++)
				assert_int_equal(part[j], JUNK);
		}
	}
}

/* A structure of the future: what this kernel does not know reads as zero. */
static void test_long_struct(void **state)
{
	struct kt *t = *state;
	uint8_t buf[256];
	uint32_t size;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		bool in_out = types[i].type == DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO;

		memset(buf, in_out ? 0 : JUNK, sizeof(buf));
		size = sizeof(buf);
		assert_int_equal(query(t->fd, types[i].type, &size, buf), 0);
		assert_int_equal(size, sizeof(buf));
		for (j = types[i].size; j < sizeof(buf); j++)
			assert_int_equal(buf[j], 0);
	}
}

static void test_bad_pointer(void **state)
{
	struct kt *t = *state;
	void *ro = mmap(NULL, KT_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		uint32_t type = types[i].type;
		uint32_t size = types[i].size;

		kt_expect("unmapped", query_all(t->fd, type, (void *)KT_BAD_PTR, size), -EFAULT);
		kt_expect("kernel", query_all(t->fd, type, (void *)KT_KERNEL_PTR, size), -EFAULT);
		kt_expect("read-only", query_all(t->fd, type, ro, size), -EFAULT);
	}
	munmap(ro, KT_PAGE);
	kt_all_expected();
}

/* What clients assert on before they use a device. */
static void test_gpu_identity(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_gpu_info gpu = { 0 };
	struct drm_panthor_csif_info csif = { 0 };

	assert_int_equal(query_all(t->fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &gpu, sizeof(gpu)), 0);
	assert_int_equal(gpu.gpu_id >> 16, 0xa867);
	assert_int_equal(gpu.core_features & 0xff, 0);
	assert_true(DRM_PANTHOR_MMU_VA_BITS(gpu.mmu_features) >= 32);
	assert_true(gpu.thread_features >> 24 != 0 && (gpu.thread_features & 0x3fffff) != 0);
	assert_true(gpu.max_threads != 0 && gpu.thread_max_workgroup_size != 0);
	assert_true((uint32_t)gpu.shader_present != 0 && (uint32_t)gpu.tiler_present != 0);
	assert_true(gpu.l2_present != 0 && gpu.as_present != 0);
	assert_int_equal(gpu.pad, 0);

	assert_int_equal(query_all(t->fd, DRM_PANTHOR_DEV_QUERY_CSIF_INFO, &csif, sizeof(csif)), 0);
	assert_true(csif.csg_slot_count > 0 && csif.cs_slot_count > 0);
	assert_int_equal(csif.cs_reg_count, 96);
	assert_int_equal(csif.unpreserved_cs_reg_count, 4);
	assert_in_range(csif.scoreboard_slot_count, 4, 16);
	assert_int_equal(csif.pad, 0);
}

/* The parameter decides; a zeroed field would read as coherent. */
static void test_coherency_follows_parameter(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_gpu_info gpu = { 0 };
	char *parameter = kt_read_file("/sys/module/vpanthor/parameters/coherent", NULL);
	bool coherent;

	assert_non_null(parameter);
	coherent = parameter[0] == 'Y' || parameter[0] == '1';
	free(parameter);
	assert_int_equal(query_all(t->fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &gpu, sizeof(gpu)), 0);
	if (coherent)
		assert_int_not_equal(gpu.selected_coherency, DRM_PANTHOR_GPU_COHERENCY_NONE);
	else
		assert_int_equal(gpu.selected_coherency, DRM_PANTHOR_GPU_COHERENCY_NONE);
}

static void test_mmu_info(void **state)
{
	struct kt *t = *state;
	struct drm_panthor_mmu_info mmu = { 0 };

	assert_int_equal(query_all(t->fd, DRM_PANTHOR_DEV_QUERY_MMU_INFO, &mmu, sizeof(mmu)), 0);
	assert_int_equal(mmu.page_size_bitmap, 0x1000 | 0x200000);
}

static uint8_t allowed_priorities(int fd)
{
	struct drm_panthor_group_priorities_info info = { 0 };

	if (query_all(fd, DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO, &info, sizeof(info)) != 0)
		return 0xff;
	return info.pad[0] | info.pad[1] | info.pad[2] ? 0xff : info.allowed_mask;
}

static void test_priorities_follow_capabilities(void **state)
{
	struct kt *t = *state;
	int status;
	pid_t pid;

	assert_int_equal(allowed_priorities(t->fd), 0xf);
	pid = fork();
	if (pid == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(0xfe);
		_exit(allowed_priorities(t->fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0x3);
}

/* Between the interface's last call and ours: neither may answer for numbers that nobody has. */
static void test_numbers_nobody_has(void **state)
{
	struct kt *t = *state;
	uint64_t arg[8] = { 0 };
	unsigned int nr;

	for (nr = DRM_COMMAND_BASE + 0x11; nr < DRM_COMMAND_BASE + 0x5f; nr++)
		kt_expect("unknown number",
			  kt_ioctl(t->fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', nr, 16), arg), -EINVAL);
	kt_all_expected();
}

static const struct CMUnitTest tests[] = {
	kt_test(test_version_on_both_nodes),
	kt_test(test_primary_node_does_everything),
	kt_test(test_platform_bus_and_driver_name),
	kt_test(test_capabilities),
	kt_test(test_null_pointer_tells_size),
	kt_test(test_unknown_type),
	kt_test(test_too_small),
	kt_test(test_short_struct),
	kt_test(test_long_struct),
	kt_test(test_bad_pointer),
	kt_test(test_gpu_identity),
	kt_test(test_coherency_follows_parameter),
	kt_test(test_mmu_info),
	kt_test(test_priorities_follow_capabilities),
	kt_test(test_numbers_nobody_has),
	kt_no_leaks(),
};

kt_main(tests)
