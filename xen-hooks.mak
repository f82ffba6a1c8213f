# SPDX-License-Identifier: GPL-2.0-or-later
# The one list: which objects pass-through is made of, and what they need.
# Our own build, a classic qemu-dm tree and the QEMU overlay take it from here.

# The engine, which knows neither libpci's nor Xen's libraries ...
PT_OBJS := \
	pass-through.o pt-sync.o pt-space.o pt-chain.o \
	pt-error.o pt-regs.o pt-command.o pt-restore.o \
	pt-bar.o pt-page.o pt-trap.o pt-mask.o pt-added.o \
	pt-window.o pt-window-table.o pt-window-message.o \
	pt-header.o pt-pm.o pt-pcie.o pt-pcix.o pt-vpd.o pt-vendor.o \
	pt-af.o pt-flr.o \
	pt-hidden.o \
	pt-aer.o pt-rebar.o pt-vsec.o pt-ext.o pt-ext-hidden.o \
	pt-msi.o pt-irq.o pt-intx.o pt-loan.o pt-vectors.o pt-pirq.o
# ... and its neighbours in production: sysfs with libpci, libxenctrl. A Linux
# stub domain may have no libpci, but its headers: PT_NO_LIBPCI=1.
PT_LIBPCI_OBJS := pt-device.o pt-device-config.o pt-libpci.o
PT_NOLIB_OBJS := pt-device-nolib.o
PT_HOST_OBJS := pt-device-facts.o pt-device-near.o pt-device-mem.o \
	pt-device-sysfs.o pt-device-reset.o \
	$(if $(PT_NO_LIBPCI),$(PT_NOLIB_OBJS),$(PT_LIBPCI_OBJS))
PT_XEN_OBJS := pt-xen.o
# The policy file's reader, of hosts that have files: hosts/common.
PT_CONF_OBJS := pt-conf.o pt-conf-mask.o pt-conf-choice.o
# The MMCONFIG window, of hosts whose machine has none: hosts/common.
PT_MMCFG_OBJS := pt-mmcfg.o

PT_CFLAGS :=
PT_HOST_LIBS := $(if $(PT_NO_LIBPCI),,-lpci) -lpthread
PT_XEN_LIBS := -lxenctrl -lxencall
PT_CONF_LIBS := -linih
