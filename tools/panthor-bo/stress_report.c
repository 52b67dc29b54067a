// SPDX-License-Identifier: MIT
#include <panthor.h>
#include <stdio.h>

#include "doc.h"
#include "environment.h"
#include "stress.h"

static void report_parameters(struct out *out, const struct stress_options *options,
			      const struct stress_result *result)
{
	out_open(out, "parameters", "parameters");
	out_hex(out, "seed", "seed", options->seed);
	out_bytes(out, "total_bytes", "total", result->requested_bytes);
	if (out->json) {
		jsonw_begin_list(out->json, "bo_sizes_bytes");
		for (size_t i = 0; i < options->bo_sizes.count; i++)
			jsonw_u64(out->json, NULL, options->bo_sizes.bytes[i]);
		jsonw_end(out->json);
	}
	out_u64(out, "workers", "workers", options->workers);
	out_u64(out, "rounds", NULL, options->rounds);
	out_u64(out, "duration_s", NULL, options->duration_s);
	out_u64(out, "dontneed_percent", "DONTNEED, percent", options->dontneed);
	out_u64(out, "compress_percent", "compressible, percent", options->compress);
	out_bool(out, "gpu", NULL, options->gpu);
	out_u64(out, "vms", options->gpu ? "VMs of each worker" : NULL, options->vms);
	out_u64(out, "shared_percent", options->gpu ? "shared, percent" : NULL, options->shared);
	out_u64(out, "expect_evictions", NULL, options->expect_evictions);
	out_u64(out, "expect_class_evictions", NULL, options->expect_class_evictions);
	out_u64(out, "expect_purges", NULL, options->expect_purges);
	out_bool(out, "best_effort", NULL, options->best_effort);
	out_close(out);
}

/* People need not read of what did not happen. */
static void report_trouble(struct out *out, const char *key, const char *label, uint64_t count)
{
	out_u64(out, key, count ? label : NULL, count);
}

static void report_load(struct out *out, const struct stress_result *result)
{
	const struct stress_counts *counts = &result->counts;
	uint64_t ratio = result->ram_bytes ? (uint64_t)((double)result->populated_bytes * 1000 /
							(double)result->ram_bytes)
					   : 0;

	out_open(out, "load", "load");
	out_u64(out, "live_bos", "BOs live at once", result->populated_bos);
	out_bytes(out, "live_bytes", "bytes live at once", result->populated_bytes);
	out_milli(out, "live_to_ram_ratio", "that is", ratio, " x RAM");
	out_u64(out, "final_bos", NULL, result->final_bos);
	out_bytes(out, "final_bytes", NULL, result->final_bytes);
	out_u64(out, "rounds", "rounds", result->rounds_done);
	out_bytes(out, "written_bytes", "written", counts->written_bytes);
	out_ns(out, "populate_ns", "populating took", result->populate_ns);
	out_ns(out, "elapsed_ns", "all took", result->elapsed_ns);
	report_trouble(out, "create_failures", "failed creations", counts->create_failures);
	report_trouble(out, "map_failures", "failed maps", counts->map_failures);
	report_trouble(out, "touch_failures", "failed touches", counts->touch_failures);
	report_trouble(out, "canaries_lost", "canaries lost", result->canaries_lost);
	report_trouble(out, "workers_lost", "workers lost", result->workers_lost);
	out_bool(out, "interrupted", NULL, result->interrupted);
	out_close(out);
}

static void report_counters(struct out *out, const char *key,
			    const struct reclaim_counters *counters,
			    const struct reclaim_counters *minus)
{
	out_open(out, key, NULL);
	for (unsigned int i = minus ? RECLAIM_FIRST_TOTAL : 0; i < RECLAIM_N_COUNTERS; i++)
		out_u64(out, reclaim_name(i), NULL,
			counters->value[i] - (minus ? minus->value[i] : 0));
	out_close(out);
}

