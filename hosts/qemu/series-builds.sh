#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does QEMU of a release of Debian build with each patch of the series?
#
#     series-builds.sh [RELEASE] [place|beside]...      default: both
#
#   place     ours is xen-pci-passthrough, QEMU's own is not built
#   beside    QEMU's own has this name, and ours another
#
# After each patch our objects are compiled, and those of hw/xen; a warning in
# ours is an error. At the end no symbol may be in two of them. FULL=yes links
# the program, too, and asks it which devices it has.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=hosts/qemu/build.sh
. "$here/build.sh"
note() { echo "series: $*" >&2; }
die()  { echo "series: $*" >&2; exit 1; }

export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null \
    GIT_AUTHOR_NAME=pass-through GIT_AUTHOR_EMAIL=pass-through@localhost \
    GIT_COMMITTER_NAME=pass-through GIT_COMMITTER_EMAIL=pass-through@localhost
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# in_tree COMMAND...: git in $src, whose repository is elsewhere: for a git
# tree QEMU's configure has other defaults. It knows of hw/xen/meson.build.
in_tree()
{
    (cd "$src" && git --git-dir="$place/git" --work-tree="$src" "$@")
}

# fresh_tree: QEMU's source as it was, in $src; what has not changed keeps its
# date.
fresh_tree()
{
    # shellcheck disable=SC2154  # find_version's
    [ -d "$src" ] || cp -al "$tree/src" "$src" || return
    rm -rf "$src/hw/xen/pass-through" "$place/git"
    put "$src/hw/xen/meson.build" <"$tree/meson.build"
    git --git-dir="$place/git" --work-tree="$src" init -q
    in_tree add hw/xen/meson.build
    in_tree commit -q -m QEMU
}

# xen_objects: those of hw/xen and ours, of any of our steps.
xen_objects()
{
    ninja -C "$place/build" -t targets all |
        sed -n 's,^\([^:]*\(hw_xen_\|pass-through\)[^:]*\.[oa]\): .*,\1,p'
}

compile_step()
{
    use_python "$src" && configure "$src" "$place/build" &&
        ninja -C "$place/build" build.ninja || return
    # shellcheck disable=SC2046  # a list of objects
    nice -n 10 ninja -C "$place/build" -j "$(jobs_at_once)" $(xen_objects)
}

# step PATCH
step()
{
    local log=$place/log start=$SECONDS
    in_tree am -q --whitespace=error-all "$1" ||
        die "$mode: does not apply: ${1##*/}"
    if ! (compile_step) >"$log" 2>&1; then
        show_errors "$log"
        die "$mode: does not build: ${1##*/}; log: $log"
    fi
    are_clean "$place/build" "$log" || die "$mode: ${1##*/}"
    note "$mode: ${1##*/}: $((SECONDS - start)) s"
}

# wanted: the names of devices that there are to be.
wanted()
{
    [ "$mode" = place ] || echo xen-pci-pass-through
    echo xen-pci-passthrough
}

# named: is ours the first of these?
named()
{
    grep -q "\"$(wanted | head -n 1)\"" \
        "$place/build/hw/xen/pass-through/pt-qemu-name.h"
}

# linked: do all of hw/xen go together?
linked()
{
    xen_objects | grep '\.o$' |
        (cd "$place/build" && xargs ld -r -o "$place/all.o") &&
        rm -f "$place/all.o"
}

# devices: the names that the program has.
devices()
{
    local run=()
    [ -z "$SYSROOT" ] || run=("$SYSROOT/lib64/ld-linux-x86-64.so.2"
        --library-path "$SYSROOT/usr/lib/x86_64-linux-gnu")
    "${run[@]}" "$place/build/$PROGRAM" -device help |
        sed -n 's/^name "\(xen-pci[^"]*\)".*/\1/p' | LC_ALL=C sort
}

program()
{
    local has
    note "$mode: compiling the program"
    nice -n 10 ninja -C "$place/build" -j "$(jobs_at_once)" "$PROGRAM" \
        >"$place/log" 2>&1 || { show_errors "$place/log"; exit 1; }
    has=$(devices)
    [ "$has" = "$(wanted)" ] || die "$mode: the program has $(echo "$has" | xargs)"
}

# check_mode: all patches, one after the other.
check_mode()
{
    local src=$place/src patch i
    for i in "${!OPTIONS[@]}"; do
        [ "${OPTIONS[i]}" != --disable-xen-pci-passthrough ] ||
            [ "$mode" = place ] || OPTIONS[i]=--enable-xen-pci-passthrough
    done
    # As build() has it.
    CC=${CC:-$(command -v cc || command -v gcc)}
    export CC PATH=/usr/bin:/bin:$PATH
    fresh_tree || die "cannot make $src"
    "$here/series.sh" "$src" "$place/patches" 2>"$place/log" >&2 || {
        cat "$place/log" >&2
        exit 1
    }
    for patch in "$place"/patches/*.patch; do step "$patch"; done
    named || die "$mode: ours is not $(wanted | head -n 1)"
    linked || die "$mode: does not link"
    [ -z "${FULL:-}" ] || program
    echo "builds: $release: QEMU $version, $mode"
}

release=${1:-$(codename)}
shift || true
[ $# != 0 ] || set -- place beside
need git=git "${NEEDS_ARCHIVE[@]}"
if ! prepare "$release" || ! find_version ||
    ! (mkdir -p "$tree" && exec 9>"$tree/lock" && flock 9 && have_source); then
    die "no source of QEMU of $release"
fi
for mode in "$@"; do
    place=$tree/series-$mode
    case $mode in place | beside) ;; *) die "no such mode: $mode" ;; esac
    (mkdir -p "$place" && exec 9>"$place/lock" && flock 9 && check_mode)
done
