# SPDX-License-Identifier: GPL-2.0-or-later
# The MCFG table, for acpi_firmware= of a guest's configuration.

$(BUILD)/hosts/mcfg/mcfg: $(BUILD)/hosts/mcfg/mcfg.o
	$(CC) $(SAN) -o $@ $^

$(BUILD)/mcfg.bin: $(BUILD)/hosts/mcfg/mcfg
	$< >$@.new
	mv $@.new $@
