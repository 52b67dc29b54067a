/* SPDX-License-Identifier: MIT */
/*
 * The device goes away under its users: files, maps, dma-bufs and mappings outlive it, say ENODEV
 * where they are asked, and are freed in whatever order they go. The driver is bound again after
 * each test.
 */
#include <linux/dma-buf.h>

#include "kt_race.h"
#include "kt_unplug.h"

#define SIZE (8 * KT_PAGE)

static int setup(void **state)
{
	return kt_unplug_begin() ? kt_setup(state) : -1;
}

static int teardown(void **state)
{
	kt_teardown(state);
	return kt_unplug_end() ? 0 : -1;
}

#define unplug_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void test_ioctls_are_enodev(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), bo = kt_filled_bo(t->fd, "enodev", SIZE, 1), out;
	struct drm_panthor_bo_query_info info;
	uint64_t offset;
	void *ptr;

	assert_int_equal(kt_bo_offset(t->fd, bo, &offset), 0);
	assert_true(kt_driver_unbind());
	kt_expect("VM_CREATE", kt_vm_create(t->fd, 0, &out), -ENODEV);
	kt_expect("VM_GET_STATE", kt_vm_state(t->fd, vm, &out), -ENODEV);
	kt_expect("VM_BIND", kt_vm_map(t->fd, vm, bo, 0x100000, 0, SIZE), -ENODEV);
	kt_expect("VM_DESTROY", kt_vm_destroy(t->fd, vm), -ENODEV);
	kt_expect("BO_CREATE", kt_bo_create(t->fd, SIZE, 0, 0, &out), -ENODEV);
	kt_expect("BO_MMAP_OFFSET", kt_bo_offset(t->fd, bo, &offset), -ENODEV);
	kt_expect("BO_SET_LABEL", kt_bo_label(t->fd, bo, "x"), -ENODEV);
	kt_expect("BO_SYNC", kt_bo_sync(t->fd, bo, 0, 0, SIZE), -ENODEV);
	kt_expect("BO_QUERY_INFO", kt_bo_info(t->fd, bo, &info), -ENODEV);
	kt_expect("BO_MADVISE", kt_madvise(t->fd, bo, 0, NULL), -ENODEV);
	kt_expect("export", kt_export(t->fd, bo), -ENODEV);
	kt_expect("mmap", kt_mmap(t->fd, offset, SIZE, PROT_READ, MAP_SHARED, &ptr), -ENODEV);
	kt_expect("flush id",
		  kt_mmap(t->fd, DRM_PANTHOR_USER_MMIO_OFFSET_64BIT, KT_PAGE, PROT_READ, MAP_SHARED,
			  &ptr),
		  -ENODEV);
	kt_all_expected();
}

/* An access gives the contents or SIGBUS; which of them is the driver's choice, but not chance. */
static void assert_contents_or_sigbus(const void *ptr, uint64_t seed)
{
	uint64_t value;
	int sig = kt_peek(ptr, &value);

	assert_true(sig == 0 || sig == SIGBUS);
	if (sig == 0)
		assert_int_equal(kt_wrong(ptr, SIZE, seed), 0);
}

static void test_maps_survive(void **state)
{
	struct kt *t = *state;
	uint32_t touched = kt_filled_bo(t->fd, "touched", SIZE, 2), evicted,
		 lazy = kt_bo(t->fd, SIZE);
	void *touched_map = kt_map(t->fd, touched, SIZE), *evicted_map, *lazy_map, *flush_id;
	uint64_t value;
	int sig;

	evicted = kt_filled_bo(t->fd, "evicted", SIZE, 3);
	evicted_map = kt_map(t->fd, evicted, SIZE);
	lazy_map = kt_map(t->fd, lazy, SIZE);
	assert_int_equal(kt_madvise(t->fd, evicted, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL), 0);
	assert_int_equal(kt_wrong(touched_map, SIZE, 2), 0);
	assert_int_equal(kt_mmap(t->fd, DRM_PANTHOR_USER_MMIO_OFFSET_64BIT, KT_PAGE, PROT_READ,
				 MAP_SHARED, &flush_id),
			 0);
	assert_int_equal(kt_peek(flush_id, &value), 0);
	assert_true(kt_driver_unbind());
	assert_contents_or_sigbus(touched_map, 2);
	assert_contents_or_sigbus(evicted_map, 3);
	sig = kt_peek(lazy_map, &value);
	assert_true(sig == SIGBUS || (sig == 0 && value == 0));
	sig = kt_peek(flush_id, &value);
	assert_true(sig == 0 || sig == SIGBUS);
	close(t->fd);
	assert_contents_or_sigbus(touched_map, 2);
	munmap(flush_id, KT_PAGE);
}

