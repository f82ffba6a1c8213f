/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest would see of a function: taken apart for printing.
 *
 *   source   a function's configuration space, read once
 *   view     the engine's view of it under a policy, as a list of items
 *   report   table, hex, JSON or the differences of two views
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdio.h>

#include "capture.h"
#include "pass-through.h"
#include "pt-conf.h"
#include "pt-policy.h"

/* ------------------------------------------------------------------ */
/* Sources                                                             */

struct source {
    struct pt_device_info info;
    char title[160];           /* as lspci puts it; not to be trusted */
    const char *file;          /* where it is from; NULL: this machine */
    unsigned len;              /* bytes that could be read: 64, 256, 4096 */
    unsigned sizes_known;      /* bit n: region n's size is no guess */
    uint8_t cfg[PT_CFG_EXT_SIZE];  /* 0 from @len on */
    /* What of the file was not taken, see struct capture. */
    unsigned num_notes;
    char note[CAPTURE_NOTES][CAPTURE_NOTE];
};

struct live;

/*
 * The functions of this machine, through libpci. Close with live_close(),
 * which takes NULL as well. Returns NULL and the reason in @err on failure.
 */
struct live *live_open(struct pt_error *err);
void live_close(struct live *l);

/*
 * List the functions, in the order of their addresses, into *@list, which
 * the caller frees.
 * Returns their number, or -errno and the reason in @err.
 */
int live_list(struct live *l, struct pt_sbdf **list, struct pt_error *err);

/*
 * Read the function at @addr, with @extended all of its space; its registers
 * are not written.
 * Returns 0, or -errno and the reason in @err.
 */
int live_read(struct live *l, const struct pt_sbdf *addr, bool extended,
              struct source *src, struct pt_error *err);

/* The function that was captured as @c in @file, which stays the caller's. */
void source_capture(const struct capture *c, const char *file,
                    struct source *src);

/* ------------------------------------------------------------------ */
/* Views                                                               */

/* What a bit is for the guest. */
enum view_class {
    VIEW_FORWARDED,  /* the device's, read and written */
    VIEW_W1C,        /* the device's, cleared by writing 1 */
    VIEW_EMULATED,   /* the guest's own copy, read and written */
    VIEW_READ_ONLY,  /* the device's, read */
    VIEW_CONSTANT,   /* the guest's own copy, read */
    VIEW_HIDDEN,     /* reads 0, whatever the device has */
    VIEW_RESERVED,   /* the device's, read; written only by permissive */
    VIEW_NUM_CLASSES,
};

const char *view_class_name(enum view_class c);

/*
 * A register, or a range of bytes of one kind that no row declares; of these,
 * what the policy file has a register for is on its own.
 */
struct view_item {
    uint16_t off;
    uint16_t len;
    enum pt_kind kind;
    const struct pt_row *row;  /* NULL: a range */
    const struct pt_cap *cap;  /* NULL: header or device-specific */
    const struct pt_mask *mask; /* the policy's, of any part; NULL: none */
    bool by_bits;
    uint32_t bits[VIEW_NUM_CLASSES];  /* by bits: masks */
    enum view_class all;       /* otherwise: what all of its bits are */
    uint32_t host;             /* of a register, or a range up to 4 bytes */
    uint32_t guest;
};

/* "device-specific", ...: what a range is called. */
const char *view_kind_name(enum pt_kind kind);

#define VIEW_CONFS 2

/* All capabilities that a policy can hide: @n is 0..VIEW_MAX_HIDDEN - 1. */
#define VIEW_MAX_HIDDEN (256 + 64)

static inline uint32_t view_hidden_id(unsigned n)
{
    return n < 256 ? n : PT_EXT_CAP(n - 256);
}

struct view_policy {
    struct pt_policy pt;
    bool multifunction;
    /* The policy files, the host's first; NULL: none. The caller's to free. */
    const struct pt_conf *conf[VIEW_CONFS];
};

struct view_note {
    enum pt_level level;
    char text[256];
};

#define VIEW_MAX_NOTES 64

