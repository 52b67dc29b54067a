// SPDX-License-Identifier: MIT
/* Accounts: BOs and bytes by label and state, peaks, and what is told when a device goes. */
#include "cache_fixture.h"

#define KIB 1024ull

/* What a device said of one label, and of how many labels it spoke. */
struct found {
	const char *wanted;
	struct panthor_usage usage;
	unsigned int rows;
	unsigned int matches;
	struct panthor_device *dev;
};

static void look(const struct panthor_usage *usage, void *data)
{
	struct found *found = data;

	found->rows++;
	/* The library may be called from here. */
	if (found->dev)
		assert_int_equal(
			panthor_device_usage(found->dev, look, &(struct found){ .wanted = "x" }),
			0);
	if (!usage->label != !found->wanted)
		return;
	if (usage->label && strcmp(usage->label, found->wanted))
		return;
	found->usage = *usage;
	found->matches++;
}

static struct panthor_usage usage_of(struct panthor_device *dev, const char *label)
{
	struct found found = { .wanted = label };

	assert_int_equal(panthor_device_usage(dev, look, &found), 0);
	assert_int_equal(found.matches, 1);
	return found.usage;
}

static unsigned int label_count(struct panthor_device *dev)
{
	struct found found = { .wanted = "no such label" };

	assert_int_equal(panthor_device_usage(dev, look, &found), 0);
	return found.rows - 1;
}

static void bos_count_by_label(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *a = new_bo(f->dev, 4 * KIB, 0), *b = new_bo(f->dev, 8 * KIB, 0);

	assert_int_equal(usage_of(f->dev, NULL).bos, 2);
	assert_int_equal(usage_of(f->dev, NULL).bytes, 12 * KIB);
	assert_int_equal(label_count(f->dev), 0);
	assert_int_equal(panthor_bo_set_label(a, "texture"), 0);
	assert_int_equal(panthor_bo_set_label(b, "texture"), 0);
	assert_int_equal(label_count(f->dev), 1);
	assert_int_equal(usage_of(f->dev, NULL).bos, 0);
	assert_int_equal(usage_of(f->dev, "texture").bos, 2);
	assert_int_equal(usage_of(f->dev, "texture").bytes, 12 * KIB);

	assert_int_equal(panthor_bo_set_label(b, "shader"), 0);
	assert_int_equal(panthor_bo_set_label(b, "shader"), 0);
	assert_int_equal(usage_of(f->dev, "texture").bytes, 4 * KIB);
	assert_int_equal(usage_of(f->dev, "shader").bytes, 8 * KIB);
	assert_int_equal(panthor_bo_set_label(a, NULL), 0);
	assert_int_equal(usage_of(f->dev, NULL).bytes, 4 * KIB);
	panthor_bo_unref(a);
	panthor_bo_unref(b);
	/* Peaks stay. */
	assert_int_equal(usage_of(f->dev, NULL).bos, 0);
	assert_int_equal(usage_of(f->dev, NULL).peak_bytes, 12 * KIB);
	assert_int_equal(usage_of(f->dev, "texture").peak_bytes, 12 * KIB);
	assert_int_equal(usage_of(f->dev, "texture").bytes, 0);
	assert_int_equal(usage_of(f->dev, "shader").peak_bytes, 8 * KIB);
}

static void labels_count_on_old_kernels(void **state)
{
	struct fake *fake = fake_new(3);
	struct panthor_device *dev = open_fake(fake);
	struct panthor_bo *bo = new_bo(dev, 4 * KIB, 0);

	assert_int_equal(panthor_bo_set_label(bo, "old"), -EOPNOTSUPP);
	assert_int_equal(usage_of(dev, "old").bos, 1);
	panthor_bo_unref(bo);
	panthor_device_unref(dev);
	assert_int_equal(fake_free(fake), 0);
}

static void states_are_told_apart(void **state)
{
	struct panthor_buffer idle, used;
	struct panthor_bo *imported = NULL;
	struct panthor_usage usage;
	struct cache_fixture c;
	int foreign, fd = -1;

	cache_begin(&c, state, 0, false, 0);
	foreign = fake_make_dmabuf(c.f->fake, 64 * KIB, true);
	assert_int_equal(panthor_bo_import(c.f->dev, foreign, &imported), 0);
	idle = cache_take(&c, 8 * KIB, 0);
	used = cache_take(&c, 4 * KIB, 0);
	assert_int_equal(panthor_bo_export(used.bo, &fd), 0);
	cache_give(&c, idle, 0);
	usage = usage_of(c.f->dev, NULL);
	assert_int_equal(usage.bos, 3);
	assert_int_equal(usage.bytes, 76 * KIB);
	assert_int_equal(usage.shared_bos, 2);
	assert_int_equal(usage.shared_bytes, 68 * KIB);
	assert_int_equal(usage.cached_bos, 1);
	assert_int_equal(usage.cached_bytes, 8 * KIB);
	cache_give(&c, cache_take(&c, 8 * KIB, 0), 0);
	idle = cache_take(&c, 8 * KIB, 0);
	assert_int_equal(usage_of(c.f->dev, NULL).cached_bos, 0);
	cache_give(&c, idle, 0);
	cache_give(&c, used, 0);
	panthor_bo_unref(imported);
	fake_close_dmabuf(c.f->fake, foreign);
	fake_close_dmabuf(c.f->fake, fd);
	cache_end(&c);
}

