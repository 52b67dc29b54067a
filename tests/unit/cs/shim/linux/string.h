/* SPDX-License-Identifier: MIT */
#ifndef SHIM_STRING_H
#define SHIM_STRING_H

#include <string.h>

#endif
