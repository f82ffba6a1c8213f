# SPDX-License-Identifier: GPL-2.0-or-later
# The classic device model's glue, built and tested without its tree: against
# headers of our own (tests/qemu-dm/include), on a driver that plays the tree
# (tests/qemu-dm/tree.c). To be included after TESTS and before its use.

include hosts/qemu-dm/pt-dm.mak

DM_CFLAGS := $(BASE_CFLAGS) -Wredundant-decls -D_GNU_SOURCE -DNEED_CPU_H -DCONFIG_PASSTHROUGH \
	$(INCLUDES) -Ihosts/qemu-dm -Ihosts/common -Itests/qemu-dm -Itests/qemu-dm/include

$(BUILD)/hosts/qemu-dm/%.o: hosts/qemu-dm/%.c
	@mkdir -p $(@D)
	$(CC) $(DM_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/qemu-dm/%.o: tests/qemu-dm/%.c
	@mkdir -p $(@D)
	$(CC) $(DM_CFLAGS) -MMD -MP -c -o $@ $<

# What other hosts have, too.
COMMON := $(notdir $(patsubst %.c,%.o,$(wildcard hosts/common/*.c)))

# The driver has the clock, libpci's and libxenctrl's place.
DM_OBJS := $(addprefix $(BUILD)/hosts/qemu-dm/, \
	$(filter-out pt-os.o $(COMMON),$(PT_DM_GLUE)))
DM_TESTED := $(call objects,$(wildcard tests/qemu-dm/tree*.c)) \
	$(addprefix $(BUILD)/hosts/common/,$(COMMON)) $(addprefix $(BUILD)/hw/,$(PT_OBJS)) \
	$(SIM_OBJS) $(call objects,tests/lib-world.c $(CAPTURE_SRC))
DM_TESTS := $(patsubst %.c,$(BUILD)/%, \
	$(filter-out %/test_stubdom.c %/test_stubdom_glue.c, \
		$(wildcard tests/qemu-dm/test_*.c)))

$(DM_TESTS): $(BUILD)/%: $(BUILD)/%.o $(DM_OBJS) $(DM_TESTED)
	$(CC) $(SAN) -o $@ $^ -lcmocka $(PT_CONF_LIBS) -lz

# As a stub domain has it.
$(BUILD)/stubdom/%.o: hosts/qemu-dm/%.c
	@mkdir -p $(@D)
	$(CC) $(DM_CFLAGS) -DCONFIG_STUBDOM -MMD -MP -c -o $@ $<

$(BUILD)/tests/qemu-dm/test_stubdom_glue: \
		$(BUILD)/tests/qemu-dm/test_stubdom_glue.o $(DM_TESTED) \
		$(patsubst $(BUILD)/hosts/qemu-dm/%,$(BUILD)/stubdom/%,$(DM_OBJS))
	$(CC) $(SAN) -o $@ $^ -lcmocka $(PT_CONF_LIBS) -lz

# Production code for once, of which the driver has nothing.
$(BUILD)/tests/qemu-dm/test_stubdom: \
		$(BUILD)/tests/qemu-dm/test_stubdom.o \
		$(BUILD)/hosts/qemu-dm/pt-stubdom.o \
		$(BUILD)/hosts/qemu-dm/pt-os.o $(BUILD)/hw/pt-error.o
	$(CC) $(SAN) -o $@ $^ -lcmocka $(PT_HOST_LIBS)

TESTS += $(DM_TESTS) $(BUILD)/tests/qemu-dm/test_stubdom \
	$(BUILD)/tests/qemu-dm/test_stubdom_glue

# QEMU_DM: a user's tree, or for a series QEMU: one of today's; OUT: where the
# patches go.
overlay overlay-undo:
	hosts/qemu-dm/overlay.sh $(if $(filter overlay-undo,$@),--undo) \
		"$(QEMU_DM)"

series:
	$(if $(QEMU),hosts/qemu/series.sh "$(QEMU)",hosts/qemu-dm/series.sh \
		"$(QEMU_DM)") "$(OUT)"

.PHONY: overlay overlay-undo series
