# SPDX-License-Identifier: GPL-2.0-or-later
# A process of its own beside the distribution's QEMU. To be included after
# TESTS.

PROCESS_SRC := $(filter-out hosts/process/pp-main.c,\
	$(wildcard hosts/process/*.c))
PROCESS_OBJS := $(BUILD)/hosts/process/pp-main.o $(BUILD)/libprocess.a \
	$(BUILD)/hosts/common/pt-common.o \
	$(BUILD)/hosts/common/pt-mmcfg.o $(CONF_OBJS) \
	$(BUILD)/libpassthrough.a
PROCESS_LIBS := -lxendevicemodel -lxenforeignmemory -lxenevtchn -ljansson \
	-lseccomp

$(BUILD)/xen-pass-through: $(PROCESS_OBJS)
	$(CC) $(SAN) $(LDFLAGS) -o $@ $^ $(PROCESS_LIBS) $(PT_XEN_LIBS) $(PT_HOST_LIBS) \
		$(PT_CONF_LIBS) -lz

$(BUILD)/libprocess.a: $(call objects,$(PROCESS_SRC))
	rm -f $@
	$(AR) rcs $@ $^

$(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_process_*.c)): \
		$(BUILD)/libprocess.a
$(BUILD)/tests/test_process_%: TEST_LIBS = $(BUILD)/libprocess.a \
	$(BUILD)/libpassthrough.a $(PT_XEN_LIBS) $(PROCESS_LIBS) -pthread
