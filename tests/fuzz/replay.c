// SPDX-License-Identifier: MIT
/*
 * replay FILE|FOLDER...: in place of libFuzzer, gives each file to the target, in the order of
 * names. A target that does not like one ends the program; the name is the last one printed.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned int n_files;

/* Of just its size, so that an access beyond it is seen. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint8_t *data;

	fuzz_check(file && !fstat(fileno(file), &st));
	data = malloc((size_t)st.st_size);
	fuzz_check(data || !st.st_size);
	fuzz_check(fread(data, 1, (size_t)st.st_size, file) == (size_t)st.st_size);
	fclose(file);
	*ret_size = (size_t)st.st_size;
	return data;
}

static void replay_file(const char *path)
{
	size_t size;
	uint8_t *data = read_file(path, &size);

	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	printf("ok %u\n", ++n_files);
	free(data);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, alphasort);

	fuzz_check(count > 0);
	for (int i = 0; i < count; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		replay_file(file);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;

		fuzz_check(!stat(argv[i], &st));
		if (S_ISDIR(st.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("1..%u\n", n_files);
	return n_files ? 0 : 2;
}
