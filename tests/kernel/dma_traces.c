/* SPDX-License-Identifier: MIT */
/*
 * What the driver tells the DMA API, as the kernel's own trace events have it. Only where DMA is
 * debugged does a device that needs no syncs get as far as the event.
 */
#include "kt_trace.h"

#define SYNC "dma/dma_sync_single_for_device"
#define SIZE (16 * KT_PAGE)
#define VA   0x10000000ull

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

	kt_trace_clear();
	kt_trace_switch(SYNC, true);
	assert_int_equal(kt_bo_sync(fd, bo, 0, offset, size), 0);
	kt_trace_switch(SYNC, false);
	text = next = kt_trace_read();
	value = kt_trace_next(&next, "vpanthor dir=TO_DEVICE", "dma_addr=");
	if (value)
		assert_int_equal(sscanf(value, "%llx size=%zu", &synced.addr, &synced.size), 2);
	assert_null(kt_trace_next(&next, "vpanthor dir=TO_DEVICE", "dma_addr="));
	free(text);
	return synced;
}

/* Offset and size swapped pass the same checks. */
static void test_kb_sync_of_a_range(void **state)
{
	struct kt *t = *state;
	struct synced page, part;
	uint32_t bo;

	assert_int_equal(kt_bo_create(t->fd, SIZE, DRM_PANTHOR_BO_WB_MMAP, 0, &bo), 0);
	assert_int_equal(kt_vm_map(t->fd, kt_vm(t->fd), bo, VA, 0, SIZE), 0);
	page = sync_range(t->fd, bo, KT_PAGE, KT_PAGE);
	assert_int_equal(page.size, KT_PAGE);
	assert_int_equal(page.addr % KT_PAGE, 0);
	part = sync_range(t->fd, bo, KT_PAGE, 64);
	assert_int_equal(part.size, 64);
	assert_int_equal(part.addr, page.addr);
}

static const struct CMUnitTest tests[] = {
	kt_trace_test(test_kb_sync_of_a_range),
	kt_no_leaks(),
};

kt_main(tests)
