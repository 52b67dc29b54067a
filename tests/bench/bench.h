/* SPDX-License-Identifier: MIT */
/*
 * A benchmark is a case (what is done, for which sizes) measured on every target (who provides the
 * memory). Costs are guest time; under QEMU's -icount that is instructions.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	size_t size;
	uint32_t handle;
	void *map; /* NULL until mapped */
};

/* Functions return 0 or a negative errno. A target whose open fails is left out. */
struct target {
	const char *name;
	size_t min_size; /* of the buffers it is meaningful for */
	int (*open)(struct target *target);
	int (*create)(struct target *target, size_t size, struct buffer *ret_buffer);
	int (*map)(struct target *target, struct buffer *buffer);
	/* Unmaps too, if mapped. */
	int (*destroy)(struct target *target, struct buffer *buffer);
	int fd;
	bool usable; /* open() succeeded */
};

extern struct target target_vgem, target_panthor, target_anon, target_anon_huge;

#define BENCH_MAX_SIZES 4

struct bench_case {
	const char *name;
	const char *unit; /* what the cost is given per */
	size_t sizes[BENCH_MAX_SIZES]; /* ends with 0 */
	/* One sample, of enough repetitions to be worth it: 20 to 100 ms of guest time. */
	int (*measure)(struct target *target, size_t size, double *ret_ns_per_unit);
};

extern const struct bench_case bench_cases[];
extern const size_t bench_case_count;

uint64_t bench_now_ns(void);

/* Mean of the middle half, and the distance between the quartiles in per cent of it. Sorts. */
double bench_middle(double *samples, unsigned int n, double *ret_spread);

/* The median, and the distance between the quartiles. Sorts. */
double bench_median(double *samples, unsigned int n, double *ret_spread);

/* Opens the DRM node of a driver: "card" or "renderD", the first whose driver has that name. */
int bench_open_drm(const char *node_prefix, const char *driver);

int bench_ioctl(int fd, unsigned long request, void *arg);

#endif
