# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# In dom0, for the scenarios: guests, their devices, and judging.  Sourced by
# a busybox sh.  Results go to /share/tap, one line each, as
#
#   ok NAME | not ok NAME | skip NAME # REASON | # COMMENT
#
# which `run` numbers and prints.

S=/share
LOGS=$S/logs
GUEST=g                         # the guest's name; there is one at a time
GUEST_LOG=/var/log/xen/console/guest-$GUEST.log
SCENARIO=${SCENARIO:-xen}
. $S/dom0/left.sh

uptime_s() { cut -d. -f1 /proc/uptime; }

# Into $now, and without a program, which takes its time here.
now_s() { IFS='. ' read -r now _ </proc/uptime; }

log() { echo "dom0: $*"; echo "# $*" >>$S/tap; }

# check NAME COMMAND...: one result.  What the command says is kept in the
# scenario's log and, when it fails, told.
check()
{
    # A check can contain others.
    local check_name=$1 check_start check_file check_status=0 check_text
    now_s
    check_start=$now
    check_file=$(mktemp)
    shift
    if "$@" >$check_file 2>&1; then
        echo "ok $check_name" >>$S/tap
    else
        check_status=1
        sed 's/^/#   /' $check_file | tail -n 25 >>$S/tap
        echo "not ok $check_name" >>$S/tap
    fi
    now_s
    check_text="$check_name: status $check_status, $((now - check_start)) s"
    { echo "== $check_text"; cat $check_file; } >>$LOGS/checks
    rm -f $check_file
    echo "dom0: $check_text" >/dev/hvc0
    return $check_status
}

has_ptview() { command -v ptview >/dev/null; }

skip() { echo "skip $1 # $2" >>$S/tap; }

