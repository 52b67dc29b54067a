// SPDX-License-Identifier: MIT
/* The fake's system calls, ioctl() apart: files, memory, locks. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_panthor.h"

/* Locks of the library that this thread holds. */
static _Thread_local unsigned int held_locks;

bool fake_thread_holds_lock(void)
{
	return held_locks > 0;
}

static int open_node_locked(struct fake *fake, const struct fake_node *node)
{
	struct fake_file *file;
	int fd;

	if (node->open_error)
		return -node->open_error;
	file = calloc(1, sizeof(*file));
	file->node = node;
	file->mmio_offset = DRM_PANTHOR_USER_MMIO_OFFSET_64BIT;
	fd = fake_add_fd_locked(fake, open("/dev/null", O_RDWR | O_CLOEXEC), file, NULL);
	if (fd < 0)
		free(file);
	return fd;
}

static int fake_open(void *priv, const char *path, int flags)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_OPEN, NULL, 0);

	if (r)
		return r;
	r = -ENOENT;
	if (fake->debugfs_path && !strcmp(path, fake->debugfs_path)) {
		r = fake_add_fd_locked(fake, dup(fake->debugfs_fd), NULL, NULL);
		lseek(r, 0, SEEK_SET);
	}
	if (fake->has_psi && !strcmp(path, "/proc/pressure/memory"))
		r = fake_add_fd_locked(fake, open("/dev/null", flags), NULL, NULL);
	for (unsigned int i = 0; i < FAKE_MAX_NODES; i++) {
		if (fake->nodes[i].path && !strcmp(path, fake->nodes[i].path))
			r = open_node_locked(fake, &fake->nodes[i]);
	}
	fake_leave(fake);
	return r;
}

static void put_file_locked(struct fake *fake, struct fake_file *file)
{
	if (--file->fds)
		return;
	for (unsigned int i = 1; i < FAKE_MAX_HANDLES; i++) {
		struct fake_bo *bo = file->handles[i];

		if (!bo)
			continue;
		fake->orphans++;
		bo->handles--;
		fake_put_bo_locked(fake, bo);
	}
	fake->orphans += fake_gpu_fini_locked(fake, &file->gpu);
	free(file);
}

static int fake_close(void *priv, int fd)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_CLOSE, NULL, 0);
	struct fake_fd *entry;

	if (r)
		return r;
	entry = fake_fd_locked(fake, fd);
	if (entry) {
		if (entry->file)
			put_file_locked(fake, entry->file);
		if (entry->syncobj)
			fake_syncobj_put(entry->syncobj);
		if (entry->dmabuf) {
			entry->dmabuf->dmabufs--;
			fake_put_bo_locked(fake, entry->dmabuf);
		}
		memset(entry, 0, sizeof(*entry));
		close(fd);
	}
	fake_leave(fake);
	return entry ? 0 : -EBADF;
}

static int fake_dup(void *priv, int fd)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_DUP, NULL, 0);

	if (r)
		return r;
	r = fake_add_fd_locked(fake, fcntl(fd, F_DUPFD_CLOEXEC, 3), fake_file_locked(fake, fd),
			       NULL);
	fake_leave(fake);
	return r;
}

static ssize_t fake_read(void *priv, int fd, void *buf, size_t size)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_READ, NULL, 0);
	ssize_t len;

	if (r)
		return r;
	len = read(fd, buf, size);
	fake_leave(fake);
	return len < 0 ? -errno : len;
}

static ssize_t fake_write(void *priv, int fd, const void *buf, size_t size)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_WRITE, NULL, 0);

	if (r)
		return r;
	snprintf(fake->psi_trigger, sizeof(fake->psi_trigger), "%.*s", (int)size,
		 (const char *)buf);
	fake_leave(fake);
	return (ssize_t)size;
}

static int64_t fake_lseek(void *priv, int fd, int64_t offset, int whence)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_LSEEK, NULL, 0);
	int64_t pos;

	if (r)
		return r;
	pos = lseek(fd, offset, whence);
	if (fake->bogus_size)
		pos = (int64_t)fake->bogus_size;
	fake_leave(fake);
	return pos < 0 ? -errno : pos;
}

static struct fake_bo *bo_at_offset_locked(const struct fake *fake, uint64_t offset)
{
	struct fake_bo *bo = fake->bos;

	while (bo && bo->mmap_offset != offset)
		bo = bo->next;
	return bo;
}

static int map_locked(struct fake *fake, struct fake_bo *bo, size_t size, int prot, void **ret_ptr)
{
	void *ptr;

	if (!bo || bo->flags & DRM_PANTHOR_BO_NO_MMAP || size > bo->size)
		return -EINVAL;
	if (!bo->handles)
		return -EACCES;
	ptr = mmap(NULL, size, prot, MAP_SHARED, fake_memfd_locked(bo), 0);
	if (ptr == MAP_FAILED)
		return -errno;

	fake->map_count++;
	*ret_ptr = ptr;
	return 0;
}

