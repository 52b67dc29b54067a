/* SPDX-License-Identifier: MIT */
/* The loop over the failure points of a call, and what is compared around each. */
#include <inttypes.h>

#include "fail_inject.h"
#include "kt_gpu.h"

/* Far more failure points than any call has. */
#define NTH_MAX 20000

/* A look at the state takes long where so much is checked: fewer than kt_wait() would have. */
#define LOOKS_MAX 500

/*
 * Memory behind BOs is counted in steps of this, from what there was when an attempt began: single
 * pages of files come and go. All BOs of the cases are multiples.
 */
#define SHMEM_STEP (4 * KT_PAGE)

static uint64_t shmem_base;

static const char *const lrus[] = { "purgeable", "unused", "mmapped", "vm", "shared" };

static uint64_t shmem(void)
{
	/* Counted per CPU until somebody asks for more than a glance. */
	kt_write_file("/proc/sys/vm/stat_refresh", "1");
	return kt_meminfo("Shmem");
}

static void print_row(FILE *out, const struct kt_gem *row, bool residency)
{
	fprintf(out, "'%s' size %" PRIu64 " refs %u state %x usage %x offset %d", row->label,
		row->size, row->refcount, row->state & ~(residency ? 0 : KT_GEM_EVICTED),
		row->usage, row->offset != 0);
	if (residency)
		fprintf(out, " resident %" PRIu64 " evictions %u", row->resident, row->evictions);
	fputc('\n', out);
}

/* Memory that no BO says it has. */
static void print_unaccounted(FILE *out, const struct kt_gems *gems)
{
	int64_t more = (int64_t)(shmem() - shmem_base - gems->total_resident);

	fprintf(out, "memory of no BO %" PRId64 "\n",
		(more + (int64_t)SHMEM_STEP / 2) / (int64_t)SHMEM_STEP);
}

static void print_gems(FILE *out, unsigned int flags)
{
	bool residency = !(flags & FAIL_RESIDENCY);
	struct kt_gems gems;
	size_t i;

	kt_gems_read(&gems);
	for (i = 0; i < gems.count; i++)
		print_row(out, &gems.rows[i], residency);
	fprintf(out, "kernel rows %zu, size %" PRIu64 "\n", gems.kernel_rows, gems.total_size);
	if (residency)
		fprintf(out, "resident %" PRIu64 ", reclaimable %" PRIu64 "\n", gems.total_resident,
			gems.total_reclaimable);
	if (!(flags & FAIL_EVICTED))
		print_unaccounted(out, &gems);
	kt_gems_free(&gems);
}

static void print_classes(FILE *out)
{
	char key[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lrus); i++) {
		snprintf(key, sizeof(key), "%s_bos", lrus[i]);
		fprintf(out, "%s %" PRIu64 "\n", key, kt_reclaim(key));
	}
}

static void print_fdinfo(FILE *out, int fd)
{
	static const char *const keys[] = { "panthor-resident-memory", "drm-total-memory",
					    "drm-shared-memory" };
	uint64_t bytes;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		if (kt_fdinfo(fd, keys[i], &bytes))
			fprintf(out, "%s %" PRIu64 "\n", keys[i], bytes);
	}
}

static char *get_state(const struct fail *f, unsigned int flags)
{
	char *refs = kt_read_file("/sys/module/vpanthor/refcnt", NULL);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print_gems(out, flags);
	if (!(flags & FAIL_RESIDENCY))
		print_classes(out);
	if (f)
		print_fdinfo(out, f->fd);
	if (f && f->sync)
		fprintf(out, "point %" PRIu64 "\n", kt_syncobj_point(f->fd, f->sync));
	fprintf(out, "module references %s", refs);
	fclose(out);
	free(refs);
	return text;
}

struct wanted {
	const struct fail *f;
	unsigned int flags;
	const char *want;
	const char *or_want;
	unsigned int looks;
};

static bool has_state(const struct wanted *w)
{
	char *now = get_state(w->f, w->flags);
	bool same = !strcmp(now, w->want) || (w->or_want && !strcmp(now, w->or_want));

	free(now);
	return same;
}

static bool has_state_or_never(void *arg)
{
	struct wanted *w = arg;

	return has_state(w) || ++w->looks > LOOKS_MAX;
}

static void wait_state(const struct fail *f, unsigned int flags, const char *want,
		       const char *or_want)
{
	struct wanted w = { f, flags, want, or_want, 0 };

	/* Some of it goes from work items. */
	if (!kt_wait(has_state_or_never, &w) || w.looks > LOOKS_MAX)
		fail_msg("the state is\n%sand not\n%s%s%s", get_state(f, flags), want,
			 or_want ? "or\n" : "", or_want ? or_want : "");
}

struct sweep {
	const struct fail_case *c;
	const char *idle;
	char *done;
	unsigned int nth;
	unsigned int fired[FAIL_COPY + 1];
	unsigned int survived;
};

