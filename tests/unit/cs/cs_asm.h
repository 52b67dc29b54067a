/* SPDX-License-Identifier: MIT */
/*
 * Encodes command stream instructions from the table of the specification, not from the driver's.
 * Registers and values are put in as they come, for the tests that want them wrong.
 */
#ifndef CS_ASM_H
#define CS_ASM_H

#include <stdint.h>

#define CS_FIELD(value, low, width) (((uint64_t)(value) & (~0ull >> (64 - (width)))) << (low))
#define CS_OP(n)		    CS_FIELD(n, 56, 8)

/* What most instructions have at the same places. */
#define CS_AT32(r) CS_FIELD(r, 32, 8)
#define CS_AT40(r) CS_FIELD(r, 40, 8)
#define CS_AT48(r) CS_FIELD(r, 48, 8)

enum { CS_LE, CS_GT, CS_EQ, CS_NE, CS_LT, CS_GE, CS_ALWAYS };
enum { CS_TIMESTAMP, CS_CYCLE_COUNT, CS_DISJOINT_COUNT, CS_ERROR_STATUS };

#define CS_NOP		    CS_OP(0)
#define CS_MOVE(d, value)   (CS_OP(1) | CS_AT48(d) | CS_FIELD(value, 0, 48))
#define CS_MOVE32(d, value) (CS_OP(2) | CS_AT48(d) | CS_FIELD(value, 0, 32))
#define CS_WAIT(mask)	    (CS_OP(3) | CS_FIELD(mask, 16, 16))
/* For WAIT, RUN_* and FINISH_TILING. */
#define CS_PROGRESS	       CS_FIELD(1, 32, 1)
#define CS_RUN_COMPUTE	       CS_OP(4)
#define CS_RUN_TILING	       CS_OP(5)
#define CS_RUN_IDVS	       CS_OP(6)
#define CS_RUN_FRAGMENT	       CS_OP(7)
#define CS_RUN_FULLSCREEN(dcd) (CS_OP(8) | CS_AT40(dcd))
#define CS_FINISH_TILING       CS_OP(9)
#define CS_FINISH_FRAGMENT(increment, last, first) \
	(CS_OP(11) | (increment) | CS_AT32(last) | CS_AT40(first))
#define CS_ADD32(d, s, value) (CS_OP(16) | CS_AT48(d) | CS_AT40(s) | CS_FIELD(value, 0, 32))
#define CS_ADD64(d, s, value) (CS_OP(17) | CS_AT48(d) | CS_AT40(s) | CS_FIELD(value, 0, 32))
#define CS_UMIN32(d, a, b)    (CS_OP(18) | CS_AT48(d) | CS_AT32(a) | CS_AT40(b))
#define CS_MULTIPLE(base, mask, address, offset) \
	(CS_AT48(base) | CS_FIELD(mask, 16, 16) | CS_AT40(address) | CS_FIELD(offset, 0, 16))
#define CS_LOAD(base, mask, address, offset)  (CS_OP(20) | CS_MULTIPLE(base, mask, address, offset))
#define CS_STORE(base, mask, address, offset) (CS_OP(21) | CS_MULTIPLE(base, mask, address, offset))
#define CS_BRANCH(condition, r, offset) \
	(CS_OP(22) | CS_FIELD(condition, 28, 3) | CS_AT40(r) | CS_FIELD(offset, 0, 16))
#define CS_SET_SB_ENTRY(endpoint, other) \
	(CS_OP(23) | CS_FIELD(endpoint, 0, 4) | CS_FIELD(other, 4, 4))
#define CS_PROGRESS_WAIT(queue, s) (CS_OP(24) | CS_FIELD(queue, 0, 5) | CS_AT40(s))
#define CS_SET_EXCEPTION_HANDLER(type, address, length) \
	(CS_OP(25) | CS_FIELD(type, 0, 8) | CS_AT32(length) | CS_AT40(address))
#define CS_CALL(address, length) (CS_OP(32) | CS_AT32(length) | CS_AT40(address))
#define CS_JUMP(address, length) (CS_OP(33) | CS_AT32(length) | CS_AT40(address))
#define CS_REQ_RESOURCE(mask)	 (CS_OP(34) | CS_FIELD(mask, 0, 4))
#define CS_FLUSH_CACHE2(l2, lsc, id) \
	(CS_OP(36) | CS_FIELD(l2, 0, 4) | CS_FIELD(lsc, 4, 4) | CS_AT40(id))
#define CS_SYNC(op, data, address) (CS_OP(op) | CS_AT32(data) | CS_AT40(address))
/* For SYNC_ADD and SYNC_SET; it is CS_REJECT for SYNC_WAIT. */
#define CS_PROPAGATE		     1ull
#define CS_REJECT		     1ull
#define CS_SYNC_ADD32(data, address) CS_SYNC(37, data, address)
#define CS_SYNC_SET32(data, address) CS_SYNC(38, data, address)
#define CS_SYNC_WAIT32(condition, data, address) \
	(CS_SYNC(39, data, address) | CS_FIELD(condition, 28, 4))
#define CS_STORE_STATE(state, address, offset) \
	(CS_OP(40) | CS_FIELD(state, 32, 2) | CS_AT40(address) | CS_FIELD(offset, 0, 16))
#define CS_PROT_REGION(size)	     (CS_OP(41) | CS_FIELD(size, 0, 16))
#define CS_PROGRESS_STORE(s)	     (CS_OP(42) | CS_AT40(s))
#define CS_PROGRESS_LOAD(d)	     (CS_OP(43) | CS_AT40(d))
#define CS_RUN_COMPUTE_INDIRECT	     CS_OP(44)
#define CS_ERROR_BARRIER	     CS_OP(47)
#define CS_HEAP_SET(address)	     (CS_OP(48) | CS_AT40(address))
#define CS_HEAP_OPERATION(operation) (CS_OP(49) | CS_FIELD(operation, 32, 2))
#define CS_TRACE_POINT(base, count)  (CS_OP(50) | CS_AT32(base) | CS_AT40(count))
#define CS_SYNC_ADD64(data, address) CS_SYNC(51, data, address)
#define CS_SYNC_SET64(data, address) CS_SYNC(52, data, address)
#define CS_SYNC_WAIT64(condition, data, address) \
	(CS_SYNC(53, data, address) | CS_FIELD(condition, 28, 4))

#endif
