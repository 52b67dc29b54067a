// SPDX-License-Identifier: MIT
#include "guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* The kernel writes the signal's frame at a moment when there is no page left for it. */
static int own_stack(void)
{
	stack_t stack = { .ss_size = getauxval(AT_MINSIGSTKSZ) + 16 * 1024 };

	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (stack.ss_sp == MAP_FAILED)
		return -errno;
	return sigaltstack(&stack, NULL) ? -errno : 0;
}

static void touch_byte(void *arg)
{
	(void)*(const volatile char *)arg;
}

/* A page behind the end of a file is a sure way to SIGBUS. */
static int rehearse(void)
{
	int fd = memfd_create("guard", MFD_CLOEXEC);
	void *beyond;
	int r;

	if (fd < 0)
		return -errno;
	beyond = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (beyond == MAP_FAILED)
		return -errno;
	r = guard_call(touch_byte, beyond, beyond, 1);
	munmap(beyond, 1);
	return r == -EFAULT ? 0 : -ENOTRECOVERABLE;
}

int guard_install(void)
{
	/* Not blocked in the handler, so that leaving by a jump needs no mask restored. */
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK,
	};
	int r = own_stack();

	if (!r && sigaction(SIGBUS, &action, NULL))
		r = -errno;
	return r ? r : rehearse();
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
