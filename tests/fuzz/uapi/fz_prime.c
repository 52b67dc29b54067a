// SPDX-License-Identifier: MIT
/* dma-bufs: exported, imported, sent to other processes, given to and taken from other devices. */
#include <linux/dma-buf.h>
#include <sys/socket.h>

#include "fz.h"

static void keep_dmabuf(struct fz_worker *w, int fd)
{
	int *at = &w->dmabuf[fz_below(w, FZ_DMABUFS)];

	if (*at >= 0)
		close(*at);
	*at = fd;
}

static int pick_dmabuf(struct fz_worker *w)
{
	unsigned int at = (unsigned int)fz_below(w, FZ_DMABUFS), i;

	for (i = 0; i < FZ_DMABUFS && w->dmabuf[at] < 0; i++)
		at = (at + 1) % FZ_DMABUFS;
	return w->dmabuf[at];
}

static void step_export(struct fz_worker *w)
{
	struct drm_prime_handle args = { .fd = -1, .flags = DRM_CLOEXEC };
	unsigned int slot;

	if (!fz_one_in(w, 4))
		args.flags |= DRM_RDWR;
	args.handle = fz_pick(w, FZ_BO, &slot);
	if (fz_call(w, FZ_PRIME_HANDLE_TO_FD, &args) == 0 && args.fd >= 0)
		keep_dmabuf(w, args.fd);
}

static void step_import(struct fz_worker *w)
{
	struct drm_prime_handle args = { .fd = pick_dmabuf(w) };
	off_t size;

	if (fz_call(w, FZ_PRIME_FD_TO_HANDLE, &args) < 0)
		return;
	size = lseek(args.fd, 0, SEEK_END);
	fz_keep_bo(w, args.handle, size > 0 ? (uint64_t)size : KT_PAGE);
}

static void step_close(struct fz_worker *w)
{
	int *at = &w->dmabuf[fz_below(w, FZ_DMABUFS)];

	if (*at < 0)
		return;
	fz_print_act(w, "close dma-buf", (uint64_t)*at);
	close(*at);
	*at = -1;
}

/* Memory that is not panthor's. */
static void step_foreign(struct fz_worker *w)
{
	size_t size = KT_PAGE * (1 + fz_small(w, 4));
	int fd = fz_one_in(w, 2) ? kt_vgem_dmabuf(size) : kt_udmabuf(size);

	if (fd < 0)
		return;
	fz_print_act(w, "foreign dma-buf", (uint64_t)fd);
	keep_dmabuf(w, fd);
}

/*
 * Pins it, for as long as the other device has it. That gives all back at times, or what can not be
 * reclaimed would only grow.
 */
static void step_lend(struct fz_worker *w)
{
	uint32_t handle;
	int fd = pick_dmabuf(w);

	fz_print_act(w, "vgem imports dma-buf", (uint64_t)fd);
	if (fz_one_in(w, 16)) {
		close(w->vgem);
		w->vgem = kt_open("vgem", false);
	}
	if (fd >= 0 && w->vgem >= 0 && kt_import(w->vgem, fd, &handle) == 0 && !fz_one_in(w, 4))
		kt_bo_close(w->vgem, handle);
}

/* udmabuf syncs in whatever direction it is asked to, which DMA debugging does not like. */
static bool is_udmabuf(int fd)
{
	char path[64];
	char *text;
	bool found;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	text = kt_read_file(path, NULL);
	found = !text || strstr(text, "udmabuf");
	free(text);
	return found;
}

/* Calls of dma-bufs are not bent: they are not the driver's to check. */
static int on_dmabuf(struct fz_worker *w, enum fz_id id, int fd, void *arg)
{
	int ret;

	fz_print(w, "%u:%lu fd%d %s", w->index, (unsigned long)w->step, fd, fz_ioctls[id].name);
	ret = kt_ioctl(fd, fz_ioctls[id].request, arg);
	fz_result(w, id, ret);
	return ret;
}

static void step_cpu_access(struct fz_worker *w)
{
	struct dma_buf_sync args = { .flags = fz_below(w, 8) };
	int fd = pick_dmabuf(w);

	if (fd < 0 || is_udmabuf(fd))
		return;
	on_dmabuf(w, FZ_DMABUF_SYNC, fd, &args);
}

/* What is still to happen to a dma-buf as a file, which syncobjs can be made of. */
static void step_export_fences(struct fz_worker *w)
{
	struct dma_buf_export_sync_file args = { .flags = (uint32_t)fz_below(w, 4), .fd = -1 };
	int fd = pick_dmabuf(w);

	if (fd < 0 || on_dmabuf(w, FZ_DMABUF_EXPORT_FENCES, fd, &args) < 0)
		return;
	close(w->syncobj_fd);
	w->syncobj_fd = args.fd;
}

/* A fence that others have to wait for before they use the memory. */
static void step_import_fence(struct fz_worker *w)
{
	struct dma_buf_import_sync_file args = { .flags = (uint32_t)fz_below(w, 4),
						 .fd = w->syncobj_fd };
	int fd = pick_dmabuf(w);

	if (fd >= 0)
		on_dmabuf(w, FZ_DMABUF_IMPORT_FENCE, fd, &args);
}

/* Neither sending nor receiving waits: the box may be full, or empty. */
static void step_send(struct fz_worker *w)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec byte = { control, 1 };
	struct msghdr msg = { .msg_iov = &byte,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fd = pick_dmabuf(w);

	if (fd < 0)
		return;
	fz_print_act(w, "send dma-buf", (uint64_t)fd);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	sendmsg(w->world->mail[0], &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void step_receive(struct fz_worker *w)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char data;
	struct iovec byte = { &data, 1 };
	struct msghdr msg = { .msg_iov = &byte,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(w->world->mail[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	fz_print_act(w, "receive dma-buf", (uint64_t)fd);
	keep_dmabuf(w, fd);
}

const struct fz_step fz_prime_steps[] = {
	{ step_export, 25 },
	{ step_import, 20 },
	{ step_close, 8 },
	{ step_foreign, 3 },
	{ step_lend, 5 },
	{ step_send, 6 },
	{ step_receive, 6 },
	{ step_cpu_access, 6 },
	{ step_export_fences, 6 },
	{ step_import_fence, 6 },
	{ NULL, 0 },
};
