// SPDX-License-Identifier: MIT
/*
 * CPU maps. They are in slots of a range that nothing else uses, so that a thread that still looks
 * at a map that another one has removed meets nothing, rather than somebody else's memory.
 */
#include <linux/mman.h>

#include "fz.h"

static uint8_t *slot_of(const struct fz_worker *w, unsigned int slot)
{
	return w->maps->base + slot * FZ_MAP_BYTES;
}

static void clear(struct fz_worker *w, unsigned int slot)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	w->maps->size[slot] = 0;
	if (mmap(slot_of(w, slot), FZ_MAP_BYTES, PROT_NONE, flags, -1, 0) == MAP_FAILED)
		abort();
}

/* A slot with a map, or any if there is none. */
static unsigned int pick(struct fz_worker *w)
{
	unsigned int slot = (unsigned int)fz_below(w, FZ_MAPS), i;

	for (i = 0; i < FZ_MAPS && !w->maps->size[slot]; i++)
		slot = (slot + 1) % FZ_MAPS;
	return slot;
}

/* A page, mostly of the first or the last ones. */
static uint8_t *some_page(struct fz_worker *w, unsigned int slot)
{
	size_t pages = w->maps->size[slot] / KT_PAGE;
	size_t page = pages ? fz_below(w, pages) : 0;

	if (fz_one_in(w, 3))
		page = 0;
	else if (fz_one_in(w, 3))
		page = pages ? pages - 1 : 0;
	return slot_of(w, slot) + page * KT_PAGE;
}

void *fz_map_page(struct fz_worker *w)
{
	unsigned int slot = pick(w);

	return w->maps->size[slot] ? some_page(w, slot) : NULL;
}

/* Half of the maps are moved to their slot; the kernel has chosen where they are at first. */
static void *map_slot(struct fz_worker *w, unsigned int slot, size_t size, int prot, int flags,
		      int fd, uint64_t offset)
{
	bool move = fz_one_in(w, 2);
	void *at = slot_of(w, slot);
	void *ptr = mmap(move ? NULL : at, size, prot, move ? flags : flags | MAP_FIXED, fd,
			 (off_t)offset);
	int ret = ptr == MAP_FAILED ? -errno : 0;

	fz_print(w, "%u:%lu mmap fd%d offset=0x%lx size=0x%zx prot=%d flags=%d", w->index,
		 (unsigned long)w->step, fd, (unsigned long)offset, size, prot, flags);
	fz_result(w, FZ_MMAP, ret);
	if (ret == 0 && ptr != at &&
	    mremap(ptr, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) != at) {
		munmap(ptr, size);
		ret = -ENOMEM;
	}
	if (ret < 0)
		return NULL;
	w->maps->size[slot] = size;
	return at;
}

void *fz_map_bo(struct fz_worker *w, uint32_t handle, size_t size)
{
	struct drm_panthor_bo_mmap_offset args = { .handle = handle };
	unsigned int slot = (unsigned int)fz_below(w, FZ_MAPS);
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED;

	if (fz_call(w, FZ_BO_MMAP_OFFSET, &args) != 0)
		return NULL;
	if (fz_one_in(w, 16))
		prot = (int)fz_below(w, 8);
	if (fz_one_in(w, 24))
		flags = MAP_PRIVATE;
	else if (fz_one_in(w, 12))
		flags |= MAP_POPULATE;
	if (fz_one_in(w, 24))
		args.offset = fz_number(w) & ~(KT_PAGE - 1);
	else if (fz_one_in(w, 12))
		args.offset += fz_below(w, size / KT_PAGE + 1) * KT_PAGE;
	if (fz_one_in(w, 12))
		size = (1 + fz_below(w, 2 * size / KT_PAGE)) * KT_PAGE;
	if (size > FZ_MAP_BYTES)
		size = FZ_MAP_BYTES;
	clear(w, slot);
	return map_slot(w, slot, size, prot, flags, w->file->fd, args.offset);
}

void fz_map_some(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t handle = fz_pick(w, FZ_BO, &slot);
	size_t size = slot < FZ_SLOTS ? w->file->table->bo_size[slot] : KT_PAGE;

	fz_map_bo(w, handle, size ? size : KT_PAGE);
}

