// SPDX-License-Identifier: MIT
/*
 * panthor-bo stress: options, the checks that come before the load, and the report.
 */
#include <errno.h>
#include <fcntl.h>
#include <panthor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "doc.h"
#include "interrupt.h"
#include "stress.h"
#include "stress_gpu.h"

#define DEFAULT_TOTAL	 (UINT64_C(256) << 20)
#define DEFAULT_BO_SIZE	 (UINT64_C(1) << 20)
#define DEFAULT_COMPRESS 85
#define DEFAULT_ROUNDS	 3
#define DEFAULT_SHARED	 25
#define SHARED_NOT_SAID	 UINT32_MAX
#define MAX_WORKERS	 256

#define FIELD(member) offsetof(struct stress_options, member)

static const struct option options[] = {
	{ "device", "PATH", "device node (default: the first panthor render node)", OPTION_STRING,
	  FIELD(device), NULL },
	{ "total", "SIZE", "live BO memory, as 512M or 2x the RAM (default: 256M)", OPTION_TOTAL,
	  FIELD(total), NULL },
	{ "bo-size", "SIZE[,SIZE...]", "sizes that BOs have, drawn from evenly (default: 1M)",
	  OPTION_SIZES, FIELD(bo_sizes), NULL },
	{ "workers", "N", "processes that share the load (default: one per CPU)", OPTION_COUNT,
	  FIELD(workers), NULL },
	{ "rounds", "N", "times that every BO is visited (default: 3)", OPTION_COUNT, FIELD(rounds),
	  NULL },
	{ "duration", "SECONDS", "go on for so long instead, one whole round at least",
	  OPTION_SECONDS, FIELD(duration_s), NULL },
	{ "dontneed", "PCT", "share of the BOs advised DONTNEED while idle (default: 0)",
	  OPTION_PERCENT, FIELD(dontneed), NULL },
	{ "gpu", NULL, "map the BOs into GPU VMs, and have jobs write and verify them", OPTION_FLAG,
	  FIELD(gpu), NULL },
	{ "vms", "N", "VMs of each worker (default: 2, or as many as it takes)", OPTION_COUNT,
	  FIELD(vms), NULL },
	{ "shared", "PCT", "share of the BOs that two VMs map (default: 25)", OPTION_PERCENT,
	  FIELD(shared), NULL },
	{ "compress", "PCT", "compressible share of the contents (default: 85)", OPTION_PERCENT,
	  FIELD(compress), NULL },
	{ "seed", "N", "seed of contents and draws, to replay a run", OPTION_U64, FIELD(seed),
	  NULL },
	{ "expect-evictions", "N", "fail when the kernel evicted fewer BOs", OPTION_COUNT,
	  FIELD(expect_evictions), NULL },
	{ "expect-class-evictions", "N", "fail when it evicted fewer of any class, with --gpu",
	  OPTION_COUNT, FIELD(expect_class_evictions), NULL },
	{ "expect-purges", "N", "fail when the kernel purged fewer BOs", OPTION_COUNT,
	  FIELD(expect_purges), NULL },
	{ "best-effort", NULL, "do not fail when memory ends before the total is reached",
	  OPTION_FLAG, FIELD(best_effort), NULL },
	{ "report", "FILE", "write the JSON document to FILE, and text to stdout", OPTION_STRING,
	  FIELD(report), NULL },
	{ "json", NULL, "print a JSON document", OPTION_FLAG, FIELD(json), NULL },
};

static void set_defaults(struct stress_options *opts)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*opts = (struct stress_options){
		.total = { .bytes = DEFAULT_TOTAL },
		.bo_sizes = { .bytes = { DEFAULT_BO_SIZE }, .count = 1 },
		.workers = cpus > 0 ? (uint64_t)cpus : 1,
		.compress = DEFAULT_COMPRESS,
		.shared = SHARED_NOT_SAID,
	};
	if (getrandom(&opts->seed, sizeof(opts->seed), GRND_NONBLOCK) != sizeof(opts->seed))
		opts->seed = (uint64_t)getpid();
}

static void check_gpu_options(struct doc *doc, struct stress_options *opts)
{
	bool shared_said = opts->shared != SHARED_NOT_SAID;

	if (!opts->gpu && (opts->vms || shared_said || opts->expect_class_evictions))
		doc_fail(doc, STATUS_USAGE, 0,
			 "--vms, --shared and --expect-class-evictions need --gpu");
	if (opts->vms > STRESS_MAX_VMS)
		doc_fail(doc, STATUS_USAGE, 0, "at most %d VMs are possible", STRESS_MAX_VMS);
	if (!shared_said)
		opts->shared = opts->gpu && opts->vms != 1 ? DEFAULT_SHARED : 0;
	if (opts->vms == 1 && opts->shared)
		doc_fail(doc, STATUS_USAGE, 0, "--shared needs two VMs");
}

static bool check_options(struct doc *doc, struct stress_options *opts)
{
	if (opts->workers > MAX_WORKERS)
		doc_fail(doc, STATUS_USAGE, 0, "at most %d workers are possible", MAX_WORKERS);
	if (opts->report && opts->json)
		doc_fail(doc, STATUS_USAGE, 0, "--json and --report exclude each other");
	if (opts->expect_purges && !opts->dontneed)
		doc_fail(doc, STATUS_USAGE, 0, "--expect-purges needs --dontneed");
	check_gpu_options(doc, opts);
	if (!opts->rounds && !opts->duration_s)
		opts->rounds = DEFAULT_ROUNDS;
	return !doc->status;
}

