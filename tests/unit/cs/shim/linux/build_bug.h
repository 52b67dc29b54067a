/* SPDX-License-Identifier: MIT */
#ifndef SHIM_BUILD_BUG_H
#define SHIM_BUILD_BUG_H

#include <assert.h>

#endif
