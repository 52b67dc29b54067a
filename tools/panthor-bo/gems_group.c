// SPDX-License-Identifier: MIT
/*
 * Open-addressing hash of sums per creator or per label. Labels are chosen by whoever creates BOs,
 * so the hash is seeded: nobody can aim at one slot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gems.h"
#include "pattern.h"
#include "table.h"

/*
 * Sums of one group. It is also a row for gems_row_compare(): @shown.size is the sum of sizes and
 * so on, and @shown.refcount the number of BOs.
 */
struct group {
	uint64_t hash;
	struct panthor_gems_row shown;
	uint64_t evicted; /* BOs that are evicted now */
	uint64_t shared; /* BOs that are imported or exported */
	char text[];
};

struct gems_groups {
	enum gems_group_by by;
	uint64_t seed;
	struct group **slots; /* NULL: free */
	size_t n_slots; /* a power of two */
	size_t count;
};

#define GROUP(member) offsetof(struct group, member)

#define SUM_COLUMNS                                                                                \
	{ .key = "bos", .heading = "BOS", .kind = COLUMN_U64, .width = 7,                          \
	  .offset = GROUP(shown.refcount) },                                                       \
	{ .key = "size_bytes", .heading = "SIZE", .kind = COLUMN_BYTES, .width = 10,               \
	  .offset = GROUP(shown.size) },                                                           \
	{ .key = "resident_bytes", .heading = "RESIDENT", .kind = COLUMN_BYTES, .width = 10,       \
	  .offset = GROUP(shown.resident) },                                                       \
	{ .key = "evicted_bos", .heading = "EVICTED", .kind = COLUMN_U64, .width = 7,              \
	  .offset = GROUP(evicted) },                                                              \
	{ .key = "evictions", .heading = "EVICTIONS", .kind = COLUMN_U64, .width = 9,              \
	  .offset = GROUP(shown.evictions), .needs = UINT32_C(1) << PANTHOR_GEMS_EVICTIONS },      \
	{ .key = "shared_bos", .heading = "SHARED", .kind = COLUMN_U64, .width = 6,                \
	  .offset = GROUP(shared) }

static const struct column process_columns[] = {
	{ .key = "tgid", .heading = "TGID", .kind = COLUMN_I64, .width = 7,
	  .offset = GROUP(shown.tgid) },
	SUM_COLUMNS,
	{ .key = "comm", .heading = "COMM", .kind = COLUMN_TEXT, .offset = GROUP(shown.comm),
	  .len_offset = GROUP(shown.comm_len), .hex_key = "comm_hex" },
};

static const struct column label_columns[] = {
	SUM_COLUMNS,
	{ .key = "label", .heading = "LABEL", .kind = COLUMN_TEXT, .offset = GROUP(shown.label),
	  .len_offset = GROUP(shown.label_len), .hex_key = "label_hex" },
};

static struct table group_table(const struct gems_groups *groups, struct out *out)
{
	if (groups->by == GEMS_BY_PROCESS)
		return (struct table){ out, process_columns,
				       sizeof(process_columns) / sizeof(process_columns[0]) };
	return (struct table){ out, label_columns,
			       sizeof(label_columns) / sizeof(label_columns[0]) };
}

struct gems_groups *gems_groups_new(enum gems_group_by by)
{
	struct gems_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->by = by;
	groups->n_slots = 64;
	groups->slots = calloc(groups->n_slots, sizeof(groups->slots[0]));
	if (!groups->slots || getrandom(&groups->seed, sizeof(groups->seed), 0) < 0)
		return gems_groups_free(groups);
	return groups;
}

struct gems_groups *gems_groups_free(struct gems_groups *groups)
{
	if (groups) {
		for (size_t i = 0; groups->slots && i < groups->n_slots; i++)
			free(groups->slots[i]);
		free(groups->slots);
		free(groups);
	}
	return NULL;
}

static const char *key_text(const struct gems_groups *groups, const struct panthor_gems_row *row,
			    size_t *ret_len)
{
	*ret_len = groups->by == GEMS_BY_PROCESS ? row->comm_len : row->label_len;
	return groups->by == GEMS_BY_PROCESS ? row->comm : row->label;
}

static uint64_t key_hash(const struct gems_groups *groups, const struct panthor_gems_row *row)
{
	uint64_t hash = groups->seed;
	size_t len;
	const char *text = key_text(groups, row, &len);

	hash = pattern_mix(hash + (groups->by == GEMS_BY_PROCESS ? (uint64_t)row->tgid : 0) + len);
	while (len) {
		size_t n = len < 8 ? len : 8;
		uint64_t word = 0;

		memcpy(&word, text, n);
		hash = pattern_mix(hash ^ word);
		text += n;
		len -= n;
	}
	return hash;
}

