// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A bug of each class that the debug kernel is to catch: insmod planted.ko bug=NAME */
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

static char *bug = "none";
module_param(bug, charp, 0444);

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);
static DEFINE_SPINLOCK(spinlock);

/* Volatile, or the compiler would see through the bugs and leave them out. */
static char * volatile memory;
static volatile int distance = 40;

static void use_after_free(void)
{
	memory = kmalloc(64, GFP_KERNEL);
	kfree(memory);
	memory[8] = 1;
}

static void overflow(void)
{
	memory = vmalloc(PAGE_SIZE - 8);
	memory[PAGE_SIZE - 8 + distance - 40] = 1;
	vfree(memory);
}

static void sleep_in_atomic(void)
{
	spin_lock(&spinlock);
	msleep(20);
	spin_unlock(&spinlock);
}

static void lock_inversion(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);

	mutex_lock(&lock_b);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
}

/* What a shrinker takes must not be held over an allocation. */
static void reclaim_inversion(void)
{
	fs_reclaim_acquire(GFP_KERNEL);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	fs_reclaim_release(GFP_KERNEL);

	mutex_lock(&lock_a);
	kfree(kmalloc(64, GFP_KERNEL));
	mutex_unlock(&lock_a);
}

static void leak(void)
{
	memory = kmalloc(64, GFP_KERNEL);
	memory = NULL;
}

static void shift(void)
{
	distance = 1 << distance;
}

static void list(void)
{
	static struct list_head entry;
	static LIST_HEAD(head);

	list_add(&entry, &head);
	list_add(&entry, &head);
}

static void nothing(struct timer_list *timer)
{
}

static void freed_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + 100 * HZ);
	kfree(timer);
}

static void none(void)
{
}

static const struct {
	const char *name;
	void (*plant)(void);
} bugs[] = {
	{ "none", none },
	{ "use-after-free", use_after_free },
	{ "overflow", overflow },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "lock-inversion", lock_inversion },
	{ "reclaim-inversion", reclaim_inversion },
	{ "leak", leak },
	{ "shift", shift },
	{ "list", list },
	{ "freed-timer", freed_timer },
};

static int __init planted_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (!strcmp(bugs[i].name, bug)) {
			bugs[i].plant();
			return 0;
		}
	}
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);

MODULE_DESCRIPTION("Bugs to be found");
MODULE_LICENSE("Dual MIT/GPL");
