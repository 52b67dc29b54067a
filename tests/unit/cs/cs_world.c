// SPDX-License-Identifier: MIT
#include "cs_world.h"

#define MAY(access) (1u << PANTHOR_CS_##access)

static struct page *find_page(const struct world *w, u64 va)
{
	for (size_t i = 0; i < WORLD_PAGES; i++) {
		if (w->pages[i].va == va)
			return (struct page *)&w->pages[i];
	}
	return NULL;
}

static int map_page(void *priv, u64 va, enum panthor_cs_access access, void **ret_page)
{
	struct world *w = priv;
	struct page *page = find_page(w, va);

	assert_int_equal(va % PAGE, 0);
	w->maps++;
	if (!page)
		return -EFAULT;
	if (va == BROKEN)
		return -ENOMEM;
	if (!(page->access & 1u << access))
		return -EACCES;
	*ret_page = page->mem;
	return 0;
}

static u64 timestamp(void *priv)
{
	struct world *w = priv;

	return ++w->clock;
}

static u64 cycle_count(void *priv)
{
	return timestamp(priv) << 32;
}

static void flush(void *priv)
{
	struct world *w = priv;

	w->flushes++;
}

static const struct panthor_cs_ops ops = {
	.map_page = map_page,
	.timestamp = timestamp,
	.cycle_count = cycle_count,
	.flush = flush,
};

static size_t add_pages(struct world *w, size_t n, u64 va, size_t count, u32 access)
{
	for (size_t i = 0; i < count; i++, n++) {
		w->pages[n].va = va + i * PAGE;
		w->pages[n].access = access;
		w->pages[n].mem = calloc(1, PAGE);
		assert_non_null(w->pages[n].mem);
	}
	return n;
}

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct panthor_cs_config config = {
		.ops = &ops,
		.priv = w,
		.progress = w->progress,
		.queue_count = WORLD_QUEUES,
		.queue = 1,
	};
	size_t n = 0;

	assert_non_null(w);
	n = add_pages(w, n, ZERO, 1, MAY(READ) | MAY(WRITE));
	n = add_pages(w, n, CODE, CODE_PAGES, MAY(READ) | MAY(EXEC));
	n = add_pages(w, n, DATA, DATA_PAGES, MAY(READ) | MAY(WRITE));
	n = add_pages(w, n, RDONLY, 1, MAY(READ));
	n = add_pages(w, n, WRONLY, 1, MAY(WRITE));
	n = add_pages(w, n, RWX, 1, MAY(READ) | MAY(WRITE) | MAY(EXEC));
	n = add_pages(w, n, BROKEN, 1, MAY(READ) | MAY(WRITE) | MAY(EXEC));
	n = add_pages(w, n, TOP, 1, MAY(READ) | MAY(WRITE) | MAY(EXEC));
	assert_int_equal(n, WORLD_PAGES);
	panthor_cs_init(&w->cs, &config);
	return w;
}

void world_free(struct world *w)
{
	for (size_t i = 0; i < WORLD_PAGES; i++)
		free(w->pages[i].mem);
	free(w);
}

void world_reset(struct world *w)
{
	panthor_cs_reset(&w->cs);
	w->clock = 0;
	w->flushes = 0;
	memset(w->progress, 0, sizeof(w->progress));
	for (size_t i = 0; i < WORLD_PAGES; i++)
		memset(w->pages[i].mem, 0x11, PAGE);
}

int world_setup(void **state)
{
	*state = world_new();
	return 0;
}

int world_teardown(void **state)
{
	world_free(*state);
	return 0;
}

void *at(const struct world *w, u64 va)
{
	struct page *page = find_page(w, va & -PAGE);

	assert_non_null(page);
	return (char *)page->mem + va % PAGE;
}

u32 *at32(const struct world *w, u64 va)
{
	return at(w, va);
}

u64 *at64(const struct world *w, u64 va)
{
	return at(w, va);
}

u64 pair(const struct world *w, u32 r)
{
	return w->cs.regs[r] | (u64)w->cs.regs[r + 1] << 32;
}

void set_pair(struct world *w, u32 r, u64 value)
{
	w->cs.regs[r] = value;
	w->cs.regs[r + 1] = value >> 32;
}

void put_code(struct world *w, u64 va, const u64 *insns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*at64(w, va + i * sizeof(*insns)) = insns[i];
}

enum panthor_cs_status run_code(struct world *w, const u64 *insns, size_t count)
{
	put_code(w, CODE, insns, count);
	panthor_cs_start(&w->cs, CODE, count * sizeof(*insns));
	return panthor_cs_run(&w->cs, BIG);
}

void expect_fault(const struct world *w, u32 type, u64 pc, u64 va)
{
	assert_int_equal(w->cs.status, PANTHOR_CS_FAULT);
	assert_int_equal(w->cs.fault.type, type);
	assert_int_equal(w->cs.fault.pc, pc);
	assert_int_equal(w->cs.fault.va, va);
}

void expect_same(const struct world *a, const struct world *b)
{
	const struct panthor_cs *x = &a->cs, *y = &b->cs;

	assert_int_equal(x->status, y->status);
	assert_memory_equal(x->regs, y->regs, sizeof(x->regs));
	assert_memory_equal(&x->cur, &y->cur, sizeof(x->cur));
	assert_int_equal(x->depth, y->depth);
	assert_memory_equal(x->callers, y->callers, x->depth * sizeof(x->callers[0]));
	assert_int_equal(x->error, y->error);
	assert_int_equal(x->heap_va, y->heap_va);
	assert_memory_equal(&x->sb, &y->sb, sizeof(x->sb));
	assert_int_equal(x->resources, y->resources);
	assert_int_equal(x->oom_handler.va, y->oom_handler.va);
	assert_int_equal(x->oom_handler.size, y->oom_handler.size);
	assert_int_equal(x->fault.type, y->fault.type);
	assert_int_equal(x->fault.pc, y->fault.pc);
	assert_int_equal(x->fault.insn, y->fault.insn);
	assert_int_equal(x->fault.va, y->fault.va);
	assert_int_equal(x->counters.instructions, y->counters.instructions);
	assert_int_equal(x->counters.cycles, y->counters.cycles);
	assert_memory_equal(a->progress, b->progress, sizeof(a->progress));
	assert_int_equal(a->flushes, b->flushes);
	for (size_t i = 0; i < WORLD_PAGES; i++)
		assert_memory_equal(a->pages[i].mem, b->pages[i].mem, PAGE);
}

u64 rnd(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