struct view {
    const struct source *src;
    struct view_policy policy;  /* with what the files say */
    char origin[PT_CONF_ORIGINS];  /* of the policy; "": of no file */
    char romfile[PT_CONF_MAX_LINE + 1];  /* of a file; "": none */
    struct pt_error refused;    /* the reason, where dev is NULL */
    struct pt_dev *dev;
    struct pt_device host;
    struct pt_bus bus;
    unsigned len;               /* bytes of the guest's space that are shown */
    uint8_t seen[PT_CFG_EXT_SIZE];  /* the device's space, for the engine */
    uint8_t guest[PT_CFG_EXT_SIZE]; /* and what the guest reads */
    unsigned num_notes;
    struct view_note note[VIEW_MAX_NOTES];
    unsigned num_items;         /* those that could be read, by offset */
    struct view_item item[PT_CFG_EXT_SIZE];
};

/*
 * Let the engine look at @src, which has to outlive the view. A function
 * that can't be assigned makes a view with @refused, and no items.
 * Returns the view, for view_close(), or NULL if there is no memory.
 */
struct view *view_open(const struct source *src,
                       const struct view_policy *policy);
void view_close(struct view *v);

/*
 * For a comparison: where a policy file changed @other, ranges of @v end, too.
 */
void view_cut(struct view *v, const struct view *other);

/* Is a guest's byte of the range not what the device has there? */
bool view_differs(const struct view *v, const struct view_item *i);

/* ------------------------------------------------------------------ */
/* Text                                                                */

#define TEXT_WIDTH 100

/* Room for what the longest text, of who said what, is escaped to. */
#define TEXT_ESCAPED (4 * PT_CONF_ORIGINS)

/*
 * @in with control characters and what is no UTF-8 as \xNN, so that it can do
 * nothing to a terminal or a JSON parser. Cut to @room. Returns @out.
 */
const char *text_escape(const char *in, char *out, size_t room);

/*
 * Print @text, broken at its spaces, from column @column on; the lines that
 * follow start at column @indent. A '\t' is a space that does not break.
 */
void text_wrap(FILE *f, const char *text, unsigned column, unsigned indent);

/* "64", "4K", "128M". */
const char *text_size(uint64_t size, char *out, size_t room);

/* "forwarded\t5:2", "constant": the bits of @i, for text_wrap(). */
const char *text_bits(const struct view_item *i, char *out, size_t room);

/* "128K of 32-bit memory at e0800000", and what is special about it. */
const char *text_region(const struct view *v, unsigned n, char *out,
                        size_t room);

/* The name of a register, or of a range and its length. */
const char *text_name(const struct view_item *i, char *out, size_t room);

/* "44", "48..9f". */
const char *text_offset(const struct view_item *i, char *out, size_t room);

/* "0107"; of a longer range "0" or "data". */
const char *text_host(const struct view *v, const struct view_item *i,
                      char *out, size_t room);
const char *text_guest(const struct view *v, const struct view_item *i,
                       char *out, size_t room);

/* "default", "permissive+power-mgmt+hide=MSI-X,VPD". */
#define TEXT_POLICY 960
const char *text_policy(const struct view_policy *p, char *out, size_t room);

/* ------------------------------------------------------------------ */
/* Reports                                                             */

void report_table(FILE *f, const struct view *v, bool verbose);
void report_hex(FILE *f, const struct view *v);

struct json_t;

/* A new reference; NULL: no memory. */
struct json_t *report_json(const struct view *v);

/* One side of a comparison. */
struct report_side {
    const char *label;
    const struct view *view;
};

void report_diff(FILE *f, const struct report_side side[2]);
struct json_t *report_diff_json(const struct report_side side[2]);

/* The windows of the function's BARs; @verbose: and why they are on or off. */
void report_windows(FILE *f, const struct view *v, bool verbose);
/* Those that differ; returns whether any does. */
bool report_windows_diff(FILE *f, const struct report_side side[2]);
/*
 * The @i-th of both sides; a name is NULL where a side has no more. Returns
 * false at the end.
 */
bool report_window_pair(const struct report_side side[2], unsigned i,
                        struct pt_window_seen w[2], bool *unlike);
/* "configuration space": what it leads to. */
const char *view_window_kind(enum pt_window_kind kind);

/*
 * Go through two views at once. @next: the item of each view to look at
 * next, 0 at the start. Returns false at the end; otherwise @item holds what
 * is at the next offset, and one of them is NULL where only the other view
 * has an item of this place and name.
 */
bool report_pair(const struct report_side side[2], unsigned next[2],
                 const struct view_item *item[2]);

/* Does the guest see or reach anything else in one than in the other? */
bool report_unlike(const struct report_side side[2],
                   const struct view_item *const item[2]);

#endif