static bool same_key(const struct gems_groups *groups, const struct group *group,
		     const struct panthor_gems_row *row)
{
	size_t a_len, b_len;
	const char *a = key_text(groups, &group->shown, &a_len);
	const char *b = key_text(groups, row, &b_len);

	return (groups->by != GEMS_BY_PROCESS || group->shown.tgid == row->tgid) &&
	       a_len == b_len && (!a_len || !memcmp(a, b, a_len));
}

/* The slot that holds the key, or the free one where it belongs. */
static struct group **find_slot(struct gems_groups *groups, uint64_t hash,
				const struct panthor_gems_row *row)
{
	size_t at = hash & (groups->n_slots - 1);

	while (groups->slots[at] &&
	       (groups->slots[at]->hash != hash || !same_key(groups, groups->slots[at], row)))
		at = (at + 1) & (groups->n_slots - 1);
	return &groups->slots[at];
}

static int grow(struct gems_groups *groups)
{
	size_t n_slots = 2 * groups->n_slots;
	struct group **slots = calloc(n_slots, sizeof(slots[0]));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < groups->n_slots; i++) {
		struct group *group = groups->slots[i];
		size_t at = group ? group->hash & (n_slots - 1) : 0;

		while (group && slots[at])
			at = (at + 1) & (n_slots - 1);
		if (group)
			slots[at] = group;
	}
	free(groups->slots);
	groups->slots = slots;
	groups->n_slots = n_slots;
	return 0;
}

static struct group *new_group(const struct gems_groups *groups, uint64_t hash,
			       const struct panthor_gems_row *row)
{
	size_t len;
	const char *text = key_text(groups, row, &len);
	struct group *group = calloc(1, sizeof(*group) + len);

	if (!group)
		return NULL;
	group->hash = hash;
	group->shown.columns = row->columns;
	if (len)
		memcpy(group->text, text, len);
	/* The key serves as both, so that ties between groups of either kind sort by it. */
	group->shown.comm = group->shown.label = group->text;
	group->shown.comm_len = group->shown.label_len = len;
	if (groups->by == GEMS_BY_PROCESS)
		group->shown.tgid = row->tgid;
	return group;
}

int gems_groups_add(struct gems_groups *groups, const struct panthor_gems_row *row)
{
	uint64_t hash = key_hash(groups, row);
	struct group **slot, *group;

	if (4 * groups->count >= 3 * groups->n_slots && grow(groups))
		return -ENOMEM;
	slot = find_slot(groups, hash, row);
	if (!*slot) {
		*slot = new_group(groups, hash, row);
		if (!*slot)
			return -ENOMEM;
		groups->count++;
	}
	group = *slot;
	group->shown.refcount++;
	group->shown.size += row->size;
	group->shown.resident += row->resident;
	group->shown.evictions += row->evictions;
	group->evicted += !!(row->state & PANTHOR_GEMS_STATE_EVICTED);
	group->shared += !!(row->state &
			    (PANTHOR_GEMS_STATE_IMPORTED | PANTHOR_GEMS_STATE_EXPORTED));
	return 0;
}

size_t gems_groups_count(const struct gems_groups *groups)
{
	return groups->count;
}

void gems_groups_header(const struct gems_groups *groups, struct out *out)
{
	struct table table = group_table(groups, out);

	table_header(&table);
}

/* Ties are broken by name, so that the order never depends on the seed. */
static int compare_groups(const void *left, const void *right, void *key)
{
	const struct group *a = *(struct group *const *)left;
	const struct group *b = *(struct group *const *)right;
	int r;

	if (!a || !b)
		return !a - !b;
	r = gems_row_compare(&a->shown, &b->shown, *(const enum gems_sort *)key);
	if (!r)
		r = gems_row_compare(&a->shown, &b->shown, GEMS_SORT_PROCESS);
	return r ? r : gems_row_compare(&a->shown, &b->shown, GEMS_SORT_LABEL);
}

void gems_groups_show(struct gems_groups *groups, enum gems_sort key, struct out *out)
{
	struct table table = group_table(groups, out);

	if (key == GEMS_SORT_NONE)
		key = GEMS_SORT_SIZE;
	/* Sorting the slots ends their life as a hash; nothing is added after the show. */
	qsort_r(groups->slots, groups->n_slots, sizeof(groups->slots[0]), compare_groups, &key);
	for (size_t i = 0; i < groups->count; i++)
		table_row(&table, groups->slots[i], groups->slots[i]->shown.columns);
}
