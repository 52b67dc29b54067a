/* SPDX-License-Identifier: MIT */
/*
 * Who may have which group priority: HIGH and REALTIME are for CAP_SYS_NICE and DRM masters. Each
 * row asks in a process of its own, which tells the answers by its exit status.
 */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kt_gpu.h"

#define NORMAL 0x3
#define ALL    0xf
/* No mask of priorities: the process failed, or an errno was not the right one. */
#define WRONG 0x80

static bool set_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)mask, .permitted = (uint32_t)mask },
		{ .effective = (uint32_t)(mask >> 32), .permitted = (uint32_t)(mask >> 32) },
	};

	return syscall(SYS_capset, &header, data) == 0;
}

static bool root(void)
{
	return true;
}

static bool nobody(void)
{
	return setgid(65534) == 0 && setuid(65534) == 0;
}

static bool only_nice(void)
{
	return set_capabilities(1ull << CAP_SYS_NICE);
}

/* The others that have to do with resources and devices. */
static bool all_but_nice(void)
{
	return set_capabilities(1ull << CAP_SYS_ADMIN | 1ull << CAP_SYS_RESOURCE |
				1ull << CAP_DAC_OVERRIDE);
}

static int create(int fd, uint32_t vm, uint8_t priority)
{
	static const struct drm_panthor_queue_create queue = { .ringbuf_size = 4096 };
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &queue),
		.priority = priority,
		.vm_id = vm,
	};

	return kt_group_create(fd, &args);
}

static int allowed(int fd, uint32_t vm)
{
	struct drm_panthor_group_priorities_info info = { .pad = { 1 } };
	struct drm_panthor_dev_query query = {
		.type = DRM_PANTHOR_DEV_QUERY_GROUP_PRIORITIES_INFO,
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};
	int mask = 0;

	for (uint8_t i = 0; i < 4; i++) {
		int ret = create(fd, vm, i);

		if (ret != 0 && ret != -EACCES)
			return WRONG;
		mask |= (ret == 0) << i;
	}
	/* What does not exist is not a question of who asks. */
	if (create(fd, vm, 4) != -EINVAL)
		return WRONG;
	if (kt_ioctl(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &query) || info.allowed_mask != mask)
		return WRONG;
	return mask;
}

static int allowed_to(bool (*become)(void), int fd)
{
	uint32_t vm = kt_vm(fd);
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(become() ? allowed(fd, vm) : WRONG);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_capabilities(void **state)
{
	struct kt *t = *state;

	assert_int_equal(allowed_to(root, t->fd), ALL);
	assert_int_equal(allowed_to(nobody, t->fd), NORMAL);
	assert_int_equal(allowed_to(only_nice, t->fd), ALL);
	assert_int_equal(allowed_to(all_but_nice, t->fd), NORMAL);
}

/* Who opens the primary node first is master, until he gives it up. */
static void test_drm_master(void **state)
{
	int master = kt_open("panthor", false), second = kt_open("panthor", false);

	assert_true(master >= 0 && second >= 0);
	assert_int_equal(allowed_to(nobody, master), ALL);
	assert_int_equal(allowed_to(nobody, second), NORMAL);
	assert_int_equal(kt_ioctl(master, DRM_IOCTL_DROP_MASTER, NULL), 0);
	assert_int_equal(allowed_to(nobody, master), NORMAL);
	assert_int_equal(kt_ioctl(second, DRM_IOCTL_SET_MASTER, NULL), 0);
	assert_int_equal(allowed_to(nobody, second), ALL);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_capabilities),
	kt_test(test_drm_master),
	kt_no_leaks(),
};

kt_main(tests)
