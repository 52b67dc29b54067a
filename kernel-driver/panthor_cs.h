/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Executes Mali CSF command streams (arch v10) in software, one queue at a time.
 *
 * What it needs from the outside is pointers to pages of GPU memory and a few clocks. It allocates
 * nothing, never sleeps, takes no lock, and trusts nothing that a stream says.
 * The host must be little-endian, as GPU memory is, and of 64 bits.
 *
 * It runs in order: every instruction is complete before the next one starts, so waits for
 * scoreboard entries always hold and cache flushes have nothing left to do.
 *
 * What a stream gets wrong faults its queue, see enum panthor_cs_exception. Addresses are computed
 * modulo 2^64 and then are the owner's to judge. Fields that make no difference here, such as
 * scope, wait mask and signal slot, are not looked at.
 */
#ifndef __PANTHOR_CS_H__
#define __PANTHOR_CS_H__

#include <linux/bits.h>
#include <linux/types.h>

/** PANTHOR_CS_REG_COUNT - 32-bit registers of a queue; none is clobbered between streams */
#define PANTHOR_CS_REG_COUNT 96

/** PANTHOR_CS_CALL_DEPTH - CALLs that can be open at a time */
#define PANTHOR_CS_CALL_DEPTH 8

/** PANTHOR_CS_MAX_COST - the largest cost of an instruction: one for each word it moves */
#define PANTHOR_CS_MAX_COST 16

/** PANTHOR_CS_PAGE_SIZE - what the owner maps at once */
#define PANTHOR_CS_PAGE_SIZE 4096ull

/** PANTHOR_CS_TLB_SIZE - pages remembered per kind of access, during one run */
#define PANTHOR_CS_TLB_SIZE 4

/**
 * enum panthor_cs_access - what is going to be done to a page
 */
enum panthor_cs_access {
	/** @PANTHOR_CS_READ: read data. */
	PANTHOR_CS_READ,
	/** @PANTHOR_CS_WRITE: write data, or modify it atomically. */
	PANTHOR_CS_WRITE,
	/** @PANTHOR_CS_EXEC: fetch instructions. */
	PANTHOR_CS_EXEC,
};

#define PANTHOR_CS_ACCESSES (PANTHOR_CS_EXEC + 1)

/**
 * enum panthor_cs_heap_counter - operand of HEAP_OPERATION, which adds one to a u32
 *
 * The counters are an array at the address that HEAP_SET gave: work that began but not completed
 * is what a heap's target_in_flight is about. Element 2 is not used.
 */
enum panthor_cs_heap_counter {
	/** @PANTHOR_CS_HEAP_VT_STARTED: vertex and tiler work began. */
	PANTHOR_CS_HEAP_VT_STARTED = 0,
	/** @PANTHOR_CS_HEAP_VT_COMPLETED: vertex and tiler work ended. */
	PANTHOR_CS_HEAP_VT_COMPLETED = 1,
	/** @PANTHOR_CS_HEAP_FRAGMENT_COMPLETED: FINISH_FRAGMENT may say so too. */
	PANTHOR_CS_HEAP_FRAGMENT_COMPLETED = 3,
};

/**
 * enum panthor_cs_exception - why a queue stopped, as Mali numbers it
 */
enum panthor_cs_exception {
	/** @PANTHOR_CS_EXC_NONE: it did not. */
	PANTHOR_CS_EXC_NONE = 0,
	/** @PANTHOR_CS_EXC_CONFIG: PROT_REGION; there is no protected memory. */
	PANTHOR_CS_EXC_CONFIG = 0x40,
	/** @PANTHOR_CS_EXC_ENDPOINT: RUN_*; there are no shader cores. */
	PANTHOR_CS_EXC_ENDPOINT = 0x44,
	/** @PANTHOR_CS_EXC_BUS: data address not a multiple of the operand's size. */
	PANTHOR_CS_EXC_BUS = 0x48,
	/**
	 * @PANTHOR_CS_EXC_INVALID_INSTRUCTION: opcode unknown, register that does not exist, odd
	 * register pair, or reserved value in a field that matters.
	 */
	PANTHOR_CS_EXC_INVALID_INSTRUCTION = 0x49,
	/** @PANTHOR_CS_EXC_CALL_STACK: CALL beyond PANTHOR_CS_CALL_DEPTH. */
	PANTHOR_CS_EXC_CALL_STACK = 0x4a,
	/** @PANTHOR_CS_EXC_INHERIT: a sync object had an error. Never stops a queue. */
	PANTHOR_CS_EXC_INHERIT = 0x4b,
	/**
	 * @PANTHOR_CS_EXC_INVALID_PC: BRANCH out of the buffer; buffer whose address or size is not
	 * a multiple of 8, or which wraps.
	 */
	PANTHOR_CS_EXC_INVALID_PC = 0x50,
	/** @PANTHOR_CS_EXC_MEMORY: the owner failed to map a page for reasons of its own. */
	PANTHOR_CS_EXC_MEMORY = 0x80,
	/** @PANTHOR_CS_EXC_TRANSLATION: page fault, nothing mapped. */
	PANTHOR_CS_EXC_TRANSLATION = 0xc3,
	/** @PANTHOR_CS_EXC_PERMISSION: page fault, mapped but not for this access. */
	PANTHOR_CS_EXC_PERMISSION = 0xcb,
};

