/* SPDX-License-Identifier: MIT */
/* The frame of every kernel test: start, one file per test, what must be gone at the end. */
#include <sys/syscall.h>
#include <time.h>

#include "kt.h"

static unsigned int unexpected;
static int first_free_fd;
static char module_refs[32];

static void read_module_refs(char *buf, size_t size)
{
	char *text = kt_read_file("/sys/module/vpanthor/refcnt", NULL);

	snprintf(buf, size, "%s", text ? text : "none");
	free(text);
}

void kt_begin(void)
{
	char path[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (kt_find_node("panthor", true, path, sizeof(path)) < 0) {
		puts("1..0 # SKIP no panthor render node");
		exit(77);
	}
	/* The neighbour that attaches, exports and imports. */
	if (system("modprobe -q vgem") != 0)
		puts("# no vgem module");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	read_module_refs(module_refs, sizeof(module_refs));
	first_free_fd = dup(0);
	close(first_free_fd);
}

int kt_setup(void **state)
{
	struct kt *t = calloc(1, sizeof(*t));

	unexpected = 0;
	t->fd = kt_open("panthor", true);
	if (t->fd < 0) {
		print_error("# cannot open the render node: %s\n", strerror(-t->fd));
		free(t);
		return -1;
	}
	*state = t;
	return 0;
}

int kt_teardown(void **state)
{
	free(*state);
	kt_unmap(NULL, 0);
	syscall(SYS_close_range, first_free_fd, ~0u, 0);
	return 0;
}

int kt_slowdown(void)
{
	const char *value = getenv("VM_SLOWDOWN");

	return value ? atoi(value) : 1;
}

void kt_expect(const char *what, int got, int want)
{
	if (got == want)
		return;
	print_error("# %s: %s, not %s\n", what, strerror(-got), strerror(-want));
	unexpected++;
}

void kt_expect_either(const char *what, int got, int want, int or_want)
{
	kt_expect(what, got, got == or_want ? got : want);
}

void kt_all_expected(void)
{
	unsigned int count = unexpected;

	unexpected = 0;
	assert_int_equal(count, 0);
}

bool kt_wait(bool (*event)(void *), void *arg)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int i;

	for (i = 0; i < 10000; i++) {
		if (event(arg))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

char kt_thread_state(pid_t tid)
{
	char path[64], *text, *end, state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	text = kt_read_file(path, NULL);
	end = text ? strrchr(text, ')') : NULL;
	state = end ? end[2] : 0;
	free(text);
	return state;
}

static bool no_rows(void *arg)
{
	struct kt_gems gems;
	size_t count;

	kt_gems_read(&gems);
	count = gems.count;
	kt_gems_free(&gems);
	return count == 0;
}

static bool module_refs_are_back(void *arg)
{
	char now[32];

	read_module_refs(now, sizeof(now));
	return !strcmp(now, module_refs);
}

static void print_rows(void)
{
	struct kt_gems gems;
	size_t i;

	kt_gems_read(&gems);
	for (i = 0; i < gems.count && i < 20; i++) {
		print_error("# still there: %s/%d size %zu refs %u state %x '%.40s'\n",
			    gems.rows[i].comm, gems.rows[i].tgid, (size_t)gems.rows[i].size,
			    gems.rows[i].refcount, gems.rows[i].state, gems.rows[i].label);
	}
	kt_gems_free(&gems);
}

void kt_test_no_leaks(void **state)
{
	static const char *const lru[] = { "purgeable_bos", "unused_bos", "mmapped_bos", "vm_bos",
					   "shared_bos" };
	size_t i;

	if (!kt_wait(no_rows, NULL)) {
		print_rows();
		fail_msg("BOs outlive their files");
	}
	for (i = 0; i < ARRAY_SIZE(lru); i++)
		assert_int_equal(kt_reclaim(lru[i]), 0);
	if (!kt_wait(module_refs_are_back, NULL))
		fail_msg("the module is still in use; references at the start: %s", module_refs);
}
