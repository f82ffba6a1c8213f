#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Put pass-through into a user's qemu-xen-traditional tree, or take it out:
#
#     overlay.sh DIR
#     overlay.sh --undo DIR
#
# Doing it again updates; an error changes nothing; what it replaces is kept
# in DIR/.pt-overlay, with a list of what it did.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
undo=
new=

die() {
    echo "overlay: $*" >&2
    exit 1
}

usage() {
    echo "usage: overlay.sh [--undo] DIR" >&2
    exit 2
}

# All that it puts into a tree: paths there.
sources() {
    for f in "$root"/hw/*.[ch] "$root"/hosts/common/*.[ch] "$here"/*.[ch]; do
        echo "hw/${f##*/}"
    done
}

sum() {
    sha256sum <"$1" | cut -d' ' -f1
}

# ------------------------------------------------------------------- edit

# An edit of a makefile: our list for the tree's objects, a question to the
# compiler for the test of /usr/include/pci.
cat_edit() { # FILE
    awk '
    function words(line,   n, part, i, out) {
        # Leading blanks matter to make, and so does a backslash at the end.
        match(line, /^[ \t]*/)
        out = substr(line, 1, RLENGTH)
        n = split(substr(line, RLENGTH + 1), part, /[ \t]+/)
        for (i = 1; i <= n; i++) {
            if (part[i] == "pt-msi.o" || part[i] == "pt-graphics.o")
                continue
            gsub(/pass-through\.o/, "$(PT_DM_OBJS)", part[i])
            gsub(/=pt-(msi|graphics)\.o/, "=", part[i])
            out = out (i > 1 && part[i] != "" ? " " : "") part[i]
        }
        return out
    }
    BEGIN { state = 0 }
    {
        line = $0
        if (line !~ /^[ \t]*#/) {
            gsub(/\$\(wildcard[ \t]+\/usr\/include\/pci(\/[a-z.]*)?[ \t]*\)/,
                 "$(PT_HAVE_LIBPCI)", line)
            if (line ~ /(^|[ \t=])pass-through\.o([ \t]|$)/)
                state = 1
            if (line ~ /(^|[ \t=])(pass-through|pt-[a-z]+)\.o([ \t]|$)/) {
                line = words(line)
            }
        }
        print line
        if (state == 1 && line !~ /\\$/) {
            print "LIBS += $(PT_DM_LIBS)"
            state = 2
        }
    }' "$1"
}

mentions() { # FILE: how many lines have pass-through.o in a list
    grep -v '^[[:space:]]*#' "$1" |
        grep -cE '(^|[[:space:]=])pass-through\.o([[:space:]]|$)' || true
}

edit() { # FROM TO
    cat_edit "$1" >"$2.body"
    if grep -v '^[[:space:]]*#' "$2.body" | grep -F /usr/include/pci |
        grep -vqE '\$\((warning|info|error) '; then
        die "${1##*/} looks for /usr/include/pci in a way that I don't know"
    fi
    if cmp -s "$1" "$2.body"; then
        cp "$1" "$2"
    else
        {
            echo "# Pass-through's list of objects (make overlay)."
            # shellcheck disable=SC2016 # it is make's
            echo 'include $(dir $(lastword $(MAKEFILE_LIST)))pt-objects.mak'
            cat "$2.body"
        } >"$2"
    fi
    rm "$2.body"
}

# ------------------------------------------------------------------ check

is_tree() {
    [ -d "$dir" ] || die "$dir: no such directory"
    for f in xen-hooks.mak Makefile.target hw/pci.c hw/piix4acpi.c \
        hw/pass-through.c hw/pass-through.h; do
        [ -f "$dir/$f" ] ||
            die "$dir is no qemu-xen-traditional tree: it has no $f"
    done
    if [ ! -w "$dir" ] || [ ! -w "$dir/hw" ]; then
        die "$dir: can't be written"
    fi
}

# Our own work must be as we left it: a user's changes are not ours to lose.
unchanged() {
    while read -r want _ path; do
        [ -f "$dir/$path" ] ||
            die "$dir/$path is missing, which I had put there"
        [ "$(sum "$dir/$path")" = "$want" ] ||
            die "$dir/$path was changed since I put it there: save it, and" \
                "put back what I had, or remove $keep to forget"
    done <"$keep/list"
}

# The file as it was before us.
original() { # PATH
    if [ -f "$keep/orig/$1" ]; then
        echo "$keep/orig/$1"
    elif [ -f "$keep/list" ] && grep -q " added $1\$" "$keep/list"; then
        echo /nonexistent
    else
        echo "$dir/$1"
    fi
}

# ------------------------------------------------------------------ stage

