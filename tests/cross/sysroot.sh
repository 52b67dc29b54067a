# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Libraries of another architecture, for cross builds: Debian's packages, unpacked in the cache,
# never installed. apt has state of its own here, so the system's architectures stay as they are;
# the sources, proxies and keys are the system's. Expects tools/vm/lib/common.sh.

# What the tree is built with, apart from libc, which the cross compilers bring, and what its cache
# of BOs is compared with.
SYSROOT_PACKAGES=(libdrm2 libdrm-dev libjson-c5 libjson-c-dev libcmocka0 libcmocka-dev
	libdrm-freedreno1 libdrm-etnaviv1)

# A folder is for one list of packages: another list is downloaded anew, and a build that was
# configured with another one notices. Other checkouts may still use theirs.
sysroot_dir() {
	local key

	key=$(printf '%s\n' "${SYSROOT_PACKAGES[@]}" | sha256sum)
	printf '%s/sysroot/%s-%s\n' "$(cache_dir)" "$1" "${key:0:8}"
}

# sysroot_apt_config DIR ARCH: prints apt's configuration for a system of ARCH without packages,
# whose state is in DIR. Hooks and translations of the real system do not belong to it.
sysroot_apt_config() {
	local dir=$1 arch=$2

	cat <<-END
		APT::Architecture "$arch";
		#clear APT::Architectures;
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		APT::Get::AllowUnauthenticated "false";
		Acquire::AllowInsecureRepositories "false";
		Acquire::Languages "none";
		#clear APT::Update;
		Dir::State "$dir";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir";
	END
}

# sysroot_unpack TMP ARCH: downloads, and unpacks into TMP/root. In a subshell: changes directory.
sysroot_unpack() (
	local tmp=$1 arch=$2 deb

	mkdir -p "$tmp"/{lists,archives}/partial "$tmp"/{debs,root} || return
	: >"$tmp/status"
	sysroot_apt_config "$tmp" "$arch" >"$tmp/apt.conf"
	export APT_CONFIG=$tmp/apt.conf
	cd "$tmp/debs" || return
	# One source of several may be unusable; what counts is whether the packages are found.
	apt-get -q update
	apt-get -q download "${SYSROOT_PACKAGES[@]}" || return
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$tmp/root" || return
	done
)

# Fills the cache for ARCH if it is empty. A second caller waits for the first.
sysroot_fetch() {
	local arch=$1 dir tmp lock status=0 name

	dir=$(sysroot_dir "$arch")
	name=${dir##*/}
	[ ! -d "$dir" ] || return 0
	mkdir -p "${dir%/*}" || return
	exec {lock}>"$dir.lock"
	flock "$lock"
	if [ ! -d "$dir" ]; then
		# Left by somebody who was killed: nobody else is here while we hold the lock.
		rm -rf "${dir%/*}/.$name".*
		tmp=$(mktemp -d "${dir%/*}/.$name.XXXXXX") &&
			quietly "downloading libraries for $arch" sysroot_unpack "$tmp" "$arch" &&
			mv -T "$tmp/root" "$dir" || status=$?
		rm -rf "$tmp"
	fi
	exec {lock}>&-
	return "$status"
}
