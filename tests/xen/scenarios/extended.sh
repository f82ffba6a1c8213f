# SPDX-License-Identifier: GPL-2.0-or-later
# Extended configuration space: an MCFG table tells the guest of the window, and
# the device model answers there. By the property for all of a guest's devices,
# by the policy file for one; without them all is as ever.

WINDOW=0xfe000000
CONF=/etc/xen/pass-through.conf
DM_LOG=/var/log/xen/qemu-dm-$GUEST.log

forecast() { echo $LOGS/lspci/$(echo $1 | tr : -).extended; }

foresee()       # BDF
{
    take $1 || return 1
    WRAP='' timeout $((20 * SLOW)) ptview --extended -x 0000:$1 >$(forecast $1)
}

# The dump's 4096 bytes, but for what firmware programs.
dumped() { unprogrammed $1; grep -E '^[0-9a-f]{3}: ' $1; }

# Does the guest see of device $1, before its driver, all that was foretold?
as_foretold()
{
    as_seen=$LOGS/lspci/$(echo $1 | tr : -).guest-extended
    in_guest 60 lspci -xxxx -s $(where $1) >$as_seen || return 1
    dumped $(forecast $1) >/tmp/foretold
    dumped $as_seen >/tmp/seen
    [ "$(wc -l </tmp/foretold)" = 256 ] ||
        { echo "no forecast of 4096 bytes"; return 1; }
    diff /tmp/foretold /tmp/seen
}

# knows_window: does the guest's kernel have the window? Since 6.8 it calls it
# ECAM.
knows_window()
{
    in_guest 20 "dmesg | grep -E 'PCI: (MMCONFIG|ECAM)'" | grep -i fe000000
}

# size DEVICE: of configuration space, as the guest's kernel found it out.
size() { in_guest 20 "wc -c </sys/bus/pci/devices/0000:$1/config" | grep .; }

has_size()      # DEVICE BYTES
{
    has_size=$(size $1)
    echo "$1: $has_size bytes"
    [ $has_size = $2 ]
}

has_both()
{
    in_guest 20 lspci -vv -s $(where 01:00.0) >/tmp/caps
    grep -E '\[(100|140)' /tmp/caps
    grep -q '\[100 .*Advanced Error Reporting' /tmp/caps &&
        grep -q 'Device Serial Number [0-9a-f]' /tmp/caps
}

# Not what would have the guest make functions of its own, or reach others.
without_sriov()
{
    in_guest 20 lspci -vv -s $(where $1) >/tmp/caps
    grep '\[[1-9a-f].. ' /tmp/caps
    grep -q 'Advanced Error Reporting' /tmp/caps &&
        ! grep -E 'Single Root|Alternative Routing' /tmp/caps
}

# value COMMAND: what the guest answers to it, without empty lines.
value() { in_guest 20 "$1" | grep .; }

