/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM panthor

#if !defined(__PANTHOR_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __PANTHOR_TRACE_H__

#include <linux/tracepoint.h>

#include "panthor_gem.h"
#include "panthor_sched.h"
#include "panthor_vma.h"

/* A BO, by the serial number that it keeps for life, and what became of it. */
DECLARE_EVENT_CLASS(panthor_bo,
	TP_PROTO(const struct panthor_gem_object *bo),
	TP_ARGS(bo),
	TP_STRUCT__entry(
		__field(u32, serial)
		__field(u32, class)
		__field(size_t, size)
	),
	TP_fast_assign(
		__entry->serial = bo->debugfs.serial;
		__entry->class = bo->reclaim.class;
		__entry->size = bo->base.size;
	),
	TP_printk("bo=%u class=%u size=%zu", __entry->serial, __entry->class, __entry->size)
);

DEFINE_EVENT(panthor_bo, bo_create, TP_PROTO(const struct panthor_gem_object *bo), TP_ARGS(bo));
DEFINE_EVENT(panthor_bo, bo_evict, TP_PROTO(const struct panthor_gem_object *bo), TP_ARGS(bo));
DEFINE_EVENT(panthor_bo, bo_purge, TP_PROTO(const struct panthor_gem_object *bo), TP_ARGS(bo));
DEFINE_EVENT(panthor_bo, bo_swapin, TP_PROTO(const struct panthor_gem_object *bo), TP_ARGS(bo));

TRACE_EVENT(vm_bind,
	TP_PROTO(const struct panthor_bind_ctx *ctx, int error),
	TP_ARGS(ctx, error),
	TP_STRUCT__entry(
		__field(const void *, vm)
		__field(u64, va)
		__field(u64, size)
		__field(bool, unmap)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->vm = ctx->vm;
		__entry->va = ctx->va;
		__entry->size = ctx->size;
		__entry->unmap = ctx->unmap;
		__entry->error = error;
	),
	TP_printk("vm=%p %s va=0x%llx size=0x%llx error=%d", __entry->vm,
		  __entry->unmap ? "unmap" : "map", __entry->va, __entry->size, __entry->error)
);

TRACE_EVENT(job_run,
	TP_PROTO(const struct panthor_job *job),
	TP_ARGS(job),
	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, seqno)
		__field(u64, addr)
		__field(u32, size)
	),
	TP_fast_assign(
		__entry->context = job->done->base.context;
		__entry->seqno = job->done->base.seqno;
		__entry->addr = job->addr;
		__entry->size = job->size;
	),
	TP_printk("context=%llu seqno=%llu addr=0x%llx size=0x%x", __entry->context,
		  __entry->seqno, __entry->addr, __entry->size)
);

TRACE_EVENT(job_done,
	TP_PROTO(const struct panthor_job *job, int error),
	TP_ARGS(job, error),
	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, seqno)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->context = job->done->base.context;
		__entry->seqno = job->done->base.seqno;
		__entry->error = error;
	),
	TP_printk("context=%llu seqno=%llu error=%d", __entry->context, __entry->seqno,
		  __entry->error)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE panthor_trace
#include <trace/define_trace.h>
