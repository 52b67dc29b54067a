// SPDX-License-Identifier: MIT
/*
 * `gems` tables through the tool: rows, sorted rows and sums, as text and as JSON. The text drives
 * no terminal, and the JSON has the numbers of the rows.
 */
#include "fuzz_capture.h"
#include "gems.h"
#include "json.h"
#include "out.h"
#include "panthor.h"
#include "text.h"

#define MAX_ROWS 64

/* Rows are good until the next one only, so each is shown and added up as it comes. */
struct totals {
	uint64_t rows;
	uint64_t size;
	uint64_t resident;
};

struct views {
	struct json_writer json;
	struct out out;
	struct gems_list *list;
	struct gems_groups *groups[2];
};

static void take_row(struct views *views, struct totals *totals, const struct panthor_gems_row *row)
{
	gems_row_show(&views->out, row);
	fuzz_check(!gems_list_add(views->list, row));
	for (size_t i = 0; i < 2; i++)
		fuzz_check(!gems_groups_add(views->groups[i], row));
	totals->rows++;
	totals->size += row->size;
	totals->resident += row->resident;
}

static void show_rows(struct views *views, int fd, struct totals *ret_totals)
{
	struct totals totals = { 0 };
	struct panthor_gems_row row;
	struct panthor_gems *gems;

	fuzz_check(!panthor_gems_open_fd(fd, &gems));
	out_open_array(&views->out, "rows", NULL);
	gems_row_header(&views->out);
	while (totals.rows < MAX_ROWS && panthor_gems_next(gems, &row) == 1)
		take_row(views, &totals, &row);
	out_close(&views->out);
	panthor_gems_close(gems);
	*ret_totals = totals;
}

static void show_all(struct views *views, int fd, enum gems_sort sort, struct totals *ret_totals)
{
	static const char *const keys[] = { "by-process", "by-label" };

	out_open(&views->out, NULL, NULL);
	show_rows(views, fd, ret_totals);
	out_open_array(&views->out, "sorted", NULL);
	gems_list_show(views->list, sort, &views->out);
	out_close(&views->out);
	for (size_t i = 0; i < 2; i++) {
		out_open_array(&views->out, keys[i], NULL);
		gems_groups_header(views->groups[i], &views->out);
		gems_groups_show(views->groups[i], sort, &views->out);
		out_close(&views->out);
	}
	jsonw_finish(&views->json);
}

static uint64_t sum(struct json_object *rows, const char *key)
{
	uint64_t total = 0;

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *value =
			json_object_object_get(json_object_array_get_idx(rows, i), key);

		total += json_object_get_uint64(value);
	}
	return total;
}

static void check_json(struct json_object *doc, const struct totals *totals)
{
	static const char *const keys[] = { "rows", "sorted", "by-process", "by-label" };

	for (size_t i = 0; i < 4; i++) {
		struct json_object *rows = json_object_object_get(doc, keys[i]);
		const bool is_groups = i >= 2;

		fuzz_check(sum(rows, "size_bytes") == totals->size);
		fuzz_check(sum(rows, "resident_bytes") == totals->resident);
		fuzz_check((is_groups ? sum(rows, "bos") : json_object_array_length(rows)) ==
			   totals->rows);
	}
	json_object_put(doc);
}

static void check_text(struct capture *capture)
{
	size_t len, used;
	char *text = capture_close(capture, &len);

	for (size_t i = 0; i < len; i += used) {
		uint32_t cp;

		used = utf8_decode(text + i, len - i, &cp);
		fuzz_check(used && (cp == '\n' || !text_is_hostile(cp)));
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct capture json, text;
	struct totals totals = { 0 };
	struct views views = { .list = gems_list_new() };
	int fd = memfd_create("gems", 0);

	fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size && !lseek(fd, 0, SEEK_SET));
	views.groups[0] = gems_groups_new(GEMS_BY_PROCESS);
	views.groups[1] = gems_groups_new(GEMS_BY_LABEL);
	fuzz_check(views.list && views.groups[0] && views.groups[1]);
	jsonw_init(&views.json, capture_open(&json));
	out_init(&views.out, &views.json, capture_open(&text));
	show_all(&views, fd, size % (GEMS_SORT_LABEL + 1), &totals);
	close(fd);
	gems_list_free(views.list);
	gems_groups_free(views.groups[0]);
	gems_groups_free(views.groups[1]);
	check_json(capture_parse(&json), &totals);
	check_text(&text);
	return 0;
}
