// SPDX-License-Identifier: MIT
/* canary FAULT: does what a sanitizer or valgrind has to stop, or they are not at work. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What compilers cannot look through. */
static void *volatile hidden;
static volatile int32_t large = INT32_MAX;
static volatile size_t length = 16;

static void overflow(void)
{
	volatile char *bytes = hidden = malloc(length);

	bytes[length] = 1;
	free(hidden);
}

static void leak(void)
{
	hidden = malloc(length);
	hidden = NULL;
}

static void undefined(void)
{
	large = large + 1;
}

static void uninitialised(void)
{
	volatile char *bytes = hidden = malloc(length);

	puts(bytes[3] ? "one" : "zero");
	free(hidden);
}

static void *write_unlocked(void *arg)
{
	*(int32_t *)arg = 1;
	return NULL;
}

static void race(void)
{
	static int32_t shared;
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++) {
		if (pthread_create(&threads[i], NULL, write_unlocked, &shared))
			abort();
	}
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} faults[] = {
		{ "overflow", overflow },
		{ "leak", leak },
		{ "undefined", undefined },
		{ "uninitialised", uninitialised },
		{ "race", race },
	};

	for (size_t i = 0; argc == 2 && i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!strcmp(argv[1], faults[i].name)) {
			faults[i].run();
			return 0;
		}
	}
	fputs("usage: canary overflow|leak|undefined|uninitialised|race\n", stderr);
	return 2;
}
