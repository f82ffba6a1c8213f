/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A view for people: a table. And for lspci: its own hexadecimal dump. */
#include <string.h>

#include <pci/header.h>

#include "view.h"

#define BITS_COLUMN 62
/* Offsets of extended space have three digits. */
#define WIDER(v) ((v)->len > PT_CFG_SIZE ? 2 : 0)
#define NOTE_COLUMN 8

/* ------------------------------------------------------------------ */
/* Registers                                                           */

static void print_heading(FILE *f, const struct view_item *i)
{
    const struct pt_cap *c = i->cap;
    char text[256], why[TEXT_ESCAPED];

    if (!c && i->off < PT_CFG_CAPS_START) {
        fprintf(f, "\nHeader\n");
        return;
    }
    if (!c) {
        fprintf(f, "\n%s", i->off == PT_CFG_SIZE ?
                "Extended configuration space\n" : "");
        return;
    }
    snprintf(text, sizeof(text), "%s capability (ID %02x) at %02x, %u bytes%s",
             c->group->name, c->id & 0xffff, c->pos, c->size,
             c->added ? "; added" : c->fate == PT_EXPOSED ? "" :
             c->fate == PT_HIDDEN ? "; hidden" : "; hidden, reads 0");
    fprintf(f, "\n%s", text);
    if (c->fate != PT_EXPOSED) {
        fprintf(f, ": %s", text_escape(c->why, why, sizeof(why)));
    }
    fprintf(f, "\n");
}

/* The region whose address is in the register @i; -1: none. */
static int region_of(const struct view_item *i)
{
    if (!i->row || i->cap) {
        return -1;
    }
    if (i->off >= PCI_BASE_ADDRESS_0 && i->off <= PCI_BASE_ADDRESS_5) {
        return (i->off - PCI_BASE_ADDRESS_0) / 4;
    }
    return i->off == PCI_ROM_ADDRESS ? PT_ROM : -1;
}

static bool is_top_half(const struct view *v, int n)
{
    return n > 0 && n < PT_NUM_BARS &&
           (v->src->info.region[n - 1].flags & PT_REGION_64);
}

/* "5 entries at 8000 of BAR 0" */
static bool describe_msix(const struct view *v, const struct view_item *i,
                          char *out, size_t room)
{
    uint16_t at = (uint16_t)(i->cap ? i->off - i->cap->pos : 0);
    const char *fmt = at == PCI_MSIX_TABLE
        ? "%u entr%s at %x of BAR %u, all masked until the guest programs them"
        : "pending bits of %u entr%s at %x of BAR %u";
    unsigned entries;

    if (!i->row || !i->cap || i->cap->id != PCI_CAP_ID_MSIX ||
        (at != PCI_MSIX_TABLE && at != PCI_MSIX_PBA)) {
        return false;
    }
    entries = (v->guest[i->cap->pos + PCI_CAP_FLAGS] |
               (unsigned)v->guest[i->cap->pos + PCI_CAP_FLAGS + 1] << 8);
    entries = (entries & PCI_MSIX_TABSIZE) + 1;
    snprintf(out, room, fmt, entries, entries == 1 ? "y" : "ies",
             i->guest & ~(uint32_t)PCI_MSIX_BIR, i->guest & PCI_MSIX_BIR);
    return true;
}

/* What the register points to. */
static void print_target(FILE *f, const struct view *v,
                         const struct view_item *i)
{
    int n = region_of(i);
    char text[256];

    if (n >= 0 && v->src->info.region[n].size) {
        text_region(v, (unsigned)n, text, sizeof(text));
    } else if (!describe_msix(v, i, text, sizeof(text))) {
        return;
    }
    fprintf(f, "%*s", NOTE_COLUMN, "");
    text_wrap(f, text, NOTE_COLUMN, NOTE_COLUMN);
}

static void describe_bits(const struct view *v, const struct view_item *i,
                          char *out, size_t room)
{
    int n = region_of(i);

    text_bits(i, out, room);
    if (n >= 0 && !v->src->info.region[n].size && !is_top_half(v, n)) {
        snprintf(out, room, "none");
    }
}

static void print_reason(FILE *f, const struct view_item *i)
{
    char text[512];

    if (!i->row) {
        return;
    }
    snprintf(text, sizeof(text), "%s: %s", i->row->spec, i->row->why);
    fprintf(f, "%*s", NOTE_COLUMN, "");
    text_wrap(f, text, NOTE_COLUMN, NOTE_COLUMN);
}

static void print_item(FILE *f, const struct view *v,
                       const struct view_item *i, bool verbose)
{
    char off[16], name[64], host[16], guest[16], bits[256];
    int column;

    column = fprintf(f, "%-*s  %-31s %8s %s %-8s  ", 6 + WIDER(v),
                     text_offset(i, off, sizeof(off)),
                     text_name(i, name, sizeof(name)),
                     text_host(v, i, host, sizeof(host)),
                     view_differs(v, i) ? "->" : "  ",
                     text_guest(v, i, guest, sizeof(guest)));
    describe_bits(v, i, bits, sizeof(bits));
    text_wrap(f, bits, column > 0 ? (unsigned)column : 0,
              BITS_COLUMN + WIDER(v));
    print_target(f, v, i);
    if (verbose) {
        print_reason(f, i);
    }
}

static bool same_section(const struct view_item *a, const struct view_item *b)
{
    return a->cap == b->cap &&
           (a->cap || ((a->off < PT_CFG_CAPS_START) ==
                           (b->off < PT_CFG_CAPS_START) &&
                       (a->off < PT_CFG_SIZE) == (b->off < PT_CFG_SIZE)));
}

