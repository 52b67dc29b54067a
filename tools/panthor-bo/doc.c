// SPDX-License-Identifier: MIT
#include "doc.h"

#include <errno.h>
#include <panthor.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "text.h"

#define SCHEMA_VERSION 1

int doc_init(struct doc *doc, const struct command *command, bool json)
{
	*doc = (struct doc){ .command = command };
	doc->stdout_sink = sink_new(STDOUT_FILENO);
	if (!doc->stdout_sink) {
		doc_fail(doc, STATUS_FAILED, ENOMEM, "out of memory");
		return -ENOMEM;
	}
	if (json) {
		jsonw_init(&doc->json, doc->stdout_sink);
		out_init(&doc->out, &doc->json, NULL);
	} else {
		out_init(&doc->out, NULL, doc->stdout_sink);
	}
	return 0;
}

void doc_add_json(struct doc *doc, struct sink *sink)
{
	jsonw_init(&doc->json, sink);
	doc->out.json = &doc->json;
}

const char *doc_driver_name(const struct panthor_device *dev)
{
	switch (panthor_device_info(dev)->driver) {
	case PANTHOR_DRIVER_PANTHOR:
		return "panthor";
	case PANTHOR_DRIVER_TYR:
		return "tyr";
	case PANTHOR_DRIVER_VPANTHOR:
		return "vpanthor";
	case PANTHOR_DRIVER_UNKNOWN:
		break;
	}
	return "unknown";
}

void doc_driver_version(const struct panthor_device *dev, char ret_version[DOC_VERSION_SIZE])
{
	const struct panthor_device_info *info = panthor_device_info(dev);

	snprintf(ret_version, DOC_VERSION_SIZE, "%u.%u", info->version_major, info->version_minor);
}

static void head_driver(struct out *out, struct panthor_device *dev)
{
	char version[DOC_VERSION_SIZE];

	if (!dev) {
		out_absent(out, "driver", NULL, NULL);
		return;
	}
	doc_driver_version(dev, version);
	out_open(out, "driver", NULL);
	out_str(out, "name", NULL, doc_driver_name(dev));
	out_str(out, "version", NULL, version);
	out_close(out);
}

void doc_begin(struct doc *doc, struct panthor_device *dev)
{
	struct out *out = &doc->out;
	struct utsname names = { .release = "" };
	char schema[32];

	if (doc->begun || !doc->stdout_sink)
		return;
	doc->begun = true;
	uname(&names);
	snprintf(schema, sizeof(schema), "panthor-bo-%s", doc->command->name);
	out_open(out, NULL, NULL);
	out_str(out, "schema", NULL, schema);
	out_u64(out, "schema_version", NULL, SCHEMA_VERSION);
	out_str(out, "tool_version", NULL, PANTHOR_BO_VERSION);
	out_str(out, "kernel_release", NULL, names.release);
	head_driver(out, dev);
}

void doc_fail(struct doc *doc, int status, int error, const char *format, ...)
{
	va_list args;

	if (doc->status)
		return;
	doc->status = status;
	doc->error = abs(error);
	va_start(args, format);
	vsnprintf(doc->message, sizeof(doc->message), format, args);
	va_end(args);
}

static void complain(const struct doc *doc)
{
	struct sink *sink = sink_new(STDERR_FILENO);

	if (!sink)
		return;
	sink_puts(sink, "panthor-bo ");
	sink_puts(sink, doc->command->name);
	sink_puts(sink, ": ");
	text_show(sink, doc->message, strlen(doc->message));
	sink_putc(sink, '\n');
	sink_free(sink);
}

static void tail_json(struct doc *doc)
{
	struct json_writer *json = &doc->json;

	/* A failure can come while lists are open: only the document itself may stay so. */
	while (json->depth > 1)
		jsonw_end(json);
	if (doc->message[0]) {
		jsonw_begin_object(json, "error");
		jsonw_str(json, "errno", doc->error ? strerrorname_np(doc->error) : NULL);
		jsonw_str(json, "message", doc->message);
		jsonw_end(json);
	} else {
		jsonw_null(json, "error");
	}
	jsonw_u64(json, "exit_status", (uint64_t)doc->status);
	jsonw_finish(json);
}

int doc_finish(struct doc *doc)
{
	int error;

	doc_begin(doc, NULL);
	if (doc->out.json)
		tail_json(doc);
	error = doc->stdout_sink ? sink_free(doc->stdout_sink) : 0;
	if (doc->message[0])
		complain(doc);
	/* A reader that has seen enough, as in "| head", needs no telling. */
	if (error && error != -EPIPE && !doc->status) {
		doc_fail(doc, STATUS_FAILED, error, "cannot write to stdout: %s", strerror(-error));
		complain(doc);
	}
	return error && !doc->status ? STATUS_FAILED : doc->status;
}

static bool wants_json(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			return true;
	}
	return false;
}

bool doc_options(struct doc *doc, const struct command *command, int argc, char **argv,
		 void *values, const bool *json, int *ret_status)
{
	char error[160];
	int r = options_parse(command, argc, argv, values, error, sizeof(error));

	if (r == OPTIONS_HELP) {
		command_help(command);
		*ret_status = fflush(stdout) ? STATUS_FAILED : STATUS_OK;
		return false;
	}
	if (doc_init(doc, command, r ? wants_json(argc, argv) : *json)) {
		*ret_status = doc_finish(doc);
		return false;
	}
	if (r) {
		doc_fail(doc, STATUS_USAGE, 0, "%s; see 'panthor-bo %s --help'", error,
			 command->name);
		*ret_status = doc_finish(doc);
		return false;
	}
	return true;
}

struct panthor_device *doc_device(struct doc *doc, const char *path)
{
	struct panthor_device *dev;
	int r = panthor_device_open(path, &dev);

	if (!r)
		return dev;
	if (r == -ENOTSUP)
		doc_fail(doc, STATUS_UNSUPPORTED, r, "%s is not a panthor device",
			 path ? path : "the render node");
	else if (!path && r == -ENOENT)
		doc_fail(doc, STATUS_UNSUPPORTED, r, "no panthor device on this machine");
	else
		doc_fail(doc, STATUS_FAILED, r, "cannot open %s: %s",
			 path ? path : "the panthor render node", strerror(-r));
	return NULL;
}
