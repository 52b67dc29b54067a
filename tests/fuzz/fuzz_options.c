// SPDX-License-Identifier: MIT
/*
 * The command line: each line of the input is an argument. What is taken is printed as arguments
 * that say the same; what is refused leaves a reason.
 */
#include <errno.h>
#include <stdarg.h>

#include "command.h"
#include "fuzz.h"
#include "text.h"
#include "units.h"

#define MAX_ARGS 64

struct values {
	bool flag;
	const char *string;
	unsigned int choice;
	uint64_t number;
	uint64_t count;
	uint32_t percent;
	uint64_t seconds;
	struct units_total total;
	struct option_sizes sizes;
};

static const char *const choices[] = { "first", "second", "third", NULL };

#define AT(member) offsetof(struct values, member)

static const struct option options[] = {
	{ "flag", NULL, "", OPTION_FLAG, AT(flag), NULL },
	{ "string", "S", "", OPTION_STRING, AT(string), NULL },
	{ "choice", "C", "", OPTION_CHOICE, AT(choice), choices },
	{ "number", "N", "", OPTION_U64, AT(number), NULL },
	{ "count", "N", "", OPTION_COUNT, AT(count), NULL },
	{ "percent", "P", "", OPTION_PERCENT, AT(percent), NULL },
	{ "seconds", "S", "", OPTION_SECONDS, AT(seconds), NULL },
	{ "total", "T", "", OPTION_TOTAL, AT(total), NULL },
	{ "sizes", "L", "", OPTION_SIZES, AT(sizes), NULL },
};

static const struct command command = {
	.name = "fuzz",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
};

static const struct values defaults = { .string = "", .count = 1, .total.bytes = 1 };

static void check_limits(const struct values *values)
{
	fuzz_check(values->choice < 3);
	fuzz_check(values->count >= 1);
	fuzz_check(values->percent <= 100);
	fuzz_check(values->seconds <= 365ull * 86400);
	fuzz_check(!values->total.bytes != !values->total.ram_milli);
	fuzz_check(values->total.ram_milli < 1001000);
	fuzz_check(values->sizes.count <= OPTION_MAX_SIZES);
	for (size_t i = 0; i < values->sizes.count; i++)
		fuzz_check(values->sizes.bytes[i]);
}

struct args {
	char *arg[MAX_ARGS];
	int count;
};

__attribute__((format(printf, 2, 3)))
static void add_arg(struct args *args, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fuzz_check(vasprintf(&args->arg[args->count++], format, list) >= 0);
	va_end(list);
}

static void free_args(struct args *args)
{
	for (int i = 0; i < args->count; i++)
		free(args->arg[i]);
}

static void print_sizes(struct args *args, const struct option_sizes *sizes)
{
	char list[OPTION_MAX_SIZES * 24] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizes->count; i++)
		len += (size_t)sprintf(list + len, "%s%llu", i ? "," : "",
				       (unsigned long long)sizes->bytes[i]);
	if (sizes->count)
		add_arg(args, "--sizes=%s", list);
}

static void print_values(struct args *args, const struct values *values)
{
	if (values->flag)
		add_arg(args, "--flag");
	add_arg(args, "--string");
	add_arg(args, "%s", values->string);
	add_arg(args, "--choice=%s", choices[values->choice]);
	add_arg(args, "--number=0x%llx", (unsigned long long)values->number);
	add_arg(args, "--count");
	add_arg(args, "%llu", (unsigned long long)values->count);
	add_arg(args, "--percent=%u%%", values->percent);
	add_arg(args, "--seconds=%llus", (unsigned long long)values->seconds);
	if (values->total.ram_milli)
		add_arg(args, "--total=%u.%03ux", values->total.ram_milli / 1000,
			values->total.ram_milli % 1000);
	else
		add_arg(args, "--total=%llu", (unsigned long long)values->total.bytes);
	print_sizes(args, &values->sizes);
}

static void expect_same(const struct values *a, const struct values *b)
{
	fuzz_check(a->flag == b->flag);
	fuzz_check(!strcmp(a->string, b->string));
	fuzz_check(a->choice == b->choice);
	fuzz_check(a->number == b->number);
	fuzz_check(a->count == b->count);
	fuzz_check(a->percent == b->percent);
	fuzz_check(a->seconds == b->seconds);
	fuzz_check(a->total.bytes == b->total.bytes);
	fuzz_check(a->total.ram_milli == b->total.ram_milli);
	fuzz_check(a->sizes.count == b->sizes.count);
	fuzz_check(!memcmp(a->sizes.bytes, b->sizes.bytes,
			   a->sizes.count * sizeof(a->sizes.bytes[0])));
}

static void expect_round_trip(const struct values *values)
{
	struct args args = { .count = 0 };
	struct values again = defaults;
	char error[64] = "";

	print_values(&args, values);
	fuzz_check(!options_parse(&command, args.count, args.arg, &again, error, sizeof(error)));
	expect_same(values, &again);
	free_args(&args);
}

/* Each argument in memory of its own, so that an access beyond it is seen. */
static void split(const uint8_t *data, size_t size, struct args *args)
{
	while (size && args->count < MAX_ARGS) {
		const uint8_t *nl = memchr(data, '\n', size);
		size_t len = nl ? (size_t)(nl - data) : size;

		args->arg[args->count++] = fuzz_string(data, len);
		len += !!nl;
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t room = 1 + size % 64;
	char *error = calloc(1, room);
	struct args args = { .count = 0 };
	struct values values = defaults;
	int r;

	fuzz_check(error);
	split(data, size, &args);
	r = options_parse(&command, args.count, args.arg, &values, error, room);
	check_limits(&values);
	if (!r)
		expect_round_trip(&values);
	else
		fuzz_check(r == OPTIONS_HELP || (r == -EINVAL && (error[0] || room == 1)));
	free_args(&args);
	free(error);
	return 0;
}
