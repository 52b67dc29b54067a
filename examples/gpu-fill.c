// SPDX-License-Identifier: MIT
/*
 * The GPU fills memory, without a shader: a command stream that is a loop of stores.
 *
 * What it takes to have the GPU do anything is all here: memory (BOs), an address space with the
 * memory in it (a VM), commands (a stream, itself in a BO), a queue to run them (a group), and
 * something to wait on (a syncobj).
 */
#include <inttypes.h>

#include <panthor_cs.h>

#include "example.h"

#define FILL_BYTES   (1 << 20)
#define STREAM_BYTES 4096

/* One store writes as many registers as there are bits in its mask: 16 of 4 bytes. */
#define STEP_WORDS 16
#define STEP_BYTES (STEP_WORDS * 4)

/* Registers: where to write, how often still, an id for the cache flush, and what to write. */
enum { ADDRESS = 0, LEFT = 2, FLUSH_ID = 3, VALUES = 16 };

/* Everything goes into the stream with slot 0, and waiting for it is waiting for the memory. */
#define SLOT 0
#define MASK (1 << SLOT)

/* A BO, where the CPU sees it, and where the GPU does. */
struct memory {
	struct panthor_bo *bo;
	void *ptr;
	uint64_t va;
	uint64_t size;
};

/* Addresses of the VM's, as allocated, are for one BO each; the mapping keeps the memory alive. */
static struct memory new_memory(struct panthor_device *dev, struct panthor_vm *vm,
				struct panthor_va *va, uint64_t size, uint32_t map_flags)
{
	struct memory memory = { 0 };

	/* Nobody else is to see it: the kernel has less to do for BOs that only one VM can map. */
	must(panthor_bo_new(dev, vm, size, 0, &memory.bo), "creating a BO");
	must(panthor_bo_map(memory.bo, &memory.ptr), "mapping it for the CPU");
	memory.size = panthor_bo_size(memory.bo);
	must(panthor_va_alloc(va, memory.size, 0, &memory.va), "finding an address");
	must(panthor_vm_map(vm, memory.bo, 0, memory.va, memory.size, map_flags),
	     "mapping it for the GPU");
	return memory;
}

static void free_memory(struct panthor_vm *vm, struct panthor_va *va, struct memory *memory)
{
	must(panthor_vm_unmap(vm, memory->va, memory->size), "unmapping");
	must(panthor_va_free(va, memory->va, memory->size, 0), "giving the address back");
	/* The last reference takes the CPU's mapping along. */
	memory->bo = panthor_bo_unref(memory->bo);
}

/*
 * do {
 *	store 16 registers at ADDRESS;
 *	ADDRESS += 64;
 * } while (--LEFT > 0);
 * clean the caches, so that the CPU finds it in memory
 *
 * Returns its size in bytes.
 */
static uint32_t write_fill(const struct memory *stream, uint64_t va, uint32_t bytes, uint32_t value)
{
	struct panthor_cs_label again = { 0 };
	struct panthor_cs cs;
	uint32_t size;

	panthor_cs_init(&cs, stream->ptr, STREAM_BYTES, 0);
	panthor_cs_set_slots(&cs, SLOT, SLOT);
	panthor_cs_move48(&cs, ADDRESS, va);
	panthor_cs_move32(&cs, LEFT, bytes / STEP_BYTES);
	panthor_cs_move32(&cs, FLUSH_ID, 0);
	for (uint32_t i = 0; i < STEP_WORDS; i++)
		panthor_cs_move32(&cs, VALUES + i, value);

	panthor_cs_place(&cs, &again);
	panthor_cs_store(&cs, VALUES, (1 << STEP_WORDS) - 1, ADDRESS, 0);
	/* Stores run on by themselves; the registers they use must not change under them. */
	panthor_cs_wait(&cs, MASK);
	panthor_cs_add64(&cs, ADDRESS, ADDRESS, STEP_BYTES);
	panthor_cs_add32(&cs, LEFT, LEFT, -1);
	panthor_cs_branch(&cs, PANTHOR_CS_GT, LEFT, &again);

	panthor_cs_flush_caches(&cs, PANTHOR_CS_FLUSH_CLEAN, PANTHOR_CS_FLUSH_CLEAN, false,
				FLUSH_ID, MASK, SLOT);
	panthor_cs_wait(&cs, MASK);
	/* Whatever was wrong above is told here. */
	must(panthor_cs_finish(&cs, &size), "writing the stream");
	return size;
}

/* Runs a stream in a queue of its own and waits for its end. */
static void run(struct panthor_device *dev, struct panthor_vm *vm, uint64_t va, uint32_t size)
{
	struct panthor_group *group;
	struct panthor_sync signal;
	struct panthor_job job;
	uint32_t done, state;

	must(panthor_syncobj_new(dev, 0, &done), "creating a syncobj");
	must(panthor_group_new(vm, NULL, &group), "creating a group");

	signal = panthor_signal_point(done, 0);
	job = (struct panthor_job){
		.va = va,
		.size = size,
		.flush_id = PANTHOR_FLUSH_ID_NOW,
		.syncs = &signal,
		.sync_count = 1,
	};
	must(panthor_group_submit(group, &job, 1), "submitting");
	must(panthor_syncobj_wait(dev, &done, NULL, 1, INT64_MAX, 0, NULL), "waiting");

	/* A job that failed is over as well; whether it did, the group knows. */
	must(panthor_group_state(group, &state, NULL), "asking for the group's state");
	if (state) {
		fprintf(stderr, "the job failed: group state 0x%" PRIx32 "\n", state);
		exit(EXIT_FAILURE);
	}
	panthor_group_unref(group);
	must(panthor_syncobj_destroy(dev, done), "destroying the syncobj");
}

static uint32_t count_wrong(const struct memory *memory, uint32_t value)
{
	const uint32_t *words = memory->ptr;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < FILL_BYTES / 4; i++)
		wrong += words[i] != value;
	return wrong;
}

int main(int argc, char **argv)
{
	struct panthor_device *dev = open_device(
		argc, argv, "The GPU fills a megabyte by a command stream; the CPU checks it.");
	const uint32_t value = 0xfeedc0de;
	struct memory stream, target;
	struct panthor_vm *vm;
	struct panthor_va *va;
	uint32_t size, wrong;

	must(panthor_vm_new(dev, 0, &vm), "creating a VM");
	must(panthor_va_new(vm, NULL, &va), "creating an allocator of addresses");
	/* The GPU fetches commands from there, which is execution to it, and writes nothing. */
	stream = new_memory(dev, vm, va, STREAM_BYTES, PANTHOR_MAP_READONLY);
	target = new_memory(dev, vm, va, FILL_BYTES, PANTHOR_MAP_NOEXEC);

	size = write_fill(&stream, target.va, FILL_BYTES, value);
	run(dev, vm, stream.va, size);
	wrong = count_wrong(&target, value);
	printf("%d bytes by a stream of %" PRIu32 ", %" PRIu32 " words wrong\n", FILL_BYTES, size,
	       wrong);

	free_memory(vm, va, &target);
	free_memory(vm, va, &stream);
	panthor_va_unref(va);
	panthor_vm_unref(vm);
	panthor_device_unref(dev);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
