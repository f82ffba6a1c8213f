/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every sequence of what a guest can do to its interrupts, up to a length:
 * after each, what Xen has bound is what the guest enabled, an interrupt of
 * the device's arrives where the guest wants it and nowhere else, and a
 * detach leaves nothing (XSA-157, XSA-237).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt-pci.h"
#include "pt-msi.h"
#include "capture.h"
#include "sim.h"

/* An 82576: MSI with masking at 50, MSI-X in BAR 3 at 70, PM at 40. */
#define PMCSR 0x44
#define MSI 0x50
#define MSIX 0x70
#define TABLE_BAR 0x1c
#define ENTRIES 2
#define SECOND 0x20  /* from the first entry's vector to the second's */

#define ADDRESS 0xfee01000u
#define BAR_A 0xf2000000u
#define BAR_B 0xf3000000u

enum op {
    MSI_ON, MSI_OFF, MSIX_ON, MSIX_OFF, FUNCTION_MASK, ENTRY_MASK,
    MSI_MASK, VECTOR, INTX_DISABLE, DECODE, BAR_MOVE, POWER, NUM_OPS,
};

static const char *const op_name[NUM_OPS] = {
    "MSI on", "MSI off", "MSI-X on", "MSI-X off", "function mask",
    "entry mask", "MSI mask", "vector", "INTx disable", "decode",
    "BAR move", "power",
};

enum mode { LINE, USES_MSI, USES_MSIX };

/* The guest's idea of what it did. */
struct guest {
    enum mode mode;
    bool msi, msix, fmask, entry_masked, msi_masked, intx_off, decode, d3;
    bool slept_with_line;  /* it had the line as it fell asleep */
    bool programmed;
    bool lived;            /* the entries were live since MSI-X is on */
    uint32_t bar;
    uint32_t at;           /* where it was decoded last, and still is */
    uint8_t vector;        /* as its registers have it */
    uint8_t entry_vector;  /* as the entry had it when unmasked last */
};

struct run {
    struct sim s;
    struct pt_dev *d;
    struct guest g;
    struct pt_policy policy;
    const enum op *ops;
    unsigned len;
};

static struct capture card;

static void wr(struct run *r, uint32_t off, uint32_t val, unsigned len)
{
    pt_config_write(r->d, off, val, len);
}

static void command(struct run *r)
{
    wr(r, PCI_COMMAND, PCI_COMMAND_MASTER |
       (r->g.decode ? PCI_COMMAND_MEMORY : 0u) |
       (r->g.intx_off ? PCI_COMMAND_DISABLE_INTx : 0u), 2);
}

static bool reachable(const struct run *r)
{
    return !r->g.d3 && (r->g.decode || (!r->policy.strict && r->g.at));
}

/* The same to both entries, but for their vectors. */
static void table_write(struct run *r, unsigned off, uint32_t val)
{
    unsigned e;

    for (e = 0; e < ENTRIES; e++) {
        sim_guest_mmio_write(&r->s.bus, r->g.bar + 16 * e + off, 4,
                             val + (off == 8 ? e * SECOND : 0));
    }
}

/* Mask, change, unmask as it was: as drivers do. */
static void program_entry(struct run *r)
{
    if (!reachable(r)) {
        return;
    }
    table_write(r, 12, PT_MSIX_MASKED);
    table_write(r, 0, ADDRESS);
    table_write(r, 4, 0);
    table_write(r, 8, r->g.vector);
    table_write(r, 12, r->g.entry_masked ? PT_MSIX_MASKED : 0);
    r->g.programmed = true;
    r->g.entry_vector = r->g.vector;
}

/* A driver's start, also after a reset by the power state. */
static void start(struct run *r)
{
    r->g = (struct guest) {
        .decode = true, .entry_masked = true, .msi_masked = true,
        .bar = r->g.bar ? r->g.bar : BAR_A,
        .vector = r->g.vector ? r->g.vector : 0x40,
    };
    wr(r, TABLE_BAR, r->g.bar, 4);
    command(r);
    r->g.at = r->g.bar;
    program_entry(r);
    wr(r, MSI + PCI_MSI_ADDRESS_LO, ADDRESS, 4);
    wr(r, MSI + PCI_MSI_DATA_64, r->g.vector, 2);
    wr(r, MSI + PCI_MSI_MASK_BIT_64, 1, 4);
}

