/* SPDX-License-Identifier: MIT */
/*
 * Races with one outcome: a thread is held at the place where the others can hurt it, they do so,
 * it goes on. The file `hold` for that is there only in kernels with fault injection.
 */
#ifndef KT_HOLD_H
#define KT_HOLD_H

#include <pthread.h>

#include "kt.h"

/* What the held thread does, with what, and what came of it. */
struct kt_held {
	int (*call)(struct kt_held *held);
	int fd;
	uint32_t vm;
	uint32_t bo;
	uint32_t group;
	void *ptr;
	uint64_t pages;
	pthread_t thread;
	int ret;
};

/*
 * Returns once the thread has come to the place and stays there. @points: its own, which may follow
 * those of threads that were started before and are to stay as well, each at another one.
 */
void kt_held_start(struct kt_held *held, const char *points);
/* Who waits elsewhere goes on. */
void kt_hold(const char *points);
/* Opens all places. */
void kt_hold_none(void);
/* The same, and returns what the call did. */
int kt_held_finish(struct kt_held *held);
/* Waits for the call alone. */
int kt_held_join(struct kt_held *held);

/* Calls that are held: kt_shrink(@pages) without assertions; a job that does nothing. */
int kt_held_shrink(struct kt_held *held);
int kt_held_submit(struct kt_held *held);

/* A group of one queue, whose jobs have no streams. */
uint32_t kt_held_group(int fd, uint32_t vm);

/* Begins the program; false: nothing can be held here, which has been said. */
bool kt_hold_begin(void);

#define kt_hold_main(tests)                                                              \
	int main(void)                                                                   \
	{                                                                                \
		return kt_hold_begin() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; \
	}

#endif
