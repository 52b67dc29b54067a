/* SPDX-License-Identifier: MIT */
/*
 * The shrinker as mm has it, by the files of CONFIG_SHRINKER_DEBUG: what it counts is what `gems`
 * says is reclaimable, and what it is asked to scan goes.
 */
#include <dirent.h>
#include <sys/swap.h>

#include "kt_unplug.h"

#define SHRINKERS "/sys/kernel/debug/shrinker"
#define NAME	  "drm-panthor-"
#define SWAP	  "/dev/zram0"
#define SIZE	  (8 * KT_PAGE)
#define BO_PAGES  (SIZE / KT_PAGE)
#define VA	  0x100000ull

/* The shrinker's folder, to be freed; NULL: there is none. */
static char *shrinker_dir(void)
{
	DIR *dir = opendir(SHRINKERS);
	struct dirent *entry;
	char *path = NULL;

	assert_non_null(dir);
	while (!path && (entry = readdir(dir))) {
		if (!strncmp(entry->d_name, NAME, strlen(NAME)) &&
		    asprintf(&path, SHRINKERS "/%s", entry->d_name) < 0)
			path = NULL;
	}
	closedir(dir);
	return path;
}

static char *shrinker_file(const char *name)
{
	char *dir = shrinker_dir(), *path;

	assert_non_null(dir);
	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	free(dir);
	return path;
}

/* One line "root-cgroup pages", or none where there is nothing. */
static uint64_t count_pages(void)
{
	char *path = shrinker_file("count"), *text = kt_read_file(path, NULL);
	unsigned long long pages = 0;

	assert_non_null(text);
	if (*text)
		assert_int_equal(sscanf(text, "%*u %llu\n", &pages), 1);
	free(text);
	free(path);
	return pages;
}

static void scan(uint64_t pages)
{
	char *path = shrinker_file("scan"), text[48];

	snprintf(text, sizeof(text), "0 0 %llu", (unsigned long long)pages);
	assert_true(kt_write_file(path, text));
	free(path);
}

/* The three places that say it. */
static void assert_count(uint64_t pages)
{
	static const char *const lrus[] = { "purgeable_pages", "unused_pages", "mmapped_pages",
					    "vm_pages", "shared_pages" };
	struct kt_gems gems;
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lrus); i++)
		sum += kt_reclaim(lrus[i]);
	kt_gems_read(&gems);
	assert_int_equal(count_pages(), pages);
	assert_int_equal(gems.total_reclaimable / KT_PAGE, pages);
	assert_int_equal(sum, pages);
	kt_gems_free(&gems);
}

static uint32_t mapped_bo(int fd, const char *label, uint32_t vm, uint32_t other)
{
	uint32_t bo = kt_filled_bo(fd, label, SIZE, 3);

	assert_int_equal(kt_vm_map(fd, vm, bo, VA, 0, SIZE), 0);
	if (other)
		assert_int_equal(kt_vm_map(fd, other, bo, VA, 0, SIZE), 0);
	return bo;
}

