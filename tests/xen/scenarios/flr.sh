# SPDX-License-Identifier: GPL-2.0-or-later
# The guest resets its devices (flr), by Linux's own way: it saves their
# registers, asks for the reset, waits, and restores. Whether the real device
# had a reset, dom0's kernel tells: a probe in its function that does it.

CONF=/etc/xen/pass-through.conf
TRACE=/sys/kernel/tracing

host() { echo /sys/bus/pci/devices/0000:$1; }
guest() { echo /sys/bus/pci/devices/0000:$(where $1); }

# The function is called for asking, too: probe is 1 then. Vendor and device are
# where struct pci_dev has had them for long; below, sysfs has to say the same.
probe_resets()
{
    [ -e $TRACE/kprobe_events ] || mount -t tracefs tracefs $TRACE || return 1
    echo 'p:flr pcie_reset_flr probe=%si:u8 id=+0x3c(%di):x32' \
        >$TRACE/kprobe_events &&
        echo 'probe == 0' >$TRACE/events/kprobes/flr/filter &&
        echo 1 >$TRACE/events/kprobes/flr/enable
}

# As the probe has it: the device's ID above the vendor's.
ids() { printf '0x%x' $(($(cat $(host $1)/device) << 16 | $(cat $(host $1)/vendor))); }

resets() { grep -c "id=$(ids $1)\$" $TRACE/trace; }

dom0_can() { cat $(host $1)/reset_method; grep -qw flr $(host $1)/reset_method; }

offered() { in_guest 20 "cat $(guest $1)/reset_method; grep -qw flr $(guest $1)/reset_method"; }

not_offered() { ! offered $1; }

# The emulated e1000e has no such reset.
dom0_can_not() { ! dom0_can $1; }

model_says() { grep -h "$2" /var/log/xen/qemu-dm-$GUEST.log | grep "0000:$1"; }

# reset BDF: the guest asks for one, and dom0's kernel does one.
reset()
{
    reset_before=$(resets $1)
    in_guest 60 "echo flr >$(guest $1)/reset_method && echo 1 >$(guest $1)/reset" ||
        { in_guest 20 "dmesg | tail -n 20"; return 1; }
    reset_after=$(resets $1)
    echo "resets in dom0: $reset_before, now $reset_after"
    [ $reset_after = $((reset_before + 1)) ] || { tail $TRACE/trace; return 1; }
}

view() { in_guest 20 "lspci -xxx -s $(where $1)" | grep '^[0-9a-f]*:'; }

# Linux has restored what the guest had, but for errors, which are over.
keeps_its_view()
{
    in_guest 20 "setpci -s $(where $1) STATUS=f900 CAP_EXP+a.w=f" || return 1
    view $1 >/tmp/before && reset $1 && view $1 >/tmp/after || return 1
    [ "$(wc -l </tmp/before)" -ge 16 ] && diff /tmp/before /tmp/after
}

# A guest that does nothing else gets a few a second.
again_and_again()
{
    again_before=$(resets $1)
    in_guest 120 "i=0; until [ \$i = 12 ]; do i=\$((i + 1)); echo 1 >$(guest $1)/reset || exit 1; done" ||
        return 1
    again=$(($(resets $1) - again_before))
    grep "id=$(ids $1)\$" $TRACE/trace | tail -n 12 |
        awk '{ sub(":", "", $4); t[NR] = $4 }
            END { for (i = 2; i <= NR; i++) { d = t[i] - t[i - 1];
                if (i == 2 || d < least) least = d }
            print "the least time between two: " least " s"
            exit !(NR == 12 && least > 0.2) }' || return 1
    echo "$again resets"
    [ $again = 12 ]
}

# Under load: the driver gives up what it has under way, and begins again.
reset_under_load()
{
    in_guest 20 "prove traffic $(where 02:00.0) >/dev/null 2>&1 & echo \$! >/tmp/traffic"
    in_guest 20 "sleep 2" && reset 02:00.0 && in_guest 20 "sleep 2" &&
        reset 02:00.0
    load_status=$?
    in_guest 20 "kill \$(cat /tmp/traffic); sleep 1; dmesg | tail -n 5"
    return $load_status
}

detached_in_resets()
{
    in_guest 20 "echo 0000:$(where 02:00.0) >/sys/bus/pci/drivers/nvme/unbind"
    in_guest 20 "(while echo 1 >$(guest 02:00.0)/reset; do :; done) >/dev/null 2>&1 &"
    in_guest 20 "sleep 2"
    timeout $((60 * SLOW)) xl pci-detach $GUEST 0000:02:00.0 || return 1
    [ -z "$(where 02:00.0)" ] || { echo "still in xl pci-list"; return 1; }
    in_guest 20 true && nothing_left $(guest_id) 02:00.0
}

destroy_guest
if [ ! -d $S/dm ]; then
    skip "flr: a guest that resets its devices" "Debian's device model has none"
    exit 0
fi
check "flr: dom0 can count resets" probe_resets || exit 1
check "flr: dom0 can reset nvme by it" dom0_can 02:00.0
check "flr: dom0 can't so reset e1000e" dom0_can_not 01:00.0
check "flr: a guest without it boots" new_guest "'02:00.0'" || exit 1
check "flr: it is not offered" not_offered 02:00.0

destroy_guest
printf '[all]\nflr = yes\n' >$CONF
check "flr: a guest with it boots" new_guest "'01:00.0','02:00.0'" || exit 1
check "flr: the device model offers nvme's" model_says 02:00.0 "flr=1"
check "flr: and says why not e1000e's" model_says 01:00.0 "flr=0 (the host"
check "flr: the guest has none of e1000e" not_offered 01:00.0
check "flr: the guest has one of nvme" offered 02:00.0
check "flr: nvme is reset without a driver" keeps_its_view 02:00.0
check "flr: the drivers load" load_drivers
check "flr: nvme works before" proof disk 02:00.0 msix $md5_nvme
for time in "once" "twice"; do
    check "flr: nvme is reset, $time" reset 02:00.0
    check "flr: nvme works after, $time" proof disk 02:00.0 msix $md5_nvme
done
check "flr: nvme is reset under load" reset_under_load
check "flr: nvme works after that" proof disk 02:00.0 msix $md5_nvme
check "flr: nvme is reset a few times a second" again_and_again 02:00.0
check "flr: nvme works after that, too" proof disk 02:00.0 msix $md5_nvme
check "flr: the device model answers" device_model_answers
check "flr: nvme is detached between resets" detached_in_resets
check "flr: e1000e works still" proof net 01:00.0 msix $md5_tftp
check "flr: Xen and dom0 are well" hosts_are_well
rm -f $CONF
echo 0 >$TRACE/events/kprobes/flr/enable
exit 0