static void set_mode(struct guest *g)
{
    if (g->mode == USES_MSI && !g->msi) {
        g->mode = LINE;
    }
    if (g->mode == USES_MSIX && !g->msix) {
        g->mode = LINE;
    }
    if (g->mode == LINE) {
        g->mode = g->msix ? USES_MSIX : g->msi ? USES_MSI : LINE;
    }
}

static void power(struct run *r)
{
    wr(r, PMCSR, r->g.d3 ? 0 : 3, 2);
    if (!r->policy.power_mgmt) {
        r->g.d3 = false;  /* only in the guest's mind */
        wr(r, PMCSR, 0, 2);
    } else if (r->g.d3) {
        start(r);
    } else {
        r->g.d3 = true;
        r->g.slept_with_line = r->g.mode == LINE && !r->policy.msitranslate;
    }
}

static bool live(const struct run *r)
{
    const struct guest *g = &r->g;

    return g->mode == USES_MSIX && reachable(r) && g->programmed &&
        !g->fmask && !g->entry_masked;
}

static void do_op(struct run *r, enum op op)
{
    struct guest *g = &r->g;

    switch (op) {
    case MSI_ON:
    case MSI_OFF:
        g->msi = op == MSI_ON;
        wr(r, MSI + PCI_MSI_FLAGS, g->msi ? PCI_MSI_FLAGS_ENABLE : 0, 2);
        break;
    case MSIX_ON:
    case MSIX_OFF:
    case FUNCTION_MASK:
        g->msix = op == MSIX_ON || (op == FUNCTION_MASK && g->msix);
        g->fmask ^= op == FUNCTION_MASK;
        wr(r, MSIX + PCI_MSI_FLAGS, (g->msix ? PCI_MSIX_ENABLE : 0u) |
           (g->fmask ? PCI_MSIX_MASK : 0u), 2);
        break;
    case ENTRY_MASK:
        if (reachable(r)) {
            g->entry_masked = !g->entry_masked;
            table_write(r, 12, g->entry_masked ? PT_MSIX_MASKED : 0);
        }
        break;
    case MSI_MASK:
        g->msi_masked = !g->msi_masked;
        wr(r, MSI + PCI_MSI_MASK_BIT_64, g->msi_masked, 4);
        break;
    case VECTOR:
        g->vector ^= 0x08;
        wr(r, MSI + PCI_MSI_DATA_64, g->vector, 2);
        program_entry(r);
        break;
    case INTX_DISABLE:
        g->intx_off = !g->intx_off;
        command(r);
        break;
    case DECODE:
        g->decode = !g->decode;
        command(r);
        break;
    case BAR_MOVE:
        g->bar ^= BAR_A ^ BAR_B;
        wr(r, TABLE_BAR, g->bar, 4);
        break;
    case POWER:
        power(r);
        break;
    case NUM_OPS:
        break;
    }
    g->at = g->d3 ? 0 : g->decode ? g->bar : g->at == g->bar ? g->at : 0;
    set_mode(g);
    g->lived = live(r) || (g->lived && g->mode == USES_MSIX);
}

/* ------------------------------------------------------------------ */
/* Invariants                                                          */

static void fail_run(const struct run *r, const char *what)
{
    char text[1024] = "";
    unsigned i;

    sim_complaints(&r->s, text, sizeof(text));
    print_error("%s, after:", what);
    for (i = 0; i < r->len; i++) {
        print_error(" %s%s", op_name[r->ops[i]], i + 1 < r->len ? "," : "");
    }
    print_error("; power_mgmt=%d msitranslate=%d 4.19=%d\n%s",
                r->policy.power_mgmt, r->policy.msitranslate,
                r->s.xen.opts.all_writes, text);
    fail();
}

#define CHECK(cond) do { \
        if (!(cond)) { \
            fail_run(r, #cond); \
        } \
    } while (0)

static bool bound(const struct run *r, enum sim_pirq_kind kind, unsigned e,
                  enum sim_bound how)
{
    int n = sim_xen_pirq_of(&r->s.xen, &r->s.dev, kind, e);

