/* SPDX-License-Identifier: MIT */
/*
 * Threads that run against each other, each on one CPU, spread over all there are. Each does a
 * fixed number of rounds from a seed of its own, so that only the interleaving differs between
 * runs. Worker code must not use cmocka's assertions, nor the kt_ functions that do: it reports
 * with kt_race_check().
 */
#ifndef KT_RACE_H
#define KT_RACE_H

#include "kt.h"

/*
 * @fd: the test's render node file
 * @shrink: debugfs, open while the race runs
 * @arg: what the test shares with its workers
 * @stop: the first worker, which leads, is done
 */
struct kt_race {
	int fd;
	int shrink;
	void *arg;
	volatile int stop;
};

/* One round of one worker. */
typedef void (*kt_race_round)(struct kt_race *race, uint64_t *seed);

/*
 * Runs kt_race_rounds(@rounds) rounds of each worker against the others; fails the test if a check
 * failed.
 */
void kt_race_run(struct kt_race *race, int rounds, const kt_race_round *rounds_of, size_t count);

/* What becomes of @rounds on a slow kernel: fewer, but enough for all to meet. */
int kt_race_rounds(int rounds);

#define kt_race_check(ok) kt_race_report(!!(ok), #ok, __FILE__, __LINE__)
bool kt_race_report(bool ok, const char *what, const char *file, int line);

/* Workers that many races need. */
void kt_race_shrink(struct kt_race *race, uint64_t *seed);
void kt_race_gems(struct kt_race *race, uint64_t *seed);

/* Maps a BO, NULL when that fails; to be removed with munmap(). */
void *kt_race_map(int fd, uint32_t handle, size_t size);

#endif
