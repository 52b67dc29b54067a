/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer of the ioctls, maps and files of panthor: it knows what a call looks like, keeps what it
 * was given back, and bends some of it.
 *
 * A run is a number of steps of one or more workers, each step one call or a few that belong
 * together. What a step does follows from the seed, the worker and the number of the step alone,
 * and from the objects that are there; so a step that is left out changes the others only by what
 * it would have made. With one worker the whole sequence is the same every time. Tables hold
 * objects in slots, and choices are made among slots, not among values.
 */
#ifndef FZ_H
#define FZ_H

#include <pthread.h>

#include "kt.h"

/* Newer than some headers. */
#ifndef DRM_IOCTL_SET_CLIENT_NAME
struct drm_set_client_name {
	__u64 name_len;
	__u64 name;
};
#define DRM_IOCTL_SET_CLIENT_NAME DRM_IOWR(0xD1, struct drm_set_client_name)
#endif

#define FZ_FILES       4
#define FZ_SHARED      2 /* The first of them, one render and one primary node, are everybody's. */
#define FZ_SLOTS       48
#define FZ_BINDS       8
#define FZ_DMABUFS     6
#define FZ_MAPS	       16
#define FZ_MAP_BYTES   (8 * KT_MIB)
#define FZ_MAX_WORKERS 32
#define FZ_FINDINGS    16
#define FZ_ERRNOS      256

/* What has handles. */
enum fz_kind {
	FZ_BO,
	FZ_VM,
	FZ_GROUP,
	FZ_HEAP,
	FZ_SYNCOBJ,
	FZ_KINDS,
};

/* Calls, in the order of fz_ioctls[]. */
enum fz_id {
	FZ_DEV_QUERY,
	FZ_VM_CREATE,
	FZ_VM_DESTROY,
	FZ_VM_BIND,
	FZ_VM_GET_STATE,
	FZ_BO_CREATE,
	FZ_BO_MMAP_OFFSET,
	FZ_GROUP_CREATE,
	FZ_GROUP_DESTROY,
	FZ_GROUP_SUBMIT,
	FZ_GROUP_GET_STATE,
	FZ_TILER_HEAP_CREATE,
	FZ_TILER_HEAP_DESTROY,
	FZ_BO_SET_LABEL,
	FZ_SET_USER_MMIO_OFFSET,
	FZ_BO_SYNC,
	FZ_BO_QUERY_INFO,
	FZ_BO_MADVISE,
	FZ_GEM_CLOSE,
	FZ_GEM_FLINK,
	FZ_GEM_OPEN,
	FZ_PRIME_HANDLE_TO_FD,
	FZ_PRIME_FD_TO_HANDLE,
	FZ_SYNCOBJ_CREATE,
	FZ_SYNCOBJ_DESTROY,
	FZ_SYNCOBJ_HANDLE_TO_FD,
	FZ_SYNCOBJ_FD_TO_HANDLE,
	FZ_SYNCOBJ_WAIT,
	FZ_SYNCOBJ_RESET,
	FZ_SYNCOBJ_SIGNAL,
	FZ_SYNCOBJ_TIMELINE_WAIT,
	FZ_SYNCOBJ_QUERY,
	FZ_SYNCOBJ_TRANSFER,
	FZ_SYNCOBJ_TIMELINE_SIGNAL,
	FZ_VERSION,
	FZ_GET_CAP,
	FZ_SET_CLIENT_NAME,
	FZ_NO_SUCH_CALL,
	FZ_MMAP,
	FZ_DMABUF_SYNC,
	FZ_DMABUF_EXPORT_FENCES,
	FZ_DMABUF_IMPORT_FENCE,
	FZ_IOCTLS,
};

/*
 * Shapes (fz_shapes.c)
 */

struct fz_shape;

/*
 * A member of a structure
 * @keep: never bent
 * @elements: it is a drm_panthor_obj_array of those
 */
struct fz_field {
	const char *name;
	unsigned int offset;
	unsigned int size;
	bool keep;
	const struct fz_shape *elements;
};

struct fz_shape {
	unsigned int size;
	unsigned int count;
	const struct fz_field *fields;
};

/*
 * @errnos: what the call is documented to fail with, up to a 0; apart from EFAULT and ENOMEM, which
 *          all of them may
 */
struct fz_ioctl {
	const char *name;
	unsigned long request;
	const struct fz_shape *shape;
	int errnos[6];
};

extern const struct fz_ioctl fz_ioctls[FZ_IOCTLS];
extern const struct fz_shape fz_bind_op_shape, fz_sync_op_shape, fz_queue_create_shape,
	fz_queue_submit_shape, fz_bo_sync_op_shape;

/*
 * State
 */

struct fz_options {
	uint64_t seed;
	uint64_t calls;
	uint64_t check;
	uint64_t unplug;
	unsigned int procs;
	unsigned int threads;
	bool print;
	const char *only;
};

/*
 * @results: of one call: [0] is success, [e] that errno
 * @children: made, and killed
 * @stuck: jobs submitted that a child has behind one that does not end
 */
