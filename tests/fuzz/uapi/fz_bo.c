// SPDX-License-Identifier: MIT
/* BOs: made, named, advised about, closed. */
#include "fz.h"

static uint64_t some_size(struct fz_worker *w)
{
	switch (fz_below(w, 32)) {
	case 0:
		return fz_number(w);
	case 1:
		return 2 * KT_MIB + fz_below(w, 2 * KT_MIB);
	case 2:
		return 2 * KT_MIB;
	case 3:
		return fz_below(w, 2 * KT_PAGE);
	default:
		return KT_PAGE * (1 + fz_small(w, 6));
	}
}

void fz_make_bo(struct fz_worker *w)
{
	struct drm_panthor_bo_create args = { .size = some_size(w) };
	unsigned int slot;

	if (fz_one_in(w, 3))
		args.flags = fz_one_in(w, 4) ? DRM_PANTHOR_BO_NO_MMAP : DRM_PANTHOR_BO_WB_MMAP;
	if (fz_one_in(w, 3))
		args.exclusive_vm_id = fz_pick(w, FZ_VM, &slot);
	if (fz_call(w, FZ_BO_CREATE, &args) == 0)
		fz_keep_bo(w, args.handle, args.size);
}

static void step_close(struct fz_worker *w)
{
	unsigned int slot;
	uint32_t handle = fz_pick(w, FZ_BO, &slot);

	if (fz_destroy(w, FZ_BO, handle) == 0)
		fz_forget(w, FZ_BO, slot, handle);
}

/* Bytes that would break a table, escape sequences, no text at all. */
static void hostile_text(struct fz_worker *w, char *text, size_t size)
{
	static const char pieces[] = "\n\r\t\033[2J\\\"\x7f\x80\xff\xc3\xa9 0x0  1/2%s%n==--";
	bool any = fz_one_in(w, 2);
	size_t i;

	for (i = 0; i + 1 < size; i++)
		text[i] = any ? (char)(1 + fz_below(w, 255))
			      : pieces[fz_below(w, sizeof(pieces) - 1)];
	text[i] = '\0';
}

static void step_label(struct fz_worker *w)
{
	struct drm_panthor_bo_set_label args = { 0 };
	char text[5000];
	size_t size = 1 + fz_small(w, 6);
	unsigned int slot;

	args.handle = fz_pick(w, FZ_BO, &slot);
	if (fz_one_in(w, 12))
		size = 4094 + fz_below(w, 5);
	hostile_text(w, text, size);
	if (!fz_one_in(w, 8))
		args.label = fz_put(w, text, size);
	fz_call(w, FZ_BO_SET_LABEL, &args);
}

static void step_sync(struct fz_worker *w)
{
	struct drm_panthor_bo_sync_op ops[6] = { 0 };
	struct drm_panthor_bo_sync args;
	uint32_t count = (uint32_t)fz_small(w, 2), i;
	unsigned int slot;

	for (i = 0; i < count; i++) {
		uint64_t size;

		ops[i].handle = fz_pick(w, FZ_BO, &slot);
		ops[i].type = (uint32_t)fz_below(w, 2);
		size = slot < FZ_SLOTS ? w->file->table->bo_size[slot] : KT_PAGE;
		ops[i].offset = fz_below(w, size + 1);
		ops[i].size = fz_below(w, size - ops[i].offset + 1);
	}
	args.ops = fz_put_array(w, &fz_bo_sync_op_shape, ops, count);
	fz_call(w, FZ_BO_SYNC, &args);
}

static void step_query(struct fz_worker *w)
{
	struct drm_panthor_bo_query_info args = { 0 };
	unsigned int slot;

	args.handle = fz_pick(w, FZ_BO, &slot);
	args.pad = (uint32_t)fz_number(w);
	fz_call(w, FZ_BO_QUERY_INFO, &args);
}

static void step_madvise(struct fz_worker *w)
{
	struct drm_panthor_bo_madvise args = { .madv = (uint32_t)fz_below(w, 4) };
	unsigned int slot;

	args.handle = fz_pick(w, FZ_BO, &slot);
	fz_call(w, FZ_BO_MADVISE, &args);
}

/* Names are for those who have opened the primary node. */
static void use_primary(struct fz_worker *w)
{
	if (!fz_one_in(w, 4))
		w->file = &w->files[2 * fz_below(w, FZ_FILES / 2) + 1];
}

static void step_flink(struct fz_worker *w)
{
	struct drm_gem_flink args = { 0 };
	unsigned int slot;

	use_primary(w);
	args.handle = fz_pick(w, FZ_BO, &slot);
	if (fz_call(w, FZ_GEM_FLINK, &args) == 0)
		w->flink = args.name;
}

static void step_open(struct fz_worker *w)
{
	struct drm_gem_open args = { .name = fz_one_in(w, 8) ? (uint32_t)fz_number(w) : w->flink };

	use_primary(w);
	if (fz_call(w, FZ_GEM_OPEN, &args) == 0)
		fz_keep_bo(w, args.handle, args.size);
}

const struct fz_step fz_bo_steps[] = {
	{ fz_make_bo, 90 }, { step_close, 45 }, { step_label, 40 },
	{ step_sync, 40 },  { step_query, 25 }, { step_madvise, 80 },
	{ step_flink, 5 },  { step_open, 5 },	{ NULL, 0 },
};