    return n >= 0 && sim_xen_pirq(&r->s.xen, n)->bound == how;
}

static bool line_bound(const struct run *r)
{
    int i;

    for (i = 0; i < (int)r->s.xen.nr_pirqs; i++) {
        const struct sim_pirq *p = sim_xen_pirq(&r->s.xen, i);

        if (p && p->kind == SIM_PIRQ_GSI && p->bound == SIM_BOUND_INTX) {
            return true;
        }
    }
    return false;
}

/* Xen writes to the device with each message: asleep, it has none. */
static void check_asleep(const struct run *r)
{
    CHECK(!bound(r, SIM_PIRQ_MSIX, 0, SIM_BOUND_MSI));
    CHECK(!bound(r, SIM_PIRQ_MSIX, 1, SIM_BOUND_MSI));
    CHECK(!bound(r, SIM_PIRQ_MSI, 0, SIM_BOUND_MSI));
    CHECK(!bound(r, SIM_PIRQ_MSI, 0, SIM_BOUND_MSI_INTX));
    CHECK(line_bound(r) == r->g.slept_with_line);
    CHECK(!sim_dev_msi_enabled(&r->s.dev));
    CHECK(!sim_dev_msix_enabled(&r->s.dev));
    CHECK(sim_complaints(&r->s, NULL, 0) == 0);
}

static void check_bound(const struct run *r)
{
    const struct guest *g = &r->g;
    bool translated = r->policy.msitranslate && g->mode == LINE;
    bool entry = bound(r, SIM_PIRQ_MSIX, 0, SIM_BOUND_MSI);

    if (g->d3) {
        check_asleep(r);
        return;
    }

    CHECK(entry == bound(r, SIM_PIRQ_MSIX, 1, SIM_BOUND_MSI));
    CHECK(bound(r, SIM_PIRQ_MSI, 0, SIM_BOUND_MSI) ==
          (g->mode == USES_MSI && !g->msi_masked));
    CHECK(bound(r, SIM_PIRQ_MSI, 0, SIM_BOUND_MSI_INTX) == translated);
    /* An entry stays bound while it is masked again; Xen masks it. */
    CHECK(entry == (g->lived && reachable(r)));
    /* PCI 3.0, 6.8.1.3: who uses messages does not use its pin. */
    CHECK(line_bound(r) == (g->mode == LINE && !r->policy.msitranslate));
    CHECK(sim_dev_msi_enabled(&r->s.dev) ==
          (g->mode == USES_MSI || (translated && !g->intx_off)));
    CHECK(sim_dev_msix_enabled(&r->s.dev) == (g->mode == USES_MSIX));
    CHECK(r->s.dev.count.msi_written_by_dm == 0);
    CHECK(r->s.dev.count.msix_written_by_dm == 0);
    CHECK(r->s.dev.count.early == 0);
    CHECK(sim_complaints(&r->s, NULL, 0) == 0);
}

static uint64_t all_vectors(const struct run *r)
{
    uint64_t n = 0;
    unsigned i;

    for (i = 0; i < 256; i++) {
        n += r->s.xen.vector[i];
    }
    return n;
}

/* The device interrupts: who hears of it? */
static void check_delivery(struct run *r, unsigned e)
{
    const struct guest *g = &r->g;
    uint64_t vectors = all_vectors(r), intx = r->s.xen.intx[4][0];
    uint64_t *mine = &r->s.xen.vector[g->mode == USES_MSIX ?
        g->entry_vector + e * SECOND : g->vector];
    uint64_t before = *mine;
    bool hears = g->mode == USES_MSIX ? live(r) :
        !g->d3 && !(g->mode == USES_MSI ? g->msi_masked : g->intx_off);

    sim_dev_interrupt(&r->s.dev, g->mode == USES_MSIX ? e : 0);
    if (g->d3) {
        CHECK(all_vectors(r) == vectors && r->s.xen.intx[4][0] == intx);
    } else if (g->mode == LINE) {
        CHECK(all_vectors(r) == vectors);
        CHECK(r->s.xen.intx[4][0] == intx + hears);
    } else {
        CHECK(r->s.xen.intx[4][0] == intx);
        CHECK(all_vectors(r) == vectors + hears);
        CHECK(*mine == before + hears);
    }
    CHECK(r->s.xen.stray == 0);
}

