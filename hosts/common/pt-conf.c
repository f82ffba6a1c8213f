/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy file's text. libinih knows what an INI is; lines are given to it
 * by read_line(), so that each message can name its line, and what it would
 * cut or take for something else is refused before it sees it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "pt-pci.h"
#include "pt-conf-int.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool pt_conf_wrong(struct pt_conf_reading *r, const char *fmt, ...)
{
    char text[128];
    va_list ap;

    if (!r->failed) {
        r->failed = true;
        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        pt_fail(r->err, EINVAL, "%.110s:%u: %s", r->conf->path, r->line,
                text);
    }
    return false;
}

const char *pt_conf_show(const char *s, char buf[PT_CONF_WORD])
{
    size_t n;

    for (n = 0; s[n] && n < PT_CONF_WORD - 1; n++) {
        buf[n] = isprint((unsigned char)s[n]) ? s[n] : '?';
    }
    buf[n] = '\0';
    if (s[n]) {
        memcpy(buf + n - 3, "...", 3);
    }
    return buf;
}

/* ------------------------------------------------------------------ */
/* Heads of sections                                                   */

/* @min to @max hexadecimal digits at *@s, which moves behind them. */
static bool hex(const char **s, unsigned min, unsigned max, uint32_t *val)
{
    size_t n = strspn(*s, "0123456789abcdefABCDEF");

    if (n < min || n > max) {
        return false;
    }
    *val = (uint32_t)strtoul(*s, NULL, 16);
    *s += n;
    return true;
}

/* "8086:1533" */
static bool pair(const char **s, uint16_t *a, uint16_t *b)
{
    uint32_t first, second;

    if (!hex(s, 4, 4, &first) || *(*s)++ != ':' ||
        !hex(s, 4, 4, &second)) {
        return false;
    }
    *a = (uint16_t)first;
    *b = (uint16_t)second;
    return true;
}

/* "[DDDD:]BB:DD.F" */
static bool is_address(const char *s, struct pt_sbdf *a)
{
    uint32_t bus, dev, func, domain = 0;
    const char *colon = strchr(s, ':');

    if (colon && strchr(colon + 1, ':')) {
        if (!hex(&s, 4, 8, &domain) || *s++ != ':') {
            return false;
        }
    }
    if (!hex(&s, 2, 2, &bus) || *s++ != ':' || !hex(&s, 2, 2, &dev) ||
        *s++ != '.' || !hex(&s, 1, 1, &func) || *s || dev > 0x1f ||
        func > 7) {
        return false;
    }
    *a = (struct pt_sbdf) {
        .domain = domain, .bus = (uint8_t)bus, .dev = (uint8_t)dev,
        .func = (uint8_t)func,
    };
    return true;
}

/* Behind @word and blanks, or NULL. */
static const char *behind(const char *s, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(s, word, n) != 0 || !strchr(PT_CONF_BLANKS, s[n]) || !s[n]) {
        return NULL;
    }
    return s + n + strspn(s + n, PT_CONF_BLANKS);
}

/* "02", "0200", "020000" */
static bool is_class(const char *s, struct pt_conf_section *c)
{
    size_t n = strlen(s);

    if (n % 2 != 0 || !hex(&s, 2, 6, &c->id.class) || *s) {
        return false;
    }
    c->kind = n == 2 ? PT_CONF_BASE_CLASS :
        n == 4 ? PT_CONF_CLASS : PT_CONF_INTERFACE;
    c->id.class <<= 4 * (6 - n);
    return true;
}

static bool is_subsystem(const char *s, struct pt_conf_id *id)
{
    return pair(&s, &id->subvendor, &id->subdevice) && !*s;
}

/* "8086:1533", "8086:1533 subsystem 17aa:2000" */
static bool is_device(const char *s, struct pt_conf_section *c)
{
    if (!pair(&s, &c->id.vendor, &c->id.device)) {
        return false;
    }
    c->kind = PT_CONF_DEVICE;
    if (!*s) {
        return true;
    }
    c->kind = PT_CONF_BOARD;
    if (!strchr(PT_CONF_BLANKS, *s)) {
        return false;
    }
    s = behind(s + strspn(s, PT_CONF_BLANKS), "subsystem");
    return s && is_subsystem(s, &c->id);
}

