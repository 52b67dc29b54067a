// SPDX-License-Identifier: MIT
/* The device's own calls, files, debugfs and processes. */
#include "fz.h"

/* What all weights are together, about. */
#define STEPS_PER_WEIGHT 1100

static void step_dev_query(struct fz_worker *w)
{
	struct drm_panthor_dev_query args = { .type = (uint32_t)fz_below(w, 5) };
	uint8_t data[160] = { 0 };

	args.size = (uint32_t)fz_below(w, sizeof(data));
	if (args.type == DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO) {
		data[offsetof(struct drm_panthor_timestamp_info, flags)] =
			(uint8_t)kt_rand(&w->rng);
		if (fz_one_in(w, 8))
			data[fz_below(w, sizeof(data))] = 1;
	}
	if (!fz_one_in(w, 8))
		args.pointer = fz_put(w, data, sizeof(data));
	fz_call(w, FZ_DEV_QUERY, &args);
}

static void step_mmio_offset(struct fz_worker *w)
{
	struct drm_panthor_set_user_mmio_offset args = {
		.offset = fz_one_in(w, 3) ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT
					  : DRM_PANTHOR_USER_MMIO_OFFSET_64BIT,
	};

	fz_call(w, FZ_SET_USER_MMIO_OFFSET, &args);
}

static void step_version(struct fz_worker *w)
{
	char text[64] = "";
	struct drm_version args = { .name_len = fz_below(w, sizeof(text)) };

	args.name = (char *)(uintptr_t)fz_put(w, text, sizeof(text));
	fz_call(w, FZ_VERSION, &args);
}

static void step_get_cap(struct fz_worker *w)
{
	struct drm_get_cap args = { .capability = fz_below(w, 0x18) };

	fz_call(w, FZ_GET_CAP, &args);
}

static void step_client_name(struct fz_worker *w)
{
	struct drm_set_client_name args = { .name_len = 1 + fz_small(w, 7) };
	char text[128];

	memset(text, 'a' + (int)fz_below(w, 26), sizeof(text));
	args.name = fz_put(w, text, sizeof(text));
	fz_call(w, FZ_SET_CLIENT_NAME, &args);
}

/* Files of the worker's own are closed with all that they have. */
static void step_reopen(struct fz_worker *w)
{
	struct fz_file *file = &w->files[FZ_SHARED + fz_below(w, FZ_FILES - FZ_SHARED)];

	fz_reopen(w, file);
}

static void step_shrink(struct fz_worker *w)
{
	unsigned int pages = (unsigned int)fz_small(w, 11);
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", pages);

	fz_print_act(w, "shrink by pages", pages);
	if (write(w->shrink, text, (size_t)len) != len)
		fz_finding(w, FZ_NO_SUCH_CALL, -errno);
}

static int open_debugfs(struct fz_worker *w, const char *name, int flags)
{
	int fd;

	fz_device_lock(w->world);
	fd = kt_debugfs_open(name, flags);
	fz_device_unlock(w->world);
	return fd;
}

/* Under everybody: groups with jobs end. */
static void step_reset(struct fz_worker *w)
{
	int fd = open_debugfs(w, "reset", O_WRONLY);

	fz_print_act(w, "reset", 0);
	if (fd < 0 || write(fd, "1", 1) != 1)
		fz_finding(w, FZ_NO_SUCH_CALL, -errno);
	close(fd);
}

/* What fdinfo tells of jobs, while they run and others read it. */
static void step_profiling(struct fz_worker *w)
{
	static const char path[] = "/sys/bus/platform/drivers/vpanthor/vpanthor/profiling";
	const char text[] = { (char)('0' + fz_below(w, 5)), '\0' };

	fz_print_act(w, "profiling", (uint64_t)*text);
	if (kt_write_file(path, text) != (*text < '4'))
		fz_finding(w, FZ_NO_SUCH_CALL, -EIO);
}

/* In pieces, so that the dump stops and goes on; or only the beginning. */
static void read_some(struct fz_worker *w, int fd)
{
	char buf[4096];
	uint64_t reads = 1 + fz_small(w, 6);

	if (fd < 0)
		return;
	while (reads-- && read(fd, buf, 1 + fz_below(w, sizeof(buf))) > 0)
		;
	close(fd);
}

static void step_debugfs(struct fz_worker *w)
{
	fz_print_act(w, "read debugfs", 0);
	read_some(w, open_debugfs(w, fz_one_in(w, 3) ? "reclaim" : "gems", O_RDONLY));
}

static void step_fdinfo(struct fz_worker *w)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", w->file->fd);
	fz_print_act(w, "read fdinfo", (uint64_t)w->file->fd);
	read_some(w, open(path, O_RDONLY | O_CLOEXEC));
}

static void step_child(struct fz_worker *w)
{
	uint64_t steps = 1 + fz_small(w, 7);

	if (w->child)
		return;
	fz_print_act(w, "child of steps", steps);
	fz_run_child(w, steps);
}

/* One of these would be many: what files have takes thousands of steps to become. */
static void step_unplug(struct fz_worker *w)
{
	uint64_t steps = w->world->options.unplug;

	if (!w->child && steps && fz_one_in(w, (unsigned int)(steps / STEPS_PER_WEIGHT + 1)))
		fz_unplug(w);
}

const struct fz_step fz_misc_steps[] = {
	{ step_dev_query, 25 },	 { step_mmio_offset, 5 },
	{ step_version, 3 },	 { step_get_cap, 3 },
	{ step_client_name, 2 }, { step_reopen, 3 },
	{ step_shrink, 20 },	 { step_debugfs, 4 },
	{ step_fdinfo, 3 },	 { step_child, 3 },
	{ step_reset, 1 },	 { step_profiling, 1 },
	{ step_unplug, 1 },	 { NULL, 0 },
};
