# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The guest's file system: two cpio archives, which the kernel unpacks one over the other.
# - base: busybox and the kernel modules, kept in the cache;
# - overlay: init, the built driver, tools and whatever this run brings, made for every boot from a
#   folder of symlinks into the host, so that nothing is copied before it is packed.

# Modules every guest has, besides those vpanthor.ko asks for.
BASE_MODULES=(vgem zram lz4 lz4_compress)

# guest_modules KO: the modules KO and BASE_MODULES need, as paths below lib/modules/RELEASE.
guest_modules() {
	local ko=$1 top=$KERNEL_ROOT/lib/modules/$KERNEL_RELEASE name
	local -a names=("${BASE_MODULES[@]}")

	if [ -n "$ko" ]; then
		# shellcheck disable=SC2207 # module names are words
		names+=($(modinfo -F depends "$ko" | tr ',' ' '))
	fi
	for name in "${names[@]}"; do
		modprobe -d "$KERNEL_ROOT" -S "$KERNEL_RELEASE" --show-depends "$name" || return
	done | sed -n "s,^insmod $top/\([^ ]*\).*,\1,p" | LC_ALL=C sort -u
}

pack() {
	find -L . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio -o -0 -L -H newc -R 0:0 --quiet
}

# Builds the folder behind the base archive. Real symlinks in it must survive: no -L here.
base_tree() {
	local tree=$1 modules=$2 m dir applet

	mkdir -p "$tree"/{dev,proc,sys,vm,root,tmp,run,out,etc}
	mkdir -p "$tree"/usr/{bin,sbin,lib64,lib/x86_64-linux-gnu,local/bin}
	chmod 1777 "$tree/tmp"
	for dir in bin sbin lib lib64; do
		ln -s "usr/$dir" "$tree/$dir"
	done
	cp /bin/busybox "$tree/usr/bin/busybox"
	while read -r applet; do
		applet=${applet##*/}
		[ "$applet" = busybox ] || ln -s busybox "$tree/usr/bin/$applet"
	done < <(busybox --list)
	printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/:/bin/sh \
		>"$tree/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: >"$tree/etc/group"
	for m in $modules; do
		dir=$tree/usr/lib/modules/$KERNEL_RELEASE/${m%/*}
		mkdir -p "$dir"
		# Compressed in Debian's kernel, plain in the debug kernel: -f takes either.
		xz -dcf "$KERNEL_ROOT/lib/modules/$KERNEL_RELEASE/$m" >"$dir/$(basename "$m" .xz)"
	done
}

# Sets BASE: the folder with base.cpio and tree/ for the modules that KO needs.
base_find() {
	local ko=$1 modules key tmp

	modules=$(guest_modules "$ko") || return
	key=$({ printf '%s\n' "$KERNEL_RELEASE" "$modules" && cat /bin/busybox \
		"$VM_DIR/lib/initramfs.sh"; } | sha256sum | cut -c 1-16)
	BASE=$(cache_dir)/base/$key
	if [ -f "$BASE/base.cpio" ]; then
		touch "$BASE"
		return
	fi
	mkdir -p "${BASE%/*}"
	find "${BASE%/*}" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
	tmp=$(mktemp -d "${BASE%/*}/.base.XXXXXX")
	base_tree "$tmp/tree" "$modules" &&
		(cd "$tmp/tree" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
			cpio -o -0 -H newc -R 0:0 --quiet) >"$tmp/base.cpio" || return
	# Somebody else may have been quicker; theirs is the same.
	mv -T "$tmp" "$BASE" 2>/dev/null || rm -rf "$tmp"
}

# overlay_add DIR HOST GUEST: makes HOST (file or folder) appear at GUEST.
overlay_add() {
	local overlay=$1 host=$2 guest=$3

	guest=$(realpath -ms "/$guest")
	case $guest in
	/bin/* | /sbin/* | /lib/* | /lib64/*) guest=/usr$guest ;;
	esac
	mkdir -p "$overlay${guest%/*}"
	ln -sfn "$(realpath "$host")" "$overlay$guest"
}

# overlay_libraries DIR BUILD PROGRAM...: the shared libraries of the programs. Those from the build
# folder go to /usr/lib, as if installed, and to where the build's rpath looks for them.
overlay_libraries() {
	local overlay=$1 build=$2 lib

	shift 2
	while read -r lib; do
		overlay_add "$overlay" "$lib" "$lib"
		case $lib in
		"$build"/*) overlay_add "$overlay" "$lib" "/usr/lib/${lib##*/}" ;;
		esac
	done < <(ldd "$@" 2>/dev/null |
		sed -n 's,^\t\(.* => \)\?\(/.*\) (0x[0-9a-f]*)$,\2,p' | LC_ALL=C sort -u)
}

# overlay_driver DIR KO: the driver, stripped, and the modules.dep that modprobe needs.
overlay_driver() {
	local overlay=$1 ko=$2
	local top=usr/lib/modules/$KERNEL_RELEASE
	local scratch=$overlay.modules

	mkdir -p "$overlay/$top/extra" "$scratch/$top/extra" "$scratch/$top/kernel"
	ln -s usr/lib "$scratch/lib"
	if [ -n "$ko" ]; then
		objcopy --strip-debug "$ko" "$overlay/$top/extra/vpanthor.ko"
		ln -s "$overlay/$top/extra/vpanthor.ko" "$scratch/$top/extra/"
	fi
	rmdir "$scratch/$top/kernel"
	ln -s "$BASE/tree/$top/kernel" "$scratch/$top/kernel"
	cp "$KERNEL_ROOT/lib/modules/$KERNEL_RELEASE"/modules.{builtin,builtin.modinfo,order} \
		"$scratch/$top/"
	depmod -b "$scratch" "$KERNEL_RELEASE"
	cp "$scratch/$top"/modules.{dep,alias,symbols} "$overlay/$top/"
	rm -rf "$scratch"
}
