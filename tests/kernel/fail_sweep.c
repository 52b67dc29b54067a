/* SPDX-License-Identifier: MIT */
/* The loop over the failure points of a call. */
#include "fail_inject.h"
#include "fail_slab.h"
#include "fail_state.h"

/* Far more failure points than any call has. */
#define NTH_MAX 20000

/*
 * What slab caches ask for when they have no object left, which is never the same twice: a point
 * there would move those behind it, and one of them be left out.
 */
#define SLAB_REFILL "___slab_alloc"

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

	fail_state_begin();
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
	fail_state_wait(NULL, NULL, s->idle, NULL);
}

static int call(const struct sweep *s, struct fail *f)
{
	f->ret = s->c->call(f);
	return f->ret;
}

static void settle(const struct sweep *s, struct fail *f)
{
	if (s->c->settle)
		s->c->settle(f);
}

static void finish(const struct sweep *s, struct fail *f)
{
	settle(s, f);
	fail_state_wait(s->c, f, s->done, NULL);
	if (s->c->finish)
		s->c->finish(f);
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

/*
 * The core copies the arguments back after the call is over: that failure comes too late, and all
 * is done. Otherwise nothing is.
 */
static bool is_done(const struct sweep *s, const struct fail *f, enum fail_kind kind, int ret,
		    const char *before)
{
	bool too_late = kind == FAIL_COPY && ret == -EFAULT;
	bool may = too_late || s->c->flags & FAIL_MAY_BE_DONE;

	if (s->c->flags & FAIL_PARTIAL)
		return false;
	return fail_state_wait(s->c, f, before, may ? s->done : NULL) && too_late;
}

static void check_failure(struct sweep *s, struct fail *f, enum fail_kind kind, int ret,
			  const char *before)
{
	check_error(s, kind, ret);
	settle(s, f);
	if (s->c->failed)
		s->c->failed(f);
	if (is_done(s, f, kind, ret, before))
		return;

	ret = call(s, f);
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
	before = fail_state(s->c, &f);
	arm(s);
	ret = call(s, &f);
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
	assert_int_equal(call(s, &f), 0);
	settle(s, &f);
	s->done = s->c->flags & FAIL_DEFERRED ? fail_state_quiet(s->c, &f) : fail_state(s->c, &f);
	if (s->c->finish)
		s->c->finish(&f);
	end(s, &f);
}

void fail_sweep(void **state)
{
	struct sweep s = { .c = *state, .nth = 1 };
	char *idle;

	fail_state_begin();
	idle = fail_state(NULL, NULL);
	s.idle = idle;
	rehearse(&s);
	fail_slabs_begin();
	fail_limit(s.c->within, SLAB_REFILL);
	while (attempt(&s)) {
		s.nth += s.c->step ? s.c->step : 1;
		assert_true(s.nth < NTH_MAX);
	}
	fail_limit(NULL, NULL);
	fail_slabs_assert_back();
	print_message("# failed: %u slab, %u page, %u copy; %u of them without effect\n",
		      s.fired[FAIL_SLAB], s.fired[FAIL_PAGE], s.fired[FAIL_COPY], s.survived);
	if (!(s.c->flags & FAIL_NOTHING))
		assert_true(s.nth > 1);
	if (s.c->all)
		assert_int_not_equal(s.fired[s.c->all], 0);
	free(s.done);
	free(idle);
}
