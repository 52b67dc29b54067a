# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# What happened in the guest, from QEMU's status, the control port and the kernel log.

# Exit statuses of our own, above what commands commonly use; a command that returns one of these
# is told apart by the message on stderr.
VM_SPLAT=241
VM_PANIC=242
VM_TIMEOUT=243
VM_LOAD=244
VM_UNLOAD=245
VM_FAILED=246

# What a healthy kernel never logs. An OOM kill is not among it: that is a legitimate outcome.
splat_pattern() {
	paste -s -d '|' <<-'END'
		-\[ cut here \]-
		(^|\] )(WARNING|BUG|INFO): .
		(^|\] )BUG [^:]*:
		watchdog: BUG: .
		(^|\] )UBSAN:
		kernel BUG at
		Oops:
		general protection fault
		Kernel panic - not syncing
		refcount_t:
		unreferenced object
		new suspected memory leaks
		suspicious RCU usage
		(self-)?detected (stall|expedited)
		Bad rss-counter
		list_(add|del) corruption
		[Ww]rite-error on swap-device
		ODEBUG: Out of memory
		DMA-API: debugging out of memory
	END
}

# splat_excerpt LOG: prints the first report, or returns 1 when there is none. Reads the log to its
# end: who stopped early would fail those before it in the pipe, and with them the report.
splat_excerpt() {
	local log=$1 first

	first=$(grep -a -n -m 1 -E -e "$(splat_pattern)" "$log" | cut -d : -f 1)
	[ -n "$first" ] || return 1
	tr -d '\r' <"$log" | sed -n "$first,$((first + 59))p"
}

# verdict DIR QEMU_STATUS: sets STATUS and MESSAGE from the files of a finished guest.
verdict() {
	local dir=$1 qemu=$2 command_status

	command_status=$(sed -n 's/^status //p' "$dir/control")
	MESSAGE=
	EXCERPT=
	if EXCERPT=$(splat_excerpt "$dir/kernel.log"); then
		STATUS=$VM_SPLAT
		MESSAGE="the kernel complained (status of the command: ${command_status:-none})"
		if [[ $EXCERPT == *"Kernel panic"* ]] || [ "$qemu" -ne "$QEMU_LEFT" ]; then
			STATUS=$VM_PANIC
			MESSAGE="the guest died"
		fi
	elif [ "$qemu" -ne "$QEMU_LEFT" ] || ! grep -qx -e end -e load-failed "$dir/control"; then
		STATUS=$VM_FAILED
		MESSAGE="the guest stopped without a verdict (QEMU's status $qemu)"
	elif grep -qx load-failed "$dir/control"; then
		STATUS=$VM_LOAD
		MESSAGE="vpanthor did not load"
	elif [ "$command_status" -ne 0 ]; then
		STATUS=$command_status
	elif grep -qx unload-failed "$dir/control"; then
		STATUS=$VM_UNLOAD
		MESSAGE="vpanthor did not unload: something still holds it"
	else
		STATUS=0
	fi
}
