/* SPDX-License-Identifier: MIT */
/*
 * panthor-bo stress: more BO memory than there is RAM, written, left to reclaim, verified.
 *
 * The parent starts one process per worker and leads them through stages: populate, then round
 * after round. Workers answer over a socket and count in shared memory, so that what one of them
 * did is known even when the kernel kills it.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "histogram.h"
#include "memory.h"
#include "pattern.h"
#include "reclaim.h"
#include "units.h"

struct doc;
struct panthor_device;

/* What was asked for. */
struct stress_options {
	const char *device;
	struct units_total total;
	struct option_sizes bo_sizes;
	uint64_t workers;
	uint64_t rounds; /* 0: not limited by number */
	uint64_t duration_s; /* 0: not limited by time */
	uint64_t seed;
	uint32_t dontneed; /* percent of BOs */
	uint32_t compress; /* percent of each page */
	uint64_t expect_evictions; /* 0: nothing expected */
	uint64_t expect_class_evictions; /* of each of the classes */
	uint64_t expect_purges;
	bool gpu;
	uint64_t vms; /* of each worker; 0: as many as it takes */
	uint32_t shared; /* percent of BOs that two VMs map */
	bool best_effort; /* less memory than asked for is no failure */
	const char *report;
	bool json;
};

enum stress_mismatch_kind {
	STRESS_MISMATCH_CONTENT, /* written data came back changed */
	STRESS_MISMATCH_PURGED, /* a purged BO does not read as zeroes */
};

enum stress_side {
	STRESS_CPU,
	STRESS_GPU,
};

/* The first wrong word a worker saw. */
struct stress_mismatch {
	enum stress_mismatch_kind kind;
	enum stress_side side; /* that found it; the GPU reads words of 32 bits */
	uint32_t worker;
	uint32_t bo;
	uint32_t generation;
	uint32_t round;
	uint64_t when_ns;
	struct pattern_mismatch where;
};

/* What its GPU side did. */
struct stress_gpu_counts {
	uint64_t held_bytes; /* live now: BOs for the streams, which are not part of the load */
	uint64_t binds; /* BOs mapped into a VM, once for each VM */
	uint64_t unbinds;
	uint64_t bind_failures; /* for want of memory */
	uint64_t jobs;
	uint64_t submit_failures; /* for want of memory */
	uint64_t faults;
	uint64_t timeouts;
	uint64_t written_bytes;
	uint64_t verified_words; /* of 32 bits */
	uint64_t mismatched_words;
};

/* One worker's counts, written by it alone. */
struct stress_counts {
	uint64_t bos; /* live now */
	uint64_t live_bytes;
	uint64_t written_bytes;
	uint64_t verified_bytes;

	/* Seen from userspace: what had left memory by the time it was wanted again. */
	uint64_t refaulted_bos;
	uint64_t refaulted_bytes;

	uint64_t advised_bos; /* DONTNEED */
	uint64_t retained_bos; /* of them, still there at WILLNEED */
	uint64_t purged_bos;
	uint64_t purged_bytes;

	uint64_t create_failures;
	uint64_t map_failures;
	uint64_t touch_failures; /* SIGBUS */

	uint64_t mismatched_words; /* as the CPU reads them */
	uint64_t mismatched_bos; /* by either side */
	struct stress_mismatch first;

	struct stress_gpu_counts gpu;
	struct histogram refault_ns;
};

struct stress_worker {
	struct stress_counts counts;
	_Atomic uint64_t done_bytes; /* of this stage; read by the parent while it grows */
	int error; /* a positive errno that ended the worker */
	char doing[64]; /* what it was at then */
};

/* Shared by parent and workers. */
struct stress_shared {
	_Atomic bool stop; /* leave the stage at the next BO */
	_Atomic bool full; /* memory is used up: populate no further */
	struct stress_worker workers[];
};

/* Stages, as the parent names them over the socket. */
#define STRESS_POPULATE 'p'
#define STRESS_ROUND 'r'

