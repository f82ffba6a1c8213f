/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which QEMU's build makes: hosts/qemu/lib-tree.sh. */
#define TYPE_PT_QEMU "xen-pci-passthrough"