struct fz_stats {
	uint64_t results[FZ_IOCTLS][FZ_ERRNOS];
	uint64_t reopened;
	uint64_t children;
	uint64_t stuck;
};

/* A result that no documentation has. */
struct fz_finding {
	unsigned int worker;
	uint64_t step;
	enum fz_id id;
	long result;
};

/* A part of a VM that a BO was bound to, whether or not it still is. */
struct fz_bound {
	uint64_t va;
	uint64_t size;
};

/*
 * Objects of one file. Those of a shared file are changed by all workers at once: handles in one
 * go, so that none is lost; else a stale value is as good as any.
 * @group_vm: slot of the VM of the group in that slot
 * @group_queues: queues that it was made with, or none
 */
struct fz_table {
	uint32_t handle[FZ_KINDS][FZ_SLOTS];
	uint64_t bo_size[FZ_SLOTS];
	uint32_t group_vm[FZ_SLOTS];
	uint32_t group_queues[FZ_SLOTS];
	struct fz_bound bound[FZ_SLOTS][FZ_BINDS];
};

struct fz_file {
	int fd;
	bool primary;
	struct fz_table *table;
};

/* Maps of one process, in a part of its address space that nothing else uses. */
struct fz_maps {
	uint8_t *base;
	size_t size[FZ_MAPS];
};

/* What all processes share. */
struct fz_world {
	struct fz_options options;
	struct fz_table shared[FZ_SHARED];
	struct fz_file files[FZ_SHARED];
	uint64_t digest[FZ_MAX_WORKERS];
	/* The second half is that of the workers' children. */
	struct fz_stats stats[2 * FZ_MAX_WORKERS];
	/* How long they ran, never 0. */
	uint64_t milliseconds;
	unsigned int finding_count;
	struct fz_finding findings[FZ_FINDINGS];
	/* Held by who takes the device away, and by who opens something of it. */
	pthread_mutex_t device_lock;
	/* How often it was taken away; grows before it happens. */
	unsigned int unplugs;
	/* Number of a device, the highest that one had. */
	unsigned int highest;
	/* Process that has the shared files since then, and its descriptors. */
	pid_t holder;
	int held[FZ_SHARED];
	/* Where dma-bufs are sent and received. */
	int mail[2];
	/* Steps that the worker's child has done. */
	unsigned int child_progress[FZ_MAX_WORKERS];
	/* Workers say here that they have done as many steps as between two checks. */
	int progress[2];
	/* A worker that is alone waits here until the check is done. */
	int go_on[2];
};

/*
 * One thread of one process.
 * @rng: of the current step
 * @file: of the current step
 * @child: a process that a worker made for a while; it makes none itself
 * @alone: nobody runs at the same time, so that everything has to be repeatable
 * @unplugs: as in fz_world, when it opened its files
 */
struct fz_worker {
	struct fz_world *world;
	struct fz_stats *stats;
	unsigned int index;
	uint64_t step;
	uint64_t rng;
	uint64_t digest;
	bool child;
	bool alone;
	unsigned int unplugs;
	struct fz_file files[FZ_FILES];
	struct fz_file *file;
	struct fz_table own[FZ_FILES - FZ_SHARED];
	struct fz_maps *maps;
	int dmabuf[FZ_DMABUFS];
	int syncobj_fd;
	uint32_t flink;
	int vgem;
	int shrink;
	/* User memory (fz_user.c) */
	int memfd;
	uint8_t *memory;
	size_t used;
};

/* Something that a worker can do, and how often it does. */
struct fz_step {
	void (*run)(struct fz_worker *w);
	unsigned int weight;
};

extern const struct fz_step fz_bo_steps[], fz_map_steps[], fz_vm_steps[], fz_gpu_steps[],
	fz_prime_steps[], fz_sync_steps[], fz_misc_steps[];

/* Those that a child begins with, in the current file. */
void fz_make_bo(struct fz_worker *w);
void fz_make_vm(struct fz_worker *w);
void fz_make_group(struct fz_worker *w);
void fz_make_syncobj(struct fz_worker *w);
void fz_bind_some(struct fz_worker *w);
void fz_bind_later(struct fz_worker *w);
void fz_map_some(struct fz_worker *w);
void fz_touch_some(struct fz_worker *w);
void fz_run_some(struct fz_worker *w);

/*
 * Choices (fz_choose.c)
 */

uint64_t fz_below(struct fz_worker *w, uint64_t n);
bool fz_one_in(struct fz_worker *w, unsigned int n);
/* A number at or around a limit, or any. */
uint64_t fz_number(struct fz_worker *w);
/* Small ones are likelier, by powers of two up to 2^@bits - 1. */
uint64_t fz_small(struct fz_worker *w, unsigned int bits);
/* A handle of that kind, mostly of an object that exists; @slot is the slot or FZ_SLOTS. */
uint32_t fz_pick(struct fz_worker *w, enum fz_kind kind, unsigned int *slot);
/* Puts a new object in a slot; what was there is destroyed. */
unsigned int fz_keep(struct fz_worker *w, enum fz_kind kind, uint32_t handle);
/*
 * The same for a BO; false: one that is too large was closed again, for the first access would take
 * all memory, and the other processes' lives.
 */
