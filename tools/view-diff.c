/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two views side by side, where they differ. */
#include <string.h>

#include "view.h"

#define NAME_WIDTH 26
#define CELL_WIDTH 32

/* ------------------------------------------------------------------ */
/* Going through both                                                  */

static const struct view_item *item_at(const struct view *v, unsigned n)
{
    return n < v->num_items ? &v->item[n] : NULL;
}

static bool same_place(const struct view_item *a, const struct view_item *b)
{
    if (a->off != b->off || a->len != b->len || !a->row != !b->row) {
        return false;
    }
    return !a->row || strcmp(a->row->name, b->row->name) == 0;
}

bool report_pair(const struct report_side side[2], unsigned next[2],
                 const struct view_item *item[2])
{
    const struct view_item *a = item_at(side[0].view, next[0]);
    const struct view_item *b = item_at(side[1].view, next[1]);

    if (!a && !b) {
        return false;
    }
    if (a && b && !same_place(a, b)) {
        if (a->off <= b->off) {
            b = NULL;
        } else {
            a = NULL;
        }
    }
    next[0] += a != NULL;
    next[1] += b != NULL;
    item[0] = a;
    item[1] = b;
    return true;
}

bool report_unlike(const struct report_side side[2],
                   const struct view_item *const item[2])
{
    const struct view_item *a = item[0], *b = item[1];

    if (!a || !b) {
        return true;
    }
    if (memcmp(side[0].view->guest + a->off, side[1].view->guest + b->off,
               a->len) != 0) {
        return true;
    }
    if (a->by_bits != b->by_bits) {
        return true;
    }
    if (a->by_bits) {
        return memcmp(a->bits, b->bits, sizeof(a->bits)) != 0;
    }
    return a->all != b->all || a->kind != b->kind;
}

/* ------------------------------------------------------------------ */
/* Printing                                                            */

/* Cut the next line of at most @width columns from *@s. */
static void print_piece(FILE *f, const char **s, unsigned width, bool fill)
{
    const char *p = *s;
    size_t len = strlen(p), n = len;
    int printed = 0;

    if (len > width) {
        for (n = width; n && p[n] != ' '; n--) {
            ;
        }
        if (!n) {
            n = width;
        }
    }
    for (size_t i = 0; i < n; i++, printed++) {
        putc(p[i] == '\t' ? ' ' : p[i], f);
    }
    if (fill) {
        fprintf(f, "%*s", (int)width - printed + 2, "");
    }
    *s = p + n + strspn(p + n, " ");
}

static void print_columns(FILE *f, const char *off, const char *const text[3])
{
    const char *s[3] = { text[0], text[1], text[2] };

    do {
        fprintf(f, "%-6s  ", off);
        print_piece(f, &s[0], NAME_WIDTH, true);
        print_piece(f, &s[1], CELL_WIDTH, *s[2] != '\0');
        if (*s[2]) {
            print_piece(f, &s[2], CELL_WIDTH, false);
        }
        putc('\n', f);
        off = "";
    } while (*s[0] || *s[1] || *s[2]);
}

static void make_cell(const struct view *v, const struct view_item *i,
                      char *out, size_t room)
{
    char guest[16], bits[256];

    if (!i) {
        snprintf(out, room, "-");
        return;
    }
    snprintf(out, room, "%s %s", text_guest(v, i, guest, sizeof(guest)),
             text_bits(i, bits, sizeof(bits)));
}

static void print_pair(FILE *f, const struct report_side side[2],
                       const struct view_item *const item[2])
{
    const struct view_item *any = item[0] ? item[0] : item[1];
    char off[16], name[64], a[320], b[320];

    make_cell(side[0].view, item[0], a, sizeof(a));
    make_cell(side[1].view, item[1], b, sizeof(b));
    print_columns(f, text_offset(any, off, sizeof(off)),
                  (const char *const[]){ text_name(any, name, sizeof(name)),
                                         a, b });
}

static void print_side(FILE *f, const struct report_side *side, char mark)
{
    char addr[PT_SBDF_LEN], text[TEXT_ESCAPED], policy[TEXT_POLICY];
    const struct view *v = side->view;

    fprintf(f, "%c %s %s; policy: %s\n", mark,
            pt_sbdf_str(&v->src->info.addr, addr),
            text_escape(v->src->title, text, sizeof(text)),
            text_policy(&v->policy, policy, sizeof(policy)));
    if (!v->dev) {
        fprintf(f, "  not assignable: %s\n",
                text_escape(v->refused.text, text, sizeof(text)));
    }
}

void report_diff(FILE *f, const struct report_side side[2])
{
    char a[TEXT_ESCAPED], b[TEXT_ESCAPED];
    const struct view_item *item[2];
    unsigned next[2] = { 0, 0 };
    bool any = false;

    print_side(f, &side[0], '<');
    print_side(f, &side[1], '>');
    if (!side[0].view->dev || !side[1].view->dev) {
        return;
    }
    putc('\n', f);
    while (report_pair(side, next, item)) {
        if (!report_unlike(side, item)) {
            continue;
        }
        if (!any) {
            print_columns(f, "offset", (const char *const[]){ "register",
                          text_escape(side[0].label, a, sizeof(a)),
                          text_escape(side[1].label, b, sizeof(b)) });
        }
        any = true;
        print_pair(f, side, item);
    }
    any |= report_windows_diff(f, side);
    if (!any) {
        fprintf(f, "The guest sees and reaches the same.\n");
    }
}
