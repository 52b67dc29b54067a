/* SPDX-License-Identifier: MIT */
/*
 * The conditions a number was got under: machine, memory, swap, kernel switches.
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "out.h"

/** environment_report - the group "environment" */
void environment_report(struct out *out, const char *root);

#endif
