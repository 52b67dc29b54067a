// SPDX-License-Identifier: MIT
/* Where the gems reader gets its bytes from, and what goes wrong there. */
#include <fcntl.h>
#include <sys/mman.h>

#include "device.h"
#include "gems.h"
#include "gems_table.h"
#include "unit.h"

static void reads_a_pipe(void **state)
{
	struct gems_table table = { 0 };
	struct panthor_gems *gems = NULL;
	struct panthor_gems_row row;
	int pipe_fds[2];

	table_head(&table);
	table_row(&table, "a/1", 4096, 4096, "x");
	table_footer(&table);
	assert_int_equal(pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(write(pipe_fds[1], table.text, table.len), table.len);
	assert_int_equal(panthor_gems_open_fd(pipe_fds[0], &gems), 0);
	close(pipe_fds[1]);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	assert_int_equal(panthor_gems_next(gems, &row), 0);
	panthor_gems_close(gems);
	/* The descriptor stayed ours. */
	assert_int_equal(close(pipe_fds[0]), 0);
	table_free(&table);
}

/* A program may be older than the library, or newer: each gets what both know. */
static void structures_of_other_versions(void **state)
{
	const size_t old_row = offsetof(struct panthor_gems_row, size);
	const size_t old_summary = offsetof(struct panthor_gems_summary, integrity);
	struct {
		struct panthor_gems_row known;
		uint64_t later;
	} row = { .later = 77 };
	struct {
		struct panthor_gems_summary known;
		uint64_t later;
	} summary = { .later = 77 };
	struct gems_table table = { 0 };
	struct memory_stream stream;
	struct panthor_gems *gems;

	table_head(&table);
	table_row(&table, "a/1", 8192, 4096, "x");
	table_row(&table, "a/2", 8192, 4096, "x");
	table_footer(&table);
	memory_stream_init(&stream, table.text, table.len);
	gems = memory_stream_open(&stream);
	row.known.size = 77;
	assert_int_equal(panthor_gems_next_sized(gems, &row.known, old_row), 1);
	assert_int_equal(row.known.tgid, 1);
	assert_int_equal(row.known.size, 77);
	assert_int_equal(panthor_gems_next_sized(gems, &row.known, sizeof(row)), 1);
	assert_int_equal(row.known.size, 8192);
	assert_int_equal(row.later, 0);
	assert_int_equal(panthor_gems_next_sized(gems, &row.known, sizeof(row)), 0);

	summary.known.integrity = PANTHOR_GEMS_NO_FOOTER;
	assert_int_equal(panthor_gems_summary_sized(gems, &summary.known, old_summary), 0);
	assert_int_equal(summary.known.rows, 2);
	assert_int_equal(summary.known.integrity, PANTHOR_GEMS_NO_FOOTER);
	assert_int_equal(panthor_gems_summary_sized(gems, &summary.known, sizeof(summary)), 0);
	assert_int_equal(summary.known.integrity, PANTHOR_GEMS_OK);
	assert_int_equal(summary.later, 0);
	panthor_gems_close(gems);
	table_free(&table);
}

static void read_errors_stay(void **state)
{
	static const int errors[] = { EIO, EAGAIN };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct gems_table table = { 0 };
		struct memory_stream stream;
		struct panthor_gems_summary summary;
		struct panthor_gems_row row = { .tgid = 42 };
		struct panthor_gems *gems;

		table_head(&table);
		table_row(&table, "a/1", 4096, 4096, "x");
		memory_stream_init(&stream, table.text, table.len);
		stream.chunk = 100;
		stream.fail_at = table.len - 50;
		stream.error = errors[i];
		gems = memory_stream_open(&stream);
		assert_int_equal(panthor_gems_next(gems, &row), -errors[i]);
		stream.error = 0;
		assert_int_equal(panthor_gems_next(gems, &row), -errors[i]);
		assert_int_equal(panthor_gems_summary(gems, &summary), -errors[i]);
		assert_int_equal(row.tgid, 42);
		panthor_gems_close(gems);
		table_free(&table);
	}
}

