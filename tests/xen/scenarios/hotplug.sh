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

check "hotplug: there is a guest" any_guest || exit 1
for round in "e1000 ahci virtio xhci edu" "e1000 xhci virtio ahci edu"; do
    case $round in "e1000 ahci"*) time="" ;; *) time=" again" ;; esac
    for name in $round; do
        bdf=$(address $name)
        check "hotplug: attach $name$time" attach $bdf &&
            check "hotplug: $name works$time" prove_plugged $name
        [ -n "$time" ] || record_guest $bdf driven >/dev/null
    done
    for name in $round; do
        check "hotplug: detach $name$time" detach $(address $name)
    done
done
exit 0
