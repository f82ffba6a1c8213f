# SPDX-License-Identifier: GPL-2.0-or-later
# make demo: pass-through from attach to detach, on a simulated card.

DEMO_CAPTURE := tests/devices/hw-82576.txt
DEMO_OBJS := $(call objects,$(wildcard hosts/demo/*.c) $(CAPTURE_SRC))

CFLAGS_hosts/demo/card := -DCARD_FILE='"$(DEMO_CAPTURE)"'
$(BUILD)/hosts/demo/card.o: $(DEMO_CAPTURE)

$(BUILD)/demo: $(DEMO_OBJS) $(SIM_OBJS) $(BUS_OBJS) $(BUILD)/libpassthrough.a
	$(CC) $(SAN) -o $@ $^ $(PT_HOST_LIBS) $(PT_CONF_LIBS) -lz

demo: $(BUILD)/demo
	$(BUILD)/demo

.PHONY: demo
