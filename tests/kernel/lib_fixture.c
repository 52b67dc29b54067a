/* SPDX-License-Identifier: MIT */
#include "lib_fixture.h"

struct lib *lib_new(struct panthor_device *dev)
{
	struct lib *l = calloc(1, sizeof(*l));

	if (dev)
		l->dev = panthor_device_ref(dev);
	else
		assert_int_equal(panthor_device_open(NULL, &l->dev), 0);
	assert_int_equal(panthor_vm_new(l->dev, 0, &l->vm), 0);
	assert_int_equal(panthor_bo_new(l->dev, l->vm, STREAM_BYTES, 0, &l->streams), 0);
	assert_int_equal(panthor_bo_new(l->dev, NULL, KT_PAGE, 0, &l->data), 0);
	assert_int_equal(panthor_bo_map(l->streams, &l->commands), 0);
	assert_int_equal(panthor_bo_map(l->data, (void **)&l->words), 0);
	assert_int_equal(
		panthor_vm_map(l->vm, l->streams, 0, STREAM_VA, STREAM_BYTES, PANTHOR_MAP_READONLY),
		0);
	assert_int_equal(panthor_vm_map(l->vm, l->data, 0, DATA_VA, KT_PAGE, PANTHOR_MAP_NOEXEC),
			 0);
	return l;
}

void lib_free(struct lib *l)
{
	panthor_bo_unref(l->streams);
	panthor_bo_unref(l->data);
	panthor_vm_unref(l->vm);
	panthor_device_unref(l->dev);
	free(l);
}

int lib_setup(void **state)
{
	*state = lib_new(NULL);
	return 0;
}

int lib_teardown(void **state)
{
	lib_free(*state);
	return 0;
}
