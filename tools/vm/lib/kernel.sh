# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The guest's kernel: Debian's image, modules and headers, unpacked in the cache, never installed.
# One folder per release; `current` points at the one in use and stays there until it is removed,
# so that a new point release in the archive changes nothing under a working tree.

kernel_dir() {
	printf '%s/kernel\n' "$(cache_dir)"
}

# kernel_use ROOT: sets KERNEL_ROOT (the unpacked tree), KERNEL_RELEASE, KERNEL_IMAGE and
# KERNEL_HEADERS. Returns 1 when there is no kernel.
kernel_use() {
	KERNEL_ROOT=$1
	KERNEL_RELEASE=${KERNEL_ROOT##*/}
	KERNEL_IMAGE=$KERNEL_ROOT/boot/vmlinuz-$KERNEL_RELEASE
	KERNEL_HEADERS=$KERNEL_ROOT/usr/src/linux-headers-$KERNEL_RELEASE
	[ -f "$KERNEL_IMAGE" ]
}

# Uses Debian's kernel. Returns 1 when the cache is empty.
kernel_find() {
	kernel_use "$(readlink -f "$(kernel_dir)/current")"
}

# Prints the release behind Debian's meta package, e.g. 6.12.94+deb12-amd64.
kernel_resolve() {
	apt-cache depends "linux-image-$KERNEL_SERIES" 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -n 1
}

kernel_packages() {
	local release=$1
	local base=${release%-amd64}

	printf '%s\n' "linux-image-$release" "linux-headers-$release" \
		"linux-headers-$base-common" "linux-kbuild-$base"
}

# Downloads and unpacks into TMP. Run in a subshell: changes directory.
kernel_unpack() {
	local tmp=$1 release=$2 deb headers
	local -a packages

	mapfile -t packages < <(kernel_packages "$release")
	mkdir -p "$tmp/debs" "$tmp/root"
	cd "$tmp/debs" || return
	quietly "downloading the kernel" \
		apt-get -q -o APT::Sandbox::User=root download "${packages[@]}" || return
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$tmp/root" || return
	done
	headers=usr/src/linux-headers-${release%-amd64}-common
	printf 'include %s/%s/Makefile\n' "$(kernel_dir)/$release" "$headers" \
		>"$tmp/root/usr/src/linux-headers-$release/Makefile"
	# Without vmlinux Kbuild makes no BTF for our module: quicker, and pahole is not needed.
	rm -f "$tmp/root/usr/src/linux-headers-$release/vmlinux"
	depmod -b "$tmp/root" "$release"
}

# Fills the cache if it is empty. A second caller waits for the first.
kernel_fetch() {
	local dir release tmp

	kernel_find && return
	dir=$(kernel_dir)
	mkdir -p "$dir"
	exec {kernel_lock}>"$dir/lock"
	flock "$kernel_lock"
	if kernel_find; then
		exec {kernel_lock}>&-
		return
	fi
	release=$(kernel_resolve)
	if [ -z "$release" ]; then
		quietly "apt-get update" as_root apt-get -q update || return
		release=$(kernel_resolve)
	fi
	[ -n "$release" ] || die 1 "the archive has no linux-image-$KERNEL_SERIES"

	# Left by somebody who was killed: nobody else is here while we hold the lock.
	rm -rf "$dir"/.unpack.*
	say "fetching Debian's kernel $release into $dir"
	tmp=$(mktemp -d "$dir/.unpack.XXXXXX")
	if ! (kernel_unpack "$tmp" "$release") 2>"$tmp/err"; then
		# An index older than the archive names files that are gone: refresh it, once.
		quietly "apt-get update" as_root apt-get -q update
		release=$(kernel_resolve)
		rm -rf "${tmp:?}/debs" "$tmp/root"
		if ! (kernel_unpack "$tmp" "$release"); then
			rm -rf "$tmp"
			return 1
		fi
	fi
	rm -rf "${dir:?}/$release"
	mv "$tmp/root" "$dir/$release"
	ln -sfn "$release" "$dir/current"
	rm -rf "$tmp"
	exec {kernel_lock}>&-
	kernel_find
}
