/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows of BARs that lead to configuration space, and who has which. */
#include <inttypes.h>
#include <string.h>

#include "view.h"

const char *view_window_kind(enum pt_window_kind kind)
{
    static const char *const names[] = {
        [PT_WINDOW_MIRROR] = "configuration space",
        [PT_WINDOW_MESSAGE] = "copies of MSI",
        [PT_WINDOW_TABLE] = "MSI-X's table",
        [PT_WINDOW_INDEX] = "configuration space, by an index",
    };

    return names[kind];
}

static const char *state(const struct pt_window_seen *w)
{
    return w->on ? "in force" : w->why_not ? w->why_not : "off";
}

void report_windows(FILE *f, const struct view *v, bool verbose)
{
    struct pt_window_seen w;
    char text[TEXT_ESCAPED];

    for (unsigned i = 0; pt_window_look(v->dev, i, &w); i++) {
        if (i == 0) {
            fprintf(f, "\nWindows\n");
        }
        snprintf(text, sizeof(text), "%s, %" PRIx64 "..%" PRIx64
                 " of region %u, %s: %s%s%s%s%s", w.name, w.offset,
                 w.offset + w.size - 1, w.region, view_window_kind(w.kind),
                 state(&w), verbose ? ". " : "", verbose ? w.why : "",
                 verbose ? "; " : "", verbose ? w.source : "");
        fprintf(f, "  ");
        text_wrap(f, text, 2, 4);
    }
}

bool report_window_pair(const struct report_side side[2], unsigned i,
                        struct pt_window_seen w[2], bool *unlike)
{
    bool any = false;

    for (unsigned n = 0; n < 2; n++) {
        memset(&w[n], 0, sizeof(w[n]));
        any |= side[n].view->dev && pt_window_look(side[n].view->dev, i, &w[n]);
    }
    *unlike = w[0].name != w[1].name || w[0].on != w[1].on ||
        w[0].offset != w[1].offset;
    return any;
}

static void print_window(FILE *f, char mark, const struct pt_window_seen *w)
{
    if (w->name) {
        fprintf(f, "%c window %s, %" PRIx64 "..%" PRIx64 " of region %u: %s\n",
                mark, w->name, w->offset, w->offset + w->size - 1, w->region,
                state(w));
    }
}

bool report_windows_diff(FILE *f, const struct report_side side[2])
{
    struct pt_window_seen w[2];
    bool unlike, any = false;

    for (unsigned i = 0; report_window_pair(side, i, w, &unlike); i++) {
        if (unlike) {
            print_window(f, '<', &w[0]);
            print_window(f, '>', &w[1]);
            any = true;
        }
    }
    return any;
}
