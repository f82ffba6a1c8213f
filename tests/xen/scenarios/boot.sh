# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that has no disk but a passed-through nvme: its firmware boots from
# that, SeaBIOS by the boot sector, OVMF by the EFI system partition.

# from WORD: kernel and initrd are of that disk, loaded by way of WORD, which is
# esp for a kernel that UEFI has started.
from()
{
    in_guest 20 "cat /proc/cmdline /etc/from; ls -d /sys/firmware/efi" |
        tee /tmp/seen
    grep -q "from=$1" /tmp/seen && grep -qx boot.img /tmp/seen || return 1
    case $1 in
    esp) grep -qx /sys/firmware/efi /tmp/seen ;;
    *) ! grep -qx /sys/firmware/efi /tmp/seen ;;
    esac
}

no_disk()
{
    in_guest 20 cat /proc/partitions | tee /tmp/seen
    ! grep -E ' (sd|xvd|nvme)' /tmp/seen
}

boots()         # FIRMWARE WORD
{
    destroy_guest
    DISK=none
    MORE="bios=\"$1\"
serial=\"file:$LOGS/firmware.$1\""
    check "boot: $1 boots a guest from nvme" new_guest "'06:00.0'" || return
    check "boot: $1: kernel and initrd are nvme's" from $2
    check "boot: $1: there is no other disk" no_disk
    check_forecast boot "nvme after $1" 06:00.0
    check "boot: $1: the driver loads" load_drivers
    check "boot: $1: nvme works" proof disk 06:00.0 msix $md5_boot
}

boots seabios mbr
if xen_since 18; then
    boots ovmf esp
else
    skip "boot: ovmf boots a guest from nvme" "this machine's QEMU dies of OVMF"
fi
check "boot: Xen and dom0 are well" hosts_are_well
destroy_guest
exit 0
