/* SPDX-License-Identifier: MIT */
/*
 * Quantities as people write and read them.
 */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT 24 /* room for any of the units_show_*() */

/**
 * units_parse_u64 - a plain number, decimal or 0x hexadecimal
 *
 * Errors, here and below: -EINVAL not such a quantity; -ERANGE it does not fit. Nothing may precede
 * or follow the number, not even a sign or a space.
 */
int units_parse_u64(const char *text, uint64_t *ret_value);

/** units_parse_size - bytes, with an optional suffix K, M, G or T (powers of 1024) */
int units_parse_size(const char *text, uint64_t *ret_bytes);

/**
 * struct units_total - an amount of memory, absolute or relative to the machine's RAM
 * @bytes: the amount, when @ram_milli is 0
 * @ram_milli: thousandths of the RAM
 */
struct units_total {
	uint64_t bytes;
	uint32_t ram_milli;
};

/** units_parse_total - a size as above, or "2x", "1.5x": times the RAM */
int units_parse_total(const char *text, struct units_total *ret_total);

/** units_total_bytes - resolve against @ram bytes of RAM; UINT64_MAX when it does not fit */
uint64_t units_total_bytes(const struct units_total *total, uint64_t ram);

/** units_parse_percent - 0 to 100, an optional % sign */
int units_parse_percent(const char *text, uint32_t *ret_percent);

/** units_parse_seconds - a duration in seconds, or with suffix s, m or h */
int units_parse_seconds(const char *text, uint64_t *ret_seconds);

/** units_show_bytes - "17 B", "1.5 KiB", "512.0 MiB" */
void units_show_bytes(char out[UNITS_TEXT], uint64_t bytes);

/** units_show_ns - "850 ns", "12.3 us", "4.7 ms", "1.2 s" */
void units_show_ns(char out[UNITS_TEXT], uint64_t ns);

#endif
