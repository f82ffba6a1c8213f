#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The overlay as patches for `git am`, against a user's tree:
#
#     series.sh DIR OUT
#
# Each step builds: the old files leave first, with the pass-through of the
# tree switched off; the hooks switch it on again at the end. The same input
# gives the same patches. DIR is only read.
# shellcheck disable=SC2086 # lists of files are words
set -eu

here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "series: $*" >&2
    exit 1
}

if [ $# != 2 ] || [ -z "$1" ] || [ -z "$2" ]; then
    echo "usage: series.sh DIR OUT" >&2
    exit 2
fi
dir=$1
out=$2
command -v git >/dev/null || die "needs git"
[ -d "$dir/hw" ] || die "$dir is no qemu-xen-traditional tree: it has no hw"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Nobody's settings: the patches are to be the same everywhere.
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=/dev/null
GIT_AUTHOR_NAME=${GIT_AUTHOR_NAME:-pass-through}
GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL:-pass-through@localhost}
GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME
GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
GIT_AUTHOR_DATE="@${SOURCE_DATE_EPOCH:-1577836800} +0000"
GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_AUTHOR_NAME \
    GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL \
    GIT_COMMITTER_DATE
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
LC_ALL=C
export LC_ALL

# ------------------------------------------------------------- two trees

# Sources and makefiles, without what was built.
copy() { # FROM TO
    mkdir -p "$2/hw"
    cp "$1"/hw/*.[ch] "$2/hw"
    for f in xen-hooks.mak Makefile.target pt-objects.mak; do
        [ ! -f "$1/$f" ] || cp "$1/$f" "$2/$f"
    done
    [ ! -d "$1/.pt-overlay" ] || cp -R "$1/.pt-overlay" "$2/.pt-overlay"
}

tree=$tmp/tree
final=$tmp/final
copy "$dir" "$tree"
if [ -d "$tree/.pt-overlay" ]; then
    "$here/overlay.sh" --undo "$tree" >/dev/null
fi
copy "$tree" "$final"
"$here/overlay.sh" "$final" >/dev/null

git -C "$tree" init -q
git -C "$tree" add -A
git -C "$tree" commit -q -m "the tree as it is"
base=$(git -C "$tree" rev-parse HEAD)

# ------------------------------------------------------------------ steps

left() { # files that the final tree has and ours has not, or others
    (cd "$final" && find . -type f ! -path './.pt-overlay/*' | sed 's|^\./||' |
        sort) | while read -r f; do
        cmp -s "$final/$f" "$tree/$f" || echo "$f"
    done
}

commit() { # with the message on stdin
    git -C "$tree" add -A
    git -C "$tree" commit -q -F -
}

take() { # FILE...: what of them there is
    for f; do
        if [ -f "$final/$f" ]; then
            cp "$final/$f" "$tree/$f"
        fi
    done
}

# 1: the old files, and the switch.
for f in pass-through.c pass-through.h pt-msi.c pt-msi.h pt-graphics.c; do
    rm -f "$tree/hw/$f"
done
sed -E 's/^([[:space:]]*CONFIG_PASSTHROUGH[[:space:]]*[:?]?=).*/\1/' \
    "$tree/xen-hooks.mak" >"$tree/new" && mv "$tree/new" "$tree/xen-hooks.mak"
commit <<'END'
pass-through: remove what is to be replaced

Device assignment is written anew, by tables. Its old files go first, and it
is switched off, so that each of the following steps builds.
END

# 2: the engine: all that no later step names.
msi="hw/pt-msi.c hw/pt-msi.h hw/pt-irq.c hw/pt-irq.h hw/pt-intx.c
    hw/pt-vectors.c hw/pt-pirq.c"
caps="hw/pt-header.c hw/pt-pm.c hw/pt-pcie.c hw/pt-pcix.c hw/pt-vpd.c
hw/pt-vendor.c hw/pt-hidden.c"
near=$(cd "$here/../.." && ls hw/pt-device* hw/pt-libpci.* hw/pt-xen.*)
glue=$(cd "$here" && for f in *.[ch]; do echo "hw/$f"; done)
hooks="pt-objects.mak xen-hooks.mak Makefile.target"
engine=$(left | grep -vxF "$(printf '%s\n' $msi $caps $near $glue $hooks)")
take $engine
commit <<'END'
pass-through: the configuration space of an assigned device

A register's policy is a row of a table: which bits are the guest's own copy,
read-only, cleared by writing 1, or reserved. At attach the rows are compiled
into byte arrays; an access of any width and alignment is then split, masked
and merged in one place, and costs the device one read and one write at most.

Here are the vocabulary, a device's life, the access path, the walk of the
capability chain, and BARs with their mappings.
END

take $near
commit <<'END'
pass-through: the real device and the hypervisor

Each is behind a small table of functions: libpci with sysfs, and libxenctrl.
libpci is not touched before a device is assigned, and its errors do not end
the process. Pirqs above 255 and segments above 0 work.
END

table() { # FILE SUBJECT, and the rest of the message on stdin
    [ -f "$final/$1" ] || return 0
    take "$1"
    { printf 'pass-through: %s\n\n' "$2"; cat; } | commit
}

table hw/pt-header.c "the header" <<'END'
Type 0. Decoders stay on in the device whatever the guest does with them, and
only change what is mapped (XSA-126).
END
table hw/pt-pm.c "Power Management" <<'END'
States are emulated, or with power_mgmt forwarded, with the specification's
delays, and a restore after a D3hot that loses the registers.
END
table hw/pt-pcie.c "PCI Express" <<'END'
Versions 1 and 2, of endpoints, legacy and root-complex integrated ones. What
has another version or type is hidden, and the device works without.
END
table hw/pt-pcix.c "PCI-X" <<'END'
Status is constant, command the guest's copy: tg3 and bnx2 do not start without.
END
table hw/pt-vpd.c "Vital Product Data" <<'END'
Address and flag are forwarded, and data.
END
table hw/pt-vendor.c "vendor-specific capabilities" <<'END'
All of them: a device may have several.
END
table hw/pt-hidden.c "capabilities that no guest gets" <<'END'
With the reason for each.
END

take $msi
commit <<'END'
pass-through: interrupts

INTx, MSI, MSI-X and MSI-INTx translation: what the guest wants and what Xen
has been told are kept apart, and one function brings the second to the first.
Message addresses, data and mask bits of the device are Xen's (XSA-129).
END

take $glue
commit <<'END'
pass-through: the device model's side

Slots by devfn, the toolstack's request, trapped memory, graphics. A device
is assigned in insert_to_pci_devfn(), where it can still be refused: the
toolstack is told by the state pci-insert-failed, at once.
END

take $hooks
commit <<'END'
pass-through: build it

One list of objects, pt-objects.mak. The compiler is asked for libpci's
headers: on Debian and others they are not in /usr/include/pci.
END

# A file that is in no step would be missing in the user's tree.
rest=$(left)
[ -z "$rest" ] || die "in no patch: $rest"

# -------------------------------------------------------------------- out

git -C "$tree" format-patch -q --no-signature --zero-commit --full-index \
    --no-renames --diff-algorithm=myers -o "$tmp/out" "$base"
mkdir -p "$out"
rm -f "$out"/[0-9][0-9][0-9][0-9]-pass-through-*.patch
cp "$tmp"/out/*.patch "$out"
for f in "$tmp"/out/*.patch; do
    echo "series: $out/${f##*/}"
done
