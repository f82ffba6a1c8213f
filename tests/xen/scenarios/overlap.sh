# SPDX-License-Identifier: GPL-2.0-or-later
# Where a region can't be: in the guest's RAM, at the addresses of hvmloader
# and Xen, and where the guest has put an emulated device. It is not mapped
# there, comes back with the room, and works.

if [ ! -d $S/dm ]; then
    skip "overlap: regions and RAM" "Debian's device model maps over it"
    exit 0
fi

setpci_in_guest() { in_guest 20 setpci -s "$@" | grep '^[0-9a-f]*$'; }

# shown: where the device model has nvme's only region: 0xADDRESS, or all ones, as
# QEMU 7 says of what is mapped nowhere.
shown()
{
    monitor "info pci" |
        awk '/PCI device 1b36:0010/ { on = 1 }
            on && /BAR0:.*not mapped/ { print "0xffffffffffffffff"; exit }
            on && /BAR0:/ { sub(/.* at /, ""); print $1; exit }'
}

is_at() { shown_at=$(shown); echo "at $shown_at"; [ $shown_at = $1 ]; }

nowhere() { is_at 0xffffffffffffffff; }

# moved ADDRESS CHECK: the guest moves nvme's region, as drivers do.
moved()
{
    setpci_in_guest $nvme 4.w=0 10.l=$1 14.l=0 4.w=2
    shift
    "$@"
}

# Xen's platform device has a region of 16 MiB.
emulated_over_it()
{
    setpci_in_guest $platform 14.l=${bar%??????}000000
    nowhere
}

emulated_away()
{
    setpci_in_guest $platform 14.l=$platform_bar
    is_at 0x$bar
}

# reads VALUE: the guest, where nvme's region was at first.
reads()
{
    reads_value=$(in_guest 20 devmem 0x$bar 32 | grep 0x)
    echo "0x$bar: $reads_value"
    [ "$reads_value" = $1 ]
}

# QEMU does not tell where it has its devices. So what has no decoding leaves
# its place, soon, and who waits for a place asks.
left_to_others()
{
    setpci_in_guest $nvme 4.w=0
    wait_for 10 reads 0xFFFFFFFF
}

not_over_emulated()
{
    setpci_in_guest $platform 14.l=${bar%??????}000000
    setpci_in_guest $nvme 4.w=2
    nowhere && reads 0x00000000
}

back_after_emulated()
{
    setpci_in_guest $platform 14.l=$platform_bar
    wait_for 10 is_at 0x$bar && ! reads 0xFFFFFFFF
}

check "overlap: a guest with nvme boots" \
    new_guest "'02:00.0'" || exit 1
nvme=$(where 02:00.0)
platform=$(in_guest 20 lspci -n | sed -n 's/ .*5853:0001.*//p')
bar=$(printf %x $((0x$(setpci_in_guest $nvme 10.l) & ~15)))
platform_bar=$(setpci_in_guest $platform 14.l)

check "overlap: the region is where firmware put it" moved $bar is_at 0x$bar
check "overlap: not over RAM" moved 10000000 nowhere
check "overlap: not over what Xen has below 4 GiB" moved feb00000 nowhere
check "overlap: back where it was" moved $bar is_at 0x$bar
if [ $HOST = process ]; then
    check "overlap: without decoding, it leaves its place" left_to_others
    check "overlap: it is not put over an emulated device" not_over_emulated
    check "overlap: and is there once that is away" back_after_emulated
else
    check "overlap: it gives way to an emulated device" emulated_over_it
    check "overlap: and comes back" emulated_away
fi
check "overlap: the driver loads" load_drivers
check "overlap: nvme works" proof disk 02:00.0 msix $md5_nvme
exit 0