static void test_dmabufs_survive(void **state)
{
	struct kt *t = *state;
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	int vgem = kt_open("vgem", true), foreign = kt_udmabuf(SIZE), buf, idle;
	uint32_t bo = kt_filled_bo(t->fd, "attached", SIZE, 4), theirs, import;
	void *ptr;

	buf = kt_export(t->fd, bo);
	idle = kt_export(t->fd, kt_filled_bo(t->fd, "idle", SIZE, 5));
	assert_true(vgem >= 0 && foreign >= 0 && buf >= 0 && idle >= 0);
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	assert_int_equal(kt_import(t->fd, foreign, &import), 0);
	assert_int_equal(kt_mmap(buf, 0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, &ptr), 0);
	assert_true(kt_driver_unbind());
	close(t->fd);
	kt_ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync);
	kt_ioctl(idle, DMA_BUF_IOCTL_SYNC, &sync);
	assert_contents_or_sigbus(ptr, 4);
	/* Whoever attaches now must be told no, or get the memory. */
	if (kt_import(vgem, idle, &import) == 0)
		kt_bo_close(vgem, import);
	close(vgem);
	close(buf);
	assert_contents_or_sigbus(ptr, 4);
	munmap(ptr, SIZE);
	close(idle);
}

/* An attachment that is given up only when nothing else of the device is left. */
static void test_attachment_dies_last(void **state)
{
	struct kt *t = *state;
	int vgem = kt_open("vgem", true);
	int buf = kt_export(t->fd, kt_filled_bo(t->fd, "last", SIZE, 6));
	uint32_t theirs;

	assert_true(vgem >= 0 && buf >= 0);
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	assert_true(kt_driver_unbind());
	close(buf);
	close(t->fd);
	close(vgem);
}

static void test_gpu_mappings_survive(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), other = kt_vm(t->fd);
	uint32_t bo = kt_filled_bo(t->fd, "mapped", SIZE, 7), exclusive;

	assert_int_equal(kt_bo_create(t->fd, SIZE, 0, vm, &exclusive), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, exclusive, 0x200000, 0, SIZE), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, 0x100000, 0, SIZE), 0);
	assert_int_equal(kt_vm_map(t->fd, other, bo, 0x100000, 0, SIZE), 0);
	assert_int_equal(kt_vm_unmap(t->fd, other, 0x102000, KT_PAGE), 0);
	assert_true(kt_driver_unbind());
	close(t->fd);
}

/* Two devices in a row: the second is a stranger to the files of the first. */
static void test_bind_again_with_old_files_open(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "old", SIZE, 8), fresh;
	void *ptr = kt_map(t->fd, bo, SIZE);
	struct kt_gem row;
	int fd;

	assert_true(kt_driver_unbind());
	assert_true(kt_driver_bind());
	fd = kt_open("panthor", true);
	assert_true(fd >= 0);
	assert_false(kt_gem("old", &row));
	fresh = kt_filled_bo(fd, "new", SIZE, 9);
	kt_gem_get("new");
	assert_int_equal(kt_shrink_all(), SIZE / KT_PAGE);
	kt_assert_contents(fd, fresh, SIZE, 9);
	assert_int_equal(kt_bo_create(t->fd, SIZE, 0, 0, &fresh), -ENODEV);
	assert_contents_or_sigbus(ptr, 8);
}

static const struct {
	const char *name;
	const char *input;
} debugfs_files[] = {
	{ "gems", NULL },
	{ "reclaim", NULL },
	{ "shrink", "1000" },
	{ "reset", "1" },
};

/* Opened before, used after: debugfs files know that there is nothing behind them any more. */
static void test_kb46_open_debugfs_files(void **state)
{
	int fds[ARRAY_SIZE(debugfs_files)];
	char buf[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = kt_debugfs_open(debugfs_files[i].name,
					 debugfs_files[i].input ? O_RDWR : O_RDONLY);
		assert_true(fds[i] >= 0);
	}
	/* One of them is in the middle of its table. */
	assert_int_equal(read(fds[0], buf, sizeof(buf)), sizeof(buf));
	assert_true(kt_driver_unbind());
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		const char *input = debugfs_files[i].input;

		if (input && write(fds[i], input, strlen(input)) >= 0)
			fail_msg("%s can be written", debugfs_files[i].name);
		if (read(fds[i], buf, sizeof(buf)) >= 0)
			fail_msg("%s can be read", debugfs_files[i].name);
	}
}

