// SPDX-License-Identifier: MIT
/* Where `gems` tables are found, and the life of their readers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "gems.h"

int gems_open_fd(const struct panthor_transport *io, int fd, struct panthor_gems **ret_gems)
{
	struct panthor_gems *gems = gems_alloc(io, fd, false);

	if (!gems)
		return -ENOMEM;
	*ret_gems = gems;
	return 0;
}

int gems_open(const struct panthor_transport *io, const char *path, struct panthor_gems **ret_gems)
{
	int fd = io_open(io, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct panthor_gems *gems;

	if (fd < 0)
		return fd;
	gems = gems_alloc(io, fd, true);
	if (!gems) {
		io_close(io, fd);
		return -ENOMEM;
	}
	*ret_gems = gems;
	return 0;
}

static int open_minor(const struct panthor_transport *io, unsigned int minor,
		      struct panthor_gems **ret_gems)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/gems", minor);
	return gems_open(io, path, ret_gems);
}

/* debugfs has a folder per minor, but not every kernel has one for every node of the device. */
static int open_sibling(const struct panthor_device *dev, const char *prefix,
			struct panthor_gems **ret_gems)
{
	const struct panthor_transport *io = dev->io;
	char dir[64];
	int minor;

	snprintf(dir, sizeof(dir), "/sys/dev/char/%u:%u/device/drm", dev->node_major,
		 dev->node_minor);
	minor = io->next_node(io->priv, dir, prefix, -1);
	return minor < 0 ? -ENOENT : open_minor(io, (unsigned int)minor, ret_gems);
}

static int open_device(const struct panthor_device *dev, struct panthor_gems **ret_gems)
{
	int r = open_minor(dev->io, dev->node_minor, ret_gems);

	if (r == -ENOENT)
		r = open_sibling(dev, "card", ret_gems);
	if (r == -ENOENT)
		r = open_sibling(dev, "renderD", ret_gems);
	return r;
}

PANTHOR_PUBLIC
int panthor_gems_open(struct panthor_device *dev, int fd, struct panthor_gems **ret_gems)
{
	return dev ? open_device(dev, ret_gems)
		   : gems_open_fd(&panthor_transport_system, fd, ret_gems);
}
