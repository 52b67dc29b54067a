/* SPDX-License-Identifier: MIT */
/* BOs that are created, closed, shared, labelled and looked at while reclaim goes through them. */
#include "kt_race.h"

#define SIZE (8 * KT_PAGE)

static void churn(struct kt_race *race, uint64_t *seed)
{
	uint64_t stamp = kt_rand(seed);
	uint32_t bo;
	void *ptr;

	if (!kt_race_check(kt_bo_create(race->fd, SIZE, 0, 0, &bo) == 0))
		return;
	ptr = kt_race_map(race->fd, bo, SIZE);
	if (kt_race_check(ptr)) {
		kt_fill(ptr, SIZE, stamp);
		kt_race_check(kt_wrong(ptr, SIZE, stamp) == 0);
		munmap(ptr, SIZE);
	}
	kt_race_check(kt_bo_close(race->fd, bo) == 0);
}

/* The last reference may be the scan's, and the list it works on its own. */
static void test_kb38_kb39_kb40_close_races_scan(void **state)
{
	struct kt *t = *state;
	struct kt_race race = { .fd = t->fd };
	static const kt_race_round workers[] = { churn, churn, kt_race_shrink, kt_race_shrink };

	kt_race_run(&race, 250, workers, ARRAY_SIZE(workers));
}

static void test_close_races_gems(void **state)
{
	struct kt *t = *state;
	struct kt_race race = { .fd = t->fd };
	static const kt_race_round workers[] = { churn, churn, kt_race_gems, kt_race_gems };

	kt_race_run(&race, 300, workers, ARRAY_SIZE(workers));
}

static void create_only(struct kt_race *race, uint64_t *seed)
{
	struct drm_panthor_bo_query_info info;
	uint32_t bo;

	kt_race_check(kt_bo_create(race->fd, SIZE, 0, 0, &bo) == 0);
	kt_bo_label(race->fd, bo, "published too early?");
	kt_bo_info(race->fd, bo, &info);
	kt_bo_close(race->fd, bo);
}

/* Closes handles before their creator has been told about them. */
static void close_guessed(struct kt_race *race, uint64_t *seed)
{
	kt_bo_close(race->fd, 1 + (uint32_t)(kt_rand(seed) % 4));
}

static void test_kb_create_races_close_of_a_guessed_handle(void **state)
{
	struct kt *t = *state;
	struct kt_race race = { .fd = t->fd };
	static const kt_race_round workers[] = { create_only, close_guessed, close_guessed,
						 kt_race_gems };

	kt_race_run(&race, 5000, workers, ARRAY_SIZE(workers));
}

struct labels {
	uint32_t bo;
	char text[3][512];
};

static void set_label(struct kt_race *race, uint64_t *seed)
{
	struct labels *labels = race->arg;

	kt_race_check(kt_bo_label(race->fd, labels->bo, labels->text[kt_rand(seed) % 3]) == 0);
}

static void check_label(struct kt_race *race, uint64_t *seed)
{
	struct labels *labels = race->arg;
	char buf[4096];
	int fd = kt_debugfs_open("gems", O_RDONLY);
	size_t len = 0;
	bool known = false;
	ssize_t n;
	int i;

	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = '\0';
	for (i = 0; i < 3; i++)
		known |= strstr(buf, labels->text[i]) != NULL;
	kt_race_check(known);
}

/* A label is read as one of those that were set: never freed text, never a mix. */
static void test_label_races_gems(void **state)
{
	struct kt *t = *state;
	struct labels labels = { .bo = kt_bo(t->fd, SIZE) };
	struct kt_race race = { .fd = t->fd, .arg = &labels };
	static const kt_race_round workers[] = { check_label, set_label, set_label, kt_race_gems };
	int i;

	/* The rest is zeroes already. */
	for (i = 0; i < 3; i++)
		memset(labels.text[i], 'a' + i, (size_t)(50 + 200 * i));
	assert_int_equal(kt_bo_label(t->fd, labels.bo, labels.text[0]), 0);
	kt_race_run(&race, 4000, workers, ARRAY_SIZE(workers));
}

struct sharing {
	const char *node;
	uint32_t bo;
	int other;
	int buf;
	uint64_t stamp;
};

/* The same object comes and goes in a second file; its handle there is another one every time. */
static void import_and_close(struct kt_race *race, uint64_t *seed)
{
	struct sharing *sharing = race->arg;
	uint32_t bo;
	void *ptr;

	if (!kt_race_check(kt_import(sharing->other, sharing->buf, &bo) == 0))
		return;
	if (kt_rand(seed) % 4 == 0) {
		/* Another thread may close it first: then there is nothing to map. */
		ptr = kt_race_map(sharing->other, bo, SIZE);
		if (ptr) {
			kt_race_check(kt_wrong(ptr, SIZE, sharing->stamp) == 0);
			munmap(ptr, SIZE);
		}
	}
	kt_bo_close(sharing->other, bo);
}

