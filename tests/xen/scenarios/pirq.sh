# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that has event channels for its devices' interrupts: since Xen 4.19
# only with hvm_pirq=1.

# Does the guest say so of its interrupts?
has_channels()
{
    in_guest 20 "grep -E 'xen-pirq' /proc/interrupts"
}

destroy_guest
if ! xen_since 19; then
    skip "pirq: event channels" "guests of this Xen always have them"
    exit 0
fi
MORE=hvm_pirq=1
check "pirq: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check_forecast pirq e1000e 01:00.0
check_forecast pirq nvme 02:00.0
check "pirq: attach e1000" attach 00:08.0
check_forecast pirq e1000 00:08.0
check "pirq: the drivers load" load_drivers
check "pirq: it has event channels" has_channels
check "pirq: e1000e works" proof net 01:00.0 msix $md5_tftp
check "pirq: nvme works" proof disk 02:00.0 msix $md5_nvme
check "pirq: e1000 works" proof net 00:08.0 intx $md5_tftp
check "pirq: detach e1000e" detach 01:00.0
check "pirq: attach e1000e" attach 01:00.0
check "pirq: e1000e works again" proof net 01:00.0 msix $md5_tftp
exit 0
