// SPDX-License-Identifier: MIT
/*
 * Two processes, one buffer, no copy: it goes over a socket as a dma-buf.
 *
 * The parent makes a buffer and sends it; the child, which has opened the device for itself, takes
 * it in, reads what is there and leaves an answer. A Wayland client and its compositor do the same.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

#define BYTES 65536

static const char *const about =
	"Shares a buffer with another process, as a dma-buf over a socket; both write to it.";

/* The calls of the C library leave the error elsewhere. */
static void must_sys(long r, const char *what)
{
	must(r < 0 ? -errno : 0, what);
}

/* Room for one descriptor, with the alignment that its header needs. */
union fd_message {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/* A descriptor travels beside the bytes of a message, of which there has to be one. */
static struct msghdr message_of(struct iovec *byte, union fd_message *control)
{
	return (struct msghdr){
		.msg_iov = byte,
		.msg_iovlen = 1,
		.msg_control = control->room,
		.msg_controllen = sizeof(control->room),
	};
}

static void send_fd(int socket, int fd)
{
	char nothing = 0;
	struct iovec byte = { &nothing, 1 };
	union fd_message control = { 0 };
	struct msghdr message = message_of(&byte, &control);

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	must_sys(sendmsg(socket, &message, MSG_NOSIGNAL), "sending the buffer");
}

static int receive_fd(int socket)
{
	char nothing;
	struct iovec byte = { &nothing, 1 };
	union fd_message control = { 0 };
	struct msghdr message = message_of(&byte, &control);
	int fd;

	must_sys(recvmsg(socket, &message, MSG_CMSG_CLOEXEC), "receiving the buffer");
	if (control.header.cmsg_type != SCM_RIGHTS ||
	    control.header.cmsg_len != CMSG_LEN(sizeof(fd)))
		must(-EPROTO, "receiving the buffer");
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

/* One end says that it is done, the other one waits for that. */
static void tell(int socket)
{
	must_sys(send(socket, "", 1, MSG_NOSIGNAL), "telling the other process");
}

static void listen_for(int socket)
{
	char nothing;
	ssize_t len = recv(socket, &nothing, 1, 0);

	must(len < 0 ? -errno : len ? 0 : -EPIPE, "hearing from the other process");
}

static void fill(uint32_t *words, uint32_t seed)
{
	for (uint32_t i = 0; i < BYTES / 4; i++)
		words[i] = seed + i;
}

static void check(const uint32_t *words, uint32_t seed, const char *who)
{
	for (uint32_t i = 0; i < BYTES / 4; i++) {
		if (words[i] != seed + i) {
			fprintf(stderr, "%s: word %u is wrong\n", who, i);
			exit(EXIT_FAILURE);
		}
	}
}

static int child(int socket, int argc, char **argv)
{
	/* Handles mean something in one open file only: what both understand is a dma-buf. */
	struct panthor_device *dev = open_device(argc, argv, about);
	struct panthor_bo *bo, *again;
	int fd = receive_fd(socket);
	void *words;

	must(panthor_bo_import(dev, fd, &bo), "importing");
	/* The same buffer a second time is the same object, not a second owner of its handle. */
	must(panthor_bo_import(dev, fd, &again), "importing again");
	if (again != bo)
		must(-EPROTO, "importing again");
	panthor_bo_unref(again);
	close(fd);

	/* It may carry fences, those of jobs that others have it in: who got it cannot know. */
	must(panthor_bo_wait(bo, PANTHOR_BO_WRITE, INT64_MAX), "waiting for the buffer");
	must(panthor_bo_map(bo, &words), "mapping");
	check(words, 1000, "child");
	fill(words, 5000);
	must(panthor_bo_unmap(bo), "unmapping");
	tell(socket);

	panthor_bo_unref(bo);
	panthor_device_unref(dev);
	return EXIT_SUCCESS;
}

static void parent(int socket, int argc, char **argv)
{
	struct panthor_device *dev = open_device(argc, argv, about);
	struct panthor_bo *bo;
	void *words;
	int fd;

	/* No VM: what is exclusive to a VM cannot be shared. */
	must(panthor_bo_new(dev, NULL, BYTES, 0, &bo), "creating a BO");
	must(panthor_bo_map(bo, &words), "mapping");
	fill(words, 1000);
	must(panthor_bo_export(bo, &fd), "exporting");
	send_fd(socket, fd);
	/* The message has a reference on the buffer, and soon the child. */
	close(fd);

	listen_for(socket);
	check(words, 5000, "parent");
	must(panthor_bo_unmap(bo), "unmapping");
	panthor_bo_unref(bo);
	panthor_device_unref(dev);
}

int main(int argc, char **argv)
{
	int sockets[2], status;
	pid_t pid;

	/* For the usage and the device that may not be there: once is enough. */
	panthor_device_unref(open_device(argc, argv, about));

	must_sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "socketpair");
	pid = fork();
	must_sys(pid, "fork");
	if (!pid) {
		close(sockets[0]);
		return child(sockets[1], argc, argv);
	}
	close(sockets[1]);
	parent(sockets[0], argc, argv);
	must_sys(waitpid(pid, &status, 0), "waiting for the child");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		must(-EPROTO, "the child");
	printf("%d bytes shared, both have read what the other wrote\n", BYTES);
	return EXIT_SUCCESS;
}
