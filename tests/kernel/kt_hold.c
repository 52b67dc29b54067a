/* SPDX-License-Identifier: MIT */
#include "kt_hold.h"

static void *held_main(void *arg)
{
	struct kt_held *held = arg;

	held->ret = held->call(held);
	return NULL;
}

static void hold_write(const char *point)
{
	int fd = kt_debugfs_open("hold", O_WRONLY);

	assert_int_equal(write(fd, point, strlen(point)), strlen(point));
	close(fd);
}

static bool held_waits(void *arg)
{
	char *text = kt_debugfs_read("hold", NULL);
	bool waits = strstr(text, " 1\n");

	free(text);
	return waits;
}

void kt_held_start(struct kt_held *held, const char *point)
{
	hold_write(point);
	assert_int_equal(pthread_create(&held->thread, NULL, held_main, held), 0);
	assert_true(kt_wait(held_waits, NULL));
}

void kt_hold_none(void)
{
	hold_write("none");
}

int kt_held_finish(struct kt_held *held)
{
	kt_hold_none();
	pthread_join(held->thread, NULL);
	return held->ret;
}

int kt_held_shrink(struct kt_held *held)
{
	int fd = kt_debugfs_open("shrink", O_WRONLY);
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)held->pages);
	ssize_t n = write(fd, text, (size_t)len);

	close(fd);
	return n == len ? 0 : -errno;
}

int kt_held_submit(struct kt_held *held)
{
	struct drm_panthor_queue_submit job = { .queue_index = 0 };
	struct drm_panthor_group_submit args = {
		.group_handle = held->group,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
	};

	return kt_ioctl(held->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

uint32_t kt_held_group(int fd, uint32_t vm)
{
	struct drm_panthor_queue_create queue = { .ringbuf_size = 4096 };
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &queue),
		.vm_id = vm,
	};

	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &args), 0);
	return args.group_handle;
}

bool kt_hold_begin(void)
{
	int fd;

	kt_begin();
	fd = kt_debugfs_open("hold", O_RDONLY);
	if (fd < 0) {
		puts("1..0 # SKIP this kernel has no fault injection, so nothing holds threads");
		return false;
	}
	close(fd);
	return true;
}
