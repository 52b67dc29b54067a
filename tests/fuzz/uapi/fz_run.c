// SPDX-License-Identifier: MIT
/* A worker: what it starts with, its steps. */
#include "fz.h"

static const struct fz_step *const rooms[] = {
	fz_bo_steps,	fz_map_steps,  fz_vm_steps,   fz_gpu_steps,
	fz_prime_steps, fz_sync_steps, fz_misc_steps,
};

static unsigned int total_weight(void)
{
	unsigned int total = 0;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		for (j = 0; rooms[i][j].run; j++)
			total += rooms[i][j].weight;
	}
	return total;
}

static void do_step(struct fz_worker *w, unsigned int weight)
{
	unsigned int at = (unsigned int)fz_below(w, weight);
	size_t i, j;

	/* The primary node is there for what only it can do. */
	w->file = &w->files[fz_one_in(w, 4) ? fz_below(w, FZ_FILES) : 2 * fz_below(w, 2)];
	w->used = 0;
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		for (j = 0; rooms[i][j].run; j++) {
			if (at < rooms[i][j].weight) {
				rooms[i][j].run(w);
				return;
			}
			at -= rooms[i][j].weight;
		}
	}
}

static uint64_t step_seed(const struct fz_worker *w, uint64_t step)
{
	uint64_t state = w->world->options.seed;

	state = kt_rand(&state) ^ (w->index + (w->child ? FZ_MAX_WORKERS : 0));
	state = kt_rand(&state) ^ step;
	return kt_rand(&state);
}

void fz_work(struct fz_worker *w, uint64_t first, uint64_t count)
{
	const unsigned int weight = total_weight();
	uint64_t step;

	for (step = first; step < first + count; step++) {
		if (!w->child && !fz_only_has(w->world->options.only, w->index, step))
			continue;
		w->step = step;
		w->rng = step_seed(w, step);
		fz_follow(w);
		do_step(w, weight);
	}
}

bool fz_only_has(const char *only, unsigned int worker, uint64_t step)
{
	while (only && *only) {
		char *end;
		unsigned long who = strtoul(only, &end, 10);
		uint64_t first = strtoull(end + 1, &end, 10);
		uint64_t last = *end == '-' ? strtoull(end + 1, &end, 10) : first;

		if (who == worker && step >= first && step <= last)
			return true;
		only = *end ? end + 1 : NULL;
		if (!only)
			return false;
	}
	return !only;
}

void fz_reopen(struct fz_worker *w, struct fz_file *file)
{
	fz_print_act(w, "reopen fd", (uint64_t)file->fd);
	close(file->fd);
	memset(file->table, 0, sizeof(*file->table));
	fz_device_lock(w->world);
	file->fd = kt_open("panthor", !file->primary);
	fz_device_unlock(w->world);
	w->stats->reopened++;
	if (file->fd < 0)
		fz_finding(w, FZ_VERSION, file->fd);
}

static int open_own(struct fz_worker *w)
{
	unsigned int i;

	for (i = FZ_SHARED; i < FZ_FILES; i++) {
		struct fz_file *file = &w->files[i];

		file->primary = i == FZ_FILES - 1;
		file->table = &w->own[i - FZ_SHARED];
		file->fd = kt_open("panthor", !file->primary);
		if (file->fd < 0)
			return file->fd;
	}
	w->vgem = kt_open("vgem", false);
	w->shrink = kt_debugfs_open("shrink", O_WRONLY);
	return w->shrink < 0 ? w->shrink : 0;
}

int fz_worker_init(struct fz_worker *w, struct fz_world *world, unsigned int index,
		   struct fz_maps *maps)
{
	unsigned int i;
	int ret;

	w->world = world;
	w->stats = &world->stats[index];
	w->index = index;
	w->alone = world->options.procs * world->options.threads == 1;
	w->maps = maps;
	w->syncobj_fd = -1;
	for (i = 0; i < FZ_DMABUFS; i++)
		w->dmabuf[i] = -1;
	/* Of its own, so that it can leave them when the device is gone. */
	for (i = 0; i < FZ_SHARED; i++) {
		w->files[i] = world->files[i];
		w->files[i].fd = dup(world->files[i].fd);
	}
	fz_device_lock(world);
	ret = open_own(w);
	fz_device_unlock(world);
	return ret < 0 ? ret : fz_user_init(w);
}
