/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP: remembered, so that the command can end its document properly.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/** interrupt_catch - from now on remember these signals instead of dying of them */
void interrupt_catch(void);

/**
 * interrupt_ends_input - let a signal also end the input at @fd
 *
 * A read(2) that waits there is repeated by the library, and then finds the end of the file. -1
 * takes it back. Returns 0 or a negative errno.
 */
int interrupt_ends_input(int fd);

/** interrupt_count - signals so far */
int interrupt_count(void);

#endif
