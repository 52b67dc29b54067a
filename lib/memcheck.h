/* SPDX-License-Identifier: MIT */
/* Lets valgrind see when mapped memory that is kept for later is touched. */
#ifndef PANTHOR_MEMCHECK_H
#define PANTHOR_MEMCHECK_H

#include <stddef.h>

#ifdef HAVE_VALGRIND
#include <valgrind/memcheck.h>
#endif

static inline void memcheck_forbid(const void *ptr, size_t size)
{
#ifdef HAVE_VALGRIND
	VALGRIND_MAKE_MEM_NOACCESS(ptr, size);
#endif
}

/* What is in it is nothing to rely on. */
static inline void memcheck_allow(const void *ptr, size_t size)
{
#ifdef HAVE_VALGRIND
	VALGRIND_MAKE_MEM_UNDEFINED(ptr, size);
#endif
}

#endif