static bool parse_head(struct pt_conf_section *c)
{
    const char *rest;

    if (strcmp(c->head, "all") == 0) {
        c->kind = PT_CONF_ALL;
        return true;
    }
    rest = behind(c->head, "class");
    if (rest) {
        return is_class(rest, c);
    }
    rest = behind(c->head, "subsystem");
    if (rest) {
        c->kind = PT_CONF_SUBSYSTEM;
        return is_subsystem(rest, &c->id);
    }
    if (strchr(c->head, '.')) {
        c->kind = PT_CONF_ADDRESS;
        return is_address(c->head, &c->id.addr);
    }
    return is_device(c->head, c);
}

static bool same_head(const struct pt_conf_section *a,
                      const struct pt_conf_section *b)
{
    const struct pt_conf_id *x = &a->id, *y = &b->id;

    return a->kind == b->kind && x->addr.domain == y->addr.domain &&
        x->addr.bus == y->addr.bus && x->addr.dev == y->addr.dev &&
        x->addr.func == y->addr.func && x->vendor == y->vendor &&
        x->device == y->device && x->subvendor == y->subvendor &&
        x->subdevice == y->subdevice && x->class == y->class;
}

static bool add_section(struct pt_conf_reading *r, const char *head, size_t len)
{
    struct pt_conf *conf = r->conf;
    struct pt_conf_section *c = &conf->section[conf->num];
    char word[PT_CONF_WORD];

    if (conf->num == PT_CONF_MAX_SECTIONS) {
        return pt_conf_wrong(r, "more than %u sections", PT_CONF_MAX_SECTIONS);
    }
    snprintf(c->head, sizeof(c->head), "%.*s", (int)len, head);
    c->line = r->line;
    if (len >= sizeof(c->head) || !parse_head(c)) {
        return pt_conf_wrong(r, "[%s] is no address, vendor:device, "
                             "subsystem V:D, class or all",
                             pt_conf_show(c->head, word));
    }
    for (unsigned i = 0; i < conf->num; i++) {
        if (same_head(&conf->section[i], c)) {
            return pt_conf_wrong(r, "[%s] is the section of line %u once more",
                                 pt_conf_show(c->head, word),
                                 conf->section[i].line);
        }
    }
    r->section = c;
    conf->num++;
    return true;
}

/* Libinih does not say where a section begins that has no keys. */
static bool head_line(struct pt_conf_reading *r, const char *s)
{
    const char *end = strchr(s, ']'), *rest;

    if (!end) {
        return pt_conf_wrong(r, "a [section] without its end");
    }
    rest = end + 1 + strspn(end + 1, PT_CONF_BLANKS);
    if (*rest && *rest != ';' && *rest != '#') {
        return pt_conf_wrong(r, "something follows the [section]");
    }
    for (s++; s < end && strchr(PT_CONF_BLANKS, *s); s++) {
    }
    while (end > s && strchr(PT_CONF_BLANKS, end[-1])) {
        end--;
    }
    return add_section(r, s, (size_t)(end - s));
}

/* ------------------------------------------------------------------ */
/* Capabilities                                                        */

static const char *const caps[256] = {
    [PCI_CAP_ID_PM] = "PM", [PCI_CAP_ID_AGP] = "AGP",
    [PCI_CAP_ID_VPD] = "VPD", [PCI_CAP_ID_SLOTID] = "SlotID",
    [PCI_CAP_ID_MSI] = "MSI", [PCI_CAP_ID_CHSWP] = "HotSwap",
    [PCI_CAP_ID_PCIX] = "PCI-X", [PCI_CAP_ID_HT] = "HyperTransport",
    [PCI_CAP_ID_VNDR] = "Vendor", [PCI_CAP_ID_DBG] = "Debug",
    [PCI_CAP_ID_CCRC] = "CompactPCI", [PCI_CAP_ID_HOTPLUG] = "HotPlug",
    [PCI_CAP_ID_SSVID] = "SSVID", [PCI_CAP_ID_AGP3] = "AGP8x",
    [PCI_CAP_ID_SECURE] = "Secure", [PCI_CAP_ID_EXP] = "PCIe",
    [PCI_CAP_ID_MSIX] = "MSI-X", [PCI_CAP_ID_SATA] = "SATA",
    [PCI_CAP_ID_AF] = "AF", [PCI_CAP_ID_EA] = "EA",
    [PCI_CAP_ID_FPB] = "FPB",
};

