/* SPDX-License-Identifier: MIT */
/* What the examples have in common and that is not worth reading twice. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <panthor.h>

/* Exit status where there is no panthor device, as test harnesses know it. */
#define EXIT_NO_DEVICE 77

/* Functions of the library return 0 or a negative errno; a program this small gives up. */
static inline void must(int r, const char *what)
{
	if (r) {
		fprintf(stderr, "%s: %s\n", what, strerror(-r));
		exit(EXIT_FAILURE);
	}
}

/* The device node that the only argument names, or the first there is. May not return. */
static inline struct panthor_device *open_device(int argc, char **argv, const char *about)
{
	struct panthor_device *dev = NULL;
	int r;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		int help = argc == 2 && !strcmp(argv[1], "--help");

		fprintf(help ? stdout : stderr, "usage: %s [DEVICE]\n\n%s\n", argv[0], about);
		exit(help ? EXIT_SUCCESS : 2);
	}
	r = panthor_device_open(argv[1], &dev);
	if (r == -ENOENT || r == -ENOTSUP) {
		fprintf(stderr, "%s: no panthor device\n", argv[0]);
		exit(EXIT_NO_DEVICE);
	}
	must(r, "opening the device");
	return dev;
}

#endif