static void report_delta(struct out *out, const struct stress_result *result, const char *key,
			 const char *label, enum reclaim_counter counter, uint64_t scale)
{
	uint64_t delta =
		result->reclaim_after.value[counter] - result->reclaim_before.value[counter];

	if (result->source != STRESS_SOURCE_RECLAIM)
		out_absent(out, key, label, "unknown");
	else if (scale > 1)
		out_bytes(out, key, label, delta * scale);
	else
		out_u64(out, key, label, delta);
}

static void report_classes(struct out *out, const struct stress_result *result)
{
	static const char *const labels[STRESS_N_CLASSES] = {
		[STRESS_CLASS_UNUSED] = "unused",
		[STRESS_CLASS_MMAPPED] = "mapped by the CPU",
		[STRESS_CLASS_VM] = "mapped in one VM",
		[STRESS_CLASS_SHARED] = "mapped in several",
	};
	uint64_t evictions;

	if (!stress_class_evictions(result, STRESS_CLASS_UNUSED, &evictions)) {
		out_absent(out, "evictions_by_class", NULL, NULL);
		return;
	}
	out_open(out, "evictions_by_class", "evictions by class");
	for (unsigned int i = 0; i < STRESS_N_CLASSES; i++) {
		stress_class_evictions(result, (enum stress_class)i, &evictions);
		out_u64(out, stress_class_name((enum stress_class)i), labels[i], evictions);
	}
	out_close(out);
}

static void report_kernel(struct out *out, const struct stress_result *result)
{
	static const char *const sources[] = { "none", "gems", "reclaim" };
	uint64_t page = result->page_size;
	uint64_t evictions;

	out_open(out, "kernel", "kernel counters");
	out_str(out, "source", NULL, sources[result->source]);
	if (result->source == STRESS_SOURCE_NONE)
		out_note(out, "unavailable", "no counters in debugfs");
	if (stress_evictions(result, &evictions))
		out_u64(out, "evictions", "evictions", evictions);
	else
		out_absent(out, "evictions", "evictions", "unknown");
	report_classes(out, result);
	report_delta(out, result, "evicted_bytes", "evicted", RECLAIM_EVICTED_PAGES, page);
	report_delta(out, result, "purges", "purges", RECLAIM_PURGES, 1);
	report_delta(out, result, "purged_bytes", "purged", RECLAIM_PURGED_PAGES, page);
	report_delta(out, result, "swapins", "swap-ins", RECLAIM_SWAPINS, 1);
	report_delta(out, result, "swapin_bytes", "swapped in", RECLAIM_SWAPIN_PAGES, page);
	if (result->source == STRESS_SOURCE_RECLAIM) {
		report_counters(out, "before", &result->reclaim_before, NULL);
		report_counters(out, "after", &result->reclaim_after, NULL);
		report_counters(out, "delta", &result->reclaim_after, &result->reclaim_before);
	}
	out_close(out);
}

static void report_gpu(struct out *out, const struct stress_options *options,
		       const struct stress_gpu_counts *gpu)
{
	if (!options->gpu) {
		out_absent(out, "gpu", NULL, NULL);
		return;
	}
	out_open(out, "gpu", "GPU");
	out_u64(out, "jobs", "jobs", gpu->jobs);
	out_u64(out, "faults", "faults", gpu->faults);
	out_u64(out, "timeouts", "timeouts", gpu->timeouts);
	report_trouble(out, "submit_failures", "failed submissions", gpu->submit_failures);
	out_u64(out, "binds", "BOs mapped", gpu->binds);
	out_u64(out, "unbinds", "and unmapped", gpu->unbinds);
	report_trouble(out, "bind_failures", "failed maps", gpu->bind_failures);
	out_bytes(out, "written_bytes", "written", gpu->written_bytes);
	out_u64(out, "verified_words", "words verified", gpu->verified_words);
	out_close(out);
}

static void report_purgeable(struct out *out, const struct stress_result *result)
{
	const struct stress_counts *counts = &result->counts;

	out_open(out, "purgeable", "DONTNEED");
	out_bool(out, "supported", NULL, result->madvise);
	out_u64(out, "advised_bos", "advised", counts->advised_bos);
	out_u64(out, "retained_bos", "retained", counts->retained_bos);
	out_u64(out, "purged_bos", "purged", counts->purged_bos);
	out_bytes(out, "purged_bytes", NULL, counts->purged_bytes);
	out_close(out);
}

