/* SPDX-License-Identifier: MIT */
/* Limits of the system other than RAM: what is short is ENOMEM, and who uses it pays for it. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "kt.h"

#define SIZE   (16 * KT_PAGE)
#define VA     0x10000000ull
#define NOBODY 65534

/* Sets a limit and returns what it was. */
static char *set_limit(const char *path, const char *value)
{
	char *before = kt_read_file(path, NULL);

	assert_non_null(before);
	assert_true(kt_write_file(path, value));
	return before;
}

static void reset_limit(const char *path, char *before)
{
	assert_true(kt_write_file(path, before));
	free(before);
}

/* Root may open files beyond the limit, so somebody else binds. */
static void test_no_more_files(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), bo = kt_bo(t->fd, SIZE);
	char *before = set_limit("/proc/sys/fs/file-max", "0");
	int status, ret;
	pid_t pid = fork();

	if (pid == 0) {
		ret = setuid(NOBODY) < 0 ? 1 : kt_vm_map(t->fd, vm, bo, VA, 0, SIZE);
		_exit(ret == -ENOMEM ? 0 : 1 - ret);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	reset_limit("/proc/sys/fs/file-max", before);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
}

/* Where memory may not be promised beyond what there is. */
static void test_no_overcommit(void **state)
{
	struct kt *t = *state;
	uint32_t vm = kt_vm(t->fd), bo = kt_bo(t->fd, SIZE);
	char *ratio = set_limit("/proc/sys/vm/overcommit_ratio", "0");
	char *mode = set_limit("/proc/sys/vm/overcommit_memory", "2");
	int ret = kt_vm_map(t->fd, vm, bo, VA, 0, SIZE);

	reset_limit("/proc/sys/vm/overcommit_memory", mode);
	reset_limit("/proc/sys/vm/overcommit_ratio", ratio);
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(kt_vm_map(t->fd, vm, bo, VA, 0, SIZE), 0);
}

static bool enter_cgroup(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	mkdir("/sys/fs/cgroup/kt", 0755);
	return kt_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory") &&
	       kt_write_file("/sys/fs/cgroup/kt/cgroup.procs", pid);
}

static uint64_t charged(void)
{
	char *text = kt_read_file("/sys/fs/cgroup/kt/memory.current", NULL);
	uint64_t bytes;

	assert_non_null(text);
	bytes = strtoull(text, NULL, 10);
	free(text);
	return bytes;
}

static void test_labels_are_charged(void **state)
{
	struct kt *t = *state;
	enum { COUNT = 4096 };
	static uint32_t bos[COUNT];
	char label[4096];
	uint64_t before;
	size_t i;

	memset(label, 'l', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	if (!enter_cgroup())
		fail_msg("no memory cgroup");
	for (i = 0; i < COUNT; i++)
		bos[i] = kt_bo(t->fd, KT_PAGE);
	before = charged();
	for (i = 0; i < COUNT; i++)
		assert_int_equal(kt_bo_label(t->fd, bos[i], label), 0);
	assert_true(charged() > before + COUNT * sizeof(label) / 2);
}

static const struct CMUnitTest tests[] = {
	kt_test(test_no_more_files),
	kt_test(test_no_overcommit),
	kt_test(test_labels_are_charged),
	kt_no_leaks(),
};

kt_main(tests)
