/* SPDX-License-Identifier: MIT */
/* BO_SET_LABEL: limits, errors, and text that tries to be more than text. */
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kt.h"

#define LIMIT 4096

static char *long_label(size_t len)
{
	char *label = malloc(len + 1);

	memset(label, 'x', len);
	memcpy(label, "long", 4);
	label[len] = '\0';
	return label;
}

static void test_set_replace_clear(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE);
	struct kt_gem row;

	assert_true(kt_gem("", &row));
	assert_int_equal(kt_bo_label(t->fd, bo, "first"), 0);
	kt_gem_get("first");
	assert_int_equal(kt_bo_label(t->fd, bo, "second label"), 0);
	kt_gem_get("second label");
	assert_false(kt_gem("first", &row));
	assert_int_equal(kt_bo_label(t->fd, bo, ""), 0);
	assert_false(kt_gem("second label", &row));
	assert_int_equal(kt_bo_label(t->fd, bo, "third"), 0);
	assert_int_equal(kt_bo_label(t->fd, bo, NULL), 0);
	assert_true(kt_gem("", &row));
}

static void test_limit(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE);
	char *fits = long_label(LIMIT - 1);
	char *over = long_label(LIMIT);
	char *far_over = long_label(3 * LIMIT);

	assert_int_equal(kt_bo_label(t->fd, bo, fits), 0);
	kt_gem_get(fits);
	kt_expect("4096 characters", kt_bo_label(t->fd, bo, over), -E2BIG);
	kt_expect("12288 characters", kt_bo_label(t->fd, bo, far_over), -E2BIG);
	kt_all_expected();
	kt_gem_get(fits);
	free(fits);
	free(over);
	free(far_over);
}

/* The string ends right before an unmapped page, or does not. */
static void test_end_of_memory(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE);
	char *map =
		mmap(NULL, 2 * KT_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(map + KT_PAGE, KT_PAGE);
	memset(map, 'e', KT_PAGE);
	assert_int_equal(kt_bo_label(t->fd, bo, map + KT_PAGE - 9), -EFAULT);
	map[KT_PAGE - 1] = '\0';
	assert_int_equal(kt_bo_label(t->fd, bo, map + KT_PAGE - 9), 0);
	kt_gem_get("eeeeeeee");
	munmap(map, KT_PAGE);
}

static void test_errors_leave_the_label(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE);
	struct drm_panthor_bo_set_label pad = { .handle = bo,
						.pad = 1,
						.label = (uintptr_t) "pad" };

	assert_int_equal(kt_bo_label(t->fd, bo, "kept"), 0);
	kt_expect("pad", kt_ioctl(t->fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &pad), -EINVAL);
	kt_expect("handle 0", kt_bo_label(t->fd, 0, "x"), -ENOENT);
	kt_expect("unknown", kt_bo_label(t->fd, 0xdeadbeef, "x"), -ENOENT);
	kt_expect("unmapped", kt_bo_label(t->fd, bo, (char *)KT_BAD_PTR), -EFAULT);
	kt_expect("kernel", kt_bo_label(t->fd, bo, (char *)KT_KERNEL_PTR), -EFAULT);
	kt_all_expected();
	kt_gem_get("kept");
}

static void test_imported_bo_has_a_label(void **state)
{
	struct kt *t = *state;
	int buf = kt_udmabuf(KT_PAGE);
	uint32_t bo;

	assert_true(buf >= 0);
	assert_int_equal(kt_import(t->fd, buf, &bo), 0);
	assert_int_equal(kt_bo_label(t->fd, bo, "foreign"), 0);
	kt_gem_get("foreign");
}

/* kt_gems_read() refuses raw control bytes; each must come back as it was set, in one row. */
static void test_every_byte_survives(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE);
	struct kt_gems gems;
	char label[256];
	int i;

	for (i = 0; i < 255; i++)
		label[i] = (char)(i + 1);
	label[255] = '\0';
	assert_int_equal(kt_bo_label(t->fd, bo, label), 0);
	kt_gem_get(label);
	kt_gems_read(&gems);
	assert_int_equal(gems.count, 1);
	kt_gems_free(&gems);
}

static const char forged_row[] =
	"x\ninit/1                          0               1          0          "
	"4096            4096            0x0               0x0       0x0         forged\n";

/* A label that looks like the end of its row, a row of its own and a footer. */
static void test_no_row_is_forged(void **state)
{
	struct kt *t = *state;
	const char *const hostile[] = {
		forged_row,
		"x\n====================\nTotal size: 0, Total resident: 0, Total reclaimable: 0\n",
		"\033[2J\033[1;1Hcleared",
		"\r\rover\b\b\b\bwritten",
		"tab\tstop",
		"back\\slash \\n \\012",
		"\xff\xfe not UTF-8 \xc3",
		"   leading and trailing   ",
	};
	struct kt_gems gems;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hostile); i++)
		assert_int_equal(kt_bo_label(t->fd, kt_bo(t->fd, KT_PAGE), hostile[i]), 0);
	kt_gems_read(&gems);
	assert_int_equal(gems.count, ARRAY_SIZE(hostile));
	assert_int_equal(gems.total_size, gems.sum_size);
	kt_gems_free(&gems);
	for (i = 0; i < ARRAY_SIZE(hostile); i++)
		kt_gem_get(hostile[i]);
}

/* The creator's name is chosen by the creator as well, and has a column of fixed width. */
static void check_comm(int fd, const char *comm)
{
	struct kt_gems gems;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		uint32_t bo;

		prctl(PR_SET_NAME, comm);
		if (kt_bo_create(fd, KT_PAGE, 0, 0, &bo) != 0)
			_exit(1);
		_exit(kt_bo_label(fd, bo, comm) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	kt_gems_read(&gems);
	assert_int_equal(gems.count, 1);
	assert_int_equal(gems.rows[0].tgid, pid);
	assert_string_equal(gems.rows[0].label, comm);
	kt_gems_free(&gems);
}

static void test_hostile_comm(void **state)
{
	static const char *const comms[] = {
		"two words",
		"a/b/1 0 0 0",
		"x\nforged/1 0",
		"\t\033[2J\b",
		"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\",
		"\1\2\3\4\5\6\7\1\2\3\4\5\6\7\1",
		"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
	};
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(comms); i++) {
		fd = kt_open("panthor", true);
		check_comm(fd, comms[i]);
		close(fd);
	}
}

/* 4095 times the longest escape: a row longer than any page. */
static void test_long_label_of_escapes(void **state)
{
	struct kt *t = *state;
	uint32_t bo = kt_bo(t->fd, KT_PAGE);
	char *label = long_label(LIMIT - 1);

	memset(label, '\001', LIMIT - 1);
	assert_int_equal(kt_bo_label(t->fd, bo, label), 0);
	kt_gem_get(label);
	free(label);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_set_replace_clear),
	kt_test(test_limit),
	kt_test(test_end_of_memory),
	kt_test(test_errors_leave_the_label),
	kt_test(test_imported_bo_has_a_label),
	kt_test(test_every_byte_survives),
	kt_test(test_no_row_is_forged),
	kt_test(test_hostile_comm),
	kt_test(test_long_label_of_escapes),
	kt_no_leaks(),
};

kt_main(tests)