/* ------------------------------------------------------------------ */

static void run_one(struct run *r, const struct sim_opts *opts)
{
    struct pt_device_info info;
    struct pt_error err = { "" };
    unsigned i;

    capture_info(&card, &info);
    info.irq = 17;
    memset(&r->g, 0, sizeof(r->g));
    assert_int_equal(sim_init(&r->s, &card, &info, opts), 0);
    r->d = pt_attach(&(struct pt_args) {
        .host = &r->s.dev.pt, .xen = &r->s.xen.pt, .bus = &r->s.bus.pt,
        .policy = r->policy, .devfn = 4 << 3,
    }, &err);
    if (!r->d) {
        fail_run(r, err.text);
    }
    start(r);
    for (i = 0; i < r->len; i++) {
        do_op(r, r->ops[i]);
    }
    /* Let a change of the power state end. */
    pt_config_read(r->d, PCI_STATUS, 2);
    check_bound(r);
    check_delivery(r, 0);
    if (r->g.mode == USES_MSIX) {
        check_delivery(r, 1);
    }
    pt_detach(r->d);
    CHECK(sim_check_quiet(&r->s, NULL, 0) == 0);
    CHECK(!sim_dev_msi_enabled(&r->s.dev));
    CHECK(!sim_dev_msix_enabled(&r->s.dev));
    sim_fini(&r->s);
}

static void all_of_length(struct run *r, unsigned len,
                          const struct sim_opts *opts)
{
    enum op ops[8];
    unsigned long n = 1, i, k;
    unsigned j;

    for (j = 0; j < len; j++) {
        n *= NUM_OPS;
    }
    r->ops = ops;
    r->len = len;
    for (i = 0; i < n; i++) {
        for (j = 0, k = i; j < len; j++, k /= NUM_OPS) {
            ops[j] = (enum op)(k % NUM_OPS);
        }
        run_one(r, opts);
    }
}

static void sequences(struct pt_policy policy, bool all_writes, unsigned max)
{
    struct run *r = calloc(1, sizeof(*r));
    const struct sim_opts opts = { .xen.all_writes = all_writes };
    unsigned len;

    assert_non_null(r);
    if (getenv("SIM_QUICK") && max > 3) {
        max = 3;
    }
    r->policy = policy;
    for (len = 0; len <= max; len++) {
        all_of_length(r, len, &opts);
    }
    free(r);
}

static void test_all_sequences_of_5_with_power_mgmt(void **state)
{
    (void)state;
    sequences((struct pt_policy) { .power_mgmt = true }, false, 5);
}

static void test_all_sequences_of_4_on_xen_4_19(void **state)
{
    (void)state;
    sequences((struct pt_policy) { .power_mgmt = true }, true, 4);
}

static void test_all_sequences_of_4_with_msitranslate(void **state)
{
    (void)state;
    sequences((struct pt_policy) { .power_mgmt = true, .msitranslate = true },
              false, 4);
}

static void test_all_sequences_of_4_when_strict(void **state)
{
    (void)state;
    sequences((struct pt_policy) { .strict = true }, false, 4);
}

static void test_all_sequences_of_4_by_default(void **state)
{
    (void)state;
    sequences((struct pt_policy) { .power_mgmt = false }, false, 4);
}

static int load_card(void **state)
{
    struct capture *list;
    struct pt_error err;

    (void)state;
    if (capture_load("tests/devices/hw-82576.txt", &list, &err) < 1) {
        print_error("%s\n", err.text);
        return -1;
    }
    card = list[0];
    free(list);
    card.cfg[MSIX + PCI_MSI_FLAGS] = ENTRIES - 1;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_sequences_of_4_by_default),
        cmocka_unit_test(test_all_sequences_of_4_when_strict),
        cmocka_unit_test(test_all_sequences_of_5_with_power_mgmt),
        cmocka_unit_test(test_all_sequences_of_4_on_xen_4_19),
        cmocka_unit_test(test_all_sequences_of_4_with_msitranslate),
    };

    return cmocka_run_group_tests_name("interrupt sequences", tests,
                                       load_card, NULL);
}
