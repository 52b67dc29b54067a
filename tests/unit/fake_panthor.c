// SPDX-License-Identifier: MIT
/* The fake's objects and its bookkeeping. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_panthor.h"

/* Counts a call, and fails it if that was asked for. On success the fake is locked. */
int fake_enter(struct fake *fake, enum fake_call call, const void *arg, size_t size)
{
	const struct fake_failure *failure = &fake->failures[call];

	if (fake->hook)
		fake->hook(fake, call);
	pthread_mutex_lock(&fake->lock);
	fake->calls[call]++;
	if (arg)
		memcpy(&fake->args[call], arg, size);
	if (failure->at && fake->calls[call] == failure->at) {
		pthread_mutex_unlock(&fake->lock);
		return -failure->error;
	}
	return 0;
}

void fake_leave(struct fake *fake)
{
	pthread_mutex_unlock(&fake->lock);
}

struct fake_fd *fake_fd_locked(struct fake *fake, int fd)
{
	return fd >= 0 && fd < FAKE_MAX_FDS && fake->fds[fd].used ? &fake->fds[fd] : NULL;
}

struct fake_file *fake_file_locked(struct fake *fake, int fd)
{
	const struct fake_fd *entry = fake_fd_locked(fake, fd);

	return entry ? entry->file : NULL;
}

int fake_add_fd_locked(struct fake *fake, int fd, struct fake_file *file, struct fake_bo *dmabuf)
{
	if (fd < 0)
		return -errno;
	if (fd >= FAKE_MAX_FDS) {
		close(fd);
		return -EMFILE;
	}
	fake->fds[fd] = (struct fake_fd){ .file = file, .dmabuf = dmabuf, .used = true };
	if (file)
		file->fds++;
	if (dmabuf)
		dmabuf->dmabufs++;
	return fd;
}

struct fake_bo *fake_add_bo_locked(struct fake *fake, uint64_t size, uint32_t flags, bool foreign)
{
	struct fake_bo *bo = calloc(1, sizeof(*bo));

	bo->size = size;
	bo->flags = flags;
	bo->foreign = foreign;
	bo->memfd = -1;
	bo->mmap_offset = fake->next_mmap_offset;
	/* Thousands of BOs stay below the registers of 32-bit programs. */
	fake->next_mmap_offset += fake->page_size;
	bo->next = fake->bos;
	fake->bos = bo;
	return bo;
}

void fake_put_bo_locked(struct fake *fake, struct fake_bo *bo)
{
	struct fake_bo **link = &fake->bos;

	if (bo->handles || bo->dmabufs || bo->mappings)
		return;
	while (*link != bo)
		link = &(*link)->next;
	*link = bo->next;
	if (bo->memfd >= 0)
		close(bo->memfd);
	free(bo->label);
	free(bo);
}

/* As the kernel does: the lowest number that is free. */
int fake_add_handle_locked(struct fake_file *file, struct fake_bo *bo)
{
	for (int i = 1; i < FAKE_MAX_HANDLES; i++) {
		if (file->handles[i])
			continue;
		file->handles[i] = bo;
		bo->handles++;
		return i;
	}
	return -ENOSPC;
}

int fake_memfd_locked(struct fake_bo *bo)
{
	if (bo->memfd < 0) {
		bo->memfd = memfd_create("fake bo", MFD_CLOEXEC);
		if (ftruncate(bo->memfd, (off_t)bo->size))
			return -1;
	}
	return bo->memfd;
}

int fake_add_dmabuf_locked(struct fake *fake, struct fake_bo *bo)
{
	int fd = fake_add_fd_locked(fake, fcntl(fake_memfd_locked(bo), F_DUPFD_CLOEXEC, 3), NULL,
				    bo);

	/* As the kernel does: closing the descriptor does not undo it. */
	bo->exported |= fd >= 0;
	return fd;
}

struct fake *fake_new(int minor)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	fake_init_io(fake);
	fake->minor = minor;
	fake->coherency = DRM_PANTHOR_GPU_COHERENCY_NONE;
	fake->page_size = 4096;
	fake->driver_link = "../../../../bus/platform/drivers/panthor";
	fake->nodes[0] = (struct fake_node){ "/dev/dri/card0", 0, "panthor", 1, 0 };
	fake->nodes[1] = (struct fake_node){ "/dev/dri/renderD128", 128, "panthor", 1, 0 };
	fake->next_mmap_offset = 1ull << 32;
	fake->flush_id = 0x1234;
	pthread_mutex_init(&fake->lock, NULL);
	return fake;
}

unsigned int fake_free(struct fake *fake)
{
	unsigned int left = fake->map_count + fake->orphans;

	for (const struct fake_bo *bo = fake->bos; bo; bo = bo->next)
		left++;
	for (unsigned int i = 0; i < FAKE_MAX_FDS; i++)
		left += fake->fds[i].used;
	pthread_mutex_destroy(&fake->lock);
	free(fake);
	return left;
}

void fake_fail(struct fake *fake, enum fake_call call, unsigned int nth, int error)
{
	pthread_mutex_lock(&fake->lock);
	fake->failures[call].at = fake->calls[call] + nth;
	fake->failures[call].error = error;
	pthread_mutex_unlock(&fake->lock);
}

unsigned int fake_calls(struct fake *fake, enum fake_call call)
{
	unsigned int count;

	pthread_mutex_lock(&fake->lock);
	count = fake->calls[call];
	pthread_mutex_unlock(&fake->lock);
	return count;
}

struct fake_bo *fake_bo_of_locked(const struct fake_file *file, uint32_t handle)
{
	return handle < FAKE_MAX_HANDLES ? file->handles[handle] : NULL;
}

struct fake_bo *fake_bo(struct fake *fake, int fd, uint32_t handle)
{
	struct fake_bo *bo = NULL;

	pthread_mutex_lock(&fake->lock);
	if (fake_file_locked(fake, fd))
		bo = fake_bo_of_locked(fake_file_locked(fake, fd), handle);
	pthread_mutex_unlock(&fake->lock);
	return bo;
}

int fake_make_dmabuf(struct fake *fake, uint64_t size, bool foreign)
{
	int fd;

	pthread_mutex_lock(&fake->lock);
	fd = fake_add_dmabuf_locked(fake, fake_add_bo_locked(fake, size, 0, foreign));
	pthread_mutex_unlock(&fake->lock);
	return fd;
}

void fake_close_dmabuf(struct fake *fake, int fd)
{
	fake->io.close(fake, fd);
}

void fake_purge(struct fake *fake)
{
	pthread_mutex_lock(&fake->lock);
	for (struct fake_bo *bo = fake->bos; bo; bo = bo->next) {
		int fd = fake_memfd_locked(bo);

		if (bo->madv != DRM_PANTHOR_BO_MADV_DONTNEED)
			continue;
		bo->purged = !ftruncate(fd, 0) && !ftruncate(fd, (off_t)bo->size);
	}
	pthread_mutex_unlock(&fake->lock);
}
