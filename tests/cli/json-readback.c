// SPDX-License-Identifier: MIT
/*
 * Reads exactly one JSON document from stdin with json-c, strictly: valid UTF-8, nothing after it
 * but white space. Exits 0 when it is that, 1 with a reason when not.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_stdin(size_t *ret_len)
{
	size_t len = 0, room = 1 << 20;
	char *text = malloc(room);

	while (text) {
		size_t n = fread(text + len, 1, room - len, stdin);

		len += n;
		if (!n) {
			*ret_len = len;
			return text;
		}
		if (len == room) {
			char *more = realloc(text, room *= 2);

			if (!more)
				free(text);
			text = more;
		}
	}
	return NULL;
}

static int fail(const char *why)
{
	fprintf(stderr, "json-readback: %s\n", why);
	return 1;
}

int main(void)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *doc;
	enum json_tokener_error error;
	size_t len, used;
	char *text = read_stdin(&len);

	if (!tokener || !text || len > INT32_MAX)
		return fail("cannot read stdin");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	doc = json_tokener_parse_ex(tokener, text, (int)len);
	error = json_tokener_get_error(tokener);
	used = json_tokener_get_parse_end(tokener);
	while (used < len && (text[used] == '\n' || text[used] == ' '))
		used++;
	if (error != json_tokener_success)
		return fail(json_tokener_error_desc(error));
	if (!json_object_is_type(doc, json_type_object))
		return fail("the document is no object");
	if (used != len)
		return fail("something follows the document");
	json_object_put(doc);
	json_tokener_free(tokener);
	free(text);
	return 0;
}
