// SPDX-License-Identifier: MIT
/* Devices: finding, opening, counting. What a device is gets read in device_info.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "params.h"

#define DRI_DIR "/dev/dri"

static int device_init(struct panthor_device *dev, const struct panthor_transport *io, int fd)
{
	atomic_init(&dev->refs, 1);
	atomic_init(&dev->callers_refs, 1);
	for (int i = 0; i < PANTHOR_FEATURE_COUNT; i++)
		atomic_init(&dev->features[i], FEATURE_UNKNOWN);
	dev->io = io;
	dev->info.fd = fd;
	dev->info.gpu = &dev->gpu_info;
	dev->info.csif = &dev->csif_info;
	dev->info.page_size = io->page_size(io->priv);
	dev->mmio_offset = DRM_PANTHOR_USER_MMIO_OFFSET;
	return device_identify(dev);
}

/* Takes @fd over, on failure too. */
static int device_new(const struct panthor_transport *io, int fd, struct panthor_device **ret_dev)
{
	struct panthor_device *dev = io_alloc(io, sizeof(*dev));
	int r = -ENOMEM;

	if (!dev)
		goto close;
	r = device_init(dev, io, fd);
	if (r)
		goto free;
	r = handle_table_init(&dev->handles, io);
	if (r)
		goto free;
	r = -pthread_mutex_init(&dev->flush_lock, NULL);
	if (r)
		goto fini_handles;

	*ret_dev = dev;
	return 0;

fini_handles:
	handle_table_fini(&dev->handles);
free:
	free(dev);
close:
	io_close(io, fd);
	return r;
}

static int open_node(const struct panthor_transport *io, const char *path,
		     struct panthor_device **ret_dev)
{
	int fd = io_open(io, path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? fd : device_new(io, fd, ret_dev);
}

/*
 * A node of another driver is no reason to complain, a node that could not be looked at is, though
 * only if no other serves.
 */
static int open_first(const struct panthor_transport *io, struct panthor_device **ret_dev)
{
	int minor = -1, error = -ENOENT;

	while ((minor = io->next_node(io->priv, DRI_DIR, "renderD", minor)) >= 0) {
		char path[sizeof(DRI_DIR "/renderD2147483647")];
		int r;

		snprintf(path, sizeof(path), DRI_DIR "/renderD%d", minor);
		r = open_node(io, path, ret_dev);
		if (!r)
			return 0;
		if (r != -ENOTSUP && error == -ENOENT)
			error = r;
	}
	return minor == -ENOENT ? error : minor;
}

int device_open(const struct panthor_transport *io, const char *path,
		struct panthor_device **ret_dev)
{
	return path ? open_node(io, path, ret_dev) : open_first(io, ret_dev);
}

int device_new_from_fd(const struct panthor_transport *io, int fd, struct panthor_device **ret_dev)
{
	int copy = io->dup(io->priv, fd);

	return copy < 0 ? copy : device_new(io, copy, ret_dev);
}

PANTHOR_PUBLIC
int panthor_device_new(const struct panthor_device_params *params, struct panthor_device **ret_dev)
{
	struct panthor_device_params own;
	int r = params_read(params, &own, sizeof(own));

	if (r)
		return r;
	if (own.flags & ~(uint32_t)PANTHOR_DEVICE_FROM_FD || own.reserved)
		return -EINVAL;
	if (!own.flags)
		return device_open(&panthor_transport_system, own.path, ret_dev);
	if (own.path)
		return -EINVAL;
	return device_new_from_fd(&panthor_transport_system, own.fd, ret_dev);
}

struct panthor_device *device_get(struct panthor_device *dev)
{
	atomic_fetch_add_explicit(&dev->refs, 1, memory_order_relaxed);
	return dev;
}

void device_put(struct panthor_device *dev)
{
	/* Nothing can find a device but through a reference, so the last one needs no lock. */
	if (atomic_fetch_sub_explicit(&dev->refs, 1, memory_order_acq_rel) > 1)
		return;

	device_drop_flush_page(dev);
	pthread_mutex_destroy(&dev->flush_lock);
	accounts_fini(&dev->accounts);
	handle_table_fini(&dev->handles);
	io_close(dev->io, dev->info.fd);
	free(dev);
}

PANTHOR_PUBLIC
struct panthor_device *panthor_device_ref(struct panthor_device *dev)
{
	atomic_fetch_add_explicit(&dev->callers_refs, 1, memory_order_relaxed);
	return device_get(dev);
}

PANTHOR_PUBLIC
struct panthor_device *panthor_device_unref(struct panthor_device *dev)
{
	if (!dev)
		return NULL;
	if (atomic_fetch_sub_explicit(&dev->callers_refs, 1, memory_order_acq_rel) == 1)
		device_report_leaks(dev);
	device_put(dev);
	return NULL;
}

int device_ioctl(const struct panthor_device *dev, unsigned long request, void *arg)
{
	return io_ioctl(dev->io, dev->info.fd, request, arg);
}
