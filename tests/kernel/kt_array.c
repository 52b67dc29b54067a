/* SPDX-License-Identifier: MIT */
/* The rules of object arrays, the same wherever a call takes one. */
#include "kt_gpu.h"

/* What a stride may be at most: nobody knows larger elements. */
#define STRIDE_MAX KT_PAGE

struct row {
	const char *name;
	uint32_t stride;
	uint32_t count;
	const void *ptr;
	int want;
};

/* Two elements at that stride, the rest zeroes. */
static void place(uint8_t *mem, const struct kt_array *array, uint32_t stride)
{
	memset(mem, 0, 4 * STRIDE_MAX);
	memcpy(mem, array->element, array->size);
	memcpy(mem + stride, array->element, array->size);
}

static void run_rows(const struct kt_array *array, const struct row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct drm_panthor_obj_array in = {
			.stride = rows[i].stride,
			.count = rows[i].count,
			.array = (uintptr_t)rows[i].ptr,
		};

		kt_expect(rows[i].name, array->call(array->arg, &in), rows[i].want);
	}
}

static void expect_strides(const struct kt_array *array, uint8_t *mem)
{
	uint32_t size = array->size, wide = size + 8;
	const struct row narrow[] = {
		{ "stride min", size, 1, mem, 0 },
		{ "stride 0", 0, 1, mem, -EINVAL },
		{ "stride min - 1", size - 1, 1, mem, -EINVAL },
	};
	const struct row good = { "wide, zero tails", wide, 2, mem, 0 };
	const struct row tail = { "wide, second tail not zero", wide, 2, mem, -E2BIG };
	const struct row page = { "stride of a page", STRIDE_MAX, 2, mem, 0 };
	/* Zero tails do not help. */
	const struct row wider[] = {
		{ "stride beyond a page", STRIDE_MAX + 8, 1, mem, -E2BIG },
		{ "stride beyond a page, two", STRIDE_MAX + 8, 2, mem, -E2BIG },
		{ "stride U32_MAX", ~0u, 1, mem, -E2BIG },
	};

	place(mem, array, size);
	run_rows(array, narrow, ARRAY_SIZE(narrow));
	place(mem, array, wide);
	run_rows(array, &good, 1);
	mem[wide + size + 7] = 1;
	run_rows(array, &tail, 1);
	place(mem, array, STRIDE_MAX);
	run_rows(array, &page, 1);
	place(mem, array, STRIDE_MAX + 8);
	run_rows(array, wider, ARRAY_SIZE(wider));
}

/* @end: where memory ends. */
static void expect_pointers_and_counts(const struct kt_array *array, uint8_t *end)
{
	uint32_t size = array->size, most = array->most;
	uint8_t *last = end - size;
	const struct row rows[] = {
		{ "last element of memory", size, 1, last, 0 },
		{ "NULL", size, 1, NULL, -EFAULT },
		{ "unmapped", size, 1, (void *)KT_BAD_PTR, -EFAULT },
		{ "kernel", size, 1, (void *)KT_KERNEL_PTR, -EFAULT },
		{ "ends in a hole", size, 2, last, -EFAULT },
		{ "ends in a hole, wide", size + 8, 1, last, -EFAULT },
		{ "as many as there may be, not there", size, most, end, -EFAULT },
		{ "one more than there may be", size, most + 1, end, -EINVAL },
		{ "kb51, kb53: 2^28", size, 1u << 28, last, -EINVAL },
		{ "kb51, kb53: 2^31 - 1", size, (1u << 31) - 1, last, -EINVAL },
		{ "kb51, kb53: 2^31", size, 1u << 31, last, -EINVAL },
		{ "kb51, kb53: U32_MAX", size, KT_MANY, last, -EINVAL },
		{ "kb51, kb53: U32_MAX of U32_MAX bytes", ~0u, KT_MANY, last, -EINVAL },
	};

	memcpy(last, array->element, size);
	run_rows(array, rows, ARRAY_SIZE(rows));
}

void kt_expect_array_rules(const struct kt_array *array)
{
	size_t size = 4 * STRIDE_MAX;
	uint8_t *mem = mmap(NULL, size + KT_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(mem != MAP_FAILED);
	assert_int_equal(munmap(mem + size, KT_PAGE), 0);
	expect_strides(array, mem);
	expect_pointers_and_counts(array, mem + size);
	munmap(mem, size);
}
