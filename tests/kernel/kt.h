/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tests share: raw ioctls, memory with known contents, debugfs, leak checks.
 *
 * The tests know nothing of the library: what they see is what the kernel answers. Wrappers return
 * 0 or a negative errno and never retry; those that return a handle or a pointer assert success.
 * The programs expect root, debugfs and a panthor device that nobody else uses.
 */
#ifndef KT_H
#define KT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <drm.h>
#include <panthor_drm.h>

#define KT_PAGE	      4096ull
#define KT_MIB	      (1ull << 20)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* An address no process has, and one of the kernel's. */
#define KT_BAD_PTR    0x10ull
#define KT_KERNEL_PTR 0xffff888000000000ull

/*
 * Programs (kt_run.c)
 */

/* State of every test: a fresh render node file. What a test leaves open or mapped is closed. */
struct kt {
	int fd;
};

#define kt_test(f) cmocka_unit_test_setup_teardown(f, kt_setup, kt_teardown)
/* The last entry of every table: no BO, no module reference, no memory left behind. */
#define kt_no_leaks() cmocka_unit_test(kt_test_no_leaks)
#define kt_main(tests)                                            \
	int main(void)                                            \
	{                                                         \
		kt_begin();                                       \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

void kt_begin(void);
int kt_setup(void **state);
int kt_teardown(void **state);
void kt_test_no_leaks(void **state);

/* One row of a table: says what differs, lets the other rows run. */
void kt_expect(const char *what, int got, int want);
/* The same with two acceptable answers. */
void kt_expect_either(const char *what, int got, int want, int or_want);
/* Ends a table: fails the test if a row did. */
void kt_all_expected(void);

/* Waits up to 20 s for an event that has no file to poll; false: it did not come. */
bool kt_wait(bool (*event)(void *), void *arg);

/* What a thread of this process does, as in /proc: 'S' and 'D' wait. 0: it is gone. */
char kt_thread_state(pid_t tid);

/* How many times slower than the usual kernel this one is; for the number of rounds. */
int kt_slowdown(void);

/*
 * Devices and ioctls (kt_ioctl.c)
 */

int kt_ioctl(int fd, unsigned long request, void *arg);
/* A node of the driver of that DRM name, render or primary; -ENOENT. */
int kt_open(const char *driver, bool render);
/* As kt_open(), name of the node into @path. */
int kt_find_node(const char *driver, bool render, char *path, size_t size);

int kt_vm_create(int fd, uint64_t range, uint32_t *id);
uint32_t kt_vm(int fd);
int kt_vm_destroy(int fd, uint32_t id);
int kt_vm_state(int fd, uint32_t id, uint32_t *state);
/* @done: ops.count after the call; may be NULL. */
int kt_bind(int fd, uint32_t vm, const struct drm_panthor_vm_bind_op *ops, uint32_t count,
	    uint32_t *done);
int kt_vm_map(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t bo_offset, uint64_t size);
int kt_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size);

int kt_bo_create(int fd, uint64_t size, uint32_t flags, uint32_t vm, uint32_t *handle);
uint32_t kt_bo(int fd, uint64_t size);
int kt_bo_close(int fd, uint32_t handle);
int kt_bo_offset(int fd, uint32_t handle, uint64_t *offset);
int kt_bo_label(int fd, uint32_t handle, const char *label);
int kt_bo_sync(int fd, uint32_t handle, uint32_t type, uint64_t offset, uint64_t size);
int kt_bo_info(int fd, uint32_t handle, struct drm_panthor_bo_query_info *info);
/* @retained may be NULL. */
int kt_madvise(int fd, uint32_t handle, uint32_t madv, uint32_t *retained);

int kt_export(int fd, uint32_t handle);
int kt_import(int fd, int dmabuf, uint32_t *handle);
/* A dma-buf of @size zero bytes that is not panthor's memory; -ENOENT without such a device. */
int kt_udmabuf(size_t size);
int kt_heap_dmabuf(size_t size);
int kt_vgem_dmabuf(size_t size);

