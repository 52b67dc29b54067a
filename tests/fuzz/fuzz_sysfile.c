// SPDX-License-Identifier: MIT
/*
 * The readers of /proc, /sys and debugfs. The input is a few files: a line "@NAME" starts one. They
 * are links to memory, in a folder that stands in for "/". A number that is read is one that was
 * written, and what was read, printed as the kernel does, reads back the same.
 */
#include <ftw.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "memory.h"
#include "reclaim.h"
#include "sysfile.h"

#define KIB 1024

enum file {
	MEMINFO, SWAPS, VMSTAT, PRESSURE, RECLAIM, COMP_ALGORITHM, MM_STAT, BLOCK_SIZE_BYTES,
	ONLINE, N_FILES,
};

static struct {
	const char *name;
	const char *path;
	int fd;
} files[N_FILES] = {
	[MEMINFO] = { "meminfo", "/proc/meminfo", -1 },
	[SWAPS] = { "swaps", "/proc/swaps", -1 },
	[VMSTAT] = { "vmstat", "/proc/vmstat", -1 },
	[PRESSURE] = { "pressure", "/proc/pressure/memory", -1 },
	[RECLAIM] = { "reclaim", "/debug/reclaim", -1 },
	[COMP_ALGORITHM] = { "comp_algorithm", "/sys/block/zram0/comp_algorithm", -1 },
	[MM_STAT] = { "mm_stat", "/sys/block/zram0/mm_stat", -1 },
	[BLOCK_SIZE_BYTES] = { "block_size_bytes", "/sys/devices/system/memory/block_size_bytes",
			       -1 },
	[ONLINE] = { "online", "/sys/devices/system/memory/memory7/online", -1 },
};

static char root[] = "/tmp/fuzz-sysfile-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

static void remove_root(void)
{
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_folders(const char *path)
{
	char full[128];

	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(full, sizeof(full), "%s%.*s", root, (int)(end - path), path);
		mkdir(full, 0700);
	}
}

static void make_root(void)
{
	fuzz_check(mkdtemp(root));
	atexit(remove_root);
	for (size_t i = 0; i < N_FILES; i++) {
		char full[128], target[64];

		make_folders(files[i].path);
		files[i].fd = memfd_create(files[i].name, MFD_CLOEXEC);
		snprintf(full, sizeof(full), "%s%s", root, files[i].path);
		snprintf(target, sizeof(target), "/proc/self/fd/%d", files[i].fd);
		fuzz_check(files[i].fd >= 0 && !symlink(target, full));
	}
}

static void write_file(enum file file, const char *text, size_t len)
{
	const int fd = files[file].fd;

	fuzz_check(!ftruncate(fd, 0) && pwrite(fd, text, len, 0) == (ssize_t)len);
}

__attribute__((format(printf, 2, 3)))
static void print_file(enum file file, const char *format, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fuzz_check(len < (int)sizeof(text));
	write_file(file, text, (size_t)len);
}

static enum file find_file(const char *name, size_t len)
{
	for (unsigned int i = 0; i < N_FILES; i++) {
		if (strlen(files[i].name) == len && !memcmp(files[i].name, name, len))
			return i;
	}
	return N_FILES;
}

/* Files that the input does not have are empty. */
static void write_files(const char *text, size_t len)
{
	const char *start = text, *end = text + len;
	enum file file = N_FILES;

	for (unsigned int i = 0; i < N_FILES; i++)
		write_file(i, "", 0);
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *next = nl ? nl + 1 : end;
		enum file found = nl && *text == '@' ?
					  find_file(text + 1, (size_t)(nl - text - 1)) : N_FILES;

		if (found != N_FILES) {
			if (file != N_FILES)
				write_file(file, start, (size_t)(text - start));
			file = found;
			start = next;
		}
		text = next;
	}
	if (file != N_FILES)
		write_file(file, start, (size_t)(end - start));
}

/* Readers make no numbers up: whatever they give stands in the input, digit by digit. */
static void check_digits(const char *input, size_t len, uint64_t value)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	fuzz_check(!value || memmem(input, len, digits, strlen(digits)));
}

static void check_meminfo(const char *input, size_t len)
{
	struct memory_info info, again;

	if (memory_read(root, &info))
		return;
	check_digits(input, len, info.total_bytes / KIB);
	check_digits(input, len, info.available_bytes / KIB);
	check_digits(input, len, info.swap_total_bytes / KIB);
	check_digits(input, len, info.swap_free_bytes / KIB);
	fuzz_check(info.installed_bytes >= info.total_bytes);
	print_file(MEMINFO,
		   "MemTotal: %8llu kB\nMemAvailable: %8llu kB\nSwapTotal: %8llu kB\n"
		   "SwapFree: %8llu kB\n",
		   (unsigned long long)info.total_bytes / KIB,
		   (unsigned long long)info.available_bytes / KIB,
		   (unsigned long long)info.swap_total_bytes / KIB,
		   (unsigned long long)info.swap_free_bytes / KIB);
	fuzz_check(!memory_read(root, &again) && !memcmp(&info, &again, sizeof(info)));
}

static void check_swap_device(const char *input, size_t len, const struct swap_device *device)
{
	fuzz_check(device->used_bytes <= device->size_bytes);
	check_digits(input, len, device->size_bytes / KIB);
	check_digits(input, len, device->used_bytes / KIB);
	check_digits(input, len, device->original_bytes);
	check_digits(input, len, device->compressed_bytes);
	check_digits(input, len, device->memory_bytes);
	check_digits(input, len, device->same_pages);
	fuzz_check(device->is_zram || !device->algorithm[0]);
	fuzz_check(memmem(input, len, device->algorithm, strlen(device->algorithm)));
}

