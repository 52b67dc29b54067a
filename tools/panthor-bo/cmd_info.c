// SPDX-License-Identifier: MIT
/*
 * panthor-bo info: which device, which driver, what it can do, what can be seen of it.
 */
#include <errno.h>
#include <limits.h>
#include <panthor.h>
#include <panthor_drm.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "doc.h"
#include "environment.h"
#include "reclaim.h"

struct info_options {
	const char *device;
	bool json;
};

static const struct option options[] = {
	{ "device", "PATH", "device node (default: the first panthor render node)", OPTION_STRING,
	  offsetof(struct info_options, device), NULL },
	{ "json", NULL, "print a JSON document", OPTION_FLAG, offsetof(struct info_options, json),
	  NULL },
};

/* The marketing name follows from architecture and product, as far as that is public. */
static const char *gpu_model(uint32_t id)
{
	static const struct {
		uint8_t arch, product;
		const char *name;
	} models[] = {
		{ 10, 2, "Mali-G710" }, { 10, 3, "Mali-G510" }, { 10, 4, "Mali-G310" },
		{ 10, 7, "Mali-G610" }, { 11, 2, "Mali-G715" }, { 11, 3, "Mali-G615" },
		{ 12, 0, "Mali-G720" }, { 13, 0, "Mali-G725" },
	};

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (models[i].arch == DRM_PANTHOR_ARCH_MAJOR(id) &&
		    models[i].product == DRM_PANTHOR_PRODUCT_MAJOR(id))
			return models[i].name;
	}
	return NULL;
}

static void report_gpu(struct out *out, const struct drm_panthor_gpu_info *gpu)
{
	uint32_t id = gpu->gpu_id;
	char text[32];

	out_open(out, "gpu", "GPU");
	out_str(out, "model", "model", gpu_model(id));
	out_hex(out, "id", "id", id);
	snprintf(text, sizeof(text), "%u.%u.%u", DRM_PANTHOR_ARCH_MAJOR(id),
		 DRM_PANTHOR_ARCH_MINOR(id), DRM_PANTHOR_ARCH_REV(id));
	out_str(out, "architecture", "architecture", text);
	out_u64(out, "product", "product", DRM_PANTHOR_PRODUCT_MAJOR(id));
	snprintf(text, sizeof(text), "r%up%u status %u", DRM_PANTHOR_VERSION_MAJOR(id),
		 DRM_PANTHOR_VERSION_MINOR(id), DRM_PANTHOR_VERSION_STATUS(id));
	out_str(out, "version", "version", text);
	out_hex(out, "revision", "revision", gpu->gpu_rev);
	snprintf(text, sizeof(text), "%u.%u.%u", DRM_PANTHOR_CSHW_MAJOR(gpu->csf_id),
		 DRM_PANTHOR_CSHW_MINOR(gpu->csf_id), DRM_PANTHOR_CSHW_REV(gpu->csf_id));
	out_str(out, "command_stream_version", "command stream", text);
	out_u64(out, "shader_cores", "shader cores",
		(uint64_t)__builtin_popcountll(gpu->shader_present));
	out_hex(out, "shader_present", NULL, gpu->shader_present);
	out_hex(out, "l2_present", NULL, gpu->l2_present);
	out_hex(out, "tiler_present", NULL, gpu->tiler_present);
	out_hex(out, "as_present", NULL, gpu->as_present);
	out_u64(out, "va_bits", "VA bits", DRM_PANTHOR_MMU_VA_BITS(gpu->mmu_features));
	out_hex(out, "mmu_features", NULL, gpu->mmu_features);
	out_hex(out, "coherency_features", NULL, gpu->coherency_features);
	out_close(out);
}

