// SPDX-License-Identifier: MIT
#include "led.h"

#include <sys/socket.h>

#include "device.h"

static const struct panthor_transport *transport;

int led_open_device(const char *path, struct panthor_device **ret_dev)
{
	return device_open(transport, path, ret_dev);
}

static void *work(void *arg)
{
	struct led *led = arg;

	led->result = stress_work(&led->job, led->worker_fd);
	close(led->worker_fd);
	return NULL;
}

struct stress_counts *led_counts(struct led *led)
{
	return &led->shared->workers[0].counts;
}

int led_setup(void **state)
{
	struct led *led = calloc(1, sizeof(*led));
	int pair[2];

	assert_non_null(led);
	led->fake = fake_new(9);
	led->fake->has_madvise = true;
	transport = &led->fake->io;
	led->options = (struct stress_options){
		.bo_sizes = { .bytes = { BO_SIZE }, .count = 1 },
		.workers = 1,
		.seed = 5,
		.compress = 85,
	};
	led->shared = calloc(1, sizeof(*led->shared) + sizeof(led->shared->workers[0]));
	assert_non_null(led->shared);
	led->job = (struct stress_job){
		.options = &led->options,
		.shared = led->shared,
		.share_bytes = N_BOS * BO_SIZE,
		.open_device = led_open_device,
	};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	led->fd = pair[0];
	led->worker_fd = pair[1];
	*state = led;
	return 0;
}

void led_start(struct led *led)
{
	assert_int_equal(pthread_create(&led->thread, NULL, work, led), 0);
}

bool led_stage(struct led *led, char name)
{
	char answer = 0;

	/* It may be gone already: no reason to die of it. */
	if (send(led->fd, &name, 1, MSG_NOSIGNAL) != 1 || read(led->fd, &answer, 1) != 1)
		return false;
	assert_int_equal(answer, name);
	return true;
}

int led_end(struct led *led)
{
	shutdown(led->fd, SHUT_RDWR);
	pthread_join(led->thread, NULL);
	return led->result;
}

int led_teardown(void **state)
{
	struct led *led = *state;

	close(led->fd);
	assert_int_equal(fake_free(led->fake), 0);
	free(led->shared);
	free(led);
	return 0;
}
