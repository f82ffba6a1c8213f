# SPDX-License-Identifier: GPL-2.0-or-later
# Today's QEMU: the program, and our files against the headers of several
# versions. To be included after TESTS.
#
#   SRC        your own QEMU tree; without it Debian's source package
#   SUITES     releases of Debian for qemu-compile
#   MODES      place, beside, or both, for check-series
#   FEATURES   minimal, as the tests' QEMU, or full, as the users': see README.md

QEMU_BUILD = FEATURES="$(or $(FEATURES),minimal)" hosts/qemu/build.sh

# Prints where the program is, after building it.
QEMU_PROGRAM = $(QEMU_BUILD) $(if $(SRC),"$(SRC)")

qemu: FEATURES := $(or $(FEATURES),full)
qemu:
	@$(QEMU_PROGRAM)

qemu-compile:
	@$(QEMU_BUILD) --compile $(if $(SRC),"$(SRC)",$(SUITES))

# Each patch of `make series` builds, with QEMU's own device and without.
check-series:
	@for suite in $(or $(SUITES),""); do \
		hosts/qemu/series-builds.sh "$$suite" $(MODES) || exit; \
	done

# What of the glue needs nothing of QEMU's has its test here.
$(BUILD)/tests/test_qemu_stubdom: $(BUILD)/hosts/qemu/pt-qemu-stubdom.o

# These need little of QEMU: it is played by tests/qemu/include.
CFLAGS_tests/test_qemu_conf := -Itests/qemu/include
# As QEMU compiles them.
CFLAGS_tests/test_qemu_mmcfg := -Itests/qemu/include -Wno-conversion \
	-Wno-sign-conversion -Wno-unused-parameter
CFLAGS_tests/test_qemu_windows := $(CFLAGS_tests/test_qemu_mmcfg)

.PHONY: qemu qemu-compile check-series
