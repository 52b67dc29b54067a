// SPDX-License-Identifier: MIT
#include "environment.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "memory.h"
#include "sysfile.h"
#include "units.h"

static void report_memory(struct out *out, const char *root)
{
	struct memory_info info;

	if (memory_read(root, &info)) {
		out_absent(out, "ram_installed_bytes", NULL, NULL);
		out_absent(out, "ram_total_bytes", "RAM", "unknown");
		out_absent(out, "ram_available_bytes", NULL, NULL);
		out_absent(out, "swap_total_bytes", "swap", "unknown");
		out_absent(out, "swap_free_bytes", NULL, NULL);
		return;
	}
	out_bytes(out, "ram_installed_bytes", "RAM installed", info.installed_bytes);
	out_bytes(out, "ram_total_bytes", "RAM usable", info.total_bytes);
	out_bytes(out, "ram_available_bytes", "RAM available", info.available_bytes);
	out_bytes(out, "swap_total_bytes", "swap", info.swap_total_bytes);
	out_bytes(out, "swap_free_bytes", "swap free", info.swap_free_bytes);
}

static void report_swap_device(struct out *out, const struct swap_device *device)
{
	char what[200], size[UNITS_TEXT];

	units_show_bytes(size, device->size_bytes);
	snprintf(what, sizeof(what), "%s, %s%s%s", size, device->type,
		 device->is_zram ? ", zram " : "", device->algorithm);
	out_note(out, device->name, what);
	out_open(out, NULL, NULL);
	out_str(out, "name", NULL, device->name);
	out_str(out, "type", NULL, device->type);
	out_i64(out, "priority", NULL, device->priority);
	out_bytes(out, "size_bytes", NULL, device->size_bytes);
	out_bytes(out, "used_bytes", NULL, device->used_bytes);
	if (device->is_zram) {
		out_str(out, "zram_algorithm", NULL, device->algorithm);
		out_bytes(out, "zram_original_bytes", NULL, device->original_bytes);
		out_bytes(out, "zram_compressed_bytes", NULL, device->compressed_bytes);
		out_bytes(out, "zram_memory_bytes", NULL, device->memory_bytes);
		out_u64(out, "zram_same_pages", NULL, device->same_pages);
	}
	out_close(out);
}

static void report_swap(struct out *out, const char *root)
{
	struct swap_device devices[SWAP_MAX_DEVICES];
	size_t count = swap_read(root, devices);

	out_open_array(out, "swap_devices", NULL);
	for (size_t i = 0; i < count; i++)
		report_swap_device(out, &devices[i]);
	out_close(out);
}

static void report_number(struct out *out, const char *root, const char *path, const char *key,
			  const char *label)
{
	uint64_t value;

	if (sysfile_u64(root, path, 10, &value))
		out_absent(out, key, label, "unknown");
	else
		out_u64(out, key, label, value);
}

static void report_choice(struct out *out, const char *root, const char *path, const char *key)
{
	char text[128], word[32];

	if (sysfile_read(root, path, text, sizeof(text)) ||
	    sysfile_selected(text, word, sizeof(word)))
		out_absent(out, key, NULL, NULL);
	else
		out_str(out, key, NULL, word);
}

void environment_report(struct out *out, const char *root)
{
	struct utsname names = { .release = "", .machine = "" };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	uname(&names);
	out_open(out, "environment", "environment");
	out_str(out, "kernel_release", "kernel", names.release);
	out_str(out, "machine", "machine", names.machine);
	out_u64(out, "cpus", "CPUs", cpus > 0 ? (uint64_t)cpus : 1);
	report_memory(out, root);
	report_swap(out, root);
	report_number(out, root, "/proc/sys/vm/swappiness", "swappiness", "swappiness");
	report_choice(out, root, "/sys/kernel/mm/transparent_hugepage/enabled", "thp");
	report_choice(out, root, "/sys/kernel/mm/transparent_hugepage/shmem_enabled", "thp_shmem");
	out_close(out);
}
