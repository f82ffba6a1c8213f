/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the reports. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "view.h"

/* ------------------------------------------------------------------ */
/* Text of others                                                      */

/* The code point at @s and its length in *@len; 0 if it is none. */
static uint32_t utf8(const unsigned char *s, unsigned *len)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t c;

    if (s[0] < 0x80) {
        *len = 1, c = s[0];
    } else if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        *len = 2, c = s[0] & 0x1f;
    } else if ((s[0] & 0xf0) == 0xe0) {
        *len = 3, c = s[0] & 0x0f;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        *len = 4, c = s[0] & 0x07;
    } else {
        return 0;
    }
    for (unsigned i = 1; i < *len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[*len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }
    return c;
}

/* Neither a control character nor one that turns the line around. */
static bool harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        return false;
    }
    if (c == 0x061c || c == 0xfeff) {
        return false;
    }
    return !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
           !(c >= 0x2060 && c <= 0x206f);
}

const char *text_escape(const char *in, char *out, size_t room)
{
    const unsigned char *s = (const unsigned char *)in;
    size_t n = 0;

    while (*s) {
        unsigned len = 1;
        uint32_t c = utf8(s, &len);

        if (c && harmless(c)) {
            if (n + len >= room) {
                break;
            }
            memcpy(out + n, s, len);
            n += len;
            s += len;
        } else {
            if (n + 4 >= room) {
                break;
            }
            snprintf(out + n, 5, "\\x%02x", *s++);
            n += 4;
        }
    }
    out[n] = '\0';
    return out;
}

/* ------------------------------------------------------------------ */
/* Layout                                                              */

/* Columns that @len bytes of UTF-8 take, without much precision. */
static unsigned columns(const char *s, size_t len)
{
    unsigned n = 0;

    for (size_t i = 0; i < len; i++) {
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    }
    return n;
}

void text_wrap(FILE *f, const char *text, unsigned column, unsigned indent)
{
    bool start = true;

    while (*text) {
        size_t len = strcspn(text, " ");
        unsigned width = columns(text, len);

        if (!start && column + 1 + width > TEXT_WIDTH) {
            fprintf(f, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!start) {
            putc(' ', f);
            column++;
        }
        for (size_t i = 0; i < len; i++) {
            putc(text[i] == '\t' ? ' ' : text[i], f);
        }
        column += width;
        start = false;
        text += len + (text[len] == ' ');
    }
    putc('\n', f);
}

/* ------------------------------------------------------------------ */
/* Values                                                              */

const char *text_size(uint64_t size, char *out, size_t room)
{
    static const char units[][2] = { "", "K", "M", "G", "T", "P", "E" };
    unsigned unit = 0;

    while (size && size % 1024 == 0 && unit < 6) {
        size /= 1024;
        unit++;
    }
    snprintf(out, room, "%" PRIu64 "%.1s", size, units[unit]);
    return out;
}

static void append(char *out, size_t room, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *out, size_t room, const char *fmt, ...)
{
    size_t n = strlen(out);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out + n, room - n, fmt, ap);
    va_end(ap);
}

/* "10:8,6,1:0" */
static void append_mask(char *out, size_t room, uint32_t mask)
{
    const char *comma = "";

    for (int hi = 31; hi >= 0; hi--) {
        int lo = hi;

        if (!(mask >> hi & 1)) {
            continue;
        }
        while (lo > 0 && (mask >> (lo - 1) & 1)) {
            lo--;
        }
        if (lo == hi) {
            append(out, room, "%s%d", comma, hi);
        } else {
            append(out, room, "%s%d:%d", comma, hi, lo);
        }
        comma = ",";
        hi = lo;
    }
}

const char *text_bits(const struct view_item *i, char *out, size_t room)
{
    const char *space = "";
    uint32_t all;

    out[0] = '\0';
    if (!i->by_bits) {
        append(out, room, "%s", view_class_name(i->all));
        return out;
    }
    all = UINT32_MAX >> (32 - 8 * i->len);
    for (unsigned c = 0; c < VIEW_NUM_CLASSES; c++) {
        if (!i->bits[c]) {
            continue;
        }
        append(out, room, "%s%s", space, view_class_name(c));
        if (i->bits[c] != all) {
            append(out, room, "\t");
            append_mask(out, room, i->bits[c]);
        }
        space = "; ";
    }
    if (i->mask) {
        append(out, room, "; by the policy file");
    }
    return out;
}

/* What of region @n does not go to the device directly. */
static void append_trapped(const struct view *v, unsigned n, char *out,
                           size_t room)
{
    struct pt_window w[PT_REGION_TRAPS];
    unsigned num = v->dev ? pt_region_windows(v->dev, n, w) : 0;

    for (unsigned i = 0; i < num; i++) {
        append(out, room, "; %" PRIx64 "..%" PRIx64 " trapped", w[i].offset,
               w[i].offset + w[i].size - 1);
    }
}