/* What a worker works with. Opening the device is the caller's choice, for tests. */
struct stress_job {
	const struct stress_options *options;
	struct stress_shared *shared;
	uint32_t index;
	uint64_t share_bytes; /* this worker's part of the total */
	bool have_swap;
	int (*open_device)(const char *path, struct panthor_device **ret_dev);
};

/**
 * stress_work - be worker @job->index until the socket @fd closes
 *
 * Returns 0, or a negative errno that is also in the shared memory.
 */
int stress_work(const struct stress_job *job, int fd);

/* Live BOs by the kernel's own table, taken while the workers hold them. */
struct stress_gems {
	bool have;
	uint64_t rows;
	uint64_t sum_size_bytes, sum_resident_bytes;
	uint64_t total_size_bytes, total_resident_bytes, total_reclaimable_bytes;
	int integrity; /* enum panthor_gems_integrity */
	uint64_t own_bos, own_size_bytes, own_resident_bytes;
	uint64_t own_evictions; /* of the BOs that are alive */
	bool has_evictions; /* the table has that column */
};

enum stress_source {
	STRESS_SOURCE_NONE, /* nobody to ask: debugfs is missing or closed */
	STRESS_SOURCE_GEMS, /* evictions of the own BOs, from gems */
	STRESS_SOURCE_RECLAIM, /* the driver's counters */
};

#define STRESS_MAX_REASONS 12
#define STRESS_REASON_SIZE 160

/* What came out. */
struct stress_result {
	struct stress_counts counts; /* of all workers */
	uint64_t ram_bytes; /* what "2x" refers to */
	uint64_t requested_bytes;
	uint64_t page_size;
	bool madvise; /* the kernel has it */
	bool have_swap;

	/* Live at once, all workers waiting: after populating, and at the end. */
	uint64_t populated_bos, populated_bytes;
	uint64_t final_bos, final_bytes;
	/* The same with what else the workers had. */
	uint64_t populated_held_bytes, final_held_bytes;

	uint64_t rounds_done;
	uint64_t populate_ns;
	uint64_t elapsed_ns;
	bool interrupted;
	uint32_t canaries_lost; /* times that the kernel had to kill somebody, and killed those */
	uint32_t workers_lost; /* killed or ended by an error */
	int lost_signal; /* what killed the first of them, or 0 */
	int lost_error; /* what ended the first of them, or 0 */
	char lost_doing[64];

	enum stress_source source;
	struct reclaim_counters reclaim_before, reclaim_after;
	struct memory_counters memory_before, memory_after;
	struct stress_gems gems_populated, gems_final;
	struct swap_device swap[SWAP_MAX_DEVICES]; /* at the end, BOs alive */
	size_t n_swap;

	int status; /* enum exit_status */
	char reasons[STRESS_MAX_REASONS][STRESS_REASON_SIZE];
	size_t n_reasons;
};

/**
 * stress_run - start the workers, lead them, collect
 *
 * Returns 0 when @ret_result says how it went; a negative errno with doc_fail() when nothing could
 * be started.
 */
int stress_run(const struct stress_options *options, struct panthor_device *dev, struct doc *doc,
	       struct stress_result *ret_result);

/** stress_evictions, stress_purges - BOs, by the kernel's counters; false when there are none */
bool stress_evictions(const struct stress_result *result, uint64_t *ret_bos);
bool stress_purges(const struct stress_result *result, uint64_t *ret_bos);

/* What reclaim takes, cheapest first, as counted from RECLAIM_EVICTIONS_UNUSED on. */
enum stress_class {
	STRESS_CLASS_UNUSED,
	STRESS_CLASS_MMAPPED,
	STRESS_CLASS_VM,
	STRESS_CLASS_SHARED,
	STRESS_N_CLASSES,
};

const char *stress_class_name(enum stress_class class);

/** stress_class_evictions - BOs of a class; false when the kernel does not tell */
bool stress_class_evictions(const struct stress_result *result, enum stress_class class,
			    uint64_t *ret_bos);

/** stress_judge - fill in status and reasons */
void stress_judge(const struct stress_options *options, struct stress_result *result);

/** stress_report - all of it */
void stress_report(struct doc *doc, const struct stress_options *options,
		   const struct stress_result *result);

#endif
