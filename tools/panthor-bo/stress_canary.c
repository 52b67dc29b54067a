// SPDX-License-Identifier: MIT
#include "stress_canary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Enough for the workers to notice and to give BOs back. */
#define CANARY_BYTES (8u << 20)

void stress_be_killed_first(int score)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", score);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* A hint, and raising the score is always allowed: nothing to do about a failure. */
	while (write(fd, text, (size_t)len) < 0 && errno == EINTR)
		;
	close(fd);
}

static _Noreturn void sit(int fd, pid_t parent)
{
	void *memory;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	stress_be_killed_first(1000);
	memory = mmap(NULL, CANARY_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	/* Swapped out it would free nothing; where that is not permitted, it may still. */
	if (memory != MAP_FAILED)
		mlock(memory, CANARY_BYTES);
	byte = 'r';
	if (write(fd, &byte, 1) == 1)
		while (read(fd, &byte, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

void stress_canary_start(struct stress_canary *canary)
{
	pid_t parent = getpid();
	int pair[2];
	char ready;

	if (canary->pid)
		return;
	canary->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	canary->pid = fork();
	if (!canary->pid) {
		close(pair[0]);
		sit(pair[1], parent);
	}
	close(pair[1]);
	if (canary->pid < 0) {
		canary->pid = 0;
		close(pair[0]);
		return;
	}
	canary->fd = pair[0];
	/* Its memory is to be there before the load begins. */
	while (read(canary->fd, &ready, 1) < 0 && errno == EINTR)
		;
}

void stress_canary_bury(struct stress_canary *canary)
{
	close(canary->fd);
	canary->fd = -1;
	while (waitpid(canary->pid, NULL, 0) < 0 && errno == EINTR)
		;
	canary->pid = 0;
}

void stress_canary_stop(struct stress_canary *canary)
{
	if (!canary->pid)
		return;
	shutdown(canary->fd, SHUT_RDWR);
	stress_canary_bury(canary);
}