/* One BO of each class, one that is pinned and one without pages. */
static void test_counts_what_is_reclaimable(void **state)
{
	struct kt *t = *state;
	uint32_t one = kt_vm(t->fd), two = kt_vm(t->fd), three = kt_vm(t->fd), bo, theirs;
	int vgem = kt_open("vgem", true), buf;

	assert_count(0);
	kt_filled_bo(t->fd, "unused", SIZE, 1);
	assert_count(BO_PAGES);
	bo = kt_filled_bo(t->fd, "mmapped", SIZE, 2);
	kt_map(t->fd, bo, SIZE);
	assert_count(2 * BO_PAGES);
	mapped_bo(t->fd, "vm", one, 0);
	assert_count(3 * BO_PAGES);
	mapped_bo(t->fd, "shared", two, three);
	assert_count(4 * BO_PAGES);
	bo = kt_filled_bo(t->fd, "purgeable", SIZE, 4);
	assert_int_equal(kt_madvise(t->fd, bo, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	assert_count(5 * BO_PAGES);
	kt_bo(t->fd, SIZE);
	buf = kt_export(t->fd, kt_filled_bo(t->fd, "pinned", SIZE, 5));
	assert_int_equal(kt_import(vgem, buf, &theirs), 0);
	assert_count(5 * BO_PAGES);
	assert_int_equal(kt_gem_get("pinned").resident, SIZE);
}

/* In order of pain, as many as are asked for, and what is gone counts no more. */
static void test_scans_what_it_counts(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), mapped = mapped_bo(t->fd, "mapped", vm, 0);
	uint32_t first = kt_filled_bo(t->fd, "first", SIZE, 1);
	uint32_t second = kt_filled_bo(t->fd, "second", SIZE, 2);
	uint64_t scans = kt_reclaim("scans"), purges = kt_reclaim("purges");
	uint32_t junk = kt_filled_bo(t->fd, "junk", SIZE, 4), retained = 1;

	assert_int_equal(kt_madvise(t->fd, junk, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	assert_count(4 * BO_PAGES);
	scan(1);
	assert_int_equal(kt_reclaim("purges"), purges + 1);
	assert_count(3 * BO_PAGES);
	scan(BO_PAGES + 1);
	assert_int_equal(kt_gem_get("first").evictions, 1);
	assert_int_equal(kt_gem_get("second").evictions, 1);
	assert_int_equal(kt_gem_get("mapped").evictions, 0);
	assert_count(BO_PAGES);
	scan(1000);
	assert_int_equal(kt_gem_get("mapped").evictions, 1);
	assert_count(0);
	assert_int_equal(kt_reclaim("scans"), scans + 3);

	assert_int_equal(kt_madvise(t->fd, junk, DRM_PANTHOR_BO_MADV_WILLNEED, &retained), 0);
	assert_int_equal(retained, 0);
	kt_assert_contents(t->fd, first, SIZE, 1);
	kt_assert_contents(t->fd, second, SIZE, 2);
	kt_assert_contents(t->fd, mapped, SIZE, 3);
	assert_count(3 * BO_PAGES);
}

/* Without swap only what needs none counts: the others would be asked in vain. */
static void test_without_swap(void **state)
{
	struct kt *t = *state;
	uint32_t junk = kt_filled_bo(t->fd, "junk", SIZE, 1);

	kt_filled_bo(t->fd, "unused", SIZE, 2);
	assert_int_equal(kt_madvise(t->fd, junk, DRM_PANTHOR_BO_MADV_DONTNEED, NULL), 0);
	assert_int_equal(count_pages(), 2 * BO_PAGES);
	assert_int_equal(swapoff(SWAP), 0);
	assert_int_equal(count_pages(), BO_PAGES);
	scan(1000);
	assert_int_equal(count_pages(), 0);
	assert_int_equal(kt_gem_get("unused").resident, SIZE);
	assert_int_equal(swapon(SWAP, 0), 0);
	assert_count(BO_PAGES);
}

/* It is gone before what it would scan. */
static void test_kb26_goes_with_the_device(void **state)
{
	struct kt *t = *state;
	char *dir = shrinker_dir();

	kt_filled_bo(t->fd, "old", SIZE, 1);
	assert_true(kt_unplug_begin());
	assert_true(kt_driver_unbind());
	free(dir);
	dir = shrinker_dir();
	close(t->fd);
	assert_true(kt_unplug_end());
	assert_null(dir);
	t->fd = kt_open("panthor", true);
	kt_filled_bo(t->fd, "new", SIZE, 2);
	assert_count(BO_PAGES);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_counts_what_is_reclaimable),
	kt_test(test_scans_what_it_counts),
	kt_test(test_without_swap),
	kt_test(test_kb26_goes_with_the_device),
	kt_no_leaks(),
};

int main(void)
{
	kt_begin();
	if (access(SHRINKERS, F_OK) < 0) {
		puts("1..0 # SKIP this kernel does not show its shrinkers");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
