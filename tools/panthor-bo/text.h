/* SPDX-License-Identifier: MIT */
/*
 * Text that other processes chose: decoding, and making it harmless on a terminal.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink.h"

/**
 * utf8_decode - read one character
 *
 * Returns its length in bytes, or 0 when @text does not start with well-formed UTF-8 (overlong
 * forms, surrogates and values past U+10FFFF included).
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *ret_cp);

/** utf8_valid - whether all of @text is well-formed */
bool utf8_valid(const char *text, size_t len);

/**
 * text_is_hostile - whether showing a character could drive a terminal or reorder a line
 *
 * Controls (C0, DEL, C1), line and paragraph separators, and the bidirectional controls.
 */
bool text_is_hostile(uint32_t cp);

/**
 * text_show - write untrusted text for people
 *
 * Hostile characters and broken bytes become visible escapes: \n, \t, \x1b, \u202e. Returns the
 * number of characters written.
 */
size_t text_show(struct sink *sink, const char *text, size_t len);

/** text_show_width - how many characters text_show() would write */
size_t text_show_width(const char *text, size_t len);

#endif
