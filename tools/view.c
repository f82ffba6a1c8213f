/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's view of a function, as a list of registers and ranges.
 *
 * The engine gets a device that answers from memory and refuses the rest:
 * whatever it does, the real one is not touched.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pci/header.h>

#include "view.h"

/* ------------------------------------------------------------------ */
/* A device that is only its bytes                                     */

static int snap_read(void *priv, uint16_t pos, void *buf, unsigned len)
{
    const struct view *v = priv;

    if (pos > sizeof(v->seen) || len > sizeof(v->seen) - pos) {
        return -EINVAL;
    }
    if (pos >= PT_CFG_SIZE && v->src->len <= PT_CFG_SIZE) {
        /* Not there, for all that is known. */
        memset(buf, 0xff, len);
        return 0;
    }
    memcpy(buf, v->seen + pos, len);
    return 0;
}

static int snap_write(void *priv, uint16_t pos, const void *buf, unsigned len)
{
    (void)priv;
    (void)pos;
    (void)buf;
    (void)len;
    return -EPERM;
}

static int snap_mmio_read(void *priv, unsigned region, uint64_t off,
                          unsigned width, uint64_t *val)
{
    (void)priv;
    (void)region;
    (void)off;
    (void)width;
    *val = 0;
    return -EPERM;
}

static int snap_mmio_write(void *priv, unsigned region, uint64_t off,
                           unsigned width, uint64_t val)
{
    (void)priv;
    (void)region;
    (void)off;
    (void)width;
    (void)val;
    return -EPERM;
}

static void snap_close(void *priv)
{
    (void)priv;
}

static const struct pt_device_ops snap_ops = {
    .read = snap_read,
    .write = snap_write,
    .mmio_read = snap_mmio_read,
    .mmio_write = snap_mmio_write,
    .close = snap_close,
};

/* ------------------------------------------------------------------ */
/* A bus with nothing else on it                                       */

static void bus_log(void *priv, enum pt_level level, const char *line)
{
    struct view *v = priv;
    char prefix[PT_SBDF_LEN + 16], addr[PT_SBDF_LEN];
    struct view_note *n;

    if (v->num_notes == VIEW_MAX_NOTES) {
        return;
    }
    /* The report names the device already. */
    snprintf(prefix, sizeof(prefix), "pass-through %s: ",
             pt_sbdf_str(&v->src->info.addr, addr));
    if (strncmp(line, prefix, strlen(prefix)) == 0) {
        line += strlen(prefix);
    }
    n = &v->note[v->num_notes++];
    n->level = level;
    snprintf(n->text, sizeof(n->text), "%s", line);
}

static uint64_t bus_now_us(void *priv)
{
    (void)priv;
    return 0;
}

static void bus_delay_us(void *priv, uint32_t us)
{
    (void)priv;
    (void)us;
}

static int bus_trap(void *priv, struct pt_trap *t)
{
    (void)priv;
    (void)t;
    return -EPERM;
}

static void bus_untrap(void *priv, struct pt_trap *t)
{
    (void)priv;
    (void)t;
}

static bool bus_taken(void *priv, const struct pt_dev *self, bool io,
                      uint64_t addr, uint64_t size)
{
    (void)priv;
    (void)self;
    (void)io;
    (void)addr;
    (void)size;
    return false;
}

static void bus_moved(void *priv, const struct pt_dev *self, unsigned region,
                      uint64_t addr)
{
    (void)priv;
    (void)self;
    (void)region;
    (void)addr;
}

static const struct pt_bus_ops bus_ops = {
    .log = bus_log,
    .now_us = bus_now_us,
    .delay_us = bus_delay_us,
    .trap = bus_trap,
    .untrap = bus_untrap,
    .traps_ports = true,  /* whose device model does not, will say so */
    .taken = bus_taken,
    .moved = bus_moved,
};

/* ------------------------------------------------------------------ */
/* Items                                                               */

const char *view_class_name(enum view_class c)
{
    static const char *const names[VIEW_NUM_CLASSES] = {
        [VIEW_FORWARDED] = "forwarded",
        [VIEW_W1C] = "rw1c",
        [VIEW_EMULATED] = "emulated",
        [VIEW_READ_ONLY] = "read-only",
        [VIEW_CONSTANT] = "constant",
        [VIEW_HIDDEN] = "hidden",
        [VIEW_RESERVED] = "reserved",
    };

    return names[c];
}

