// SPDX-License-Identifier: MIT
/* The system behind the transport table, and the one place, with its header, that repeats calls. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "transport.h"

_Static_assert(sizeof(off_t) == 8, "mmap offsets of BOs start above 4 GiB");

static void restore_errno(const int *saved)
{
	errno = *saved;
}

/* errno is the caller's: whatever happens in this scope is undone when it is left. */
#define PRESERVE_ERRNO __attribute__((cleanup(restore_errno), unused)) const int saved_errno = errno

static int sys_open(void *priv, const char *path, int flags)
{
	PRESERVE_ERRNO;
	int fd = open(path, flags);

	return fd < 0 ? -errno : fd;
}

static int sys_close(void *priv, int fd)
{
	PRESERVE_ERRNO;

	return close(fd) < 0 ? -errno : 0;
}

static int sys_dup(void *priv, int fd)
{
	PRESERVE_ERRNO;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : copy;
}

static int sys_ioctl(void *priv, int fd, unsigned long request, void *arg)
{
	PRESERVE_ERRNO;

	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static ssize_t sys_read(void *priv, int fd, void *buf, size_t size)
{
	PRESERVE_ERRNO;
	ssize_t len = read(fd, buf, size);

	return len < 0 ? -errno : len;
}

static ssize_t sys_write(void *priv, int fd, const void *buf, size_t size)
{
	PRESERVE_ERRNO;
	ssize_t len = write(fd, buf, size);

	return len < 0 ? -errno : len;
}

static int64_t sys_lseek(void *priv, int fd, int64_t offset, int whence)
{
	PRESERVE_ERRNO;
	off_t pos = lseek(fd, offset, whence);

	return pos < 0 ? -errno : pos;
}

/* What is left until a deadline. The seconds of a 32-bit system end before those of a deadline do.
 */
static struct timespec time_until(int64_t deadline_ns)
{
	const int64_t longest = (int64_t)INT32_MAX * 1000000000;
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = deadline_ns > 0 ? deadline_ns - ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec) : 0;
	left = left < 0 ? 0 : left;
	left = left > longest ? longest : left;
	return (struct timespec){
		.tv_sec = (time_t)(left / 1000000000),
		.tv_nsec = (long)(left % 1000000000),
	};
}

static int sys_poll(void *priv, int fd, short events, int64_t deadline_ns)
{
	PRESERVE_ERRNO;
	struct pollfd pollfd = { .fd = fd, .events = events };
	struct timespec timeout = time_until(deadline_ns);
	int r = ppoll(&pollfd, 1, &timeout, NULL);

	if (r < 0)
		return -errno;
	if (pollfd.revents & POLLNVAL)
		return -EBADF;
	return r;
}

static int sys_mmap(void *priv, size_t size, int prot, int fd, uint64_t offset, void **ret_ptr)
{
	PRESERVE_ERRNO;
	void *ptr = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)offset);

	if (ptr == MAP_FAILED)
		return -errno;

	*ret_ptr = ptr;
	return 0;
}

static int sys_munmap(void *priv, void *ptr, size_t size)
{
	PRESERVE_ERRNO;

	return munmap(ptr, size) < 0 ? -errno : 0;
}

static int sys_rdev(void *priv, int fd, unsigned int *ret_major, unsigned int *ret_minor)
{
	PRESERVE_ERRNO;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENOTSUP;

	*ret_major = major(st.st_rdev);
	*ret_minor = minor(st.st_rdev);
	return 0;
}

static ssize_t sys_readlink(void *priv, const char *path, char *buf, size_t size)
{
	PRESERVE_ERRNO;
	ssize_t len = readlink(path, buf, size);

	return len < 0 ? -errno : len;
}

/* The number in a name like renderD128, or -1. */
static int node_number(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	char *end;
	long long number;

	if (strncmp(name, prefix, len) || name[len] < '0' || name[len] > '9')
		return -1;
	number = strtoll(name + len, &end, 10);
	return *end || number > INT_MAX ? -1 : (int)number;
}

static int sys_next_node(void *priv, const char *dir, const char *prefix, int after)
{
	PRESERVE_ERRNO;
	const struct dirent *entry;
	int best = -ENOENT;
	DIR *stream;

	stream = opendir(dir);
	if (!stream)
		return -errno;

	while ((entry = readdir(stream))) {
		int number = node_number(entry->d_name, prefix);

		if (number > after && (best < 0 || number < best))
			best = number;
	}
	closedir(stream);
	return best;
}

static uint64_t sys_page_size(void *priv)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t sys_now(void *priv)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint32_t sys_cpu(void *priv)
{
	PRESERVE_ERRNO;
	int cpu = sched_getcpu();

	return cpu < 0 ? 0 : (uint32_t)cpu;
}

static void sys_pause(void *priv, uint64_t ns)
{
	PRESERVE_ERRNO;
	const struct timespec time = { .tv_nsec = (long)ns };

	if (ns)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
	else
		sched_yield();
}

static void *sys_alloc(void *priv, size_t size)
{
	PRESERVE_ERRNO;

	return calloc(1, size);
}

static void sys_lock(void *priv, pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
}

static void sys_unlock(void *priv, pthread_mutex_t *mutex)
{
	pthread_mutex_unlock(mutex);
}

const struct panthor_transport panthor_transport_system = {
	.open = sys_open,
	.close = sys_close,
	.dup = sys_dup,
	.ioctl = sys_ioctl,
	.read = sys_read,
	.write = sys_write,
	.lseek = sys_lseek,
	.poll = sys_poll,
	.mmap = sys_mmap,
	.munmap = sys_munmap,
	.rdev = sys_rdev,
	.readlink = sys_readlink,
	.next_node = sys_next_node,
	.page_size = sys_page_size,
	.now = sys_now,
	.cpu = sys_cpu,
	.pause = sys_pause,
	.alloc = sys_alloc,
	.lock = sys_lock,
	.unlock = sys_unlock,
};

int io_open(const struct panthor_transport *io, const char *path, int flags)
{
	int fd;

	do {
		fd = io->open(io->priv, path, flags);
	} while (fd == -EINTR);

	return fd;
}

ssize_t io_read(const struct panthor_transport *io, int fd, void *buf, size_t size)
{
	ssize_t len;

	do {
		len = io->read(io->priv, fd, buf, size);
	} while (len == -EINTR);

	return len;
}

int io_poll(const struct panthor_transport *io, int fd, short events, int64_t deadline_ns)
{
	int r;

	do {
		r = io->poll(io->priv, fd, events, deadline_ns);
	} while (r == -EINTR);

	return r;
}