const char *text_region(const struct view *v, unsigned n, char *out,
                        size_t room)
{
    const struct pt_region *r = &v->src->info.region[n];
    char size[24];

    snprintf(out, room, "%s", text_size(r->size, size, sizeof(size)));
    if (r->flags & PT_REGION_IO) {
        append(out, room, " I/O ports");
    } else if (n == PT_ROM) {
        append(out, room, " of ROM");
    } else {
        append(out, room, " of %s memory%s",
               r->flags & PT_REGION_64 ? "64-bit" : "32-bit",
               r->flags & PT_REGION_PREFETCH ? ", prefetchable," : "");
    }
    if (r->addr) {
        append(out, room, " at %" PRIx64, r->addr);
    } else {
        append(out, room, " without an address");
    }
    if (v->dev && pt_region_size(v->dev, n) != r->size) {
        if (pt_region_size(v->dev, n)) {
            append(out, room, "; the guest gets %s",
                   text_size(pt_region_size(v->dev, n), size, sizeof(size)));
        } else {
            append(out, room, "; the guest gets none of it");
        }
    }
    if (r->flags & PT_REGION_SHARED) {
        append(out, room, "; shares its page with other registers");
    }
    append_trapped(v, n, out, room);
    if (!(v->src->sizes_known & 1u << n)) {
        append(out, room, "; the size is a guess");
    }
    return out;
}

const char *text_name(const struct view_item *i, char *out, size_t room)
{
    if (i->row) {
        snprintf(out, room, "%s", i->row->name);
    } else {
        snprintf(out, room, "%s, %u byte%s", view_kind_name(i->kind), i->len,
                 i->len == 1 ? "" : "s");
    }
    return out;
}

const char *text_offset(const struct view_item *i, char *out, size_t room)
{
    if (i->row || i->len == 1) {
        snprintf(out, room, "%02x", i->off);
    } else {
        snprintf(out, room, "%02x..%02x", i->off, i->off + i->len - 1u);
    }
    return out;
}

static const char *text_value(const struct view_item *i, const uint8_t *bytes,
                              uint32_t val, char *out, size_t room)
{
    bool zero = true;

    if (i->len <= 4) {
        snprintf(out, room, "%0*" PRIx32, 2 * i->len, val);
        return out;
    }
    for (unsigned n = 0; n < i->len; n++) {
        zero = zero && !bytes[i->off + n];
    }
    snprintf(out, room, "%s", zero ? "0" : "data");
    return out;
}

const char *text_host(const struct view *v, const struct view_item *i,
                      char *out, size_t room)
{
    return text_value(i, v->src->cfg, i->host, out, room);
}

const char *text_guest(const struct view *v, const struct view_item *i,
                       char *out, size_t room)
{
    return text_value(i, v->guest, i->guest, out, room);
}

/* "+hide=MSI-X,0x1f,ext:0x3f" */
static void append_hidden(const struct view_policy *p, char *out, size_t room)
{
    bool first = true;

    for (unsigned n = 0; n < VIEW_MAX_HIDDEN; n++) {
        uint32_t id = view_hidden_id(n);
        const char *name = pt_conf_cap_name(id);

        if (!pt_hides(&p->pt, id)) {
            continue;
        }
        append(out, room, "%s", !first ? "," : out[0] ? "+hide=" : "hide=");
        first = false;
        if (name) {
            append(out, room, "%s", name);
        } else {
            append(out, room, "%s0x%02x", id < PT_EXT_CAP(0) ? "" : "ext:",
                   id & 0xff);
        }
    }
}

static void append_windows(const char *key, uint32_t set, char *out,
                           size_t room)
{
    bool first = true;

    for (unsigned n = 0; n < 32; n++) {
        if ((set >> n & 1) && pt_window_name(n)) {
            append(out, room, "%s%s%s%s", first && out[0] ? "+" : "",
                   first ? key : ",", first ? "=" : "", pt_window_name(n));
            first = false;
        }
    }
}

/* "+register=0x44.2,0x48.4+add=0xd4" */
static void append_changed(const struct view_policy *p, char *out, size_t room)
{
    for (unsigned n = 0; n < p->pt.num_masks; n++) {
        append(out, room, "%s%#x.%u", n ? "," : out[0] ? "+register=" :
               "register=", p->pt.mask[n].off, p->pt.mask[n].size);
    }
    for (unsigned n = 0; n < p->pt.num_added; n++) {
        append(out, room, "%s%#x", n ? "," : out[0] ? "+add=" : "add=",
               p->pt.added[n].pos);
    }
}

const char *text_policy(const struct view_policy *p, char *out, size_t room)
{
    const struct {
        bool on;
        const char *name;
    } words[] = {
        { p->pt.strict, "strict" },
        { p->pt.permissive, "permissive" },
        { p->pt.power_mgmt, "power-mgmt" },
        { p->pt.msitranslate, "msitranslate" },
        { p->pt.no_rom, "no-rom" },
        { p->pt.extended, "extended" },
        { p->pt.flr, "flr" },
        { p->multifunction, "multifunction" },
    };

    out[0] = '\0';
    for (unsigned n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
        if (words[n].on) {
            append(out, room, "%s%s", out[0] ? "+" : "", words[n].name);
        }
    }
    append_hidden(p, out, room);
    append_windows("window", p->pt.windows, out, room);
    append_windows("no-window", p->pt.no_windows, out, room);
    append_changed(p, out, room);
    if (!out[0]) {
        append(out, room, "default");
    }
    return out;
}
