// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "params.h"

int params_read(const void *params, void *ret_params, size_t known_size)
{
	const unsigned char *bytes = params;
	uint32_t size = sizeof(size);

	if (params)
		memcpy(&size, params, sizeof(size));
	if (size < sizeof(size))
		return -EINVAL;
	for (size_t i = known_size; i < size; i++) {
		if (bytes[i])
			return -E2BIG;
	}

	memset(ret_params, 0, known_size);
	if (params)
		memcpy(ret_params, params, size < known_size ? size : known_size);
	return 0;
}

void params_write(const void *known, size_t known_size, void *ret, size_t ret_size)
{
	size_t size = ret_size < known_size ? ret_size : known_size;

	memcpy(ret, known, size);
	memset((unsigned char *)ret + size, 0, ret_size - size);
}