const char *view_kind_name(enum pt_kind kind)
{
    switch (kind) {
    case PT_DEVICE:
        return "device-specific";
    case PT_FIELD:
        return "register";
    case PT_UNDECLARED:
        return "undeclared";
    case PT_OPEN:
        return "body";
    case PT_CONCEALED:
        return "concealed";
    case PT_ZEROED:
        return "zeroed";
    case PT_MIRRORED:
        return "mirrored";
    case PT_ADDED:
        return "added";
    }
    return "unknown";
}

/* Masks and value of a register, or of one byte outside of all rows. */
struct lanes {
    uint32_t emu, own, fwd, rw1c;
};

static enum view_class classify(const struct pt_row *row,
                                const struct lanes *l, uint32_t bit,
                                uint32_t guest)
{
    if (l->emu & bit) {
        if (l->own & bit) {
            return VIEW_EMULATED;
        }
        /* A 0 that the device has no part in. */
        if (!(guest & bit) && (!row || (!row->setup && !(row->host & bit)))) {
            return VIEW_HIDDEN;
        }
        return VIEW_CONSTANT;
    }
    if (l->fwd & bit) {
        return l->rw1c & bit ? VIEW_W1C : VIEW_FORWARDED;
    }
    return row && (row->rsvd & bit) ? VIEW_RESERVED : VIEW_READ_ONLY;
}

static void look_lanes(const struct pt_dev *d, unsigned off, unsigned len,
                       struct lanes *l)
{
    *l = (struct lanes){ 0 };
    for (unsigned i = 0; i < len; i++) {
        struct pt_byte b;

        pt_look(d, (uint16_t)(off + i), &b);
        l->emu |= (uint32_t)b.emu << (8 * i);
        l->own |= (uint32_t)b.own << (8 * i);
        l->fwd |= (uint32_t)b.fwd << (8 * i);
        l->rw1c |= (uint32_t)b.rw1c << (8 * i);
    }
}

static uint32_t value(const uint8_t *p, unsigned len)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < len; i++) {
        v |= (uint32_t)p[i] << (8 * i);
    }
    return v;
}

/* @len: 1 to 4. */
static void add_bits(struct view *v, unsigned off, unsigned len,
                     const struct pt_byte *b)
{
    struct view_item *i = &v->item[v->num_items++];
    struct lanes l;

    *i = (struct view_item){
        .off = (uint16_t)off, .len = (uint16_t)len, .kind = b->kind,
        .row = b->row, .cap = b->cap, .mask = b->mask, .by_bits = true,
        .host = value(v->src->cfg + off, len),
        .guest = value(v->guest + off, len),
    };
    look_lanes(v->dev, off, i->len, &l);
    for (unsigned n = 0; n < 8u * i->len; n++) {
        uint32_t bit = UINT32_C(1) << n;

        i->bits[classify(b->row, &l, bit, i->guest)] |= bit;
    }
}

static void add_byte(struct view *v, unsigned off, const struct pt_byte *b)
{
    struct view_item *i = v->num_items ? &v->item[v->num_items - 1] : NULL;
    struct lanes l = { .emu = b->emu, .own = b->own, .fwd = b->fwd,
                       .rw1c = b->rw1c };
    /* Without a row, all bits of a byte are alike. */
    enum view_class all = b->kind == PT_ADDED ? VIEW_CONSTANT :
        classify(NULL, &l, 1, 0);

    if (!i || i->by_bits || i->kind != b->kind || i->cap != b->cap ||
        i->all != all) {
        i = &v->item[v->num_items++];
        *i = (struct view_item){ .off = (uint16_t)off, .kind = b->kind,
                                 .cap = b->cap, .all = all };
    }
    i->len++;
    i->host = i->len <= 4 ? value(v->src->cfg + i->off, i->len) : 0;
    i->guest = i->len <= 4 ? value(v->guest + i->off, i->len) : 0;
}

/* Of a policy's register, the bytes from @off on that are in no row. */
static unsigned masked(const struct view *v, unsigned off,
                       const struct pt_byte *first)
{
    unsigned len = 0;
    struct pt_byte b = *first;

    while (b.mask && b.mask == first->mask && !b.row &&
           b.kind == first->kind && b.cap == first->cap) {
        len++;
        if (off + len == v->len) {
            break;
        }
        pt_look(v->dev, (uint16_t)(off + len), &b);
    }
    return len;
}

