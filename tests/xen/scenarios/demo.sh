# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# A show: a network card is passed through, and the guest's driver works with
# it.  tests/xen/demo prints the lines that begin with ">".

say() { echo "> $*" >>$S/tap; }

# show dom0|guest COMMAND: print a command line and what it says.
show()
{
    say ""
    say "$1# $2"
    case $1 in
    guest) in_guest 120 "$2" ;;
    dom0) sh -c "$2" ;;
    esac >/tmp/shown 2>&1
    show_status=$?
    # Without empty lines at the end.
    sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' /tmp/shown | sed 's/^/> /' |
        tee -a $S/tap
    return $show_status
}

DM_LOG=/var/log/xen/qemu-dm-$GUEST.log
CONFIG=/tmp/$GUEST.cfg

say "A network card of dom0's is made ready for a guest. What would it see?"
check "demo: lspci" show dom0 "lspci -s 01:00.0"
check "demo: assignable" show dom0 "xl pci-assignable-add 01:00.0"
check "demo: ptview" show dom0 "ptview 01:00.0 | grep -E 'policy|ports|memory|of ROM|capability|entries'"

say ""
say "A guest with it, and with our device model."
guest_config "'01:00.0'"
check "demo: configuration" show dom0 "grep -E '^(name|type|device_model|pci)' $CONFIG"
check "demo: create" show dom0 "xl create $CONFIG" || exit 1
check "demo: the guest answers" guest_answers 300 || exit 1
check "demo: log" show dom0 "grep 'attached at' $DM_LOG | fold -sw 96 | grep ."
check "demo: list" show dom0 "xl pci-list $GUEST | grep 01:00.0"

say ""
say "In the guest: Debian's kernel, and its own driver."
at=$(where 01:00.0)
check "demo: the guest's lspci" show guest "lspci -v -s $at"
check "demo: driver" show guest "modprobe -a af_packet e1000e && ls /sys/bus/pci/devices/0000:$at/net"
check "demo: lease" show guest "ip link set eth0 up && udhcpc -i eth0 -n -q -s /etc/udhcpc/default.script 2>&1 | grep lease"
check "demo: ping" show guest "ping -c 2 10.0.2.2"
check "demo: download" show guest "tftp -g -b 1400 -r data -l /tmp/data 10.0.2.2 && ls -l /tmp/data && md5sum /tmp/data"
check "demo: interrupts" show guest "grep eth0 /proc/interrupts"
check "demo: the right data" in_guest 20 "md5sum /tmp/data | grep -q $md5_tftp"

say ""
say "It goes, and comes back, while the guest runs."
check "demo: detach" show dom0 "xl pci-detach $GUEST 01:00.0"
check "demo: gone" show guest "ls /sys/class/net; ! test -e /sys/class/net/eth0"
check "demo: attach" show dom0 "xl pci-attach $GUEST 01:00.0,permissive=1"
check "demo: log again" show dom0 "grep 'policy permissive' $DM_LOG | fold -sw 96 | grep ."
check "demo: it works" show guest "prove net $(where 01:00.0) msix $md5_tftp"
exit 0
