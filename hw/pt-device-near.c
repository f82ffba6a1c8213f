/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies near the real device's regions in the host's memory.
 *
 * Other functions, and its own other regions, sysfs tells. What is no PCI
 * function (an IOAPIC, an HPET, registers of ACPI's) is in Linux's list of
 * all memory, whose addresses are root's to see. All of it is looked at when
 * the device is opened: a function that is plugged in later and gets a place
 * in the same page is not seen.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pt-device-int.h"
#include "pt-page.h"

/* Is there anything to find out? */
static bool undecided(const struct pt_region *region)
{
    return pt_region_small(region) && !(region->flags & PT_REGION_SHARED);
}

static bool any_undecided(const struct pt_device_info *info)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        if (undecided(&info->region[n])) {
            return true;
        }
    }
    return false;
}

static void share_all(struct pt_device_info *info)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        if (pt_region_small(&info->region[n])) {
            info->region[n].flags |= PT_REGION_SHARED;
        }
    }
}

/* A function's regions; @self: the device's own, each of which is not near. */
static void near_resources(struct pt_device_info *info,
                           const struct pt_resource res[PT_NUM_REGIONS],
                           bool self)
{
    for (unsigned i = 0; i < PT_NUM_REGIONS; i++) {
        if (!(res[i].flags & LINUX_RES_MEM) || res[i].end == 0 ||
            (res[i].flags & LINUX_RES_UNSET)) {
            continue;
        }
        for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
            if (!(self && n == i) &&
                pt_region_shares(&info->region[n], res[i].start, res[i].end)) {
                info->region[n].flags |= PT_REGION_SHARED;
            }
        }
    }
}

/* "/sys/devices/pci-0/pci0000:00/..." */
bool pt_real_behind_pcifront(const struct pt_real *r)
{
    char path[PATH_MAX];
    const char *p = realpath(r->dir, path);

    while (p && (p = strstr(p, "/pci-"))) {
        p += strlen("/pci-");
        if (p[strspn(p, "0123456789")] == '/') {
            return true;
        }
    }
    return false;
}

/* What can't be told is as if it were there. */
static void near_functions(const struct pt_real *r,
                           struct pt_device_info *info)
{
    struct pt_resource res[PT_NUM_REGIONS];
    char dir[PATH_MAX];
    const struct dirent *e;
    int ret;
    DIR *all = pt_real_behind_pcifront(r) ? NULL : opendir(r->devices);

    if (!all) {
        share_all(info);
        return;
    }
    while (any_undecided(info) && (e = readdir(all))) {
        if (e->d_name[0] == '.') {
            continue;
        }
        ret = -ENAMETOOLONG;
        if (snprintf(dir, sizeof(dir), "%s/%s", r->devices, e->d_name) <
            (int)sizeof(dir)) {
            ret = pt_real_resources(dir, res);
        }
        if (ret == 0) {
            near_resources(info, res, strcmp(e->d_name, r->name) == 0);
        } else if (ret != -ENOENT) {  /* unplugged meanwhile */
            share_all(info);
        }
    }
    closedir(all);
}

/*
 * What a region is part of (a bridge's window, what firmware reserves) and its
 * own parts (its driver's) are in the list, too: near is only what neither
 * holds it nor is in it.
 */
static void near_range(struct pt_device_info *info, uint64_t first,
                       uint64_t last)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        struct pt_region *region = &info->region[n];
        uint64_t end = region->addr + region->size - 1;

        if (pt_region_shares(region, first, last) &&
            !(first <= region->addr && last >= end) &&
            !(first >= region->addr && last <= end)) {
            region->flags |= PT_REGION_SHARED;
        }
    }
}

/* A list that is not there, or not for us, tells nothing. */
static void near_memory(const struct pt_real *r, struct pt_device_info *info)
{
    uint64_t first, last;
    FILE *f;

    if (!any_undecided(info)) {
        return;
    }
    f = fopen(r->iomem, "re");
    if (!f) {
        return;
    }
    while (fscanf(f, " %" SCNx64 "-%" SCNx64 " :%*[^\n]", &first, &last) ==
           2) {
        near_range(info, first, last);
    }
    fclose(f);
}

void pt_real_share(const struct pt_real *r, struct pt_device_info *info)
{
    for (unsigned n = 0; n < PT_NUM_REGIONS; n++) {
        if (pt_region_displaced(&info->region[n])) {
            info->region[n].flags |= PT_REGION_SHARED;
        }
    }
    near_functions(r, info);
    near_memory(r, info);
}
