/* SPDX-License-Identifier: MIT */
/*
 * The library's cache of BOs beside those that libdrm has for other drivers, freedreno's and
 * etnaviv's. They do the same work in one process, and all of them ask one kernel, which is a table
 * in that process (libdrm_kernel.c): what differs is theirs.
 */
#ifndef BENCH_LIBDRM_H
#define BENCH_LIBDRM_H

#include <stdbool.h>
#include <stdint.h>

#define MIB (1024.0 * 1024.0)

/* What BOs of most cases have: a size that is a class of its own in all caches. */
#define BO_SIZE 65536

/* What has to work for there to be numbers. */
void expect(bool held, const char *what);

/* The kernel. */

enum kernel_driver {
	KERNEL_PANTHOR,
	KERNEL_MSM,
	KERNEL_ETNAVIV,
};

/* A device; ioctl() on any other file reaches the real kernel. */
int kernel_open(enum kernel_driver driver);

/* ioctls on devices so far: of this thread. */
uint64_t kernel_calls(void);

/* BOs that were ever created; bytes of those that are there; bytes of one. */
uint64_t kernel_created(void);
uint64_t kernel_bytes(void);
uint64_t kernel_size(uint32_t handle);

/* The GPU is done with a BO at a point, and has come so far. */
void kernel_use_until(uint32_t handle, uint64_t point);
void kernel_retire(uint64_t point);

/* Takes the contents of all BOs whose owner said DONTNEED. */
void kernel_purge(void);

/* The clocks that caches read stand still but for this; the other one is real. */
void kernel_advance(uint64_t ns);
uint64_t kernel_real_ns(void);

/* Caches: one is open at a time. */

struct cache {
	const char *name;
	bool advises; /* the kernel may take the contents of what is in it */
	void (*open)(void);
	void (*close)(void);
	void *(*get)(uint32_t size, bool other_flags);
	void (*put)(void *bo, uint64_t point); /* at which the GPU is done with it, 0 for now */
	uint32_t (*handle)(void *bo);
	void (*trim)(void); /* NULL: it cannot be told to free anything */
};

extern const struct cache *const caches[];
extern const unsigned int cache_count;

/* Those that others are compared with, and what is no cache: each BO created and closed. */
extern const struct cache cache_keeping, cache_advising, cache_none;

/*
 * The CPU that the library sees this thread on, 0 in the beginning. Asking for it is a system call
 * in emulators only.
 */
void caches_pin(uint32_t cpu);

/* What caches do rather than what it costs: libdrm_behaviour.c. */

struct behaviour {
	double hit_rate; /* of the replay, as the two below */
	double calls_per_get;
	uint64_t most_kept;
	uint64_t kept; /* of 512 MiB put back at once, and after what follows */
	uint64_t kept_after_idling;
	uint64_t kept_after_trim;
	uint64_t kept_after_next;
	bool passes_over_busy;
	bool mixes_flags;
	uint64_t calls_if_purged; /* to get a BO */
};

struct behaviour observe(const struct cache *cache);

void print_behaviour(void);

#endif