static const char *const ext_caps[64] = {
    [PCI_EXT_CAP_ID_AER] = "AER", [PCI_EXT_CAP_ID_VC] = "VC",
    [PCI_EXT_CAP_ID_DSN] = "DSN", [PCI_EXT_CAP_ID_PB] = "PowerBudget",
    [PCI_EXT_CAP_ID_VNDR] = "VSEC", [PCI_EXT_CAP_ID_ACS] = "ACS",
    [PCI_EXT_CAP_ID_ARI] = "ARI", [PCI_EXT_CAP_ID_ATS] = "ATS",
    [PCI_EXT_CAP_ID_SRIOV] = "SR-IOV", [PCI_EXT_CAP_ID_MRIOV] = "MR-IOV",
    [PCI_EXT_CAP_ID_MCAST] = "Multicast", [PCI_EXT_CAP_ID_PRI] = "PRI",
    [PCI_EXT_CAP_ID_REBAR] = "ReBAR", [PCI_EXT_CAP_ID_DPA] = "DPA",
    [PCI_EXT_CAP_ID_TPH] = "TPH", [PCI_EXT_CAP_ID_LTR] = "LTR",
    [PCI_EXT_CAP_ID_SECPCI] = "Secondary", [PCI_EXT_CAP_ID_PASID] = "PASID",
    [PCI_EXT_CAP_ID_DPC] = "DPC", [PCI_EXT_CAP_ID_L1PM] = "L1PM",
    [PCI_EXT_CAP_ID_PTM] = "PTM", [PCI_EXT_CAP_ID_DVSEC] = "DVSEC",
};

const char *pt_conf_cap_name(uint32_t id)
{
    uint32_t ext = id - PT_EXT_CAP(0);

    return id < COUNT(caps) ? caps[id] :
        id >= PT_EXT_CAP(0) && ext < COUNT(ext_caps) ? ext_caps[ext] : NULL;
}

/* The capability that has this name, in either space; 0: none. */
static uint32_t named(const char *word)
{
    for (uint32_t n = 0; n < COUNT(caps) + COUNT(ext_caps); n++) {
        uint32_t id = n < COUNT(caps) ? n :
            PT_EXT_CAP(n - (uint32_t)COUNT(caps));
        const char *name = pt_conf_cap_name(id);

        if (name && strcasecmp(word, name) == 0) {
            return id;
        }
    }
    return 0;
}

static void hide_id(struct pt_conf_section *c, uint32_t id)
{
    struct pt_policy one = { .strict = false };

    pt_hide(&one, id);
    for (unsigned i = 0; i < COUNT(c->hide); i++) {
        c->hide[i] |= one.hide[i];
    }
    for (unsigned i = 0; i < COUNT(c->hide_ext); i++) {
        c->hide_ext[i] |= one.hide_ext[i];
    }
}

static bool hide_one(struct pt_conf_reading *r, const char *word)
{
    bool ext = strncasecmp(word, "ext:", 4) == 0;
    const char *digits = word + (ext ? 4 : 0);
    uint32_t id = 0, max = ext ? COUNT(ext_caps) - 1 : COUNT(caps) - 1;
    char text[PT_CONF_WORD];

    if (ext || strncasecmp(digits, "0x", 2) == 0) {
        digits += strncasecmp(digits, "0x", 2) == 0 ? 2 : 0;
        if (!hex(&digits, 1, 2, &id) || *digits || id == 0 || id > max) {
            return pt_conf_wrong(r, "'%s' is no capability's ID (%s01 to "
                                 "%s%02x)", pt_conf_show(word, text),
                                 ext ? "ext:0x" : "0x",
                                 ext ? "ext:0x" : "0x", max);
        }
        id = ext ? PT_EXT_CAP(id) : id;
    } else {
        id = named(word);
    }
    if (id == 0) {
        return pt_conf_wrong(r, "no capability has the name '%s'; an ID is "
                             "written as 0x11 or ext:0x01",
                             pt_conf_show(word, text));
    }
    hide_id(r->section, id);
    return true;
}

/* ------------------------------------------------------------------ */
/* Windows                                                             */

static bool window_one(struct pt_conf_reading *r, enum pt_conf_key key,
                       const char *word)
{
    struct pt_conf_section *s = r->section;
    uint32_t *set = key == PT_CONF_WINDOW ? &s->windows : &s->no_windows;
    int n = pt_window_number(word);
    char text[PT_CONF_WORD];

    if (n < 0) {
        return pt_conf_wrong(r, "there is no window '%s'",
                             pt_conf_show(word, text));
    }
    *set |= UINT32_C(1) << n;
    return !(s->windows & s->no_windows) ||
        pt_conf_wrong(r, "%s is in both window and no-window",
                      pt_conf_show(word, text));
}

