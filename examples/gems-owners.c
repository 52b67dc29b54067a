// SPDX-License-Identifier: MIT
/*
 * Who has how much GPU memory: the rows of the debugfs table of all BOs, added up by process. The
 * table is the first device's, which takes root, or a copy that somebody has sent.
 */
#include <fcntl.h>
#include <inttypes.h>

#include "example.h"

static const char *const about =
	"Adds up the table of all BOs by process. In place of DEVICE: a file with such a table.";

struct owner {
	int64_t tgid;
	uint64_t bos;
	uint64_t bytes;
	uint64_t resident;
};

struct owners {
	struct owner *all;
	size_t count;
};

static struct owner *owner_of(struct owners *owners, int64_t tgid)
{
	for (size_t i = 0; i < owners->count; i++) {
		if (owners->all[i].tgid == tgid)
			return &owners->all[i];
	}
	owners->all = realloc(owners->all, (owners->count + 1) * sizeof(*owners->all));
	must(owners->all ? 0 : -ENOMEM, "counting");
	owners->all[owners->count] = (struct owner){ .tgid = tgid };
	return &owners->all[owners->count++];
}

static void count(struct owners *owners, const struct panthor_gems_row *row)
{
	struct owner *owner = owner_of(owners, row->tgid);

	owner->bos++;
	owner->bytes += row->size;
	owner->resident += row->resident;
}

/* Names and labels are other people's text; numbers are all that is shown here. */
static void show(const struct owners *owners)
{
	for (size_t i = 0; i < owners->count; i++) {
		const struct owner *owner = &owners->all[i];

		printf("process %" PRId64 ": %" PRIu64 " BOs, %" PRIu64 " bytes, %" PRIu64
		       " of them in memory\n",
		       owner->tgid, owner->bos, owner->bytes, owner->resident);
	}
}

/* Whoever labels BOs may write into the label what looks like a row; the sums tell. */
static int judge(const struct panthor_gems *gems)
{
	struct panthor_gems_summary summary;

	must(panthor_gems_summary(gems, &summary), "adding up");
	if (summary.integrity == PANTHOR_GEMS_OK)
		return EXIT_SUCCESS;
	fprintf(stderr, "the table is not to be believed: its rows are not what its end says\n");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool of_file = argc == 2 && argv[1][0] != '-';
	struct panthor_device *dev = NULL;
	struct owners owners = { NULL, 0 };
	struct panthor_gems *gems;
	struct panthor_gems_row row;
	int r, fd = -1, status;

	if (of_file) {
		fd = open(argv[1], O_RDONLY | O_CLOEXEC);
		must(fd < 0 ? -errno : panthor_gems_open_fd(fd, &gems), argv[1]);
	} else {
		dev = open_device(argc, argv, about);
		must(panthor_gems_open_device(dev, &gems), "opening the table");
	}
	while ((r = panthor_gems_next(gems, &row)) == 1)
		count(&owners, &row);
	must(r, "reading the table");
	show(&owners);
	status = judge(gems);

	panthor_gems_close(gems);
	panthor_device_unref(dev);
	free(owners.all);
	return status;
}
