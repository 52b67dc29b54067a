/* SPDX-License-Identifier: MIT */
/*
 * The state around each failure: rows and sums of `gems`, BOs of each reclaim class, the file's
 * fdinfo, the syncobj's point, who holds the module, memory behind BOs, and what the case shows.
 */
#ifndef FAIL_STATE_H
#define FAIL_STATE_H

#include "fail_inject.h"

/* Memory is counted from what there is now. */
void fail_state_begin(void);

/* A text to be freed. NULL and NULL: without any case and file. */
char *fail_state(const struct fail_case *c, const struct fail *f);
/* The one that nothing changes any more. */
char *fail_state_quiet(const struct fail_case *c, const struct fail *f);
/* Until it is @want, or @or_want unless NULL; true: that one. Fails the test. */
bool fail_state_wait(const struct fail_case *c, const struct fail *f, const char *want,
		     const char *or_want);

#endif
