/* SPDX-License-Identifier: MIT */
/*
 * A stress worker over the fake driver, led by the test as the parent leads its workers.
 */
#ifndef LED_H
#define LED_H

#include "unit.h"

#include <pthread.h>

#include "panthor.h"
#include "stress.h"

#define BO_SIZE 65536u
#define N_BOS	16u

/* A worker in a thread of this process, led by the test. */
struct led {
	struct fake *fake;
	struct stress_options options;
	struct stress_shared *shared;
	struct stress_job job;
	int fd, worker_fd;
	pthread_t thread;
	int result;
};

/* Fixture: one worker, with N_BOS BOs of BO_SIZE to come. */
int led_setup(void **state);
int led_teardown(void **state);
#define led_test(function) cmocka_unit_test_setup_teardown(function, led_setup, led_teardown)

/* Opens the fake of the test that runs. */
int led_open_device(const char *path, struct panthor_device **ret_dev);

void led_start(struct led *led);

/* Has one stage done; false when the worker ended instead. */
bool led_stage(struct led *led, char name);

/* Ends the worker and returns what it did. */
int led_end(struct led *led);

struct stress_counts *led_counts(struct led *led);

#endif
