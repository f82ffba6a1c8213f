/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows of messages: where a driver copies the address and the data of an
 * interrupt, the device gets those that Xen gave it.
 *
 * MSI has one address. Entries of MSI-X can share one, and differ in their
 * data: until these are written it is not known which entry is meant, and the
 * address is held back.
 */
#include "pt-dev.h"
#include "pt-msi.h"
#include "pt-window.h"

/*
 * A dword that the guest writes at @at, and what the device gets. Data are a
 * small number like many others: they are taken for data only where the address
 * was written last.
 */
static uint32_t msi_dword(const struct pt_dev *d, struct pt_open_window *w,
                          uint64_t at, uint32_t val)
{
    uint32_t sent;

    if (pt_msi_sent_address(d, val, &sent)) {
        w->data_at = at + w->row->data_gap;
        return sent;
    }
    return at == w->data_at && pt_msi_sent_data(d, val, &sent) ? sent : val;
}

static void put(struct pt_dev *d, const struct pt_open_window *w, uint64_t at,
                uint32_t val)
{
    pt_host_mmio_write(d, w->row->bar, at, 4, val);
}

/* What is held back goes to the device, and no data belong to it any more. */
static void let_go(struct pt_dev *d, struct pt_open_window *w, uint32_t addr)
{
    if (w->holds) {
        put(d, w, w->data_at - w->row->data_gap, addr);
    }
    w->holds = false;
    w->data_at = 0;
}

static void msix_dword(struct pt_dev *d, struct pt_open_window *w, uint64_t at,
                       uint32_t val)
{
    struct pt_sent sent;

    if (pt_msix_has_address(d, val)) {
        let_go(d, w, w->held);
        w->data_at = at + w->row->data_gap;
        w->held = val;
        w->holds = true;
        return;
    }
    if (w->holds && at == w->data_at) {
        bool known = pt_msix_sent(d, w->held, val, &sent);

        let_go(d, w, known ? sent.addr : w->held);
        val = known ? sent.data : val;
    } else if (w->holds && at == w->data_at - w->row->data_gap) {
        let_go(d, w, w->held);
    }
    put(d, w, at, val);
}

bool pt_window_message(struct pt_dev *d, struct pt_open_window *w, uint64_t at,
                       unsigned width, uint64_t *val)
{
    bool dwords = width >= 4 && at % width == 0;
    uint64_t low;

    if (!w->holds && d->irq->mode != PT_IRQ_MSIX) {
        if (dwords) {
            low = msi_dword(d, w, at, (uint32_t)*val);
            *val = width == 4 ? low : low | (uint64_t)msi_dword(
                d, w, at + 4, (uint32_t)(*val >> 32)) << 32;
        }
        return false;  /* pt-trap.c looks at the alignment */
    }
    if (!dwords) {
        let_go(d, w, w->held);
        return false;
    }
    msix_dword(d, w, at, (uint32_t)*val);
    if (width == 8) {
        msix_dword(d, w, at + 4, (uint32_t)(*val >> 32));
    }
    return true;
}