/* The one register page there is. */
static int map_mmio_locked(struct fake *fake, uint64_t offset, size_t size, int prot,
			   void **ret_ptr)
{
	int fd;
	void *ptr;

	if (offset || size != fake->page_size || prot != PROT_READ)
		return -EINVAL;
	fd = memfd_create("fake registers", MFD_CLOEXEC);
	if (ftruncate(fd, (off_t)size) || pwrite(fd, &fake->flush_id, 4, 0) != 4)
		return -EIO;
	ptr = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
	close(fd);
	fake->map_count++;
	*ret_ptr = ptr;
	return 0;
}

static int fake_mmap(void *priv, size_t size, int prot, int fd, uint64_t offset, void **ret_ptr)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_MMAP, NULL, 0);
	const struct fake_file *file;

	if (r)
		return r;
	file = fake_file_locked(fake, fd);
	if (!file || fake->unplugged)
		r = -ENODEV;
	else if (offset >= file->mmio_offset)
		r = map_mmio_locked(fake, offset - file->mmio_offset, size, prot, ret_ptr);
	else
		r = map_locked(fake, bo_at_offset_locked(fake, offset), size, prot, ret_ptr);
	fake_leave(fake);
	return r;
}

static int fake_munmap(void *priv, void *ptr, size_t size)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_MUNMAP, NULL, 0);

	if (r)
		return r;
	fake->map_count--;
	r = munmap(ptr, size) ? -errno : 0;
	fake_leave(fake);
	return r;
}

static int fake_rdev(void *priv, int fd, unsigned int *ret_major, unsigned int *ret_minor)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_RDEV, NULL, 0);

	if (r)
		return r;
	r = -ENOTSUP;
	if (fake_file_locked(fake, fd)) {
		*ret_major = 226;
		*ret_minor = fake_file_locked(fake, fd)->node->minor;
		r = 0;
	}
	fake_leave(fake);
	return r;
}

static ssize_t fake_readlink(void *priv, const char *path, char *buf, size_t size)
{
	struct fake *fake = priv;
	ssize_t r = fake_enter(fake, FAKE_READLINK, NULL, 0);

	if (r)
		return r;
	r = -ENOENT;
	if (fake->driver_link && !strcmp(path, "/sys/dev/char/226:128/device/driver")) {
		size_t len = strlen(fake->driver_link);

		r = (ssize_t)(len < size ? len : size);
		memcpy(buf, fake->driver_link, (size_t)r);
	}
	fake_leave(fake);
	return r;
}

static int fake_next_node(void *priv, const char *dir, const char *prefix, int after)
{
	struct fake *fake = priv;
	int r = fake_enter(fake, FAKE_NEXT_NODE, NULL, 0);

	if (r)
		return r;
	r = -ENOENT;
	for (unsigned int i = 0; i < FAKE_MAX_NODES; i++) {
		const struct fake_node *node = &fake->nodes[i];
		int minor = (int)node->minor;

		if (node->path &&
		    !strncmp(node->path + strlen("/dev/dri/"), prefix, strlen(prefix)) &&
		    minor > after && (r < 0 || minor < r))
			r = minor;
	}
	fake_leave(fake);
	return r;
}

static uint64_t fake_page_size(void *priv)
{
	return ((struct fake *)priv)->page_size;
}

static uint64_t fake_now(void *priv)
{
	return atomic_load(&((struct fake *)priv)->now_ns);
}

static uint32_t fake_cpu(void *priv)
{
	return atomic_load(&((struct fake *)priv)->cpu);
}

/* No time passes: whoever is waited for does what it has to in the hook. */
static void fake_pause(void *priv, uint64_t ns)
{
	if (!fake_enter(priv, ns ? FAKE_SLEEP : FAKE_YIELD, NULL, 0))
		fake_leave(priv);
	sched_yield();
}

static void *fake_alloc(void *priv, size_t size)
{
	struct fake *fake = priv;

	if (fake_enter(fake, FAKE_ALLOC, NULL, 0))
		return NULL;
	fake_leave(fake);
	return calloc(1, size);
}

static void fake_lock(void *priv, pthread_mutex_t *mutex)
{
	if (!fake_enter(priv, FAKE_LOCK, NULL, 0))
		fake_leave(priv);
	pthread_mutex_lock(mutex);
	held_locks++;
}

static void fake_unlock(void *priv, pthread_mutex_t *mutex)
{
	held_locks--;
	pthread_mutex_unlock(mutex);
}

void fake_init_io(struct fake *fake)
{
	fake->io = (struct panthor_transport){
		.priv = fake,
		.open = fake_open,
		.close = fake_close,
		.dup = fake_dup,
		.ioctl = fake_ioctl,
		.read = fake_read,
		.write = fake_write,
		.lseek = fake_lseek,
		.poll = fake_poll,
		.mmap = fake_mmap,
		.munmap = fake_munmap,
		.rdev = fake_rdev,
		.readlink = fake_readlink,
		.next_node = fake_next_node,
		.page_size = fake_page_size,
		.now = fake_now,
		.cpu = fake_cpu,
		.pause = fake_pause,
		.alloc = fake_alloc,
		.lock = fake_lock,
		.unlock = fake_unlock,
	};
}