static void print_items(FILE *f, const struct view *v, bool verbose)
{
    fprintf(f, "%-*s  %-31s %8s    %-8s  %s\n", 6 + WIDER(v), "offset",
            "register", "host", "guest", "bits");
    for (unsigned n = 0; n < v->num_items; n++) {
        const struct view_item *i = &v->item[n];

        if (!n || !same_section(i - 1, i)) {
            print_heading(f, i);
        }
        print_item(f, v, i, verbose);
    }
}

/* ------------------------------------------------------------------ */
/* Around them                                                         */

static void print_chain(FILE *f, const struct view *v, bool guest)
{
    char text[PT_MAX_CAPS * 40] = "";
    size_t n = 0;

    for (unsigned i = 0; i < pt_num_caps(v->dev) && n < sizeof(text); i++) {
        const struct pt_cap *c = pt_cap_at(v->dev, i);

        if (guest ? c->fate != PT_EXPOSED : c->added != NULL) {
            continue;
        }
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%02x\t%s",
                              n ? ", " : "", c->pos, c->group->name);
    }
    for (char *s = text; *s; s++) {
        if (*s == ' ' && s > text && s[-1] != ',') {
            *s = '\t';
        }
    }
    fprintf(f, guest ? "  guest   " : "  device  ");
    text_wrap(f, n ? text : "none", 10, 10);
}

static void print_chains(FILE *f, const struct view *v)
{
    char text[256], why[TEXT_ESCAPED];

    fprintf(f, "\nCapabilities\n");
    print_chain(f, v, false);
    print_chain(f, v, true);
    for (unsigned i = 0; i < pt_num_caps(v->dev); i++) {
        const struct pt_cap *c = pt_cap_at(v->dev, i);

        if (c->fate == PT_EXPOSED) {
            continue;
        }
        snprintf(text, sizeof(text), "%02x %s: %s", c->pos, c->group->name,
                 text_escape(c->why, why, sizeof(why)));
        fprintf(f, "  hidden  ");
        text_wrap(f, text, 10, 10);
    }
}

static void print_notes(FILE *f, const struct view *v)
{
    char text[TEXT_ESCAPED];

    if (v->num_notes) {
        fprintf(f, "\nNotes\n");
    }
    for (unsigned i = 0; i < v->num_notes; i++) {
        fprintf(f, "  ");
        text_wrap(f, text_escape(v->note[i].text, text, sizeof(text)), 2, 4);
    }
}

static void print_legend(FILE *f)
{
    static const char *const text[VIEW_NUM_CLASSES] = {
        [VIEW_FORWARDED] = "the device's, read and written by the guest",
        [VIEW_W1C] = "the device's, cleared where the guest writes 1",
        [VIEW_EMULATED] = "the guest's own copy, read and written",
        [VIEW_READ_ONLY] = "the device's, read by the guest",
        [VIEW_CONSTANT] = "the guest's own copy, read by the guest",
        [VIEW_HIDDEN] = "reads 0, whatever the device has",
        [VIEW_RESERVED] = "read-only, unless the device is permissive",
    };

    fprintf(f, "\nBits\n");
    for (unsigned c = 0; c < VIEW_NUM_CLASSES; c++) {
        fprintf(f, "  %-16s  %s\n", view_class_name(c), text[c]);
    }
}

/* What the policy files have to do with it. */
static void print_confs(FILE *f, const struct view *v)
{
    char text[TEXT_ESCAPED];

    if (v->origin[0]) {
        fprintf(f, "%s\n", text_escape(v->origin, text, sizeof(text)));
    }
    if (v->romfile[0]) {
        fprintf(f, "romfile: %s\n",
                text_escape(v->romfile, text, sizeof(text)));
    }
}

void report_table(FILE *f, const struct view *v, bool verbose)
{
    char addr[PT_SBDF_LEN], text[TEXT_ESCAPED], policy[TEXT_POLICY];

    fprintf(f, "%s %s\n", pt_sbdf_str(&v->src->info.addr, addr),
            text_escape(v->src->title, text, sizeof(text)));
    if (!v->dev) {
        fprintf(f, "not assignable: %s\n",
                text_escape(v->refused.text, text, sizeof(text)));
        return;
    }
    fprintf(f, "policy: %s%s\n",
            text_policy(&v->policy, policy, sizeof(policy)),
            v->src->info.is_vf ? "; a virtual function" : "");
    print_confs(f, v);
    putc('\n', f);
    print_items(f, v, verbose);
    if (v->src->len >= PT_CFG_SIZE) {
        print_chains(f, v);
    }
    report_windows(f, v, verbose);
    print_notes(f, v);
    if (verbose) {
        print_legend(f);
    }
}

/* ------------------------------------------------------------------ */
/* lspci's form                                                        */

void report_hex(FILE *f, const struct view *v)
{
    char addr[PT_SBDF_LEN], title[TEXT_ESCAPED];

    if (!v->dev) {
        return;
    }
    fprintf(f, "%s %s\n", pt_sbdf_str(&v->src->info.addr, addr),
            text_escape(v->src->title, title, sizeof(title)));
    for (unsigned off = 0; off < v->len; off++) {
        if (off % 16 == 0) {
            fprintf(f, "%02x:", off);
        }
        fprintf(f, " %02x%s", v->guest[off], off % 16 == 15 ? "\n" : "");
    }
    fprintf(f, "\n");
}
