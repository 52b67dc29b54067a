/* SPDX-License-Identifier: MIT */
/* Trace events of the kernel around the driver: what they say while something is done. */
#ifndef KT_TRACE_H
#define KT_TRACE_H

#include "kt.h"

#define KT_TRACING "/sys/kernel/tracing"

/* As kt_setup(), with an empty trace. */
int kt_trace_setup(void **state);
#define kt_trace_test(f) cmocka_unit_test_setup_teardown(f, kt_trace_setup, kt_teardown)

/* @event: its folder below events */
void kt_trace_switch(const char *event, bool on);
void kt_trace_clear(void);
/* All of it, to be freed. */
char *kt_trace_read(void);
/* What stands behind @key in the next line that has @what, from *text on; NULL: no more. */
const char *kt_trace_next(char **text, const char *what, const char *key);

#endif
