/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ptview: what a guest would see of a PCI function, and why. See ptview.1. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "view.h"

#ifndef PTVIEW_VERSION
#define PTVIEW_VERSION "0.1"
#endif

enum status {
    STATUS_OK = 0,
    STATUS_REFUSED = 1,  /* a function can't be assigned */
    STATUS_ERROR = 2,
};

enum format {
    FORMAT_TABLE,
    FORMAT_HEX,
    FORMAT_JSON,
};

/* An option without a letter. */
#define OPTION_CHECK 256

struct options {
    const char *file;     /* NULL: this machine */
    enum format format;
    bool verbose;
    bool diff;
    bool done;            /* --help, --version, --check-config */
    bool extended;        /* a view has extended space */
    struct view_policy policy;
    struct pt_conf *conf[VIEW_CONFS];  /* --config, in this order */
    unsigned num_confs;
    char *const *operand;
    int num_operands;
};

/* The functions to show. */
struct sources {
    struct source *list;
    unsigned num;
    bool named;           /* by the user, one by one */
};

/* What has been shown so far. */
struct output {
    const struct options *opt;
    json_t *json;         /* with FORMAT_JSON: an array */
    unsigned shown;       /* functions that can be assigned */
    unsigned refused;     /* and that can't */
    bool first;
};

static enum status complain(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static enum status complain(const char *fmt, ...)
{
    char text[512], escaped[TEXT_ESCAPED];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "ptview: %s\n",
            text_escape(text, escaped, sizeof(escaped)));
    return STATUS_ERROR;
}

static enum status no_memory(void)
{
    return complain("out of memory");
}

/* The worse of two. */
static enum status worse(enum status a, enum status b)
{
    return a > b ? a : b;
}

/* ------------------------------------------------------------------ */
/* Words of the command line                                           */

/* Hexadecimal digits at *@s, at most @max of them; moves *@s behind. */
static bool take_number(const char **s, size_t max, uint32_t *val)
{
    size_t n = strspn(*s, "0123456789abcdefABCDEF");

    if (!n || n > max) {
        return false;
    }
    *val = (uint32_t)strtoul(*s, NULL, 16);
    *s += n;
    return true;
}

/* "[DDDD:]BB:DD.F" */
static bool parse_address(const char *s, struct pt_sbdf *a)
{
    uint32_t part[3] = { 0 }, func;
    unsigned n = 0;

    for (; n < 3; n++) {
        if (!take_number(&s, n ? 4 : 8, &part[n])) {
            return false;
        }
        if (*s != ':') {
            break;
        }
        s++;
    }
    if (n < 1 || n > 2 || *s++ != '.' || !take_number(&s, 1, &func) || *s) {
        return false;
    }
    if (part[n - 1] > 0xff || part[n] > 0x1f || func > 7) {
        return false;
    }
    *a = (struct pt_sbdf){ .domain = n == 2 ? part[0] : 0,
                           .bus = (uint8_t)part[n - 1],
                           .dev = (uint8_t)part[n], .func = (uint8_t)func };
    return true;
}

static bool *policy_flag(struct view_policy *p, const char *word, size_t len)
{
    const struct {
        const char *name;
        bool *flag;
    } words[] = {
        { "strict", &p->pt.strict },
        { "permissive", &p->pt.permissive },
        { "power-mgmt", &p->pt.power_mgmt },
        { "msitranslate", &p->pt.msitranslate },
        { "no-rom", &p->pt.no_rom },
        { "extended", &p->pt.extended },
        { "flr", &p->pt.flr },
        { "multifunction", &p->multifunction },
    };

    for (unsigned n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
        if (strlen(words[n].name) == len &&
            strncmp(word, words[n].name, len) == 0) {
            return words[n].flag;
        }
    }
    return NULL;
}

/* "default", "permissive,power-mgmt", ...: added to *@p. */
static bool parse_policy(const char *s, struct view_policy *p)
{
    for (;;) {
        size_t len = strcspn(s, ",+");
        bool *flag = policy_flag(p, s, len);

        if (flag) {
            *flag = true;
        } else if (len != strlen("default") ||
                   strncmp(s, "default", len) != 0) {
            return false;
        }
        if (!s[len]) {
            return true;
        }
        s += len + 1;
    }
}

