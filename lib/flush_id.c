// SPDX-License-Identifier: MIT
/* The page of the device that says how often the GPU's caches were flushed. */
#include <errno.h>
#include <sys/mman.h>

#include "device.h"

/*
 * File offsets have as many bits as the process' words have, and the kernel puts the page at the
 * upper end. It guesses which: wrong for emulated processes, and an open file may have been told
 * otherwise. So it is told where it can be.
 */
static int choose_offset(struct panthor_device *dev)
{
	struct drm_panthor_set_user_mmio_offset arg = { .offset = dev->mmio_offset };
	int r = panthor_device_has(dev, PANTHOR_FEATURE_USER_MMIO_OFFSET);

	return r > 0 ? device_ioctl(dev, DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &arg) : r;
}

static int map_locked(struct panthor_device *dev)
{
	void *page;
	int r = 0;

	if (atomic_load_explicit(&dev->flush_page, memory_order_relaxed))
		return 0;
	r = choose_offset(dev);
	if (!r) {
		r = dev->io->mmap(dev->io->priv, (size_t)dev->info.page_size, PROT_READ,
				  dev->info.fd, dev->mmio_offset, &page);
	}
	if (!r)
		atomic_store_explicit(&dev->flush_page, page, memory_order_release);
	return r;
}

PANTHOR_PUBLIC
int panthor_device_flush_id(struct panthor_device *dev, uint32_t *ret_id)
{
	const volatile uint32_t *page =
		atomic_load_explicit(&dev->flush_page, memory_order_acquire);
	int r = 0;

	if (!page) {
		io_lock(dev->io, &dev->flush_lock);
		r = map_locked(dev);
		page = atomic_load_explicit(&dev->flush_page, memory_order_relaxed);
		io_unlock(dev->io, &dev->flush_lock);
	}
	if (!r)
		*ret_id = *page;
	return r;
}

void device_drop_flush_page(struct panthor_device *dev)
{
	const volatile uint32_t *page =
		atomic_load_explicit(&dev->flush_page, memory_order_relaxed);

	if (page)
		dev->io->munmap(dev->io->priv, (void *)(uintptr_t)page,
				(size_t)dev->info.page_size);
}
