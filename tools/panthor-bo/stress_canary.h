/* SPDX-License-Identifier: MIT */
/*
 * A process that the kernel kills before any worker.
 *
 * BO pages may fail to come, but not every allocation of the kernel may: when the last page goes to
 * a page table or a slab, somebody is killed. The canary is the one, and the memory it held is
 * what the others go on with.
 */
#ifndef STRESS_CANARY_H
#define STRESS_CANARY_H

#include <sys/types.h>

struct stress_canary {
	pid_t pid; /* 0: none */
	int fd; /* readable when it is dead, -1 when there is none */
};

/** stress_canary_start - have one, in the place of one that died; without success there is none */
void stress_canary_start(struct stress_canary *canary);

/** stress_canary_bury - after its descriptor became readable */
void stress_canary_bury(struct stress_canary *canary);

/** stress_canary_stop - let it go */
void stress_canary_stop(struct stress_canary *canary);

/**
 * stress_be_killed_first - ask the kernel to choose this process when memory runs out
 * @score: 1000 is first of all
 */
void stress_be_killed_first(int score);

#endif
