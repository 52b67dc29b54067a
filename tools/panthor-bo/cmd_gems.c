// SPDX-License-Identifier: MIT
/*
 * panthor-bo gems: the BOs of all processes, from the driver's debugfs table.
 */
#include <errno.h>
#include <fcntl.h>
#include <panthor.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "doc.h"
#include "gems.h"
#include "interrupt.h"
#include "term.h"

struct gems_options {
	const char *device;
	const char *file;
	unsigned int by; /* enum gems_group_by */
	unsigned int sort; /* enum gems_sort */
	bool totals;
	bool no_header;
	bool json;
};

static const char *const by_words[] = { "none", "process", "label", NULL };
static const char *const sort_words[] = {
	[GEMS_SORT_NONE] = "none",
	[GEMS_SORT_SIZE] = "size",
	[GEMS_SORT_RESIDENT] = "resident",
	[GEMS_SORT_EVICTIONS] = "evictions",
	[GEMS_SORT_COUNT] = "count",
	[GEMS_SORT_PROCESS] = "process",
	[GEMS_SORT_LABEL] = "label",
	NULL,
};

static const struct option options[] = {
	{ "device", "PATH", "device node (default: the first panthor render node)", OPTION_STRING,
	  offsetof(struct gems_options, device), NULL },
	{ "file", "PATH", "read a saved table instead, '-' for stdin", OPTION_STRING,
	  offsetof(struct gems_options, file), NULL },
	{ "by", "GROUP", "sum up by 'process' or 'label'", OPTION_CHOICE,
	  offsetof(struct gems_options, by), by_words },
	{ "sort", "KEY", "size, resident, evictions, count, process, label or none", OPTION_CHOICE,
	  offsetof(struct gems_options, sort), sort_words },
	{ "totals", NULL, "show the totals only", OPTION_FLAG,
	  offsetof(struct gems_options, totals), NULL },
	{ "no-header", NULL, "show rows without headings and totals (text)", OPTION_FLAG,
	  offsetof(struct gems_options, no_header), NULL },
	{ "json", NULL, "print a JSON document", OPTION_FLAG, offsetof(struct gems_options, json),
	  NULL },
};

/* One reading of one table. */
struct reading {
	const struct gems_options *opts;
	struct doc *doc;
	struct panthor_gems *gems;
	int fd; /* of --file, or -1 */
	struct gems_list *list; /* --sort */
	struct gems_groups *groups; /* --by */
};

static const char *source_name(const struct gems_options *opts)
{
	return !opts->file ? "debugfs" : strcmp(opts->file, "-") ? opts->file : "stdin";
}

/* The tool opens the file itself, for interrupt_ends_input() needs the descriptor. */
static int open_file(struct reading *reading)
{
	const char *path = reading->opts->file;
	int r;

	reading->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) :
					  fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	r = reading->fd < 0 ? -errno : interrupt_ends_input(reading->fd);
	if (!r)
		r = panthor_gems_open_fd(reading->fd, &reading->gems);
	if (r)
		doc_fail(reading->doc, STATUS_FAILED, r, "cannot read %s: %s",
			 source_name(reading->opts), strerror(-r));
	return r;
}

static int open_device(struct reading *reading, struct panthor_device *dev)
{
	int r = panthor_gems_open_device(dev, &reading->gems);

	if (r == -ENOENT)
		doc_fail(reading->doc, STATUS_UNSUPPORTED, r,
			 "no gems file: debugfs is not mounted or the driver has none");
	else if (r)
		doc_fail(reading->doc, STATUS_FAILED, r, "cannot read gems in debugfs: %s",
			 strerror(-r));
	return r;
}