/**
 * enum panthor_cs_status - where a queue stands
 */
enum panthor_cs_status {
	/** @PANTHOR_CS_DONE: the stream has ended, or none was started. */
	PANTHOR_CS_DONE,
	/** @PANTHOR_CS_YIELD: more to do. */
	PANTHOR_CS_YIELD,
	/** @PANTHOR_CS_BLOCKED: what &panthor_cs.wait describes does not hold. */
	PANTHOR_CS_BLOCKED,
	/** @PANTHOR_CS_FAULT: &panthor_cs.fault tells why. Stays so until panthor_cs_reset(). */
	PANTHOR_CS_FAULT,
};

/**
 * enum panthor_cs_run_policy - what to do about work for shader cores
 */
enum panthor_cs_run_policy {
	/** @PANTHOR_CS_RUN_FAULTS: fault the queue. */
	PANTHOR_CS_RUN_FAULTS,
	/** @PANTHOR_CS_RUN_COMPLETES: do nothing, and raise PANTHOR_CS_EVENT_RUN_SKIPPED. */
	PANTHOR_CS_RUN_COMPLETES,
};

/** PANTHOR_CS_EVENT_SIGNAL - a sync object or progress counter changed: others may go on */
#define PANTHOR_CS_EVENT_SIGNAL BIT(0)

/** PANTHOR_CS_EVENT_RUN_SKIPPED - work for shader cores was not done */
#define PANTHOR_CS_EVENT_RUN_SKIPPED BIT(1)

/**
 * enum panthor_cs_wait_kind - what a blocked queue waits for
 */
enum panthor_cs_wait_kind {
	/** @PANTHOR_CS_WAIT_NONE: it is not blocked. */
	PANTHOR_CS_WAIT_NONE,
	/** @PANTHOR_CS_WAIT_SYNC32: sync object with a u32 counter. */
	PANTHOR_CS_WAIT_SYNC32,
	/** @PANTHOR_CS_WAIT_SYNC64: sync object with a u64 counter. */
	PANTHOR_CS_WAIT_SYNC64,
	/** @PANTHOR_CS_WAIT_PROGRESS: progress counter of a queue of the group. */
	PANTHOR_CS_WAIT_PROGRESS,
};

/**
 * struct panthor_cs_ops - what the owner of a queue provides
 *
 * Called within panthor_cs_run() only.
 */
struct panthor_cs_ops {
	/**
	 * @map_page: find a page of GPU memory. @va is a multiple of PANTHOR_CS_PAGE_SIZE and may
	 * be any such number. @ret_page must be at least 8-byte aligned and usable until
	 * panthor_cs_run() returns; it is asked for at least once in each.
	 *
	 * Return: 0, -EFAULT when nothing is mapped, -EACCES when it is not mapped for @access,
	 * any other error for PANTHOR_CS_EXC_MEMORY.
	 */
	int (*map_page)(void *priv, u64 va, enum panthor_cs_access access, void **ret_page);

	/** @timestamp: for STORE_STATE. */
	u64 (*timestamp)(void *priv);

	/** @cycle_count: for STORE_STATE. */
	u64 (*cycle_count)(void *priv);

	/** @flush: optional; what was written is to become visible to who bypasses caches. */
	void (*flush)(void *priv);
};

/**
 * struct panthor_cs_config - a queue and its surroundings, which outlive it
 */
struct panthor_cs_config {
	/** @ops: the owner's functions. */
	const struct panthor_cs_ops *ops;

	/** @priv: passed to @ops. */
	void *priv;

	/**
	 * @progress: progress counters of the group's queues. A queue writes only its own, without
	 * any lock.
	 */
	u64 *progress;

	/** @queue_count: elements of @progress, 1 to 32. */
	u32 queue_count;

	/** @queue: own index in @progress. */
	u32 queue;

	/** @run_policy: for RUN_*. */
	enum panthor_cs_run_policy run_policy;
};

/**
 * struct panthor_cs_buffer - instructions being executed
 */
struct panthor_cs_buffer {
	/** @start: GPU address; where BRANCH may go back to. */
	u64 start;

	/** @end: where it returns to its caller. */
	u64 end;

	/** @pc: next instruction. */
	u64 pc;
};

/**
 * struct panthor_cs_tlb_entry - a page that the owner has mapped
 */
struct panthor_cs_tlb_entry {
	/** @va: its GPU address; an odd number in an empty entry. */
	u64 va;

	/** @page: as it was returned. */
	void *page;
};

/**
 * struct panthor_cs - one queue
 *
 * Nothing here has a lock: one thread at a time may use a queue. All but @config belongs to the
 * executor; owners read it between two runs.
 */
struct panthor_cs {
	/** @config: the owner's, who may change it between two runs. */
	struct panthor_cs_config config;

	/** @status: result of the latest run, PANTHOR_CS_YIELD when there was none since start. */
	enum panthor_cs_status status;

