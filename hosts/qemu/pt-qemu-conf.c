/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's policy: what the toolstack says by properties, over what the
 * policy files say, of the host's and the guest's. These properties are yes,
 * no, or not mentioned, which QEMU's own kind of them can't tell.
 */
#include "pt-qemu.h"

#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"

#include "pt-conf.h"

typedef struct PtFlag {
    enum pt_conf_key key;
    const char *name;
    const char *text;
} PtFlag;

static const PtFlag flags[] = {
    { PT_CONF_PERMISSIVE, "permissive",
      "reserved and undeclared bits are writable, too" },
    { PT_CONF_STRICT, "strict", "device-specific registers are not writable" },
    { PT_CONF_POWER_MGMT, "power_mgmt",
      "the guest's D-states reach the device" },
    { PT_CONF_MSITRANSLATE, "msitranslate",
      "the device's MSI arrives as the guest's INTx" },
    { PT_CONF_FLR, "flr",
      "the guest can reset the function, where the host can" },
    { PT_CONF_EXTENDED, "extended",
      "the guest gets extended configuration space, by MMCONFIG" },
};

/* ------------------------------------------------------------------ */
/* Properties                                                          */

static void get_flag(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    const PtFlag *flag = opaque;
    bool value = PT_QEMU(obj)->said[flag->key] == 1;

    visit_type_bool(v, name, &value, errp);
}

static void set_flag(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    const PtFlag *flag = opaque;
    PtQemu *s = PT_QEMU(obj);
    bool value;

    if (s->dev) {
        error_setg(errp, "%s can't be changed while the guest has the device",
                   name);
    } else if (visit_type_bool(v, name, &value, errp)) {
        s->said[flag->key] = value;
    }
}

void pt_qemu_conf_class(ObjectClass *klass)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(flags); i++) {
        object_class_property_add(klass, flags[i].name, "bool", get_flag,
                                  set_flag, NULL, (void *)&flags[i]);
        object_class_property_set_description(klass, flags[i].name,
                                              flags[i].text);
    }
}

void pt_qemu_conf_init(PtQemu *s)
{
    memset(s->said, PT_CONF_UNSAID, sizeof(s->said));
}

/* ------------------------------------------------------------------ */
/* The policy                                                          */

/* Without it, the guest gets the device's own ROM. */
static void load_rom(PtQemu *s, const char *path)
{
    char addr[PT_SBDF_LEN];
    Error *err = NULL;

    if (!pt_qemu_load_rom(s, path, &err)) {
        warn_reportf_err(err, "pass-through %s: policy file: ",
                         pt_sbdf_str(&s->host.info.addr, addr));
    }
}

/* Without it, the guest's space ends after 256 bytes. */
static bool have_window(const PtQemu *s)
{
    char addr[PT_SBDF_LEN];
    const char *why;

    if (pt_qemu_mmcfg(s, &why)) {
        return true;
    }
    warn_report("pass-through %s: no extended configuration space: %s",
                pt_sbdf_str(&s->host.info.addr, addr), why);
    return false;
}

int pt_qemu_decide(PtQemu *s, struct pt_policy *policy, char *origin,
                   size_t size, struct pt_error *err)
{
    const char *guest = s->config && *s->config ? s->config : NULL;
    struct pt_conf_choice c;
    int rc = pt_conf_decide(PT_CONF_PATH, guest, &s->host, &c, err);

    if (rc != 0) {
        return rc;
    }
    /* 1 is the default: it may be nobody's word. */
    s->said[PT_CONF_ROMBAR] = s->pci.rom_bar ? PT_CONF_UNSAID : 0;
    pt_conf_say(&c, s->said);
    rc = pt_conf_policy(&c, policy, err);
    if (rc != 0) {
        return rc;
    }
    if (!pt_conf_origin(&c, origin, size)) {
        *origin = '\0';
    }
    if (c.romfile[0] && !s->romfile && !policy->no_rom) {
        load_rom(s, c.romfile);
    }
    policy->extended = policy->extended && have_window(s);
    /* QEMU's, then, not the engine's. */
    policy->no_rom |= s->romfile || s->rom;
    return 0;
}