static void begin(const struct sweep *s, struct fail *f)
{
	void *state = NULL;

	shmem_base = shmem();
	assert_int_equal(kt_setup(&state), 0);
	*f = (struct fail){ .fd = ((struct kt *)state)->fd, .dmabuf = -1, .extra = -1 };
	free(state);
	if (s->c->prepare)
		s->c->prepare(f);
}

static void end(const struct sweep *s, struct fail *f)
{
	void *nothing = NULL;

	if (s->c->release)
		s->c->release(f);
	kt_teardown(&nothing);
	wait_state(NULL, 0, s->idle, NULL);
}

/* What success looks like; NULL when there is no one look. */
static char *done_state(const struct sweep *s, const struct fail *f)
{
	return s->c->flags & FAIL_DEFERRED ? NULL : get_state(f, s->c->flags);
}

static void finish(const struct sweep *s, struct fail *f)
{
	if (s->c->finish)
		s->c->finish(f);
	if (s->done)
		wait_state(f, s->c->flags, s->done, NULL);
}

/* The core copies the arguments back after the call is over: that failure comes too late. */
static bool is_too_late(const struct sweep *s, const struct fail *f, enum fail_kind kind, int ret,
			const char *before)
{
	const struct wanted w = { f, s->c->flags, before, NULL, 0 };

	if (kind != FAIL_COPY || ret != -EFAULT || s->c->flags & FAIL_PARTIAL || has_state(&w))
		return false;
	if (s->done)
		wait_state(f, s->c->flags, before, s->done);
	return !has_state(&w);
}

static void check_error(const struct sweep *s, enum fail_kind kind, int ret)
{
	int want = kind == FAIL_COPY ? -EFAULT : -ENOMEM;

	if (ret == -EXFULL)
		fail_msg("point %u: the arguments were written by a call that failed", s->nth);
	if (ret != want && !(s->c->flags & FAIL_ANY_ERROR))
		fail_msg("point %u, kind %d: %s, not %s", s->nth, kind, strerror(-ret),
			 strerror(-want));
}

static void check_failure(struct sweep *s, struct fail *f, enum fail_kind kind, int ret,
			  const char *before)
{
	check_error(s, kind, ret);
	if (is_too_late(s, f, kind, ret, before))
		return;

	if (!(s->c->flags & FAIL_PARTIAL))
		wait_state(f, s->c->flags, before, s->c->flags & FAIL_MAY_BE_DONE ? s->done : NULL);
	ret = s->c->call(f);
	if (s->c->gone && kind == FAIL_COPY && ret == s->c->gone)
		return;
	if (ret < 0)
		fail_msg("point %u, kind %d: again it is %s", s->nth, kind, strerror(-ret));
	finish(s, f);
}

static void arm(const struct sweep *s)
{
	/* In bytes; objects that matter are larger. */
	const uint64_t slab_step = 64;

	if (s->c->all == FAIL_NONE)
		fail_arm(s->nth);
	else
		fail_arm_all(s->c->all, (s->nth - 1) * (s->c->all == FAIL_SLAB ? slab_step : 1));
}

/* One call whose point @s->nth fails; false: it has none. */
static bool attempt(struct sweep *s)
{
	struct fail f;
	enum fail_kind kind;
	char *before;
	int ret;

	begin(s, &f);
	before = get_state(&f, s->c->flags);
	arm(s);
	ret = s->c->call(&f);
	kind = fail_disarm();
	s->fired[kind]++;
	if (ret < 0 && kind == FAIL_NONE)
		fail_msg("point %u: nothing failed, but the call: %s", s->nth, strerror(-ret));
	if (ret < 0) {
		check_failure(s, &f, kind, ret, before);
	} else {
		s->survived += kind != FAIL_NONE;
		finish(s, &f);
	}
	free(before);
	end(s, &f);
	return kind != FAIL_NONE;
}

/* Without failures: does it work, and what is it like then. */
static void rehearse(struct sweep *s)
{
	struct fail f;

	begin(s, &f);
	assert_int_equal(s->c->call(&f), 0);
	if (s->c->finish)
		s->c->finish(&f);
	s->done = done_state(s, &f);
	end(s, &f);
}

void fail_sweep(void **state)
{
	struct sweep s = { .c = *state, .nth = 1 };
	char *idle;

	shmem_base = shmem();
	idle = get_state(NULL, 0);
	s.idle = idle;
	rehearse(&s);
	while (attempt(&s))
		assert_true(s.nth++ < NTH_MAX);
	print_message("# failed: %u slab, %u page, %u copy; %u of them without effect\n",
		      s.fired[FAIL_SLAB], s.fired[FAIL_PAGE], s.fired[FAIL_COPY], s.survived);
	if (!(s.c->flags & FAIL_NOTHING))
		assert_true(s.nth > 1);
	if (s.c->all)
		assert_int_not_equal(s.fired[s.c->all], 0);
	free(s.done);
	free(idle);
}
