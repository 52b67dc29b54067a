/* SPDX-License-Identifier: MIT */
/* Small files of debugfs and /proc. */
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kt.h"

int kt_debugfs_open(const char *name, int flags)
{
	char node[64];
	char path[160];
	struct stat st;
	int fd;

	if (kt_find_node("panthor", true, node, sizeof(node)) < 0 || stat(node, &st) < 0)
		return -ENODEV;
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s", minor(st.st_rdev), name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static char *read_all(int fd, size_t *size)
{
	size_t len = 0;
	size_t cap = 65536;
	char *text = malloc(cap);
	ssize_t n;

	while ((n = read(fd, text + len, cap - len - 1)) > 0) {
		len += (size_t)n;
		if (len + 1 == cap) {
			cap *= 2;
			text = realloc(text, cap);
		}
	}
	text[len] = '\0';
	if (size)
		*size = len;
	if (n == 0)
		return text;
	free(text);
	return NULL;
}

char *kt_read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd, size);
	close(fd);
	return text;
}

char *kt_debugfs_read(const char *name, size_t *size)
{
	int fd = kt_debugfs_open(name, O_RDONLY);
	char *text;

	if (fd < 0)
		fail_msg("debugfs file %s: %s", name, strerror(-fd));
	text = read_all(fd, size);
	close(fd);
	assert_non_null(text);
	return text;
}

bool kt_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

uint64_t kt_shrink(uint64_t pages)
{
	char text[32];
	uint64_t freed;
	char *answer;
	int fd = kt_debugfs_open("shrink", O_WRONLY);

	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "%" PRIu64, pages);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	answer = kt_debugfs_read("shrink", NULL);
	assert_int_equal(sscanf(answer, "0x%" SCNx64, &freed), 1);
	free(answer);
	return freed;
}

uint64_t kt_shrink_all(void)
{
	uint64_t total = 0;
	uint64_t freed;

	while ((freed = kt_shrink(1ull << 30)) > 0)
		total += freed;
	return total;
}

/* Finds "key: value" at the start of a line. */
static bool find_key(const char *text, const char *key, char *value, size_t size)
{
	size_t len = strlen(key);
	const char *line = text;

	while (line) {
		if (!strncmp(line, key, len) && line[len] == ':') {
			line += len + 1;
			line += strspn(line, " \t");
			snprintf(value, size, "%.*s", (int)strcspn(line, "\n"), line);
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

uint64_t kt_reclaim(const char *key)
{
	char *text = kt_debugfs_read("reclaim", NULL);
	char value[64];
	char *end;
	uint64_t number;

	if (!find_key(text, key, value, sizeof(value)))
		fail_msg("reclaim has no %s:\n%s", key, text);
	free(text);
	number = strtoull(value, &end, 10);
	assert_true(end != value && *end == '\0');
	return number;
}

/* "123", "123 KiB", "123 kB", "123 MiB" */
static uint64_t to_bytes(const char *value)
{
	char *unit;
	uint64_t number = strtoull(value, &unit, 10);

	unit += strspn(unit, " ");
	if (!strncmp(unit, "Ki", 2) || !strncmp(unit, "kB", 2))
		return number << 10;
	if (!strncmp(unit, "Mi", 2))
		return number << 20;
	assert_string_equal(unit, "");
	return number;
}

uint64_t kt_meminfo(const char *key)
{
	char *text = kt_read_file("/proc/meminfo", NULL);
	char value[64];

	assert_non_null(text);
	assert_true(find_key(text, key, value, sizeof(value)));
	free(text);
	return to_bytes(value);
}

bool kt_fdinfo(int fd, const char *key, uint64_t *ret_bytes)
{
	char path[64];
	char value[64];
	char *text;
	bool found;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	text = kt_read_file(path, NULL);
	assert_non_null(text);
	found = find_key(text, key, value, sizeof(value));
	free(text);
	if (found)
		*ret_bytes = to_bytes(value);
	return found;
}