static void report_csif(struct out *out, const struct drm_panthor_csif_info *csif)
{
	out_open(out, "csif", "command-stream interface");
	out_u64(out, "group_slots", "group slots", csif->csg_slot_count);
	out_u64(out, "queue_slots", "queues per group", csif->cs_slot_count);
	out_u64(out, "registers", "registers", csif->cs_reg_count);
	out_u64(out, "scoreboard_slots", "scoreboard slots", csif->scoreboard_slot_count);
	out_u64(out, "unpreserved_registers", "unpreserved registers",
		csif->unpreserved_cs_reg_count);
	out_close(out);
}

static void report_features(struct out *out, struct panthor_device *dev)
{
	static const struct {
		const char *key, *label;
	} features[PANTHOR_FEATURE_COUNT] = {
		[PANTHOR_FEATURE_TIMESTAMP] = { "timestamp", "timestamp" },
		[PANTHOR_FEATURE_GROUP_PRIORITIES] = { "group_priorities", "group priorities" },
		[PANTHOR_FEATURE_BO_LABEL] = { "bo_label", "BO labels" },
		[PANTHOR_FEATURE_USER_MMIO_OFFSET] = { "user_mmio_offset", "user MMIO offset" },
		[PANTHOR_FEATURE_BO_WB_MMAP] = { "bo_wb_mmap", "cached CPU maps" },
		[PANTHOR_FEATURE_BO_SYNC] = { "bo_sync", "cache upkeep" },
		[PANTHOR_FEATURE_BO_QUERY_INFO] = { "bo_query_info", "BO query" },
		[PANTHOR_FEATURE_SPARSE] = { "sparse", "sparse maps" },
		[PANTHOR_FEATURE_MMU_INFO] = { "mmu_info", "MMU page sizes" },
		[PANTHOR_FEATURE_BO_MADVISE] = { "bo_madvise", "madvise" },
	};

	out_open(out, "features", "features");
	for (unsigned int i = 0; i < PANTHOR_FEATURE_COUNT; i++) {
		int has = panthor_device_has(dev, i);

		out_str(out, features[i].key, features[i].label,
			has > 0 ? "yes" : has == 0 ? "no" : "unknown");
	}
	out_close(out);
}

/* What of debugfs can be used, in one word. */
static const char *debugfs_state(const struct panthor_device *dev, const char *file)
{
	char dir[64];

	switch (debugfs_find("", dev, file, dir, sizeof(dir))) {
	case 0:
		return "readable";
	case -EACCES:
	case -EPERM:
		return "not permitted";
	default:
		return "absent";
	}
}

static void report_debugfs(struct out *out, const struct panthor_device *dev)
{
	static const char *const files[] = { "gems", "reclaim", "shrink" };

	out_open(out, "debugfs", "debugfs");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		out_str(out, files[i], files[i], debugfs_state(dev, files[i]));
	out_close(out);
}

static void report_device(struct out *out, struct panthor_device *dev)
{
	char link[64], path[PATH_MAX], version[DOC_VERSION_SIZE];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", panthor_device_fd(dev));
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	doc_driver_version(dev, version);
	out_open(out, "device", "device");
	out_str(out, "path", "path", len > 0 ? path : NULL);
	out_note(out, "driver", doc_driver_name(dev));
	out_note(out, "interface", version);
	out_bytes(out, "page_size_bytes", "page size", panthor_device_page_size(dev));
	out_close(out);
	report_gpu(out, panthor_device_info(dev)->gpu);
	report_csif(out, panthor_device_info(dev)->csif);
	report_features(out, dev);
	report_debugfs(out, dev);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct info_options opts = { .device = NULL };
	struct panthor_device *dev;
	struct doc doc;
	int status;

	if (!doc_options(&doc, command, argc, argv, &opts, &opts.json, &status))
		return status;
	dev = doc_device(&doc, opts.device);
	doc_begin(&doc, dev);
	if (dev)
		report_device(&doc.out, dev);
	environment_report(&doc.out, "");
	panthor_device_unref(dev);
	return doc_finish(&doc);
}

const struct command command_info = {
	.name = "info",
	.summary = "Show a panthor device: driver, GPU, features, debugfs, memory and swap.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.run = run,
};