static void report_refault(struct out *out, const struct stress_counts *counts)
{
	static const struct {
		const char *key, *label;
		unsigned int percent;
	} percentiles[] = { { "p50", "p50", 50 }, { "p90", "p90", 90 }, { "p99", "p99", 99 } };
	const struct histogram *histogram = &counts->refault_ns;

	out_open(out, "refault", "first touch after eviction");
	out_str(out, "method", NULL,
		"BOs that stayed mapped by the CPU, and whose first word faults on return");
	out_u64(out, "bos", "BOs", counts->refaulted_bos);
	out_bytes(out, "bytes", "bytes", counts->refaulted_bytes);
	out_open(out, "latency_ns", NULL);
	out_u64(out, "samples", NULL, histogram->samples);
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
		if (histogram->samples)
			out_ns(out, percentiles[i].key, percentiles[i].label,
			       histogram_percentile(histogram, percentiles[i].percent));
		else
			out_absent(out, percentiles[i].key, percentiles[i].label, NULL);
	}
	if (histogram->samples)
		out_ns(out, "max", "max", histogram->max);
	else
		out_absent(out, "max", "max", NULL);
	out_close(out);
	out_close(out);
}

static void report_mismatch(struct out *out, const struct stress_options *options,
			    const struct stress_mismatch *first)
{
	static const char *const kinds[] = { "content", "purged-not-zero" };
	static const char *const sides[] = { "cpu", "gpu" };

	out_open(out, "first_mismatch", "first mismatch");
	out_str(out, "kind", "kind", kinds[first->kind]);
	out_str(out, "found_by", "found by", sides[first->side]);
	out_u64(out, "worker", "worker", first->worker);
	out_u64(out, "bo", "BO", first->bo);
	out_u64(out, "generation", "generation", first->generation);
	out_u64(out, "round", "round", first->round);
	out_u64(out, "offset_bytes", "offset", first->where.offset);
	out_hex(out, "expected", "expected", first->where.expected);
	out_hex(out, "got", "got", first->where.got);
	out_hex(out, "seed", "seed", options->seed);
	out_close(out);
}

static void report_verification(struct out *out, const struct stress_options *options,
				const struct stress_counts *counts)
{
	out_open(out, "verification", "verification");
	out_bytes(out, "verified_bytes", "verified", counts->verified_bytes);
	out_u64(out, "errors", "wrong words",
		counts->mismatched_words + counts->gpu.mismatched_words);
	out_u64(out, "cpu_errors", NULL, counts->mismatched_words);
	report_trouble(out, "gpu_errors", "of them by the GPU", counts->gpu.mismatched_words);
	out_u64(out, "bad_bos", "in BOs", counts->mismatched_bos);
	if (counts->mismatched_bos)
		report_mismatch(out, options, &counts->first);
	else
		out_absent(out, "first_mismatch", NULL, NULL);
	out_close(out);
}

static void report_pressure(struct out *out, const struct stress_result *result)
{
	static const struct {
		const char *key, *label;
		bool is_time;
	} counters[MEMORY_N_COUNTERS] = {
		[MEMORY_PSI_SOME_US] = { "psi_some_us", "some task waited", true },
		[MEMORY_PSI_FULL_US] = { "psi_full_us", "all tasks waited", true },
		[MEMORY_PSWPIN_PAGES] = { "pswpin_pages", "pages swapped in", false },
		[MEMORY_PSWPOUT_PAGES] = { "pswpout_pages", "pages swapped out", false },
		[MEMORY_OOM_KILLS] = { "oom_kills", "OOM kills", false },
	};
	uint32_t have = result->memory_before.have & result->memory_after.have;

	out_open(out, "pressure", "memory pressure");
	for (unsigned int i = 0; i < MEMORY_N_COUNTERS; i++) {
		uint64_t delta = result->memory_after.value[i] - result->memory_before.value[i];

		if (!(have & UINT32_C(1) << i))
			out_absent(out, counters[i].key, counters[i].label, "unknown");
		else if (counters[i].is_time)
			out_us(out, counters[i].key, counters[i].label, delta);
		else
			out_u64(out, counters[i].key, counters[i].label, delta);
	}
	out_close(out);
}