/* Wherever the reader is: in the head, in front of the first row, in a label, in the footer. */
static void read_errors_anywhere(void **state)
{
	struct gems_table table = { 0 };

	table_head(&table);
	table_add(&table, "%300s\n", "rubbish");
	table_row(&table, "a/1", 4096, 4096, "a label\nof two lines");
	table_row(&table, "b/2", 4096, 0, "");
	table_footer(&table);
	for (size_t fail_at = 0; fail_at <= table.len; fail_at++) {
		struct panthor_gems_summary summary;
		struct panthor_gems_row row;
		struct memory_stream stream;
		struct panthor_gems *gems;
		int r;

		memory_stream_init(&stream, table.text, table.len);
		stream.chunk = 1;
		stream.fail_at = fail_at;
		stream.error = EIO;
		gems = memory_stream_open(&stream);
		do {
			r = panthor_gems_next(gems, &row);
		} while (r == 1);
		assert_int_equal(r, -EIO);
		assert_int_equal(panthor_gems_summary(gems, &summary), -EIO);
		panthor_gems_close(gems);
	}
	table_free(&table);
}

static void interrupted_read_is_repeated(void **state)
{
	struct gems_table table = { 0 };
	struct memory_stream stream;
	struct panthor_gems_row row;
	struct panthor_gems *gems;

	table_head(&table);
	table_row(&table, "a/1", 4096, 4096, "x");
	memory_stream_init(&stream, table.text, table.len);
	stream.error = EINTR;
	gems = memory_stream_open(&stream);
	assert_int_equal(panthor_gems_next(gems, &row), 1);
	panthor_gems_close(gems);
	table_free(&table);
}

static void open_errors(void **state)
{
	struct fixture *f = *state;
	struct panthor_gems *gems = NULL;

	assert_int_equal(gems_open(&panthor_transport_system, "/nonexistent/gems", &gems), -ENOENT);
	fake_fail(f->fake, FAKE_OPEN, 1, EACCES);
	assert_int_equal(gems_open(&f->fake->io, "gems", &gems), -EACCES);
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(gems_open_fd(&f->fake->io, 0, &gems), -ENOMEM);
	assert_null(gems);
	assert_null(panthor_gems_close(NULL));
}

static void open_device(void **state)
{
	static const char *const paths[] = { "/sys/kernel/debug/dri/128/gems",
					     "/sys/kernel/debug/dri/0/gems" };
	struct fixture *f = *state;
	struct gems_table table = { 0 };
	struct panthor_device *card;
	struct panthor_gems *gems = NULL;
	struct panthor_gems_row row;

	assert_int_equal(panthor_gems_open_device(f->dev, &gems), -ENOENT);
	fake_fail(f->fake, FAKE_OPEN, 1, EACCES);
	assert_int_equal(panthor_gems_open_device(f->dev, &gems), -EACCES);
	assert_null(gems);

	table_head(&table);
	table_row(&table, "a/1", 4096, 4096, "x");
	f->fake->debugfs_fd = memfd_create("gems", MFD_CLOEXEC);
	assert_int_equal(write(f->fake->debugfs_fd, table.text, table.len), table.len);
	for (size_t i = 0; i < 2; i++) {
		f->fake->debugfs_path = paths[i];
		assert_int_equal(panthor_gems_open_device(f->dev, &gems), 0);
		assert_int_equal(panthor_gems_next(gems, &row), 1);
		/* Closes its descriptor; the teardown counts. */
		panthor_gems_close(gems);
	}
	/* From the primary node, on a kernel that has a folder for the render node only. */
	f->fake->debugfs_path = paths[0];
	assert_int_equal(device_open(&f->fake->io, "/dev/dri/card0", &card), 0);
	assert_int_equal(panthor_gems_open_device(card, &gems), 0);
	panthor_gems_close(gems);
	panthor_device_unref(card);

	gems = NULL;
	fake_fail(f->fake, FAKE_ALLOC, 1, ENOMEM);
	assert_int_equal(panthor_gems_open_device(f->dev, &gems), -ENOMEM);
	assert_null(gems);
	close(f->fake->debugfs_fd);
	table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_pipe),
		cmocka_unit_test(structures_of_other_versions),
		cmocka_unit_test(read_errors_stay),
		cmocka_unit_test(read_errors_anywhere),
		cmocka_unit_test(interrupted_read_is_repeated),
		fixture_test(open_errors),
		fixture_test(open_device),
	};

	return cmocka_run_group_tests_name("gems-io", tests, NULL, NULL);
}
