# SPDX-License-Identifier: GPL-2.0-or-later
# A guest reboots, and has its devices in working order again.

# The reboot makes a new domain with the old one's name and console log.
rebooted()
{
    old=$(guest_id)
    boots=$(grep -c '^@@ready' $GUEST_LOG)
    in_guest 3 reboot -f
    wait_for 60 other_guest || { echo "no new domain"; return 1; }
    guest_answers 300 $((boots + 1))
}

other_guest() { new=$(guest_id) && [ "$new" != "$old" ]; }

check "reboot: there is a guest with e1000e and nvme" plain_guest || exit 1
check "reboot: e1000e works before" proof net 01:00.0 msix $md5_tftp
check "reboot: the guest comes back" rebooted || exit 1
check "reboot: the drivers load" load_drivers
check "reboot: e1000e works after" proof net 01:00.0 msix $md5_tftp
check "reboot: nvme works after" proof disk 02:00.0 msix $md5_nvme
exit 0
