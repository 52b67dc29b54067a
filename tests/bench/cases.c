// SPDX-License-Identifier: MIT
#include "bench.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define PAGE (4 * KIB)

/*
 * What is freed here is partly freed later, by RCU callbacks that run a few ms on. A sample is long
 * against that, or they would fall into somebody else's; main() lets the last ones pass before the
 * next sample.
 */
#define CALLS 4096
#define MAX_BUFFERS 2048

static unsigned int buffer_count(size_t size)
{
	return size >= 2 * MIB ? 16 * MIB / size : MAX_BUFFERS;
}

static void touch(struct buffer *buffer)
{
	volatile char *page = buffer->map;

	for (size_t i = 0; i < buffer->size; i += PAGE)
		page[i] = 1;
}

static int measure_create_destroy(struct target *target, size_t size, double *ret_ns_per_unit)
{
	uint64_t start = bench_now_ns();

	for (unsigned int i = 0; i < CALLS; i++) {
		struct buffer buffer;
		int ret = target->create(target, size, &buffer);

		if (ret == 0)
			ret = target->destroy(target, &buffer);
		if (ret < 0)
			return ret;
	}
	*ret_ns_per_unit = (double)(bench_now_ns() - start) / CALLS;
	return 0;
}

static int create_all(struct target *target, size_t size, struct buffer *buffers, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; i < n && ret == 0; i++)
		ret = target->create(target, size, &buffers[i]);
	return ret;
}

static int map_and_touch_all(struct target *target, struct buffer *buffers, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int ret = target->map(target, &buffers[i]);

		if (ret < 0)
			return ret;
		touch(&buffers[i]);
	}
	return 0;
}

static int destroy_all(struct target *target, struct buffer *buffers, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; i < n && ret == 0; i++)
		ret = target->destroy(target, &buffers[i]);
	return ret;
}

/* After an error the process ends; what was created goes with it. */
static int measure_map_touch(struct target *target, size_t size, double *ret_ns_per_unit)
{
	static struct buffer buffers[MAX_BUFFERS];
	unsigned int n = buffer_count(size);
	uint64_t start, end;
	int ret;

	ret = create_all(target, size, buffers, n);
	if (ret < 0)
		return ret;
	start = bench_now_ns();
	ret = map_and_touch_all(target, buffers, n);
	end = bench_now_ns();
	if (ret < 0)
		return ret;
	*ret_ns_per_unit = (double)(end - start) / (n * (size / PAGE));
	return destroy_all(target, buffers, n);
}

/* One buffer after the other, from creation to destruction. */
static int measure_life(struct target *target, size_t size, double *ret_ns_per_unit)
{
	unsigned int n = buffer_count(size);
	uint64_t start = bench_now_ns();

	for (unsigned int i = 0; i < n; i++) {
		struct buffer buffer;
		int ret = create_all(target, size, &buffer, 1);

		if (ret == 0)
			ret = map_and_touch_all(target, &buffer, 1);
		if (ret == 0)
			ret = destroy_all(target, &buffer, 1);
		if (ret < 0)
			return ret;
	}
	*ret_ns_per_unit = (double)(bench_now_ns() - start) / (n * (size / PAGE));
	return 0;
}

const struct bench_case bench_cases[] = {
	{ "create+destroy", "call", { PAGE, 2 * MIB, 16 * MIB }, measure_create_destroy },
	{ "mmap+touch", "page", { PAGE, 2 * MIB, 16 * MIB }, measure_map_touch },
	{ "whole life", "page", { PAGE, 2 * MIB, 16 * MIB }, measure_life },
};

const size_t bench_case_count = sizeof(bench_cases) / sizeof(bench_cases[0]);