static void step_map_flush_id(struct fz_worker *w)
{
	unsigned int slot = (unsigned int)fz_below(w, FZ_MAPS);
	uint64_t offset = DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET;

	if (fz_one_in(w, 4))
		offset = fz_one_in(w, 2) ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT : offset + KT_PAGE;
	clear(w, slot);
	map_slot(w, slot, KT_PAGE << fz_one_in(w, 8),
		 PROT_READ | (fz_one_in(w, 8) ? PROT_WRITE : 0),
		 fz_one_in(w, 8) ? MAP_PRIVATE : MAP_SHARED, w->file->fd, offset);
}

/* Through a dma-buf, which has offsets of its own. */
static void step_map_dmabuf(struct fz_worker *w)
{
	int fd = w->dmabuf[fz_below(w, FZ_DMABUFS)];
	unsigned int slot = (unsigned int)fz_below(w, FZ_MAPS);
	uint64_t offset = fz_one_in(w, 4) ? KT_PAGE * fz_small(w, 4) : 0;

	if (fd < 0)
		return;
	clear(w, slot);
	map_slot(w, slot, KT_PAGE << fz_below(w, 4), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 offset);
}

static void step_unmap(struct fz_worker *w)
{
	unsigned int slot = pick(w);

	fz_print_act(w, "unmap slot", slot);
	/* Part of a map leaves two of one BO. */
	if (fz_one_in(w, 4))
		munmap(some_page(w, slot), KT_PAGE);
	else
		clear(w, slot);
}

/* Every kind of access there is: the program's, the kernel's, none but a hint. */
void fz_touch_some(struct fz_worker *w)
{
	uint8_t *page = fz_map_page(w);
	uint64_t value[8];

	if (!page)
		return;
	fz_print_act(w, "touch", (uintptr_t)page);
	switch (fz_below(w, 6)) {
	case 0:
	case 1:
		kt_peek(page + 8 * fz_below(w, 512), value);
		break;
	case 2:
	case 3:
		kt_poke(page + 8 * fz_below(w, 512), kt_rand(&w->rng));
		break;
	case 4:
		fz_copy(w, page, w->memory, KT_PAGE);
		break;
	default:
		fz_copy(w, value, page, sizeof(value));
	}
}

static void step_advise(struct fz_worker *w)
{
	static const int advices[] = { MADV_DONTNEED, MADV_WILLNEED,	   MADV_POPULATE_READ,
				       MADV_COLD,     MADV_POPULATE_WRITE, MADV_DONTFORK,
				       MADV_PAGEOUT,  MADV_DOFORK };
	uint8_t *page = fz_map_page(w);

	if (!page)
		return;
	fz_print_act(w, "advise", (uintptr_t)page);
	madvise(page, KT_PAGE << fz_below(w, 3), advices[fz_below(w, ARRAY_SIZE(advices))]);
}

static void step_protect(struct fz_worker *w)
{
	uint8_t *page = fz_map_page(w);

	if (!page)
		return;
	fz_print_act(w, "protect", (uintptr_t)page);
	mprotect(page, KT_PAGE, (int)fz_below(w, 4));
}

/* From one slot to another: two areas are open for a moment. */
static void step_move(struct fz_worker *w)
{
	unsigned int from = pick(w), to = (unsigned int)fz_below(w, FZ_MAPS);
	size_t size = w->maps->size[from];

	if (from == to || !size)
		return;
	fz_print_act(w, "move map slot", from);
	clear(w, to);
	if (mremap(slot_of(w, from), size, size, MREMAP_MAYMOVE | MREMAP_FIXED, slot_of(w, to)) !=
	    MAP_FAILED)
		w->maps->size[to] = size;
	clear(w, from);
}

const struct fz_step fz_map_steps[] = {
	{ fz_map_some, 50 }, { step_map_flush_id, 4 }, { step_map_dmabuf, 6 },
	{ step_unmap, 30 },  { fz_touch_some, 90 },    { step_advise, 8 },
	{ step_protect, 3 }, { step_move, 4 },	       { NULL, 0 },
};
