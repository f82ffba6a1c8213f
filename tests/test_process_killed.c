/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts/process: what comes after a process that was killed. */
#include "lib-process-guest.h"
#include "lib-windows.h"

/* ------------------------------------------------------------------ */
/* A process that was killed                                           */

static int no_config(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    (void)priv;
    (void)pos;
    (void)buf;
    (void)len;
    return 0;
}

static int no_memory(void *priv, uint64_t gfn, uint64_t mfn, uint64_t nr,
                     bool add)
{
    (void)priv;
    (void)gfn;
    (void)mfn;
    (void)nr;
    (void)add;
    return 0;
}

static int no_ports(void *priv, uint32_t a, uint32_t b, uint32_t nr, bool add)
{
    (void)priv;
    (void)a;
    (void)b;
    (void)nr;
    (void)add;
    return 0;
}

static int no_unmap(void *priv, int pirq)
{
    (void)priv;
    (void)pirq;
    return 0;
}

static int no_pin(void *priv, int pirq, uint8_t slot, uint8_t intx)
{
    (void)priv;
    (void)pirq;
    (void)slot;
    (void)intx;
    return 0;
}

static int no_lower(void *priv, uint8_t slot, uint8_t intx)
{
    (void)priv;
    (void)slot;
    (void)intx;
    return 0;
}

static int no_msi(void *priv, int pirq, uint8_t gvec, uint32_t gflags)
{
    (void)priv;
    (void)pirq;
    (void)gvec;
    (void)gflags;
    return 0;
}

/*
 * What the kernel does of it: memory and files go, without a word to Xen and
 * the device. The page, the journal and our end of the monitor's socket stay.
 */
static void kill_and_recover(struct box *b)
{
    struct pt_xen_ops deaf = {
        .map_memory = no_memory, .map_ports = no_ports,
        .unmap_pirq = no_unmap, .unbind_intx = no_pin,
        .lower_intx = no_lower, .unbind_msi_intx = no_pin,
        .unbind_msi = no_msi,
    };
    struct pt_device_ops mute = *b->sim.dev.pt.ops;
    struct pp_journal *kept = malloc(sizeof(*kept));
    int monitor = dup(b->g.monitor.s.fd);

    assert_non_null(kept);
    *kept = b->journal;
    mute.write = no_config;
    for (unsigned i = 0; i < PP_NUM_DEVFN; i++) {
        struct pp_device *d = b->g.at[i];

        if (d) {
            d->host.ops = &mute;
            d->claimed = d->extended = false;
            memset(d->trap, 0, sizeof(d->trap));
        }
    }
    b->g.xen.ops = &deaf;
    b->g.ioreq.open = false;
    b->domain = false;
    b->g.joined = false;
    memset(b->xen.bound, 0, sizeof(b->xen.bound));
    b->xen.mapped = false;
    pp_guest_release(&b->g, false);
    pp_guest_close(&b->g);

    b->journal = *kept;
    free(kept);
    b->g = (struct pp_guest) {
        .env = &b->env, .domid = 7, .ram_low = 0x14000000,
        .journal = &b->journal,
    };
    memset(b->g.said, PT_CONF_UNSAID, sizeof(b->g.said));
    assert_int_equal(pp_guest_open(&b->g, monitor), 0);
    assert_int_equal(pp_guest_recover(&b->g), 0);
}

static void killed_at_work_nothing_stays(void **state)
{
    struct box *b = *state;
    uint32_t found = sim_dev_peek(&b->sim.dev, PCI_COMMAND, 2);

    assert_string_equal(add(b, FIRST ",'extended':true"), "");
    assert_string_equal(add(b, SECOND), "");
    at_work(b);
    kill_and_recover(b);
    assert_int_equal(sim_xen_leaks(&b->sim.xen, NULL, 0), 0);
    assert_int_equal(sim_dev_peek(&b->sim.dev, PCI_COMMAND, 2),
                     found & 0xfffb);
    assert_false(sim_dev_msix_enabled(&b->sim.dev));
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(b->journal.num, 0);
    /* nothing is waited for */
    assert_int_equal(pp_guest_patience(&b->g), -1);
    /* the guest reads ones, and not the placeholder */
    assert_true(b->xen.claimed[0x18]);
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), 0xffffffff);
    wr(b, 0x18, PCI_COMMAND, 7, 2);
    assert_int_equal(rd(b, 0x18, PCI_COMMAND, 2), 0xffff);
    /* and lets go of it, some day */
    assert_non_null(strstr(add(b, FIRST), "Duplicate device ID"));
    eject(b, "pci-pt-01_00.0");
    assert_false(b->xen.claimed[0x18]);
    assert_string_equal(add(b, FIRST), "");
    assert_int_equal(rd(b, 0x18, PCI_VENDOR_ID, 4), 0x10c98086);
    at_work(b);
}