bool fz_keep_bo(struct fz_worker *w, uint32_t handle, uint64_t size);
/*
 * A BO of that size is about to be made: one that is too large is not made in a shared file, where
 * others, who have stale handles, would meet it before it is closed.
 */
void fz_beware(struct fz_worker *w, uint64_t size);
/* The object in that slot was destroyed; at times the slot keeps its handle. */
void fz_forget(struct fz_worker *w, enum fz_kind kind, unsigned int slot, uint32_t handle);
int fz_destroy(struct fz_worker *w, enum fz_kind kind, uint32_t handle);

/*
 * Calls (fz_call.c, fz_print.c)
 */

/* Does the call, some of it bent; 0 or a negative errno. Another result is a finding. */
int fz_call(struct fz_worker *w, enum fz_id id, void *arg);
/* Takes down the result of a call that was done by other means. */
void fz_result(struct fz_worker *w, enum fz_id id, int result);
void fz_finding(struct fz_worker *w, enum fz_id id, long result);
/* Bends a member of a structure, seldom. */
void fz_bend(struct fz_worker *w, const struct fz_shape *shape, void *data);
void fz_print_call(const struct fz_worker *w, const struct fz_ioctl *ioc, unsigned long request,
		   const void *arg);
/* What a step does that is not a call of the device. */
void fz_print_act(const struct fz_worker *w, const char *what, uint64_t number);
void fz_print(const struct fz_worker *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * User memory (fz_user.c)
 */

int fz_user_init(struct fz_worker *w);
/* Address of a copy of @data, seldom of something that can not be read or written. */
uint64_t fz_put(struct fz_worker *w, const void *data, size_t size);
/* The same as an array, with the stride and count that it has, or others. */
struct drm_panthor_obj_array fz_put_array(struct fz_worker *w, const struct fz_shape *shape,
					  void *elements, uint32_t count);
/* A copy by the kernel, which fails where the program would die. */
bool fz_copy(const struct fz_worker *w, void *to, const void *from, size_t size);
/* A page of a BO's map; NULL: there is none. */
void *fz_map_page(struct fz_worker *w);
/* Maps a BO somewhere; NULL when that fails. */
void *fz_map_bo(struct fz_worker *w, uint32_t handle, size_t size);

/* Sync operations, for a call that has an array of them. */
struct drm_panthor_obj_array fz_syncs(struct fz_worker *w);
/* A command stream of at most @words words, for addresses of that VM. Returns its bytes. */
uint32_t fz_stream(struct fz_worker *w, unsigned int vm_slot, uint64_t *words, uint32_t count);
/* One that waits for the memory at @va, where it is itself, to become zero. */
uint32_t fz_stuck_stream(uint64_t va, uint64_t *words, uint32_t count);

/*
 * A worker that is alone waits until what it has started is done (fz_settle.c), or when it is done
 * would decide what the next calls lead to.
 */
void fz_settle_group(struct fz_worker *w, uint32_t group);
void fz_settle_vm(struct fz_worker *w, uint32_t vm);

/*
 * The device, which may not be there (fz_unplug.c)
 */

void fz_device_init(struct fz_world *world);
/* While it is locked it is there. */
void fz_device_lock(struct fz_world *world);
void fz_device_unlock(struct fz_world *world);
/* Whether the worker's files may be of a device that is gone. */
bool fz_device_lost(const struct fz_worker *w);
/* Opens files anew that are lost, some time after they are. */
void fz_follow(struct fz_worker *w);
void fz_unplug(struct fz_worker *w);
/* N of its renderDN; 0: there is no such device. */
unsigned int fz_device_number(const char *driver);

/*
 * Runs (fz_run.c, fz_watch.c, fz_report.c)
 */

/* Does the steps of a worker from @first on. */
void fz_work(struct fz_worker *w, uint64_t first, uint64_t count);
/* Opens what is the worker's own. */
int fz_worker_init(struct fz_worker *w, struct fz_world *world, unsigned int index,
		   struct fz_maps *maps);
/*
 * Runs all workers to their end and checks, meanwhile and then, what must be true. Fails the
 * current test when it is not.
 */
void fz_watch(struct fz_world *world);
/* Between them a run: what it leaves behind fails the test (fz_leaks.c). */
void fz_leaks_begin(struct fz_world *world);
void fz_test_nothing_left(void **state);
/* Prints what was called how often, and with what result. */
void fz_report(const struct fz_world *world);
/* Whether enough calls did something, and every kind of call did at times. */
bool fz_is_worth_it(const struct fz_world *world);
/* Whether "W:FIRST-LAST,W:STEP,..." has that step; NULL has all. */
bool fz_only_has(const char *only, unsigned int worker, uint64_t step);
/* Closes a file of the worker's own, with all that it has, and opens it anew. */
void fz_reopen(struct fz_worker *w, struct fz_file *file);
/* A process that does some steps of its own, until it is killed (fz_child.c). */
void fz_run_child(struct fz_worker *w, uint64_t steps);

#endif