	/** @events: mask of PANTHOR_CS_EVENT_*, of the latest run. */
	u32 events;

	/** @regs: kept from stream to stream. */
	u32 regs[PANTHOR_CS_REG_COUNT];

	/** @cur: buffer being executed. Empty when the stream has ended. */
	struct panthor_cs_buffer cur;

	/** @callers: buffers to return to, outermost first. */
	struct panthor_cs_buffer callers[PANTHOR_CS_CALL_DEPTH];

	/** @depth: elements of @callers in use. */
	u32 depth;

	/**
	 * @error: a panthor_cs_exception that goes on being PANTHOR_CS_EXC_NONE until the queue
	 * inherits one from a sync object. It does not stop the queue, but is told to the sync
	 * objects that ask for it. ERROR_BARRIER and panthor_cs_take_error() end it.
	 */
	u32 error;

	/**
	 * @heap_va: latest HEAP_SET, kept from stream to stream: address of the counters, enum
	 * panthor_cs_heap_counter; 0 for no heap, of which nothing is counted.
	 */
	u64 heap_va;

	/** @sb: scoreboard entries of SET_SB_ENTRY; of no consequence to execution in order. */
	struct {
		u8 endpoint;
		u8 other;
	} sb;

	/** @resources: mask of latest REQ_RESOURCE: compute, fragment, tiler, IDVS. */
	u32 resources;

	/**
	 * @oom_handler: stream for when the tiler runs out of memory, as of SET_EXCEPTION_HANDLER.
	 * There being no tiler, it is not run, and not checked either.
	 */
	struct {
		u64 va;
		u32 size;
	} oom_handler;

	/** @wait: what PANTHOR_CS_BLOCKED is about. */
	struct {
		enum panthor_cs_wait_kind kind;
		/** @wait.condition: as encoded, for sync objects. */
		u32 condition;
		/** @wait.target: address of the sync object, or number of the queue. */
		u64 target;
		/** @wait.reference: what it is compared with, or what progress must reach. */
		u64 reference;
	} wait;

	/** @fault: what PANTHOR_CS_FAULT is about. */
	struct {
		enum panthor_cs_exception type;
		/** @fault.pc: address of the instruction. */
		u64 pc;
		/** @fault.insn: the instruction, 0 if it could not be fetched. */
		u64 insn;
		/** @fault.va: address that is wrong, 0 if none is. */
		u64 va;
	} fault;

	/** @counters: since panthor_cs_reset(). */
	struct {
		/** @counters.instructions: those that were completed. */
		u64 instructions;
		/** @counters.cycles: their cost, 1 and more each. */
		u64 cycles;
	} counters;

	/** @budget: cost left in this run; below 0 when the last instruction cost more. */
	s64 budget;

	/** @tlb: valid during one run. */
	struct panthor_cs_tlb_entry tlb[PANTHOR_CS_ACCESSES][PANTHOR_CS_TLB_SIZE];
};

/**
 * panthor_cs_init() - set up a queue, with all registers 0
 * @cs: queue
 * @config: copied
 */
void panthor_cs_init(struct panthor_cs *cs, const struct panthor_cs_config *config);

/**
 * panthor_cs_reset() - as after panthor_cs_init(), progress counter included
 * @cs: queue
 */
void panthor_cs_reset(struct panthor_cs *cs);

/**
 * panthor_cs_start() - give a queue its next stream
 * @cs: queue in PANTHOR_CS_DONE, or any other status to abandon what it did; nothing happens to one
 *	in PANTHOR_CS_FAULT
 * @va: GPU address
 * @size: bytes
 *
 * Any value is safe: the queue faults if va or size is not a multiple of 8, or nothing is there.
 */
void panthor_cs_start(struct panthor_cs *cs, u64 va, u64 size);

/**
 * panthor_cs_run() - execute
 * @cs: queue
 * @budget: cost to stop at; exceeded by less than PANTHOR_CS_MAX_COST
 *
 * In any context that the owner's functions are for. The caller makes sure that mappings of GPU
 * memory do not change meanwhile; contents may. A blocked queue looks at its condition again. Who
 * wakes blocked queues by PANTHOR_CS_EVENT_SIGNAL does so after the run that raised it, and must
 * not miss a queue whose run is about to return PANTHOR_CS_BLOCKED.
 *
 * Return: status of the queue, never PANTHOR_CS_DONE before the end of the stream.
 */
enum panthor_cs_status panthor_cs_run(struct panthor_cs *cs, u32 budget);

/**
 * panthor_cs_take_error() - end of a job: get and clear an error that did not stop the queue
 * @cs: queue
 *
 * Return: the panthor_cs_exception to fail the job with, PANTHOR_CS_EXC_NONE if all is well.
 */
static inline u32 panthor_cs_take_error(struct panthor_cs *cs)
{
	u32 error = cs->error;

	cs->error = PANTHOR_CS_EXC_NONE;
	return error;
}

/** panthor_cs_is_page_fault() - whether a fault is of the whole group, not of its queue only */
static inline bool panthor_cs_is_page_fault(enum panthor_cs_exception type)
{
	return type >= PANTHOR_CS_EXC_TRANSLATION;
}

#endif
