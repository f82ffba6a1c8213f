# SPDX-License-Identifier: GPL-2.0-or-later
# A guest with four processors: queues of their own, and interrupts that move
# from one to the other while the device works.

destroy_guest
VCPUS=4
check "smp: a guest with e1000e and nvme boots" \
    new_guest "'01:00.0','02:00.0'" || exit 1
check_forecast smp e1000e 01:00.0
check_forecast smp nvme 02:00.0
check "smp: the drivers load" load_drivers
check "smp: e1000e works" proof net 01:00.0 msix $md5_tftp
check "smp: nvme works" proof disk 02:00.0 msix $md5_nvme
check "smp: nvme interrupts each processor" proof queues 02:00.0
check "smp: e1000e's interrupts move" proof move 01:00.0
check "smp: Xen and dom0 are well" hosts_are_well
exit 0
