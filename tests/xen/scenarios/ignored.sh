# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that does not hear that it is to let go of a device: its ACPI events
# are masked.

# Those that its ACPI has no use for can't be written.
events()        # mask|unmask
{
    events_each="for e in gpe[0-9A-F][0-9A-F]; do echo $1 >\$e; done 2>/dev/null"
    in_guest 20 \
        "cd /sys/firmware/acpi/interrupts; $events_each; grep ' ${1}ed' gpe*"
}

# xl waits for ten seconds, and gives up.
gives_up()
{
    ! detach 00:0d.0 && grep 'timed out waiting for DM to remove' /tmp/attach &&
        [ -n "$(where 00:0d.0)" ]
}

gone_from_guest()
{
    wait_for 30 in_guest 10 "! test -e /sys/bus/pci/devices/0000:$at"
}

forced()
{
    xl pci-detach -f $GUEST 0000:00:0d.0
    echo "xl's status: $?"
    [ -z "$(where 00:0d.0)" ] || { echo "still in xl pci-list"; return 1; }
}

clean() { nothing_left $(guest_id) 00:0d.0; }

check "ignored: there is a guest" any_guest || exit 1
check "ignored: attach virtio" attach 00:0d.0
check "ignored: virtio works" proof net 00:0d.0 msix $md5_tftp
at=$(where 00:0d.0)

check "ignored: the guest hears nothing" events mask
check "ignored: xl gives up" gives_up
check "ignored: virtio works still" proof net 00:0d.0 msix $md5_tftp
check "ignored: the guest hears" events unmask
check "ignored: and lets go" gone_from_guest
check "ignored: xl is told to forget it" forced
check "ignored: nothing is left" clean
check "ignored: attach virtio again" attach 00:0d.0
check "ignored: virtio works again" proof net 00:0d.0 msix $md5_tftp
at=$(where 00:0d.0)

# Now it is Xen's, while the device model has it still.
check "ignored: the guest hears nothing, again" events mask
check "ignored: xl takes it all the same" forced
check "ignored: the device model answers" device_model_answers
check "ignored: the guest hears, again" events unmask
check "ignored: and lets go, again" gone_from_guest
check "ignored: nothing is left, again" clean
check "ignored: Xen and dom0 are well" hosts_are_well
if xen_since 18 && [ ! -d $S/dm ]; then
    # libxl took the line that the device was still bound to.
    check "ignored: its line is kept back, and libxl says so" \
        refused 00:0d.0 'xc_physdev_map_pirq irq=.* File exists'
    destroy_guest
    check "ignored: the next guest" any_guest || exit 1
fi
check "ignored: attach virtio once more" attach 00:0d.0
check "ignored: virtio works once more" proof net 00:0d.0 msix $md5_tftp
check "ignored: detach virtio" detach 00:0d.0
exit 0
