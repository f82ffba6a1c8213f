# SPDX-License-Identifier: GPL-2.0-or-later
# permissive=1 lets writes through that are refused without it.
#
# Debian's device model refuses a write into a vendor-specific capability; ours
# passes it on, always. No device of QEMU's has a bit that only permissive
# opens, so ours is judged by its log, which has a refused write, and by what it
# writes to the device.
#
# In a slot that no INTx device gets later: see hotplug.

DM_LOG=/var/log/xen/qemu-dm-$GUEST.log

refused()
{
    proof vendor 00:0d.0 >/tmp/refused
    [ $? = 1 ] && grep 'reads 0' /tmp/refused
}

# Write an undeclared byte of the header; does the log say that it stays out, or
# does the device model write it to the device?
undeclared()
{
    undeclared_at=$(where 00:0d.0)
    [ -n "$undeclared_at" ] || { echo "not in the guest"; return 1; }
    undeclared_before=$(grep -c 'write at offset 0x38' $DM_LOG)
    # Not what the strace before this one said.
    rm -f /tmp/attached
    strace -f -y -e trace=pwrite64 -p $(host_pid) \
        -o /tmp/undeclared 2>/tmp/attached &
    wait_for 10 grep -q attached /tmp/attached || return 1
    in_guest 60 setpci -s $undeclared_at 38.b=5 || return 1
    kill $!
    wait $!
    undeclared_after=$(grep -c 'write at offset 0x38' $DM_LOG)
    undeclared_sent=$(grep -c '0d.0/config>, .*, 1, 56)' /tmp/undeclared)
    echo "refusals in the log: $undeclared_before, then $undeclared_after;" \
        "writes to the device: $undeclared_sent"
    case $1 in
    refused) [ $undeclared_after -gt $undeclared_before ] &&
        [ $undeclared_sent = 0 ] ;;
    passed) [ $undeclared_after = $undeclared_before ] &&
        [ $undeclared_sent = 1 ] &&
        tail -n 40 $DM_LOG | grep 'policy permissive' ;;
    esac
}

check "permissive: there is a guest" any_guest || exit 1
check "permissive: attach virtio without it" attach 00:0d.0@1e
if [ -d $S/dm ]; then
    check "permissive: a write to an undeclared register is refused" \
        undeclared refused
else
    check "permissive: a write into its capability is refused" refused
fi
check "permissive: detach" detach 00:0d.0
check "permissive: attach virtio with permissive=1" \
    attach 00:0d.0@1e,permissive=1
if [ -d $S/dm ]; then
    check "permissive: the same write is let through" undeclared passed
fi
check "permissive: a write into its capability arrives" proof vendor 00:0d.0
check "permissive: virtio works" proof net 00:0d.0 msix $md5_tftp
check "permissive: detach again" detach 00:0d.0
exit 0
