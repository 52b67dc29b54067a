// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "record.h"

static const char *path;

/* Before there are threads, and before a test changes its environment. */
__attribute__((constructor)) static void find_path(void)
{
	path = getenv("ERRNOS");
}

/* Not kept open: tests count descriptors, and run out of them. */
static void append(const char *name, unsigned int error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	if (fd < 0 || dprintf(fd, "%s %u\n", name, error) < 0)
		abort();
	close(fd);
}

void record(struct recorded *function, int64_t result)
{
	unsigned int error = result < 0 ? (unsigned int)-result : 0;
	int saved_errno = errno;

	if (!path)
		return;
	if (error >= RECORD_MAX_ERRNO)
		abort();
	if (!atomic_exchange_explicit(&function->seen[error], true, memory_order_relaxed))
		append(function->name, error);
	errno = saved_errno;
}
