# SPDX-License-Identifier: GPL-2.0-or-later
# What pass-through costs the host: the device model runs under strace, and its
# accesses to the devices' sysfs "config" and its hypercalls are counted, phase
# by phase.  Each line of logs/counts is
#
#   PHASE DEVICE reads R cycles C writes W cycles C
#   PHASE hypercalls H dm-ops D maps M own O
#
# A cycle is a configuration cycle of the device: one for up to 4 bytes.
# Hypercalls, dm-ops and maps are ioctls on /dev/xen/privcmd, by their kind, of
# QEMU and of the process beside it, if there is one; O of the hypercalls are of
# who has the devices.
#
# At the end, without strace, the time of a guest's access to a passed-through
# device's register, and over that to a register of an emulated device.  This
# machine's clock counts instructions, 4 ns each: the guest's, Xen's and dom0's.

if [ $OVERRIDE != /dm/run ]; then
    skip "count: what pass-through costs" "a package's program starts no strace"
    exit 0
fi
TRACE=/run/strace
COUNTS=$LOGS/counts
# A file for each thread: in one file, what several do at once is cut up.
export WRAP="strace -D -ff -y -s 0 --seccomp-bpf -o $TRACE \
-e trace=pread64,pwrite64,read,write,ioctl"

# Of lines with their thread's number before them.
cat >/tmp/count.awk <<'EOT'
BEGIN { n = split(threads, list); for (i = 1; i <= n; i++) own[list[i]] = 1 }
/unfinished|resumed/ { print phase, "cut: " $0; next }
/\/config>/ {
    match($0, /....:..:..\..\/config>/)
    device = substr($0, RSTART, 12)
    if (device !~ /^[0-9a-f:.]*$/) next
    bytes = $NF
    if (bytes !~ /^[0-9]+$/) next
    kind = /pread64\(|read\(/ ? "r" : "w"
    calls[device kind]++
    cycles[device kind] += int((bytes + 3) / 4)
    seen[device] = 1
}
/ioctl\(.*privcmd>/ {
    if (/_IOC_NONE, 0x50, 0(x0+)?,/) { hypercalls++; owned += $1 in own }
    else if (/_IOC_NONE, 0x50, 0x5,/) dmops++
    else maps++
}
END {
    for (device in seen)
        printf "%s %s reads %d cycles %d writes %d cycles %d\n", phase,
            device, calls[device "r"], cycles[device "r"],
            calls[device "w"], cycles[device "w"]
    printf "%s hypercalls %d dm-ops %d maps %d own %d\n", phase, hypercalls,
        dmops, maps, owned
}
EOT

accesses() { cat $TRACE.* | grep -c /config; }

# Drivers do some of their work later: wait until there is none for 2 seconds.
settle()
{
    settled=
    until settled_now=$(accesses); [ "$settled_now" = "$settled" ]; do
        settled=$settled_now
        sleep 2
    done
}

# What came since the last call, of each thread.
new_lines()
{
    for new_file in $TRACE.*; do
        new_thread=${new_file##*.}
        new_from=$(cat /run/counted.$new_thread 2>/dev/null || echo 0)
        new_to=$(wc -l <$new_file)
        [ $new_to -gt $new_from ] || continue
        sed -n "$((new_from + 1)),${new_to}s/^/$new_thread /p" $new_file
        echo $new_to >/run/counted.$new_thread
    done
}

# The threads of who has the devices.
threads()
{
    threads_pid=$(host_pid)
    [ -d $S/dm ] || threads_pid=$(device_model_pid)
    ls /proc/$threads_pid/task | tr '\n' ' '
}

# phase NAME COMMAND...: run a command and count what it makes the device
# model do.
phase()
{
    phase_name=$1
    shift
    "$@"
    phase_status=$?
    settle
    new_lines | awk -v phase=$phase_name -v threads="$(threads)" \
        -f /tmp/count.awk | sort |
        tee -a $COUNTS | sed 's/^/# count: /' >>$S/tap
    return $phase_status
}

uncounted()     # COMMAND...
{
    "$@"
    new_lines >/dev/null
}

# access BDF read|write OFFSET SIZE: one access to the guest's config space; a
# write is of the value that was read last.
access()
{
    in_guest 60 prove $2 $(where $1) $3 $4
}

driver()        # BDF NAME unbind|bind
{
    in_guest 60 "echo 0000:$(where $1) >/sys/bus/pci/drivers/$2/$3"
}

boot()
{
    xl unpause $GUEST && guest_answers 300
}

load() { in_guest 60 "modprobe $1"; }

check "count: attach" phase attach new_guest "'01:00.0','02:00.0'" -p ||
    exit 1
check "count: boot" phase boot boot || exit 1
for pair in 01:00.0/e1000e 02:00.0/nvme; do
    bdf=${pair%/*} name=${pair#*/}
    check "count: $name: load" phase load-$name load $name
    check "count: $name: unbind" phase unbind-$name driver $bdf $name unbind
    check "count: $name: bind" phase bind-$name driver $bdf $name bind
    check "count: $name: lspci" phase lspci-$name \
        in_guest 30 lspci -xxx -s $(where $bdf)
    while read -r what offset size label; do
        [ $what = read ] || uncounted access $bdf read $offset $size
        check "count: $name: $what $label" phase $what-$label-$name \
            access $bdf $what $offset $size
    done <<-EOT
	read 0 2 vendor
	read 16 4 bar0
	read 52 1 pointer
	read 4 2 command
	write 4 2 command
	write 60 1 line
	EOT
done
check "count: all drivers" load_drivers
for pair in 00:08.0/e1000 00:09.0/ahci 00:0d.0/virtio 00:0b.0/xhci 00:0a.0/edu
do
    bdf=${pair%/*} name=${pair#*/}
    check "count: $name: hot attach" phase hotplug-$name attach $bdf
    check "count: $name: hot detach" phase unplug-$name detach $bdf
done
destroy_guest
tail -n +1 $TRACE.* | gzip >$LOGS/strace.gz

# The host bridge is emulated: its registers cost what the way into the device
# model and back costs.
ratio()         # OFFSET SIZE LABEL
{
    in_guest 120 cost 2000 $1 $2 0000:00:00.0 0000:$(where 01:00.0) |
        sed -n 's/^cost: .*: \([0-9]*\) ns/\1/p' >/tmp/times
    [ $(wc -l </tmp/times) = 2 ] || return 1
    {
        echo "instructions of reading $3:" $(($(tail -n 1 /tmp/times) / 4))
        echo "time of reading $3 over an emulated device's:" \
            $(awk 'NR == 1 { e = $1 } NR == 2 { printf "%.3f", $1 / e }' \
                /tmp/times)
    } | tee -a $COUNTS | sed 's/^/# count: /' >>$S/tap
}

WRAP=
check "count: a guest without strace" new_guest "'01:00.0'" || exit 1
check "count: ratio of vendor" ratio 0 2 vendor
check "count: ratio of command" ratio 4 2 command
check "count: ratio of bar0" ratio 16 4 bar0
exit 0
