/* SPDX-License-Identifier: MIT */
/*
 * Calls whose 1st, 2nd, 3rd ... allocation or copy from or to the user fails, until none is left to
 * fail. Whatever failed: the call tells it with the right errno, nothing is as it was not before,
 * and the same call then works.
 *
 * A case is one call in a file of its own. Before the call and after it the state is compared, see
 * fail_state.h: after a failure nothing is done, or everything where the failure came too late, and
 * after success everything is. kmemleak sees the rest, in the end of the program.
 */
#ifndef FAIL_INJECT_H
#define FAIL_INJECT_H

#include "kt.h"

#define DEBUGFS "/sys/kernel/debug/"

/* A look takes long where so much is checked: fewer than kt_wait() would have. */
#define FAIL_LOOKS_MAX 500

enum fail_kind {
	FAIL_NONE,
	FAIL_SLAB,
	FAIL_PAGE,
	FAIL_COPY,
};

/*
 * What a case may use, zeroes before its prepare().
 * @fd: a fresh render node file
 * @ret: what the call returned
 * @sync: a timeline syncobj, whose last point belongs to the state
 */
struct fail {
	int fd;
	int ret;
	uint32_t vm;
	uint32_t bo;
	uint32_t other;
	uint32_t sync;
	int dmabuf;
	int extra;
	uint64_t offset;
	char *map;
	char *target;
	uint64_t target_size;
};

/* Residency may be another after a failure: pages that a call had brought in may stay. */
#define FAIL_MAY_POPULATE (1u << 0)
/* A part of memory may be in swap or on its way: then no sum of it says anything. */
#define FAIL_NO_SUM  (1u << 1)
#define FAIL_EVICTED (FAIL_MAY_POPULATE | FAIL_NO_SUM)
/* Work goes on after the call: what it comes to is the state in which nothing moves any more. */
#define FAIL_DEFERRED (1u << 2)
/* A failure leaves part of the work done, and the call when repeated goes on from there. */
#define FAIL_PARTIAL (1u << 3)
/* The core may keep what the call made, for the next one. */
#define FAIL_MAY_BE_DONE (1u << 4)
/* Shared code of the kernel decides what is answered: any error is one. */
#define FAIL_ANY_ERROR (1u << 5)
/* Neither allocates nor copies anything; all others have points that fail. */
#define FAIL_NOTHING (1u << 6)

/*
 * @prepare: may assert; NULL: nothing to do
 * @call: 0 or a negative errno; nothing else than what is to fail, and no assertions
 * @settle: waits for all that a call, done or failed, has set going; NULL: nothing is
 * @show: more that belongs to the state; NULL
 * @failed: after the call failed, may assert what of it was done; NULL
 * @finish: after the call succeeded, may assert what it did; NULL
 * @release: before the files are closed; NULL
 * @all: not the point alone fails, but all of this kind from there on
 * @within: as for fail_limit()
 * @step: with so many points that they are for minutes: how far it is to the next; 0: 1
 */
struct fail_case {
	unsigned int flags;
	unsigned int step;
	const char *within;
	enum fail_kind all;
	void (*prepare)(struct fail *f);
	int (*call)(struct fail *f);
	void (*settle)(struct fail *f);
	void (*show)(const struct fail *f, FILE *out);
	void (*failed)(struct fail *f);
	void (*finish)(struct fail *f);
	void (*release)(struct fail *f);
};

#define fail_test(c)                                                                 \
	{                                                                            \
		.name = #c, .test_func = fail_sweep, .teardown_func = fail_teardown, \
		.initial_state = &(c)                                                \
	}
/* The last entries of every table. */
#define fail_no_leaks() kt_no_leaks(), cmocka_unit_test(fail_test_kmemleak)
#define fail_main(tests)                                          \
	int main(void)                                            \
	{                                                         \
		fail_begin();                                     \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

void fail_begin(void);
void fail_sweep(void **state);
int fail_teardown(void **state);
void fail_test_kmemleak(void **state);

/* An ioctl of a case: when it fails, its arguments are what they were. */
int fail_ioctl(int fd, unsigned long request, void *args, size_t size);
#define FAIL_IOCTL(fd, request, args) fail_ioctl(fd, request, args, sizeof(*(args)))

/* Until @sync has its points 1 to @points; then it goes, for it keeps whose fences they are. */
void fail_wait_and_forget(int fd, uint32_t sync, uint64_t points);

/*
 * Pages on their way to swap stay in reach until mm wants memory, and need not be read: now it
 * wants that of this test.
 */
void fail_leave_swap_cache(void);

/* The next call's @nth failure point, counted from 1, fails. */
void fail_arm(unsigned int nth);
/* Nothing fails any more; what did. */
enum fail_kind fail_disarm(void);

/*
 * Points are only what the function @within of the kernel asks for, itself or by others, and not
 * what @without does; NULL: no limit. Until it is called again.
 */
void fail_limit(const char *within, const char *without);

/*
 * From now on every slab (or page) allocation of this thread fails, once that many bytes (pages)
 * were allocated. fail_disarm() ends it.
 */
void fail_arm_all(enum fail_kind kind, uint64_t budget);

/*
 * Of this thread and all of the kernel's every @interval'th slab and page allocation fails, @times
 * times in all. fail_disarm() ends it.
 */
void fail_arm_kernel(unsigned int interval, unsigned int times);

#endif
