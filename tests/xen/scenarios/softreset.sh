# SPDX-License-Identifier: GPL-2.0-or-later
# The guest starts another kernel itself, by kexec.  Xen calls this a soft reset:
# the domain stays, with all of its memory, and gets a new device model.

# The guest's own disk has the kernel.
loaded()
{
    in_guest 60 "mkdir -p /tmp/iso && mount -t iso9660 /dev/sda /tmp/iso" &&
        in_guest 120 "kexec -l /tmp/iso/vmlinuz --initrd=/tmp/iso/initrd --reuse-cmdline"
}

started()
{
    before_id=$(guest_id)
    before_pid=$(device_model_pid)
    boots=$(grep -c '^@@ready' $GUEST_LOG)
    in_guest 3 kexec -e
    guest_answers 300 $((boots + 1)) || return 1
    echo "domain $before_id, then $(guest_id); device model $before_pid," \
        "then $(device_model_pid)"
    [ "$(guest_id)" = "$before_id" ] && [ "$(device_model_pid)" != "$before_pid" ]
}

# The first one's process is gone, and so is what it had.
first_is_gone() { ! kill -0 $before_pid; }

check "softreset: there is a guest with e1000e and nvme" plain_guest || exit 1
check "softreset: e1000e works before" proof net 01:00.0 msix $md5_tftp
check "softreset: nvme works before" proof disk 02:00.0 msix $md5_nvme
check "softreset: the guest loads another kernel" loaded || exit 1
check "softreset: and starts it, as the same domain" started || exit 1
check "softreset: the first device model is gone" wait_for 20 first_is_gone
check "softreset: the drivers load again" load_drivers
check "softreset: e1000e works after" proof net 01:00.0 msix $md5_tftp
check "softreset: nvme works after" proof disk 02:00.0 msix $md5_nvme
check "softreset: Xen and dom0 are well" hosts_are_well
check "softreset: detach e1000e" detach 01:00.0
check "softreset: attach e1000e" attach 01:00.0
check "softreset: e1000e works again" proof net 01:00.0 msix $md5_tftp
exit 0