static enum status check_policy(const struct view_policy *p)
{
    if (p->pt.strict && p->pt.permissive) {
        return complain("strict and permissive exclude each other");
    }
    return STATUS_OK;
}

/* ------------------------------------------------------------------ */
/* Policy files                                                        */

static enum status load_conf(const char *path, struct pt_conf **conf)
{
    struct pt_error err;

    return pt_conf_load(path, false, conf, &err) == 0 ? STATUS_OK :
        complain("%s", err.text);
}

static enum status add_conf(struct options *opt, const char *path)
{
    unsigned n = opt->num_confs;

    if (n == VIEW_CONFS) {
        return complain("--config: there are two policy files at most, the "
                        "host's and the guest's");
    }
    if (load_conf(path, &opt->conf[n]) != STATUS_OK) {
        return STATUS_ERROR;
    }
    opt->policy.conf[n] = opt->conf[n];
    opt->num_confs++;
    return STATUS_OK;
}

static enum status check_conf(struct options *opt, const char *path)
{
    struct pt_conf *conf = NULL;
    enum status status = load_conf(path, &conf);

    pt_conf_free(conf);
    opt->done = true;
    return status;
}

/* Can a view have extended space? A file may give it to any function. */
static bool may_extend(const struct view_policy *p)
{
    return p->pt.extended || p->conf[0];
}

static void free_confs(struct options *opt)
{
    for (unsigned i = 0; i < opt->num_confs; i++) {
        pt_conf_free(opt->conf[i]);
    }
}

/* ------------------------------------------------------------------ */
/* Gathering functions                                                 */

static bool same_address(const struct pt_sbdf *a, const struct pt_sbdf *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
           a->func == b->func;
}

static const struct capture *find_capture(const struct captures *c,
                                          const struct pt_sbdf *addr)
{
    for (unsigned i = 0; i < c->num; i++) {
        if (same_address(&c->list[i].addr, addr)) {
            return &c->list[i];
        }
    }
    return NULL;
}

/* Why @file has no function @addr. */
static enum status complain_of(const char *file, const struct captures *c,
                               const struct pt_sbdf *addr)
{
    char name[PT_SBDF_LEN];

    for (unsigned i = 0; i < c->num_lost; i++) {
        if (!c->lost[i].unnamed && same_address(&c->lost[i].addr, addr)) {
            return complain("%s", c->lost[i].text);
        }
    }
    return complain("%s: no function %s in it", file,
                    pt_sbdf_str(addr, name));
}

/* All that can't be used; of those in a mere list, one for all. */
static enum status complain_of_all(const char *file, const struct captures *c)
{
    enum status status = STATUS_OK;
    const struct capture_lost *bare = NULL;
    unsigned num_bare = 0;

    for (unsigned i = 0; i < c->num_lost; i++) {
        if (c->lost[i].bare) {
            bare = &c->lost[i];
            num_bare++;
        } else {
            status = complain("%s", c->lost[i].text);
        }
    }
    if (num_bare == 1) {
        return complain("%s", bare->text);
    }
    if (num_bare) {
        return complain("%s: %u functions have no bytes (lspci needs -x, -xxx "
                        "or -xxxx)", file, num_bare);
    }
    return status;
}

static enum status room_for(struct sources *s, unsigned num)
{
    s->list = calloc(num, sizeof(*s->list));
    return s->list ? STATUS_OK : no_memory();
}

static enum status pick_captures(const struct options *opt,
                                 const struct captures *all,
                                 const struct pt_sbdf *addr,
                                 struct sources *out)
{
    enum status status = STATUS_OK;

    if (!out->named) {
        for (unsigned i = 0; i < all->num; i++) {
            source_capture(&all->list[i], opt->file, &out->list[out->num++]);
        }
        return complain_of_all(opt->file, all);
    }
    for (int i = 0; i < opt->num_operands; i++) {
        const struct capture *c = find_capture(all, &addr[i]);

        if (c) {
            source_capture(c, opt->file, &out->list[out->num++]);
        } else {
            status = complain_of(opt->file, all, &addr[i]);
        }
    }
    return status;
}

