// SPDX-License-Identifier: MIT
#include "sysfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	return (ssize_t)len;
}

int sysfile_read(const char *root, const char *path, char *ret_text, size_t size)
{
	char full[PATH_MAX];
	ssize_t len;
	int fd;

	ret_text[0] = '\0';
	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read_all(fd, ret_text, size - 1);
	close(fd);
	ret_text[len < 0 ? 0 : len] = '\0';
	return len < 0 ? (int)len : 0;
}

static int parse_number(const char *text, int base, const char **ret_end, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;
	int range;

	if (base == 16 ? !isxdigit((unsigned char)*text) : !isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	range = errno;
	if (range)
		return -EINVAL;
	*ret_end = end;
	*ret_value = value;
	return 0;
}

int sysfile_u64(const char *root, const char *path, int base, uint64_t *ret_value)
{
	char text[64];
	const char *end;
	uint64_t value;
	int r = sysfile_read(root, path, text, sizeof(text));

	if (!r)
		r = parse_number(text, base, &end, &value);
	if (!r && *end && strcmp(end, "\n"))
		r = -EINVAL;
	if (!r)
		*ret_value = value;
	return r;
}

int sysfile_number(const char **text, uint64_t *ret_value)
{
	return parse_number(*text + strspn(*text, " \t"), 10, text, ret_value);
}

static const char *find_line(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text && *text) {
		if (!strncmp(text, key, len) && (text[len] == ':' || text[len] == ' '))
			return text + len + 1;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

int sysfile_key(const char *text, const char *key, uint64_t *ret_value)
{
	const char *at = find_line(text, key);
	uint64_t value;
	int r;

	if (!at)
		return -ENOENT;
	r = sysfile_number(&at, &value);
	if (!r && *at && !isspace((unsigned char)*at))
		r = -EINVAL;
	if (!r)
		*ret_value = value;
	return r;
}

int sysfile_selected(const char *text, char *ret_word, size_t size)
{
	const char *open = strchr(text, '[');
	const char *close = open ? strchr(open, ']') : NULL;

	if (!close || (size_t)(close - open) > size)
		return -ENOENT;
	memcpy(ret_word, open + 1, (size_t)(close - open - 1));
	ret_word[close - open - 1] = '\0';
	return 0;
}