wait_for()      # SECONDS COMMAND...
{
    wait_left=$(($1 * SLOW * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        wait_left=$((wait_left - 1))
        [ $wait_left -gt 0 ] || return 1
        usleep 200000
    done
}

# What was its number the last time is looked at first: xl is slow here.
guest_id()
{
    gi_id=
    [ ! -s /run/guest ] || read -r gi_id </run/guest
    gi_name=
    [ -z "$gi_id" ] ||
        gi_name=$(xenstore-read /local/domain/$gi_id/name 2>/dev/null)
    if [ "$gi_name" != $GUEST ]; then
        gi_id=$(xl domid $GUEST 2>/dev/null) || return 1
        echo $gi_id >/run/guest
    fi
    echo $gi_id
}

# guest_runs ID: the guest is the domain ID still, and has not crashed or shut
# down (and been preserved).
guest_runs()
{
    xl list $GUEST 2>/dev/null |
        awk -v id=$1 'NR == 2 && $2 == id && $5 !~ /[sc]/ { found = 1 }
            END { exit !found }'
}

# in_guest SECONDS COMMAND: run a shell command line in the guest; its output
# and its status are this function's.  With IDLE=SECONDS, a guest that is silent
# for so long is given up.
in_guest()
{
    now_s
    ig_limit=$((now + $1 * SLOW))
    ig_size=0
    ig_silence=$((${IDLE:-0} * SLOW))
    ig_idle=$((now + ig_silence))
    ig_look=$((now + 3))
    shift
    ig_id=$(guest_id) || { echo "there is no guest"; return 125; }
    ig_number=0
    [ ! -e /run/number ] || read -r ig_number </run/number
    ig_number=$((ig_number + 1))
    echo $ig_number >/run/number
    ig_start=$(($(wc -c <$GUEST_LOG) + 1))
    ig_tty=$(xenstore-read /local/domain/$ig_id/console/tty)
    printf '%s %s\n' $ig_number "$*" >$ig_tty
    until tail -c +$ig_start $GUEST_LOG | grep -q "^@@$ig_number "; do
        now_s
        if [ $now -ge $ig_limit ]; then
            tail -c +$ig_start $GUEST_LOG
            echo "the guest does not answer to: $*"
            return 124
        fi
        if [ $now -ge $ig_look ]; then
            ig_look=$((now + 3))
            guest_runs $ig_id || {
                tail -c +$ig_start $GUEST_LOG
                echo "the guest has died"
                return 125
            }
        fi
        if [ -n "${IDLE:-}" ]; then
            [ $(wc -c <$GUEST_LOG) = $ig_size ] || {
                ig_size=$(wc -c <$GUEST_LOG)
                ig_idle=$((now + ig_silence))
            }
            if [ $now -ge $ig_idle ]; then
                tail -c +$ig_start $GUEST_LOG
                echo "the guest is silent since $ig_silence s"
                return 124
            fi
        fi
        usleep 50000
    done
    tail -c +$ig_start $GUEST_LOG | tr -d '\r' >/tmp/answer
    sed "/^@@$ig_number /,\$d" /tmp/answer
    return $(sed -n "s/^@@$ig_number \(.*\)@@/\1/p" /tmp/answer | head -n 1)
}

# A device is taken for pass-through, and how it looks then is recorded.  Firmware
# may have left it a bus master (SeaBIOS does so with nvme), which pciback would
# bring back whenever it gets the device back.
take()          # BDF...
{
    for take_bdf; do
        xl pci-assignable-list | grep -q "$take_bdf" && continue
        # A driver that has it works on until then.
        [ ! -e /sys/bus/pci/devices/0000:$take_bdf/driver ] ||
            echo 0000:$take_bdf \
                >/sys/bus/pci/devices/0000:$take_bdf/driver/unbind
        setpci -s $take_bdf COMMAND=0:4
        xl pci-assignable-add 0000:$take_bdf || return 1
        mkdir -p $LOGS/lspci
        found $take_bdf
        take_name=$LOGS/lspci/$(echo $take_bdf | tr : -)
        lspci -vv -xxxx -s $take_bdf >$take_name.dom0
        if has_ptview; then
            WRAP= timeout $((20 * SLOW)) ptview -x 0000:$take_bdf \
                >$take_name.ptview 2>&1
            echo "status $?" >>$take_name.ptview
            WRAP= timeout $((20 * SLOW)) ptview 0000:$take_bdf \
                >$take_name.view 2>&1
        fi
    done
}

free_devices()
{
    for free_bdf in $(xl pci-assignable-list); do
        xl pci-assignable-remove $free_bdf
    done
}

guest_disk()    # FILE
{
    [ "$1" = none ] ||
        echo "'format=raw,vdev=hda,access=rw,backendtype=qdisk,target=$1'"
}

# guest_config PCI: write the guest's configuration, with the devices of the
# list PCI (as between the brackets of pci=[...]).  DM_ARGS: the same of
# device_model_args.  MORE: more lines.  VCPUS: how many.  DISK: another file to
# boot from, or none.
guest_config()
{
    cat >/tmp/$GUEST.cfg <<-EOT
	name="$GUEST"
	type="hvm"
	memory=320
	vcpus=${VCPUS:-1}
	vga="none"
	nographic=1
	vnc=0
	usb=0
	serial="null"
	tsc_mode="native"
	on_crash="${ON_CRASH:-destroy}"
	on_reboot="${ON_REBOOT:-restart}"
	hdtype="ahci"
	disk=[$(guest_disk "${DISK:-/guest/guest.iso}")]
	device_model_version="qemu-xen"
	device_model_override="$OVERRIDE"
	device_model_args=[${DM_ARGS:-}]
	passthrough="enabled"
	pci=[$1]
	${MORE:-}
	EOT
    : >$GUEST_LOG
}

# new_guest PCI [OPTION]: create the guest with these devices and wait until it
# answers.  OPTION goes to xl create; with -p (paused) the guest is only made.
new_guest()
{
    destroy_guest
    for ng_bdf in $(echo "$1" | grep -o '[0-9a-f]*:[0-9a-f]*\.[0-9*]'); do
        case $ng_bdf in
        *'*') for ng_fn in /sys/bus/pci/devices/0000:${ng_bdf%'*'}*; do
                take ${ng_fn#*0000:} || return 1
            done ;;
        *) take $ng_bdf || return 1 ;;
        esac
    done
    guest_config "$1"
    # shellcheck disable=SC2086         # there may be no option
    xl -vvv create ${2:-} /tmp/$GUEST.cfg >>$LOGS/xl-create 2>&1 ||
        { grep -v "debug:\|detail:" $LOGS/xl-create | tail -n 15; return 1; }
    [ "${2:-}" = -p ] || guest_answers 300
}

# guest_answers SECONDS [BOOTS]: wait until the guest's agent has started, for
# the BOOTSth time in this guest's life.
guest_answers()
{
    wait_for $1 agent_started ${2:-1} || {
        echo "the guest does not come up"
        tail -n 30 $GUEST_LOG
        return 1
    }
}

agent_started() { [ "$(grep -c '^@@ready' $GUEST_LOG)" -ge $1 ]; }

# xen_since MINOR: is it Xen 4.MINOR, or later?
xen_since() { [ "$(sed -n 's/^xen_minor *: //p' $LOGS/xl-info)" -ge $1 ]; }

# any_guest: one that answers and has all drivers, whatever its devices.  There
# is one with MSI-X from the start: Xen 4.17 adds its handler of MSI-X tables
# when the domain gets the first of these, and a guest that runs meanwhile can
# find it half made, which is the end of Xen (hvm_find_io_handler).
any_guest()
{
    if guest_id >/dev/null && in_guest 10 true >/dev/null; then return 0; fi
    new_guest "'02:00.0'" && load_drivers
}

# plain_guest: one with e1000e and nvme, of no special kind, that has all
# drivers: who is there still, or a new one.
plain_guest()
{
    if guest_id >/dev/null &&
        grep -qx 'device_model_args=\[\]' /tmp/$GUEST.cfg &&
        [ -n "$(where 01:00.0)" ] && [ -n "$(where 02:00.0)" ]; then
        any_guest
    else
        new_guest "'01:00.0','02:00.0'" && load_drivers
    fi
}

load_drivers() { in_guest 60 SLOW=$SLOW prove load; }

# End the guest, if there is one, and look what is left of its devices.
destroy_guest()
{
    dg_id=$(guest_id) || return 0
    dg_devices=$(devices)
    xl -vvv destroy $GUEST >>$LOGS/xl-destroy 2>&1
    wait_for 20 no_guest
    save_console
    # shellcheck disable=SC2086         # a list
    check "$SCENARIO: nothing is left of the guest and its devices" \
        nothing_left $dg_id $dg_devices
}

no_guest() { ! guest_id; }

# The console log of a guest that ends is kept under the next number.
save_console()
{
    [ -s $GUEST_LOG ] || return 0
    sc_number=0
    while [ -e $LOGS/guest-console.$sc_number ]; do
        sc_number=$((sc_number + 1))
    done
    mv $GUEST_LOG $LOGS/guest-console.$sc_number
}

collect_logs()  # NAME
{
    xl debug-keys iM                    # interrupts and MSIs: to the serial log
    cp $GUEST_LOG $LOGS/$1.console 2>/dev/null
    for cl_file in /var/log/xen/*; do
        [ -f "$cl_file" ] && cp $cl_file $LOGS/
    done
    cp /tmp/$GUEST.cfg $LOGS/$1.cfg 2>/dev/null
    return 0
}

# where BDF: the guest's bus:slot.function of a host device.
where()
{
    xl pci-list $GUEST | awk -v bdf="0000:$1" '$2 == bdf { print "00:" $1 }'
}

# record_guest BDF WHEN: what lspci says of it in the guest.
record_guest()
{
    rg_where=$(where $1)
    [ -n "$rg_where" ] || { echo "$1 is not in the guest"; return 1; }
    in_guest 20 lspci -v -xxx -s $rg_where |
        tee $LOGS/lspci/$(echo $1 | tr : -).guest-$2 | grep '^[0-9a-f]*:'
}

# proof WHAT BDF ARGUMENT...: run a proof in the guest.
proof()
{
    proof_what=$1
    proof_where=$(where $2)
    [ -n "$proof_where" ] || { echo "$2 is not in the guest"; return 1; }
    shift 2
    in_guest 150 SLOW=$SLOW prove $proof_what $proof_where "$@" ||
        { in_guest 20 "dmesg | tail"; return 1; }
}

# attach BDF[@SLOT][,OPTION...] and detach BDF: hot-plug.
attach()
{
    attach_bdf=${1%%[@,]*}
    take $attach_bdf || return 1
    xl -vvv pci-attach $GUEST 0000:$1 >/tmp/attach 2>&1
    attach_status=$?
    cat /tmp/attach >>$LOGS/xl-attach
    [ $attach_status = 0 ] || { grep -v "debug:\|detail:" /tmp/attach; return 1; }
    attach_where=$(where $attach_bdf)
    [ -n "$attach_where" ] || { echo "not in xl pci-list"; return 1; }
    # The guest hears of it, and looks at it, in its own time.
    wait_for 30 in_guest 20 "test -e /sys/bus/pci/devices/0000:$attach_where" ||
        { echo "not in the guest"; return 1; }
}

detach()
{
    detach_where=$(where $1)
    detach_region=$(in_guest 20 prove region $detach_where | grep '^0x')
    xl -vvv pci-detach $GUEST 0000:$1 >/tmp/attach 2>&1
    detach_status=$?
    cat /tmp/attach >>$LOGS/xl-attach
    [ $detach_status = 0 ] || { grep -v "debug:\|detail:" /tmp/attach; return 1; }
    [ -z "$(where $1)" ] || { echo "still in xl pci-list"; return 1; }
    in_guest 20 "! test -e /sys/bus/pci/devices/0000:$detach_where" ||
        { in_guest 20 "dmesg | tail"; echo "still in the guest"; return 1; }
    nothing_left $(guest_id) $1 && unmapped $1 $detach_region
}

# replug BDF PROPERTY=VALUE[,...]: the device model itself has it out and in again,
# with a property that libxl does not know.
replug()
{
    replug_where=$(where $1)
    replug_id=pci-pt-$(echo $1 | tr : _)
    monitor device_del $replug_id
    wait_for 30 in_guest 20 \
        "! test -e /sys/bus/pci/devices/0000:$replug_where" || return 1
    monitor device_add xen-pci-passthrough,id=$replug_id,hostaddr=0000:$1,addr=${replug_where#00:},$2
    wait_for 30 in_guest 20 "test -e /sys/bus/pci/devices/0000:$replug_where"
}

device_model_pid()
{
    xenstore-read /local/domain/$(guest_id)/image/device-model-pid
}

# Beside a QEMU: the process that has the devices, and before it those that wait
# for its end, which are older.
host_pids()
{
    hp_words="xen-pass-through.* -xen-domid $(guest_id) "
    for hp_dir in /proc/[0-9]*; do
        tr '\0' ' ' <$hp_dir/cmdline | grep -q "$hp_words" &&
            cut -d ' ' -f 1,22 $hp_dir/stat
    done 2>/dev/null | sort -k 2,2n -k 1,1n | cut -d ' ' -f 1
}

# The process that has the devices.
host_pid()
{
    if [ $HOST = process ]; then host_pids | tail -n 1; else device_model_pid; fi
}

# Alive, and still listening to the toolstack.
device_model_answers()
{
    kill -0 "$(device_model_pid)" || { echo "it is dead"; return 1; }
    timeout $((20 * SLOW)) xl qemu-monitor-command $GUEST "info version"
}

# refused BDF[,OPTION] WHY: xl prints what the device model has against a device.
refused()
{
    if attach $1 >/tmp/refused 2>&1; then
        echo "it is attached"
        return 1
    fi
    cat /tmp/refused
    grep -q "$2" /tmp/refused && [ -z "$(where ${1%%,*})" ] &&
        in_guest 20 true
}

# make_rom FILE SIZE: one that Linux takes for an expansion ROM: an image of 512
# bytes, which says so, and says that it is the last.
make_rom()
{
    {
        printf '\125\252\001'
        head -c 21 /dev/zero
        printf '\034\0\0\0PCIR\0\0\0\0\0\0\030\0\0\0\0\0\001\0\0\0\0\200'
        yes expansion ROM | head -c 462
    } >$1
    truncate -s $2 $1
}

# machine_does COMMAND...: a line for the monitor of the machine that this is.
machine_does()
{
    echo "$*" >$S/monitor.new
    mv $S/monitor.new $S/monitor
}

monitor() { timeout $((30 * SLOW)) xl qemu-monitor-command $GUEST "$*"; }

# Does QEMU's monitor know each region of device $1 at the address where the
# guest has it?  The ROM is disabled there, and so is at none.
known_to_monitor()
{
    monitor info pci >/tmp/info
    sed -nE 's/.*(Memory|ports) at ([0-9a-f]+) .*\[size=.*/\2/p' \
        $LOGS/lspci/$(echo $1 | tr : -).guest-driven >/tmp/addresses
    [ -s /tmp/addresses ] || { echo "no regions"; return 1; }
    while read -r known_address; do
        grep -i " at 0x0*$known_address[ .]" /tmp/info ||
            { cat /tmp/info; echo "not at $known_address"; return 1; }
    done </tmp/addresses
}

# The first 256 bytes of a dump, without what the guest's firmware programs:
# Command, cache line and latency, BARs, ROM, Interrupt Line.
unprogrammed()
{
    grep '^[0-9a-f][0-9a-f]: ' "$1" | head -n 16 | awk '
        function blank(from, to) {
            for (i = from; i <= to; i++) $(i + 2) = ".."
        }
        $1 == "00:" { blank(4, 5); blank(12, 13) }
        $1 == "10:" { blank(0, 15) }
        $1 == "20:" { blank(0, 7) }
        $1 == "30:" { blank(0, 3); blank(12, 12) }
        { print }'
}

# The regions that the guest gets, from what ptview or lspci prints of them: a
# line each, as "32-bit, prefetchable memory, 16K".
regions_foretold()
{
    sed -nE -e 's/^ +[^ ]+ (.*); the guest gets ([^ ;]+).*/ \2 \1/' \
        -e 's/^ +([0-9]+[KMG]?) of ROM.*/ROM, \1/p' \
        -e 's/^ +([0-9]+) I.O ports.*/ports, \1/p' \
        -e 's/^ +([0-9]+[KMG]?) of (..-bit) memory .*/\2 memory, \1/p' \
        -e 's/^ +([0-9]+[KMG]?) of (..-bit) memory, prefetchable, .*/\2, prefetchable memory, \1/p' $1
}

regions_seen()
{
    sed -nE -e 's/.*Expansion ROM at .*\[size=(.*)\]/ROM, \1/p' \
        -e 's/.*I.O ports at .*\[size=(.*)\]/ports, \1/p' \
        -e 's/.*Memory at .*\((..-bit), non-prefetchable\).*\[size=(.*)\]/\1 memory, \2/p' \
        -e 's/.*Memory at .*\((..-bit), prefetchable\).*\[size=(.*)\]/\1, prefetchable memory, \2/p' $1
}

# Does the guest see of device $1, before its driver, what ptview foretold?
foretold()
{
    foretold_at=$LOGS/lspci/$(echo $1 | tr : -)
    unprogrammed $foretold_at.ptview >/tmp/foretold
    unprogrammed $foretold_at.guest-fresh >/tmp/seen
    [ "$(wc -l </tmp/foretold)" = 16 ] || { echo "no forecast"; return 1; }
    regions_foretold $foretold_at.view >>/tmp/foretold
    regions_seen $foretold_at.guest-fresh >>/tmp/seen
    [ "$(wc -l </tmp/foretold)" -gt 16 ] || { echo "no regions"; return 1; }
    diff /tmp/foretold /tmp/seen
}

# check_forecast SCENARIO NAME BDF: look at a device that has no driver yet.
# Nothing is foretold for the stock device model.
check_forecast()
{
    check "$1: lspci of $2 before its driver" record_guest $3 fresh
    has_ptview && [ -d $S/dm ] || return 0
    check "$1: the guest sees of $2 what ptview foretold" foretold $3
}
