# SPDX-License-Identifier: GPL-2.0-or-later
# An Intel 82576: its physical function, which has SR-IOV, at creation and
# plugged; then, while that stays with dom0, two of its virtual functions.

PF=/sys/bus/pci/devices/0000:05:00.0

make_vfs()
{
    free_devices
    modprobe igb || return 1
    # Before pciback had it, no driver was there.
    [ -e $PF/driver ] || echo 0000:05:00.0 >/sys/bus/pci/drivers/igb/bind
    wait_for 20 test -d $PF/net || { echo "no driver took it"; return 1; }
    ip link set $(ls $PF/net) up
    echo 2 >$PF/sriov_numvfs || return 1
    wait_for 10 test -d /sys/bus/pci/devices/0000:05:10.2
}

destroy_guest
if [ ! -e $PF ]; then
    skip "igb: physical and virtual functions" "this QEMU does not emulate it"
    exit 0
fi
check "igb: a guest with the physical function boots" \
    new_guest "'05:00.0'" || exit 1
check_forecast igb "the physical function" 05:00.0
check "igb: the drivers load" load_drivers
check "igb: the physical function works" proof net 05:00.0 msix $md5_tftp
check "igb: detach the physical function" detach 05:00.0
check "igb: attach the physical function" attach 05:00.0
check "igb: the physical function works again" proof net 05:00.0 msix $md5_tftp
destroy_guest

check "igb: dom0 makes virtual functions" make_vfs || exit 1
check "igb: a guest with two virtual functions boots" \
    new_guest "'05:10.0','05:10.2'" || exit 1
check_forecast igb "a virtual function" 05:10.0
check_forecast igb "the second one" 05:10.2
check "igb: detach the second" detach 05:10.2
check "igb: attach the second" attach 05:10.2
check_forecast igb "the second one, plugged" 05:10.2
check "igb: the drivers load for them" load_drivers
check "igb: the virtual function works" proof net 05:10.0 msix $md5_tftp
check "igb: the second one works" proof net 05:10.2 msix $md5_tftp
check "igb: detach the first" detach 05:10.0
check "igb: attach the first" attach 05:10.0
check "igb: the first works again" proof net 05:10.0 msix $md5_tftp
check "igb: the second still works" proof net 05:10.2 msix $md5_tftp
check "igb: Xen and dom0 are well" hosts_are_well
exit 0
