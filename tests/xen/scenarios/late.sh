# SPDX-License-Identifier: GPL-2.0-or-later
# A device model that ends late: it is held up (by its guest's disks, say) until
# the next guest has its device.
#
# A card, whose driver binds its vectors each time that it is used.  What is
# bound all the time, like nvme's, is masked by Xen itself when the first domain
# goes: it takes the vectors that the domain had in the device's table, and does
# not see that they are another's now.

# libxl waits for it for a while, and does without it.
destroyed()
{
    late_id=$(guest_id)
    late_pid=$(device_model_pid)
    kill -STOP $late_pid
    timeout $((120 * SLOW)) xl destroy $GUEST
    wait_for 20 no_guest || return 1
    save_console
    kill -0 $late_pid
}

ends()
{
    command=$(register 01:00.0 COMMAND)
    kill -CONT $late_pid
    wait_for 60 eval "! kill -0 $late_pid" || { echo "it does not"; return 1; }
}

untouched()
{
    command_now=$(register 01:00.0 COMMAND)
    echo "Command: $command before, $command_now now"
    [ "$command" = "$command_now" ]
}

# As often as its driver is loaded, all is programmed anew.
reloaded() { in_guest 60 modprobe -r e1000e && load_drivers; }

gone() { wait_for 20 no_trace $late_id || { cat /tmp/traces; return 1; }; }

check "late: a guest with e1000e boots" new_guest "'01:00.0'" || exit 1
check "late: the drivers load" load_drivers
check "late: e1000e works" proof net 01:00.0 msix $md5_tftp
check "late: the guest ends, its device model does not" destroyed || exit 1
# Its own disk is still locked.
DISK=/tmp/guest.iso
cp /guest/guest.iso $DISK
check "late: the next guest boots" new_guest "'01:00.0'" || exit 1
check "late: the drivers load again" load_drivers
if xen_since 19; then
    skip "late: e1000e works in it" "Xen takes its vectors for the first guest's"
else
    check "late: e1000e works in it" proof net 01:00.0 msix $md5_tftp
fi
check "late: the first device model ends" ends
check "late: the device is as the next guest has it" untouched
if xen_since 19; then
    check "late: the first guest is gone" gone
    check "late: the driver is loaded again" reloaded
    check "late: e1000e works" proof net 01:00.0 msix $md5_tftp
else
    check "late: e1000e works still" proof net 01:00.0 msix $md5_tftp
    check "late: the first guest is gone" gone
fi
check "late: Xen and dom0 are well" hosts_are_well
exit 0
