/* SPDX-License-Identifier: MIT */
/*
 * Failures inside of probing the device and of loading the module: what is refused leaves nothing
 * behind, and then works. The kernel tells not of all: there may be a device without its driver, or
 * without its node or debugfs files. Then it goes like any other, and comes back whole.
 */
#include <dirent.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "fail_inject.h"
#include "fail_slab.h"
#include "kt_unplug.h"

#define MODULE "/sys/module/vpanthor"

/* Far more failure points than there are. */
#define NTH_MAX 2000

/* All that DRM core shows of devices: entries of these folders. */
static const char *const folders[] = {
	"/dev/dri",
	"/sys/class/drm",
	DEBUGFS "dri",
	DEBUGFS "dri/vpanthor",
	"/sys/bus/platform/devices",
	"/sys/bus/platform/drivers",
};

static int is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A text to be freed. */
static char *entries(void)
{
	char *text;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		struct dirent **names;
		int count = scandir(folders[i], &names, is_entry, alphasort), j;

		fprintf(out, "%s:", folders[i]);
		for (j = 0; j < count; j++) {
			fprintf(out, " %s", names[j]->d_name);
			free(names[j]);
		}
		fputc('\n', out);
		if (count >= 0)
			free(names);
	}
	fclose(out);
	return text;
}

static bool are_entries(const char *want, bool must)
{
	char *now = entries();
	bool same = !strcmp(now, want);

	if (must && !same)
		fail_msg("there is\n%sand not\n%s", now, want);
	free(now);
	return same;
}

static void assert_works(void)
{
	int fd = kt_open("panthor", true);
	uint32_t vm, bo;

	assert_true(fd >= 0);
	vm = kt_vm(fd);
	bo = kt_filled_bo(fd, "works", 8 * KT_PAGE, 1);
	assert_int_equal(kt_vm_map(fd, vm, bo, 0x100000, 0, 8 * KT_PAGE), 0);
	kt_assert_contents(fd, bo, 8 * KT_PAGE, 1);
	close(fd);
}

/*
 * @undo: back to where the call begins
 * @call: 0 or a negative errno
 * @also: an answer of the kernel's own besides ENOMEM
 */
struct probe_case {
	const char *within;
	const char *without;
	void (*undo)(void);
	int (*call)(void);
	int also;
};

/*
 * @before: entries where the call begins, and when it is refused
 * @done: after it has worked
 */
struct sweep {
	const struct probe_case *c;
	char *before;
	char *done;
	unsigned int nth;
	unsigned int fired[FAIL_COPY + 1];
	unsigned int refused;
	unsigned int incomplete;
};

static void undo(const struct sweep *s)
{
	s->c->undo();
	are_entries(s->before, true);
}

static void call_again(const struct sweep *s)
{
	assert_int_equal(s->c->call(), 0);
	are_entries(s->done, true);
}

/* One call whose point @s->nth fails; false: it has none. */
static bool attempt(struct sweep *s)
{
	enum fail_kind kind;
	int ret;

	undo(s);
	fail_arm(s->nth);
	ret = s->c->call();
	kind = fail_disarm();
	s->fired[kind]++;
	if (ret < 0) {
		if (ret != (kind == FAIL_COPY ? -EFAULT : -ENOMEM) && ret != s->c->also)
			fail_msg("point %u, kind %d: %s", s->nth, kind, strerror(-ret));
		are_entries(s->before, true);
		s->refused++;
		call_again(s);
	} else if (kind != FAIL_NONE && !are_entries(s->done, false)) {
		s->incomplete++;
		undo(s);
		call_again(s);
	}
	assert_works();
	return kind != FAIL_NONE;
}

static void sweep(const struct probe_case *c)
{
	struct sweep s = { .c = c, .nth = 1, .done = entries() };

	fail_limit(c->within, c->without);
	c->undo();
	s.before = entries();
	/* What is made once and stays, is there after this. */
	call_again(&s);
	assert_works();
	fail_slabs_begin();
	while (attempt(&s))
		assert_true(s.nth++ < NTH_MAX);
	fail_slabs_assert_back();
	print_message("# failed: %u slab, %u page, %u copy; %u refused, %u incomplete\n",
		      s.fired[FAIL_SLAB], s.fired[FAIL_PAGE], s.fired[FAIL_COPY], s.refused,
		      s.incomplete);
	assert_int_not_equal(s.refused, 0);
	free(s.before);
	free(s.done);
}

static void unbind(void)
{
	assert_true(kt_driver_unbind());
}

static int bind(void)
{
	return kt_driver_bind() ? 0 : -errno;
}

/*
 * But for the device node of a minor: drm_minor_alloc() of the kernel puts what it got for one,
 * also if that is an error, and oopses.
 */
static void test_probe(void **state)
{
	const struct probe_case probe = {
		.within = "platform_probe",
		.without = "drm_sysfs_minor_alloc",
		.undo = unbind,
		.call = bind,
	};

	sweep(&probe);
}

static bool unloads(void *arg)
{
	return kt_driver_unload() == 0;
}

/* Work items may still be at what a file has left. */
static void unload(void)
{
	assert_true(kt_wait(unloads, NULL));
	assert_true(access(MODULE, F_OK) < 0);
}

static int load(void)
{
	struct utsname kernel;
	char path[256];
	int fd, ret;

	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/extra/vpanthor.ko", kernel.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/*
 * The module's own beginning; that of its device is test_probe(). EINVAL: a driver whose folder
 * below the module's in sysfs can not be made.
 */
static void test_load(void **state)
{
	const struct probe_case init = {
		.within = "do_init_module",
		.without = "platform_probe",
		.undo = unload,
		.call = load,
		.also = -EINVAL,
	};

	sweep(&init);
}

static int setup(void **state)
{
	return kt_unplug_begin() ? 0 : -1;
}

static int teardown(void **state)
{
	fail_disarm();
	fail_limit(NULL, NULL);
	return kt_unplug_end() ? 0 : -1;
}

#define probe_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
	probe_test(test_probe),
	probe_test(test_load),
	fail_no_leaks(),
};

fail_main(tests)