/*
 * Memory (kt_mem.c)
 */

/* Shared, writable map of the whole BO, removed by kt_teardown() if kt_unmap() was not called. */
void *kt_map(int fd, uint32_t handle, size_t size);
/* mmap() of @size at @offset that may fail: MAP_FAILED is @errno. */
int kt_mmap(int fd, uint64_t offset, size_t size, int prot, int flags, void **ptr);
void kt_unmap(void *ptr, size_t size);

/* Contents that differ in every word of every page and seed. */
void kt_fill(void *ptr, size_t size, uint64_t seed);
/* Words that are not what kt_fill() wrote; size/8 when the memory cannot be read. */
size_t kt_wrong(const void *ptr, size_t size, uint64_t seed);
/* Words that are not zero. */
size_t kt_nonzero(const void *ptr, size_t size);
/* One access; returns 0 or the signal it raised. */
int kt_peek(const void *ptr, uint64_t *ret_value);
int kt_poke(void *ptr, uint64_t value);
/* Pseudo-random numbers, the same on every run. */
uint64_t kt_rand(uint64_t *seed);

/* A labelled BO filled with contents and not mapped any more: the easiest prey there is. */
uint32_t kt_filled_bo(int fd, const char *label, size_t size, uint64_t seed);
/* The same with cached mappings: it has pages, and nothing yet that the device needs (no sgt). */
uint32_t kt_cached_bo(int fd, const char *label, size_t size, uint64_t seed);
/* Maps, checks and unmaps it. */
void kt_assert_contents(int fd, uint32_t handle, size_t size, uint64_t seed);
void kt_assert_zeroes(int fd, uint32_t handle, size_t size);

/*
 * debugfs and /proc (kt_debugfs.c, kt_gems.c)
 */

/* A row of `gems`; the label is unescaped. */
struct kt_gem {
	char comm[64];
	int tgid;
	int name;
	unsigned int refcount;
	unsigned int evictions;
	uint64_t size;
	uint64_t resident;
	uint64_t offset;
	unsigned int state;
	unsigned int usage;
	char label[4096];
};

#define KT_GEM_IMPORTED 1u
#define KT_GEM_EXPORTED 2u
#define KT_GEM_EVICTED	4u
#define KT_GEM_KERNEL	1u

/* The whole table. Rows of the kernel's own BOs are only counted. */
struct kt_gems {
	struct kt_gem *rows;
	size_t count;
	size_t kernel_rows;
	uint64_t sum_size;
	uint64_t sum_resident;
	uint64_t total_size;
	uint64_t total_resident;
	uint64_t total_reclaimable;
};

/* Reads and parses strictly: any deviation from the format fails the test with the line. */
void kt_gems_read(struct kt_gems *gems);
void kt_gems_free(struct kt_gems *gems);
/* The row with that label; false: none. */
bool kt_gem(const char *label, struct kt_gem *row);
/* The same row must exist. */
struct kt_gem kt_gem_get(const char *label);
/* Waits until the BO with that label is gone: the kernel may free it from a work item. */
bool kt_gem_gone(const char *label);

/* Opens a debugfs file of the device. */
int kt_debugfs_open(const char *name, int flags);
/* The whole file, NUL-terminated, to be freed; @size may be NULL. */
char *kt_read_file(const char *path, size_t *size);
char *kt_debugfs_read(const char *name, size_t *size);
/* Scans that many pages and returns how many were freed. */
uint64_t kt_shrink(uint64_t pages);
/* Scans until nothing more is freed. */
uint64_t kt_shrink_all(void);
/* One key of `reclaim`. */
uint64_t kt_reclaim(const char *key);
/* "key: value" of /proc/meminfo in bytes. */
uint64_t kt_meminfo(const char *key);
/* A key of /proc/self/fdinfo/@fd in bytes; false: not there. */
bool kt_fdinfo(int fd, const char *key, uint64_t *ret_bytes);
bool kt_write_file(const char *path, const char *text);

#endif
