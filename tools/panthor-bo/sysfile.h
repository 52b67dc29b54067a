/* SPDX-License-Identifier: MIT */
/*
 * Small files of /proc and /sys. @root is what stands in for "/": the empty string on a real
 * system, a folder with copies in a test.
 */
#ifndef SYSFILE_H
#define SYSFILE_H

#include <stddef.h>
#include <stdint.h>

/**
 * sysfile_read - a whole file as a string
 * @ret_text: @size bytes; what does not fit is cut off
 *
 * Returns 0 or a negative errno. @ret_text is the empty string then.
 */
int sysfile_read(const char *root, const char *path, char *ret_text, size_t size);

/** sysfile_u64 - a file that holds one number in @base; -EINVAL when it does not */
int sysfile_u64(const char *root, const char *path, int base, uint64_t *ret_value);

/**
 * sysfile_number - the decimal number at *@text, blanks before it apart; moves *@text behind it
 *
 * Nothing else passes for a number: no sign, and nothing beyond 64 bits. Errors: -EINVAL.
 */
int sysfile_number(const char **text, uint64_t *ret_value);

/**
 * sysfile_key - the decimal number after "key:" or "key " at the start of a line
 *
 * Errors: -ENOENT no such line; -EINVAL no number there.
 */
int sysfile_key(const char *text, const char *key, uint64_t *ret_value);

/**
 * sysfile_selected - the word in [brackets], as in "lzo-rle [lz4] zstd"
 *
 * Errors: -ENOENT.
 */
int sysfile_selected(const char *text, char *ret_word, size_t size);

#endif