static enum status gather_file(const struct options *opt,
                               const struct pt_sbdf *addr,
                               struct sources *out)
{
    struct captures all;
    struct pt_error err;
    enum status status;

    if (captures_load(opt->file, &all, &err) != 0) {
        return complain("%s", err.text);
    }
    status = room_for(out, out->named ? (unsigned)opt->num_operands : all.num);
    if (status == STATUS_OK) {
        status = pick_captures(opt, &all, addr, out);
    }
    captures_free(&all);
    return status;
}

static enum status read_each(struct live *l, const struct pt_sbdf *addr,
                             int num, bool extended, struct sources *out)
{
    enum status status = room_for(out, (unsigned)num);
    struct pt_error err;

    for (int i = 0; i < num && out->list; i++) {
        if (live_read(l, &addr[i], extended, &out->list[out->num],
                      &err) == 0) {
            out->num++;
        } else {
            status = complain("%s", err.text);
        }
    }
    return status;
}

static enum status gather_live(const struct options *opt,
                               const struct pt_sbdf *addr,
                               struct sources *out)
{
    struct pt_sbdf *all = NULL;
    struct pt_error err;
    enum status status;
    struct live *l = live_open(&err);
    int num = opt->num_operands;

    if (!l) {
        return complain("%s", err.text);
    }
    if (!out->named) {
        num = live_list(l, &all, &err);
    }
    if (num < 0) {
        status = complain("%s", err.text);
    } else {
        status = read_each(l, out->named ? addr : all, num, opt->extended,
                           out);
    }
    free(all);
    live_close(l);
    return status;
}

/*
 * The functions that the operands name; without operands, all of the file or
 * machine. *@out has those that could be read, whatever is returned.
 */
static enum status gather(const struct options *opt, struct sources *out)
{
    enum status status = STATUS_OK;
    struct pt_sbdf *addr;

    *out = (struct sources){ .named = opt->num_operands > 0 };
    addr = calloc((size_t)opt->num_operands + 1, sizeof(*addr));
    if (!addr) {
        return no_memory();
    }
    for (int i = 0; i < opt->num_operands && status == STATUS_OK; i++) {
        if (!parse_address(opt->operand[i], &addr[i])) {
            status = complain("%s: not an address; these look like "
                              "0000:00:03.0", opt->operand[i]);
        }
    }
    if (status == STATUS_OK) {
        status = opt->file ? gather_file(opt, addr, out)
                           : gather_live(opt, addr, out);
    }
    free(addr);
    return status;
}

/* ------------------------------------------------------------------ */
/* Showing                                                             */

static enum status add_json(struct output *o, json_t *value)
{
    if (json_array_append_new(o->json, value) != 0) {
        return no_memory();
    }
    return STATUS_OK;
}

static void count(struct output *o, const struct view *v)
{
    if (v->dev) {
        o->shown++;
    } else {
        o->refused++;
    }
}

static void separate(struct output *o)
{
    if (!o->first) {
        putchar('\n');
    }
    o->first = false;
}

static enum status show_view(struct output *o, const struct view *v)
{
    char addr[PT_SBDF_LEN];

    count(o, v);
    switch (o->opt->format) {
    case FORMAT_JSON:
        return add_json(o, report_json(v));
    case FORMAT_HEX:
        if (!v->dev) {
            complain("%s: not assignable: %s",
                     pt_sbdf_str(&v->src->info.addr, addr), v->refused.text);
        }
        report_hex(stdout, v);
        return STATUS_OK;
    case FORMAT_TABLE:
        break;
    }
    separate(o);
    report_table(stdout, v, o->opt->verbose);
    return STATUS_OK;
}

static enum status show(struct output *o, const struct source *src)
{
    struct view *v = view_open(src, &o->opt->policy);
    enum status status;

    if (!v) {
        return no_memory();
    }
    status = show_view(o, v);
    view_close(v);
    return status;
}

