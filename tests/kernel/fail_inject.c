/* SPDX-License-Identifier: MIT */
/* The knobs of the kernel's fault injection. */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <sys/rseq.h>
#include <sys/syscall.h>

#include "fail_inject.h"
#include "kt_gpu.h"

/* More than ever fail: what is missing of it says how often one of a kind did. */
#define TIMES 1000000

/* The most that the kernel looks at. */
#define STACK_DEPTH 32

/* kmemleak does not tell of what is younger than 5 s. */
#define KMEMLEAK_AGE_S 6

static const char *const kinds[] = {
	[FAIL_NONE] = "nothing",
	[FAIL_SLAB] = "failslab",
	[FAIL_PAGE] = "fail_page_alloc",
	[FAIL_COPY] = "fail_usercopy",
};

/* Switched on, that is: it may switch itself off. */
static bool kmemleak;

static bool kernel_marked;

static int nth_fd = -1;
static int task_fd = -1;

static void set_knob(enum fail_kind kind, const char *knob, uint64_t value)
{
	char path[96];
	char text[32];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", kinds[kind], knob);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (!kt_write_file(path, text))
		fail_msg("%s", path);
}

static void set_all(const char *knob, uint64_t value)
{
	enum fail_kind kind;

	for (kind = FAIL_SLAB; kind <= FAIL_COPY; kind++)
		set_knob(kind, knob, value);
}

static uint64_t get_times(enum fail_kind kind)
{
	char path[96];
	char *text;
	uint64_t times;

	snprintf(path, sizeof(path), DEBUGFS "%s/times", kinds[kind]);
	text = kt_read_file(path, NULL);
	assert_non_null(text);
	times = strtoull(text, NULL, 10);
	free(text);
	return times;
}

/* Both files are of the thread that opens them. */
static bool open_knobs(void)
{
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	task_fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);
	return nth_fd >= 0 && task_fd >= 0 && access(DEBUGFS "failslab/times", W_OK) == 0 &&
	       access(DEBUGFS "fail_page_alloc/times", W_OK) == 0 &&
	       access(DEBUGFS "fail_usercopy/times", W_OK) == 0;
}

/* By default only allocations that may not sleep fail, and none of single pages. */
static void widen_knobs(void)
{
	kt_write_file(DEBUGFS "failslab/ignore-gfp-wait", "N");
	kt_write_file(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	kt_write_file(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	set_knob(FAIL_PAGE, "min-order", 0);
	set_all("probability", 0);
	set_all("verbose", 0);
	set_all("interval", 1);
	set_all("space", 0);
}

/*
 * After a fork the kernel writes to a page that has to be copied first, at whatever moment it
 * switches tasks, and kills who has no memory for it.
 */
static void leave_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size)
		syscall(SYS_rseq, area, sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

void fail_begin(void)
{
	if (!open_knobs()) {
		puts("1..0 # SKIP the kernel has no fault injection");
		exit(77);
	}
	leave_rseq();
	kt_begin();
	widen_knobs();
	kmemleak = kt_write_file(DEBUGFS "kmemleak", "scan=off");
}

/* Of the kernel's symbols: where @name is, or without a name the first one behind @after. */
static uint64_t find_symbol(const char *name, uint64_t after)
{
	char *text = kt_read_file("/proc/kallsyms", NULL);
	char *rest = text, *line, symbol[128];
	uint64_t addr, found = UINT64_MAX;

	assert_non_null(text);
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%" SCNx64 " %*c %127s", &addr, symbol) != 2)
			continue;
		if (name ? !strcmp(symbol, name) : addr > after && addr < found)
			found = addr;
	}
	free(text);
	assert_int_not_equal(found, UINT64_MAX);
	return found;
}

void fail_limit(const char *within, const char *without)
{
	uint64_t start = within ? find_symbol(within, 0) : 0;

	set_all("require-start", start);
	set_all("require-end", within ? find_symbol(NULL, start) : UINT64_MAX);
	start = without ? find_symbol(without, 0) : 0;
	set_all("reject-start", start);
	set_all("reject-end", without ? find_symbol(NULL, start) : 0);
	set_all("stacktrace-depth", STACK_DEPTH);
}

static void write_nth(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	/* What was armed before may hit this very write, and is spent then. */
	if (pwrite(nth_fd, text, (size_t)len, 0) != len)
		assert_int_equal(pwrite(nth_fd, text, (size_t)len, 0), len);
}

void fail_arm(unsigned int nth)
{
	set_all("times", TIMES);
	write_nth(nth);
}

void fail_arm_all(enum fail_kind kind, uint64_t budget)
{
	set_all("times", TIMES);
	set_all("task-filter", 1);
	set_knob(kind, "space", budget);
	set_knob(kind, "probability", 100);
	assert_int_equal(pwrite(task_fd, "1", 1, 0), 1);
}

/* Threads that are made later have it from kthreadd. */
static void mark_kernel_threads(bool fail)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[64];

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char *cmdline;
		size_t size = 0;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/cmdline", entry->d_name);
		cmdline = kt_read_file(path, &size);
		snprintf(path, sizeof(path), "/proc/%.16s/make-it-fail", entry->d_name);
		/* The others have a command line; those that went meanwhile have no file. */
		if (cmdline && size == 0)
			kt_write_file(path, fail ? "1" : "0");
		free(cmdline);
	}
	closedir(dir);
}

