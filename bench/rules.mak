# SPDX-License-Identifier: GPL-2.0-or-later
BENCH_OBJS := $(call objects,bench/access.c $(CAPTURE_SRC) \
	hosts/common/pt-mmcfg.c)

$(BUILD)/bench/access: $(BENCH_OBJS) $(BUILD)/libpassthrough.a
	$(CC) $(SAN) -o $@ $^ -lz

bench: $(BUILD)/bench/access
	bench/run.sh $<

.PHONY: bench