/* What a cache does not use again is not for it to count, whoever keeps it. */
static void refused_ones_are_not_cached(void **state)
{
	struct panthor_buffer kept, waiting;
	struct cache_fixture c;

	cache_begin(&c, state, 0, true, 0);
	kept = cache_take(&c, 4 * KIB, 0);
	waiting = cache_take(&c, 4 * KIB, 0);
	panthor_bo_ref(kept.bo);
	panthor_bo_ref(waiting.bo);
	cache_give(&c, kept, 0);
	cache_give(&c, waiting, 5);
	assert_int_equal(usage_of(c.f->dev, NULL).bos, 2);
	assert_int_equal(usage_of(c.f->dev, NULL).cached_bos, 0);
	assert_int_equal(panthor_syncobj_signal(c.f->dev, c.timeline, 5), 0);
	assert_int_equal(panthor_bo_cache_trim(c.cache, 0), 4 * KIB);
	assert_int_equal(usage_of(c.f->dev, NULL).cached_bos, 0);
	panthor_bo_unref(kept.bo);
	panthor_bo_unref(waiting.bo);
	cache_end(&c);
}

static void errors_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4 * KIB, 0);
	struct found found = { .wanted = NULL };

	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_bo_set_label(bo, "label"), -ENOMEM);
	assert_int_equal(fake_calls(f->fake, FAKE_BO_SET_LABEL), 0);
	assert_int_equal(panthor_device_has(f->dev, PANTHOR_FEATURE_BO_LABEL), 1);
	fake_fail(f->fake, FAKE_BO_SET_LABEL, 1, ENOMEM);
	assert_int_equal(panthor_bo_set_label(bo, "label"), -ENOMEM);
	assert_int_equal(label_count(f->dev), 0);
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_device_usage(f->dev, look, &found), -ENOMEM);
	assert_int_equal(found.rows, 0);
	found.dev = f->dev;
	assert_int_equal(panthor_device_usage(f->dev, look, &found), 0);
	assert_int_equal(found.rows, 1);
	panthor_bo_unref(bo);
}

static void labels_do_not_pile_up(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4 * KIB, 0), *kept = new_bo(f->dev, 4 * KIB, 0);
	char label[16];

	assert_int_equal(panthor_bo_set_label(kept, "kept"), 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(label, sizeof(label), "frame %d", i);
		assert_int_equal(panthor_bo_set_label(bo, label), 0);
	}
	assert_int_equal(label_count(f->dev), 1024);
	assert_int_equal(usage_of(f->dev, "frame 2999").bos, 1);
	assert_int_equal(usage_of(f->dev, "kept").bos, 1);
	panthor_bo_unref(bo);
	panthor_bo_unref(kept);
}

/* The chains stay short, and what was in them is found where it has gone. */
static void many_labels_spread(void **state)
{
	enum { LABELS = 3000 };
	static struct panthor_bo *bos[LABELS];
	struct fixture *f = *state;
	struct accounts *accounts = &f->dev->accounts;
	char label[16];

	for (int i = 0; i < LABELS; i++) {
		bos[i] = new_bo(f->dev, 4 * KIB, 0);
		snprintf(label, sizeof(label), "label %d", i);
		/* Without memory for more they get longer. */
		if (i == ACCOUNT_BUCKETS)
			fake_fail(f->fake, FAKE_ALLOC, 2, ENOMEM);
		assert_int_equal(panthor_bo_set_label(bos[i], label), 0);
	}
	assert_true(accounts->mask + 1 >= accounts->count);
	assert_int_equal(label_count(f->dev), LABELS);
	for (int i = 0; i < LABELS; i += 100) {
		snprintf(label, sizeof(label), "label %d", i);
		assert_int_equal(usage_of(f->dev, label).bos, 1);
	}
	assert_int_equal(panthor_bo_set_label(bos[0], "label 1"), 0);
	assert_int_equal(usage_of(f->dev, "label 1").bos, 2);
	for (int i = 0; i < LABELS; i++)
		panthor_bo_unref(bos[i]);
}

