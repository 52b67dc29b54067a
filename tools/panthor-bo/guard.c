// SPDX-License-Identifier: MIT
#include "guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

/* A signal handler has no argument to find these through. */
static sigjmp_buf escape;
static volatile uintptr_t guarded_start;
static volatile uint64_t guarded_size;

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;

	(void)context;
	if (address - guarded_start < guarded_size)
		siglongjmp(escape, 1);
	/* Not ours: the instruction is repeated and dies of it. */
	signal(number, SIG_DFL);
}

int guard_install(void)
{
	/* Not blocked in the handler, so that leaving by a jump needs no mask restored. */
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER };

	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

int guard_call(void (*function)(void *arg), void *arg, const void *start, uint64_t size)
{
	int r = 0;

	guarded_start = (uintptr_t)start;
	if (sigsetjmp(escape, 0)) {
		r = -EFAULT;
	} else {
		guarded_size = size;
		function(arg);
	}
	guarded_size = 0;
	return r;
}
