# SPDX-License-Identifier: GPL-2.0-or-later
# The expansion ROM of a card: the guest reads it, switches it off, and does
# not get it with rombar=0.

CARD=00:08.0

read_rom() { echo "echo 1 >$1/rom; md5sum <$1/rom; echo 0 >$1/rom"; }

# What dom0 reads, while it is dom0's.
rom_of_dom0()
{
    take $CARD && sh -c "$(read_rom /sys/bus/pci/devices/0000:$CARD)" \
        >/tmp/rom-md5 || return 1
    cat /tmp/rom-md5
    # That of nothing.
    ! grep d41d8cd98f00b204e9800998ecf8427e /tmp/rom-md5
}

in_sysfs() { echo /sys/bus/pci/devices/0000:$(where $CARD); }

same_rom()
{
    in_guest 60 "$(read_rom $(in_sysfs))" | tee /tmp/seen
    grep -q "$(cat /tmp/rom-md5)" /tmp/seen
}

# value COMMAND: what the guest answers to it, without empty lines.
value() { in_guest 20 "$1" | grep .; }

# answers ADDRESS VALUE: what the guest reads where the ROM is, or was.
answers()
{
    answers_value=$(value "devmem $1 16")
    echo "at $1: $answers_value"
    [ "$answers_value" = $2 ]
}

# The value is what sizes a ROM, and old firmware writes to switch it off.
switched_off()
{
    rom_at=$(value "sed -n 7p $(in_sysfs)/resource" | cut -d ' ' -f 1)
    rom_set="setpci -s $(where $CARD) ROM_ADDRESS"
    in_guest 20 "echo 1 >$(in_sysfs)/enable"
    in_guest 20 "$rom_set=$(printf %x $((rom_at | 1)))"
    answers $rom_at 0xAA55 || return 1
    in_guest 20 "$rom_set=fffffffe"
    rom_size=0x$(value "$rom_set")
    echo "reads $rom_size"
    [ $((rom_size & 0x7ff)) = 0 ] && [ $((rom_size)) -ge $((0x80000000)) ] &&
        answers $rom_at 0xFFFF || return 1
    in_guest 20 "$rom_set=$(printf %x $((rom_at | 1)))"
    answers $rom_at 0xAA55 || return 1
    in_guest 20 "$rom_set=$(printf %x $((rom_at)))"
    answers $rom_at 0xFFFF
}

no_rom()
{
    in_guest 20 "! test -e $(in_sysfs)/rom" || { echo "there is"; return 1; }
    in_guest 20 "setpci -s $(where $CARD) ROM_ADDRESS=ffffffff"
    no_rom=$(value "setpci -s $(where $CARD) ROM_ADDRESS")
    echo "the register reads $no_rom"
    [ $no_rom = 00000000 ]
}

check "rombar: there is a guest" any_guest || exit 1
check "rombar: dom0 reads e1000's ROM" rom_of_dom0
check "rombar: attach e1000" attach $CARD
check "rombar: the guest reads the same" same_rom
check "rombar: a ROM that is sized is switched off" switched_off
check "rombar: it can be read again" same_rom
check "rombar: e1000 comes again, without one" replug $CARD rombar=0
check "rombar: the guest has none" no_rom
check "rombar: e1000 works without one" proof net $CARD intx $md5_tftp
check "rombar: detach e1000" detach $CARD
exit 0
