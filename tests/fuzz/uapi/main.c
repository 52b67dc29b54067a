// SPDX-License-Identifier: MIT
/*
 * fuzz-uapi: options, processes and threads, what must be true meanwhile and afterwards.
 *
 * A run that makes the kernel complain is found by who watches the kernel's log: the virtual
 * machine's program, whose exit status is then 241 or 242, or 245 when the driver does not unload.
 * A long run by hand, with another seed each time, as several workers or as one whose calls are
 * always the same:
 *
 *	tools/vm/vm --mem 384 --swap 256 --smp 2 --timeout 7200 --param job_timeout_ms=200 \
 *		-- build/tests/fuzz/uapi/fuzz-uapi --procs 2 --threads 2 --calls 500000 --seed 7
 *
 * `reduce` then finds the few steps that it takes, whose calls it shows as text; what does not fail
 * every time needs more --tries, and --vm-option=--smp --vm-option=2 if it takes two CPUs:
 *
 *	tests/fuzz/uapi/reduce --timeout 7200 -- --seed 7 --calls 500000
 *
 * It ends with the options that replay them: --only, and --print for the text. That a run reached
 * the time limit (status 243) is no bug that it looks for, unless told so by --hangs.
 *
 * What the debug kernel reported is looked for on it, with the driver that is built for it, and
 * with the options that the test has there:
 *
 *	tests/fuzz/uapi/reduce --build build-debug --vm-option=--debug-kernel \
 *		--vm-option=--smp --vm-option=2 \
 *		-- --procs 2 --threads 2 --calls 3000 --unplug 3000
 *
 * Leaks that only kmemleak sees are not found so: nothing asks it there.
 */
#include <getopt.h>

#include "fz.h"

static struct fz_world *world;

static const char usage[] =
	"usage: fuzz-uapi [OPTION...]\n"
	"\n"
	"Calls the panthor driver in all ways that a seed leads to. For a virtual machine: it "
	"fills\n"
	"memory, evicts what others have, and looks for nothing else using the device.\n"
	"\n"
	"  --seed S       what everything follows from (1)\n"
	"  --calls N      steps of each worker, of one call or a few (10000)\n"
	"  --procs P      processes, which share two files of the device (1)\n"
	"  --threads T    threads of each (1); one process with one thread is one worker, whose\n"
	"                 calls are the same in every run\n"
	"  --check N      steps between two looks at debugfs (20000)\n"
	"  --unplug N     steps of a worker from one time that it unplugs the device to the next,\n"
	"                 about (20000); 0: never\n"
	"  --only LIST    only these steps: WORKER:STEP or WORKER:FIRST-LAST, with commas; @FILE\n"
	"                 reads the list from a file\n"
	"  --print        every call as text, before it is done, and its result\n"
	"\n"
	"Exit status: 0 all held, 1 something did not, 2 wrong usage, 77 no panthor device.\n";

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end) {
		fprintf(stderr, "fuzz-uapi: not a number: %s\n", text);
		exit(2);
	}
	return value;
}

static const char *list(const char *text)
{
	char *read = *text == '@' ? kt_read_file(text + 1, NULL) : strdup(text);

	if (!read || !*read) {
		fprintf(stderr, "fuzz-uapi: no list in %s\n", text);
		exit(2);
	}
	read[strcspn(read, "\n")] = '\0';
	return read;
}

static void parse(int argc, char **argv, struct fz_options *options)
{
	static const struct option known[] = {
		{ "seed", 1, NULL, 's' },    { "calls", 1, NULL, 'n' }, { "procs", 1, NULL, 'p' },
		{ "threads", 1, NULL, 't' }, { "check", 1, NULL, 'c' }, { "only", 1, NULL, 'o' },
		{ "print", 0, NULL, 'v' },   { "help", 0, NULL, 'h' },	{ "unplug", 1, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*options = (struct fz_options){ 1, 10000, 20000, 20000, 1, 1, false, NULL };
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			options->seed = number(optarg);
			break;
		case 'n':
			options->calls = number(optarg);
			break;
		case 'p':
			options->procs = (unsigned int)number(optarg);
			break;
		case 't':
			options->threads = (unsigned int)number(optarg);
			break;
		case 'c':
			options->check = number(optarg);
			break;
		case 'u':
			options->unplug = number(optarg);
			break;
		case 'o':
			options->only = list(optarg);
			break;
		case 'v':
			options->print = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc || !options->check || !options->procs || !options->threads ||
	    options->procs > FZ_MAX_WORKERS || options->threads > FZ_MAX_WORKERS / options->procs) {
		fprintf(stderr, "fuzz-uapi: from 1 to %d workers (see --help)\n", FZ_MAX_WORKERS);
		exit(2);
	}
}

static void test_run(void **state)
{
	fz_leaks_begin(world);
	fz_watch(world);
	fz_report(world);
	assert_int_equal(world->finding_count, 0);
	assert_true(fz_is_worth_it(world));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { kt_test(test_run), kt_no_leaks(),
					    cmocka_unit_test(fz_test_nothing_left) };

	/* There at once, or it would count as what the run has left. */
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (world == MAP_FAILED)
		return 1;
	parse(argc, argv, &world->options);
	kt_begin();
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
