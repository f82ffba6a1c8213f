# SPDX-License-Identifier: GPL-2.0-or-later
# MSI-INTx translation: the guest's driver has INTx, and the device MSI.  The
# guest's kernel is told, device by device, to use no messages.
#
# Of today's options libxl has none for it: it is set for all of a guest's
# devices, by the device model's -global.  It is not for drivers that ask Status
# whether an interrupt is their device's: uio_pci_generic, and so edu, does.

# Whether Xen unmasks a vector that has mask bits by itself depends on the guest:
# one whose pirqs are event channels does it unawares, binding the line's.  With
# GUEST_APPEND=xen_no_vector_callback in the environment, or a Xen of 4.19 and
# later, it does not.

# Let the guest's drivers use messages of a device, or not, from now on.
messages()      # BDF 0|1
{
    in_guest 20 "echo $2 >/sys/bus/pci/devices/0000:$(where $1)/msi_bus"
}

driver()        # BDF NAME unbind|bind
{
    in_guest 60 "echo 0000:$(where $1) >/sys/bus/pci/drivers/$2/$3"
}

# Is MSI on in the device, off as the guest sees it, and does Xen hand it to
# the guest?
translated()    # BDF
{
    echo "MSI control: $(register $1 CAP_MSI+2.w)"
    [ $(bits $1 CAP_MSI+2.w 1) = 1 ] || { echo "the device's is off"; return 1; }
    in_guest 20 "setpci -s $(where $1) CAP_MSI+2.w" | grep . | tee /tmp/msi
    [ $((0x$(head -n 1 /tmp/msi) & 1)) = 0 ] ||
        { echo "the guest's is on"; return 1; }
    translated_irq=$(xen_says Q |
        sed -n "s/.* 0000:$1 - .* - MSIs < \([0-9]*\) >.*/\1/p")
    [ -n "$translated_irq" ] || { echo "Xen has none, or many"; return 1; }
    xen_says iM | grep -E \
        "IRQ: *$translated_irq .* d$(guest_id):|MSI *$translated_irq " |
        tee /tmp/msi
    [ "$(wc -l </tmp/msi)" = 2 ] || { echo "not the guest's"; return 1; }
}

# The other way: the guest uses messages itself.
untranslated()  # BDF
{
    [ $(bits $1 CAP_MSI+2.w 1) = 0 ] || { echo "MSI is still on"; return 1; }
    [ $(bits $1 CAP_MSIX+2.w 0x8000) != 0 ] || { echo "no MSI-X"; return 1; }
}

prove_translated()      # NAME
{
    case $1 in
    e1000e) proof net 01:00.0 intx $md5_tftp ;;
    ahci)   proof disk 00:09.0 intx $md5_ahci ;;
    igb)    proof net 05:00.0 intx $md5_tftp ;;
    esac
}

# One that Xen has to unmask.
has_mask_bits() { [ $(bits $1 CAP_MSI+2.w 0x100) != 0 ]; }

if [ ! -d $S/dm ]; then
    skip "msitranslate: a guest with it" "Debian's device model has none"
    exit 0
fi
DM_ARGS='"-global","xen-pci-passthrough.msitranslate=on"'
check "msitranslate: a guest with it boots" new_guest "'01:00.0'" || exit 1
check "msitranslate: attach ahci" attach 00:09.0
list="e1000e/01:00.0 ahci/00:09.0"
if [ -e /sys/bus/pci/devices/0000:05:00.0 ]; then
    check "msitranslate: attach igb" attach 05:00.0
    check "msitranslate: igb has mask bits" has_mask_bits 05:00.0
    list="$list igb/05:00.0"
else
    skip "msitranslate: igb" "this QEMU does not emulate it"
fi
for pair in $list; do messages ${pair#*/} 0; done
check "msitranslate: the drivers load" load_drivers
for pair in $list; do
    name=${pair%/*} bdf=${pair#*/}
    check "msitranslate: $name works by INTx" prove_translated $name
    check "msitranslate: $name has MSI, in fact" translated $bdf
done
check "msitranslate: e1000e's driver takes messages itself" \
    eval "driver 01:00.0 e1000e unbind && messages 01:00.0 1 &&
        driver 01:00.0 e1000e bind"
check "msitranslate: e1000e works by MSI-X" proof net 01:00.0 msix $md5_tftp
check "msitranslate: e1000e has MSI-X and no MSI" untranslated 01:00.0
check "msitranslate: and has INTx again" \
    eval "driver 01:00.0 e1000e unbind && messages 01:00.0 0 &&
        driver 01:00.0 e1000e bind"
check "msitranslate: e1000e works by INTx again" prove_translated e1000e
check "msitranslate: e1000e has MSI again, in fact" translated 01:00.0
for pair in $list; do
    check "msitranslate: detach ${pair%/*}" detach ${pair#*/}
done
exit 0
