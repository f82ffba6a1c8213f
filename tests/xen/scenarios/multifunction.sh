# SPDX-License-Identifier: GPL-2.0-or-later
# Two functions of one device in one slot of the guest.
#
# xl's syntax for that, '03:00.*@6', makes libxl 4.17 add the highest function
# alone.  So libxl gives both to the guest in slots of their own, which settles
# all that Xen has to allow, and then the device model itself is told to move
# them into one slot: function 1 first, since function 0 makes the slot appear.

guest_lacks() { in_guest 20 "! test -e /sys/bus/pci/devices/0000:00:$1"; }
guest_has()   { in_guest 20 "test -e /sys/bus/pci/devices/0000:00:$1"; }

one_slot()
{
    monitor device_del pci-pt-03_00.0
    monitor device_del pci-pt-03_00.1
    wait_for 30 guest_lacks 06.0 && wait_for 30 guest_lacks 07.0 || return 1
    monitor device_add xen-pci-passthrough,id=pci-pt-03_00.1,hostaddr=0000:03:00.1,addr=6.1
    monitor device_add \
        xen-pci-passthrough,id=pci-pt-03_00.0,hostaddr=0000:03:00.0,addr=6.0,multifunction=on
    wait_for 30 guest_has 06.0 && wait_for 30 guest_has 06.1
}

check "multifunction: a guest with 03:00.0 and 03:00.1 boots" \
    new_guest "'03:00.0@6','03:00.1@7'" || exit 1
check_forecast multifunction e1000e 03:00.0
check_forecast multifunction nvme 03:00.1
check "multifunction: the drivers load" load_drivers
check "multifunction: both functions go into slot 6" one_slot || exit 1
check "multifunction: function 0, e1000e, works" \
    in_guest 150 prove net 00:06.0 msix $md5_tftp
check "multifunction: function 1, nvme, works" \
    in_guest 150 prove disk 00:06.1 msix $md5_nvmefn
in_guest 20 lspci -v -xxx -s 00:06.0 >$LOGS/lspci/03-00.0.guest-driven
in_guest 20 lspci -v -xxx -s 00:06.1 >$LOGS/lspci/03-00.1.guest-driven
exit 0
