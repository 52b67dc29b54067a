# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# QEMU's command line, and the choice between KVM and TCG.

# An oops or a hung task ends the run at once. The rest is for hosts that starve the guest: no panic
# because timer interrupts came late at boot, stalls reported only when starvation does not explain
# them, no self-tests.
KERNEL_ARGS="console=ttyS0 panic=-1 oops=panic no_timer_check cryptomgr.notests \
hung_task_panic=1 sysctl.kernel.hung_task_timeout_secs=120 \
watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300"

# QEMU 7.2 computes the flags after cmpxchg16b from stale state. An interrupt right behind it saves
# them, and the guest dies of it: about one boot in a hundred on a busy machine.
TCG_CPU=max,-cx16

# QEMU's status when the guest leaves through isa-debug-exit with 16 (2 * 16 + 1). QEMU's own errors
# give 1, a reboot or panic gives 0.
QEMU_LEFT=33

# kvm_probe: boots a guest that does nothing but leave. A /dev/kvm that exists proves nothing.
kvm_probe() {
	local tmp status=0

	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	tmp=$(mktemp -d)
	cp /bin/busybox "$tmp/busybox"
	cat >"$tmp/init" <<-'END'
		#!/busybox sh
		/busybox mkdir -p /dev
		/busybox mount -t devtmpfs dev /dev
		/busybox printf '\20' | /busybox dd of=/dev/port bs=1 seek=244 count=1
	END
	chmod +x "$tmp/init"
	(cd "$tmp" && printf '%s\n' busybox init | cpio -o -H newc --quiet) >"$tmp/cpio"
	timeout 10 qemu-system-x86_64 -machine pc,accel=kvm -cpu host -m 256 -display none \
		-nodefaults -no-reboot -kernel "$KERNEL_IMAGE" -initrd "$tmp/cpio" \
		-append "panic=-1 quiet" \
		-device isa-debug-exit,iobase=0xf4,iosize=4 >/dev/null 2>&1 </dev/null || status=$?
	rm -rf "$tmp"
	[ "$status" -eq "$QEMU_LEFT" ]
}

# Prints kvm or tcg. The answer holds until the host reboots or QEMU or the guest kernel changes.
accelerator() {
	local key answer file

	if [ -n "${PANTHOR_VM_ACCEL:-}" ]; then
		printf '%s\n' "$PANTHOR_VM_ACCEL"
		return
	fi
	if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
		echo tcg
		return
	fi
	key=$({ cat /proc/sys/kernel/random/boot_id && qemu-system-x86_64 --version &&
		echo "$KERNEL_RELEASE"; } | sha256sum | cut -c 1-16)
	file=$(cache_dir)/accelerator
	if [ "$(cut -d ' ' -f 1 "$file" 2>/dev/null)" = "$key" ]; then
		cut -d ' ' -f 2 "$file"
		return
	fi
	answer=tcg
	if kvm_probe; then
		answer=kvm
	fi
	printf '%s %s\n' "$key" "$answer" >"$file.$$"
	mv "$file.$$" "$file"
	printf '%s\n' "$answer"
}

# Sets QEMU_MACHINE and EXTRA_ARGS from SMP, ICOUNT.
qemu_machine() {
	local smp=$1 icount=$2 accel

	EXTRA_ARGS=
	if [ "$icount" = 1 ]; then
		# One instruction is one nanosecond of guest time. Without erms a cleared page
		# counts its 512 stores, not 4096 iterations of one string instruction.
		QEMU_MACHINE=(-accel "tcg,thread=single" -icount "shift=0,align=off,sleep=off"
			-smp 1 -cpu "$TCG_CPU,-erms,-fsrm")
		EXTRA_ARGS="init_on_alloc=0 nokaslr"
		return
	fi
	accel=$(accelerator)
	if [ "$accel" = kvm ]; then
		QEMU_MACHINE=(-accel kvm -cpu host)
	elif [ "$smp" -gt 1 ]; then
		QEMU_MACHINE=(-accel "tcg,thread=multi" -cpu "$TCG_CPU")
	else
		QEMU_MACHINE=(-accel "tcg,thread=single" -cpu "$TCG_CPU")
	fi
	QEMU_MACHINE+=(-smp "$smp,sockets=$smp,cores=1,threads=1")
}

# qemu_ports OUT_KIND ERR_KIND DIR: the channels init uses. Files in DIR take what the guest writes:
# they never block, so QEMU has nothing to drop and a slow reader of ours cannot stall the guest.
# Notifications are handled inside the guest's write (ioeventfd=off): when init leaves, all of it
# has arrived.
qemu_ports() {
	local tty_out=$1 tty_err=$2 dir=$3
	local out=virtserialport err=virtserialport

	[ "$tty_out" = 0 ] || out=virtconsole
	case $tty_err in
	0 | "$tty_out") ;;
	*) err=virtconsole ;;
	esac
	QEMU_PORTS=(-device "virtio-serial-pci,ioeventfd=off,max_ports=5"
		-chardev "file,id=control,path=$dir/control"
		-device "virtserialport,nr=1,chardev=control"
		-device "$out,nr=2,chardev=out" -device "$err,nr=3,chardev=err"
		-chardev "file,id=err,path=$dir/stderr"
		-chardev "file,id=files,path=$dir/files.tar"
		-device "virtserialport,nr=4,chardev=files")
	if [ "$INTERACTIVE" = 1 ]; then
		QEMU_PORTS+=(-chardev "stdio,id=out,signal=off,mux=off")
	else
		QEMU_PORTS+=(-chardev "file,id=out,path=$dir/stdout")
	fi
}