/* A register is changed if any byte of it is. */
static void find_mask(const struct view *v, unsigned off, struct pt_byte *b)
{
    for (unsigned n = 1; n < b->row->size && !b->mask; n++) {
        struct pt_byte next;

        pt_look(v->dev, (uint16_t)(off + n), &next);
        b->mask = next.mask;
    }
}

static void add_items(struct view *v)
{
    unsigned off = 0;

    while (off < v->len) {
        struct pt_byte b;
        unsigned len;

        pt_look(v->dev, (uint16_t)off, &b);
        len = masked(v, off, &b);
        if (b.row && b.row_off == off && off + b.row->size <= v->len) {
            find_mask(v, off, &b);
            add_bits(v, off, b.row->size, &b);
            off += b.row->size;
        } else if (len) {
            add_bits(v, off, len, &b);
            off += len;
        } else {
            add_byte(v, off, &b);
            off++;
        }
    }
}

/* A range ends at @off, and another begins. */
static void cut(struct view *v, unsigned off)
{
    struct view_item *i = v->item, *end = v->item + v->num_items;
    unsigned len;

    while (i < end && i->off + i->len <= off) {
        i++;
    }
    if (i == end || i->off >= off || i->by_bits) {
        return;
    }
    memmove(i + 1, i, (size_t)(end - i) * sizeof(*i));
    v->num_items++;
    len = off - i->off;
    for (unsigned n = 0; n < 2; n++, i++) {
        i->off = (uint16_t)(n ? off : i->off);
        i->len = (uint16_t)(n ? i->len - len : len);
        i->host = i->len <= 4 ? value(v->src->cfg + i->off, i->len) : 0;
        i->guest = i->len <= 4 ? value(v->guest + i->off, i->len) : 0;
    }
}

void view_cut(struct view *v, const struct view *other)
{
    for (unsigned n = 0; n < other->num_items; n++) {
        const struct view_item *i = &other->item[n];

        if ((i->mask && !i->row) || i->kind == PT_ADDED) {
            cut(v, i->off);
            cut(v, i->off + i->len);
        }
    }
}

bool view_differs(const struct view *v, const struct view_item *i)
{
    return memcmp(v->src->cfg + i->off, v->guest + i->off, i->len) != 0;
}

/* ------------------------------------------------------------------ */
/* Views                                                               */

static void add_note(struct view *v, const char *text)
{
    struct view_note *n;

    if (v->num_notes == VIEW_MAX_NOTES) {
        return;
    }
    n = &v->note[v->num_notes++];
    n->level = PT_LOG_WARNING;
    snprintf(n->text, sizeof(n->text), "%s", text);
}

/* What of the file was not taken. */
static void add_file_notes(struct view *v)
{
    const struct source *src = v->src;
    char text[64];

    for (unsigned i = 0; i < src->num_notes && i < CAPTURE_NOTES; i++) {
        add_note(v, src->note[i]);
    }
    if (src->num_notes > CAPTURE_NOTES) {
        snprintf(text, sizeof(text), "%u more lines of the file make no sense",
                 src->num_notes - CAPTURE_NOTES);
        add_note(v, text);
    }
}

/* What could not be known of the function, and what was done about it. */
static void add_source_notes(struct view *v)
{
    const struct source *src = v->src;
    char text[256];
    int n = snprintf(text, sizeof(text), "sizes that were not in the file, "
                     "and are guesses: BAR");
    unsigned guesses = 0;

    for (unsigned i = 0; i < PT_NUM_BARS; i++) {
        if (src->info.region[i].size && !(src->sizes_known & 1u << i)) {
            n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %u",
                          guesses++ ? "," : "", i);
        }
    }
    if (guesses) {
        add_note(v, text);
    }
    if (src->len < PT_CFG_SIZE) {
        add_note(v, src->file ?
                 "the file has the first 64 bytes only (lspci -x, or -xxx "
                 "without root): capabilities and device-specific registers "
                 "are not shown" :
                 "only the first 64 bytes could be read: capabilities and "
                 "device-specific registers are shown to root only");
    }
    if (v->policy.pt.extended && src->len == PT_CFG_SIZE) {
        add_note(v, src->file ?
                 "the file has the first 256 bytes only (lspci -xxx; -xxxx has "
                 "all): extended configuration space is not shown" :
                 "only the first 256 bytes could be read: extended "
                 "configuration space is not shown");
    }
    if (src->info.is_vf && src->info.vendor == 0xffff) {
        add_note(v, "the file does not have the IDs of this virtual "
                 "function: lspci needs -n or -nn");
    }
}

