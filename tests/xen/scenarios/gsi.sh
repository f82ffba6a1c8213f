# SPDX-License-Identifier: GPL-2.0-or-later
# Devices of a guest that share an INTx line of the host. Since Xen 4.18, libxl
# takes the line from the domain with the first that is detached. What uses
# messages must neither suffer nor be in the way; what uses the line has it again.

# As dom0 has it once a driver, pciback too, has enabled the device.
line() { cat /sys/bus/pci/devices/0000:$1/irq; }

share_line()    # BDF BDF
{
    echo "$1: line $(line $1), $2: line $(line $2)"
    [ $(line $1) = $(line $2) ]
}

destroy_guest
if ! xen_since 18; then
    skip "gsi: lines that devices share" "libxl of this Xen leaves them alone"
    exit 0
fi
check "gsi: a guest with nvme boots" new_guest "'02:00.0'" || exit 1
check "gsi: attach ahci" attach 00:09.0
check "gsi: attach virtio" attach 00:0d.0
check_forecast gsi nvme 02:00.0
check_forecast gsi ahci 00:09.0
check_forecast gsi virtio 00:0d.0
check "gsi: the drivers load" load_drivers
check "gsi: they share a line" share_line 00:09.0 00:0d.0
check "gsi: virtio works" proof net 00:0d.0 msix $md5_tftp
check "gsi: ahci works" proof disk 00:09.0 msi $md5_ahci
[ ! -d $S/dm ] || check "gsi: it is bound to neither, beside messages" \
    line_is_free $(guest_id) 00:09.0
for name in first second; do
    check "gsi: detach ahci, the $name time" detach 00:09.0
    check "gsi: virtio works without it" proof net 00:0d.0 msix $md5_tftp
    check "gsi: attach ahci, the $name time" attach 00:09.0
    check "gsi: ahci works beside virtio" proof disk 00:09.0 msi $md5_ahci
done
check "gsi: attach e1000, on nvme's line" attach 00:08.0
check "gsi: it is nvme's, too" share_line 00:08.0 02:00.0
check "gsi: e1000 works" proof net 00:08.0 intx $md5_tftp
check "gsi: detach e1000" detach 00:08.0
check "gsi: nvme works without it" proof disk 02:00.0 msix $md5_nvme
check "gsi: attach e1000 again" attach 00:08.0
check "gsi: e1000 works again" proof net 00:08.0 intx $md5_tftp

[ -d $S/dm ] || exit 0
LENT='shares its INTx line is detached: it has none until libxl'
has_line() { ! line_is_free $(guest_id) $1; }

# nvme, with no driver, has its line, which libxl takes with e1000.
check "gsi: nvme has no driver" in_guest 60 modprobe -r nvme
check "gsi: it is bound to its line" has_line 02:00.0
check "gsi: detach e1000 from a line that is in use" detach 00:08.0
check "gsi: the device model says who takes it" grep "02:00.0: .* $LENT" \
    /var/log/xen/qemu-dm-$GUEST.log
check "gsi: nvme has its line again" wait_for 15 has_line 02:00.0
check "gsi: attach e1000 to it" attach 00:08.0
check "gsi: e1000 works on it" proof net 00:08.0 intx $md5_tftp

# And the other way: e1000 knows no messages.
check "gsi: detach nvme from the line that e1000 uses" detach 02:00.0
check "gsi: e1000 works without it" proof net 00:08.0 intx $md5_tftp
check "gsi: and was told of, too" grep "00:08.0: .* $LENT" \
    /var/log/xen/qemu-dm-$GUEST.log
check "gsi: attach nvme again" attach 02:00.0
check "gsi: nvme has its driver again" load_drivers
check "gsi: nvme works again" proof disk 02:00.0 msix $md5_nvme
check "gsi: e1000 works beside it" proof net 00:08.0 intx $md5_tftp
exit 0
