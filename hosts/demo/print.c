/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the demonstration looks. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "demo.h"

static void wrap(unsigned indent, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t space = strspn(text, " ");
        size_t word = strcspn(text + space, " ");

        if (column > indent && column + space + word > DEMO_COLUMNS) {
            printf("\n%*s", (int)indent, "");
            column = indent;
            text += space;
            space = 0;
        }
        printf("%.*s", (int)(space + word), text);
        column += space + word;
        text += space + word;
    }
    putchar('\n');
}

void demo_say(unsigned indent, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    wrap(indent, text);
}

void demo_step(struct demo *m, const char *title)
{
    (void)m;
    printf("\n== %s ", title);
    for (size_t i = strlen(title) + 4; i < DEMO_COLUMNS; i++) {
        putchar('=');
    }
    putchar('\n');
}

void demo_legend(void)
{
    demo_say(11, "cost:      what an access costs on the host: r reads and w "
             "writes of the card's configuration space, m accesses of its "
             "memory by the engine, x hypercalls");
    demo_say(11, "*:         the guest reads something else than the card "
             "has");
}

void demo_table(void)
{
    printf("  %-42s %8s  %-8s  %s\n", "the guest", "guest", "card", "cost");
}

void demo_row(const struct demo *m, const struct row *row)
{
    char cost[80], line[200];
    int n;

    n = snprintf(line, sizeof(line), "  %-6s %-9s %-25s %8s%c %-8s  %-11s %s",
                 row->what, row->where, row->name, row->guest,
                 row->differ ? '*' : ' ', row->card,
                 demo_cost_text(&m->last, cost), row->remark);
    while (n > 0 && n < (int)sizeof(line) && line[n - 1] == ' ') {
        line[--n] = '\0';
    }
    puts(line);
}

static size_t add(char *buf, size_t at, uint64_t n, char what)
{
    if (n == 0) {
        return at;
    }
    return at + (size_t)snprintf(buf + at, 80 - at, "%s%" PRIu64 "%c",
                                 at ? " " : "", n, what);
}

const char *demo_cost_text(const struct cost *c, char buf[80])
{
    size_t at = 0;

    strcpy(buf, "-");
    at = add(buf, at, c->reads, 'r');
    at = add(buf, at, c->writes, 'w');
    at = add(buf, at, c->mmio, 'm');
    add(buf, at, c->calls, 'x');
    return buf;
}

void demo_mappings(const struct demo *m)
{
    for (unsigned i = 0; i < m->xen.num_mem; i++) {
        const struct sim_map *map = &m->xen.mem[i];

        printf("    Xen maps memory %08" PRIx64 " to the card's %08" PRIx64
               ", %" PRIu64 " pages\n", map->guest << PT_PAGE_SHIFT,
               map->host << PT_PAGE_SHIFT, map->nr);
    }
    for (unsigned i = 0; i < m->xen.num_ports; i++) {
        const struct sim_map *map = &m->xen.ports[i];

        printf("    Xen maps ports  %8" PRIx64 " to the card's %8" PRIx64
               ", %" PRIu64 " ports\n", map->guest, map->host, map->nr);
    }
    for (const struct mmio_range *r = m->bus->mmio; r; r = r->next) {
        printf("    not mapped but trapped, for MSI-X: %08" PRIx64 ", %" PRIu64
               " pages\n", r->start, r->size >> PT_PAGE_SHIFT);
    }
}

void demo_check(struct demo *m, bool ok, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    m->checks++;
    if (ok) {
        return;
    }
    m->wrong++;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    demo_say(6, "  !!! NOT AS SPECIFIED: %s", text);
}

void demo_check_cost(struct demo *m, uint64_t reads, uint64_t writes,
                     uint64_t calls)
{
    char text[80];

    demo_check(m, m->last.reads == reads && m->last.writes == writes &&
               m->last.calls == calls, "cost %s; wanted %" PRIu64 " reads, %"
               PRIu64 " writes, %" PRIu64 " hypercalls",
               demo_cost_text(&m->last, text), reads, writes, calls);
}