/* To name a BO as others are named takes no memory, whatever came before. */
static void a_known_label_takes_no_memory(void **state)
{
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4 * KIB, 0);
	unsigned int before;
	char label[1000];

	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	assert_int_equal(panthor_bo_set_label(bo, "known"), 0);
	assert_int_equal(panthor_bo_set_label(bo, "known"), 0);
	before = fake_calls(f->fake, FAKE_ALLOC);
	for (int i = 0; i < 10; i++)
		assert_int_equal(panthor_bo_set_label(bo, "known"), 0);
	assert_int_equal(fake_calls(f->fake, FAKE_ALLOC), before);
	/* The one that is kept is too small for this. */
	assert_int_equal(panthor_bo_set_label(bo, label), 0);
	assert_int_equal(panthor_bo_set_label(bo, "known"), 0);
	assert_int_equal(usage_of(f->dev, label).peak_bytes, 4 * KIB);
	assert_int_equal(usage_of(f->dev, "known").bos, 1);
	panthor_bo_unref(bo);
}

struct lines {
	char text[8][256];
	unsigned int count;
};

static void note(void *data, const char *line)
{
	struct lines *lines = data;

	if (lines->count < 8)
		snprintf(lines->text[lines->count], sizeof(lines->text[0]), "%s", line);
	lines->count++;
}

static void leaks_are_told(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev = open_fake(fake);
	struct panthor_bo *bo, *other;
	struct panthor_vm *vm;
	struct lines lines = { .count = 0 };

	panthor_device_set_log(dev, note, &lines);
	bo = new_bo(dev, 4 * KIB, 0);
	other = panthor_bo_ref(new_bo(dev, 8 * KIB, 0));
	vm = new_vm(dev, 0);
	assert_int_equal(panthor_bo_set_label(other, "texture"), 0);
	/* Not while the caller has another reference. */
	panthor_device_unref(panthor_device_ref(dev));
	assert_int_equal(lines.count, 0);
	panthor_device_unref(dev);
	assert_int_equal(lines.count, 2);
	assert_string_equal(lines.text[0], "BO 1 is still there: 4096 bytes, references: 1");
	assert_string_equal(lines.text[1],
			    "BO 2 is still there: 8192 bytes, references: 2, label texture");
	panthor_bo_unref(bo);
	panthor_bo_unref(other);
	panthor_bo_unref(other);
	panthor_vm_unref(vm);
	assert_int_equal(lines.count, 2);
	assert_int_equal(fake_free(fake), 0);
}

/* A label is one line whatever is in it. */
static void leaks_are_one_line_each(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev = open_fake(fake);
	struct panthor_bo *bo = new_bo(dev, 4 * KIB, 0);
	struct lines lines = { .count = 0 };
	char label[300];

	panthor_device_set_log(dev, note, &lines);
	assert_int_equal(panthor_bo_set_label(bo, "a\nb\x1b[2J\x7f caf\xc3\xa9"), 0);
	panthor_device_unref(panthor_bo_device(bo));
	assert_string_equal(lines.text[0], "BO 1 is still there: 4096 bytes, references: 1, "
					   "label a\\x0ab\\x1b[2J\\x7f caf\xc3\xa9");
	panthor_bo_unref(bo);

	/* What does not fit any more is left out, not cut in two. */
	dev = open_fake(fake);
	bo = new_bo(dev, 4 * KIB, 0);
	panthor_device_set_log(dev, note, &lines);
	memset(label, '\n', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	assert_int_equal(panthor_bo_set_label(bo, label), 0);
	panthor_device_unref(dev);
	assert_int_equal(lines.count, 2);
	assert_true(strlen(lines.text[1]) < 256);
	panthor_bo_unref(bo);
	assert_int_equal(fake_free(fake), 0);
}

static void nothing_left_nothing_told(void **state)
{
	struct fake *fake = fake_new(9);
	struct panthor_device *dev = open_fake(fake);
	struct lines lines = { .count = 0 };
	char label[1000];

	panthor_device_set_log(dev, note, &lines);
	panthor_bo_unref(new_bo(dev, 4 * KIB, 0));
	panthor_device_unref(dev);
	assert_int_equal(lines.count, 0);

	/* However long a label is, it is one line of bounded size; and no log is no trouble. */
	for (int told = 0; told < 2; told++) {
		struct panthor_bo *bo;

		dev = open_fake(fake);
		panthor_device_set_log(dev, told ? note : NULL, &lines);
		bo = new_bo(dev, 4 * KIB, 0);
		memset(label, 'x', sizeof(label) - 1);
		label[sizeof(label) - 1] = '\0';
		assert_int_equal(panthor_bo_set_label(bo, label), 0);
		panthor_device_unref(dev);
		assert_int_equal(lines.count, told);
		panthor_bo_unref(bo);
	}
	assert_int_equal(fake_free(fake), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(bos_count_by_label),
		cmocka_unit_test(labels_count_on_old_kernels),
		fixture_test(states_are_told_apart),
		fixture_test(refused_ones_are_not_cached),
		fixture_test(errors_change_nothing),
		fixture_test(labels_do_not_pile_up),
		fixture_test(many_labels_spread),
		fixture_test(a_known_label_takes_no_memory),
		cmocka_unit_test(leaks_are_told),
		cmocka_unit_test(leaks_are_one_line_each),
		cmocka_unit_test(nothing_left_nothing_told),
	};

	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
