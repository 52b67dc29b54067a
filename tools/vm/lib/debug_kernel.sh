# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The debug kernel: Debian's source with tools/vm/debug/config, built into the cache. Its release is
# a hash of all that decides what it is, so a kernel that is there is the right one, and two
# configurations live side by side.

DEBUG_CONFIG=${BASH_SOURCE[0]%/*}/../debug/config

# How much longer things may take on it.
DEBUG_SLOWDOWN=8

DEBUG_PACKAGES=(gcc libc6-dev make perl flex bison bc libelf-dev xz-utils cpio kmod)

# debug_kernel_release VERSION: the release of the kernel that the package of that version makes.
debug_kernel_release() {
	local version=$1

	printf '%s-debug-%s\n' "${version%%-*}" "$({
		printf '%s\n' "$version"
		gcc --version
		grep '^CONFIG_' "$DEBUG_CONFIG"
	} | sha256sum | cut -c 1-12)"
}

# As kernel_find, for the debug kernel. Which version of the source is decided by the cache.
debug_kernel_find() {
	local root version

	for root in "$(kernel_dir)"/*-debug-*; do
		version=$(cat "$root/source-version" 2>/dev/null) || continue
		[ "${root##*/}" = "$(debug_kernel_release "$version")" ] || continue
		touch "$root" 2>/dev/null || true
		kernel_use "$root"
		return
	done
	return 1
}

debug_kernel_make() {
	local work=$1 release=$2

	shift 2
	make -s -C "$work/source" O="$work/build" LOCALVERSION="-${release#*-}" "$@"
}

# debug_kernel_configure WORK RELEASE: fails, with their names, when symbols do not take.
debug_kernel_configure() {
	local work=$1 missed

	debug_kernel_make "$@" KCONFIG_ALLCONFIG="$(realpath "$DEBUG_CONFIG")" allnoconfig ||
		return
	missed=$(grep '^CONFIG_' "$DEBUG_CONFIG" | grep -vxF -f "$work/build/.config") || return 0
	say "this source does not take ${missed//$'\n'/, }"
	return 1
}

# debug_kernel_install WORK RELEASE: lays WORK/root out as Debian's packages do, headers included.
debug_kernel_install() {
	local work=$1 release=$2
	local headers=$work/root/usr/src/linux-headers-$release
	local pack="\$(srctree)/scripts/package/install-extmod-build $headers"

	rm -rf "$work/root"
	mkdir -p "$work/root/boot" "$work/root/usr/src"
	debug_kernel_make "$work" "$release" INSTALL_MOD_PATH="$work/root" INSTALL_MOD_STRIP=1 \
		modules_install &&
		debug_kernel_make "$work" "$release" run-command KBUILD_RUN_COMMAND="$pack" &&
		cp "$work/build/arch/x86/boot/bzImage" "$work/root/boot/vmlinuz-$release" &&
		cp "$work/build/.config" "$headers/.config" &&
		rm -f "$work/root/lib/modules/$release/build"
}

# debug_kernel_build WORK RELEASE VERSION: resumes what an interrupted build left in WORK.
debug_kernel_build() {
	local work=$1 release=$2 version=$3

	if [ ! -f "$work/unpacked" ]; then
		source_download "$work" || return
		rm -rf "$work/source"
		quietly "unpacking the kernel's source" source_unpack "$work" "$work/source" ||
			return
		: >"$work/unpacked"
	fi
	checkpatch_keep "$work/source" || return
	mkdir -p "$work/build"
	quietly "configuring the debug kernel" debug_kernel_configure "$work" "$release" || return
	quietly "building the debug kernel" \
		debug_kernel_make "$work" "$release" -j "$(nproc)" bzImage modules || return
	quietly "installing the debug kernel" debug_kernel_install "$work" "$release" || return
	printf '%s\n' "$version" >"$work/root/source-version"
}

# Builds the debug kernel if the cache has none. A second caller waits for the first.
debug_kernel_fetch() {
	local dir version release work status=0

	debug_kernel_find && return
	dir=$(kernel_dir)
	mkdir -p "$dir" || return
	exec {debug_lock}>"$dir/debug.lock" || return
	if ! flock -n "$debug_lock"; then
		say "another run is building the debug kernel: waiting for it"
		flock "$debug_lock"
	fi
	if ! debug_kernel_find; then
		debug_kernel_fetch_locked || status=$?
	fi
	exec {debug_lock}>&-
	return "$status"
}

debug_kernel_fetch_locked() {
	local dir version release work

	dir=$(kernel_dir)
	version=$(source_version)
	if [ -z "$version" ]; then
		quietly "apt-get update" as_root apt-get -q update || return
		version=$(source_version)
	fi
	[ -n "$version" ] || die 1 "the archive has no $SOURCE_PACKAGE"
	release=$(debug_kernel_release "$version")
	work=$dir/.build-$release
	# Other configurations that were given up; nobody else is here while we hold the lock.
	find "$dir" -mindepth 1 -maxdepth 1 -name '.build-*' ! -name ".build-$release" \
		-exec rm -rf {} +
	mkdir -p "$work" || return
	say "building the debug kernel $release, once: ten minutes on two CPUs"
	debug_kernel_build "$work" "$release" "$version" || return
	mv -T "$work/root" "$dir/$release" || return
	rm -rf "$work"
	find "$dir" -mindepth 1 -maxdepth 1 -name '*-debug-*' ! -name "$release" -mtime +7 \
		-exec rm -rf {} +
	debug_kernel_find
}

# Adds to MEM and TIMEOUT what the debug kernel takes itself: about as much memory is left to the
# command as Debian's kernel would have left it. KASAN keeps a byte of eight.
debug_kernel_needs() {
	MEM=$(((MEM + 64) * 8 / 7))
	TIMEOUT=$((TIMEOUT * DEBUG_SLOWDOWN))
	ENVS+=("VM_SLOWDOWN=$DEBUG_SLOWDOWN")
	# Without it KASAN's first report silences the others.
	KERNEL_ARGS+=" kasan_multi_shot"
}
