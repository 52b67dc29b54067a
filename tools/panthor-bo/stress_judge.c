// SPDX-License-Identifier: MIT
/*
 * What a stress run proved, and whether that is what it was to prove.
 */
#include <panthor.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stress.h"
#include "units.h"

bool stress_evictions(const struct stress_result *result, uint64_t *ret_bos)
{
	switch (result->source) {
	case STRESS_SOURCE_RECLAIM:
		*ret_bos = result->reclaim_after.value[RECLAIM_EVICTIONS] -
			   result->reclaim_before.value[RECLAIM_EVICTIONS];
		return true;
	case STRESS_SOURCE_GEMS:
		*ret_bos = result->gems_final.own_evictions;
		return true;
	case STRESS_SOURCE_NONE:
		break;
	}
	return false;
}

bool stress_purges(const struct stress_result *result, uint64_t *ret_bos)
{
	if (result->source == STRESS_SOURCE_RECLAIM) {
		*ret_bos = result->reclaim_after.value[RECLAIM_PURGES] -
			   result->reclaim_before.value[RECLAIM_PURGES];
		return true;
	}
	/* Each of these is the kernel's answer to WILLNEED, so none is made up. */
	*ret_bos = result->counts.purged_bos;
	return result->madvise;
}

const char *stress_class_name(enum stress_class class)
{
	static const char *const names[STRESS_N_CLASSES] = { "unused", "mmapped", "vm", "shared" };

	return names[class];
}

bool stress_class_evictions(const struct stress_result *result, enum stress_class class,
			    uint64_t *ret_bos)
{
	unsigned int counter = RECLAIM_EVICTIONS_UNUSED + class;

	if (result->source != STRESS_SOURCE_RECLAIM)
		return false;
	*ret_bos = result->reclaim_after.value[counter] - result->reclaim_before.value[counter];
	return true;
}

/* Corruption outranks everything, and a failure outranks doubt. */
static int rank(int status)
{
	static const int order[] = { STATUS_OK, STATUS_UNTRUSTED, STATUS_FAILED, STATUS_CORRUPT };
	int i = 0;

	while (order[i] != status)
		i++;
	return i;
}

