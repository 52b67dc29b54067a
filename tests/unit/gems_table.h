/* SPDX-License-Identifier: MIT */
/* Builds `gems` tables as kernels print them, and reads them from memory. */
#ifndef GEMS_TABLE_H
#define GEMS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "panthor.h"
#include "transport.h"

struct gems_table {
	char *text;
	size_t len;
	size_t capacity;
	/* Added up over the rows, for the footer. */
	uint64_t size;
	uint64_t resident;
	uint64_t reclaimable;
};

void table_add(struct gems_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void table_add_bytes(struct gems_table *table, const char *bytes, size_t len);

/* In the newest layout; a row's label is raw, as upstream prints it. */
void table_head(struct gems_table *table);
void table_row(struct gems_table *table, const char *creator, uint64_t size, uint64_t resident,
	       const char *label);
void table_footer(struct gems_table *table);
void table_free(struct gems_table *table);

/* A stream over memory; read() gives at most @chunk bytes and fails when it gets to @fail_at. */
struct memory_stream {
	struct panthor_transport io;
	const char *text;
	size_t len;
	size_t pos;
	size_t chunk;
	size_t fail_at;
	int error;
};

void memory_stream_init(struct memory_stream *stream, const char *text, size_t len);
struct panthor_gems *memory_stream_open(struct memory_stream *stream);

/* Reads all of a table and returns what the last panthor_gems_next() did. */
int read_table(const char *text, size_t len, struct panthor_gems_summary *ret_summary);

/* The verdict on a table that can be read. */
enum panthor_gems_integrity table_verdict(const struct gems_table *table, uint64_t rows);

#endif
