/* SPDX-License-Identifier: MIT */
#ifndef SHIM_BUG_H
#define SHIM_BUG_H

#include "pages.h"

#define WARN_ON(condition) pages_warn_on(!!(condition))

#endif