static void test_module_is_in_use_while_anything_lives(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_filled_bo(t->fd, "in use", SIZE, 10);
	void *ptr = kt_map(t->fd, bo, SIZE);
	int buf = kt_export(t->fd, bo);

	assert_true(buf >= 0);
	kt_expect("file, map and dma-buf", kt_driver_unload(), -EWOULDBLOCK);
	close(t->fd);
	kt_expect("map and dma-buf", kt_driver_unload(), -EWOULDBLOCK);
	kt_unmap(ptr, SIZE);
	kt_expect("dma-buf", kt_driver_unload(), -EWOULDBLOCK);
	assert_true(kt_driver_unbind());
	kt_expect("dma-buf, unbound", kt_driver_unload(), -EWOULDBLOCK);
	close(buf);
	kt_expect("nothing", kt_driver_unload(), 0);
	kt_all_expected();
	assert_int_equal(access("/sys/module/vpanthor", F_OK), -1);
}

static void test_load_and_unload_many_times(void **state)
{
	struct kt *t = *state;
	int i, fd;

	close(t->fd);
	for (i = 0; i < 5; i++) {
		assert_int_equal(kt_driver_unload(), 0);
		assert_int_equal(system("modprobe vpanthor"), 0);
		fd = kt_open("panthor", true);
		assert_true(fd >= 0);
		kt_filled_bo(fd, "reload", SIZE, 11);
		close(fd);
	}
}

/* Of each race, by whose middle the device is taken away. */
#define ROUNDS 200

/* @foreign: a dma-buf of somebody else; @round: of who takes the device away */
struct unbinding {
	int foreign;
	int round;
};

static void import_foreign(struct kt_race *race, uint64_t *seed)
{
	struct unbinding *unbinding = race->arg;
	uint64_t value;
	uint32_t bo;
	char *ptr;

	if (kt_import(race->fd, unbinding->foreign, &bo) < 0)
		return;
	ptr = kt_race_map(race->fd, bo, SIZE);
	if (ptr) {
		kt_peek(ptr, &value);
		munmap(ptr, SIZE);
	}
	kt_vm_map(race->fd, 1, bo, 0x100000 + kt_rand(seed) % 8 * KT_PAGE, 0, SIZE);
	kt_bo_close(race->fd, bo);
}

/* Everything at once, with answers that turn into errors at some point. */
static void use_device(struct kt_race *race, uint64_t *seed)
{
	uint64_t value;
	uint32_t bo;
	char *ptr;
	ssize_t n;

	if (kt_bo_create(race->fd, SIZE, 0, 0, &bo) < 0)
		return;
	ptr = kt_race_map(race->fd, bo, SIZE);
	if (ptr) {
		kt_poke(ptr, 1);
		kt_peek(ptr + KT_PAGE, &value);
		munmap(ptr, SIZE);
	}
	kt_vm_map(race->fd, 1, bo, 0x100000 + kt_rand(seed) % 8 * KT_PAGE, 0, SIZE);
	kt_bo_label(race->fd, bo, "unplugged");
	kt_madvise(race->fd, bo, (uint32_t)(kt_rand(seed) % 4), NULL);
	n = write(race->shrink, "16", 2);
	kt_race_check(n == 2 || n == -1);
	kt_bo_close(race->fd, bo);
	import_foreign(race, seed);
}

static void unbind_in_the_middle(struct kt_race *race, uint64_t *seed)
{
	struct unbinding *unbinding = race->arg;

	if (++unbinding->round == kt_race_rounds(ROUNDS) / 2)
		kt_race_check(kt_driver_unbind());
	use_device(race, seed);
}

static void test_kb26_kb46_unbind_races_everything(void **state)
{
	struct kt *t = *state;
	static const kt_race_round workers[] = { unbind_in_the_middle, use_device, use_device };
	int i;

	close(t->fd);
	for (i = 0; i < 5; i++) {
		struct unbinding unbinding = { .foreign = kt_udmabuf(SIZE) };
		struct kt_race race = { .fd = kt_open("panthor", true), .arg = &unbinding };

		assert_true(unbinding.foreign >= 0);
		kt_vm(race.fd);
		kt_race_run(&race, ROUNDS, workers, ARRAY_SIZE(workers));
		close(race.fd);
		close(unbinding.foreign);
		assert_true(kt_driver_bind());
	}
}

static const struct CMUnitTest tests[] = {
	unplug_test(test_ioctls_are_enodev),
	unplug_test(test_maps_survive),
	unplug_test(test_dmabufs_survive),
	unplug_test(test_attachment_dies_last),
	unplug_test(test_gpu_mappings_survive),
	unplug_test(test_bind_again_with_old_files_open),
	unplug_test(test_kb46_open_debugfs_files),
	unplug_test(test_module_is_in_use_while_anything_lives),
	unplug_test(test_load_and_unload_many_times),
	unplug_test(test_kb26_kb46_unbind_races_everything),
	kt_no_leaks(),
};

kt_main(tests)
