# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's power states reach the device (power_mgmt): it sleeps with the
# guest, and works when both have woken up.
#
# The guest's kernel tests its own way to sleep: it suspends all devices, waits
# for five seconds and resumes them.

state() { bits $1 CAP_PM+4.w 3; }

is_in() { [ $(state $1) = $2 ]; }

both_in() { is_in 01:00.0 $1 && is_in 02:00.0 $1; }

# Meanwhile no console of the guest's answers.
sleeps()
{
    in_guest 20 "echo platform >/sys/power/pm_test" || return 1
    in_guest 20 "(sleep 1; echo mem >/sys/power/state; echo status \$?) >/tmp/slept 2>&1 &"
    wait_for 30 $1 || { echo "in $(state 01:00.0) and $(state 02:00.0)"; return 1; }
}

wakes()
{
    wait_for 60 in_guest 5 "grep status /tmp/slept" ||
        { echo "it sleeps on"; return 1; }
    in_guest 20 "cat /tmp/slept; dmesg | tail -n 20"
    in_guest 20 "grep -q 'status 0' /tmp/slept" && both_in 0
}

# Without a driver, by hand: what the guest writes and reads is the device's.
# For nvme, which keeps its registers meanwhile.
by_hand()       # BDF
{
    hand_at=$(where $1)
    in_guest 20 "setpci -s $hand_at CAP_PM+4.w=3:3" || return 1
    is_in $1 3 || { echo "it is in D$(state $1)"; return 1; }
    in_guest 20 "setpci -s $hand_at CAP_PM+4.w" | grep -i '[37bf]$' ||
        { echo "the guest does not see it"; return 1; }
    in_guest 20 "setpci -s $hand_at CAP_PM+4.w=0:3" || return 1
    wait_for 5 is_in $1 0 || { echo "it is in D$(state $1)"; return 1; }
}

# For e1000e, which loses them, it is a way of Linux's to reset it.
reset_by_it()
{
    reset_in=/sys/bus/pci/devices/0000:$(where 01:00.0)
    in_guest 20 "echo pm >$reset_in/reset_method && echo 1 >$reset_in/reset"
}

if [ ! -d $S/dm ]; then
    skip "power: a guest with power_mgmt" "Debian's device model has none"
    exit 0
fi
DM_ARGS='"-global","xen-pci-passthrough.power_mgmt=on"'
check "power: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check "power: e1000e is reset by sleep" reset_by_it
check "power: nvme sleeps and wakes without a driver" by_hand 02:00.0
check "power: the drivers load" load_drivers
check "power: e1000e works before" proof net 01:00.0 msix $md5_tftp
check "power: nvme works before" proof disk 02:00.0 msix $md5_nvme
for time in "once" "twice"; do
    check "power: the devices sleep with the guest, $time" \
        sleeps "both_in 3"
    check "power: and wake up, $time" wakes
    check "power: e1000e works after, $time" proof net 01:00.0 msix $md5_tftp
    check "power: nvme works after, $time" proof disk 02:00.0 msix $md5_nvme
done
check "power: Xen and dom0 are well" hosts_are_well
check "power: detach e1000e" detach 01:00.0
exit 0
