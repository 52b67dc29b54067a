/* SPDX-License-Identifier: MIT */
/*
 * What is for a person at a terminal only: colour and a progress line.
 */
#ifndef TERM_H
#define TERM_H

#include <stdbool.h>
#include <stdint.h>

/** term_can_draw - whether @fd is a terminal that understands cursor movement */
bool term_can_draw(int fd);

/** term_color - @sequence when @fd is a terminal and NO_COLOR is not set, else "" */
const char *term_color(int fd, const char *sequence);

#define TERM_RED "\033[31m"
#define TERM_GREEN "\033[32m"
#define TERM_YELLOW "\033[33m"
#define TERM_PLAIN "\033[0m"

/* A line on stderr that is rewritten in place; nothing at all where that is no terminal. */
struct progress {
	bool enabled;
	uint64_t start_ns;
	uint64_t shown_ns; /* when the line was last drawn */
};

void progress_start(struct progress *progress, uint64_t now_ns);

/** progress_show - redraw, not more than five times a second; @text is trusted */
void progress_show(struct progress *progress, uint64_t now_ns, uint64_t done, uint64_t whole,
		   const char *text);

/** progress_end - wipe the line */
void progress_end(struct progress *progress);

/**
 * progress_eta - seconds left at the rate so far, or -1 while there is too little to tell
 */
int64_t progress_eta(uint64_t elapsed_ns, uint64_t done, uint64_t whole);

/** clock_now - monotonic nanoseconds */
uint64_t clock_now(void);

#endif
