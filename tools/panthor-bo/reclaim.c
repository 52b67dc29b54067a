// SPDX-License-Identifier: MIT
#include "reclaim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <panthor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sysfile.h"

#define DEBUGFS_DRI "/sys/kernel/debug/dri"

static int try_minor(const char *root, unsigned long minor, const char *file, char *ret_dir,
		     size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s" DEBUGFS_DRI "/%lu/%s", root, minor, file);
	if (access(path, R_OK))
		return -errno;
	snprintf(ret_dir, size, DEBUGFS_DRI "/%lu", minor);
	return 0;
}

/* The other nodes of the device that @minor belongs to: "card0", "renderD128". */
static int try_siblings(const char *root, unsigned int minor, const char *file, char *ret_dir,
			size_t size)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	int r = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/dev/char/226:%u/device/drm", root, minor);
	dir = opendir(path);
	if (!dir)
		return -ENOENT;
	while (r && (entry = readdir(dir))) {
		const char *digits = entry->d_name + strcspn(entry->d_name, "0123456789");

		if (*digits)
			r = try_minor(root, strtoul(digits, NULL, 10), file, ret_dir, size);
	}
	closedir(dir);
	return r;
}

int debugfs_find(const char *root, const struct panthor_device *dev, const char *file,
		 char *ret_dir, size_t size)
{
	struct stat st;
	int r;

	if (fstat(panthor_device_fd(dev), &st))
		return -errno;
	r = try_minor(root, minor(st.st_rdev), file, ret_dir, size);
	if (r == -ENOENT)
		r = try_siblings(root, minor(st.st_rdev), file, ret_dir, size);
	return r;
}

const char *reclaim_name(enum reclaim_counter counter)
{
	static const char *const names[RECLAIM_N_COUNTERS] = {
		[RECLAIM_PURGEABLE_BOS] = "purgeable_bos",
		[RECLAIM_PURGEABLE_PAGES] = "purgeable_pages",
		[RECLAIM_UNUSED_BOS] = "unused_bos",
		[RECLAIM_UNUSED_PAGES] = "unused_pages",
		[RECLAIM_MMAPPED_BOS] = "mmapped_bos",
		[RECLAIM_MMAPPED_PAGES] = "mmapped_pages",
		[RECLAIM_VM_BOS] = "vm_bos",
		[RECLAIM_VM_PAGES] = "vm_pages",
		[RECLAIM_SHARED_BOS] = "shared_bos",
		[RECLAIM_SHARED_PAGES] = "shared_pages",
		[RECLAIM_EVICTIONS] = "evictions",
		[RECLAIM_EVICTED_PAGES] = "evicted_pages",
		[RECLAIM_EVICTIONS_UNUSED] = "evictions_unused",
		[RECLAIM_EVICTIONS_MMAPPED] = "evictions_mmapped",
		[RECLAIM_EVICTIONS_VM] = "evictions_vm",
		[RECLAIM_EVICTIONS_SHARED] = "evictions_shared",
		[RECLAIM_PURGES] = "purges",
		[RECLAIM_PURGED_PAGES] = "purged_pages",
		[RECLAIM_SWAPINS] = "swapins",
		[RECLAIM_SWAPIN_PAGES] = "swapin_pages",
		[RECLAIM_SCANS] = "scans",
		[RECLAIM_SKIPS_LOCKED] = "skips_locked",
		[RECLAIM_SKIPS_BUSY] = "skips_busy",
		[RECLAIM_SKIPS_VM_LOCKED] = "skips_vm_locked",
		[RECLAIM_SKIPS_MOVED] = "skips_moved",
	};

	return names[counter];
}

int reclaim_read(const char *root, const char *dir, struct reclaim_counters *ret_counters)
{
	struct reclaim_counters counters = { .value = { 0 } };
	char path[PATH_MAX], text[4096];
	int r;

	if (snprintf(path, sizeof(path), "%s/reclaim", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = sysfile_read(root, path, text, sizeof(text));
	if (r)
		return r;
	for (unsigned int i = 0; i < RECLAIM_N_COUNTERS; i++) {
		r = sysfile_key(text, reclaim_name(i), &counters.value[i]);
		if (r && (i == RECLAIM_EVICTIONS || i == RECLAIM_PURGES))
			return -EBADMSG;
	}
	*ret_counters = counters;
	return 0;
}
