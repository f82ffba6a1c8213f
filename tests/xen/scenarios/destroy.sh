# SPDX-License-Identifier: GPL-2.0-or-later
# A guest is destroyed in the middle of traffic; the next one gets the devices
# in working order.

traffic()       # BDF
{
    in_guest 20 "prove traffic $(where $1) >/dev/null 2>&1 &" || return 1
    wait_for 30 moving $1 || { echo "no traffic on $1"; return 1; }
}

# At least some interrupts a second.
moving()
{
    before=$(in_guest 20 prove irqs $(where $1) | grep '^[0-9]')
    sleep 2
    after=$(in_guest 20 prove irqs $(where $1) | grep '^[0-9]')
    echo "interrupts of $1: $before, then $after"
    [ "$after" -gt $((before + 10)) ]
}

destroyed() { xl destroy $GUEST && wait_for 20 no_guest; }

check "destroy: there is a guest with e1000e and nvme" plain_guest || exit 1
check "destroy: there is traffic on e1000e" traffic 01:00.0
check "destroy: there is traffic on nvme" traffic 02:00.0
check "destroy: both move" eval "moving 01:00.0 && moving 02:00.0"
check "destroy: the guest is destroyed" destroyed
check "destroy: Xen and dom0 are well" hosts_are_well
check "destroy: the next guest boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check "destroy: the drivers load again" load_drivers
check "destroy: e1000e works" proof net 01:00.0 msix $md5_tftp
check "destroy: nvme works" proof disk 02:00.0 msix $md5_nvme
exit 0
