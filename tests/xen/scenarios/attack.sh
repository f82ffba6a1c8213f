# SPDX-License-Identifier: GPL-2.0-or-later
# The guest attacks the device model: random accesses to the config space and
# the MSI-X tables of two devices at work.  The guest may hurt itself (it moves
# BARs over its own memory, for one): then another one goes on with the next
# seed.  Whatever happens, dom0, Xen and the device model have to stay alive.

seed=$SEED
left=$ATTACK

# One guest's attack.  A guest that crashes is kept, with its device model.
attack()
{
    ON_CRASH=preserve ON_REBOOT=preserve new_guest "'01:00.0','02:00.0'" &&
        load_drivers || return 1
    in_guest $((left + 60)) attack -s $seed -t $left -m \
        0000:$(where 01:00.0) 0000:$(where 02:00.0)
    echo "the attack's status: $?"      # of no interest: see above
    done_s=$(tr -d '\r' <$GUEST_LOG | sed -n \
        's/^attack: \([0-9]*\) s, .*/\1/p' | tail -n 1)
    echo "it went on for ${done_s:-0} s"
    tail -n 5 $GUEST_LOG
}

# Each BAR that moves would be a line on a slow serial console.
xl set-parameters guest_loglvl=warning
for try in 1 2 3 4; do
    check "attack: seed $seed, $left s" attack || exit 1
    log "$(tr -d '\r' <$GUEST_LOG | grep '^attack: ' | tail -n 1 |
        tee -a $LOGS/attacks)"
    check "attack: the device model answers (seed $seed)" device_model_answers
    check "attack: Xen and dom0 are well (seed $seed)" hosts_are_well
    left=$((left - ${done_s:-0}))
    seed=$((seed + 1))
    [ $left -gt 5 ] || break
done
xl set-parameters guest_loglvl=all
check "attack: it made table writes" grep -q 'refused), [1-9]' $LOGS/attacks
check "attack: it went on long enough" [ $left -le 5 ]
check "attack: a new guest boots" new_guest "'01:00.0','02:00.0'" || exit 1
check "attack: the drivers load" load_drivers
check "attack: e1000e works" proof net 01:00.0 msix $md5_tftp
check "attack: nvme works" proof disk 02:00.0 msix $md5_nvme
exit 0
