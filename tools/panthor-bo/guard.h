/* SPDX-License-Identifier: MIT */
/*
 * Touching memory that the kernel may be unable to provide. SIGBUS is how it says so.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stddef.h>
#include <stdint.h>

/**
 * guard_install - take SIGBUS over in this process, once
 *
 * Goes through one SIGBUS, so that the next one needs no memory that is not there yet: a process
 * that wants a page when there is none is killed. Returns 0 or a negative errno, -ENOTRECOVERABLE
 * when that rehearsal failed.
 */
int guard_install(void);

/**
 * guard_call - run @function, which touches [@start, @start + @size)
 *
 * Returns 0, or -EFAULT when a touch in that range raised SIGBUS; @function was left at that point
 * then. A SIGBUS elsewhere kills the process as usual. For one thread, not nested.
 */
int guard_call(void (*function)(void *arg), void *arg, const void *start, uint64_t size);

#endif
