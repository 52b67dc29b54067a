/* SPDX-License-Identifier: MIT */
/* The state that is compared around each failure: a text, equal when nothing differs. */
#include <inttypes.h>

#include "fail_inject.h"
#include "fail_state.h"
#include "kt_gpu.h"

/* Looks that must all be the same until nothing moves any more. */
#define LOOKS_QUIET 20

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
	fprintf(out, "'%s' name %d size %" PRIu64 " refs %u state %x usage %x offset %d",
		row->label, row->name, row->size, row->refcount,
		row->state & ~(residency ? 0 : KT_GEM_EVICTED), row->usage, row->offset != 0);
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
	bool residency = !(flags & FAIL_MAY_POPULATE);
	struct kt_gems gems;
	size_t i;

	kt_gems_read(&gems);
	for (i = 0; i < gems.count; i++)
		print_row(out, &gems.rows[i], residency);
	fprintf(out, "kernel rows %zu, size %" PRIu64 "\n", gems.kernel_rows, gems.total_size);
	if (residency)
		fprintf(out, "resident %" PRIu64 ", reclaimable %" PRIu64 "\n", gems.total_resident,
			gems.total_reclaimable);
	if (!(flags & FAIL_NO_SUM))
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

static void print_file(FILE *out, const struct fail_case *c, const struct fail *f)
{
	print_fdinfo(out, f->fd);
	if (f->sync)
		fprintf(out, "point %" PRIu64 "\n", kt_syncobj_point(f->fd, f->sync));
	if (c->show)
		c->show(f, out);
}

void fail_state_begin(void)
{
	shmem_base = shmem();
}

char *fail_state(const struct fail_case *c, const struct fail *f)
{
	unsigned int flags = c ? c->flags : 0;
	char *refs = kt_read_file("/sys/module/vpanthor/refcnt", NULL);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print_gems(out, flags);
	if (!(flags & FAIL_MAY_POPULATE))
		print_classes(out);
	if (f)
		print_file(out, c, f);
	fprintf(out, "module references %s", refs);
	fclose(out);
	free(refs);
	return text;
}

/* @same: looks in a row that were like @last */
struct quiet {
	const struct fail_case *c;
	const struct fail *f;
	char *last;
	unsigned int same;
	unsigned int looks;
};

static bool is_quiet_or_never(void *arg)
{
	struct quiet *q = arg;
	char *now = fail_state(q->c, q->f);

	q->same = q->last && !strcmp(now, q->last) ? q->same + 1 : 0;
	free(q->last);
	q->last = now;
	return q->same == LOOKS_QUIET || ++q->looks > FAIL_LOOKS_MAX;
}

char *fail_state_quiet(const struct fail_case *c, const struct fail *f)
{
	struct quiet q = { .c = c, .f = f };

	if (!kt_wait(is_quiet_or_never, &q) || q.same < LOOKS_QUIET)
		fail_msg("the state does not come to rest:\n%s", q.last);
	return q.last;
}

struct wanted {
	const struct fail_case *c;
	const struct fail *f;
	const char *want;
	const char *or_want;
	bool is_other;
	unsigned int looks;
};

static bool has_state_or_never(void *arg)
{
	struct wanted *w = arg;
	char *now = fail_state(w->c, w->f);
	bool same = !strcmp(now, w->want);

	w->is_other = !same && w->or_want && !strcmp(now, w->or_want);
	free(now);
	return same || w->is_other || ++w->looks > FAIL_LOOKS_MAX;
}

bool fail_state_wait(const struct fail_case *c, const struct fail *f, const char *want,
		     const char *or_want)
{
	struct wanted w = { .c = c, .f = f, .want = want, .or_want = or_want };

	/* Some of it goes from work items. */
	if (!kt_wait(has_state_or_never, &w) || w.looks > FAIL_LOOKS_MAX)
		fail_msg("the state is\n%sand not\n%s%s%s", fail_state(c, f), want,
			 or_want ? "or\n" : "", or_want ? or_want : "");
	return w.is_other;
}
