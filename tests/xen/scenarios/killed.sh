# SPDX-License-Identifier: GPL-2.0-or-later
# The process that has the devices, beside QEMU, is killed under traffic: nothing
# of them stays in Xen, the guest goes on, lets go of them, and gets them again.

if [ $HOST != process ] || [ ! -d $S/dm ]; then
    skip "killed: the process beside QEMU" "there is none"
    exit 0
fi

killed()
{
    killed_pid=$(host_pid)
    [ -n "$killed_pid" ] && kill -9 $killed_pid && wait_for 30 another
}

another()
{
    another_pid=$(host_pid)
    [ -n "$another_pid" ] && [ $another_pid != $killed_pid ]
}

traffic()
{
    in_guest 20 "prove traffic $(where 01:00.0) >/dev/null 2>&1 &" &&
        sleep 3
}

reads_ones()
{
    in_guest 20 setpci -s $(where 01:00.0) VENDOR_ID.l | tee /tmp/seen
    grep -q ffffffff /tmp/seen
}

# It is the guest's still, but for Xen and by itself it does nothing.
silent()
{
    quiet 01:00.0 || return 1
    xen_says Q | grep "0000:01:00.0 - " | tee /tmp/silent
    grep -qE " - d$(guest_id) - node [-0-9]+ *$" /tmp/silent
}

check "killed: a guest with e1000e boots" new_guest "'01:00.0'" || exit 1
check "killed: the drivers load" load_drivers
check "killed: e1000e works" proof net 01:00.0 msix $md5_tftp
check "killed: there is traffic" traffic
check "killed: kill -9, and another one is there" killed
check "killed: the guest reads all ones" reads_ones
check "killed: nothing is left of the device" silent
check "killed: the device model answers" device_model_answers
check "killed: detach e1000e" detach 01:00.0
check "killed: attach e1000e again" attach 01:00.0
check "killed: the drivers load again" load_drivers
check "killed: e1000e works again" proof net 01:00.0 msix $md5_tftp
check "killed: Xen and dom0 are well" hosts_are_well
exit 0
