// SPDX-License-Identifier: MIT
/* What callers tie to BOs: found by every import, gone with the BO. */
#include "unit.h"

struct wrapper {
	unsigned int destroyed;
};

static void destroy(void *user)
{
	((struct wrapper *)user)->destroyed++;
}

static void the_first_one_stays(void **state)
{
	struct wrapper first = { 0 }, second = { 0 };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);

	assert_null(panthor_bo_user(bo));
	assert_ptr_equal(panthor_bo_set_user(bo, &first, destroy), &first);
	assert_ptr_equal(panthor_bo_set_user(bo, &second, destroy), &first);
	assert_ptr_equal(panthor_bo_set_user(bo, &first, NULL), &first);
	assert_ptr_equal(panthor_bo_user(bo), &first);
	panthor_bo_ref(bo);
	panthor_bo_unref(bo);
	assert_int_equal(first.destroyed, 0);
	panthor_bo_unref(bo);
	assert_int_equal(first.destroyed, 1);
	assert_int_equal(second.destroyed, 0);
}

static void it_may_be_left_alone(void **state)
{
	struct wrapper wrapper = { 0 };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0);

	assert_ptr_equal(panthor_bo_set_user(bo, &wrapper, NULL), &wrapper);
	panthor_bo_unref(bo);
	assert_int_equal(wrapper.destroyed, 0);
}

static void imports_find_it(void **state)
{
	struct wrapper wrapper = { 0 };
	struct fixture *f = *state;
	struct panthor_bo *bo = new_bo(f->dev, 4096, 0), *same = NULL;
	int fd = -1;

	panthor_bo_set_user(bo, &wrapper, destroy);
	assert_int_equal(panthor_bo_export(bo, &fd), 0);
	assert_int_equal(panthor_bo_import(f->dev, fd, &same), 0);
	assert_ptr_equal(panthor_bo_user(same), &wrapper);
	panthor_bo_unref(bo);
	assert_int_equal(wrapper.destroyed, 0);
	panthor_bo_unref(same);
	assert_int_equal(wrapper.destroyed, 1);

	/* The same buffer, but a BO that was not there before. */
	assert_int_equal(panthor_bo_import(f->dev, fd, &same), 0);
	assert_null(panthor_bo_user(same));
	panthor_bo_unref(same);
	fake_close_dmabuf(f->fake, fd);
}

#define THREADS 8
#define ROUNDS	300

struct importer {
	struct fixture *fixture;
	pthread_t thread;
	int fd;
	unsigned int wrong;
};

struct counted {
	atomic_int users;
};

static void free_counted(void *user)
{
	/* Nobody has the BO any more, so nobody has this. */
	if (atomic_load(&((struct counted *)user)->users))
		abort();
	free(user);
}

static void *import_and_drop(void *data)
{
	struct importer *importer = data;

	for (int i = 0; i < ROUNDS; i++) {
		struct counted *mine = calloc(1, sizeof(*mine)), *got;
		struct panthor_bo *bo = NULL;

		importer->wrong +=
			panthor_bo_import(importer->fixture->dev, importer->fd, &bo) != 0;
		got = panthor_bo_set_user(bo, mine, free_counted);
		if (got != mine)
			free(mine);
		atomic_fetch_add(&got->users, 1);
		importer->wrong += panthor_bo_user(bo) != got;
		atomic_fetch_sub(&got->users, 1);
		panthor_bo_unref(bo);
	}
	return NULL;
}

/* All of them tie something to it, as long as it lives each time. */
static void imports_in_many_threads(void **state)
{
	struct fixture *f = *state;
	struct importer importers[THREADS];
	int fd = fake_make_dmabuf(f->fake, 4096, true);

	for (int i = 0; i < THREADS; i++) {
		importers[i] = (struct importer){ .fixture = f, .fd = fd };
		assert_int_equal(
			pthread_create(&importers[i].thread, NULL, import_and_drop, &importers[i]),
			0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(importers[i].thread, NULL);
		assert_int_equal(importers[i].wrong, 0);
	}
	fake_close_dmabuf(f->fake, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(the_first_one_stays),
		fixture_test(it_may_be_left_alone),
		fixture_test(imports_find_it),
		fixture_test(imports_in_many_threads),
	};

	return cmocka_run_group_tests_name("bo-user", tests, NULL, NULL);
}
