# SPDX-License-Identifier: GPL-2.0-or-later
# A policy file: nvme without MSI-X, whose driver does without; power states for
# one device and not for another; a file as expansion ROM, and one that is not
# there; a file that is wrong.

CONF=/etc/xen/pass-through.conf
DM_LOG=/var/log/xen/qemu-dm-$GUEST.log

if [ ! -d $S/dm ]; then
    skip "policy: a policy file" "Debian's device model has none"
    exit 0
fi
# The next scenario's devices are as without it.
trap 'rm -f $CONF' EXIT

write_policy()  # ROMFILE
{
    cat >$CONF <<-EOT
	[all]
	power_mgmt = no
	[0000:02:00.0]
	hide = MSI-X
	power_mgmt = yes
	[class 02]
	romfile = $1
	EOT
    ! has_ptview || ptview --check-config=$CONF
}

# A forecast with the file; the device may be taken already.
forecast()      # BDF
{
    take $1 || return 1
    has_ptview || return 0
    forecast_name=$LOGS/lspci/$(echo $1 | tr : -)
    WRAP= timeout $((20 * SLOW)) ptview -c $CONF -x 0000:$1 \
        >$forecast_name.ptview &&
        WRAP= timeout $((20 * SLOW)) ptview -c $CONF 0000:$1 \
            >$forecast_name.view &&
        cat $forecast_name.view
}

no_msix()
{
    in_guest 20 lspci -vv -s $(where 02:00.0) | tee /tmp/seen
    grep 'Power Management' /tmp/seen && ! grep MSI-X /tmp/seen
}

is_in() { [ $(bits $1 CAP_PM+4.w 3) = $2 ]; }

# The guest's D3hot reaches the device, or does not: it is in D3 or D0 then.
sleeps()        # BDF STATE
{
    sleeps_at=$(where $1)
    in_guest 20 "setpci -s $sleeps_at CAP_PM+4.w=3:3" || return 1
    in_guest 20 "setpci -s $sleeps_at CAP_PM+4.w" | grep -i '[37bf]$' ||
        { echo "the guest does not see it"; return 1; }
    is_in $1 $2 || { echo "it is in D$(bits $1 CAP_PM+4.w 3)"; return 1; }
    in_guest 20 "setpci -s $sleeps_at CAP_PM+4.w=0:3" || return 1
    wait_for 5 is_in $1 0
}

rom_arrives()
{
    rom_in=/sys/bus/pci/devices/0000:$(where 01:00.0)
    in_guest 60 "echo 1 >$rom_in/rom; md5sum <$rom_in/rom" | tee /tmp/seen
    grep -q "$(head -c 512 /tmp/rom | md5sum | cut -d ' ' -f 1)" /tmp/seen
}

# What is from where: one line for each device.
told()
{
    grep '02:00.0: attached' $DM_LOG | grep 'conf:5 \[0000:02:00.0\] power_mgmt' |
        grep 'conf:4 \[0000:02:00.0\] hide' || return 1
    grep '01:00.0: attached' $DM_LOG | grep 'conf:7 \[class 02\] romfile'
}

missing_is_one_line()
{
    attach 01:00.0 || return 1
    grep 'policy file: romfile "/tmp/missing": No such file' $DM_LOG |
        tee /tmp/seen
    [ "$(wc -l </tmp/seen)" = 1 ]
}

wrong_file()
{
    printf '[all]\nhide = MSIX\n' >$CONF
    refused 01:00.0 'pass-through.conf:2: no capability has the name'
}

make_rom /tmp/rom 65535
check "policy: the file is a sound one" write_policy /tmp/rom || exit 1
destroy_guest
check "policy: e1000e's forecast" forecast 01:00.0
check "policy: nvme's forecast" forecast 02:00.0
check "policy: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check "policy: the log says what is from which line" told
check_forecast policy nvme 02:00.0
check "policy: lspci shows no MSI-X of nvme" no_msix
check "policy: nvme's power states are the guest's" sleeps 02:00.0 3
check "policy: e1000e's are not" sleeps 01:00.0 0
check "policy: the guest reads its romfile" rom_arrives
check "policy: the drivers load" load_drivers
check "policy: nvme works without MSI-X" proof disk 02:00.0 intx $md5_nvme
check "policy: e1000e works, with MSI-X" proof net 01:00.0 msix $md5_tftp
check "policy: detach e1000e" detach 01:00.0
write_policy /tmp/missing
check "policy: a missing romfile is a line in the log" missing_is_one_line
check "policy: e1000e works again" proof net 01:00.0 msix $md5_tftp
check "policy: detach e1000e again" detach 01:00.0
check "policy: a wrong file refuses the device, and xl says why" wrong_file
rm -f $CONF
check "policy: without a file it is attached" attach 01:00.0
check "policy: and works" proof net 01:00.0 msix $md5_tftp
exit 0
