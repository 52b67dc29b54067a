/* SPDX-License-Identifier: MIT */
#ifndef SHIM_SCHED_SIGNAL_H
#define SHIM_SCHED_SIGNAL_H

#include "pages.h"

#define fatal_signal_pending(task) pages.killed

#endif
