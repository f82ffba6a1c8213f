# SPDX-License-Identifier: GPL-2.0-or-later
# dm_restrict=1: QEMU is a user without privileges in a directory of its own,
# and the guest has a device all the same.

if [ $HOST != process ] || [ ! -d $S/dm ]; then
    skip "restricted: QEMU without privileges" "it needs them for pass-through"
    exit 0
fi

# What QEMU itself is now.
restricted()
{
    grep -E '^(Uid|CapEff):' /proc/$(device_model_pid)/status
    ls -l /proc/$(device_model_pid)/root
    grep -q '^Uid:.1000.1000' /proc/$(device_model_pid)/status &&
        ls -l /proc/$(device_model_pid)/root | grep -q qemu-root
}

grep -qs ^qemu: /etc/passwd ||
    echo "qemu:x:1000:1000::/nonexistent:/bin/false" >>/etc/passwd
MORE='dm_restrict=1
device_model_user="qemu"'

# QEMU 10 needs greater files than libxl allows, and makes Xen's keyboard twice,
# whatever its guest has and without us.
without()
{
    ! new_guest '' && grep "see -pass-through-fsize" \
        /var/log/xen/qemu-dm-$GUEST.log
}

if xen_since 20; then
    MORE="$MORE
vkb_device=0"
    check "restricted: without a word of files' size it is said" without
    DM_ARGS='"-pass-through-fsize","16"'
fi
check "restricted: a guest with nvme boots" new_guest "'02:00.0'" || exit 1
check "restricted: QEMU has no privileges" restricted
check "restricted: the drivers load" load_drivers
check "restricted: nvme works" proof disk 02:00.0 msix $md5_nvme
check "restricted: attach e1000e" attach 01:00.0
check "restricted: e1000e works" proof net 01:00.0 msix $md5_tftp
check "restricted: detach e1000e" detach 01:00.0
check "restricted: Xen and dom0 are well" hosts_are_well
exit 0
