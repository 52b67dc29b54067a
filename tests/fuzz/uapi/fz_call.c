// SPDX-License-Identifier: MIT
/* One call: bent, done, judged by its errno. */
#include "fz.h"

/* One of how many structures is bent. */
#define BEND 12

static void bend_bytes(struct fz_worker *w, uint8_t *at, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	switch (fz_below(w, 4)) {
	case 0:
		value ^= 1ull << fz_below(w, 8 * size);
		break;
	case 1:
		value += 1 - 2 * fz_below(w, 2);
		break;
	case 2:
		value = fz_one_in(w, 2) ? 0 : ~0ull;
		break;
	default:
		value = fz_number(w);
	}
	memcpy(at, &value, size);
}

void fz_bend(struct fz_worker *w, const struct fz_shape *shape, void *data)
{
	const struct fz_field *field = &shape->fields[fz_below(w, shape->count)];
	uint8_t *at = (uint8_t *)data + field->offset;

	if (field->keep || !fz_one_in(w, BEND))
		return;
	if (!field->elements)
		bend_bytes(w, at, field->size < 8 ? field->size : 8);
	else if (fz_one_in(w, 2))
		bend_bytes(w, at + 4 * fz_below(w, 2), 4);
	else
		bend_bytes(w, at + 8, 8);
}

/* A structure as an older or a newer client has it. */
static unsigned long resize(struct fz_worker *w, unsigned long request)
{
	unsigned int size = _IOC_SIZE(request);

	size = fz_one_in(w, 2) ? (unsigned int)fz_below(w, size + 1)
			       : size + (unsigned int)fz_small(w, 10);
	return _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), size);
}

/* No call of ours, nor of the core's. */
static unsigned long no_such_call(struct fz_worker *w, unsigned long request)
{
	unsigned int nr = DRM_COMMAND_BASE + DRM_PANTHOR_BO_QUERY_INFO + 1;

	nr += (unsigned int)fz_below(w, DRM_COMMAND_BASE + DRM_PANTHOR_BO_MADVISE - nr);
	return _IOC(_IOC_DIR(request), _IOC_TYPE(request), nr, _IOC_SIZE(request));
}

static void note(struct fz_worker *w, unsigned long request, const void *arg, size_t size)
{
	const uint8_t *byte = arg;
	size_t i;

	w->digest = (w->digest ^ request) * 0x100000001b3ull;
	for (i = 0; i < size; i++)
		w->digest = (w->digest ^ byte[i]) * 0x100000001b3ull;
	w->world->digest[w->index] = w->digest;
}

void fz_finding(struct fz_worker *w, enum fz_id id, long result)
{
	unsigned int n;

	if ((result == -ENODEV || result == -EIO) && fz_device_lost(w))
		return;
	n = __atomic_fetch_add(&w->world->finding_count, 1, __ATOMIC_RELAXED);
	if (n < FZ_FINDINGS)
		w->world->findings[n] = (struct fz_finding){ w->index, w->step, id, result };
}

static bool documented(const struct fz_ioctl *ioc, int error)
{
	size_t i;

	if (!error || error == EFAULT || error == ENOMEM)
		return true;
	for (i = 0; i < ARRAY_SIZE(ioc->errnos) && ioc->errnos[i]; i++) {
		if (ioc->errnos[i] == error)
			return true;
	}
	return false;
}

void fz_result(struct fz_worker *w, enum fz_id id, int result)
{
	w->stats->results[id][-result < FZ_ERRNOS ? -result : FZ_ERRNOS - 1]++;
	if (!documented(&fz_ioctls[id], -result))
		fz_finding(w, id, result);
	fz_print(w, " = %s\n", result ? strerrorname_np(-result) : "0");
}

/* Seldom the argument itself is where the kernel can not read it, or not write. */
static void *place(struct fz_worker *w, void *arg, size_t size)
{
	return fz_one_in(w, 100) ? (void *)(uintptr_t)fz_put(w, arg, size) : arg;
}

static long do_call(struct fz_worker *w, unsigned long request, void *arg, size_t size)
{
	/* No structure is longer than this, whatever its size in the request is. */
	uint8_t longer[2048] = { 0 };
	void *at;
	long ret;

	memcpy(longer, arg, size);
	at = place(w, longer, size);
	ret = ioctl(w->file->fd, request, at);
	ret = ret < 0 ? -errno : ret;
	if (at == longer)
		memcpy(arg, longer, size);
	else
		fz_copy(w, arg, at, size);
	return ret;
}

int fz_call(struct fz_worker *w, enum fz_id id, void *arg)
{
	const struct fz_ioctl *ioc = &fz_ioctls[id];
	unsigned long request = ioc->request;
	long ret;

	fz_bend(w, ioc->shape, arg);
	if (id == FZ_BO_CREATE)
		fz_beware(w, ((const struct drm_panthor_bo_create *)arg)->size);
	if (fz_one_in(w, 300)) {
		request = resize(w, request);
	} else if (fz_one_in(w, 500)) {
		id = FZ_NO_SUCH_CALL;
		request = no_such_call(w, request);
	}
	note(w, request, arg, ioc->shape->size);
	fz_print_call(w, ioc, request, arg);
	ret = do_call(w, request, arg, ioc->shape->size);
	if (ret > 0)
		fz_finding(w, id, ret);
	fz_result(w, id, ret > 0 ? 0 : (int)ret);
	return (int)ret;
}
