// SPDX-License-Identifier: MIT
/*
 * What a run may not leave behind, once all its processes are gone: memory of BOs, objects of the
 * kernel, and devices. Each device that was unplugged keeps its number until the last file, VM, job
 * or dma-buf of it is gone, so that a single one that stays is noticed. A BO that outlives its
 * device is what the driver itself warns of.
 */
#include <inttypes.h>

#include "fz.h"
#include "kt_slab.h"
#include "kt_unplug.h"

/* As many objects as CPUs have at hand; what leaks in a kind of call leaks more. */
#define SLAB_LIMIT 500

/* Tries until all is back, a tenth of a second each and more. */
#define TRIES 100

/* Of render nodes; and devices, as many as there may be. */
#define FIRST	128
#define DEVICES 64

static struct {
	const struct fz_world *world;
	unsigned int vgem;
	uint64_t shmem;
	struct kt_slabs slabs;
} before;

/* Counted to the page, where each CPU would keep a part of the count for itself. */
static uint64_t shmem(void)
{
	assert_true(kt_write_file("/proc/sys/vm/stat_refresh", "1"));
	return kt_meminfo("Shmem");
}

static void drop_caches(void)
{
	/* Inodes of /proc and debugfs, mostly. */
	assert_true(kt_write_file("/proc/sys/vm/drop_caches", "2"));
}

void fz_leaks_begin(struct fz_world *world)
{
	drop_caches();
	before.world = world;
	world->highest = fz_device_number("panthor");
	before.vgem = fz_device_number("vgem");
	before.shmem = shmem();
	before.slabs = kt_slabs_read();
}

static bool memory_is_back(bool report)
{
	uint64_t now = shmem();

	drop_caches();
	if (now > before.shmem && report)
		print_error("# %" PRIu64 " KiB of shared memory, %" PRIu64 " before\n", now / 1024,
			    before.shmem / 1024);
	return kt_slabs_are_back(&before.slabs, SLAB_LIMIT, report) && now <= before.shmem;
}

static void assert_memory_is_back(void)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (memory_is_back(false))
			return;
		usleep(100000);
	}
	/* By now it may be. */
	if (!memory_is_back(true))
		fail_msg("the run has left memory behind");
}

/* Opens and unbinds the device, whose number stays taken then: the next device gets the next. */
static int leave_device(void)
{
	int fd = kt_open("panthor", true);

	assert_true(fd >= 0);
	assert_true(kt_driver_unbind());
	assert_true(kt_driver_bind());
	return fd;
}

/* Takes all numbers that devices had, one after the other. Returns the first that is not free. */
static unsigned int first_taken(void)
{
	unsigned int expected, number, count = 0, i;
	int fds[DEVICES];

	assert_true(kt_driver_unbind());
	assert_true(kt_driver_bind());
	for (expected = FIRST;; expected++) {
		if (expected == before.vgem)
			continue;
		number = fz_device_number("panthor");
		if (number != expected || number >= before.world->highest || count == DEVICES)
			break;
		fds[count++] = leave_device();
	}
	for (i = 0; i < count; i++)
		close(fds[i]);
	return number == expected ? 0 : expected;
}

/* What is freed a little later gets its time. */
static void assert_no_device_left(void)
{
	unsigned int taken, i;

	for (i = 0; i < TRIES; i++) {
		taken = first_taken();
		if (!taken)
			return;
		usleep(100000);
	}
	fail_msg("renderD%u is gone and still in use", taken);
}

void fz_test_nothing_left(void **state)
{
	assert_no_device_left();
	assert_memory_is_back();
}
