# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Shared by `run` and tools/vm: messages, folders, quiet execution.

# depmod and modprobe live where an ordinary user does not look.
PATH=$PATH:/usr/sbin:/sbin

# The kernel series the driver targets. Its point release is whatever Debian has when the cache is
# filled; after that the cache decides.
KERNEL_SERIES=6.12-amd64

say() {
	printf '%s: %s\n' "${PROG:-vm}" "$*" >&2
}

die() {
	local status=$1

	shift
	say "$*"
	exit "$status"
}

cache_dir() {
	printf '%s/panthor-bo\n' "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}"
}

# quietly WHAT CMD...: runs CMD with its output held back; shows it only when CMD fails. A terminal
# shows WHAT while it lasts.
quietly() {
	local what=$1 log status held shown

	shift
	if [ -n "${VERBOSE:-}" ]; then
		"$@"
		return
	fi
	# Without a name from here on, so that being interrupted leaves nothing.
	log=$(mktemp)
	exec {held}>"$log"
	exec {shown}<"$log"
	rm "$log"
	status=0
	[ ! -t 2 ] || printf '%s ...' "$what" >&2
	"$@" >&"$held" 2>&1 </dev/null || status=$?
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if [ "$status" -ne 0 ]; then
		cat <&"$shown" >&2
		say "$what failed (status $status)"
	fi
	exec {held}>&- {shown}<&-
	return "$status"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		say "need root (or sudo) for: $*"
		return 1
	fi
}
