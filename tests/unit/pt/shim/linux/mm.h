/* SPDX-License-Identifier: MIT */
#ifndef SHIM_MM_H
#define SHIM_MM_H

#include "pages.h"

static inline unsigned long page_private(const struct page *page)
{
	return page->private;
}

static inline void set_page_private(struct page *page, unsigned long private)
{
	page->private = private;
}

#endif
