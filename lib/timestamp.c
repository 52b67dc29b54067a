// SPDX-License-Identifier: MIT
/* Clocks, sampled together. */
#include <errno.h>

#include "device.h"
#include "params.h"

#define ALWAYS \
	(DRM_PANTHOR_TIMESTAMP_GPU | DRM_PANTHOR_TIMESTAMP_GPU_OFFSET | DRM_PANTHOR_TIMESTAMP_FREQ)

static int choose_flags(const struct panthor_device *dev, uint32_t clocks, uint32_t *ret_flags)
{
	static const struct {
		uint32_t clock;
		uint32_t flag;
	} known[] = {
		{ PANTHOR_CLOCK_CPU, DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC },
		{ PANTHOR_CLOCK_CPU_RAW, DRM_PANTHOR_TIMESTAMP_CPU_MONOTONIC_RAW },
		{ PANTHOR_CLOCK_CYCLES, DRM_PANTHOR_TIMESTAMP_GPU_CYCLE_COUNT },
		{ PANTHOR_CLOCK_DURATION, DRM_PANTHOR_TIMESTAMP_DURATION },
	};
	uint32_t cpu = PANTHOR_CLOCK_CPU | PANTHOR_CLOCK_CPU_RAW, flags = 0, rest = clocks;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (clocks & known[i].clock)
			flags |= known[i].flag;
		rest &= ~known[i].clock;
	}
	if (rest || (clocks & cpu) == cpu)
		return -EINVAL;
	if (clocks && dev->info.version_minor < 8)
		return -EOPNOTSUPP;
	*ret_flags = clocks ? flags | ALWAYS : 0;
	return 0;
}

PANTHOR_PUBLIC
int panthor_device_timestamp_sized(struct panthor_device *dev, uint32_t clocks,
				   struct panthor_timestamp *ret_timestamp, size_t size)
{
	struct drm_panthor_timestamp_info info = { 0 };
	struct panthor_timestamp known;
	int r = choose_flags(dev, clocks, &info.flags);

	if (!r)
		r = device_require(dev, PANTHOR_FEATURE_TIMESTAMP);
	if (!r)
		r = device_query(dev, DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO, &info, sizeof(info));
	if (r)
		return r;
	if (info.cpu_timestamp_nsec >= 1000000000)
		return -EPROTO;

	known = (struct panthor_timestamp){
		.gpu_ticks = info.current_timestamp,
		.gpu_offset = info.timestamp_offset,
		.frequency = info.timestamp_frequency,
		.cycles = info.cycle_count,
		.cpu_ns = info.cpu_timestamp_sec * 1000000000 + info.cpu_timestamp_nsec,
		.duration_ns = info.duration_nsec,
	};
	params_write(&known, sizeof(known), ret_timestamp, size);
	return 0;
}
