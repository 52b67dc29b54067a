// SPDX-License-Identifier: MIT
/*
 * The kernel of all three drivers, as far as caches of BOs need one. ioctl() and clock_gettime()
 * are this program's own: libraries find them in front of those of the C library. Every ioctl()
 * enters the real kernel as well, to do next to nothing, so that it costs what system calls cost.
 * The clock does not: machines read it from memory, and only emulators make a system call of that.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <msm_drm.h>

#include "libdrm.h"
#include "panthor_drm.h"

#define MAX_OBJECTS 65536
#define MAX_FDS	    64
#define PAGE	    4096ull

/* Of etnaviv_drm.h, which Debian has in no package of its own architectures. */
struct etnaviv_gem_new {
	__u64 size;
	__u32 flags;
	__u32 handle;
};

struct etnaviv_gem_cpu_prep {
	__u32 handle;
	__u32 op;
	__s64 timeout_s;
	__s64 timeout_ns;
};

#define ETNAVIV_GEM_NEW	     DRM_IOWR(DRM_COMMAND_BASE + 2, struct etnaviv_gem_new)
#define ETNAVIV_GEM_CPU_PREP DRM_IOW(DRM_COMMAND_BASE + 4, struct etnaviv_gem_cpu_prep)

/* A BO belongs to one thread at a time; which are free is under the lock. */
struct object {
	uint64_t size; /* 0: free */
	uint64_t busy_until;
	uint32_t next_free;
	bool dontneed;
	bool purged;
};

static const char *const driver_names[] = { "panthor", "msm", "etnaviv" };

static enum kernel_driver drivers[MAX_FDS];
static bool is_device[MAX_FDS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object objects[MAX_OBJECTS];
static uint32_t first_free, used = 1; /* handle 0 is none */
static uint64_t created, bytes;

static atomic_uint_least64_t retired;
static _Thread_local uint64_t calls;

static struct timespec now = { .tv_sec = 1000 };
static int (*real_clock)(clockid_t clock, struct timespec *ret_now);

int kernel_open(enum kernel_driver driver)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	expect(fd >= 0 && fd < MAX_FDS, "a file");
	drivers[fd] = driver;
	is_device[fd] = true;
	return fd;
}

uint64_t kernel_calls(void)
{
	return calls;
}

uint64_t kernel_created(void)
{
	return created;
}

uint64_t kernel_bytes(void)
{
	return bytes;
}

uint64_t kernel_size(uint32_t handle)
{
	return objects[handle].size;
}

void kernel_use_until(uint32_t handle, uint64_t point)
{
	objects[handle].busy_until = point;
}

void kernel_retire(uint64_t point)
{
	atomic_store(&retired, point);
}

void kernel_purge(void)
{
	for (uint32_t i = 1; i < used; i++)
		objects[i].purged |= objects[i].size && objects[i].dontneed;
}

void kernel_advance(uint64_t ns)
{
	ns += (uint64_t)now.tv_nsec;
	now.tv_sec += (time_t)(ns / 1000000000);
	now.tv_nsec = (long)(ns % 1000000000);
}

uint64_t kernel_real_ns(void)
{
	struct timespec real;

	if (!real_clock)
		*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	real_clock(CLOCK_MONOTONIC, &real);
	return (uint64_t)real.tv_sec * 1000000000 + (uint64_t)real.tv_nsec;
}

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	*ret_now = now;
	return 0;
}

static struct object *find(uint32_t handle)
{
	return handle && handle < used && objects[handle].size ? &objects[handle] : NULL;
}

static int create(uint64_t size, uint32_t *ret_handle)
{
	uint32_t handle;

	size = (size + PAGE - 1) & ~(PAGE - 1);
	pthread_mutex_lock(&lock);
	handle = first_free ? first_free : used;
	if (size && handle < MAX_OBJECTS) {
		first_free = first_free ? objects[handle].next_free : 0;
		used += handle == used;
		objects[handle] = (struct object){ .size = size };
		created++;
		bytes += size;
	}
	pthread_mutex_unlock(&lock);
	if (!size || handle >= MAX_OBJECTS)
		return size ? -ENOMEM : -EINVAL;
	*ret_handle = handle;
	return 0;
}

static int destroy(uint32_t handle)
{
	struct object *object;

	pthread_mutex_lock(&lock);
	object = find(handle);
	if (object) {
		bytes -= object->size;
		*object = (struct object){ .next_free = first_free };
		first_free = handle;
	}
	pthread_mutex_unlock(&lock);
	return object ? 0 : -EINVAL;
}

