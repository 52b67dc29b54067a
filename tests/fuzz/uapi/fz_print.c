// SPDX-License-Identifier: MIT
/* Calls as text, printed before they are done: the last line is the one that hung. */
#include <inttypes.h>
#include <sys/uio.h>

#include "fz.h"

/* Elements of an array that are shown. */
#define SHOWN 4

void fz_print(const struct fz_worker *w, const char *format, ...)
{
	va_list args;

	if (!w->world->options.print)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

void fz_print_act(const struct fz_worker *w, const char *what, uint64_t number)
{
	fz_print(w, "%u:%" PRIu64 "%s %s 0x%" PRIx64 "\n", w->index, w->step,
		 w->child ? " (child)" : "", what, number);
}

static uint64_t value_of(const struct fz_field *field, const uint8_t *data)
{
	uint64_t value = 0;

	memcpy(&value, data + field->offset, field->size < 8 ? field->size : 8);
	return value;
}

static void print_array(const struct drm_panthor_obj_array *array, const struct fz_shape *shape);

static void print_fields(const struct fz_shape *shape, const uint8_t *data)
{
	unsigned int i;

	for (i = 0; i < shape->count; i++) {
		const struct fz_field *field = &shape->fields[i];
		uint64_t value = value_of(field, data);

		if (field->elements) {
			printf(" %s=", field->name);
			print_array((const void *)(data + field->offset), field->elements);
		} else if (value) {
			printf(" %s=%s%" PRIx64, field->name, value < 10 ? "" : "0x", value);
		}
	}
}

/* Reads it the way another process would: nothing there is no reason to die. */
static bool read_element(const struct drm_panthor_obj_array *array, unsigned int i, void *to,
			 size_t size)
{
	struct iovec here = { to, size < array->stride ? size : array->stride };
	struct iovec there = { (void *)(uintptr_t)(array->array + (uint64_t)i * array->stride),
			       here.iov_len };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)here.iov_len;
}

static void print_array(const struct drm_panthor_obj_array *array, const struct fz_shape *shape)
{
	/* Aligned, for there are arrays among the members. */
	uint64_t element[8];
	unsigned int i;

	printf("%u*%u@0x%" PRIx64 "[", array->count, array->stride, (uint64_t)array->array);
	for (i = 0; i < array->count && i < SHOWN; i++) {
		memset(element, 0, sizeof(element));
		printf("%s{", i ? ", " : "");
		if (read_element(array, i, element, shape->size))
			print_fields(shape, (const uint8_t *)element);
		else
			printf(" ?");
		printf(" }");
	}
	printf("%s]", array->count > SHOWN ? ", ..." : "");
}

void fz_print_call(const struct fz_worker *w, const struct fz_ioctl *ioc, unsigned long request,
		   const void *arg)
{
	if (!w->world->options.print)
		return;
	printf("%u:%" PRIu64 "%s fd%d %s", w->index, w->step, w->child ? " (child)" : "",
	       w->file->fd, ioc->name);
	if (request != ioc->request)
		printf(" as 0x%lx", request);
	print_fields(ioc->shape, arg);
	fflush(stdout);
}
