# SPDX-License-Identifier: GPL-2.0-or-later
# The classic device model's part of the one list (xen-hooks.mak, which comes
# first): all objects that its link takes, and the libraries that it lacks.

PT_DM_GLUE := pt-qemu-dm.o pt-slots.o pt-params.o pt-mmio.o pt-ports.o \
	pt-mmconfig.o pt-opts.o pt-graphics.o pt-os.o pt-common.o pt-mmcfg.o \
	pt-conf-choice.o \
	$(if $(CONFIG_STUBDOM),,pt-conf.o pt-conf-mask.o)

# A stub domain has no sysfs: libpci is all that it has.
PT_DM_HOST_OBJS := $(if $(CONFIG_STUBDOM),pt-stubdom.o,$(PT_HOST_OBJS))

PT_DM_OBJS := $(PT_OBJS) $(PT_DM_HOST_OBJS) $(PT_XEN_OBJS) $(PT_DM_GLUE)
PT_DM_LIBS = $(or $(LDLIBS_libxencall),-lxencall) \
	$(if $(CONFIG_STUBDOM),,-lpthread $(PT_CONF_LIBS))

# Is libpci there? Ask the compiler: its headers are in a multiarch folder on
# Debian and others, and in a cross compiler's own folder elsewhere.
PT_HAVE_LIBPCI := $(shell printf '\043include <pci/pci.h>\n' | \
	$(CC) -E - >/dev/null 2>&1 && echo yes)
