/* SPDX-License-Identifier: MIT */
#ifndef SHIM_MINMAX_H
#define SHIM_MINMAX_H

#define min(a, b)	    ((a) < (b) ? (a) : (b))
#define round_down(x, step) ((x) & ~((__typeof__(x))(step)-1))
#define IS_ALIGNED(x, step) (((x) & ((__typeof__(x))(step)-1)) == 0)

#endif
