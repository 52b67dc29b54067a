# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Builds for other processors, for those who source this: common.sh and sysroot.sh come before it.

skip() {
	echo "$*"
	exit 77
}

# cross_arch ARCH: sets triplet, large_pages (sizes that kernels have there beside 4 KiB) and
# emulator, the command in front of a program.
cross_arch() {
	case $1 in
	arm64)
		triplet=aarch64-linux-gnu
		emulator=(qemu-aarch64)
		large_pages=(16384 65536)
		;;
	armhf)
		triplet=arm-linux-gnueabihf
		# As in armhf.ini.
		emulator=(qemu-arm -B 0x100000000)
		large_pages=()
		;;
	*)
		echo "$PROG: no architecture $1" >&2
		return 2
		;;
	esac
	emulator+=(-L "/usr/$triplet"
		-E "LD_LIBRARY_PATH=$(sysroot_dir "$1")/usr/lib/$triplet")
}

# cross_configure ARCH SOURCE DIR: makes DIR a build for ARCH, whose cross_arch() came before, and
# keeps a lock on it; exits 77 if something is not here.
cross_configure() {
	local arch=$1 source=$2 dir=$3 tool want lock
	local -a setup=(-Dtools=enabled -Dtests=enabled -Dman=disabled)

	for tool in "$triplet-gcc" "${emulator[0]}" apt-get dpkg-deb pkg-config; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	[ -d "/usr/$triplet/include" ] || skip "no C library for $arch: libc6-dev-$arch-cross"
	sysroot_fetch "$arch" 2>&1 || skip "Debian's libraries for $arch cannot be downloaded"
	[ "${CI:-}" != true ] || setup+=(--werror)

	# One at a time: ninja has no lock of its own.
	mkdir -p "$dir"
	exec {lock}>"$dir.lock"
	flock "$lock"

	# A folder is for one set of options, of libraries, and of compilers: C++ may come later.
	printf '[constants]\nsysroot = '\''%s'\''\n' "$(sysroot_dir "$arch")" >"$dir.ini"
	want="${setup[*]} $(cat "$dir.ini" "$source/tests/cross/$arch.ini")
$(command -v "$triplet-g++" || true)"
	[ "$want" != "$(cat "$dir/.stage-options" 2>/dev/null)" ] || return 0
	rm -rf "$dir"
	quietly "meson setup" meson setup "${setup[@]}" --cross-file "$dir.ini" \
		--cross-file "$source/tests/cross/$arch.ini" "$dir" "$source" || return
	printf '%s\n' "$want" >"$dir/.stage-options"
}