static void report_swap(struct out *out, const struct stress_result *result)
{
	uint64_t original = 0, memory = 0;

	for (size_t i = 0; i < result->n_swap; i++) {
		original += result->swap[i].original_bytes;
		memory += result->swap[i].memory_bytes;
	}
	out_open(out, "swap", "swap at the end");
	out_bool(out, "present", "present", result->have_swap);
	if (!result->have_swap)
		out_note(out, "note", "no swap: only purges possible");
	if (memory) {
		out_bytes(out, "zram_original_bytes", "zram holds", original);
		out_bytes(out, "zram_memory_bytes", "in", memory);
		out_milli(out, "zram_ratio", "ratio",
			  (uint64_t)((double)original * 1000 / (double)memory), "");
	} else {
		out_absent(out, "zram_original_bytes", NULL, NULL);
		out_absent(out, "zram_memory_bytes", NULL, NULL);
		out_absent(out, "zram_ratio", NULL, NULL);
	}
	out_close(out);
}

static void report_gems(struct out *out, const char *key, const char *title,
			const struct stress_gems *gems)
{
	static const char *const verdicts[] = { "ok", "mismatch", "truncated", "no-footer" };

	if (!gems->have) {
		out_absent(out, key, NULL, NULL);
		return;
	}
	out_open(out, key, title);
	out_u64(out, "bos", "rows", gems->rows);
	out_bytes(out, "sum_size_bytes", "sum of sizes", gems->sum_size_bytes);
	out_bytes(out, "total_size_bytes", "footer says", gems->total_size_bytes);
	out_bytes(out, "sum_resident_bytes", "sum of resident", gems->sum_resident_bytes);
	out_bytes(out, "total_resident_bytes", "footer says", gems->total_resident_bytes);
	out_bytes(out, "total_reclaimable_bytes", "reclaimable", gems->total_reclaimable_bytes);
	out_u64(out, "own_bos", "of the workers", gems->own_bos);
	out_bytes(out, "own_size_bytes", NULL, gems->own_size_bytes);
	out_bytes(out, "own_resident_bytes", NULL, gems->own_resident_bytes);
	out_u64(out, "own_evictions", NULL, gems->own_evictions);
	out_str(out, "integrity", "integrity", verdicts[gems->integrity]);
	out_close(out);
}

static void report_verdict(struct out *out, const struct stress_result *result)
{
	const char *words[STRESS_MAX_REASONS];
	const char *verdict = "pass";

	if (result->status == STATUS_CORRUPT)
		verdict = "corrupt";
	else if (result->status == STATUS_UNTRUSTED)
		verdict = "untrusted";
	else if (result->status)
		verdict = "fail";
	for (size_t i = 0; i < result->n_reasons; i++)
		words[i] = result->reasons[i];
	out_open(out, "verdict", "verdict");
	out_str(out, "result", "result", verdict);
	out_list(out, "reasons", result->n_reasons ? "because" : NULL, words, result->n_reasons);
	out_close(out);
}

void stress_report(struct doc *doc, const struct stress_options *options,
		   const struct stress_result *result)
{
	struct out *out = &doc->out;
	struct out json_only = *out;

	json_only.text = NULL;
	report_parameters(out, options, result);
	environment_report(out, "");
	report_load(out, result);
	report_kernel(out, result);
	report_gpu(out, options, &result->counts.gpu);
	report_purgeable(out, result);
	report_refault(out, &result->counts);
	report_verification(out, options, &result->counts);
	report_pressure(out, result);
	report_swap(out, result);
	report_gems(out, "gems_populated", "gems, once populated", &result->gems_populated);
	report_gems(&json_only, "gems_final", NULL, &result->gems_final);
	report_verdict(out, result);
}
