/* SPDX-License-Identifier: MIT */
/* What the driver tells the kernel around it, as the kernel's own trace events have it. */
#include <sys/mount.h>

#include "kt.h"

#define TRACING "/sys/kernel/tracing"
#define SHRINK	TRACING "/events/vmscan/mm_shrink_slab_end"
#define SYNC	TRACING "/events/dma/dma_sync_single_for_device"
#define SIZE	(16 * KT_PAGE)
#define VA	0x10000000ull

static void switch_event(const char *event, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/enable", event);
	assert_true(kt_write_file(path, value));
}

static void clear_trace(void)
{
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
}

static int trace_setup(void **state)
{
	if (access(TRACING "/events", F_OK) < 0)
		assert_int_equal(mount("tracefs", TRACING, "tracefs", 0, NULL), 0);
	clear_trace();
	return kt_setup(state);
}

#define trace_test(f) cmocka_unit_test_setup_teardown(f, trace_setup, kt_teardown)

/* What stands behind @key in the next line that has @what, from *text on; NULL: no more. */
static const char *next_value(char **text, const char *what, const char *key)
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

/*
 * mm goes on until it has what it wants, which it adds up from what scans return: one that frees
 * and says that there was nothing to be had shows nowhere else.
 */
static void test_kb14_mm_is_told_what_was_freed(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "kb14", SIZE, 1);
	char *text, *next;
	const char *freed;
	long sum = 0;

	switch_event(SHRINK, "1");
	/* What shrinkers have, over and over while that is something. */
	assert_true(kt_write_file("/proc/sys/vm/drop_caches", "2"));
	switch_event(SHRINK, "0");
	assert_int_equal(kt_gem_get("kb14").evictions, 1);
	text = next = kt_read_file(TRACING "/trace", NULL);
	while ((freed = next_value(&next, "panthor_shrink_scan", "last shrinker return val ")))
		sum += strtol(freed, NULL, 10);
	assert_int_equal(sum, SIZE / KT_PAGE);
	free(text);
	kt_assert_contents(t->fd, bo, SIZE, 1);
}

struct synced {
	unsigned long long addr;
	size_t size;
};

/* Has a range synced and returns what of it reaches the DMA API; no bytes: it is not traced. */
static struct synced sync_range(int fd, uint32_t bo, uint64_t offset, uint64_t size)
{
	struct synced synced = { .size = 0 };
	const char *value;
	char *text, *next;

	clear_trace();
	switch_event(SYNC, "1");
	assert_int_equal(kt_bo_sync(fd, bo, 0, offset, size), 0);
	switch_event(SYNC, "0");
	text = next = kt_read_file(TRACING "/trace", NULL);
	value = next_value(&next, "vpanthor dir=TO_DEVICE", "dma_addr=");
	if (value)
		assert_int_equal(sscanf(value, "%llx size=%zu", &synced.addr, &synced.size), 2);
	assert_null(next_value(&next, "vpanthor dir=TO_DEVICE", "dma_addr="));
	free(text);
	return synced;
}

/*
 * Offset and size swapped pass the same checks. Only where DMA is debugged does a device that needs
 * no syncs get as far as the event.
 */
static void test_kb_sync_of_a_range(void **state)
{
	struct kt *t = *state;
	struct synced page, part;
	uint32_t bo;

	assert_int_equal(kt_bo_create(t->fd, SIZE, DRM_PANTHOR_BO_WB_MMAP, 0, &bo), 0);
	assert_int_equal(kt_vm_map(t->fd, kt_vm(t->fd), bo, VA, 0, SIZE), 0);
	page = sync_range(t->fd, bo, KT_PAGE, KT_PAGE);
	if (!page.size && kt_slowdown() == 1) {
		print_message("# not to be seen on this kernel\n");
		return;
	}
	assert_int_equal(page.size, KT_PAGE);
	assert_int_equal(page.addr % KT_PAGE, 0);
	part = sync_range(t->fd, bo, KT_PAGE, 64);
	assert_int_equal(part.size, 64);
	assert_int_equal(part.addr, page.addr);
}

static const struct CMUnitTest tests[] = {
	trace_test(test_kb14_mm_is_told_what_was_freed),
	trace_test(test_kb_sync_of_a_range),
	kt_no_leaks(),
};

kt_main(tests)
