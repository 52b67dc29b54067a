/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Kernel interfaces that differ between 6.12.y and newer kernels, in one place.
 */
#ifndef __PANTHOR_COMPAT_H__
#define __PANTHOR_COMPAT_H__

#include <linux/huge_mm.h>
#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#endif

static inline vm_fault_t panthor_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, write);
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define PANTHOR_IMPORT_DMA_BUF() MODULE_IMPORT_NS(DMA_BUF)
#else
#define PANTHOR_IMPORT_DMA_BUF() MODULE_IMPORT_NS("DMA_BUF")
#endif

#endif
