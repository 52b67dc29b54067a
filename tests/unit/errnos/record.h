/* SPDX-License-Identifier: MIT */
/*
 * What the library's functions answered to the tests. generate.py writes a recorded_NAME() for each
 * function NAME that is exported, which calls it and then record(), and a header for the compiler's
 * -include that has tests call recorded_NAME() in place of it. The library is compiled without, so
 * that what its functions call each other says nothing.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdatomic.h>
#include <stdint.h>

/* Above all errnos that a function may give. */
#define RECORD_MAX_ERRNO 4096

struct recorded {
	const char *name;
	atomic_bool seen[RECORD_MAX_ERRNO];
};

/*
 * Appends "NAME ERRNO", with 0 for success, to the file that $ERRNOS names, once; does nothing
 * where there is none.
 */
void record(struct recorded *function, int64_t result);

#endif
