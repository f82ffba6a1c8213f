# SPDX-License-Identifier: GPL-2.0-or-later
# The front door: build, check, demo, bench, fuzz, coverage, install.
# BUILD is where everything goes; CC, OPT and SAN make variants of it.

BUILD ?= build
OPT ?= -O2 -g
SAN ?=
LDFLAGS ?=
PREFIX ?= /usr/local
DOCDIR ?= $(PREFIX)/share/doc/pass-through
DESTDIR ?=
FUZZ_SECONDS ?= 60

WARN := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes \
	-Wstrict-prototypes -Wvla -Werror
BASE_CFLAGS := -std=gnu11 $(WARN) $(OPT) $(SAN) -D_FILE_OFFSET_BITS=64
INCLUDES := -Ihw -Itools -Itests/sim -Ihosts/bus -Ihosts/common -Ihosts/qemu \
	-Ihosts/process -Itests

PT_SRC := .
PT_BUILD := $(BUILD)
PT_CC := $(CC)
all: $(BUILD)/ptview $(BUILD)/xen-pass-through $(BUILD)/libpassthrough.a \
		$(BUILD)/mcfg.bin
include Makefile.target
PT_CFLAGS += $(BASE_CFLAGS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(INCLUDES) $(CFLAGS_$*) -MMD -MP -c -o $@ $<

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

$(BUILD)/libpassthrough.a: $(PT_ALL)
	rm -f $@
	$(AR) rcs $@ $^

# The reader of lspci's dumps, which more than ptview uses.
CAPTURE_SRC := $(wildcard tools/capture*.c)

# ------------------------------------------------------------------ ptview

CONF_OBJS := $(addprefix $(BUILD)/hosts/common/,$(PT_CONF_OBJS))
PTVIEW_OBJS := $(call objects,$(wildcard tools/*.c)) $(CONF_OBJS)

$(BUILD)/ptview: $(PTVIEW_OBJS) $(BUILD)/libpassthrough.a
	$(CC) $(SAN) $(LDFLAGS) -o $@ $^ $(PT_HOST_LIBS) $(PT_CONF_LIBS) \
		-ljansson -lz

# ------------------------------------------------------------------- tests

SIM_OBJS := $(call objects,$(wildcard tests/sim/*.c))
BUS_OBJS := $(call objects,$(wildcard hosts/bus/*.c hosts/common/*.c))
# What several tests share: tests/lib-*.c.
LIB_OBJS := $(call objects,$(wildcard tests/lib-*.c) $(CAPTURE_SRC))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
SCRIPTS := $(wildcard tests/test_*.sh)

$(TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIB_OBJS) $(SIM_OBJS) \
		$(BUS_OBJS) $(BUILD)/libpassthrough.a
	$(CC) $(SAN) -o $@ $^ -lcmocka $(PT_XEN_LIBS) $(PT_HOST_LIBS) \
		$(PT_CONF_LIBS) $(TEST_LIBS) -lz

include hosts/qemu-dm/rules.mak
include hosts/qemu/rules.mak
include hosts/mcfg/rules.mak
include hosts/process/rules.mak

# Runs what prove is given: a program, or a script by its first line.
# Scripts that call make are not to look for this one's jobs.
PROVE = MAKEFLAGS= CMOCKA_MESSAGE_OUTPUT=TAP PTVIEW=$(BUILD)/ptview \
	BUILD=$(BUILD) UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
	prove -j$(shell nproc)

build-tests: all $(TESTS) $(BUILD)/demo $(BUILD)/hw/pt-device-nolib.o

check: build-tests
	$(PROVE) --exec '' $(TESTS) $(SCRIPTS)

VALGRIND := valgrind -q --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite,indirect,possible
check-valgrind: build-tests
	SIM_QUICK=1 $(PROVE) --exec '$(VALGRIND)' $(TESTS)

# Sanitizers make gcc warn of what is none: its manual says not to use -Werror.
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all -Wno-error
check-asan:
	$(MAKE) BUILD=$(BUILD)-asan OPT='-O1 -g' SAN='$(ASAN)' check

check-clang:
	$(MAKE) BUILD=$(BUILD)-clang CC=clang check

# Line coverage of the product by the whole suite; the floor is 95 %. Counts of
# another state of the sources would be added up with these.
coverage:
	find $(BUILD)-cov -name '*.gcda' -delete 2>/dev/null || :
	$(MAKE) BUILD=$(BUILD)-cov OPT='-O0 -g' SAN=--coverage check
	gcovr --root . --object-directory $(BUILD)-cov --filter 'hw/' \
		--exclude-throw-branches --fail-under-line 95 $(BUILD)-cov

# ------------------------------------------------------ demo, bench, fuzz

-include hosts/demo/rules.mak
-include bench/rules.mak
-include tests/fuzz/rules.mak

# ------------------------------------------------------------- a real Xen

# Boots Xen, dom0 and guests in QEMU's emulation: tests/xen/README.md.
# SCENARIOS: some of them. STACK: a release of Debian, this machine's. HOST:
# process, beside the stack's QEMU, or qemu, which is built.
HOST ?= process
XEN_STACK = "$$(bash -c '. tests/xen/lib.sh && echo $$STACK')"
XEN_PROGRAM_qemu = $(QEMU_BUILD) --release $(XEN_STACK) \
	$(if $(SRC),"$(SRC)")
XEN_PROGRAM_process = hosts/process/build.sh $(BUILD) $(XEN_STACK)
XEN_PROGRAM = $(or $(XEN_PROGRAM_$(HOST)),$(error HOST: qemu or process))
export STACK HOST

check-xen: all
	dm=$$($(XEN_PROGRAM)) && \
		DM=$$dm PTVIEW=$(BUILD)/ptview MCFG=$(BUILD)/mcfg.bin \
			tests/xen/run $(SCENARIOS)

# The same with HOST=process, of this machine's release: dom0's dpkg installs the
# package.
check-xen-package: export STACK =
check-xen-package: check-deb
	PACKAGE=$$(echo $(BUILD)/deb/xen-pass-through_*.deb) \
		tests/xen/run $(SCENARIOS)

# The same of one release, check-xen-trixie: SCENARIOS, or SCENARIOS_trixie.
check-xen-%:
	$(MAKE) check-xen STACK=$* \
		SCENARIOS="$(or $(SCENARIOS),$(SCENARIOS_$*))"

# Does check-xen notice when something is broken?
check-breaks: HOST = qemu
check-breaks: all
	SRC="$(SRC)" tests/xen/breaks $(BREAKS)

# The same machine as a show.
demo-xen: all
	@dm=$$($(XEN_PROGRAM)) && \
		DM=$$dm PTVIEW=$(BUILD)/ptview tests/xen/demo

# The same machine with the stock device model and with ours, counted.
bench-xen: all
	dm=$$($(XEN_PROGRAM)) && DM=$$dm tests/xen/bench

# ---------------------------------------------------------------- install

# Manual pages name files as they are installed by default.
MAN_PLACES = sed -e 's,/usr/local/share/doc/pass-through,$(DOCDIR),' \
	-e 's,/usr/local/\(share/pass-through\|libexec\)/,$(PREFIX)/\1/,'

install: all
	install -D $(BUILD)/ptview $(DESTDIR)$(PREFIX)/bin/ptview
	install -D -m 644 tools/ptview.1 \
		$(DESTDIR)$(PREFIX)/share/man/man1/ptview.1
	install -D $(BUILD)/xen-pass-through \
		$(DESTDIR)$(PREFIX)/libexec/xen-pass-through
	$(MAN_PLACES) hosts/process/xen-pass-through.8 | install -D -m 644 \
		/dev/stdin $(DESTDIR)$(PREFIX)/share/man/man8/xen-pass-through.8
	$(MAN_PLACES) hosts/common/pass-through.conf.5 | install -D -m 644 \
		/dev/stdin $(DESTDIR)$(PREFIX)/share/man/man5/pass-through.conf.5
	install -D -m 644 hosts/common/pass-through.conf \
		$(DESTDIR)$(DOCDIR)/pass-through.conf
	install -D -m 644 $(BUILD)/mcfg.bin \
		$(DESTDIR)$(PREFIX)/share/pass-through/mcfg.bin

# The same as a package of Debian's, in $(BUILD)/deb: of what git has.
deb:
	scripts/install-deps build dh=debhelper git=git \
		/usr/share/build-essential/list=build-essential
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb/xen-pass-through
	git ls-files -z | xargs -0 cp -P --parents -t $(BUILD)/deb/xen-pass-through
	cd $(BUILD)/deb/xen-pass-through && env -u MAKEFLAGS -u MAKELEVEL \
		dpkg-buildpackage -b -uc
	rm -rf $(BUILD)/deb/xen-pass-through
	@ls $(BUILD)/deb/*.deb

# And what has to be true of it.
check-deb: deb
	scripts/check-deb $(BUILD)/deb/*.changes

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-clang $(BUILD)-cov $(BUILD)-fuzz \
		$(BUILD)-bookworm $(BUILD)-trixie

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all build-tests check check-valgrind check-asan check-clang \
	coverage check-xen check-xen-package check-breaks demo-xen bench-xen \
	install deb check-deb clean
.SECONDARY:
