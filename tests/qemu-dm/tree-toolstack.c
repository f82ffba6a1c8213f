/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIMULATED: the classic tree's toolstack. See tree.h. */
#include <stdarg.h>

#include "tree.h"
#include "pt-qemu-dm.h"

/* ------------------------------------------------------------------ */
/* xenstore                                                            */

struct xs_handle *xs_daemon_open(void)
{
    if (tree.xs_down) {
        return NULL;
    }
    tree.xs_open++;
    return (struct xs_handle *)&tree;
}

void xs_daemon_close(struct xs_handle *xs)
{
    (void)xs;
    tree.xs_open--;
}

void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    (void)xs;
    (void)t;
    for (unsigned i = 0; i < tree.num_keys; i++) {
        if (tree.key[i].value && strcmp(tree.key[i].path, path) == 0) {
            *len = (unsigned)strlen(tree.key[i].value);
            return strdup(tree.key[i].value);
        }
    }
    return NULL;
}

void tree_set(const char *path, const char *value)
{
    unsigned i = 0;

    while (i < tree.num_keys && strcmp(tree.key[i].path, path) != 0) {
        i++;
    }
    snprintf(tree.key[i].path, sizeof(tree.key[0].path), "%s", path);
    tree.key[i].value = value;
    tree.num_keys += i == tree.num_keys;
}

int xenstore_watch_new_callback(const char *path, xenstore_callback fptr,
                                void *opaque)
{
    if (tree.watch) {
        sim_note(&tree.xen.notes, "a second watch");
    }
    snprintf(tree.watched, sizeof(tree.watched), "%s", path);
    tree.watch = fptr;
    tree.watch_opaque = opaque;
    return 1;
}

void tree_fire(void)
{
    if (tree.watch && !tree.paused) {
        tree.watch(tree.watched, tree.watch_opaque);
    }
}

void xenstore_record_dm(const char *subpath, const char *val)
{
    if (strcmp(subpath, "parameter") == 0) {
        snprintf(tree.parameter, sizeof(tree.parameter), "%s", val);
    }
}

void xenstore_record_dm_state(const char *state)
{
    snprintf(tree.state, sizeof(tree.state), "%s", state);
    tree.states++;
    /* libxl's watch fires here. */
    if (strcmp(state, "pci-insert-failed") == 0) {
        snprintf(tree.failed_parameter, sizeof(tree.failed_parameter), "%s",
                 tree.parameter);
    }
}

/* ------------------------------------------------------------------ */
/* ACPI hot-plug and the toolstack's commands                          */

static void acpi_php_add(int devfn)
{
    char text[16];

    if (devfn < 0) {
        xenstore_record_dm("parameter", devfn == -1 ?
                           "no free hotplug devfn" : "wrong bdf or vdevfn");
        return;
    }
    if (PCI_FUNC(devfn) == 0) {
        tree.plug_evt = ADD_EVENT;
        tree.plug_devfn = devfn;
    }
    tree.status[devfn] = true;
    power_on_php_devfn(devfn);
    snprintf(text, sizeof(text), "0x%02x", (unsigned)devfn);
    xenstore_record_dm("parameter", text);
    xenstore_record_dm_state("pci-inserted");
    if (PCI_FUNC(devfn) == 0) {
        tree.sci++;
    }
}

static void acpi_php_del(int devfn)
{
    if (test_pci_devfn(devfn) < 0 || PCI_FUNC(devfn) != 0) {
        return;
    }
    tree.plug_evt = REMOVE_EVENT;
    tree.plug_devfn = devfn;
    tree.sci++;
}

const char *tree_command(const char *command, const char *parameter)
{
    char text[4096];

    tree.state[0] = '\0';
    tree.failed_parameter[0] = '\0';
    snprintf(tree.parameter, sizeof(tree.parameter), "%s", parameter);
    snprintf(text, sizeof(text), "%s", parameter);
    if (strcmp(command, "pci-ins") == 0) {
        acpi_php_add(insert_to_pci_devfn(text));
    } else if (strcmp(command, "pci-rem") == 0) {
        int devfn = bdf_to_devfn(text);

        if (devfn >= 0) {
            acpi_php_del(devfn);
        }
    }
    return tree.state;
}

int tree_insert(const char *fmt, ...)
{
    char text[4096];
    unsigned devfn;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (strcmp(tree_command("pci-ins", text), "pci-inserted") != 0 ||
        sscanf(tree.parameter, "0x%x", &devfn) != 1) {
        return -1;
    }
    return (int)devfn;
}

bool tree_remove(const char *bdf, int devfn)
{
    tree_command("pci-rem", bdf);
    tree_outb(ACPI_STATUS + (uint32_t)devfn / 2, devfn & 1 ? 0x10 : 0x01);
    return strcmp(tree.state, "pci-removed") == 0;
}

uint8_t tree_inb(uint32_t port)
{
    uint32_t n = 2 * (port - ACPI_STATUS);

    if (port == ACPI_EVENT) {
        return (uint8_t)tree.plug_evt;
    }
    if (port == ACPI_DEVFN) {
        return (uint8_t)tree.plug_devfn;
    }
    if (n >= NR_PCI_DEVFN) {
        return 0xff;
    }
    return (uint8_t)((tree.status[n] ? 0x0f : 0) |
                     (tree.status[n + 1] ? 0xf0 : 0));
}

void tree_outb(uint32_t port, uint8_t val)
{
    int devfn = 2 * (int)(port - ACPI_STATUS) + (val == 0x10);

    if (port < ACPI_STATUS || (val != 0x01 && val != 0x10) ||
        tree.plug_evt != REMOVE_EVENT || devfn != tree.plug_devfn) {
        return;
    }
    for (int f = 7; f >= 0; f--) {
        power_off_php_devfn((devfn & ~7) + f);
        tree.status[(devfn & ~7) + f] = false;
    }
    xenstore_record_dm_state("pci-removed");
}