void fail_arm_kernel(unsigned int interval, unsigned int times)
{
	enum fail_kind kind;

	set_all("times", times);
	set_all("interval", interval);
	set_all("task-filter", 1);
	mark_kernel_threads(true);
	for (kind = FAIL_SLAB; kind <= FAIL_PAGE; kind++)
		set_knob(kind, "probability", 100);
	kernel_marked = true;
	assert_int_equal(pwrite(task_fd, "1", 1, 0), 1);
}

enum fail_kind fail_disarm(void)
{
	enum fail_kind kind;
	/* Reading is a copy to the user, which fails if it is just that point's turn. */
	char text[16] = "1";
	bool fired;

	fired = pread(nth_fd, text, sizeof(text), 0) > 0 && atoi(text) == 0;
	write_nth(0);
	assert_int_equal(pwrite(task_fd, "0", 1, 0), 1);
	set_all("probability", 0);
	set_all("interval", 1);
	set_all("space", 0);
	if (kernel_marked)
		mark_kernel_threads(false);
	kernel_marked = false;
	for (kind = FAIL_COPY; fired && kind > FAIL_NONE; kind--) {
		if (get_times(kind) < TIMES)
			return kind;
	}
	return FAIL_NONE;
}

int fail_teardown(void **state)
{
	void *nothing = NULL;

	fail_disarm();
	fail_limit(NULL, NULL);
	return kt_teardown(&nothing);
}

int fail_ioctl(int fd, unsigned long request, void *args, size_t size)
{
	unsigned char before[128];
	int ret;

	if (size > sizeof(before))
		abort();
	memcpy(before, args, size);
	ret = kt_ioctl(fd, request, args);
	/* An errno that no call may answer. */
	return ret < 0 && memcmp(args, before, size) != 0 ? -EXFULL : ret;
}

void fail_wait_and_forget(int fd, uint32_t sync, uint64_t points)
{
	struct drm_syncobj_destroy args = { .handle = sync };
	uint64_t point;

	for (point = 1; point <= points; point++)
		assert_int_equal(kt_syncobj_wait(fd, sync, point), 0);
	assert_int_equal(kt_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args), 0);
}

void fail_leave_swap_cache(void)
{
	kt_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	/* EAGAIN: so much there was not. */
	kt_write_file("/sys/fs/cgroup/command/memory.reclaim", "3M");
}

/* The reports that name the driver; how many. */
static unsigned int count_leaks(void)
{
	char *text = kt_read_file(DEBUGFS "kmemleak", NULL);
	char *report = text;
	unsigned int count = 0;

	while (report && (report = strstr(report, "unreferenced object"))) {
		char *next = strstr(report + 1, "unreferenced object");

		if (next)
			next[-1] = '\0';
		if (strstr(report, "vpanthor")) {
			print_error("# %s\n", report);
			count++;
		}
		report = next;
	}
	free(text);
	return count;
}

void fail_test_kmemleak(void **state)
{
	/* Needs kmemleak=on, as in meson.build; that it gave itself up is a failure as well. */
	assert_true(kmemleak);
	assert_true(kt_write_file(DEBUGFS "kmemleak", "scan"));
	sleep(KMEMLEAK_AGE_S);
	assert_true(kt_write_file(DEBUGFS "kmemleak", "scan"));
	assert_int_equal(count_leaks(), 0);
}
