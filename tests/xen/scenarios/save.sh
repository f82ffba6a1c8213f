# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that has a device of the host can't be saved. xl is told so, and the
# guest goes on.

DM_LOG=/var/log/xen/qemu-dm-$GUEST.log

# libxl has the guest suspend itself, and then asks the device model.
refused()
{
    timeout $((120 * SLOW)) xl save $GUEST /dev/null
    refused_status=$?
    echo "xl's status: $refused_status"
    [ $refused_status = 1 ] && grep "can't be saved" $DM_LOG
}

# libxl resumes it.
goes_on() { wait_for 60 in_guest 10 true; }

if [ ! -d $S/dm ]; then
    skip "save: a guest with devices" "Debian's device model saves it"
    exit 0
fi
check "save: there is a guest with e1000e and nvme" plain_guest || exit 1
check "save: e1000e works before" proof net 01:00.0 msix $md5_tftp
check "save: nvme works before" proof disk 02:00.0 msix $md5_nvme
check "save: it is refused" refused
check "save: the device model answers" device_model_answers
check "save: the guest goes on" goes_on
check "save: e1000e works after" proof net 01:00.0 msix $md5_tftp
check "save: nvme works after" proof disk 02:00.0 msix $md5_nvme
exit 0
