# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The kernel's source, as Debian packages it: downloaded for what needs it, never installed.

SOURCE_PACKAGE=linux-source-${KERNEL_SERIES%%-*}

# What checkpatch consists of.
CHECKPATCH_FILES=(checkpatch.pl spelling.txt const_structs.checkpatch)

# Prints the version the archive has.
source_version() {
	apt-cache show --no-all-versions "$SOURCE_PACKAGE" 2>/dev/null | sed -n 's/^Version: //p'
}

source_get() {
	quietly "downloading the kernel's source" \
		apt-get -q -o APT::Sandbox::User=root download "$SOURCE_PACKAGE"
}

# Downloads the package into DIR, once. What an interrupted download left is not taken for it.
source_download() {
	local dir=$1

	[ ! -d "$dir/package" ] || return 0
	rm -rf "$dir/download"
	mkdir -p "$dir/download" || return
	if ! (cd "$dir/download" && source_get) 2>"$dir/err"; then
		# An index older than the archive names files that are gone: refresh it, once.
		quietly "apt-get update" as_root apt-get -q update || return
		(cd "$dir/download" && source_get) || return
	fi
	mv -T "$dir/download" "$dir/package"
}

# source_unpack DIR INTO [TAR_ARG...]: unpacks what source_download left in DIR.
source_unpack() {
	local dir=$1 into=$2

	shift 2
	mkdir -p "$into"
	dpkg-deb --fsys-tarfile "$dir"/package/*.deb | tar -xO --wildcards './usr/src/*.tar.xz' |
		tar -xJ -C "$into" --strip-components 1 --no-same-owner "$@"
}

checkpatch_dir() {
	printf '%s/checkpatch\n' "$(cache_dir)"
}

# checkpatch_keep SOURCE: copies it from a source tree into the cache. Nobody sees half of it.
checkpatch_keep() {
	local source=$1 dir tmp

	dir=$(checkpatch_dir)
	tmp=$(mktemp -d "$(cache_dir)/.checkpatch.XXXXXX") || return
	cp "${CHECKPATCH_FILES[@]/#/$source/scripts/}" "$tmp" || return
	mv -T "$tmp" "$dir" 2>/dev/null || rm -rf "$tmp"
	[ -d "$dir" ]
}

# Fills the cache with checkpatch if it is not there.
checkpatch_fetch() {
	local tmp status=0

	[ ! -d "$(checkpatch_dir)" ] || return 0
	mkdir -p "$(cache_dir)" || return
	# Left by somebody who was killed.
	find "$(cache_dir)" -maxdepth 1 -name '.source.*' -mmin +60 -exec rm -rf {} +
	tmp=$(mktemp -d "$(cache_dir)/.source.XXXXXX") || return
	{
		source_download "$tmp" &&
			quietly "unpacking checkpatch" source_unpack "$tmp" "$tmp/source" \
				--wildcards "${CHECKPATCH_FILES[@]/#/*/scripts/}" &&
			checkpatch_keep "$tmp/source"
	} || status=$?
	rm -rf "$tmp"
	return "$status"
}