/* ------------------------------------------------------------------ */
/* Keys                                                                */

static bool take_flag(struct pt_conf_reading *r, enum pt_conf_key key,
                      const char *value)
{
    static const char *const words[][4] = {
        { "no", "0", "off", "false" },
        { "yes", "1", "on", "true" },
    };
    bool *flag = r->section->flag;
    char text[PT_CONF_WORD];

    for (unsigned i = 0; i < 2 * COUNT(words[0]); i++) {
        if (strcasecmp(value, words[i % 2][i / 2]) == 0) {
            flag[key] = i % 2;
            return !(flag[PT_CONF_STRICT] && flag[PT_CONF_PERMISSIVE]) ||
                pt_conf_wrong(r, "strict and permissive exclude each other");
        }
    }
    return pt_conf_wrong(r, "%s: '%s' is neither yes, 1, on, true nor no, 0, "
                         "off, false", pt_conf_keys[key],
                         pt_conf_show(value, text));
}

static bool take_romfile(struct pt_conf_reading *r, const char *value)
{
    if (*value && *value != '/') {
        return pt_conf_wrong(r, "romfile: not an absolute path");
    }
    snprintf(r->section->romfile, sizeof(r->section->romfile), "%s", value);
    return true;
}

/* Each word of the list @value, by its key. */
static bool take_list(struct pt_conf_reading *r, enum pt_conf_key key,
                      const char *value)
{
    char list[PT_CONF_MAX_LINE + 1], *rest = NULL;

    snprintf(list, sizeof(list), "%s", value);
    for (char *word = strtok_r(list, ", \t", &rest); word;
         word = strtok_r(NULL, ", \t", &rest)) {
        if (key == PT_CONF_HIDE ? !hide_one(r, word) :
            !window_one(r, key, word)) {
            return false;
        }
    }
    return true;
}

static bool take(struct pt_conf_reading *r, const char *name,
                 const char *value)
{
    enum pt_conf_key key = 0;
    char text[PT_CONF_WORD];

    if (!r->section) {
        return pt_conf_wrong(r, "'%s' is before the first [section]",
                             pt_conf_show(name, text));
    }
    if (pt_conf_is_register(name)) {
        return pt_conf_take_register(r, name, value);
    }
    while (key < PT_CONF_NUM_KEYS && strcmp(name, pt_conf_keys[key]) != 0) {
        key++;
    }
    if (key == PT_CONF_NUM_KEYS) {
        return pt_conf_wrong(r, "there is no key '%s'",
                             pt_conf_show(name, text));
    }
    if (r->section->key_line[key]) {
        return pt_conf_wrong(r, "%s is in line %u already", name,
                             r->section->key_line[key]);
    }
    r->section->key_line[key] = r->line;
    return key < PT_CONF_NUM_FLAGS ? take_flag(r, key, value) :
        key == PT_CONF_ADD ? pt_conf_take_add(r, value) :
        key == PT_CONF_ROMFILE ? take_romfile(r, value) :
        take_list(r, key, value);
}

/* ------------------------------------------------------------------ */
/* Lines                                                               */

static int take_key(void *user, const char *head, const char *name,
                    const char *value)
{
    (void)head;  /* head_line() has it, whole */
    return take(user, name, value ? value : "");
}

static bool is_text(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (iscntrl((unsigned char)s[i]) && s[i] != '\t') {
            return false;
        }
    }
    return true;
}

/* Is [@s, @s + @len) fit for libinih, with a buffer of @room bytes? */
static bool fits(struct pt_conf_reading *r, const char *s, size_t len,
                 size_t room)
{
    size_t most = room - 2 < PT_CONF_MAX_LINE ? room - 2 : PT_CONF_MAX_LINE;

    if (!is_text(s, len)) {
        return pt_conf_wrong(r, "a character that is no text");
    }
    return len <= most || pt_conf_wrong(r, "longer than %zu characters", most);
}

/*
 * The next line, for libinih. Blanks at its start would make it continue the
 * line before.
 */
