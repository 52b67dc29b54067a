// SPDX-License-Identifier: MIT
#include "text.h"

#include <stdio.h>

/* Length announced by a lead byte, or 0; 0x80 to 0xc1 and 0xf5 up never start a character. */
static size_t sequence_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

static bool scalar_value(uint32_t cp, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return cp >= least[len] && cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
}

size_t utf8_decode(const char *text, size_t len, uint32_t *ret_cp)
{
	static const uint32_t lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t need = len ? sequence_length(byte[0]) : 0;
	uint32_t cp;

	if (!need || need > len)
		return 0;
	cp = byte[0] & lead_bits[need];
	for (size_t i = 1; i < need; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (byte[i] & 0x3f);
	}
	if (!scalar_value(cp, need))
		return 0;
	*ret_cp = cp;
	return need;
}

bool utf8_valid(const char *text, size_t len)
{
	while (len) {
		uint32_t cp;
		size_t n = utf8_decode(text, len, &cp);

		if (!n)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

bool text_is_hostile(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x061c ||
	       (cp >= 0x200e && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

/* The visible form of one character or broken byte; returns its length, 0 for "as it is". */
static size_t escape(char out[8], uint32_t cp, bool broken)
{
	if (broken)
		return (size_t)snprintf(out, 8, "\\x%02x", cp & 0xff);
	if (!text_is_hostile(cp))
		return 0;
	if (cp == '\n' || cp == '\t' || cp == '\r') {
		out[0] = '\\';
		out[1] = cp == '\n' ? 'n' : cp == '\t' ? 't' : 'r';
		return 2;
	}
	return (size_t)snprintf(out, 8, cp < 0x100 ? "\\x%02x" : "\\u%04x", cp & 0xffff);
}

/* The walk behind both functions below; a NULL sink only measures. */
static size_t show(struct sink *sink, const char *text, size_t len)
{
	size_t width = 0;

	while (len) {
		char escaped[8];
		uint32_t cp = (unsigned char)text[0];
		size_t used = utf8_decode(text, len, &cp);
		size_t n = escape(escaped, cp, !used);

		if (!used)
			used = 1;
		if (sink)
			sink_write(sink, n ? escaped : text, n ? n : used);
		width += n ? n : 1;
		text += used;
		len -= used;
	}
	return width;
}

size_t text_show(struct sink *sink, const char *text, size_t len)
{
	return show(sink, text, len);
}

size_t text_show_width(const char *text, size_t len)
{
	return show(NULL, text, len);
}
