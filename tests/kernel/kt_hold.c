/* SPDX-License-Identifier: MIT */
#include "kt_hold.h"

static void *held_main(void *arg)
{
	struct kt_held *held = arg;

	held->ret = held->call(held);
	return NULL;
}

void kt_hold(const char *points)
{
	int fd = kt_debugfs_open("hold", O_WRONLY);

	assert_int_equal(write(fd, points, strlen(points)), strlen(points));
	close(fd);
}

static bool all_wait(void *arg)
{
	const char *points = arg;
	char *text = kt_debugfs_read("hold", NULL);
	int waiting = atoi(strrchr(text, ' ') + 1), wanted = 1;

	free(text);
	while ((points = strchr(points, ' '))) {
		wanted++;
		points++;
	}
	return waiting == wanted;
}

void kt_held_start(struct kt_held *held, const char *points)
{
	kt_hold(points);
	assert_int_equal(pthread_create(&held->thread, NULL, held_main, held), 0);
	assert_true(kt_wait(all_wait, (void *)points));
}

void kt_hold_none(void)
{
	kt_hold("none");
}

int kt_held_join(struct kt_held *held)
{
	pthread_join(held->thread, NULL);
	return held->ret;
}

int kt_held_finish(struct kt_held *held)
{
	kt_hold_none();
	return kt_held_join(held);
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