# at DEVICE OFFSET: where it is in the window.
at()
{
    at_slot=${1#*:}
    printf '0x%x' $((WINDOW + (0x${at_slot%.*} << 15) +
        (${at_slot#*.} << 12) + $2))
}

reads()         # ADDRESS WIDTH VALUE
{
    reads_value=$(value "devmem $1 $2")
    echo "$2 bits at $1: $reads_value"
    [ $reads_value = $3 ] || { echo "not $3"; return 1; }
}

# What setpci reads by the ports and what is known, read by other widths: of an
# emulated function, the host bridge 8086:1237.
emulated_ones()
{
    em_command=$(value "setpci -s 0.0 COMMAND")
    reads $(at 0:0.0 0) 8 0x86 && reads $(at 0:0.0 1) 8 0x80 &&
        reads $(at 0:0.0 2) 16 0x1237 && reads $(at 0:0.0 1) 16 0x3780 &&
        reads $(at 0:0.0 0) 32 0x12378086 &&
        reads $(at 0:0.0 2) 32 0x$(echo $em_command | tr a-f A-F)1237 &&
        reads $(at 0:0.0 0x100) 32 0xFFFFFFFF &&
        reads $(at 0:0.0 0xfff) 8 0xFF &&
        has_size 00:00.0 256 && has_size 00:01.0 256
}

# Beside a QEMU, only the functions that have 4096 bytes are in the window.
not_emulated_ones()
{
    reads $(at 0:0.0 0) 32 0xFFFFFFFF && reads $(at 0:0.0 0xfff) 8 0xFF &&
        has_size 00:00.0 256 && has_size 00:01.0 256
}

absent_ones()
{
    reads $(at 0:1e.0 0) 32 0xFFFFFFFF && reads $(at 0:1e.7 0x100) 16 0xFFFF
}

# Correctable errors' mask: bit 6 is that of a bad TLP; reserved ones are not
# written, and the device has less than all others.
MASK=ECAP_AER+14.l
masks_agree()   # VALUE
{
    agree_guest=$(value "setpci -s $(where 01:00.0) $MASK")
    agree_host=$(register 01:00.0 $MASK)
    echo "guest $agree_guest, device $agree_host"
    [ $agree_guest = $agree_host ] && [ $((0x$agree_host & $2)) = $(($1)) ]
}

mask_arrives()
{
    arrives_set="setpci -s $(where 01:00.0) $MASK"
    arrives_found=$(register 01:00.0 $MASK)
    echo $arrives_found >/tmp/mask
    in_guest 20 "$arrives_set=40:40" && masks_agree 0x40 0x40 || return 1
    in_guest 20 "$arrives_set=0:40" && masks_agree 0 0x40 || return 1
    in_guest 20 "$arrives_set=ffffffff" && masks_agree 0 0xffff0e3e &&
        masks_agree 0x40 0x40 || return 1
    # By the window itself, a byte of it: what was there, but for bit 0.
    in_guest 20 "devmem $(at $(where 01:00.0) 0x114) 8 0x40" &&
        masks_agree 0x40 0xff
}

# An error put into the device, as if the link had it: a masked one, of which no
# host hears.  The guest sees it, and clears it by writing 1, but not by 0.
STATUS=ECAP_AER+10.l
error_is()      # VALUE
{
    error_guest=$(value "setpci -s $(where 01:00.0) $STATUS")
    error_host=$(register 01:00.0 $STATUS)
    echo "guest $error_guest, device $error_host"
    [ $error_guest = $error_host ] && [ $((0x$error_host & 0x40)) = $(($1)) ]
}

error_is_cleared()
{
    cleared_set="setpci -s $(where 01:00.0) $STATUS"
    masks_agree 0x40 0x40 && error_is 0 || return 1
    machine_does pcie_aer_inject_error card BAD_TLP
    wait_for 10 error_is 0x40 || { echo "no error arrives"; return 1; }
    in_guest 20 "$cleared_set=0" && error_is 0x40 &&
        in_guest 20 "$cleared_set=40" && error_is 0
}

# Other than found, so that something has to be brought back.
mask_differs()
{
    masks_agree 0x40 0x40 &&
        [ $(register 01:00.0 $MASK) != "$(cat /tmp/mask)" ]
}

mask_is_back()
{
    back_mask=$(register 01:00.0 $MASK)
    echo "$back_mask, found as $(cat /tmp/mask)"
    [ $back_mask = "$(cat /tmp/mask)" ]
}

comes_again()
{
    detach 02:00.0 && attach 02:00.0 && has_size $(where 02:00.0) 4096
}

one_only()
{
    has_size $(where 01:00.0) 4096 && has_size $(where 02:00.0) 256 &&
        reads $(at $(where 02:00.0) 0x100) 32 0xFFFFFFFF &&
        grep -E '01:00.0: attached .* extended=1' $DM_LOG &&
        grep -E '02:00.0: attached .* extended=0' $DM_LOG
}

as_ever()
{
    has_size $(where 01:00.0) 256 && has_size $(where 02:00.0) 256 &&
        reads $WINDOW 32 0xFFFFFFFF && ! knows_window
}

if [ ! -d $S/dm ] || [ ! -f $MCFG ] || ! has_ptview; then
    skip "extended: a guest with extended configuration space" \
        "not without our QEMU, ptview and table"
    exit 0
fi
destroy_guest
igb=
[ ! -e /sys/bus/pci/devices/0000:05:00.0 ] || igb=05:00.0
check "extended: forecast of e1000e" foresee 01:00.0
check "extended: forecast of nvme" foresee 02:00.0
[ -z "$igb" ] || check "extended: forecast of igb" foresee $igb
DM_ARGS='"-global","xen-pci-passthrough.extended=on"'
MORE="acpi_firmware=\"$MCFG\""
check "extended: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'${igb:+,'$igb'}" || exit 1
check "extended: its kernel uses the window" knows_window
check "extended: e1000e has 4096 bytes" has_size $(where 01:00.0) 4096
check "extended: all that ptview foretold of e1000e" as_foretold 01:00.0
check "extended: all that ptview foretold of nvme" as_foretold 02:00.0
check "extended: AER and serial number of e1000e" has_both
if [ -n "$igb" ]; then
    check "extended: all that ptview foretold of igb" as_foretold $igb
    check "extended: AER of igb, but not its SR-IOV" without_sriov $igb
else
    skip "extended: igb" "this QEMU does not emulate it"
fi
if [ $HOST = process ]; then
    check "extended: emulated functions are not in the window" not_emulated_ones
else
    check "extended: emulated functions, in any width" emulated_ones
fi
check "extended: no function, all ones" absent_ones
check "extended: an AER mask reaches the device" mask_arrives
check "extended: an error is seen, and cleared" error_is_cleared
check "extended: the drivers load" load_drivers
check "extended: e1000e works" proof net 01:00.0 msix $md5_tftp
[ -z "$igb" ] ||
    check "extended: igb works" proof net $igb msix $md5_tftp
check "extended: nvme works" proof disk 02:00.0 msix $md5_nvme
check "extended: nvme comes again, with all of it" comes_again
check "extended: the mask is another one now" mask_differs
destroy_guest
check "extended: the mask is the host's again" mask_is_back

printf '[0000:01:00.0]\nextended = yes\n' >$CONF
DM_ARGS=
check "extended: a guest where the policy file gives it to one" \
    new_guest "'01:00.0','02:00.0'"
check "extended: e1000e has it, nvme not" one_only
rm $CONF

MORE=
check "extended: a guest without" new_guest "'01:00.0','02:00.0'"
check "extended: nobody has it" as_ever
check "extended: Xen and dom0 are well" hosts_are_well
destroy_guest
exit 0
