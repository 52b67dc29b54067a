/* SPDX-License-Identifier: MIT */
/*
 * Rows of debugfs `gems` on their way to the user: as they come, sorted, or summed up by creator or
 * label.
 */
#ifndef GEMS_H
#define GEMS_H

#include <panthor.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"

enum gems_sort {
	GEMS_SORT_NONE,
	GEMS_SORT_SIZE,
	GEMS_SORT_RESIDENT,
	GEMS_SORT_EVICTIONS,
	GEMS_SORT_COUNT, /* of a group: BOs; of a row: references */
	GEMS_SORT_PROCESS,
	GEMS_SORT_LABEL,
};

/** gems_row_header, gems_row_show - one BO */
void gems_row_header(struct out *out);
void gems_row_show(struct out *out, const struct panthor_gems_row *row);

/** gems_row_compare - for sorting: numbers falling, text and processes rising */
int gems_row_compare(const struct panthor_gems_row *a, const struct panthor_gems_row *b,
		     enum gems_sort key);

/* Rows kept for sorting. Unlike streaming this takes memory for each of them. */
struct gems_list;

struct gems_list *gems_list_new(void);
struct gems_list *gems_list_free(struct gems_list *list);

/** gems_list_add - keep a copy, text included; -ENOMEM */
int gems_list_add(struct gems_list *list, const struct panthor_gems_row *row);

/** gems_list_show - sort and show all */
void gems_list_show(struct gems_list *list, enum gems_sort key, struct out *out);

enum gems_group_by {
	GEMS_BY_NONE,
	GEMS_BY_PROCESS,
	GEMS_BY_LABEL,
};

/* Sums per group, in memory that grows with the number of groups. */
struct gems_groups;

struct gems_groups *gems_groups_new(enum gems_group_by by);
struct gems_groups *gems_groups_free(struct gems_groups *groups);

/** gems_groups_add - count a row; -ENOMEM */
int gems_groups_add(struct gems_groups *groups, const struct panthor_gems_row *row);

size_t gems_groups_count(const struct gems_groups *groups);

void gems_groups_header(const struct gems_groups *groups, struct out *out);

/** gems_groups_show - sort (by size unless told otherwise) and show all */
void gems_groups_show(struct gems_groups *groups, enum gems_sort key, struct out *out);

#endif
