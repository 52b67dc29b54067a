/* SPDX-License-Identifier: MIT */
/*
 * What every command's result has in common: a head that says what made it, an end that says how it
 * went, one exit status. With --json, stdout carries exactly one document whatever happens.
 */
#ifndef DOC_H
#define DOC_H

#include <stdbool.h>

#include "command.h"
#include "json.h"
#include "out.h"
#include "sink.h"

struct panthor_device;

struct doc {
	const struct command *command;
	struct sink *stdout_sink;
	struct json_writer json;
	struct out out;
	bool begun;

	/* The first failure: status and sentence. */
	int status;
	int error; /* positive errno, 0 when there is none */
	char message[256];
};

/**
 * doc_init - set up a command's result on stdout
 *
 * Returns 0 or -ENOMEM. To be ended with doc_finish() in any case.
 */
int doc_init(struct doc *doc, const struct command *command, bool json);

/**
 * doc_add_json - write the JSON document to @sink besides the text on stdout
 *
 * Before doc_begin(). The sink stays the caller's, to be freed after doc_finish().
 */
void doc_add_json(struct doc *doc, struct sink *sink);

/** doc_begin - write the head; @dev NULL when no device is involved or none could be opened */
void doc_begin(struct doc *doc, struct panthor_device *dev);

/**
 * doc_fail - record a failure; only the first one counts
 * @status: enum exit_status
 * @error: errno of either sign, or 0
 * @format: one sentence without a full stop; the error's text is not added
 */
__attribute__((format(printf, 4, 5)))
void doc_fail(struct doc *doc, int status, int error, const char *format, ...);

/**
 * doc_finish - write the end, report the failure on stderr, free
 *
 * Returns the exit status.
 */
int doc_finish(struct doc *doc);

/**
 * doc_options - parse options and set the document up
 * @json: the command's --json flag, inside @values
 *
 * Returns true to go on. Otherwise *@ret_status is the exit status: help was given, or the usage
 * was wrong, which with --json anywhere in the arguments is said in a document too.
 */
bool doc_options(struct doc *doc, const struct command *command, int argc, char **argv,
		 void *values, const bool *json, int *ret_status);

/**
 * doc_device - open the device a command works on
 * @path: node, or NULL for the first panthor render node
 *
 * Returns NULL after doc_fail(): unsupported when there is no panthor here, else failed.
 */
struct panthor_device *doc_device(struct doc *doc, const char *path);

/** doc_driver_name - "panthor", "tyr", "vpanthor" or "unknown" */
const char *doc_driver_name(const struct panthor_device *dev);


#define DOC_VERSION_SIZE 24

/** doc_driver_version - "1.9" */
void doc_driver_version(const struct panthor_device *dev, char ret_version[DOC_VERSION_SIZE]);

#endif
