/* SPDX-License-Identifier: MIT */
/* Taking the device away from under its users, and the driver from under the device. */
#ifndef KT_UNPLUG_H
#define KT_UNPLUG_H

#include "kt.h"

/* Learns which device it is, while there is one; false: there is none. */
bool kt_unplug_begin(void);
/* Loads and binds what is not. */
bool kt_unplug_end(void);

bool kt_driver_unbind(void);
bool kt_driver_bind(void);
/* As rmmod: 0 or, while it is in use, -EWOULDBLOCK. */
int kt_driver_unload(void);

#endif
