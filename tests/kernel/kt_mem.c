/* SPDX-License-Identifier: MIT */
/* Memory of BOs: maps that never leak, contents that prove themselves, faults that are caught. */
#include "kt.h"

/* Maps that are alive, so that a test that failed half-way leaves none. Main thread only. */
static struct {
	void *ptr;
	size_t size;
} maps[4096];

static _Thread_local sigjmp_buf on_fault;
static _Thread_local volatile sig_atomic_t catching;

static void fault(int sig)
{
	if (catching)
		siglongjmp(on_fault, sig);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_handler = fault };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	catching = 1;
}

int kt_peek(const void *ptr, uint64_t *ret_value)
{
	int sig;

	catch_faults();
	sig = sigsetjmp(on_fault, 1);
	if (sig == 0)
		*ret_value = *(const volatile uint64_t *)ptr;
	catching = 0;
	return sig;
}

int kt_poke(void *ptr, uint64_t value)
{
	int sig;

	catch_faults();
	sig = sigsetjmp(on_fault, 1);
	if (sig == 0)
		*(volatile uint64_t *)ptr = value;
	catching = 0;
	return sig;
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

uint64_t kt_rand(uint64_t *seed)
{
	*seed += 0x9e3779b97f4a7c15ull;
	return mix(*seed);
}

void kt_fill(void *ptr, size_t size, uint64_t seed)
{
	uint64_t *word = ptr;
	size_t i;

	for (i = 0; i < size / 8; i++)
		word[i] = mix(seed << 32 | i);
}

/* Apart from their callers, so that no variable of theirs lives across sigsetjmp(). */
static __attribute__((noinline)) size_t count_wrong(const volatile uint64_t *word, size_t words,
						    uint64_t seed)
{
	size_t wrong = 0;
	size_t i;

	for (i = 0; i < words; i++)
		wrong += word[i] != mix(seed << 32 | i);
	return wrong;
}

static __attribute__((noinline)) size_t count_nonzero(const volatile uint64_t *word, size_t words)
{
	size_t nonzero = 0;
	size_t i;

	for (i = 0; i < words; i++)
		nonzero += word[i] != 0;
	return nonzero;
}

size_t kt_wrong(const void *ptr, size_t size, uint64_t seed)
{
	volatile size_t wrong = size / 8;

	catch_faults();
	if (sigsetjmp(on_fault, 1) == 0)
		wrong = count_wrong(ptr, size / 8, seed);
	catching = 0;
	return wrong;
}

size_t kt_nonzero(const void *ptr, size_t size)
{
	volatile size_t nonzero = size / 8;

	catch_faults();
	if (sigsetjmp(on_fault, 1) == 0)
		nonzero = count_nonzero(ptr, size / 8);
	catching = 0;
	return nonzero;
}

int kt_mmap(int fd, uint64_t offset, size_t size, int prot, int flags, void **ptr)
{
	*ptr = mmap(NULL, size, prot, flags, fd, (off_t)offset);
	return *ptr == MAP_FAILED ? -errno : 0;
}

static void remember(void *ptr, size_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		if (!maps[i].ptr) {
			maps[i].ptr = ptr;
			maps[i].size = size;
			return;
		}
	}
	fail_msg("too many maps");
}

void *kt_map(int fd, uint32_t handle, size_t size)
{
	uint64_t offset;
	void *ptr;

	assert_int_equal(kt_bo_offset(fd, handle, &offset), 0);
	assert_int_equal(kt_mmap(fd, offset, size, PROT_READ | PROT_WRITE, MAP_SHARED, &ptr), 0);
	remember(ptr, size);
	return ptr;
}

/* NULL: all that are left. */
void kt_unmap(void *ptr, size_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		if (maps[i].ptr && (!ptr || maps[i].ptr == ptr)) {
			munmap(maps[i].ptr, maps[i].size);
			maps[i].ptr = NULL;
		}
	}
}

static uint32_t filled_bo(int fd, uint32_t flags, const char *label, size_t size, uint64_t seed)
{
	uint32_t handle;
	void *ptr;

	assert_int_equal(kt_bo_create(fd, size, flags, 0, &handle), 0);
	ptr = kt_map(fd, handle, size);
	kt_fill(ptr, size, seed);
	kt_unmap(ptr, size);
	assert_int_equal(kt_bo_label(fd, handle, label), 0);
	return handle;
}

uint32_t kt_filled_bo(int fd, const char *label, size_t size, uint64_t seed)
{
	return filled_bo(fd, 0, label, size, seed);
}

uint32_t kt_cached_bo(int fd, const char *label, size_t size, uint64_t seed)
{
	return filled_bo(fd, DRM_PANTHOR_BO_WB_MMAP, label, size, seed);
}

void kt_assert_contents(int fd, uint32_t handle, size_t size, uint64_t seed)
{
	void *ptr = kt_map(fd, handle, size);

	assert_int_equal(kt_wrong(ptr, size, seed), 0);
	kt_unmap(ptr, size);
}

void kt_assert_zeroes(int fd, uint32_t handle, size_t size)
{
	void *ptr = kt_map(fd, handle, size);

	assert_int_equal(kt_nonzero(ptr, size), 0);
	kt_unmap(ptr, size);
}