static int open_store(struct reading *reading)
{
	const struct gems_options *opts = reading->opts;

	if (opts->totals)
		return 0;
	if (opts->by)
		reading->groups = gems_groups_new(opts->by);
	else if (opts->sort)
		reading->list = gems_list_new();
	if ((opts->by && !reading->groups) || (!opts->by && opts->sort && !reading->list)) {
		doc_fail(reading->doc, STATUS_FAILED, ENOMEM, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

static int take_row(struct reading *reading, const struct panthor_gems_row *row)
{
	if (reading->opts->totals)
		return 0;
	if (reading->groups)
		return gems_groups_add(reading->groups, row);
	if (reading->list)
		return gems_list_add(reading->list, row);
	gems_row_show(&reading->doc->out, row);
	return 0;
}

static void read_rows(struct reading *reading)
{
	struct panthor_gems_row row;
	int r;

	while ((r = panthor_gems_next(reading->gems, &row)) == 1) {
		r = take_row(reading, &row);
		if (r || interrupt_count() || reading->doc->stdout_sink->error)
			break;
	}
	if (interrupt_count())
		doc_fail(reading->doc, STATUS_FAILED, EINTR, "interrupted");
	else if (r == -EBADMSG)
		doc_fail(reading->doc, STATUS_FAILED, r, "%s is no gems table",
			 source_name(reading->opts));
	else if (r < 0)
		doc_fail(reading->doc, STATUS_FAILED, r, "cannot read %s: %s",
			 source_name(reading->opts), strerror(-r));
}

static void show_header(const struct reading *reading)
{
	if (reading->opts->no_header)
		return;
	if (reading->groups)
		gems_groups_header(reading->groups, &reading->doc->out);
	else
		gems_row_header(&reading->doc->out);
}

static void show_rows(struct reading *reading)
{
	const struct gems_options *opts = reading->opts;
	struct out *out = &reading->doc->out;

	if (opts->totals) {
		read_rows(reading);
		return;
	}
	out_open_array(out, reading->groups ? "groups" : "bos", NULL);
	show_header(reading);
	read_rows(reading);
	if (reading->groups)
		gems_groups_show(reading->groups, opts->sort, out);
	if (reading->list)
		gems_list_show(reading->list, opts->sort, out);
	out_close(out);
}

static void judge(struct doc *doc, enum panthor_gems_integrity integrity)
{
	static const char *const reasons[] = {
		[PANTHOR_GEMS_MISMATCH] = "the rows do not add up to the footer: one is forged, or "
					  "BOs changed while the table was read",
		[PANTHOR_GEMS_TRUNCATED] = "the table is truncated or has broken rows",
		[PANTHOR_GEMS_NO_FOOTER] = "the table has no footer: rows may be missing",
	};

	if (integrity != PANTHOR_GEMS_OK)
		doc_fail(doc, STATUS_UNTRUSTED, EBADMSG, "%s", reasons[integrity]);
}

static void show_totals(struct out *out, const struct panthor_gems_summary *sum, uint64_t read_ns)
{
	static const char *const verdicts[] = {
		[PANTHOR_GEMS_OK] = "ok",
		[PANTHOR_GEMS_MISMATCH] = "mismatch",
		[PANTHOR_GEMS_TRUNCATED] = "truncated",
		[PANTHOR_GEMS_NO_FOOTER] = "no-footer",
	};

	out_open(out, "totals", "totals");
	out_u64(out, "bos", "BOs", sum->rows);
	out_bytes(out, "size_bytes", "size", sum->sum_size);
	out_bytes(out, "resident_bytes", "resident", sum->sum_resident);
	if (sum->total_size || sum->total_resident || sum->total_reclaimable ||
	    sum->integrity == PANTHOR_GEMS_OK) {
		out_open(out, "footer", NULL);
		out_bytes(out, "size_bytes", NULL, sum->total_size);
		out_bytes(out, "resident_bytes", NULL, sum->total_resident);
		out_bytes(out, "reclaimable_bytes", "reclaimable", sum->total_reclaimable);
		out_close(out);
	} else {
		out_absent(out, "footer", NULL, NULL);
	}
	out_str(out, "integrity", "integrity", verdicts[sum->integrity]);
	out_ns(out, "read_ns", NULL, read_ns);
	out_close(out);
}

static void show_table(struct reading *reading)
{
	struct out *out = &reading->doc->out;
	struct panthor_gems_summary summary;
	uint64_t start = clock_now();

	out_str(out, "source", NULL, source_name(reading->opts));
	show_rows(reading);
	if (panthor_gems_summary(reading->gems, &summary))
		return;
	if (out->json || !reading->opts->no_header) {
		if (out->text && !reading->opts->totals)
			sink_putc(out->text, '\n');
		show_totals(out, &summary, clock_now() - start);
	}
	judge(reading->doc, summary.integrity);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct gems_options opts = { .device = NULL };
	struct panthor_device *dev = NULL;
	struct reading reading = { .opts = &opts, .fd = -1 };
	struct doc doc;
	int status;

	if (!doc_options(&doc, command, argc, argv, &opts, &opts.json, &status))
		return status;
	reading.doc = &doc;
	if (opts.file && opts.device)
		doc_fail(&doc, STATUS_USAGE, 0, "--file and --device exclude each other");
	interrupt_catch();
	if (!doc.status && !opts.file)
		dev = doc_device(&doc, opts.device);
	doc_begin(&doc, dev);
	if (!doc.status && !(opts.file ? open_file(&reading) : open_device(&reading, dev)) &&
	    !open_store(&reading))
		show_table(&reading);

	interrupt_ends_input(-1);
	panthor_gems_close(reading.gems);
	gems_groups_free(reading.groups);
	gems_list_free(reading.list);
	if (reading.fd >= 0)
		close(reading.fd);
	panthor_device_unref(dev);
	return doc_finish(&doc);
}

const struct command command_gems = {
	.name = "gems",
	.summary = "List the BOs of all processes, or sums of them by process or label.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
