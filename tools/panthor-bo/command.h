/* SPDX-License-Identifier: MIT */
/*
 * The command table: what the subcommands are called, which options they take, and how both are
 * parsed and explained. --help, the manual's test and the completion's test all follow from it.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>
#include <stdint.h>

/* Exit codes, the same for every command; see the manual. */
enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* it failed, or a threshold was not met */
	STATUS_USAGE = 2,
	STATUS_CORRUPT = 3, /* data was lost or changed */
	STATUS_UNTRUSTED = 4, /* it ran, but the numbers are not to be trusted */
	STATUS_UNSUPPORTED = 77, /* this machine cannot do it */
};

#define OPTION_MAX_SIZES 16

/* A list of sizes, as "--bo-size 64K,1M" gives it. */
struct option_sizes {
	uint64_t bytes[OPTION_MAX_SIZES];
	size_t count;
};

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_STRING, /* const char * */
	OPTION_CHOICE, /* unsigned int, an index into choices */
	OPTION_U64, /* uint64_t */
	OPTION_COUNT, /* uint64_t, at least 1 */
	OPTION_PERCENT, /* uint32_t */
	OPTION_SECONDS, /* uint64_t */
	OPTION_TOTAL, /* struct units_total */
	OPTION_SIZES, /* struct option_sizes */
};

struct option {
	const char *name; /* without the dashes */
	const char *arg; /* name of its argument, NULL for a flag */
	const char *help; /* one line */
	enum option_kind kind;
	size_t offset; /* of the value in the command's options */
	const char *const *choices; /* OPTION_CHOICE, NULL-terminated */
};

struct command {
	const char *name;
	const char *summary; /* one line */
	const struct option *options;
	size_t n_options;
	int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_info;
extern const struct command command_gems;
extern const struct command command_stress;

#define OPTIONS_HELP 1

/**
 * options_parse - fill a command's options from its arguments
 * @values: what struct option.offset points into, holding the defaults
 * @ret_error: text for the user on -EINVAL, @size bytes
 *
 * Takes "--name value" and "--name=value"; names are not abbreviated and nothing but options is
 * accepted. Returns 0, OPTIONS_HELP when help is asked for, or -EINVAL.
 */
int options_parse(const struct command *command, int argc, char **argv, void *values,
		  char *ret_error, size_t size);

/** command_help - explain one command on stdout */
void command_help(const struct command *command);

#endif
