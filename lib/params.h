/* SPDX-License-Identifier: MIT */
#ifndef PANTHOR_PARAMS_H
#define PANTHOR_PARAMS_H

#include <stddef.h>

/*
 * Reads a structure that starts with its size, in bytes, and may be older or newer than the
 * library: what the caller does not have is 0 in @ret_params, what the library does not know has
 * to be 0 in @params. Errors: -EINVAL not even the size fits in it; -E2BIG.
 */
int params_read(const void *params, void *ret_params, size_t known_size);

/*
 * The other way round: fills @ret_size bytes of the caller's, with as much of the library's @known
 * as the caller knows of, and with 0 what only the caller does.
 */
void params_write(const void *known, size_t known_size, void *ret, size_t ret_size);

#endif
