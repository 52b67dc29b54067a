// SPDX-License-Identifier: MIT
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

struct parser {
	const struct command *command;
	void *values;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3)))
static int refuse(const struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->error, parser->error_size, format, args);
	va_end(args);
	return -EINVAL;
}

static const struct option *find_option(const struct command *command, const char *name, size_t len)
{
	for (size_t i = 0; i < command->n_options; i++) {
		const struct option *option = &command->options[i];

		if (strlen(option->name) == len && !memcmp(option->name, name, len))
			return option;
	}
	return NULL;
}

static int parse_sizes(const char *text, struct option_sizes *ret_sizes)
{
	struct option_sizes sizes = { .count = 0 };

	for (;;) {
		size_t len = strcspn(text, ",");
		char one[32];
		int r;

		if (len >= sizeof(one) || sizes.count == OPTION_MAX_SIZES)
			return -EINVAL;
		memcpy(one, text, len);
		one[len] = '\0';
		r = units_parse_size(one, &sizes.bytes[sizes.count]);
		if (r || !sizes.bytes[sizes.count++])
			return r ? r : -EINVAL;
		if (!text[len])
			break;
		text += len + 1;
	}
	*ret_sizes = sizes;
	return 0;
}

static int parse_choice(const struct option *option, const char *text, unsigned int *ret_index)
{
	for (unsigned int i = 0; option->choices[i]; i++) {
		if (!strcmp(option->choices[i], text)) {
			*ret_index = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_count(const char *text, uint64_t *ret_count)
{
	uint64_t count;
	int r = units_parse_u64(text, &count);

	if (!r && !count)
		r = -EINVAL;
	if (!r)
		*ret_count = count;
	return r;
}

static int parse_value(const struct option *option, const char *text, void *value)
{
	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)value = true;
		return 0;
	case OPTION_STRING:
		*(const char **)value = text;
		return 0;
	case OPTION_CHOICE:
		return parse_choice(option, text, value);
	case OPTION_U64:
		return units_parse_u64(text, value);
	case OPTION_COUNT:
		return parse_count(text, value);
	case OPTION_PERCENT:
		return units_parse_percent(text, value);
	case OPTION_SECONDS:
		return units_parse_seconds(text, value);
	case OPTION_TOTAL:
		return units_parse_total(text, value);
	case OPTION_SIZES:
		return parse_sizes(text, value);
	}
	return -EINVAL;
}

/* One option at argv[0]; returns the number of arguments used, or an error. */
static int parse_one(const struct parser *parser, int argc, char **argv)
{
	const char *name = argv[0] + 2;
	const char *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct option *option = find_option(parser->command, name, len);
	int used = 1, r;

	if (!option)
		return refuse(parser, "unknown option '--%.*s'", (int)len, name);
	if (!option->arg && value)
		return refuse(parser, "option '--%s' takes no value", option->name);
	if (option->arg && value) {
		value++;
	} else if (option->arg) {
		if (argc < 2)
			return refuse(parser, "option '--%s' needs a value", option->name);
		value = argv[1];
		used = 2;
	}
	r = parse_value(option, value, (char *)parser->values + option->offset);
	if (r == -ERANGE)
		return refuse(parser, "'%s' is out of range for '--%s'", value, option->name);
	if (r)
		return refuse(parser, "'%s' is no %s for '--%s'", value, option->arg, option->name);
	return used;
}

int options_parse(const struct command *command, int argc, char **argv, void *values,
		  char *ret_error, size_t size)
{
	struct parser parser = { command, values, ret_error, size };

	while (argc) {
		int used;

		if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))
			return OPTIONS_HELP;
		if (strncmp(argv[0], "--", 2))
			return refuse(&parser,
				      argv[0][0] == '-' ? "unknown option '%s'" :
							  "unexpected argument '%s'",
				      argv[0]);
		used = parse_one(&parser, argc, argv);
		if (used < 0)
			return used;
		argc -= used;
		argv += used;
	}
	return 0;
}

static void help_line(const char *name, const char *arg, const char *help)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", name, arg ? " " : "", arg ? arg : "");
	printf("  %-27s %s\n", left, help);
}

void command_help(const struct command *command)
{
	printf("usage: panthor-bo %s [OPTION...]\n\n%s\n\noptions:\n", command->name,
	       command->summary);
	for (size_t i = 0; i < command->n_options; i++)
		help_line(command->options[i].name, command->options[i].arg,
			  command->options[i].help);
	help_line("help", NULL, "show this help and exit");
	printf("\nmanual: panthor-bo-%s(1)\n", command->name);
}
