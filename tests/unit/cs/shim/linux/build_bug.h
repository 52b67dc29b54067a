/* SPDX-License-Identifier: MIT */
#ifndef SHIM_BUILD_BUG_H
#define SHIM_BUILD_BUG_H

#define static_assert(condition) _Static_assert(condition, #condition)

#endif