/* A view of @src[n] under @policy[n] each, and how they differ. */
static enum status show_diff(struct output *o, const char *const label[2],
                             const struct source *const src[2],
                             const struct view_policy policy[2])
{
    struct view *v[2] = { view_open(src[0], &policy[0]),
                          view_open(src[1], &policy[1]) };
    const struct report_side side[2] = { { label[0], v[0] },
                                         { label[1], v[1] } };
    enum status status = STATUS_OK;

    if (!v[0] || !v[1]) {
        status = no_memory();
    } else {
        count(o, v[0]);
        count(o, v[1]);
        view_cut(v[0], v[1]);
        view_cut(v[1], v[0]);
        if (o->opt->format == FORMAT_JSON) {
            status = add_json(o, report_diff_json(side));
        } else {
            separate(o);
            report_diff(stdout, side);
        }
    }
    view_close(v[0]);
    view_close(v[1]);
    return status;
}

/* ------------------------------------------------------------------ */
/* Comparing                                                           */

/* Bridges and the like among functions that nobody named are no failure. */
static enum status verdict(const struct output *o, const struct sources *s)
{
    if (s->named ? o->refused : !o->shown) {
        return STATUS_REFUSED;
    }
    return STATUS_OK;
}

static enum status diff_policies(struct output *o, const struct options *opt,
                                 const char *const label[2],
                                 const struct view_policy policy[2])
{
    struct options rest = *opt;
    struct sources s;
    enum status status;

    rest.extended = may_extend(&policy[0]) || may_extend(&policy[1]);
    rest.operand += 2;
    rest.num_operands -= 2;
    status = gather(&rest, &s);
    for (unsigned i = 0; i < s.num; i++) {
        const struct source *const src[2] = { &s.list[i], &s.list[i] };

        status = worse(status, show_diff(o, label, src, policy));
    }
    free(s.list);
    return worse(status, verdict(o, &s));
}

/* Split "FILE:ADDRESS" into @path and *@addr; "FILE" has no address. */
static bool split_operand(const char *s, char path[PATH_MAX],
                          struct pt_sbdf *addr)
{
    for (const char *colon = strchr(s, ':'); colon;
         colon = strchr(colon + 1, ':')) {
        if (!parse_address(colon + 1, addr)) {
            continue;
        }
        snprintf(path, PATH_MAX, "%.*s", (int)(colon - s), s);
        return true;
    }
    snprintf(path, PATH_MAX, "%s", s);
    return false;
}

static enum status load_side(const char *operand, struct source *src,
                             char path[PATH_MAX])
{
    struct pt_sbdf addr;
    bool has_addr = split_operand(operand, path, &addr);
    const struct capture *c;
    struct captures all;
    struct pt_error err;
    int rc = captures_load(path, &all, &err);
    enum status status = STATUS_OK;

    if (rc == -ENOENT) {
        return complain("%s: neither a policy nor an address nor a file",
                        operand);
    }
    if (rc) {
        return complain("%s", err.text);
    }
    c = has_addr ? find_capture(&all, &addr) : &all.list[0];
    if (!c) {
        status = complain_of(path, &all, &addr);
    } else if (!has_addr && all.num > 1) {
        status = complain("%s: has %u functions; name one, as %s:01:00.0",
                          path, all.num, path);
    } else {
        source_capture(c, path, src);
    }
    captures_free(&all);
    return status;
}

/* One function, as an operand of --diff names it. */
static enum status gather_side(const struct options *opt, char *const *operand,
                               struct source *src, char path[PATH_MAX])
{
    struct options one = *opt;
    struct pt_sbdf addr;
    struct sources s;
    enum status status;

    if (!parse_address(*operand, &addr)) {
        return load_side(*operand, src, path);
    }
    one.operand = operand;
    one.num_operands = 1;
    status = gather(&one, &s);
    if (status == STATUS_OK) {
        *src = s.list[0];
    }
    free(s.list);
    return status;
}

