# SPDX-License-Identifier: GPL-2.0-or-later
# Two devices with MSI-X given to a guest when it is created.

# What e1000e's driver finds when it tests the card: of this emulated one, the
# same fails in dom0 (registers, interrupts, loopback), before it is passed
# through.
tests_of() { grep -E 'test +\(' | sed 's/[[:space:]]*$//'; }

tested_in_dom0()
{
    destroy_guest
    free_devices
    modprobe e1000e && prove selftest 01:00.0 | tee /tmp/said
    modprobe -r e1000e || return 1
    tests_of </tmp/said >/tmp/tests.dom0
    [ "$(wc -l </tmp/tests.dom0)" = 5 ]
}

tested_as_in_dom0()
{
    proof selftest 01:00.0 | tee /tmp/said
    tests_of </tmp/said | diff /tmp/tests.dom0 -
}

check "create: dom0's driver tests e1000e" tested_in_dom0
check "create: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check_forecast create e1000e 01:00.0
check_forecast create nvme 02:00.0
# With Debian's device model this would be the guest's end.
if [ -d $S/dm ]; then
    check "create: writes beside e1000e's MSI-X are survived" \
        in_guest 60 prove pages $(where 01:00.0)
    check "create: writes beside nvme's MSI-X are survived" \
        in_guest 60 prove pages $(where 02:00.0)
fi
check "create: the drivers load" load_drivers
check "create: e1000e: lease, ping, TFTP, MSI-X" \
    proof net 01:00.0 msix $md5_tftp
check "create: e1000e: DHCP, ten pings, MSI-X, as Xen's test pci-hvm has it" \
    proof pci_hvm 01:00.0 MSI-X
check "create: e1000e: ethtool -t finds in the guest what it did in dom0" \
    tested_as_in_dom0
check "create: nvme: read, write, read back, MSI-X" \
    proof disk 02:00.0 msix $md5_nvme
check "create: nvme: nvme-cli identifies, writes, reads" \
    proof identify 02:00.0 1
if [ -d $S/dm ]; then
    check "create: e1000e: its line is not bound beside MSI-X" \
        line_is_free $(guest_id) 01:00.0
    check "create: nvme: its line is not bound beside MSI-X" \
        line_is_free $(guest_id) 02:00.0
fi
check "create: lspci of e1000e at work" record_guest 01:00.0 driven
check "create: lspci of nvme at work" record_guest 02:00.0 driven
check "create: the monitor knows e1000e's regions" known_to_monitor 01:00.0
check "create: the monitor knows nvme's regions" known_to_monitor 02:00.0
exit 0