static int advise(uint32_t handle, bool dontneed, uint32_t *ret_retained)
{
	struct object *object = find(handle);

	if (!object)
		return -ENOENT;
	object->dontneed = dontneed;
	*ret_retained = !object->purged;
	object->purged = false;
	return 0;
}

static int check_idle(uint32_t handle)
{
	const struct object *object = find(handle);

	if (!object)
		return -ENOENT;
	return object->busy_until > atomic_load(&retired) ? -EBUSY : 0;
}

/* As the kernel does: as much as there is room for, and how long it is. */
static void tell_text(const char *text, char *ret_text, __kernel_size_t *inout_len)
{
	size_t len = strlen(text);

	if (*inout_len)
		memcpy(ret_text, text, len < *inout_len ? len : *inout_len);
	*inout_len = (__kernel_size_t)len;
}

static int tell_version(int fd, struct drm_version *version)
{
	tell_text(driver_names[drivers[fd]], version->name, &version->name_len);
	tell_text("2000", version->date, &version->date_len);
	tell_text("a table", version->desc, &version->desc_len);
	version->version_major = 1;
	version->version_minor = 9;
	return 0;
}

static int create_panthor(struct drm_panthor_bo_create *arg)
{
	int r = create(arg->size, &arg->handle);

	if (!r)
		arg->size = objects[arg->handle].size;
	return r;
}

static int tell_point(const struct drm_syncobj_timeline_array *arg)
{
	*(uint64_t *)(uintptr_t)arg->points = atomic_load(&retired);
	return 0;
}

static int answer_panthor(unsigned long request, void *arg)
{
	struct drm_panthor_bo_madvise *madvise = arg;

	switch (request) {
	case DRM_IOCTL_PANTHOR_DEV_QUERY:
	case DRM_IOCTL_SYNCOBJ_DESTROY:
		return 0;
	case DRM_IOCTL_PANTHOR_BO_CREATE:
		return create_panthor(arg);
	case DRM_IOCTL_PANTHOR_BO_MADVISE:
		return advise(madvise->handle, madvise->madv == DRM_PANTHOR_BO_MADV_DONTNEED,
			      &madvise->retained);
	case DRM_IOCTL_SYNCOBJ_CREATE:
		((struct drm_syncobj_create *)arg)->handle = 1;
		return 0;
	case DRM_IOCTL_SYNCOBJ_QUERY:
		return tell_point(arg);
	}
	return -EINVAL;
}

static int answer_msm(unsigned long request, void *arg)
{
	struct drm_msm_gem_new *new = arg;
	struct drm_msm_gem_madvise *madvise = arg;

	switch (request) {
	case DRM_IOCTL_MSM_GEM_NEW:
		return create(new->size, &new->handle);
	case DRM_IOCTL_MSM_GEM_MADVISE:
		return advise(madvise->handle, madvise->madv == MSM_MADV_DONTNEED,
			      &madvise->retained);
	case DRM_IOCTL_MSM_GEM_CPU_PREP:
		return check_idle(((struct drm_msm_gem_cpu_prep *)arg)->handle);
	}
	return -EINVAL;
}

static int answer_etnaviv(unsigned long request, void *arg)
{
	struct etnaviv_gem_new *new = arg;

	switch (request) {
	case ETNAVIV_GEM_NEW:
		return create(new->size, &new->handle);
	case ETNAVIV_GEM_CPU_PREP:
		return check_idle(((struct etnaviv_gem_cpu_prep *)arg)->handle);
	}
	return -EINVAL;
}

static int answer(int fd, unsigned long request, void *arg)
{
	static int (*const by_driver[])(unsigned long request, void *arg) = {
		answer_panthor,
		answer_msm,
		answer_etnaviv,
	};

	if (request == DRM_IOCTL_VERSION)
		return tell_version(fd, arg);
	if (request == DRM_IOCTL_GEM_CLOSE)
		return destroy(((struct drm_gem_close *)arg)->handle);
	return by_driver[drivers[fd]](request, arg);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int r;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd < 0 || fd >= MAX_FDS || !is_device[fd])
		return (int)syscall(SYS_ioctl, fd, request, arg);

	calls++;
	syscall(SYS_ioctl, fd, FIOCLEX, NULL);
	r = answer(fd, request, arg);
	if (!r)
		return 0;
	errno = -r;
	return -1;
}
