# SPDX-License-Identifier: GPL-2.0-or-later
# A virtual function of an nvme device with SR-IOV, whose physical function
# stays with dom0.  The guest is one whose devices are strict by default.

PF=/sys/bus/pci/devices/0000:04:00.0

make_vf()
{
    modprobe nvme || return 1
    wait_for 20 test -d $PF/nvme || { echo "no driver took it"; return 1; }
    pf=/dev/$(ls $PF/nvme)
    wait_for 10 test -c $pf || return 1
    cat $PF/sriov_totalvfs
    nvme-vf $pf release || return 1
    sleep 1
    # dom0's nvme driver shall not take it, but pciback may.
    echo 0 >$PF/sriov_drivers_autoprobe
    echo 1 >$PF/sriov_numvfs || return 1
    echo 1 >$PF/sriov_drivers_autoprobe
    wait_for 10 test -d /sys/bus/pci/devices/0000:04:00.1 || return 1
    nvme-vf $pf online 1
}

destroy_guest
if [ ! -e $PF/sriov_totalvfs ]; then
    skip "vf: an nvme virtual function" "the emulated nvme has no SR-IOV"
    exit 0
fi
check "vf: dom0 makes a virtual function" make_vf || exit 1
[ ! -d $S/dm ] ||
    DM_ARGS='"-global","xen-pci-passthrough.strict=on"'
check "vf: a guest with it boots" new_guest "'04:00.1'" || exit 1
check_forecast vf "the virtual function" 04:00.1
check "vf: the drivers load" load_drivers
check "vf: it works" proof disk 04:00.1 msix $md5_nvmevf
check "vf: lspci at work" record_guest 04:00.1 driven

# xl prints what the device model has against a device.
refused()       # BDF,OPTION WHY
{
    if attach $1 >/tmp/refused 2>&1; then
        echo "it is attached"
        return 1
    fi
    cat /tmp/refused
    grep -q "$2" /tmp/refused && [ -z "$(where ${1%%,*})" ] &&
        in_guest 20 true
}

if [ -d $S/dm ]; then
    check "vf: it is strict" \
        grep '04:00.1: attached .* policy strict' /var/log/xen/qemu-dm-$GUEST.log
    check "vf: a permissive device is refused, and xl says why" \
        refused 01:00.0,permissive=1 "strict and permissive exclude"
    check "vf: the same device is attached without it" attach 01:00.0
    check "vf: and works" proof net 01:00.0 msix $md5_tftp
fi
exit 0
