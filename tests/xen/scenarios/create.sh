# SPDX-License-Identifier: GPL-2.0-or-later
# Two devices with MSI-X given to a guest when it is created.

check "create: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check "create: lspci of e1000e before its driver" record_guest 01:00.0 fresh
check "create: lspci of nvme before its driver" record_guest 02:00.0 fresh
if [ -d $S/ptview ] && [ -d $S/dm ]; then
    check "create: the guest sees of e1000e what ptview foretold" \
        foretold 01:00.0
    check "create: the guest sees of nvme what ptview foretold" \
        foretold 02:00.0
fi
check "create: the drivers load" load_drivers
check "create: e1000e: lease, ping, TFTP, MSI-X" \
    proof net 01:00.0 msix $md5_tftp
check "create: nvme: read, write, read back, MSI-X" \
    proof disk 02:00.0 msix $md5_nvme
check "create: lspci of e1000e at work" record_guest 01:00.0 driven
check "create: lspci of nvme at work" record_guest 02:00.0 driven
exit 0
