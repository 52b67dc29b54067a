/* SPDX-License-Identifier: MIT */
#include <sys/syscall.h>

#include "kt_unplug.h"

#define DRIVER "/sys/bus/platform/drivers/vpanthor"

static char device_name[64];

bool kt_driver_unbind(void)
{
	return kt_write_file(DRIVER "/unbind", device_name);
}

bool kt_driver_bind(void)
{
	return kt_write_file(DRIVER "/bind", device_name);
}

int kt_driver_unload(void)
{
	return syscall(SYS_delete_module, "vpanthor", O_NONBLOCK) < 0 ? -errno : 0;
}

bool kt_unplug_begin(void)
{
	char node[64];
	char path[160];
	char link[256];
	ssize_t n;

	if (kt_find_node("panthor", true, node, sizeof(node)) < 0)
		return false;
	snprintf(path, sizeof(path), "/sys/class/drm/%s/device", strrchr(node, '/') + 1);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	snprintf(device_name, sizeof(device_name), "%s", strrchr(link, '/') + 1);
	return true;
}

bool kt_unplug_end(void)
{
	char node[64];

	if (access("/sys/module/vpanthor", F_OK) < 0 && system("modprobe vpanthor") != 0)
		return false;
	return kt_find_node("panthor", true, node, sizeof(node)) >= 0 || kt_driver_bind();
}
