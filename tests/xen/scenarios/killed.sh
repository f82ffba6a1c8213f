# SPDX-License-Identifier: GPL-2.0-or-later
# The process that has the devices, beside QEMU, is killed under traffic: nothing
# of them stays in Xen, the guest goes on, lets go of them, and gets them again.
# So it is when all of its name are killed at once, the one that waits for it, too.

if [ $HOST != process ] || [ ! -d $S/dm ]; then
    skip "killed: the process beside QEMU" "there is none"
    exit 0
fi

killed()
{
    killed_pid=$(host_pid)
    [ -n "$killed_pid" ] && kill -9 $killed_pid && wait_for 30 another
}

all_killed()
{
    killed_pid=$(host_pid)
    killed_all=$(host_pids | while read -r killed_one; do
        ! grep -q ^xen-pass-throug /proc/$killed_one/comm || echo $killed_one
    done)
    echo "of" $(host_pids) "these:" $killed_all
    # shellcheck disable=SC2086         # a list
    [ "$(echo "$killed_all" | wc -l)" = 2 ] && kill -9 $killed_all &&
        wait_for 30 another
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

gone()
{
    gone_id=$(guest_id)
    timeout $((120 * SLOW)) xl destroy $GUEST
    wait_for 20 no_guest && save_console || return 1
    wait_for 20 no_trace $gone_id || { cat /tmp/traces; return 1; }
    without_interrupts 01:00.0 && [ $(bits 01:00.0 COMMAND 4) = 0 ]
}

check "killed: a guest with e1000e boots" new_guest "'01:00.0'" || exit 1
check "killed: the drivers load" load_drivers
check "killed: e1000e works" proof net 01:00.0 msix $md5_tftp
for name in killed all_killed; do
    check "killed: there is traffic ($name)" traffic
    check "killed: kill -9, and another one is there ($name)" $name
    check "killed: the guest reads all ones ($name)" reads_ones
    check "killed: nothing is left of the device ($name)" silent
    check "killed: the device model answers ($name)" device_model_answers
    check "killed: detach e1000e ($name)" detach 01:00.0
    check "killed: attach e1000e again ($name)" attach 01:00.0
    check "killed: the drivers load again ($name)" load_drivers
    check "killed: e1000e works again ($name)" proof net 01:00.0 msix $md5_tftp
done
check "killed: Xen and dom0 are well" hosts_are_well
# Nobody is left who could take anything back; Xen does, with the domain, but for
# MSI-X, which is on in the device still.
check "killed: there is traffic (none left)" traffic
kill -9 $(host_pids)
wait_for 10 eval '[ -z "$(host_pids)" ]'
check "killed: without any of them, the guest is destroyed" gone
exit 0