static void test_import_races_close(void **state)
{
	struct kt *t = *state;
	struct sharing sharing = { .other = kt_open("panthor", true), .stamp = 77 };
	struct kt_race race = { .fd = t->fd, .arg = &sharing };
	static const kt_race_round workers[] = { import_and_close, import_and_close, kt_race_shrink,
						 kt_race_gems };
	uint32_t bo = kt_filled_bo(t->fd, "import", SIZE, sharing.stamp);

	sharing.buf = kt_export(t->fd, bo);
	assert_true(sharing.buf >= 0);
	assert_int_equal(kt_bo_close(t->fd, bo), 0);
	kt_race_run(&race, 1500, workers, ARRAY_SIZE(workers));
	assert_int_equal(kt_import(t->fd, sharing.buf, &bo), 0);
	kt_assert_contents(t->fd, bo, SIZE, sharing.stamp);
}

/*
 * Attach and detach pin and unpin, each thread from a file of its own, where the buffer has no
 * handle yet: as long as it has one there, nobody may take the pages.
 */
static void attach_and_detach(struct kt_race *race, uint64_t *seed)
{
	static _Thread_local int other = -1;
	struct sharing *sharing = race->arg;
	uint32_t bo;

	if (other < 0)
		other = open(sharing->node, O_RDWR | O_CLOEXEC);
	if (!kt_race_check(kt_import(other, sharing->buf, &bo) == 0))
		return;
	kt_race_check(kt_madvise(race->fd, sharing->bo, DRM_PANTHOR_BO_MADV_PAGEOUT, NULL) ==
		      -EBUSY);
	kt_race_check(kt_bo_close(other, bo) == 0);
}

static void verify_shared(struct kt_race *race, uint64_t *seed)
{
	struct sharing *sharing = race->arg;
	void *ptr;

	if (kt_mmap(sharing->buf, 0, SIZE, PROT_READ, MAP_SHARED, &ptr) < 0)
		return;
	kt_race_check(kt_wrong(ptr, SIZE, sharing->stamp) == 0);
	munmap(ptr, SIZE);
}

static void test_kb2_pins_race_scan(void **state)
{
	struct kt *t = *state;
	char node[64];
	struct sharing sharing = { .node = node, .stamp = 78 };
	struct kt_race race = { .fd = t->fd, .arg = &sharing };
	static const kt_race_round workers[] = { attach_and_detach, attach_and_detach,
						 verify_shared, kt_race_shrink };

	assert_int_equal(kt_find_node("vgem", true, node, sizeof(node)), 0);
	sharing.bo = kt_filled_bo(t->fd, "pin", SIZE, sharing.stamp);
	sharing.buf = kt_export(t->fd, sharing.bo);
	assert_true(sharing.buf >= 0);
	kt_race_run(&race, 2000, workers, ARRAY_SIZE(workers));
	/* Every pin is gone again. */
	kt_shrink_all();
	assert_int_equal(kt_gem_get("pin").resident, 0);
}

/* Files that die with everything in them. */
static void open_fill_close(struct kt_race *race, uint64_t *seed)
{
	const char *node = race->arg;
	struct kt_race inner = { .fd = open(node, O_RDWR | O_CLOEXEC) };
	uint32_t bo;
	void *ptr;
	int i;

	for (i = 0; i < 8; i++) {
		if (!kt_race_check(kt_bo_create(inner.fd, SIZE, 0, 0, &bo) == 0))
			break;
		ptr = kt_race_map(inner.fd, bo, SIZE);
		if (ptr) {
			kt_fill(ptr, SIZE, 1);
			munmap(ptr, SIZE);
		}
	}
	close(inner.fd);
}

static void test_file_close_races_scan(void **state)
{
	struct kt *t = *state;
	char node[64];
	struct kt_race race = { .fd = t->fd, .arg = node };
	static const kt_race_round workers[] = { open_fill_close, open_fill_close, kt_race_shrink,
						 kt_race_gems };

	assert_int_equal(kt_find_node("panthor", true, node, sizeof(node)), 0);
	kt_race_run(&race, 60, workers, ARRAY_SIZE(workers));
}

static const struct CMUnitTest tests[] = {
	kt_test(test_kb38_kb39_kb40_close_races_scan),
	kt_test(test_close_races_gems),
	kt_test(test_kb_create_races_close_of_a_guessed_handle),
	kt_test(test_label_races_gems),
	kt_test(test_import_races_close),
	kt_test(test_kb2_pins_race_scan),
	kt_test(test_file_close_races_scan),
	kt_no_leaks(),
};

kt_main(tests)
