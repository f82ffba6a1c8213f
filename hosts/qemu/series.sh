#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Our files as patches for `git am`, for a git tree of QEMU's:
#
#     series.sh DIR OUT
#
# Each step builds: until the last, which brings the device, what it adds is a
# library that nothing is linked with. What is in which step follows from the
# list of objects and from #include.
#
# Author and date are the user's, as git has them; SIGNOFF=1 signs off. DIR is
# only read.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=hosts/qemu/build.sh
. "$here/build.sh"
die() { echo "series: $*" >&2; exit 1; }

if [ $# != 2 ] || [ -z "$1" ] || [ -z "$2" ]; then
    echo "usage: series.sh DIR OUT" >&2
    exit 2
fi
dir=$1 out=$2
command -v git >/dev/null || die "needs git"
if [ ! -f "$dir/VERSION" ] || [ ! -f "$dir/hw/xen/meson.build" ]; then
    die "$dir is no source tree of QEMU"
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
who=$(git -C "$dir" var GIT_AUTHOR_IDENT 2>"$tmp/why") || {
    cat "$tmp/why" >&2
    die "git does not know who you are: set user.name and user.email"
}
GIT_AUTHOR_NAME=${who%% <*}
GIT_AUTHOR_EMAIL=${who#*<}
GIT_AUTHOR_DATE=@${GIT_AUTHOR_EMAIL#*> }
GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL%>*}
GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME
GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
# Who it is comes from the user's settings; what patches look like does not.
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=/dev/null
export LC_ALL=C GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_AUTHOR_NAME \
    GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL \
    GIT_COMMITTER_DATE

# ------------------------------------------------------------- two trees

# What of QEMU's tree a patch touches; and all of ours, as the overlay has it.
tree=$tmp/tree final=$tmp/final
mkdir -p "$tree/hw/xen/pass-through" "$final"
grep -vxF "$LINE" "$dir/hw/xen/meson.build" >"$tree/hw/xen/meson.build"
overlay "$final" <"$tree/hw/xen/meson.build"
final=$final/hw/xen/pass-through
git -C "$tree" init -q
git -C "$tree" add -A
git -C "$tree" commit -q -m "the tree as it is"
base=$(git -C "$tree" rev-parse HEAD)

# ------------------------------------------------------------------ lists

sources()       # OBJECTS of xen-hooks.mak...
{
    local object
    for object in $(hook "$@"); do echo "${object%.o}.c"; done | sort -u
}

includes()      # FILE: headers of ours that it includes
{
    sed -n 's/^ *# *include "\([^"/]*\)".*/\1/p' "$final/$1" |
        while read -r name; do
            [ ! -f "$final/$name" ] || echo "$name"
        done
}

closure()       # FILE...: they and all headers of ours that they need
{
    local todo=$* seen='' file
    while [ -n "$todo" ]; do
        # shellcheck disable=SC2086  # lists of names
        seen=$(printf '%s\n' $seen $todo | sort -u)
        todo=$(for file in $todo; do includes "$file"; done | sort -u |
            grep -vxF "$seen" || true)
    done
    echo "$seen"
}

having()        # PATTERN FILE...: those with such a line
{
    (cd "$final" && grep -l "$@") || true
}

# ------------------------------------------------------------------ steps

commit()        # with the message on stdin
{
    git -C "$tree" add -A
    git -C "$tree" commit -q ${SIGNOFF:+--signoff} -F -
}

added=()
library()       # what of ours there is, built and not linked
{
    local file
    only_with_xen
    echo "pass_through = static_library('pass-through', files("
    printf '%s\n' "${added[@]}" | sort | while read -r file; do
        echo "  '$file',"
    done
    echo "), dependencies: xen, build_by_default: true)"
}

add()           # SOURCE...: they and their headers; the message on stdin
{
    local file
    for file in $(closure "$@"); do
        cp "$final/$file" "$tree/hw/xen/pass-through/"
    done
    added+=("$@")
    library >"$tree/hw/xen/pass-through/meson.build"
    grep -qxF "$LINE" "$tree/hw/xen/meson.build" ||
        echo "$LINE" >>"$tree/hw/xen/meson.build"
    commit
}

mapfile -t host < <(sources PT_HOST_OBJS PT_XEN_OBJS)
mapfile -t conf < <(sources PT_CONF_OBJS)
mapfile -t engine < <(sources PT_OBJS)
# What does not know of an assigned device is of use to the real one.
mapfile -t near < <(for file in "${engine[@]}"; do
    closure "$file" | grep -x 'pass-through.h' >/dev/null || echo "$file"
done)
mapfile -t irq < <(having '^#include "pt-irq.h"' "${engine[@]}")
mapfile -t tables < <(having '^const struct pt_group pt_group_' \
    "${engine[@]}" | grep -vxF "$(printf '%s\n' "${irq[@]}")")
mapfile -t engine < <(printf '%s\n' "${engine[@]}" |
    grep -vxF "$(printf '%s\n' "${near[@]}" "${irq[@]}" "${tables[@]}")")

add "${near[@]}" "${host[@]}" <<'END'
xen/pass-through: the real device and the hypervisor

Each is behind a small table of functions: libpci with sysfs, and libxenctrl.
libpci is not touched before a device is assigned, and its errors do not end
the process.
END

add "${engine[@]}" <<'END'
xen/pass-through: the configuration space of an assigned device

A register's policy is a row of a table: which bits are the guest's own copy,
read-only, cleared by writing 1, or reserved. At attach the rows are compiled
into byte arrays; an access of any width and alignment is then split, masked
and merged in one place, and costs the device one read and one write at most.
END

add "${tables[@]}" <<'END'
xen/pass-through: the tables of registers

One file a structure of the configuration space. What no row declares is not
writable; capabilities that no guest gets are listed with the reason.
END

add "${irq[@]}" <<'END'
xen/pass-through: interrupts

INTx, MSI, MSI-X and MSI-INTx translation: what the guest wants and what Xen
has been told are kept apart, and one function brings the second to the first.
Message addresses, data and mask bits of the device are Xen's (XSA-129).
END

add "${conf[@]}" <<'END'
xen/pass-through: the policy file

/etc/xen/pass-through.conf says per device what a guest may do. It is read by
libinih when a device is attached.
END

cp "$final"/* "$tree/hw/xen/pass-through/"
commit <<'END'
xen/pass-through: the device

With --disable-xen-pci-passthrough it is xen-pci-passthrough, which libxl asks
for. With --enable-xen-pci-passthrough, or where configure finds that it can
have this, the device of that name is built as before, and the new one stands
beside it as xen-pci-pass-through, for device_add.
END

# A file that is in no step would be missing in the user's tree.
rest=$(diff -rq "$tree/hw/xen/pass-through" "$final" || true)
[ -z "$rest" ] || die "in no patch: $rest"

# -------------------------------------------------------------------- out

git -C "$tree" format-patch -q --no-signature --zero-commit --full-index \
    --diff-algorithm=myers -o "$tmp/out" "$base"
mkdir -p "$out"
rm -f "$out"/[0-9][0-9][0-9][0-9]-xen-pass-through-*.patch
cp "$tmp"/out/*.patch "$out"
for file in "$tmp"/out/*.patch; do echo "series: $out/${file##*/}"; done