static enum status diff_devices(struct output *o, const struct options *opt,
                                const char *const label[2])
{
    const struct view_policy policy[2] = { opt->policy, opt->policy };
    const struct sources named = { .named = true };
    struct source src[2];
    const struct source *const both[2] = { &src[0], &src[1] };
    char path[2][PATH_MAX];
    enum status status = STATUS_OK;

    if (opt->num_operands > 2) {
        return complain("--diff of two functions takes no more operands");
    }
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        status = gather_side(opt, opt->operand + i, &src[i], path[i]);
    }
    if (status == STATUS_OK) {
        status = show_diff(o, label, both, policy);
    }
    return worse(status, status == STATUS_OK ? verdict(o, &named) : status);
}

/* One side of --diff, if it is a policy: words, or a file in *@opt. */
static enum status take_side(const char *label, struct options *opt,
                             bool *is_policy)
{
    static const char prefix[] = "config=";
    size_t n = strlen(prefix);

    *is_policy = true;
    if (strncmp(label, prefix, n) == 0) {
        return add_conf(opt, label + n);
    }
    *is_policy = parse_policy(label, &opt->policy);
    return *is_policy ? check_policy(&opt->policy) : STATUS_OK;
}

/* The options of each side are in @side. */
static enum status diff_sides(struct output *o, const struct options *opt,
                              struct options side[2])
{
    const char *const label[2] = { opt->operand[0], opt->operand[1] };
    bool is_policy[2];
    enum status status = take_side(label[0], &side[0], &is_policy[0]);

    status = worse(status, take_side(label[1], &side[1], &is_policy[1]));
    if (status != STATUS_OK) {
        return status;
    }
    if (is_policy[0] != is_policy[1]) {
        return complain("--diff: '%s' is a policy and '%s' is none",
                        label[!is_policy[0]], label[is_policy[0]]);
    }
    if (is_policy[0]) {
        const struct view_policy policy[2] = { side[0].policy,
                                               side[1].policy };

        return diff_policies(o, opt, label, policy);
    }
    return diff_devices(o, opt, label);
}

static enum status run_diff(struct output *o, const struct options *opt)
{
    struct options side[2] = { *opt, *opt };
    enum status status = diff_sides(o, opt, side);

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = opt->num_confs; n < side[i].num_confs; n++) {
            pt_conf_free(side[i].conf[n]);
        }
    }
    return status;
}

/* ------------------------------------------------------------------ */
/* Options                                                             */

static void print_help(void)
{
    fputs(
"Usage: ptview [OPTION]... [[DDDD:]BB:DD.F]...\n"
"       ptview --diff [OPTION]... POLICY POLICY [[DDDD:]BB:DD.F]...\n"
"       ptview --diff [OPTION]... FUNCTION FUNCTION\n"
"Show what a guest would see of a PCI function, and why.  Without addresses:\n"
"of all functions.  The functions are read, and never written.\n"
"\n"
"  -F, --file=FILE     read the output of lspci -xxx or -xxxx from FILE ('-':\n"
"                      standard input), plain or gzip\n"
"  -v, --verbose       with each register's reason and specification\n"
"  -x, --hex           the guest's view as lspci -xxxx would print it\n"
"  -j, --json          for programs\n"
"  -d, --diff          compare two policies (default, names of the options\n"
"                      below, joined by '+', or config=FILE), or two functions\n"
"                      (addresses, or FILE[:ADDRESS])\n"
"  -c, --config=FILE   with this policy file: pass-through.conf(5); a second one\n"
"                      is the guest's\n"
"      --check-config=FILE  only say what is wrong in this policy file\n"
"      --strict        device-specific registers are not writable\n"
"      --permissive    reserved and undeclared bits are writable\n"
"      --power-mgmt    the guest's power states reach the device\n"
"      --msitranslate  the device's MSI is the guest's INTx\n"
"      --no-rom        no expansion ROM for the guest\n"
"      --extended      extended configuration space, 4096 bytes\n"
"      --flr           the guest can reset the function, where the host can\n"
"      --multifunction other functions share the guest's slot\n"
"  -h, --help          this text\n"
"  -V, --version       the version\n"
"\n"
"Exit status: 0 all shown, 1 a function can't be assigned, 2 an error.\n",
        stdout);
}

