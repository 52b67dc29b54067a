/* SPDX-License-Identifier: MIT */
#include <sys/mount.h>

#include "kt_trace.h"

void kt_trace_switch(const char *event, bool on)
{
	char path[128];

	snprintf(path, sizeof(path), KT_TRACING "/events/%s/enable", event);
	assert_true(kt_write_file(path, on ? "1" : "0"));
}

void kt_trace_clear(void)
{
	int fd = open(KT_TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
}

int kt_trace_setup(void **state)
{
	if (access(KT_TRACING "/events", F_OK) < 0)
		assert_int_equal(mount("tracefs", KT_TRACING, "tracefs", 0, NULL), 0);
	kt_trace_clear();
	return kt_setup(state);
}

char *kt_trace_read(void)
{
	char *text = kt_read_file(KT_TRACING "/trace", NULL);

	assert_non_null(text);
	return text;
}

const char *kt_trace_next(char **text, const char *what, const char *key)
{
	char *line = strstr(*text, what), *value;

	if (!line)
		return NULL;
	*text = strchr(line, '\n');
	assert_non_null(*text);
	*(*text)++ = '\0';
	value = strstr(line, key);
	assert_non_null(value);
	return value + strlen(key);
}
