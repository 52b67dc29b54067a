// SPDX-License-Identifier: MIT
/* Anonymous memory, the floor under every buffer: with 4 KiB pages, and with huge ones. */
#include <errno.h>
#include <sys/mman.h>

#include "bench.h"

static int anon_open(struct target *target)
{
	target->fd = -1;
	return 0;
}

static int anon_create_with(size_t size, int advice, struct buffer *ret_buffer)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -errno;
	if (madvise(map, size, advice) < 0) {
		munmap(map, size);
		return -errno;
	}
	*ret_buffer = (struct buffer){ .size = size, .map = map };
	return 0;
}

static int anon_create(struct target *target, size_t size, struct buffer *ret_buffer)
{
	return anon_create_with(size, MADV_NOHUGEPAGE, ret_buffer);
}

static int anon_create_huge(struct target *target, size_t size, struct buffer *ret_buffer)
{
	return anon_create_with(size, MADV_HUGEPAGE, ret_buffer);
}

/* Created mapped. */
static int anon_map(struct target *target, struct buffer *buffer)
{
	return 0;
}

static int anon_destroy(struct target *target, struct buffer *buffer)
{
	return munmap(buffer->map, buffer->size) < 0 ? -errno : 0;
}

struct target target_anon = {
	.name = "anon",
	.open = anon_open,
	.create = anon_create,
	.map = anon_map,
	.destroy = anon_destroy,
};

struct target target_anon_huge = {
	.name = "anon-huge",
	.min_size = 2 * 1024 * 1024,
	.open = anon_open,
	.create = anon_create_huge,
	.map = anon_map,
	.destroy = anon_destroy,
};
