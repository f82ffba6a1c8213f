#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Make the qemu-*.txt files of this directory again: boot Debian's kernel in
# QEMU with the devices listed below and keep what lspci prints in the guest.
#
# Usage: capture.sh [DIRECTORY]     (default: the directory of this script)
#
# With QEMU=PROGRAM, a QEMU of version 10, the qemu10-*.txt files instead.
#
# Needs Debian 12 or a relative on amd64.  Nothing is installed but QEMU,
# lspci and pci.ids, and those only where they are missing; the kernel and
# busybox are unpacked in a temporary directory, which is removed at the end.

set -eu
export LC_ALL=C

# Seconds that one boot of the guest may take; it takes a few.
limit=${CAPTURE_TIMEOUT:-300}

qemu=${QEMU:-qemu-system-x86_64}
prefix=qemu${QEMU:+10}

die() {
	echo "capture.sh: $*" >&2
	exit 1
}

out=${1:-$(dirname "$0")}
mkdir -p "$out"
out=$(cd "$out" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work"

# --- Programs ---------------------------------------------------------------

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

as_root apt-get -qq update ||
	echo "capture.sh: going on with the package lists there are" >&2
"$(dirname "$0")/../../scripts/install-deps" \
	qemu-system-x86_64=qemu-system-x86 lspci=pciutils \
	/usr/share/seabios/bios-256k.bin=seabios \
	/usr/lib/ipxe/qemu/pxe-e1000.rom=ipxe-qemu \
	/usr/share/misc/pci.ids=pci.ids

kernel=$(apt-cache depends linux-image-cloud-amd64 |
	sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$kernel" ] || die "no linux-image-cloud-amd64 in the package lists"

mkdir "$work/deb" "$work/unpacked"
(
	cd "$work/deb"
	apt-get -qq -o APT::Sandbox::User=root download busybox-static "$kernel"
	for d in *.deb; do
		dpkg-deb -x "$d" "$work/unpacked"
	done
)
vmlinuz=$(ls "$work"/unpacked/boot/vmlinuz-*)
busybox=$work/unpacked/bin/busybox

# --- The guest's file system ------------------------------------------------

root=$work/root
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/usr/share/misc"
cp "$busybox" "$root/bin/busybox"
lspci=$(command -v lspci || echo /usr/bin/lspci)
cp "$lspci" "$root/bin/lspci"
ldd "$lspci" | sed -n 's/^[^/]*\(\/[^ ]*\) .*/\1/p' | while read -r lib; do
	mkdir -p "$root$(dirname "$lib")"
	cp -L "$lib" "$root$lib"
done
cp -L /usr/share/misc/pci.ids "$root/usr/share/misc/pci.ids"

# The capture goes to the second serial port, where no kernel message can mix
# with it.  Functions that can have virtual functions get two of them; that
# needs their driver, whose initialisation has to be over before the capture.
cat > "$root/init" <<'END'
#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox stty -F /dev/ttyS1 raw
cd /sys/bus/pci/devices
for d in *; do
	[ -e $d/sriov_totalvfs ] && [ "$(busybox cat $d/class)" = 0x010802 ] ||
		continue
	n=0
	while [ "$(busybox cat $d/nvme/nvme*/state)" != live ] && [ $n -lt 60 ]; do
		busybox sleep 1
		n=$((n + 1))
	done
	echo 0 > $d/sriov_drivers_autoprobe
	echo 2 > $d/sriov_numvfs
done
cd /
lspci -vv -xxxx > /dev/ttyS1
echo END > /dev/ttyS1
busybox poweroff -f
END
chmod 755 "$root/init"
(cd "$root" && find . | sort | "$busybox" cpio -o -H newc 2>/dev/null |
	gzip -1) > "$work/initrd"

# --- Machines ---------------------------------------------------------------

# Slot 0 and slot 1f of bus 0 belong to the chipset of the q35 machine; the
# functions below are put into the slots from 1 on, in their order.  Buses are
# numbered by the firmware, depth first and in the order of the slots.

machine() {
	slot=0 bus=0
	: > "$work/args"
	: > "$work/map"
}

arg() {
	printf '%s\n' "$@" >> "$work/args"
}

hex() {
	printf %02x "$1"
}

# Write the function BB:DD.F into the file qemu-NAME.txt, or qemu10-NAME.txt.
name() {
	echo "$1 $2" >> "$work/map"
}

next_slot() {
	slot=$((slot + 1))
	[ $slot -lt 31 ] || die "too many devices in one machine"
}

# root_port: a root port named rpN, N being the number of the bus behind it.
root_port() {
	next_slot
	bus=$((bus + 1))
	arg -device "pcie-root-port,id=rp$bus,chassis=$bus,slot=$bus,addr=$(hex $slot)"
}

# on_root NAME DEVICE: directly on pcie.0.
on_root() {
	next_slot
	arg -device "$2,bus=pcie.0,addr=$(hex $slot)"
	name "00:$(hex $slot).0" "$1"
}

# on_port NAME DEVICE: alone behind a root port of its own.
on_port() {
	root_port
	arg -device "$2,bus=rp$bus,addr=0"
	name "$(hex $bus):00.0" "$1"
}

# run [KERNEL-PARAMETER...]: boot the machine and write the files.
run() {
	rm -f "$work/lspci"
	set -- "$@" console=ttyS0 panic=-1
	boot="$*"
	set --
	while read -r a; do
		set -- "$@" "$a"
	done < "$work/args"
	timeout -k 10 "$limit" "$qemu" \
		-nodefaults -no-user-config -no-reboot -display none \
		-machine q35,accel=tcg -cpu qemu64 -smp 1 -m 512M \
		-rtc base=2024-01-01T00:00:00,clock=vm \
		-serial "file:$work/console" -serial "file:$work/lspci" \
		-kernel "$vmlinuz" -initrd "$work/initrd" -append "$boot" \
		"$@" < /dev/null > "$work/messages" 2>&1 || {
		cat "$work/messages" >&2
		tail -n 20 "$work/console" >&2 || :
		die "QEMU failed, or took more than $limit seconds"
	}
	[ "$(tr -d '\r' < "$work/lspci" | tail -n 1)" = END ] || {
		tail -n 20 "$work/console" >&2
		die "the guest did not come to its end"
	}
	tr -d '\r' < "$work/lspci" > "$work/lspci.txt"
	mkdir -p "$work/new"
	split_capture "$work/map" "$work/lspci.txt" > "$work/written"
	while read -r where file; do
		grep -q "^$where\$" "$work/written" ||
			die "no function at $where, for $file"
	done < "$work/map"
}

# split_capture MAP LSPCI: each function of the map into its file; prints what
# it found.  The zeros at the end of a function's extended configuration space
# are left out by pages of 256 bytes, but one page of it is always kept.
split_capture() {
	awk -v dir="$work/new" -v prefix="$prefix" '
	function flush(	i, n, keep) {
		if (!file)
			return
		keep = 16
		if (lines > 16)
			keep = 32
		for (i = lines; i > keep; i--)
			if (hexline[i] !~ /: 00( 00)*$/) {
				keep = int((i + 15) / 16) * 16
				break
			}
		for (i = 1; i <= keep && i <= lines; i++)
			print hexline[i] > file
		print where
		file = ""
	}
	NR == FNR { want[$1] = $2; next }
	/^[0-9a-f]+:[0-9a-f]+\.[0-7] / {
		flush()
		lines = 0
		if (!($1 in want))
			next
		where = $1
		file = dir "/" prefix "-" want[where] ".txt"
		if (file in seen)
			print "" > file
		seen[file] = 1
		print > file
		next
	}
	!file { next }
	/^\t(Region [0-9]+: |Expansion ROM at )/ { print > file }
	/^[0-9a-f]+: [0-9a-f ]+$/ { hexline[++lines] = $0 }
	END { flush() }' "$1" "$2"
}

version=$("$qemu" -version | head -n 1)
echo "$version"
echo "kernel $kernel, lspci $(dpkg-query -W -f '${Version}' pciutils)"

# The drivers compiled into the kernel stay away, except for SR-IOV.
idle='initcall_blacklist=nvme_init,serial_pci_driver_init'

# All that there is in version 7.2.
all_machines() {
	# Conventional functions, and those that are conventional on a root bus.
	machine
	arg -audiodev none,id=snd
	arg -object memory-backend-ram,id=shm,size=4M,share=on
	arg -blockdev driver=null-co,node-name=disk,read-zeroes=on
	name 00:00.0 q35-mch
	name 00:1f.0 q35-ich9
	name 00:1f.2 q35-ich9
	name 00:1f.3 q35-ich9
	on_root vga VGA
	on_root bochs-display bochs-display
	on_root qxl qxl
	on_root e1000 e1000,mac=52:54:00:12:34:01
	on_root rtl8139 rtl8139,mac=52:54:00:12:34:02
	on_root pcnet pcnet,mac=52:54:00:12:34:03
	on_root i82557b i82557b,mac=52:54:00:12:34:04
	on_root tulip tulip,mac=52:54:00:12:34:05
	on_root ne2k ne2k_pci,mac=52:54:00:12:34:06
	on_root virtio-net-root virtio-net-pci,mac=52:54:00:12:34:07
	on_root virtio-blk-transitional virtio-blk-pci-transitional,drive=disk
	on_root ich9-ahci ich9-ahci
	on_root lsi53c895a lsi53c895a
	on_root mptsas1068 mptsas1068
	on_root megasas megasas
	on_root am53c974 am53c974
	on_root sdhci sdhci-pci
	on_root pci-ohci pci-ohci
	on_root piix3-uhci piix3-usb-uhci
	on_root ac97 AC97,audiodev=snd
	on_root es1370 ES1370,audiodev=snd
	on_root intel-hda intel-hda
	on_root ich9-intel-hda ich9-intel-hda
	on_root edu edu
	on_root ivshmem-plain ivshmem-plain,memdev=shm
	on_root pci-testdev pci-testdev
	on_root i6300esb i6300esb
	on_root pvpanic pvpanic-pci
	run "$idle"

	# Several functions in one slot, root complex integrated endpoints, and some
	# more conventional functions.
	machine
	arg -chardev null,id=c1 -chardev null,id=c2
	arg -chardev null,id=c3 -chardev null,id=c4
	uhci=bus=pcie.0,multifunction=on,masterbus=usb.0
	arg -device ich9-usb-ehci1,bus=pcie.0,addr=1d.7,multifunction=on,id=usb
	arg -device "ich9-usb-uhci1,$uhci,addr=1d.0,firstport=0"
	arg -device "ich9-usb-uhci2,$uhci,addr=1d.1,firstport=2"
	arg -device "ich9-usb-uhci3,$uhci,addr=1d.2,firstport=4"
	for f in 0 1 2 7; do
		name 00:1d.$f ich9-usb
	done
	on_root pci-serial-4x \
		pci-serial-4x,chardev1=c1,chardev2=c2,chardev3=c3,chardev4=c4
	on_root cirrus-vga cirrus-vga
	on_root e1000e-rciep e1000e,mac=52:54:00:12:34:11
	on_root nvme-rciep nvme,serial=capture
	on_root xhci-rciep qemu-xhci
	on_root nec-usb-xhci-rciep nec-usb-xhci
	on_root vmxnet3-rciep vmxnet3,mac=52:54:00:12:34:12
	on_root pvscsi-rciep pvscsi
	on_root megasas-gen2-rciep megasas-gen2
	run "$idle"

	# The BAR of 8 GiB makes the firmware put every 64-bit BAR above 4 GiB.
	machine
	on_root pci-testdev-8g pci-testdev,membar=8G
	on_root virtio-rng-transitional virtio-rng-pci-transitional
	run "$idle"

	# Endpoints, one behind each root port.
	machine
	arg -blockdev driver=null-co,node-name=disk,read-zeroes=on
	name 00:01.0 pcie-root-port
	on_port e1000e e1000e,mac=52:54:00:12:34:21
	on_port nvme nvme,serial=capture
	on_port nvme-cmb nvme,serial=capture,cmb_size_mb=16,msix-exclusive-bar=on
	on_port xhci qemu-xhci
	on_port nec-usb-xhci nec-usb-xhci
	on_port virtio-net virtio-net-pci,mac=52:54:00:12:34:22
	on_port virtio-scsi-ats \
		virtio-scsi-pci,ats=on,aer=on,iommu_platform=on,page-per-vq=on
	on_port virtio-gpu virtio-gpu-pci
	on_port virtio-blk-transitional-pcie virtio-blk-pci-transitional,drive=disk
	on_port vmxnet3 vmxnet3,mac=52:54:00:12:34:23
	on_port pvscsi pvscsi
	on_port megasas-gen2 megasas-gen2
	# Two functions in one slot.
	root_port
	arg -device "qemu-xhci,bus=rp$bus,addr=0.1"
	arg -device "e1000e,bus=rp$bus,addr=0.0,multifunction=on,mac=52:54:00:12:34:24"
	name "$(hex $bus):00.0" e1000e-xhci
	name "$(hex $bus):00.1" e1000e-xhci
	run "$idle"

	# Bridges and switches, and what is behind them.
	machine
	root_port
	arg -device "pcie-pci-bridge,id=pci,bus=rp$bus,addr=0"
	name "$(hex $bus):00.0" pcie-pci-bridge
	bus=$((bus + 1))
	arg -device e1000-82545em,bus=pci,addr=1,mac=52:54:00:12:34:31
	name "$(hex $bus):01.0" e1000-behind-bridge
	root_port
	arg -device "x3130-upstream,id=up,bus=rp$bus,addr=0"
	name "$(hex $bus):00.0" x3130-switch
	bus=$((bus + 1))
	arg -device xio3130-downstream,id=down0,bus=up,addr=0,chassis=16,slot=16
	arg -device xio3130-downstream,id=down1,bus=up,addr=1,chassis=17,slot=17
	name "$(hex $bus):00.0" x3130-switch
	name "$(hex $bus):01.0" x3130-switch
	bus=$((bus + 1))
	arg -device virtio-rng-pci,bus=down0,addr=0
	name "$(hex $bus):00.0" virtio-rng-behind-switch
	run "$idle"
}

# A physical function with two virtual functions enabled.
sriov_machine() {
	machine
	arg -device nvme-subsys,id=subsys
	on_port nvme-sriov-pf nvme,serial=capture,subsys=subsys,max_ioqpairs=10,\
msix_qsize=11,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4
	name "$(hex $bus):00.1" nvme-sriov-vf
	run
}

# What is not in version 7.2, or has another configuration space there.
new_machines() {
	machine
	arg -blockdev driver=null-co,node-name=disk,read-zeroes=on
	on_root igb-rciep igb,mac=52:54:00:12:34:51
	on_port igb igb,mac=52:54:00:12:34:52
	on_port virtio-net virtio-net-pci,mac=52:54:00:12:34:53
	on_port virtio-blk-aer \
		virtio-blk-pci,drive=disk,aer=on,ats=on,iommu_platform=on
	on_port ufs ufs,serial=capture
	run "$idle"
}

if [ -n "${QEMU:-}" ]; then
	new_machines
else
	all_machines
fi
sriov_machine

# --- Check and put in place -------------------------------------------------

cd "$work/new"
for f in "$prefix"-*.txt; do
	lspci -vv -F "$f" > "$work/decoded" 2> "$work/errors" ||
		die "lspci does not read $f"
	# Where the machine has no kernel modules, lspci says so every time.
	if grep -v libkmod "$work/errors" >&2; then
		die "lspci complains of $f"
	fi
	[ "$(grep -c '^[0-9a-f]*:[0-9a-f]*\.[0-7] ' "$work/decoded")" = \
	  "$(grep -c '^[0-9a-f]*:[0-9a-f]*\.[0-7] ' "$f")" ] ||
		die "lspci does not find the functions of $f"
done
set -- "$prefix"-*.txt
cp "$@" "$out/"
echo "$# files written"
