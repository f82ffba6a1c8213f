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

# with_romfile FILE: the device model is told to have 01:00.0 out and in again,
# with this file. What it says goes to standard output.
with_romfile()
{
    monitor device_del pci-pt-01_00.0
    wait_for 30 in_guest 20 "! test -e $in_sysfs" || return 1
    monitor device_add \
        xen-pci-passthrough,id=pci-pt-01_00.0,hostaddr=0000:01:00.0,addr=$slot,romfile=$1
}

# Says the device model what it has against this file, and does it go on?
rom_refused()   # FILE WHY
{
    with_romfile $1 | tee /tmp/refused
    grep "$2" /tmp/refused && device_model_answers
}

rom_arrives()
{
    with_romfile /tmp/rom
    wait_for 30 in_guest 20 "test -e $in_sysfs/driver" || return 1
    in_guest 20 lspci -v -s $slot | grep 'Expansion ROM at .*size=16M' ||
        return 1
    in_guest 60 "echo 1 >$in_sysfs/rom; md5sum <$in_sysfs/rom" | tee /tmp/seen
    grep -q "$(head -c 512 /tmp/rom | md5sum | cut -d ' ' -f 1)" /tmp/seen
}

if [ -d $S/dm ]; then
    check "vf: it is strict" \
        grep '04:00.1: attached .* policy strict' /var/log/xen/qemu-dm-$GUEST.log
    check "vf: a permissive device is refused, and xl says why" \
        refused 01:00.0,permissive=1 "strict and permissive exclude"
    check "vf: the same device is attached without it" attach 01:00.0
    check "vf: and works" proof net 01:00.0 msix $md5_tftp
    slot=$(where 01:00.0)
    slot=${slot#00:}
    in_sysfs=/sys/bus/pci/devices/0000:00:$slot
    make_rom /tmp/rom 16777215
    truncate -s 16777217 /tmp/large
    check "vf: a romfile that is missing is refused" \
        rom_refused /tmp/missing "No such file"
    check "vf: a romfile that is too large is refused" \
        rom_refused /tmp/large "has 16777217 bytes"
    check "vf: the guest reads its romfile" rom_arrives
    check "vf: and once more" rom_arrives
    check "vf: the device works with it" proof net 01:00.0 msix $md5_tftp
fi
exit 0
