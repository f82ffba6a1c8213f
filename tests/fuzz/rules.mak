# SPDX-License-Identifier: GPL-2.0-or-later
# make fuzz FUZZ_SECONDS=60: libFuzzer over a device's life, seeded from the
# captures. What it finds is kept in build-fuzz/found; put it into
# tests/fuzz/regressions, and `make check` runs it from then on.
#
# make fuzz-dump: the same over the reader of lspci's dumps, which starts from
# tests/dumps and goes to a test of tests/test_capture_damage.c.
#
# make fuzz-conf: the same over the reader of the policy file, which starts from
# the example and goes to a test of tests/test_conf.c.

FUZZ := $(BUILD)-fuzz
FUZZ_CC ?= clang
FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all

FUZZ_SRC := $(PT_OBJS:%.o=hw/%.c) $(wildcard tests/sim/*.c) $(CAPTURE_SRC) \
	tests/lib-world.c $(wildcard tests/lib-invariants*.c) tests/lib-fuzz.c \
	tests/lib-conf.c $(PT_CONF_OBJS:%.o=hosts/common/%.c)
FUZZ_OBJS := $(FUZZ_SRC:%.c=$(FUZZ)/%.o)

# Coverage of what is tested leads the fuzzer, not that of the simulators.
FUZZ_LEADS := $(filter $(FUZZ)/hw/% %/lib-fuzz.o,$(FUZZ_OBJS))
$(FUZZ_LEADS): FUZZ_COV := -fsanitize=fuzzer-no-link

$(FUZZ)/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) -std=gnu11 $(WARN) -O2 -g $(FUZZ_SAN) $(FUZZ_COV) \
		-D_FILE_OFFSET_BITS=64 $(INCLUDES) -MMD -MP -c -o $@ $<

$(FUZZ)/fuzz: $(FUZZ)/tests/fuzz/fuzz.o $(FUZZ_OBJS)
	$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $^ -lz $(PT_CONF_LIBS)

# Here it is the reader that leads.
FUZZ_DUMP_OBJS := $(patsubst %.c,$(FUZZ)/lead/%.o,tests/fuzz/dump.c \
	$(CAPTURE_SRC) hw/pt-error.c hw/pt-page.c)

$(FUZZ)/lead/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) -std=gnu11 $(WARN) -O2 -g $(FUZZ_SAN) \
		-fsanitize=fuzzer-no-link -D_FILE_OFFSET_BITS=64 $(INCLUDES) \
		-MMD -MP -c -o $@ $<

$(FUZZ)/dump: $(FUZZ_DUMP_OBJS)
	$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $^ -lz

$(FUZZ)/seeds: $(FUZZ)/tests/fuzz/seeds.o $(FUZZ_OBJS)
	$(FUZZ_CC) $(FUZZ_SAN) -o $@ $^ -lz $(PT_CONF_LIBS)

fuzz-corpus: $(FUZZ)/seeds
	@mkdir -p $(FUZZ)/corpus
	$(FUZZ)/seeds $(FUZZ)/corpus

# How long; CI gives a number of runs and a seed instead.
FUZZ_LIMIT ?= -max_total_time=$(FUZZ_SECONDS)

# Where it starts, and what it finds new is kept. CI takes the seeds from a
# list, since the order of a directory is the file system's.
FUZZ_FROM ?= $(FUZZ)/corpus tests/fuzz/regressions

# -max_len: the head and some hundred operations. Addresses are fixed, so that
# the same seed finds the same.
fuzz: $(FUZZ)/fuzz fuzz-corpus
	@mkdir -p $(FUZZ)/found
	@ls -d $(FUZZ)/corpus/* tests/fuzz/regressions/* | LC_ALL=C sort | \
		paste -sd, >$(FUZZ)/list
	UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 setarch -R \
		$(FUZZ)/fuzz $(FUZZ_LIMIT) -max_len=2048 -timeout=10 -entropic=0 -reload=0 \
		-print_final_stats=1 -artifact_prefix=$(FUZZ)/found/ \
		$(FUZZ_FROM)

# What it finds new is kept; not in CI.
FUZZ_DUMPS ?= $(FUZZ)/dumps

# -only_ascii: what is no text ends at the line that it is in.
fuzz-dump: $(FUZZ)/dump
	@mkdir -p $(FUZZ)/found $(FUZZ)/dumps
	@ls -d tests/dumps/*.txt | LC_ALL=C sort | paste -sd, >$(FUZZ)/dumps.list
	UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 setarch -R \
		$(FUZZ)/dump $(FUZZ_LIMIT) -max_len=4096 -timeout=10 -entropic=0 \
		-reload=0 -only_ascii=1 -dict=tests/fuzz/dump.dict \
		-print_final_stats=1 -artifact_prefix=$(FUZZ)/found/dump- \
		-seed_inputs=@$(FUZZ)/dumps.list $(FUZZ_DUMPS)

FUZZ_CONF_OBJS := $(PT_OBJS:%.o=$(FUZZ)/hw/%.o) $(patsubst %.c,$(FUZZ)/lead/%.o, \
	tests/fuzz/conf.c $(PT_CONF_OBJS:%.o=hosts/common/%.c))

$(FUZZ)/conf: $(FUZZ_CONF_OBJS)
	$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $^ $(PT_CONF_LIBS)

# What it finds new is kept; not in CI.
FUZZ_CONFS ?= $(FUZZ)/confs

fuzz-conf: $(FUZZ)/conf
	@mkdir -p $(FUZZ)/found $(FUZZ)/confs
	UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 setarch -R \
		$(FUZZ)/conf $(FUZZ_LIMIT) -max_len=2048 -timeout=10 -entropic=0 \
		-reload=0 -dict=tests/fuzz/conf.dict \
		-print_final_stats=1 -artifact_prefix=$(FUZZ)/found/conf- \
		-seed_inputs=hosts/common/pass-through.conf $(FUZZ_CONFS)

-include $(shell find $(FUZZ) -name '*.d' 2>/dev/null)

.PHONY: fuzz fuzz-corpus fuzz-dump fuzz-conf
