/* SPDX-License-Identifier: MIT */
/*
 * Everything the library asks of the system goes through one table of functions, so that a test
 * can stand in for the kernel without linker tricks.
 *
 * Entries return a negative errno on failure and leave errno alone. The library calls them through
 * the io_*() functions below, which are where interrupted calls are repeated.
 */
#ifndef PANTHOR_TRANSPORT_H
#define PANTHOR_TRANSPORT_H

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct panthor_transport {
	/* Handed to every entry; the system's table needs none. */
	void *priv;

	int (*open)(void *priv, const char *path, int flags);
	int (*close)(void *priv, int fd);
	int (*dup)(void *priv, int fd);
	int (*ioctl)(void *priv, int fd, unsigned long request, void *arg);
	ssize_t (*read)(void *priv, int fd, void *buf, size_t size);
	ssize_t (*write)(void *priv, int fd, const void *buf, size_t size);
	int64_t (*lseek)(void *priv, int fd, int64_t offset, int whence);

	/* 1 when one of @events is there, 0 at @deadline_ns of CLOCK_MONOTONIC. */
	int (*poll)(void *priv, int fd, short events, int64_t deadline_ns);

	/* Always shared: nothing on a DRM file can be mapped privately. */
	int (*mmap)(void *priv, size_t size, int prot, int fd, uint64_t offset, void **ret_ptr);
	int (*munmap)(void *priv, void *ptr, size_t size);

	/* Device number of an open character device, -ENOTSUP for any other file. */
	int (*rdev)(void *priv, int fd, unsigned int *ret_major, unsigned int *ret_minor);
	ssize_t (*readlink)(void *priv, const char *path, char *buf, size_t size);

	/* Smallest N above @after such that @dir has an entry "@prefix N", or -ENOENT. */
	int (*next_node)(void *priv, const char *dir, const char *prefix, int after);

	uint64_t (*page_size)(void *priv);

	/* A clock that is cheap to read and good for a few milliseconds. */
	uint64_t (*now)(void *priv);

	/* The CPU this thread is on, just now. */
	uint32_t (*cpu)(void *priv);

	/* Lets others run, for so long, or 0 for those of the same priority. */
	void (*pause)(void *priv, uint64_t ns);

	/* Zeroed memory for free(), or NULL. */
	void *(*alloc)(void *priv, size_t size);

	/* Here so that a test can hold a thread at the door of a critical section. */
	void (*lock)(void *priv, pthread_mutex_t *mutex);
	void (*unlock)(void *priv, pthread_mutex_t *mutex);
};

extern const struct panthor_transport panthor_transport_system;

int io_open(const struct panthor_transport *io, const char *path, int flags);

/* The kernel's internal "not supported", which Rust drivers let out; no libc names it. */
#define KERNEL_ENOTSUPP 524

/*
 * "No such call" in all its spellings is -EOPNOTSUPP. Inline, as what follows: processors that
 * forget during a system call where functions return to pay for each that is left behind it.
 */
static inline int io_ioctl_once(const struct panthor_transport *io, int fd, unsigned long request,
				void *arg)
{
	int r = io->ioctl(io->priv, fd, request, arg);

	return r == -ENOTTY || r == -KERNEL_ENOTSUPP ? -EOPNOTSUPP : r;
}

/* Repeats on EINTR and EAGAIN. */
static inline int io_ioctl(const struct panthor_transport *io, int fd, unsigned long request,
			   void *arg)
{
	int r;

	do {
		r = io_ioctl_once(io, fd, request, arg);
	} while (r == -EINTR || r == -EAGAIN);

	return r;
}

/* Repeats on EINTR only: EAGAIN is how a non-blocking pipe says that it is empty. */
ssize_t io_read(const struct panthor_transport *io, int fd, void *buf, size_t size);

/* Repeats on EINTR. */
int io_poll(const struct panthor_transport *io, int fd, short events, int64_t deadline_ns);

static inline void io_close(const struct panthor_transport *io, int fd)
{
	/* The descriptor is gone whatever close() answers. */
	io->close(io->priv, fd);
}

static inline void *io_alloc(const struct panthor_transport *io, size_t size)
{
	return io->alloc(io->priv, size);
}

static inline void io_lock(const struct panthor_transport *io, pthread_mutex_t *mutex)
{
	io->lock(io->priv, mutex);
}

static inline void io_unlock(const struct panthor_transport *io, pthread_mutex_t *mutex)
{
	io->unlock(io->priv, mutex);
}

#endif
