// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A bug of each class that the debug kernel is to catch: insmod planted.ko bug=NAME */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
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

/* No end of it is known to the compiler but by the type. */
static void bounds(void)
{
	static struct {
		char name[8];
		char rest[64];
	} entry;

	entry.name[distance - 31] = 1;
	memory = entry.name;
}

static void which_cpu(void)
{
	distance = smp_processor_id();
}

/* Given back is less than was mapped. */
static void dma(void)
{
	struct platform_device *pdev = platform_device_register_simple("planted", -1, NULL, 0);
	dma_addr_t addr;

	if (IS_ERR(pdev))
		return;
	memory = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64))) {
		addr = dma_map_single(&pdev->dev, memory, PAGE_SIZE, DMA_TO_DEVICE);
		if (!dma_mapping_error(&pdev->dev, addr))
			dma_unmap_single(&pdev->dev, addr, PAGE_SIZE / 2, DMA_TO_DEVICE);
	}
	kfree(memory);
	platform_device_unregister(pdev);
}

/* What has no one address that a device could be given. */
static void sg_table(void)
{
	struct scatterlist sg;

	memory = vmalloc(PAGE_SIZE);
	sg_init_one(&sg, memory, PAGE_SIZE);
	vfree(memory);
}

static void hung_task(void)
{
	msleep(60 * MSEC_PER_SEC);
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
	{ "bounds", bounds },
	{ "which-cpu", which_cpu },
	{ "dma", dma },
	{ "sg-table", sg_table },
	{ "hung-task", hung_task },
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
