# SPDX-License-Identifier: GPL-2.0-or-later
# The guest attacks the device model, with four processors at once: random
# accesses to the config space and the MSI-X tables of two devices at work; to
# the config space as memory where there is a window, as with ports one processor
# waits for the other.  First with care for itself, and so for minutes; then
# without, which soon ends the guest (it moves BARs over its own memory, for
# one).  Whatever happens, dom0, Xen and the device model have to stay alive, and
# the next guest gets working devices.

RECKLESS=30

# attack SECONDS [OPTION]: one guest's.  It is kept, with its device model, if
# it crashes.
attack()
{
    attack_way=
    [ ! -d $S/dm ] || attack_way=-e
    ON_CRASH=preserve ON_REBOOT=preserve new_guest "'01:00.0','02:00.0'" &&
        load_drivers || return 1
    IDLE=20 in_guest $(($1 + 60)) attack -s $SEED -t $1 -p -m $attack_way ${2:-} \
        0000:$(where 01:00.0) 0000:$(where 02:00.0)
    echo "the attack's status: $?"
    tr -d '\r' <$GUEST_LOG | grep '^attack: ' | tail -n 1 >/tmp/attacked
    cat /tmp/attacked
    grep 'table writes' /tmp/attacked
}

alive()         # HOW
{
    log "$1: $(cat /tmp/attacked)"
    check "attack: the device model answers ($1)" device_model_answers
    check "attack: Xen and dom0 are well ($1)" hosts_are_well
}

long_enough()
{
    cat /tmp/attacked
    [ "$(sed -n 's/^attack: \([0-9]*\) s, .*/\1/p' /tmp/attacked)" -ge $ATTACK ] &&
        grep -q 'refused), [1-9]' /tmp/attacked
}

all_processors()
{
    tr -d '\r' <$GUEST_LOG | grep '^processor [0-9]*: ' >/tmp/processors
    cat /tmp/processors
    [ "$(awk '$3 > 100' /tmp/processors | wc -l)" = $VCPUS ]
}

# Each BAR that moves would be a line on a slow serial console.
xl set-parameters guest_loglvl=warning
VCPUS=4
DM_ARGS='"-global","xen-pci-passthrough.extended=on"'
[ -d $S/dm ] || DM_ARGS=
check "attack: seed $SEED, $ATTACK s" attack $ATTACK || exit 1
check "attack: it went on for so long, also on the MSI-X tables" long_enough
check "attack: by all processors" all_processors
alive "careful"
check "attack: reckless, $RECKLESS s" attack $RECKLESS -r || exit 1
alive "reckless"
xl set-parameters guest_loglvl=all
VCPUS=1
DM_ARGS=
check "attack: a new guest boots" new_guest "'01:00.0','02:00.0'" || exit 1
check "attack: the drivers load" load_drivers
check "attack: e1000e works" proof net 01:00.0 msix $md5_tftp
check "attack: nvme works" proof disk 02:00.0 msix $md5_nvme
exit 0
