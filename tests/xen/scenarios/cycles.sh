# SPDX-License-Identifier: GPL-2.0-or-later
# A device is plugged in and out, with its driver each time: by xl, and CYCLES
# times by what libxl says to the device model.  Then nothing of it may be there
# that was not there after the first time: in Xen, in the process that has it, in
# QEMU, in the guest.

CARD=00:0d.0

# The journal's count of what Xen has done (pp-journal.h): the second word of the
# memory that the process shares with who waits for it.
deeds()
{
    deeds_at=$(awk '$2 ~ /s$/ && $6 ~ /zero/ { print $1; exit }' \
        /proc/$1/maps)
    [ -n "$deeds_at" ] || return 0
    dd if=/proc/$1/mem bs=4 skip=$((0x${deeds_at%-*} / 4 + 1)) count=1 \
        2>/dev/null | hexdump -v -e '1/4 "%u"'
}

# What there is, a line each, in numbers that a cycle brings back.
belongings()
{
    bl_id=$(guest_id)
    for bl_pid in $(host_pid) $(device_model_pid); do
        echo "files of $bl_pid: $(ls /proc/$bl_pid/fd | wc -l)"
        echo "threads of $bl_pid: $(ls /proc/$bl_pid/task | wc -l)"
    done
    if [ $HOST = process ]; then
        echo "mappings of $(host_pid): $(grep -c . /proc/$(host_pid)/maps)"
        echo "deeds: $(deeds $(host_pid))"
        echo "processes: $(host_pids | wc -l)"
    fi
    echo "placeholders: $(monitor info qtree | grep -c 'pci-testdev')"
    echo "in the guest: $(in_guest 20 "ls /sys/bus/pci/devices | wc -l" | grep .)"
    echo "interrupts in Xen: $(xen_says i | grep -c " d$bl_id:")"
    echo "messages in Xen: $(xen_says M | grep -c 'vec=')"
    xen_says q | awk -v id=$bl_id '
        /General information for domain/ { on = $NF == id ":" }
        on && /nr_pages/ { sub(" dirty_cpus.*", ""); print }
        /Rangesets belonging to domain/ { sets = $NF == id ":" }
        /Memory pages belonging/ { sets = 0 }
        sets'
    xl info | grep free_memory
}

# By the pages: what status says of them, RssAnon, the kernel counts for each
# processor or task and adds up later; it can be wrong by 64 pages and more.
anonymous_kb() { awk '$1 == "Anonymous:" { print $2 }' /proc/$1/smaps_rollup; }

by_xl()         # TIMES
{
    by_xl_start=$(uptime_s)
    for by_xl_time in $(seq $1); do
        xl pci-attach $GUEST 0000:$CARD && wait_for 60 at_work &&
            xl pci-detach $GUEST 0000:$CARD ||
            { echo "the time $by_xl_time"; return 1; }
    done
    log "$1 cycles by xl: $(($(uptime_s) - by_xl_start)) s"
}

at_work() { [ $(bits $CARD CAP_MSIX+2.w 0x8000) != 0 ]; }

by_qmp()        # TIMES
{
    attach $CARD || return 1
    by_qmp_msix=$(lspci -vv -s $CARD | sed -n 's/.*\[\(..\)\] MSI-X:.*/0x\1/p')
    by_qmp_at=$(where $CARD)
    plug $1 /run/xen/qmp-libxl-$(guest_id) pci-pt-$(echo $CARD | tr : _) \
        0000:$CARD ${by_qmp_at#*:} $by_qmp_msix >/tmp/plugged || return 1
    log "by QMP: $(tail -n 1 /tmp/plugged)"
    cat /tmp/plugged
    detach $CARD
}

same_belongings()
{
    belongings >/tmp/after
    cat /tmp/after
    diff /tmp/before /tmp/after
}

# What even the first time leaves nothing in: the ranges that Xen sends to a
# device model, and more. Files and memory of processes grow once; the guest's
# kernel keeps a line's event channel.
as_before_the_first()
{
    for before_file in first after; do
        grep -E '^(deeds|placeholders|in the guest|messages)|ioreq_server' \
            /tmp/$before_file >/tmp/$before_file.steady
    done
    [ -s /tmp/first.steady ] && diff /tmp/first.steady /tmp/after.steady
}

# What a cycle leaves is left by each of them. The heap grows once, and not with
# the first ones only: the second half is looked at.
as_much_memory()
{
    much_now=$(anonymous_kb $(host_pid))
    echo "at first $1 kB, half-way $2 kB, then $much_now kB"
    log "memory: at first $1 kB, half-way $2 kB, then $much_now kB"
    [ $much_now -le $(($2 + 32)) ]
}

destroy_guest
check "cycles: there is a guest" any_guest || exit 1
take $CARD
belongings >/tmp/first
# The first times are others': libraries load, buffers grow.
check "cycles: 2 by xl" by_xl 2 || exit 1
check "cycles: 2 by QMP" by_qmp 2 || exit 1
belongings >/tmp/before
much_before=$(anonymous_kb $(host_pid))
check "cycles: $((1 + CYCLES / 20)) by xl" by_xl $((1 + CYCLES / 20)) || exit 1
check "cycles: $((CYCLES / 2)) by QMP" by_qmp $((CYCLES / 2)) || exit 1
half_way=$(anonymous_kb $(host_pid))
check "cycles: $((CYCLES - CYCLES / 2)) more" \
    by_qmp $((CYCLES - CYCLES / 2)) || exit 1
if [ -d $S/dm ]; then
    check "cycles: nothing more is there" same_belongings
    check "cycles: nor is what was not there before the first" \
        as_before_the_first
fi
[ $HOST != process ] || [ ! -d $S/dm ] ||
    check "cycles: the process has no more memory" as_much_memory $much_before \
        $half_way
check "cycles: nothing is left of the device" \
    nothing_left $(guest_id) $CARD
check "cycles: once more" attach $CARD
check "cycles: it works" proof net $CARD msix $md5_tftp
check "cycles: detach" detach $CARD
check "cycles: Xen and dom0 are well" hosts_are_well
exit 0
