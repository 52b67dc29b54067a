/* SPDX-License-Identifier: MIT */
/* Included for the kernel's readers; nothing of it is used. */