/* Opened before the load, so that a bad path costs nothing. Returns the descriptor or -1. */
static int open_report(struct doc *doc, const char *path, struct sink **ret_sink)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0) {
		doc_fail(doc, STATUS_FAILED, errno, "cannot write %s: %s", path, strerror(errno));
		return -1;
	}
	*ret_sink = sink_new(fd);
	if (*ret_sink)
		doc_add_json(doc, *ret_sink);
	else
		doc_fail(doc, STATUS_FAILED, ENOMEM, "out of memory");
	return fd;
}

static bool check_device(struct doc *doc, const struct stress_options *opts,
			 struct panthor_device *dev, struct stress_result *result)
{
	char version[DOC_VERSION_SIZE];
	struct memory_info memory;
	int r = memory_read("", &memory);

	if (r) {
		doc_fail(doc, STATUS_FAILED, r, "cannot read /proc/meminfo: %s", strerror(-r));
		return false;
	}
	result->ram_bytes = memory.installed_bytes;
	result->have_swap = memory.swap_free_bytes > 0;
	result->requested_bytes = units_total_bytes(&opts->total, memory.installed_bytes);
	result->page_size = panthor_device_page_size(dev);
	result->madvise = panthor_device_has(dev, PANTHOR_FEATURE_BO_MADVISE) == 1;
	if (opts->dontneed && !result->madvise) {
		doc_driver_version(dev, version);
		doc_fail(doc, STATUS_UNSUPPORTED, EOPNOTSUPP,
			 "%s %s has no madvise: use --dontneed 0", doc_driver_name(dev), version);
		return false;
	}
	return true;
}

/*
 * For a job, all that its VM maps has to be in memory at once. With a job of every worker at a
 * time, and BOs shared by two VMs, that is to be a quarter of the RAM.
 */
static uint64_t enough_vms(const struct stress_options *opts, const struct stress_result *result)
{
	double mapped = (double)result->requested_bytes * (100 + opts->shared) / 100;
	double vms = 4 * mapped / (double)result->ram_bytes;

	if (vms > STRESS_MAX_VMS - 1)
		return STRESS_MAX_VMS;
	return vms > 1 ? (uint64_t)vms + 1 : 2;
}

static bool check_gpu(struct doc *doc, struct stress_options *opts, struct panthor_device *dev,
		      const struct stress_result *result)
{
	char version[DOC_VERSION_SIZE];
	int r = opts->gpu ? stress_gpu_supported(dev) : 0;

	if (opts->gpu && !opts->vms)
		opts->vms = enough_vms(opts, result);
	if (!r)
		return true;
	doc_driver_version(dev, version);
	if (r == -EOPNOTSUPP)
		doc_fail(doc, STATUS_UNSUPPORTED, r,
			 "%s %s has no GPU that runs jobs: leave out --gpu", doc_driver_name(dev),
			 version);
	else
		doc_fail(doc, STATUS_FAILED, r, "cannot set up the GPU: %s", strerror(-r));
	return false;
}

static void stress(struct doc *doc, struct stress_options *opts, struct panthor_device *dev)
{
	struct stress_result *result = calloc(1, sizeof(*result));

	if (!result) {
		doc_fail(doc, STATUS_FAILED, ENOMEM, "out of memory");
		return;
	}
	if (check_device(doc, opts, dev, result) && check_gpu(doc, opts, dev, result)) {
		if (!opts->json) {
			sink_puts(doc->stdout_sink, "seed ");
			sink_hex(doc->stdout_sink, opts->seed);
			sink_putc(doc->stdout_sink, '\n');
			sink_flush(doc->stdout_sink);
		}
		if (!stress_run(opts, dev, doc, result)) {
			stress_judge(opts, result);
			stress_report(doc, opts, result);
			if (result->status)
				doc_fail(doc, result->status, 0, "%s", result->reasons[0]);
		}
	}
	free(result);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct stress_options opts;
	struct panthor_device *dev = NULL;
	struct sink *report = NULL;
	struct doc doc;
	int status, fd = -1, r;

	set_defaults(&opts);
	if (!doc_options(&doc, command, argc, argv, &opts, &opts.json, &status))
		return status;
	if (check_options(&doc, &opts) && opts.report)
		fd = open_report(&doc, opts.report, &report);
	if (!doc.status)
		dev = doc_device(&doc, opts.device);
	interrupt_catch();
	doc_begin(&doc, dev);
	if (dev)
		stress(&doc, &opts, dev);
	panthor_device_unref(dev);
	status = doc_finish(&doc);

	r = report ? sink_free(report) : 0;
	if (fd >= 0 && close(fd) && !r)
		r = -errno;
	if (r) {
		fprintf(stderr, "panthor-bo stress: cannot write the report: %s\n", strerror(-r));
		status = status ? status : STATUS_FAILED;
	}
	return status;
}

const struct command command_stress = {
	.name = "stress",
	.summary = "Hold more BO memory than there is RAM, and verify that reclaim loses nothing.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
