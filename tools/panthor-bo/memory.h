/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory: RAM, swap, and what memory pressure did to it.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_info {
	uint64_t total_bytes; /* usable RAM, MemTotal */
	uint64_t installed_bytes; /* whole memory blocks online; total_bytes where unknown */
	uint64_t available_bytes;
	uint64_t swap_total_bytes;
	uint64_t swap_free_bytes;
};

/** memory_read - errors: those of reading /proc/meminfo; -EINVAL it makes no sense */
int memory_read(const char *root, struct memory_info *ret_info);

#define SWAP_MAX_DEVICES 8

struct swap_device {
	char name[128];
	char type[16];
	int64_t priority;
	uint64_t size_bytes;
	uint64_t used_bytes;

	/* Compressed memory as swap; the rest is 0 when it is not. */
	bool is_zram;
	char algorithm[32];
	uint64_t original_bytes; /* data stored */
	uint64_t compressed_bytes; /* size of it once compressed */
	uint64_t memory_bytes; /* memory taken for it */
	uint64_t same_pages; /* pages of one repeated word, stored without compression */
};

/** swap_read - swap devices in use; returns their number, 0 also when it cannot be known */
size_t swap_read(const char *root, struct swap_device devices[SWAP_MAX_DEVICES]);

/* Running totals whose differences tell what a run did. */
enum memory_counter {
	MEMORY_PSI_SOME_US, /* time some task waited for memory */
	MEMORY_PSI_FULL_US, /* time all of them did */
	MEMORY_PSWPIN_PAGES,
	MEMORY_PSWPOUT_PAGES,
	MEMORY_OOM_KILLS,
	MEMORY_N_COUNTERS,
};

struct memory_counters {
	uint64_t value[MEMORY_N_COUNTERS];
	uint32_t have; /* bit per counter: this kernel has it */
};

void memory_counters_read(const char *root, struct memory_counters *ret_counters);

#endif