static enum status take_option(struct options *opt, int c)
{
    switch (c) {
    case 'F':
        opt->file = optarg;
        return STATUS_OK;
    case 'v':
        opt->verbose = true;
        return STATUS_OK;
    case 'x':
        if (opt->format == FORMAT_JSON) {
            return complain("-x and --json exclude each other");
        }
        opt->format = FORMAT_HEX;
        return STATUS_OK;
    case 'j':
        if (opt->format == FORMAT_HEX) {
            return complain("-x and --json exclude each other");
        }
        opt->format = FORMAT_JSON;
        return STATUS_OK;
    case 'd':
        opt->diff = true;
        return STATUS_OK;
    case 'c':
        return add_conf(opt, optarg);
    case OPTION_CHECK:
        return check_conf(opt, optarg);
    case 'h':
        print_help();
        opt->done = true;
        return STATUS_OK;
    case 'V':
        printf("ptview %s\n", PTVIEW_VERSION);
        opt->done = true;
        return STATUS_OK;
    default:
        /* getopt_long() has said what it is. */
        fputs("Try 'ptview --help'.\n", stderr);
        return STATUS_ERROR;
    }
}

static enum status parse_options(int argc, char **argv, struct options *opt)
{
    struct view_policy *p = &opt->policy;
    static const struct option names[] = {
        { "file", required_argument, NULL, 'F' },
        { "verbose", no_argument, NULL, 'v' },
        { "hex", no_argument, NULL, 'x' },
        { "json", no_argument, NULL, 'j' },
        { "diff", no_argument, NULL, 'd' },
        { "config", required_argument, NULL, 'c' },
        { "check-config", required_argument, NULL, OPTION_CHECK },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { "strict", no_argument, NULL, 0 },
        { "permissive", no_argument, NULL, 0 },
        { "power-mgmt", no_argument, NULL, 0 },
        { "msitranslate", no_argument, NULL, 0 },
        { "no-rom", no_argument, NULL, 0 },
        { "extended", no_argument, NULL, 0 },
        { "flr", no_argument, NULL, 0 },
        { "multifunction", no_argument, NULL, 0 },
        { NULL, 0, NULL, 0 },
    };
    enum status status = STATUS_OK;
    int c, index = 0;

    while (status == STATUS_OK && !opt->done &&
           (c = getopt_long(argc, argv, "F:vxjdc:hV", names, &index)) != -1) {
        if (c) {
            status = take_option(opt, c);
        } else {
            parse_policy(names[index].name, p);
        }
    }
    if (status != STATUS_OK || opt->done) {
        return status;
    }
    opt->extended = may_extend(p);
    opt->operand = argv + optind;
    opt->num_operands = argc - optind;
    if (opt->diff && opt->num_operands < 2) {
        return complain("--diff needs two policies or two functions");
    }
    if (opt->diff && opt->format == FORMAT_HEX) {
        return complain("-x and --diff exclude each other");
    }
    return check_policy(p);
}

/* ------------------------------------------------------------------ */

static enum status run(struct output *o, const struct options *opt)
{
    struct sources s;
    enum status status;

    if (opt->diff) {
        return run_diff(o, opt);
    }
    status = gather(opt, &s);
    for (unsigned i = 0; i < s.num; i++) {
        status = worse(status, show(o, &s.list[i]));
    }
    free(s.list);
    return worse(status, verdict(o, &s));
}

static enum status finish_output(struct output *o)
{
    if (o->json) {
        if (json_dumpf(o->json, stdout, JSON_INDENT(2)) != 0) {
            return complain("can't write JSON");
        }
        putchar('\n');
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return complain("can't write: %s", strerror(errno));
    }
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    struct options opt = { .format = FORMAT_TABLE };
    struct output o = { .opt = &opt, .first = true };
    enum status status = parse_options(argc, argv, &opt);

    if (status == STATUS_OK && !opt.done) {
        if (opt.format == FORMAT_JSON) {
            o.json = json_array();
        }
        if (opt.format == FORMAT_JSON && !o.json) {
            status = no_memory();
        } else {
            status = run(&o, &opt);
        }
    }
    status = worse(status, finish_output(&o));
    json_decref(o.json);
    free_confs(&opt);
    return (int)status;
}