static void read_guest(struct view *v)
{
    for (unsigned off = 0; off < pt_config_size(v->dev); off += 4) {
        uint32_t val = pt_config_read(v->dev, off, 4);

        for (unsigned i = 0; i < 4; i++) {
            v->guest[off + i] = (uint8_t)(val >> (8 * i));
        }
    }
}

/* The report names the device already. */
static void drop_address(const struct view *v, char *text)
{
    char prefix[PT_SBDF_LEN + 2], addr[PT_SBDF_LEN];
    size_t n;

    n = (size_t)snprintf(prefix, sizeof(prefix), "%s: ",
                         pt_sbdf_str(&v->src->info.addr, addr));
    if (strncmp(text, prefix, n) == 0) {
        memmove(text, text + n, strlen(text + n) + 1);
    }
}

/*
 * What the files say of the function; options of ours are the toolstack's.
 * Returns 0, or -errno and the reason in v->refused.
 */
static int apply_confs(struct view *v)
{
    struct pt_policy *p = &v->policy.pt;
    const int8_t said[PT_CONF_NUM_FLAGS] = {
        [PT_CONF_STRICT] = p->strict ? 1 : PT_CONF_UNSAID,
        [PT_CONF_PERMISSIVE] = p->permissive ? 1 : PT_CONF_UNSAID,
        [PT_CONF_POWER_MGMT] = p->power_mgmt ? 1 : PT_CONF_UNSAID,
        [PT_CONF_MSITRANSLATE] = p->msitranslate ? 1 : PT_CONF_UNSAID,
        [PT_CONF_ROMBAR] = p->no_rom ? 0 : PT_CONF_UNSAID,
        [PT_CONF_EXTENDED] = p->extended ? 1 : PT_CONF_UNSAID,
        [PT_CONF_FLR] = p->flr ? 1 : PT_CONF_UNSAID,
    };
    struct pt_conf_choice c;
    struct pt_conf_id id;

    pt_conf_begin(&c);
    pt_conf_id_of(&v->src->info, v->src->cfg, &id);
    pt_conf_apply(v->policy.conf[0], v->policy.conf[1], &id, &c);
    pt_conf_say(&c, said);
    if (!pt_conf_origin(&c, v->origin, sizeof(v->origin))) {
        v->origin[0] = '\0';
    }
    memcpy(v->romfile, c.romfile, sizeof(v->romfile));
    return pt_conf_policy(&c, p, &v->refused);
}

struct view *view_open(const struct source *src,
                       const struct view_policy *policy)
{
    struct view *v = calloc(1, sizeof(*v));
    struct pt_args args;

    if (!v) {
        return NULL;
    }
    v->src = src;
    v->len = src->len < PT_CFG_SIZE ? src->len : PT_CFG_SIZE;
    v->policy = *policy;
    v->host = (struct pt_device){ .ops = &snap_ops, .priv = v,
                                  .info = src->info };
    v->bus = (struct pt_bus){ .ops = &bus_ops, .priv = v };
    memcpy(v->seen, src->cfg, sizeof(v->seen));
    /* Else the engine would walk a chain that was not read. */
    if (src->len < PT_CFG_SIZE) {
        v->seen[PCI_STATUS] &= (uint8_t)~PCI_STATUS_CAP_LIST;
    }
    if (apply_confs(v) != 0) {
        return v;
    }
    args = (struct pt_args){ .host = &v->host, .bus = &v->bus,
                             .policy = v->policy.pt,
                             .multifunction = policy->multifunction };
    add_file_notes(v);
    add_source_notes(v);
    v->dev = pt_view(&args, &v->refused);
    if (v->dev) {
        v->len = src->len < pt_config_size(v->dev) ? src->len :
            pt_config_size(v->dev);
        /* Attached, it starts with bus mastering off. */
        pt_store(v->seen + PCI_COMMAND, pt_command_device(v->dev), 2);
        read_guest(v);
        add_items(v);
    } else {
        drop_address(v, v->refused.text);
    }
    return v;
}

void view_close(struct view *v)
{
    if (!v) {
        return;
    }
    pt_detach(v->dev);
    free(v);
}
