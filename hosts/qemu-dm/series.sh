#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The overlay as patches for `git am`, against a user's tree:
#
#     series.sh DIR OUT
#
# Each step builds, and compiles what it adds: the old files make room for the
# names of the new ones and stay in use; the new ones are compiled beside them
# from the step on that brings them; one step switches over, the last deletes
# the old. What is in which step follows from the list of objects and from
# #include.
#
# Author and date are the user's, as git has them; SIGNOFF=1 signs off. DIR is
# only read.
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
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
LC_ALL=C
export LC_ALL

who=$(git -C "$dir" var GIT_AUTHOR_IDENT 2>"$tmp/why") || {
    cat "$tmp/why" >&2
    die "git does not know who you are: set user.name and user.email"
}
GIT_AUTHOR_NAME=${who%% <*}
GIT_AUTHOR_EMAIL=${who#*<}
GIT_AUTHOR_DATE=@${GIT_AUTHOR_EMAIL#*> }
GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL%>*}
# Who it is comes from the user's settings; what patches look like does not.
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=/dev/null
GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME
GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_AUTHOR_NAME \
    GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL \
    GIT_COMMITTER_DATE

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

# ------------------------------------------------------------------ lists

# What ours has in hw/, and what of that is in the place of the tree's.
ours=$(cut -d' ' -f3 "$final/.pt-overlay/list" | grep '^hw/')
old=$(sed -n 's/.* replaced \(hw\/\)/\1/p' "$final/.pt-overlay/list")

objects() { # LIST [STUBDOM]: the sources of this list of objects
    printf '%s\n' "include $final/pt-objects.mak" "all:;@echo \$($1)" |
        make -s -f - CONFIG_STUBDOM="${2:-}" | tr -s ' ' '\n' |
        sed 's|^|hw/|; s|[.]o$|.c|' | sort -u
}

without() { # LIST: of the lines on stdin those that are not in it
    grep -vxF "$1" || true
}

inc='[[:space:]]*#[[:space:]]*include[[:space:]]*"'
includes() { # FILE: headers of ours that it includes
    sed -n "s|^$inc\([^\"]*\)\".*|hw/\\1|p" "$final/$1" |
        grep -xF "$ours" || true
}

closure() { # FILE...: they and all headers of ours that they need
    todo=$*
    seen=
    while [ -n "$todo" ]; do
        seen=$(printf '%s\n' $seen $todo | sort -u)
        todo=$(for f in $todo; do includes "$f"; done | without "$seen")
    done
    echo "$seen"
}

having() { # PATTERN FILE...: those with such a line
    (cd "$final" && grep -lE "$@") || true
}

engine=$(objects PT_OBJS)
host=$(objects PT_HOST_OBJS; objects PT_NOLIB_OBJS)
stub=$(objects PT_DM_HOST_OBJS 1)
glue=$(objects PT_DM_GLUE)
# What does not know of an assigned device is of use to the real one.
low=$(for f in $engine; do
    closure "$f" | grep -qx hw/pass-through.h || echo "$f"
done)
near=$(printf '%s\n' $low $host $stub $(objects PT_XEN_OBJS))
engine=$(echo "$engine" | without "$low")
irq=$(having '^#include "pt-irq.h"' $engine)
engine=$(echo "$engine" | without "$irq")
tables=$(having '^const struct pt_group pt_group_' $engine)
engine=$(echo "$engine" | without "$tables")

# ------------------------------------------------------------------ steps

commit() { # with the message on stdin
    git -C "$tree" add -A
    git -C "$tree" commit -q ${SIGNOFF:+--signoff} -F -
}

names() { # PREFIX FILE...: the objects of these sources
    prefix=$1
    shift
    printf '%s\n' "$@" |
        sed -n "s|^hw/\(.*\)[.]c\$|$prefix\1.o|p" | paste -sd ' '
}

also() { # FILE...: compiled from this step on; prints their objects
    for f; do
        o=$(names '' "$f")
        if echo "$host" | grep -qxF "$f"; then
            # shellcheck disable=SC2016 # it is make's
            printf '$(if $(CONFIG_STUBDOM),,%s)\n' "$o"
        elif echo "$stub" | grep -qxF "$f"; then
            # shellcheck disable=SC2016
            printf '$(if $(CONFIG_STUBDOM),%s)\n' "$o"
        else
            echo "$o"
        fi
    done | paste -sd ' '
}

added=
list() { # PREFIX: pt-objects.mak, with the old objects of this name in use
    echo "# Pass-through's objects."
    echo "PT_DM_OBJS := $(names "$1" $old)"
    echo
    sed -n '/^PT_HAVE_LIBPCI/,/[^\\]$/p' "$final/pt-objects.mak"
    [ -n "$added" ] || return 0
    cat <<END

# Those that will be in their place: compiled with them, and not linked.
PT_NEW := $(also $added)
PT_GOAL := \$(.DEFAULT_GOAL)
$(names "$1" hw/pass-through.c): | \$(PT_NEW)
.DEFAULT_GOAL := \$(PT_GOAL)
END
}

add() { # SOURCE...: they and their headers; the message on stdin
    for f in $(closure "$@"); do
        cp "$final/$f" "$tree/$f"
    done
    added="$added $*"
    list old- >"$tree/pt-objects.mak"
    commit
}

comment() { # FILE: its first comment, without what is not text
    sed -n '2,/\*\//p' "$final/$1" |
        sed 's|^/\* *||; s| *\*/$||; s|^ \* *||; s|^ \*$||' | sed '1{/^$/d}'
}

for f in xen-hooks.mak Makefile.target; do
    cp "$final/$f" "$tree/$f"
done
list '' >"$tree/pt-objects.mak"
commit <<'END'
pass-through: one list of objects

It is pt-objects.mak. The compiler is asked for libpci's headers: on Debian
and others they are not in /usr/include/pci.
END

for f in $old; do
    mv "$tree/$f" "$tree/hw/old-${f#hw/}"
done
for f in $old; do
    name=${f#hw/}
    case $f in
    *.h)
        for g in $old; do
            g=$tree/hw/old-${g#hw/}
            sed -E "s|^($inc)(hw/)?$name\"|\\1\\2old-$name\"|" "$g" \
                >"$tmp/edit"
            cat "$tmp/edit" >"$g"
        done
        echo "#include \"old-$name\"" >"$tree/$f" ;;
    esac
done
list old- >"$tree/pt-objects.mak"
commit <<'END'
pass-through: make room

Device assignment is written anew, by tables. Some of the new files have the
names of old ones, which step aside and stay in use until the new ones are
complete.
END

add $near <<'END'
pass-through: the real device and the hypervisor

Each is behind a small table of functions: libpci with sysfs, and libxenctrl.
libpci is not touched before a device is assigned, and its errors do not end
the process. Pirqs above 255 and segments above 0 work.
END

add $engine <<'END'
pass-through: the configuration space of an assigned device

A register's policy is a row of a table: which bits are the guest's own copy,
read-only, cleared by writing 1, or reserved. At attach the rows are compiled
into byte arrays; an access of any width and alignment is then split, masked
and merged in one place, and costs the device one read and one write at most.
END

for f in $tables; do
    {
        printf 'pass-through: the table of %s\n\n' "${f#hw/}"
        comment "$f"
    } >"$tmp/said"
    add "$f" <"$tmp/said"
done

add $irq <<'END'
pass-through: interrupts

INTx, MSI, MSI-X and MSI-INTx translation: what the guest wants and what Xen
has been told are kept apart, and one function brings the second to the first.
Message addresses, data and mask bits of the device are Xen's (XSA-129).
END

add $glue <<'END'
pass-through: the device model's side

Slots by devfn, the toolstack's request, trapped memory, graphics. A device
is assigned in insert_to_pci_devfn(), where it can still be refused: the
toolstack is told by the state pci-insert-failed, at once.
END

cp "$final/pt-objects.mak" "$tree/pt-objects.mak"
commit <<'END'
pass-through: switch to the new

The list of objects is the new ones'. The old ones are not built any more.
END

for f in $old; do
    rm "$tree/hw/old-${f#hw/}"
done
commit <<'END'
pass-through: remove the old

Nothing uses these files since the last step.
END

# A file that is in no step would be missing in the user's tree.
rest=$(diff -rq -x .git -x .pt-overlay "$tree" "$final" || true)
[ -z "$rest" ] || die "in no patch: $rest"

# -------------------------------------------------------------------- out

git -C "$tree" format-patch -q --no-signature --zero-commit --full-index \
    --find-renames --diff-algorithm=myers -o "$tmp/out" "$base"
mkdir -p "$out"
rm -f "$out"/[0-9][0-9][0-9][0-9]-pass-through-*.patch
cp "$tmp"/out/*.patch "$out"
for f in "$tmp"/out/*.patch; do
    echo "series: $out/${f##*/}"
done
