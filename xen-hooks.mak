# SPDX-License-Identifier: GPL-2.0-or-later
# The one list: which objects pass-through is made of, and what they need.
# Our own build, a classic qemu-dm tree and the QEMU overlay take it from here.

# The engine, which knows neither libpci's nor Xen's libraries ...
PT_OBJS := pass-through.o pt-space.o pt-chain.o pt-error.o pt-header.o \
	pt-bar.o pt-page.o pt-trap.o pt-pm.o pt-pcie.o pt-pcix.o pt-vpd.o \
	pt-vendor.o pt-msi.o pt-irq.o pt-intx.o pt-vectors.o pt-pirq.o \
	pt-hidden.o
# ... and its neighbours in production: libpci with sysfs, libxenctrl.
PT_HOST_OBJS := pt-device.o pt-device-near.o pt-device-config.o \
	pt-device-mem.o pt-libpci.o
PT_XEN_OBJS := pt-xen.o

PT_CFLAGS :=
PT_HOST_LIBS := -lpci
PT_XEN_LIBS := -lxenctrl -lxencall
