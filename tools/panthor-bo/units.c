// SPDX-License-Identifier: MIT
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits at the start of @text; strtoull() alone would take signs and spaces too. */
static int parse_digits(const char *text, int base, const char **ret_end, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;
	int saved = errno;
	int range;

	if (base == 16 ? !isxdigit((unsigned char)text[0]) : !isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	range = errno;
	errno = saved;
	if (range)
		return -ERANGE;
	*ret_end = end;
	*ret_value = value;
	return 0;
}

int units_parse_u64(const char *text, uint64_t *ret_value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *end;
	uint64_t value;
	int r = parse_digits(hex ? text + 2 : text, hex ? 16 : 10, &end, &value);

	if (r)
		return r;
	if (*end)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

int units_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char suffixes[] = "KMGT";
	const char *end, *suffix;
	uint64_t value;
	unsigned int shift = 0;
	int r = parse_digits(text, 10, &end, &value);

	if (r)
		return r;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
	}
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret_bytes = value << shift;
	return 0;
}

/* The decimals of "1.25x", as thousandths; more than three digits are refused. */
static int parse_decimals(const char *text, const char **ret_end, uint32_t *ret_milli)
{
	uint32_t milli = 0, weight = 100;

	while (isdigit((unsigned char)*text)) {
		if (!weight)
			return -EINVAL;
		milli += weight * (uint32_t)(*text++ - '0');
		weight /= 10;
	}
	*ret_end = text;
	*ret_milli = milli;
	return 0;
}

int units_parse_total(const char *text, struct units_total *ret_total)
{
	struct units_total total = { 0 };
	const char *end;
	uint64_t whole;
	uint32_t milli = 0;
	size_t len = strlen(text);
	int r;

	if (!len || tolower((unsigned char)text[len - 1]) != 'x') {
		r = units_parse_size(text, &total.bytes);
	} else {
		r = parse_digits(text, 10, &end, &whole);
		if (!r && *end == '.')
			r = parse_decimals(end + 1, &end, &milli);
		if (!r && end != text + len - 1)
			r = -EINVAL;
		if (!r && whole > 1000)
			r = -ERANGE;
		if (!r)
			total.ram_milli = (uint32_t)whole * 1000 + milli;
	}
	if (!r && !total.bytes && !total.ram_milli)
		r = -EINVAL;
	if (!r)
		*ret_total = total;
	return r;
}

uint64_t units_total_bytes(const struct units_total *total, uint64_t ram)
{
	uint64_t bytes;

	if (!total->ram_milli)
		return total->bytes;
	if (__builtin_mul_overflow(ram, (uint64_t)total->ram_milli, &bytes))
		return UINT64_MAX;
	return bytes / 1000;
}

int units_parse_percent(const char *text, uint32_t *ret_percent)
{
	const char *end;
	uint64_t value;
	int r = parse_digits(text, 10, &end, &value);

	if (r)
		return r;
	if (end[0] == '%')
		end++;
	if (*end)
		return -EINVAL;
	if (value > 100)
		return -ERANGE;
	*ret_percent = (uint32_t)value;
	return 0;
}

int units_parse_seconds(const char *text, uint64_t *ret_seconds)
{
	const char *end;
	uint64_t value, unit = 1;
	int r = parse_digits(text, 10, &end, &value);

	if (r)
		return r;
	if (*end) {
		if (!strchr("smh", *end) || end[1])
			return -EINVAL;
		unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
	}
	/* A year: beyond it is a slip, and nanoseconds stay far from overflow. */
	if (value > 365ull * 86400 / unit)
		return -ERANGE;
	*ret_seconds = value * unit;
	return 0;
}

/* @value with one decimal in the largest of @names it reaches, the units @step apart. */
static void show_scaled(char out[UNITS_TEXT], uint64_t value, unsigned int step,
			const char *const *names, size_t n_names)
{
	uint64_t unit = 1;
	size_t i = 0;

	while (i + 1 < n_names && value / unit >= step) {
		unit *= step;
		i++;
	}
	if (i)
		snprintf(out, UNITS_TEXT, "%llu.%llu %s", (unsigned long long)(value / unit),
			 (unsigned long long)(value % unit * 10 / unit), names[i]);
	else
		snprintf(out, UNITS_TEXT, "%llu %s", (unsigned long long)value, names[0]);
}

void units_show_bytes(char out[UNITS_TEXT], uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };

	show_scaled(out, bytes, 1024, names, 5);
}

void units_show_ns(char out[UNITS_TEXT], uint64_t ns)
{
	static const char *const names[] = { "ns", "us", "ms", "s" };

	show_scaled(out, ns, 1000, names, 4);
}
