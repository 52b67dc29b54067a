// SPDX-License-Identifier: MIT
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
#define REDRAW_NS (SECOND_NS / 5)

bool term_can_draw(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb");
}

const char *term_color(int fd, const char *sequence)
{
	const char *no_color = getenv("NO_COLOR");

	return (no_color && *no_color) || !term_can_draw(fd) ? "" : sequence;
}

uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

void progress_start(struct progress *progress, uint64_t now_ns)
{
	*progress = (struct progress){
		.enabled = term_can_draw(STDERR_FILENO),
		.start_ns = now_ns,
	};
}

int64_t progress_eta(uint64_t elapsed_ns, uint64_t done, uint64_t whole)
{
	if (elapsed_ns < SECOND_NS || !done || done > whole)
		return -1;
	return (int64_t)((double)elapsed_ns * (double)(whole - done) / (double)done / 1e9 + 0.5);
}

void progress_show(struct progress *progress, uint64_t now_ns, uint64_t done, uint64_t whole,
		   const char *text)
{
	unsigned int percent = whole ? (unsigned int)((double)done * 100 / (double)whole) : 0;
	int64_t eta;

	if (!progress->enabled || now_ns - progress->shown_ns < REDRAW_NS)
		return;
	progress->shown_ns = now_ns;
	eta = progress_eta(now_ns - progress->start_ns, done, whole);
	fprintf(stderr, "\r\033[K%3u%%  %s", percent > 100 ? 100 : percent, text);
	if (eta >= 0)
		fprintf(stderr, "  ETA %lld:%02lld", (long long)(eta / 60), (long long)(eta % 60));
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->enabled)
		fputs("\r\033[K", stderr);
	progress->enabled = false;
}
