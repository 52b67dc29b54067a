/* SPDX-License-Identifier: MIT */
#ifndef SHIM_GFP_H
#define SHIM_GFP_H

#define GFP_KERNEL_ACCOUNT    1u
#define __GFP_ZERO	      2u
#define __GFP_RETRY_MAYFAIL   4u
#define __GFP_NOWARN	      8u
#define alloc_page(gfp)	      pages_alloc(!!((gfp)&__GFP_ZERO))
#define __free_page(page)     pages_free(page)
#define virt_to_page(address) pages_of(address)
#define page_address(page)    pages_address(page)

typedef unsigned int gfp_t;

#endif
