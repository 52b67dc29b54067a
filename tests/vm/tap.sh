# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Sourced by the tests of tools/vm: TAP, and one way to boot.
#   boot [OPTION...] -- CMD...   sets STATUS; OUTPUT and ERRORS are files

SOURCE=$1
BUILD=$2
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
OUTPUT=$SCRATCH/stdout
ERRORS=$SCRATCH/stderr
tests=0
failures=0

boot() {
	STATUS=0
	"$SOURCE/tools/vm/vm" --build "$BUILD" --timeout 90 --log "$SCRATCH/kernel.log" "$@" \
		>"$OUTPUT" 2>"$ERRORS" </dev/null || STATUS=$?
}

# is WHAT GOT WANTED
is() {
	tests=$((tests + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tests - $1"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $tests - $1"
	printf 'got %q, wanted %q\n' "$2" "$3" | sed 's/^/# /'
	tail -c 4000 "$ERRORS" | tr -cd '\n\t -~' | sed 's/^/# stderr: /'
}

# holds WHAT CMD...: CMD succeeds
holds() {
	local what=$1 status=0

	shift
	"$@" >/dev/null || status=$?
	is "$what" "$status" 0
}

finish() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
}