/* A processor waits for an answer that the process did not live to give. */
static void no_processor_waits_for_ever(void **state)
{
    struct box *b = *state;
    ioreq_t w = fake_config(0x18, 4, 2);

    assert_string_equal(add(b, FIRST), "");
    fake_ask(&b->xen, 1, fake_config(0x18, 0, 4));
    b->xen.page[1].state = STATE_IOREQ_INPROCESS;
    w.dir = IOREQ_WRITE;
    fake_ask(&b->xen, 2, w);
    kill_and_recover(b);
    assert_int_equal(b->xen.page[1].state, STATE_IORESP_READY);
    assert_int_equal(b->xen.page[1].data, UINT64_MAX);
    assert_int_equal(b->xen.page[2].state, STATE_IORESP_READY);
    assert_int_equal(b->xen.notified[1], 1);
    assert_int_equal(b->xen.notified[2], 1);
    assert_int_equal(b->xen.page[3].state, STATE_IOREQ_NONE);
}

/* What was another guest's by then is left alone. */
static void another_guests_device_is_left_alone(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    at_work(b);
    sim_xen_leave(&b->sim.xen, &b->sim.dev);
    b->sim.xen.others = true;
    sim_dev_forget(&b->sim.dev);
    kill_and_recover(b);
    assert_int_equal(b->sim.dev.count.writes, 0);
}

/* It was killed before QEMU had a placeholder, or after it had none. */
static void without_a_placeholder_there_is_no_trace(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    b->qemu.num--;
    kill_and_recover(b);
    assert_false(b->xen.claimed[0x18]);
    assert_string_equal(add(b, FIRST), "");
}

static int setup_gpu(void **state)
{
    return setup_with(state, gpu);
}

static void windows_of_ports_are_given_back(void **state)
{
    struct box *b = *state;
    uint32_t found = sim_dev_peek(&b->sim.dev, PCI_COMMAND, 2);
    struct pp_deed *deed = NULL;

    add_by(b, "[all]\nwindow = nvidia-config-ports, nvidia-config\n", FIRST);
    wr(b, 0x18, PCI_BASE_ADDRESS_0, 0xe0000000, 4);
    wr(b, 0x18, PCI_BASE_ADDRESS_5, 0xc000, 4);
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    assert_int_equal(b->xen.num_ranges, 2);
    for (unsigned i = 0; i < b->journal.num; i++) {
        if (b->journal.deed[i].kind == PP_PORT_WINDOW) {
            deed = &b->journal.deed[i];
        }
    }
    assert_non_null(deed);
    assert_int_equal(deed->guest, 0xc008);
    assert_int_equal(deed->nr, 8);
    kill_and_recover(b);
    assert_int_equal(b->xen.num_ranges, 0);
    assert_int_equal(b->journal.num, 0);
    assert_int_equal(sim_xen_leaks(&b->sim.xen, NULL, 0), 0);
    assert_int_equal(sim_dev_peek(&b->sim.dev, PCI_COMMAND, 2), found);
}

/* Nobody is left to end it. */
static void an_interrupt_is_lowered(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    wr(b, 0x18, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    sim_dev_set_intx(&b->sim.dev, true);
    assert_true(b->sim.xen.intx_level[3][0]);
    kill_and_recover(b);
    assert_int_equal(sim_xen_leaks(&b->sim.xen, NULL, 0), 0);
    sim_dev_set_intx(&b->sim.dev, false);
}

/* QEMU still has answers for who was killed. */
static void late_answers_are_anothers(void **state)
{
    struct box *b = *state;

    assert_string_equal(add(b, FIRST), "");
    for (int i = 0; i < 10; i++) {
        q_say(&b->qemu, json_pack("{s:[], s:i}", "return", "id", i));
    }
    kill_and_recover(b);
    assert_true(b->xen.claimed[0x18]);
}

static void without_devices_there_is_nothing_to_do(void **state)
{
    struct box *b = *state;

    kill_and_recover(b);
    assert_int_equal(b->xen.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_at_work_nothing_stays),
        TEST(no_processor_waits_for_ever),
        TEST(another_guests_device_is_left_alone),
        TEST(without_a_placeholder_there_is_no_trace),
        cmocka_unit_test_setup_teardown(windows_of_ports_are_given_back,
                                        setup_gpu, teardown),
        TEST(an_interrupt_is_lowered),
        TEST(late_answers_are_anothers),
        TEST(without_devices_there_is_nothing_to_do),
    };

    return cmocka_run_group_tests_name("process_killed", tests, NULL, NULL);
}