__attribute__((format(printf, 3, 4)))
static void reason(struct stress_result *result, int status, const char *format, ...)
{
	char text[STRESS_REASON_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (result->n_reasons == STRESS_MAX_REASONS)
		return;
	/* The gravest stands first: it is the one that the exit status speaks of. */
	if (rank(status) > rank(result->status)) {
		result->status = status;
		memmove(result->reasons[1], result->reasons[0],
			result->n_reasons * STRESS_REASON_SIZE);
		memcpy(result->reasons[0], text, STRESS_REASON_SIZE);
	} else {
		memcpy(result->reasons[result->n_reasons], text, STRESS_REASON_SIZE);
	}
	result->n_reasons++;
}

static void judge_workers(struct stress_result *result)
{
	uint64_t ooms = result->memory_after.value[MEMORY_OOM_KILLS] -
			result->memory_before.value[MEMORY_OOM_KILLS];

	if (result->workers_lost && result->lost_signal)
		reason(result, STATUS_FAILED,
		       "%u workers lost, the first by signal %d (OOM kills: %llu)",
		       result->workers_lost, result->lost_signal, (unsigned long long)ooms);
	else if (result->workers_lost)
		reason(result, STATUS_FAILED, "%u workers lost, the first while %s: %s",
		       result->workers_lost, result->lost_doing, strerror(result->lost_error));
	if (result->interrupted)
		reason(result, STATUS_FAILED, "interrupted");
}

static void judge_load(const struct stress_options *options, struct stress_result *result)
{
	const struct stress_counts *counts = &result->counts;
	char had[UNITS_TEXT], wanted[UNITS_TEXT];

	if (result->interrupted || result->workers_lost || options->best_effort ||
	    result->final_bytes >= result->requested_bytes)
		return;
	units_show_bytes(had, result->final_bytes);
	units_show_bytes(wanted, result->requested_bytes);
	reason(result, STATUS_FAILED,
	       "only %s of %s could be held (failed: %llu creations, %llu maps, %llu touches)", had,
	       wanted, (unsigned long long)counts->create_failures,
	       (unsigned long long)counts->map_failures,
	       (unsigned long long)counts->touch_failures);
}

static void judge_class(const struct stress_options *options, struct stress_result *result,
			enum stress_class class)
{
	uint64_t seen;

	if (!stress_class_evictions(result, class, &seen))
		reason(result, STATUS_UNTRUSTED,
		       "evictions of class %s cannot be checked: no counters in debugfs",
		       stress_class_name(class));
	else if (seen < options->expect_class_evictions)
		reason(result, STATUS_FAILED, "%llu evictions of class %s, %llu expected",
		       (unsigned long long)seen, stress_class_name(class),
		       (unsigned long long)options->expect_class_evictions);
}

static void judge_gpu(const struct stress_options *options, struct stress_result *result)
{
	const struct stress_gpu_counts *gpu = &result->counts.gpu;

	if (gpu->faults || gpu->timeouts)
		reason(result, STATUS_FAILED, "%llu GPU jobs faulted, %llu timed out",
		       (unsigned long long)gpu->faults, (unsigned long long)gpu->timeouts);
	if (options->gpu && !gpu->verified_words)
		reason(result, STATUS_UNTRUSTED, "the GPU verified nothing");
	for (int i = 0; i < STRESS_N_CLASSES && options->expect_class_evictions; i++)
		judge_class(options, result, (enum stress_class)i);
}

static void judge_expectations(const struct stress_options *options, struct stress_result *result)
{
	uint64_t seen;

	if (options->expect_evictions) {
		if (!stress_evictions(result, &seen))
			reason(result, STATUS_UNTRUSTED,
			       "evictions cannot be checked: no counters in debugfs");
		else if (seen < options->expect_evictions)
			reason(result, STATUS_FAILED, "%llu evictions, %llu expected%s",
			       (unsigned long long)seen,
			       (unsigned long long)options->expect_evictions,
			       result->have_swap ? "" : "; no swap: only purges possible");
	}
	if (options->expect_purges) {
		if (!stress_purges(result, &seen))
			reason(result, STATUS_UNTRUSTED,
			       "purges cannot be checked: no counters in debugfs");
		else if (seen < options->expect_purges)
			reason(result, STATUS_FAILED, "%llu purges, %llu expected",
			       (unsigned long long)seen,
			       (unsigned long long)options->expect_purges);
	}
}

/* The kernel's own list of BOs has to agree with its footer and with what the workers hold. */
static void judge_gems(struct stress_result *result, const struct stress_gems *gems,
		       uint64_t held_bytes)
{
	if (!gems->have)
		return;
	if (gems->integrity != PANTHOR_GEMS_OK)
		reason(result, STATUS_UNTRUSTED, "the rows of gems do not add up to its footer");
	/* None at all: the kernel counts processes in another namespace. */
	if (gems->own_bos && gems->own_size_bytes != held_bytes)
		reason(result, STATUS_UNTRUSTED, "gems lists %llu bytes, the workers hold %llu",
		       (unsigned long long)gems->own_size_bytes, (unsigned long long)held_bytes);
}

void stress_judge(const struct stress_options *options, struct stress_result *result)
{
	const struct stress_counts *counts = &result->counts;

	result->status = STATUS_OK;
	result->n_reasons = 0;
	if (counts->mismatched_words || counts->gpu.mismatched_words)
		reason(result, STATUS_CORRUPT, "%llu words in %llu BOs are not what was written",
		       (unsigned long long)(counts->mismatched_words +
					    counts->gpu.mismatched_words),
		       (unsigned long long)counts->mismatched_bos);
	judge_workers(result);
	judge_load(options, result);
	judge_expectations(options, result);
	judge_gpu(options, result);
	judge_gems(result, &result->gems_populated, result->populated_held_bytes);
	judge_gems(result, &result->gems_final, result->final_held_bytes);
	if (!counts->verified_bytes)
		reason(result, STATUS_UNTRUSTED, "nothing was verified");
}
