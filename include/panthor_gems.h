/* SPDX-License-Identifier: MIT */
/* The debugfs table of all BOs, `gems`. Part of panthor.h, whose conventions hold here too. */
#ifndef LIBDRM_PANTHOR_GEMS_H
#define LIBDRM_PANTHOR_GEMS_H

#include "panthor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct panthor_gems;

/* The columns known by name. The file's own header says which there are, and where. */
enum panthor_gems_column {
	PANTHOR_GEMS_CREATED_BY = 0,
	PANTHOR_GEMS_GLOBAL_NAME = 1,
	PANTHOR_GEMS_REFCOUNT = 2,
	PANTHOR_GEMS_EVICTIONS = 3,
	PANTHOR_GEMS_SIZE = 4,
	PANTHOR_GEMS_RESIDENT = 5,
	PANTHOR_GEMS_FILE_OFFSET = 6,
	PANTHOR_GEMS_STATE = 7,
	PANTHOR_GEMS_USAGE = 8,
	PANTHOR_GEMS_LABEL = 9,
};

enum panthor_gems_state {
	PANTHOR_GEMS_STATE_IMPORTED = 1 << 0,
	PANTHOR_GEMS_STATE_EXPORTED = 1 << 1,
	PANTHOR_GEMS_STATE_EVICTED = 1 << 2,
};

enum panthor_gems_usage {
	PANTHOR_GEMS_USAGE_KERNEL = 1 << 0,
	PANTHOR_GEMS_USAGE_FW_MAPPED = 1 << 1,
};

/**
 * struct panthor_gems_row - one BO
 * @columns: bit mask over enum panthor_gems_column of what the file has; the rest reads 0
 * @comm: creator's name, not NUL-terminated, untrusted bytes
 * @comm_len: bytes of it
 * @tgid: creator's process
 * @global_name: flink name, 0 for none
 * @refcount: kernel references
 * @evictions: times its pages were taken
 * @size: bytes
 * @resident: bytes in memory
 * @file_offset: mmap offset
 * @state: enum panthor_gems_state
 * @usage: enum panthor_gems_usage
 * @label: not NUL-terminated, untrusted bytes; may hold line breaks where the kernel prints
 *         labels raw
 * @label_len: bytes of it
 *
 * The text belongs to the reader and is valid until the next panthor_gems_next().
 */
struct panthor_gems_row {
	uint32_t columns;
	const char *comm;
	size_t comm_len;
	int64_t tgid;
	int64_t global_name;
	uint64_t refcount;
	uint64_t evictions;
	uint64_t size;
	uint64_t resident;
	uint64_t file_offset;
	uint32_t state;
	uint32_t usage;
	const char *label;
	size_t label_len;
};

/* Whether a table may be believed. */
enum panthor_gems_integrity {
	PANTHOR_GEMS_OK = 0, /* the footer's sums are those of the rows */
	PANTHOR_GEMS_MISMATCH = 1, /* they are not: a forged row, or BOs changed during the dump */
	PANTHOR_GEMS_TRUNCATED = 2, /* cut inside a row or the footer, or broken rows */
	PANTHOR_GEMS_NO_FOOTER = 3, /* rows are whole but nothing says that they are all */
};

/**
 * struct panthor_gems_summary - what a whole table added up to
 * @rows: rows returned
 * @columns: as in struct panthor_gems_row
 * @sum_size, @sum_resident: bytes, added up over the rows
 * @total_size, @total_resident, @total_reclaimable: bytes, as the footer says; 0 without a footer
 * @integrity: verdict
 */
struct panthor_gems_summary {
	uint64_t rows;
	uint32_t columns;
	uint64_t sum_size;
	uint64_t sum_resident;
	uint64_t total_size;
	uint64_t total_resident;
	uint64_t total_reclaimable;
	enum panthor_gems_integrity integrity;
};

/**
 * panthor_gems_open - read a table: that of a device, or one out of a descriptor
 * @dev: whose; NULL for @fd
 * @fd: a `gems` file, a saved copy, a pipe; stays the caller's and must outlive the reader
 * @ret_gems: the reader, to be closed with panthor_gems_close()
 *
 * A reader is for one thread at a time. Memory does not grow with the number of rows. What is wrong
 * with a descriptor comes out of panthor_gems_next(). Errors: -ENOENT debugfs is not
 * mounted or the driver has no `gems`; -EACCES debugfs is root's; -ENOMEM; whatever else open(2)
 * gives.
 */
int panthor_gems_open(struct panthor_device *dev, int fd, struct panthor_gems **ret_gems);

/** panthor_gems_open_fd - panthor_gems_open() of a descriptor */
static inline int panthor_gems_open_fd(int fd, struct panthor_gems **ret_gems)
{
	return panthor_gems_open(NULL, fd, ret_gems);
}

/** panthor_gems_open_device - panthor_gems_open() of a device */
static inline int panthor_gems_open_device(struct panthor_device *dev,
					   struct panthor_gems **ret_gems)
{
	return panthor_gems_open(dev, -1, ret_gems);
}

/**
 * panthor_gems_next_sized - the next row
 * @ret_row: filled on 1
 * @size: sizeof(*@ret_row), which may be from another version
 *
 * Returns 1 with a row, 0 at the end. The answer of an ended or failed reader stays the same.
 * Errors: -EBADMSG the file has no header that can be read, so no `gems` table; -EFBIG a row longer
 * than any kernel prints; whatever read(2) gives.
 */
int panthor_gems_next_sized(struct panthor_gems *gems, struct panthor_gems_row *ret_row,
			    size_t size);

/** panthor_gems_next - panthor_gems_next_sized() of the size that a row has here */
static inline int panthor_gems_next(struct panthor_gems *gems, struct panthor_gems_row *ret_row)
{
	return panthor_gems_next_sized(gems, ret_row, sizeof(*ret_row));
}

/**
 * panthor_gems_summary_sized - totals and verdict
 * @size: sizeof(*@ret_summary), which may be from another version
 *
 * Errors: -EAGAIN panthor_gems_next() has not come to the end yet; if it failed,
 * those of panthor_gems_next_sized().
 */
int panthor_gems_summary_sized(const struct panthor_gems *gems,
			       struct panthor_gems_summary *ret_summary, size_t size);

/** panthor_gems_summary - panthor_gems_summary_sized() of the size that it has here */
static inline int panthor_gems_summary(const struct panthor_gems *gems,
				       struct panthor_gems_summary *ret_summary)
{
	return panthor_gems_summary_sized(gems, ret_summary, sizeof(*ret_summary));
}

/** panthor_gems_close - free a reader; takes NULL, returns NULL */
struct panthor_gems *panthor_gems_close(struct panthor_gems *gems);

#ifdef __cplusplus
}
#endif

#endif
