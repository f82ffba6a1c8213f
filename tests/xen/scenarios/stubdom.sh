# SPDX-License-Identifier: GPL-2.0-or-later
# The device model runs in a Linux stub domain, which has the devices by Xen's
# PCI front end, at addresses of its own.

if [ $HOST = process ] || [ ! -d $S/dm ]; then
    skip "stubdom: a device model in a stub domain" "of a QEMU that is ours"
    exit 0
fi

DM_LOG=/var/log/xen/qemu-dm-$GUEST.log

# Its root is the image's with the device model. Debian's libxl looks for this
# proxy of QMP where Debian does not have it.
make_stubdom()
{
    { cat $S/stubdom/stubdom.cpio; cd / && find dm | cpio -o -H newc; } \
        >/tmp/stubdom.cpio || return 1
    ln -sf "$(command -v vchan-socket-proxy)" /usr/bin/vchan-socket-proxy
}

# To libxl the devices are the stub domain's.
devices()
{
    xl pci-list $GUEST-dm | sed -n 's/.* 0000:\(..:..\..\)$/\1/p'
}

# The log comes through the stub domain's console, in its own time.
where()
{
    wait_for 10 grep "0000:$1: attached at" $DM_LOG
    sed -n "s/.*0000:$1: attached at \(..\..\):.*/00:\1/p" $DM_LOG | tail -n 1
}

# Is the device model in that domain, and in dom0 only what serves its consoles?
in_stubdom()
{
    xl list
    in_id=$(xenstore-read /local/domain/$(guest_id)/image/device-model-domid)
    [ "$in_id" = "$(xl domid $GUEST-dm)" ] &&
        ! cat /proc/[0-9]*/cmdline | tr '\0' ' ' |
            grep "[x]en-domid $(guest_id) "
}

# pciback has a filter of its own, which lets a device model switch MSI and MSI-X
# on only where this says so.
take_for_stubdom()      # BDF...
{
    take "$@" || return 1
    for tf_bdf; do
        echo 0000:$tf_bdf \
            >/sys/bus/pci/drivers/pciback/allow_interrupt_control || return 1
    done
}

# What QEMU 10, which serves a stub domain's consoles, lacks. It has the first
# console in a state in which it reads nothing (con_event() in
# hw/char/xen_console.c), and the kernel waits for room in the ring for ever: it
# connects when the front end's state says so, which no kernel writes for this one.
# And it has no third console unless it has a third serial port: the kernel waits
# five minutes for that.
serve_console()
{
    serve_id=$(xl domid $GUEST-dm) &&
        [ "$(xenstore-read \
            /local/domain/0/backend/console/$serve_id/0/state)" = 2 ] &&
        xenstore-write /local/domain/$serve_id/console/state 4
}

monitor_answers() { monitor info status | grep 'VM status: running'; }

check "stubdom: its root is made" make_stubdom || exit 1
check "stubdom: pciback lets interrupts be switched on" \
    take_for_stubdom 01:00.0 02:00.0 00:08.0
MORE="serial=[]
device_model_args_pv=[\"-serial\",\"null\",\"-serial\",\"null\",\"-serial\",\"null\"]
device_model_stubdomain_override=1
stubdomain_kernel=\"$S/stubdom/vmlinux\"
stubdomain_ramdisk=\"/tmp/stubdom.cpio\"
stubdomain_cmdline=\"console=hvc0 loglevel=6\"
stubdomain_memory=256"
! xen_since 18 || wait_for 60 serve_console &
check "stubdom: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check "stubdom: its device model is in a domain of its own" in_stubdom
check_forecast stubdom e1000e 01:00.0
check_forecast stubdom nvme 02:00.0
check "stubdom: the drivers load" load_drivers
check "stubdom: e1000e works, by MSI-X" proof net 01:00.0 msix $md5_tftp
check "stubdom: nvme works, by MSI-X" proof disk 02:00.0 msix $md5_nvme
check "stubdom: attach e1000" attach 00:08.0
check "stubdom: e1000 works, by INTx" proof net 00:08.0 intx $md5_tftp
check "stubdom: the monitor answers" monitor_answers
# libxl destroys a stub domain without a word, and dom0 can't reset this one.
check "stubdom: e1000e's driver lets go of it" in_guest 60 modprobe -r e1000e
destroy_guest
check "stubdom: Xen and dom0 are well" hosts_are_well
exit 0
