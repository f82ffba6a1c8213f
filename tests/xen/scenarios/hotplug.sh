# SPDX-License-Identifier: GPL-2.0-or-later
# Devices come and go while the guest runs: all of them twice.
#
# The second time those with MSI land in other slots.  Those with INTx come in
# the same slots again: a Linux guest on Xen never lets go of the pirq that it
# once had for a GSI, and that pirq is the number of the host's GSI (Xen's
# physdev_hvm_map_pirq()), so another device would wait for its interrupts in
# vain, and block the processor's lower vectors.  For the same reason no INTx
# device here has a host GSI of 16 or a little more: the guest's emulated
# devices have these numbers as pirqs.

prove_plugged()         # NAME
{
    case $1 in
    e1000)  proof net 00:08.0 intx $md5_tftp ;;
    ahci)   proof disk 00:09.0 msi $md5_ahci ;;
    virtio) proof net 00:0d.0 msix $md5_tftp ;;
    xhci)   proof kbd 00:0b.0 msix ;;
    edu)    proof edu 00:0a.0 intx ;;
    esac
}

address()               # NAME
{
    case $1 in
    e1000)  echo 00:08.0 ;;
    ahci)   echo 00:09.0 ;;
    virtio) echo 00:0d.0 ;;
    xhci)   echo 00:0b.0 ;;
    edu)    echo 00:0a.0 ;;
    esac
}

# The first time there is no driver in the guest, so that it can be seen what a
# device looks like before.
unload()
{
    # Its status is that of modules they depend on, which others may need.
    in_guest 60 modprobe -r e1000 ahci virtio_net virtio_pci xhci_pci
    in_guest 20 "! lsmod | grep -E '^(e1000|ahci|virtio_net|virtio_pci|xhci_pci) '"
}

check "hotplug: there is a guest" any_guest || exit 1
check "hotplug: drivers are unloaded" unload
for name in e1000 ahci virtio xhci edu; do
    bdf=$(address $name)
    check "hotplug: attach $name" attach $bdf || continue
    check_forecast hotplug $name $bdf
done
check "hotplug: the drivers load" load_drivers
for name in e1000 ahci virtio xhci edu; do
    check "hotplug: $name works" prove_plugged $name
    record_guest $(address $name) driven >/dev/null
done
for name in e1000 ahci virtio xhci edu; do
    check "hotplug: detach $name" detach $(address $name)
done
for name in e1000 xhci virtio ahci edu; do
    check "hotplug: attach $name again" attach $(address $name) &&
        check "hotplug: $name works again" prove_plugged $name
done
for name in e1000 xhci virtio ahci edu; do
    check "hotplug: detach $name again" detach $(address $name)
done
exit 0