static char *read_line(char *buf, int room, void *stream)
{
    struct pt_conf_reading *r = stream;
    const char *s = r->at, *end;
    size_t len;

    if (r->failed || s == r->end || room < 3) {
        return NULL;
    }
    end = memchr(s, '\n', (size_t)(r->end - s));
    r->at = end ? end + 1 : r->end;
    end = end ? end : r->end;
    r->line++;
    if (end > s && end[-1] == '\r') {
        end--;
    }
    while (s < end && (*s == ' ' || *s == '\t')) {
        s++;
    }
    len = (size_t)(end - s);
    if (!fits(r, s, len, (size_t)room)) {
        return NULL;
    }
    memcpy(buf, s, len);
    buf[len] = '\0';
    if (*buf == '[' && !head_line(r, buf)) {
        return NULL;
    }
    memcpy(buf + len, "\n", 2);
    return buf;
}

/* ------------------------------------------------------------------ */
/* Files                                                               */

int pt_conf_parse(const char *name, const char *text, size_t len,
                  struct pt_conf **conf, struct pt_error *err)
{
    const char *slash = strrchr(name, '/');
    struct pt_conf_reading r = { .at = text, .end = text + len, .err = err };
    bool bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    int rc;

    *conf = NULL;
    if (len > PT_CONF_MAX_SIZE) {
        return pt_fail(err, EFBIG, "%.110s: more than %u bytes", name,
                       PT_CONF_MAX_SIZE);
    }
    r.conf = calloc(1, sizeof(*r.conf));
    if (!r.conf) {
        return pt_fail(err, ENOMEM, "out of memory");
    }
    r.at += bom ? 3 : 0;
    r.conf->path = name;
    snprintf(r.conf->name, sizeof(r.conf->name), "%s",
             slash ? slash + 1 : name);
    rc = ini_parse_stream(read_line, &r, take_key, &r);
    /* Libinih goes on behind a line that it can't take: that one was first. */
    if (rc > 0 && (unsigned)rc < r.line) {
        r.line = (unsigned)rc;
        r.failed = false;
    }
    if (rc != 0 && !r.failed) {
        pt_conf_wrong(&r, "neither [SECTION] nor KEY = VALUE");
    }
    r.conf->path = NULL;
    if (r.failed) {
        free(r.conf);
        return -EINVAL;
    }
    *conf = r.conf;
    return 0;
}

/* Returns how many bytes, PT_CONF_MAX_SIZE + 1 at most, or -errno. */
static ssize_t read_all(int fd, char *text)
{
    size_t len = 0;
    ssize_t n;

    do {
        n = read(fd, text + len, PT_CONF_MAX_SIZE + 1 - len);
        if (n > 0) {
            len += (size_t)n;
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? -errno : (ssize_t)len;
}

static int load(const char *path, int fd, struct pt_conf **conf,
                struct pt_error *err)
{
    char *text = malloc(PT_CONF_MAX_SIZE + 1);
    struct stat st;
    ssize_t n;
    int rc;

    if (!text) {
        return pt_fail(err, ENOMEM, "out of memory");
    }
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        rc = pt_fail(err, EINVAL, "%.110s: not a file", path);
    } else {
        n = read_all(fd, text);
        rc = n < 0 ? pt_fail(err, (int)-n, "%.110s: %s", path,
                             strerror((int)-n)) :
            pt_conf_parse(path, text, (size_t)n, conf, err);
    }
    free(text);
    return rc;
}

int pt_conf_load(const char *path, bool optional, struct pt_conf **conf,
                 struct pt_error *err)
{
    /* What is no file may not answer, which must not stop a device model. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc = errno;

    *conf = NULL;
    if (fd < 0) {
        return optional && rc == ENOENT ? 0 :
            pt_fail(err, rc, "%.110s: %s", path, strerror(rc));
    }
    rc = load(path, fd, conf, err);
    close(fd);
    return rc;
}

void pt_conf_free(struct pt_conf *conf)
{
    free(conf);
}

int pt_conf_decide(const char *path, const char *guest,
                   const struct pt_device *dev, struct pt_conf_choice *c,
                   struct pt_error *err)
{
    struct pt_conf *file[2] = { NULL, NULL };
    struct pt_conf_id id;
    int rc = pt_conf_load(path, true, &file[0], err);

    pt_conf_begin(c);
    if (rc == 0 && guest) {
        rc = pt_conf_load(guest, false, &file[1], err);
    }
    if (rc == 0 && (file[0] || file[1])) {
        rc = pt_conf_identify(dev, &id, err);
        if (rc == 0) {
            pt_conf_apply(file[0], file[1], &id, c);
        }
    }
    pt_conf_free(file[0]);
    pt_conf_free(file[1]);
    return rc;
}
