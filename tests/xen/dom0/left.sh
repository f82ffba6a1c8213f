# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# In dom0: what is left of a device that a guest had.  Sourced by lib.sh.
#
# Nothing shall be: no bus mastering, no message-signalled interrupts, the
# decoders as they were found, no interrupt of it in Xen, no region of it in
# the guest's memory.

XEN_LOG=$LOGS/xen-dmesg
FOUND=/run/found                # Command of each device when it was taken

# Keep what is in Xen's ring, which is small, and make room in it.
keep_xen_log() { xl dmesg -c >>$XEN_LOG; }

# xen_says KEYS: what Xen prints for these debug keys.
xen_says()
{
    keep_xen_log
    xl debug-keys $1
    xl dmesg -c >/tmp/xen-says
    cat /tmp/xen-says >>$XEN_LOG
    [ -s /tmp/xen-says ] || { echo "Xen says nothing to $1"; return 1; }
    cat /tmp/xen-says
}

# Nothing that Xen or dom0's kernel say is a sign of a fault of theirs.
hosts_are_well()
{
    keep_xen_log || { echo "xl dmesg fails"; return 1; }
    grep -q 'Xen version' $XEN_LOG || { echo "Xen's log is cut"; return 1; }
    ! grep -E 'Panic|Assertion|Xen BUG|Xen WARN' $XEN_LOG &&
        ! dmesg | grep -E 'BUG:|Oops|general protection|Call Trace'
}

register() { setpci -s $1 $2 2>/dev/null; }

# bits BDF REGISTER MASK: these bits of a register, in decimal; 0 for one of
# a capability that the device does not have.
bits()
{
    bits_value=$(register $1 $2)
    echo $((0x${bits_value:-0} & $3))
}

has_cap() { [ -n "$(register $1 $2.l)" ]; }

# found BDF: note how a device is found.
found()
{
    mkdir -p $FOUND
    register $1 COMMAND >$FOUND/$1
}

# quiet BDF: is the device itself as it was found, and quiet?
quiet()
{
    quiet_command=0x$(register $1 COMMAND)
    quiet_found=0x$(cat $FOUND/$1)
    echo "$1: Command $quiet_command, found as $quiet_found"
    quiet_status=0
    [ $((quiet_command & 4)) = 0 ] ||
        { echo "$1: bus mastering is on"; quiet_status=1; }
    [ $((quiet_command & 3)) = $((quiet_found & 3)) ] ||
        { echo "$1: decoders are not as found"; quiet_status=1; }
    [ $(bits $1 CAP_MSI+2.w 1) = 0 ] ||
        { echo "$1: MSI is on"; quiet_status=1; }
    [ $(bits $1 CAP_MSIX+2.w 0x8000) = 0 ] ||
        { echo "$1: MSI-X is on"; quiet_status=1; }
    return $quiet_status
}

# without_interrupts BDF: has Xen no MSI of it, and gave it to no guest?
without_interrupts()
{
    xen_says Q | grep "0000:$1 - " | tee /tmp/without
    grep -qE ' - (DomIO:[0-9a-f]*|d0) - node [-0-9]+ *$' /tmp/without ||
        { echo "$1: it is a guest's still, or has interrupts"; return 1; }
}

# line_is_free ID BDF OTHER...: has the domain no host line that was this
# device's, unless another one of its devices has the same?
line_is_free()
{
    line_id=$1
    line_irq=$(cat /sys/bus/pci/devices/0000:$2/irq)
    shift 2
    for line_bdf; do
        [ $line_irq != "$(cat /sys/bus/pci/devices/0000:$line_bdf/irq)" ] ||
            { echo "$line_bdf shares line $line_irq"; return 0; }
    done
    ! xen_says i | grep -E "IRQ: *$line_irq .* d$line_id:"
}

# devices: the host devices of the guest, by what libxl says.
devices()
{
    xl pci-list $GUEST | sed -n 's/.* 0000:\(..:..\..\)$/\1/p'
}

# nothing_left ID BDF...: nothing is left of these in the domain, which is gone
# if it is $GUEST no more.  The stock device model is not judged.
nothing_left()
{
    [ -d $S/dm ] || return 0
    left_id=$1
    left_others=
    left_status=0
    shift
    if [ "$(guest_id)" = $left_id ]; then
        left_others=$(devices)
    else
        # Its device model may still be at it.
        wait_for 20 no_trace $left_id ||
            { echo "Xen has still:"; cat /tmp/traces; left_status=1; }
    fi
    for left_bdf; do
        quiet $left_bdf || left_status=1
        without_interrupts $left_bdf || left_status=1
        # shellcheck disable=SC2086     # a list
        line_is_free $left_id $left_bdf $left_others || left_status=1
    done
    return $left_status
}

# A domain is gone when Xen does not know it, nor an interrupt of its.
no_trace()
{
    xen_says qi | grep -E \
        "General information for domain $1:| d$1: *[0-9]+\(" >/tmp/traces
    [ ! -s /tmp/traces ]
}

# unmapped BDF ADDRESS: where the guest had this device's region, it meets
# nobody, though the device decodes.
unmapped()
{
    unmapped_command=$(register $1 COMMAND)
    setpci -s $1 COMMAND=2:2
    unmapped_value=$(in_guest 20 devmem $2 32 | grep 0x)
    setpci -s $1 COMMAND=$unmapped_command
    echo "$1: the guest reads $unmapped_value at $2"
    [ "$unmapped_value" = 0xFFFFFFFF ]
}
