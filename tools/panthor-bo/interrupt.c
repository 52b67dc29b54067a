// SPDX-License-Identifier: MIT
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* A signal handler has no argument to find these through. */
static volatile sig_atomic_t signals;
static volatile sig_atomic_t input_fd = -1;
static volatile sig_atomic_t end_fd = -1;

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	signals = signals + 1;
	if (input_fd >= 0)
		dup2(end_fd, input_fd);
	errno = saved;
}

void interrupt_catch(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction old;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* Ignored by the parent, as under nohup: stays so. */
		if (!sigaction(numbers[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
}

int interrupt_ends_input(int fd)
{
	if (fd >= 0 && end_fd < 0) {
		end_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (end_fd < 0)
			return -errno;
	}
	input_fd = fd;
	/* A signal that came before the line above has not ended anything yet. */
	if (fd >= 0 && signals)
		dup2(end_fd, fd);
	return 0;
}

int interrupt_count(void)
{
	return signals;
}
