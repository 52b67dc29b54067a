// SPDX-License-Identifier: MIT
/*
 * A worker's user memory, at an address that is the same in every run:
 *
 *	data		can be read and written
 *	hole		is not there
 *	read_only	the same memory as data
 *	zeroes		a lot of it, for arrays of many elements
 *
 * It is a file, so that copies to and from memory that may be gone can go through the kernel, which
 * fails where the program would die.
 */
#include "fz.h"

#define BASE	    0x100000000000ull
#define STRIDE	    (64 * KT_MIB)
#define DATA	    (64 * 1024ull)
#define HOLE	    DATA
#define RO	    (2 * DATA)
#define ZEROES	    (4 * DATA)
#define ZEROES_SIZE (32 * KT_MIB)
/* Behind the data: a buffer for copies. */
#define BOUNCE	    DATA
#define BOUNCE_SIZE (2 * KT_PAGE)

static bool map_at(struct fz_worker *w, uint64_t offset, size_t size, int prot, int flags, int fd)
{
	void *at = w->memory + offset;

	return mmap(at, size, prot, flags | MAP_FIXED, fd, 0) == at;
}

int fz_user_init(struct fz_worker *w)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	w->memory = (uint8_t *)(BASE + w->index * STRIDE);
	w->memfd = memfd_create("fz", MFD_CLOEXEC);
	if (w->memfd < 0 || ftruncate(w->memfd, DATA + BOUNCE_SIZE) < 0)
		return -errno;
	if (!map_at(w, 0, DATA, PROT_READ | PROT_WRITE, MAP_SHARED, w->memfd) ||
	    !map_at(w, HOLE, DATA, PROT_NONE, anonymous, -1) ||
	    !map_at(w, RO, DATA, PROT_READ, MAP_SHARED, w->memfd) ||
	    !map_at(w, ZEROES, ZEROES_SIZE, PROT_READ, anonymous, -1))
		return -errno;
	return 0;
}

bool fz_copy(const struct fz_worker *w, void *to, const void *from, size_t size)
{
	return size <= BOUNCE_SIZE && pwrite(w->memfd, from, size, BOUNCE) == (ssize_t)size &&
	       pread(w->memfd, to, size, BOUNCE) == (ssize_t)size;
}

/* No memory of this process. */
static uint64_t nowhere(struct fz_worker *w)
{
	switch (fz_below(w, 5)) {
	case 0:
		return 0;
	case 1:
		return KT_BAD_PTR;
	case 2:
		return KT_KERNEL_PTR;
	case 3:
		return 0x8000000000000000ull;
	default:
		return (uintptr_t)w->memory + HOLE;
	}
}

/* Its last bytes are not there. */
static uint64_t half_there(struct fz_worker *w, const void *data, size_t size)
{
	size_t part = size ? fz_below(w, size) : 0;

	memcpy(w->memory + DATA - part, data, part);
	return (uintptr_t)w->memory + DATA - part;
}

static uint64_t in_bo(struct fz_worker *w, const void *data, size_t size)
{
	uint8_t *page = fz_map_page(w);

	if (!page)
		return nowhere(w);
	if (size < KT_PAGE)
		page += KT_PAGE - size;
	fz_copy(w, page, data, size);
	return (uintptr_t)page;
}

static uint8_t *take(struct fz_worker *w, size_t size)
{
	uint8_t *at;

	/* What a step has put is looked at until its end, but the end may be near. */
	if (w->used + size > DATA / 2)
		w->used = 0;
	at = w->memory + w->used;
	w->used += (size + 15) / 16 * 16;
	return at;
}

uint64_t fz_put(struct fz_worker *w, const void *data, size_t size)
{
	uint8_t *at;

	switch (fz_below(w, 96)) {
	case 0:
		return nowhere(w);
	case 1:
		return half_there(w, data, size);
	case 2:
	case 3:
	case 4:
		return in_bo(w, data, size);
	case 5:
		at = w->memory + DATA - size;
		break;
	case 6:
		at = take(w, size);
		memcpy(at, data, size);
		return (uintptr_t)at + RO;
	default:
		at = take(w, size);
	}
	memcpy(at, data, size);
	return (uintptr_t)at;
}

/* As a newer client has it, whose elements are longer; seldom with what this kernel must refuse. */
static uint32_t widen(struct fz_worker *w, uint8_t *wide, const uint8_t *elements, uint32_t size,
		      uint32_t count)
{
	uint32_t stride = size + 8 * (uint32_t)fz_below(w, 8);
	uint32_t i;

	memset(wide, 0, (size_t)stride * count);
	for (i = 0; i < count; i++)
		memcpy(wide + (size_t)stride * i, elements + (size_t)size * i, size);
	if (fz_one_in(w, 3))
		wide[(size_t)stride * count - 1] = 1;
	return stride;
}

struct drm_panthor_obj_array fz_put_array(struct fz_worker *w, const struct fz_shape *shape,
					  void *elements, uint32_t count)
{
	struct drm_panthor_obj_array array = { .stride = shape->size, .count = count };
	uint8_t wide[16 * 128];
	uint32_t i;

	for (i = 0; i < count; i++)
		fz_bend(w, shape, (uint8_t *)elements + (size_t)i * shape->size);
	if (count && count <= 16 && fz_one_in(w, 24)) {
		array.stride = widen(w, wide, elements, shape->size, count);
		elements = wide;
	}
	if (fz_one_in(w, 200)) {
		array.count = (uint32_t)fz_small(w, 12);
		array.array = (uintptr_t)w->memory + ZEROES;
	} else {
		array.array = fz_put(w, elements, (size_t)array.stride * count);
	}
	return array;
}