stage_file() { # PATH: $new/tree/PATH is ready; note what becomes of it
    if [ -f "$(original "$1")" ]; then
        mkdir -p "$new/orig/$(dirname "$1")"
        cp -p "$(original "$1")" "$new/orig/$1"
        echo "$(sum "$new/tree/$1") replaced $1" >>"$new/list"
    else
        echo "$(sum "$new/tree/$1") added $1" >>"$new/list"
    fi
}

stage() {
    mkdir -p "$new/tree/hw" "$new/orig"
    : >"$new/list"
    echo '*' >"$new/.gitignore"
    sources >"$new/sources"
    while read -r path; do
        for f in "$root/$path" "$root/hosts/common/${path#hw/}" \
            "$here/${path#hw/}"; do
            [ ! -f "$f" ] || { cp "$f" "$new/tree/$path"; break; }
        done
        stage_file "$path"
    done <"$new/sources"

    cat "$root/xen-hooks.mak" "$here/pt-dm.mak" >"$new/tree/pt-objects.mak"
    stage_file pt-objects.mak

    lists=0
    for f in xen-hooks.mak Makefile.target; do
        lists=$((lists + $(mentions "$(original $f)")))
        edit "$(original $f)" "$new/tree/$f"
        if cmp -s "$(original $f)" "$new/tree/$f"; then
            rm "$new/tree/$f"
        else
            stage_file "$f"
        fi
    done
    [ "$lists" = 1 ] || die "$dir: pass-through.o is in $lists lists of" \
        "xen-hooks.mak and Makefile.target; I know what to do with 1"
}

# ----------------------------------------------------------------- commit

# Put each file in its place by a rename, so that none is ever half there.
place() { # FROM PATH
    [ ! -d "$dir/$2" ] && cp "$1" "$dir/$2.pt-new" &&
        mv -f "$dir/$2.pt-new" "$dir/$2"
}

put_back() { # LIST ORIG: what was before that list
    while read -r _ kind path; do
        case $kind in
        replaced) place "$2/$path" "$path" ;;
        added) rm -f "$dir/$path" "$dir/$path.pt-new" ;;
        esac
    done <"$1"
}

apply() {
    rm -rf "$new/before"
    mkdir -p "$new/before"
    # For the way back, should the disk be full in the middle.
    while read -r _ _ path; do
        if [ -f "$dir/$path" ]; then
            mkdir -p "$new/before/$(dirname "$path")"
            cp -p "$dir/$path" "$new/before/$path"
        fi
    done <"$new/list"
    failed=
    while read -r _ _ path; do
        place "$new/tree/$path" "$path" || { failed=$path; break; }
    done <"$new/list"
    if [ -n "$failed" ]; then
        while read -r _ _ path; do
            if [ -f "$new/before/$path" ]; then
                place "$new/before/$path" "$path"
            elif [ ! -d "$dir/$path" ]; then
                rm -f "$dir/$path" "$dir/$path.pt-new"
            fi
        done <"$new/list"
        die "$dir/$failed can't be written: all is as it was"
    fi
    # What an older version of us had, and we have not any more.
    if [ -f "$keep/list" ]; then
        while read -r _ kind path; do
            grep -q " $path\$" "$new/list" && continue
            case $kind in
            replaced) place "$keep/orig/$path" "$path" ;;
            added) rm -f "$dir/$path" ;;
            esac
        done <"$keep/list"
    fi
    rm -rf "$new/tree" "$new/before" "$new/sources" "$keep.old"
    [ ! -d "$keep" ] || mv "$keep" "$keep.old"
    mv "$new" "$keep"
    rm -rf "$keep.old"
}

tell() { # LIST
    while read -r _ kind path; do
        echo "overlay: $kind $path"
    done <"$1"
}

# ------------------------------------------------------------------- main

case ${1:-} in
--undo) undo=1; shift ;;
-*) usage ;;
esac
if [ $# != 1 ] || [ -z "$1" ]; then
    usage
fi
dir=$1
keep=$dir/.pt-overlay

if [ -n "$undo" ]; then
    [ -d "$dir" ] || die "$dir: no such directory"
    [ -f "$keep/list" ] || die "$dir: there is no overlay to undo"
    unchanged
    put_back "$keep/list" "$keep/orig"
    while read -r _ kind path; do
        case $kind in
        replaced) echo "overlay: restored $path" ;;
        *) echo "overlay: removed $path" ;;
        esac
    done <"$keep/list"
    rm -rf "$keep"
    exit 0
fi

is_tree
[ ! -f "$keep/list" ] || unchanged
new=$dir/.pt-overlay.new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
mkdir "$new" || die "$dir: can't be written"
stage
if [ -f "$keep/list" ] && cmp -s "$keep/list" "$new/list"; then
    echo "overlay: $dir is up to date"
    exit 0
fi
apply
tell "$keep/list"
echo "overlay: done; build the tree as before. What was replaced is in $keep"
