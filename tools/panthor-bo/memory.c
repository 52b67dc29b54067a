// SPDX-License-Identifier: MIT
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfile.h"

#define MEMORY_DIR "/sys/devices/system/memory"

static bool block_is_online(const char *root, const char *name)
{
	char path[64];
	uint64_t online;

	if (snprintf(path, sizeof(path), MEMORY_DIR "/%.24s/online", name) >= (int)sizeof(path))
		return false;
	return !sysfile_u64(root, path, 10, &online) && online == 1;
}

/* Firmware and the kernel's own image are missing from MemTotal but not from here. */
static uint64_t installed_bytes(const char *root)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	uint64_t block, blocks = 0, bytes;
	DIR *dir;

	if (sysfile_u64(root, MEMORY_DIR "/block_size_bytes", 16, &block))
		return 0;
	if (snprintf(path, sizeof(path), "%s" MEMORY_DIR, root) >= (int)sizeof(path))
		return 0;
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		blocks += !strncmp(entry->d_name, "memory", 6) &&
			  block_is_online(root, entry->d_name);
	closedir(dir);
	return __builtin_mul_overflow(blocks, block, &bytes) ? 0 : bytes;
}

static int key_kib(const char *text, const char *key, uint64_t *ret_bytes)
{
	uint64_t kib;
	int r = sysfile_key(text, key, &kib);

	if (r)
		return r == -ENOENT ? -EINVAL : r;
	if (kib > UINT64_MAX / 1024)
		return -EINVAL;
	*ret_bytes = kib * 1024;
	return 0;
}

int memory_read(const char *root, struct memory_info *ret_info)
{
	struct memory_info info = { 0 };
	char text[4096];
	int r = sysfile_read(root, "/proc/meminfo", text, sizeof(text));

	if (!r)
		r = key_kib(text, "MemTotal", &info.total_bytes);
	if (!r)
		r = key_kib(text, "MemAvailable", &info.available_bytes);
	if (!r)
		r = key_kib(text, "SwapTotal", &info.swap_total_bytes);
	if (!r)
		r = key_kib(text, "SwapFree", &info.swap_free_bytes);
	if (r)
		return r;
	info.installed_bytes = installed_bytes(root);
	if (info.installed_bytes < info.total_bytes)
		info.installed_bytes = info.total_bytes;
	*ret_info = info;
	return 0;
}

/* Of /sys/block/zram0/mm_stat; the limit and the most memory ever used are of no interest. */
static void parse_mm_stat(const char *text, struct swap_device *device)
{
	uint64_t values[6];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (sysfile_number(&text, &values[i]))
			return;
	}
	device->original_bytes = values[0];
	device->compressed_bytes = values[1];
	device->memory_bytes = values[2];
	device->same_pages = values[5];
}

static void read_zram(const char *root, struct swap_device *device)
{
	const char *disk = strrchr(device->name, '/');
	char path[64], text[256];

	if (!disk || strncmp(disk + 1, "zram", 4))
		return;
	disk++;
	snprintf(path, sizeof(path), "/sys/block/%.20s/comp_algorithm", disk);
	if (sysfile_read(root, path, text, sizeof(text)))
		return;
	device->is_zram = true;
	if (sysfile_selected(text, device->algorithm, sizeof(device->algorithm)))
		device->algorithm[0] = '\0';
	snprintf(path, sizeof(path), "/sys/block/%.20s/mm_stat", disk);
	if (!sysfile_read(root, path, text, sizeof(text)))
		parse_mm_stat(text, device);
}

/* One line of /proc/swaps: name, type, size and use in KiB, priority. */
static bool parse_swap(const char *line, struct swap_device *ret_device)
{
	struct swap_device device = { 0 };
	uint64_t size, used;
	int start = 0;

	if (sscanf(line, "%127s %15s%n", device.name, device.type, &start) != 2)
		return false;
	line += start;
	if (sysfile_number(&line, &size) || sysfile_number(&line, &used) ||
	    sscanf(line, "%" SCNd64, &device.priority) != 1)
		return false;
	if (size > UINT64_MAX / 1024 || used > size)
		return false;
	device.size_bytes = size * 1024;
	device.used_bytes = used * 1024;
	*ret_device = device;
	return true;
}

size_t swap_read(const char *root, struct swap_device devices[SWAP_MAX_DEVICES])
{
	char text[4096];
	const char *line = text;
	size_t count = 0;

	if (sysfile_read(root, "/proc/swaps", text, sizeof(text)))
		return 0;
	while ((line = strchr(line, '\n')) && count < SWAP_MAX_DEVICES) {
		line++;
		if (parse_swap(line, &devices[count]))
			read_zram(root, &devices[count++]);
	}
	return count;
}

static void take(struct memory_counters *counters, enum memory_counter counter, int result,
		 uint64_t value)
{
	if (!result) {
		counters->value[counter] = value;
		counters->have |= UINT32_C(1) << counter;
	}
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123", a line for each kind */
static int psi_total(const char *text, const char *kind, uint64_t *ret_us)
{
	const char *line = strstr(text, kind);
	const char *total = line ? strstr(line, "total=") : NULL;

	/* Another line's is not this one's. */
	if (!total || total > line + strcspn(line, "\n"))
		return -ENOENT;
	total += strlen("total=");
	return sysfile_number(&total, ret_us);
}

void memory_counters_read(const char *root, struct memory_counters *ret_counters)
{
	static const struct {
		enum memory_counter counter;
		const char *key;
	} vmstat[] = {
		{ MEMORY_PSWPIN_PAGES, "pswpin" },
		{ MEMORY_PSWPOUT_PAGES, "pswpout" },
		{ MEMORY_OOM_KILLS, "oom_kill" },
	};
	struct memory_counters counters = { .have = 0 };
	char text[16384];
	uint64_t value = 0;
	int r;

	sysfile_read(root, "/proc/pressure/memory", text, sizeof(text));
	r = psi_total(text, "some ", &value);
	take(&counters, MEMORY_PSI_SOME_US, r, value);
	r = psi_total(text, "full ", &value);
	take(&counters, MEMORY_PSI_FULL_US, r, value);

	sysfile_read(root, "/proc/vmstat", text, sizeof(text));
	for (size_t i = 0; i < sizeof(vmstat) / sizeof(vmstat[0]); i++) {
		r = sysfile_key(text, vmstat[i].key, &value);
		take(&counters, vmstat[i].counter, r, value);
	}
	*ret_counters = counters;
}