static void expect_same_device(const struct swap_device *a, const struct swap_device *b)
{
	fuzz_check(!strcmp(a->name, b->name));
	fuzz_check(!strcmp(a->type, b->type));
	fuzz_check(a->priority == b->priority);
	fuzz_check(a->size_bytes == b->size_bytes);
	fuzz_check(a->used_bytes == b->used_bytes);
	fuzz_check(a->is_zram == b->is_zram);
	fuzz_check(!strcmp(a->algorithm, b->algorithm));
	fuzz_check(a->original_bytes == b->original_bytes);
	fuzz_check(a->compressed_bytes == b->compressed_bytes);
	fuzz_check(a->memory_bytes == b->memory_bytes);
	fuzz_check(a->same_pages == b->same_pages);
}

/* There is one such disk, so all lines about it have the same numbers. */
static void print_zram(const struct swap_device *device)
{
	print_file(COMP_ALGORITHM, device->algorithm[0] ? "lzo [%s] zstd\n" : "lzo%s\n",
		   device->algorithm);
	print_file(MM_STAT, "%8llu %8llu %8llu 0 0 %8llu 0 0 0\n",
		   (unsigned long long)device->original_bytes,
		   (unsigned long long)device->compressed_bytes,
		   (unsigned long long)device->memory_bytes,
		   (unsigned long long)device->same_pages);
}

static void check_swaps(const char *input, size_t len)
{
	struct swap_device devices[SWAP_MAX_DEVICES], again[SWAP_MAX_DEVICES];
	size_t count = swap_read(root, devices), text_len = 0;
	char text[4096] = "";

	fuzz_check(count <= SWAP_MAX_DEVICES);
	for (size_t i = 0; i < count; i++) {
		const struct swap_device *device = &devices[i];

		check_swap_device(input, len, device);
		if (device->is_zram)
			print_zram(device);
		text_len += (size_t)sprintf(text + text_len, "\n%s %s %llu %llu %lld", device->name,
					    device->type,
					    (unsigned long long)device->size_bytes / KIB,
					    (unsigned long long)device->used_bytes / KIB,
					    (long long)device->priority);
	}
	write_file(SWAPS, text, text_len);
	fuzz_check(swap_read(root, again) == count);
	for (size_t i = 0; i < count; i++)
		expect_same_device(&devices[i], &again[i]);
}

/* The line of a counter that a kernel without it does not print. */
static void add_line(char *text, const struct memory_counters *counters,
		     enum memory_counter counter, const char *before)
{
	if (counters->have & 1u << counter)
		sprintf(text + strlen(text), "%s%llu\n", before,
			(unsigned long long)counters->value[counter]);
}

static void print_counters(const struct memory_counters *counters)
{
	char pressure[256] = "", vmstat[256] = "nr_free_pages 7\n";

	add_line(pressure, counters, MEMORY_PSI_SOME_US,
		 "some avg10=0.00 avg60=0.00 avg300=0.00 total=");
	add_line(pressure, counters, MEMORY_PSI_FULL_US,
		 "full avg10=0.00 avg60=0.00 avg300=0.00 total=");
	add_line(vmstat, counters, MEMORY_PSWPIN_PAGES, "pswpin ");
	add_line(vmstat, counters, MEMORY_PSWPOUT_PAGES, "pswpout ");
	add_line(vmstat, counters, MEMORY_OOM_KILLS, "oom_kill ");
	write_file(PRESSURE, pressure, strlen(pressure));
	write_file(VMSTAT, vmstat, strlen(vmstat));
}

static void check_counters(const char *input, size_t len)
{
	struct memory_counters counters, again;

	memory_counters_read(root, &counters);
	for (unsigned int i = 0; i < MEMORY_N_COUNTERS; i++) {
		if (counters.have & 1u << i)
			check_digits(input, len, counters.value[i]);
	}
	print_counters(&counters);
	memory_counters_read(root, &again);
	fuzz_check(again.have == counters.have);
	fuzz_check(!memcmp(again.value, counters.value, sizeof(again.value)));
}

static void check_reclaim(const char *input, size_t len)
{
	struct reclaim_counters counters, again;
	char text[RECLAIM_N_COUNTERS * 64] = "";
	size_t text_len = 0;

	if (reclaim_read(root, "/debug", &counters))
		return;
	for (unsigned int i = 0; i < RECLAIM_N_COUNTERS; i++) {
		check_digits(input, len, counters.value[i]);
		text_len += (size_t)sprintf(text + text_len, "%s: %llu\n", reclaim_name(i),
					    (unsigned long long)counters.value[i]);
	}
	write_file(RECLAIM, text, text_len);
	fuzz_check(!reclaim_read(root, "/debug", &again));
	fuzz_check(!memcmp(&counters, &again, sizeof(counters)));
}

static void check_selected(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	for (size_t room = 1; room < 64; room *= 2) {
		char *word = malloc(room), *at;

		fuzz_check(word);
		if (!sysfile_selected(text, word, room)) {
			at = strchr(text, '[') + 1;
			fuzz_check(strlen(word) < room && !strncmp(at, word, strlen(word)) &&
				   at[strlen(word)] == ']');
		}
		free(word);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *input = (const char *)data;

	if (files[0].fd < 0)
		make_root();
	write_files(input, size);
	check_counters(input, size);
	check_reclaim(input, size);
	check_meminfo(input, size);
	check_swaps(input, size);
	check_selected(data, size);
	return 0;
}
