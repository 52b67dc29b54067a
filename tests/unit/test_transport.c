// SPDX-License-Identifier: MIT
/* The real system behind the transport table. Nothing here needs a GPU. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "gems.h"
#include "unit.h"

static const struct panthor_transport *const io = &panthor_transport_system;

/* Every entry that can fail does; errno is the caller's before and after. */
static void errno_is_left_alone(void **state)
{
	unsigned int major, minor;
	char buf[8], tty[64];
	void *ptr;

	errno = 4242;
	assert_int_equal(io->open(NULL, "/nonexistent", O_RDWR), -ENOENT);
	assert_int_equal(io->close(NULL, -1), -EBADF);
	assert_int_equal(io->dup(NULL, -1), -EBADF);
	assert_int_equal(io->ioctl(NULL, -1, TCGETS, tty), -EBADF);
	assert_int_equal(io->read(NULL, -1, buf, sizeof(buf)), -EBADF);
	assert_int_equal(io->write(NULL, -1, "", 1), -EBADF);
	assert_int_equal(io->poll(NULL, 99999, POLLIN, 0), -EBADF);
	assert_int_equal(io->lseek(NULL, -1, 0, SEEK_END), -EBADF);
	assert_int_equal(io->mmap(NULL, 4096, PROT_READ, -1, 0, &ptr), -EBADF);
	assert_int_equal(io->munmap(NULL, buf, 0), -EINVAL);
	assert_int_equal(io->rdev(NULL, -1, &major, &minor), -EBADF);
	assert_int_equal(io->readlink(NULL, "/nonexistent", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(io->next_node(NULL, "/nonexistent", "card", -1), -ENOENT);
	assert_int_equal(errno, 4242);
}

/* The same through the public functions, on a machine without the device. */
static void public_functions_leave_errno_alone(void **state)
{
	struct panthor_device *dev = NULL;
	struct panthor_gems *gems = NULL;
	struct panthor_gems_row row;

	errno = 4242;
	assert_int_equal(panthor_device_open("/nonexistent", &dev), -ENOENT);
	assert_int_equal(panthor_device_open("/dev/null", &dev), -ENOTSUP);
	assert_int_equal(panthor_device_new_from_fd(-1, &dev), -EBADF);
	assert_null(dev);
	assert_int_equal(gems_open(io, "/nonexistent", &gems), -ENOENT);
	assert_int_equal(gems_open(io, "/", &gems), 0);
	assert_int_equal(panthor_gems_next(gems, &row), -EISDIR);
	panthor_gems_close(gems);
	assert_int_equal(errno, 4242);
}

static void files(void **state)
{
	unsigned int major = 0, minor = 0;
	int fd = io_open(io, "/dev/null", O_RDWR | O_CLOEXEC), copy;
	char tty[64];

	assert_true(fd >= 0);
	assert_int_equal(io->rdev(NULL, fd, &major, &minor), 0);
	assert_int_equal(major, 1);
	assert_int_equal(minor, 3);
	copy = io->dup(NULL, fd);
	assert_true(copy > STDERR_FILENO && copy != fd);
	assert_true(fcntl(copy, F_GETFD) & FD_CLOEXEC);
	/* No such call on this file, as on any driver that lacks it. Emulators know this one. */
	assert_int_equal(io_ioctl(io, fd, TCGETS, tty), -EOPNOTSUPP);
	io_close(io, copy);
	io_close(io, fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void files_in_memory(void **state)
{
	const off_t page = sysconf(_SC_PAGESIZE);
	int fd = memfd_create("memory", MFD_CLOEXEC);
	unsigned int major, minor;
	char *ptr = NULL;
	char byte = 0;

	assert_int_equal(io->page_size(NULL), page);
	assert_int_equal(ftruncate(fd, 2 * page), 0);
	assert_int_equal(io->lseek(NULL, fd, 0, SEEK_END), 2 * page);
	assert_int_equal(io->rdev(NULL, fd, &major, &minor), -ENOTSUP);
	assert_int_equal(io->mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, fd, (uint64_t)page,
				  (void **)&ptr),
			 0);
	ptr[1] = 'x';
	assert_int_equal(io->munmap(NULL, ptr, (size_t)page), 0);
	/* What was written is in the file: the mapping was shared, and at its offset. */
	assert_int_equal(pread(fd, &byte, 1, page + 1), 1);
	assert_int_equal(byte, 'x');
	io_close(io, fd);
}

/* The word at an offset of a file, written through a mapping of that and read from the file. */
static uint64_t word_at(int fd, uint64_t offset, uint64_t *mapped)
{
	uint64_t word = 0;

	*mapped = offset;
	assert_int_equal(pread(fd, &word, sizeof(word), (off_t)offset), sizeof(word));
	return word;
}

/* The system call of 32-bit programs takes pages; qemu-user 7.2 makes 32 bits of bytes of them. */
static bool emulator_cuts_offsets(int fd, size_t page)
{
	bool cuts = false;
#if defined(SYS_mmap2)
	const uint64_t offset = 1ull << 32;
	void *ptr = (void *)syscall(SYS_mmap2, NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				    (unsigned long)(offset >> 12));

	assert_ptr_not_equal(ptr, MAP_FAILED);
	cuts = word_at(fd, offset, ptr) != offset;
	munmap(ptr, page);
#endif
	return cuts;
}

/* BOs are mapped from above 4 GiB of a file, and 32-bit programs find registers behind 8 TiB. */
static void offsets_are_not_cut(void **state)
{
	static const uint64_t offsets[] = { 1ull << 32, 1ull << 40,
					    DRM_PANTHOR_USER_MMIO_OFFSET_32BIT };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const off_t end = (off_t)(DRM_PANTHOR_USER_MMIO_OFFSET_32BIT + page);
	int fd = memfd_create("memory", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, end), 0);
	assert_int_equal(io->lseek(NULL, fd, 0, SEEK_END), end);
	if (emulator_cuts_offsets(fd, page)) {
		/* A test that cmocka skips has failed as far as meson can see. */
		puts("# the emulator cannot map what is behind 4 GiB of a file");
		io_close(io, fd);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		uint64_t *ptr = NULL;

		assert_int_equal(
			io->mmap(NULL, page, PROT_READ | PROT_WRITE, fd, offsets[i], (void **)&ptr),
			0);
		assert_int_equal(word_at(fd, offsets[i], ptr), offsets[i]);
		assert_int_equal(io->munmap(NULL, ptr, page), 0);
	}
	io_close(io, fd);
}

static void memory(void **state)
{
	char *ptr;

	ptr = io_alloc(io, 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(ptr[i], 0);
	free(ptr);
}

static void locks(void **state)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	io_lock(io, &mutex);
	assert_int_equal(pthread_mutex_trylock(&mutex), EBUSY);
	io_unlock(io, &mutex);
	assert_int_equal(pthread_mutex_trylock(&mutex), 0);
	pthread_mutex_unlock(&mutex);
}

static int64_t exact_now(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* By no coarse clock, as now() is, which may have seen less go by. */
static void pauses(void **state)
{
	const int64_t ns = 2000000;
	int64_t before = exact_now();

	io->pause(NULL, 0);
	io->pause(NULL, ns);
	assert_true(exact_now() - before >= ns);
}

static void touch(const char *dir, const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void nodes_are_found_in_order(void **state)
{
	static const char *const names[] = { "renderD200", "renderD128", "renderD129",
					     "renderD",	   "renderDx",	 "renderD130x",
					     "renderD-1",  "card0",	 "renderD99999999999" };
	char dir[] = "/tmp/panthor-nodes-XXXXXX", path[4096], target[64];
	size_t count = sizeof(names) / sizeof(names[0]);

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < count; i++)
		touch(dir, names[i]);
	assert_int_equal(io->next_node(NULL, dir, "renderD", -1), 128);
	assert_int_equal(io->next_node(NULL, dir, "renderD", 128), 129);
	assert_int_equal(io->next_node(NULL, dir, "renderD", 129), 200);
	assert_int_equal(io->next_node(NULL, dir, "renderD", 200), -ENOENT);
	assert_int_equal(io->next_node(NULL, dir, "card", -1), 0);
	assert_int_equal(io->next_node(NULL, dir, "card", 0), -ENOENT);

	snprintf(path, sizeof(path), "%s/driver", dir);
	assert_int_equal(symlink("../drivers/panthor", path), 0);
	assert_int_equal(io->readlink(NULL, path, target, sizeof(target)), 18);
	assert_memory_equal(target, "../drivers/panthor", 18);
	unlink(path);
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* A device on this machine that is none of ours, if there is one, is passed over. */
static void first_node_of_this_machine(void **state)
{
	struct panthor_device *dev = NULL;
	int r = panthor_device_open(NULL, &dev);

	if (r) {
		assert_null(dev);
		assert_true(r == -ENOENT || r == -EACCES || r == -EPERM);
	}
	panthor_device_unref(dev);
}

static void time_and_place(void **state)
{
	uint64_t first = io->now(NULL);

	assert_true(first > 0);
	assert_true(io->now(NULL) >= first);
	assert_true(io->cpu(NULL) < (uint32_t)sysconf(_SC_NPROCESSORS_CONF));
}

/* Deadlines that have passed are only looked at, and none is too far away. */
static void pipes_are_polled(void **state)
{
	static const int64_t deadlines[] = { INT64_MIN, -1, 0, 1 };
	int fds[2];
	char byte = 0;

	assert_int_equal(pipe(fds), 0);
	for (size_t i = 0; i < ARRAY_SIZE(deadlines); i++)
		assert_int_equal(io_poll(io, fds[0], POLLIN, deadlines[i]), 0);
	assert_int_equal(io->write(NULL, fds[1], "x", 1), 1);
	assert_int_equal(io_poll(io, fds[0], POLLIN, 0), 1);
	assert_int_equal(io_poll(io, fds[0], POLLIN, INT64_MAX), 1);
	assert_int_equal(io_read(io, fds[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errno_is_left_alone),
		cmocka_unit_test(public_functions_leave_errno_alone),
		cmocka_unit_test(files),
		cmocka_unit_test(time_and_place),
		cmocka_unit_test(pipes_are_polled),
		cmocka_unit_test(files_in_memory),
		cmocka_unit_test(offsets_are_not_cut),
		cmocka_unit_test(memory),
		cmocka_unit_test(locks),
		cmocka_unit_test(pauses),
		cmocka_unit_test(nodes_are_found_in_order),
		cmocka_unit_test(first_node_of_this_machine),
	};

	return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
