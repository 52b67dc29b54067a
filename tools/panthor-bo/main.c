// SPDX-License-Identifier: MIT
/*
 * panthor-bo: see, stress and benchmark GPU buffer memory on panthor.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "text.h"

static const struct command *const commands[] = {
	&command_info,
	&command_gems,
	&command_stress,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *file)
{
	fprintf(file, "usage: panthor-bo COMMAND [OPTION...]\n"
		      "       panthor-bo --help | --version\n\ncommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(file, "\n'panthor-bo COMMAND --help' explains one command.\n");
}

static int finish_stdout(void)
{
	return fflush(stdout) ? STATUS_FAILED : STATUS_OK;
}

static int refuse(const char *what, const char *word)
{
	struct sink *sink = sink_new(2);

	if (sink) {
		sink_puts(sink, "panthor-bo: ");
		sink_puts(sink, what);
		sink_puts(sink, " '");
		text_show(sink, word, strlen(word));
		sink_puts(sink, "'; see 'panthor-bo --help'\n");
		sink_free(sink);
	}
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	/* A closed pipe is an error of write(2), so that reports elsewhere are still completed. */
	signal(SIGPIPE, SIG_IGN);

	if (argc < 2) {
		usage(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return finish_stdout();
	}
	if (!strcmp(argv[1], "--version")) {
		printf("panthor-bo %s\n", PANTHOR_BO_VERSION);
		return finish_stdout();
	}
	if (argv[1][0] == '-')
		return refuse("unknown option", argv[1]);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i]->name))
			return commands[i]->run(commands[i], argc - 2, argv + 2);
	}
	return refuse("unknown command", argv[1]);
}
