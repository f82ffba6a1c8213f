#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build QEMU's qemu-system-i386 for Xen with our xen-pci-passthrough in the
# place of its own, and print where the program is: `make qemu`.
#
#   build.sh        from the distribution's source package, by apt-get
#   build.sh DIR    from a copy of your own QEMU tree, which stays as it is
#   build.sh --release RELEASE [DIR]
#                   the same for the Xen of a release of Debian, with its
#                   libraries, and without DIR its QEMU: make check-xen
#   build.sh --sysroot RELEASE
#                   fetch these libraries, and print where they are
#   build.sh --compile [DIR | RELEASE...]
#                   our files only, against the headers of a tree, or of the
#                   QEMU of Debian's releases (this one's): make qemu-compile
#
# Into the source go our files, as hw/xen/pass-through/, and one line at the
# end of hw/xen/meson.build. Everything is made below $XDG_CACHE_HOME:
#
#   apt*/           what the archive has: a private sources list and its index
#   python-*/       a newer meson than this machine's, where QEMU wants one
#   sysroot-*/      headers and libraries of another release
#   tree-KEY/       source and build tree of a version with its options; when
#                   our files change, only these are compiled again
#   out-KEY/        the program, by everything that it was made from; with
#                   `sysroot`, where the libraries are, if not this machine's
#   user-KEY/       all of it for a tree of your own
#
# JOBS: compilations at once (make's -j, or the processors). FEATURES: full
# or minimal, see README.md.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pci-passthrough/qemu
# What it takes to build QEMU, and to fetch its source, for install-deps.
NEEDS=(
    stdio.h=libc6-dev pkg-config=pkg-config meson=meson ninja=ninja-build
    ensurepip.py=python3-venv distlib.py=python3-distlib
    glib-2.0.pc=libglib2.0-dev pixman-1.pc=libpixman-1-dev
    "libfdt.h,-lfdt=libfdt-dev" "xenctrl.h,-lxenctrl=libxen-dev"
    "pci/pci.h,-lpci=libpci-dev" "zlib.h,-lz=zlib1g-dev"
    "ini.h,-linih=libinih-dev"
)
NEEDS_ARCHIVE=(apt-get=apt dpkg-source=dpkg-dev)

note() { echo "qemu: $*" >&2; }
die()  { echo "qemu: $*" >&2; exit 1; }

# shellcheck source=hosts/qemu/lib-tree.sh
. "$here/lib-tree.sh"
# shellcheck source=hosts/qemu/lib-archive.sh
. "$here/lib-archive.sh"
# shellcheck source=hosts/qemu/lib-unpack.sh
. "$here/lib-unpack.sh"
# shellcheck source=hosts/qemu/lib-sysroot.sh
. "$here/lib-sysroot.sh"

# need CHECK=PACKAGE...: of the system's own Python, as build() has it.
need()
{
    PATH=/usr/bin:/bin:$PATH "$top/scripts/install-deps" "$@" ||
        die "not all is here that is needed"
}

# prepare [RELEASE]: what is compiled here is for this release, or for another.
prepare()
{
    local needs
    SUITE=${1:-}
    [ "$SUITE" != "$(codename)" ] || SUITE=
    if [ -n "$SUITE" ]; then
        mapfile -t needs < <(needs_of_tools)
        need "${needs[@]}" "${NEEDS_ARCHIVE[@]}"
        use_sysroot || return
    else
        need "${NEEDS[@]}"
    fi
    set_options
}

# publish FROM DIR: the program without its symbol table, as DIR/PROGRAM.
publish()
{
    local temp
    temp=$(mktemp -d "$CACHE/.out.XXXXXX")
    [ -z "$SYSROOT" ] || ln -s "$SYSROOT" "$temp/sysroot"
    strip -o "$temp/$PROGRAM" "$1"
    chmod 755 "$temp" "$temp/$PROGRAM"
    rm -rf "$2"
    mv -T "$temp" "$2"
    # Programs of earlier states of our files go after a while.
    find "$CACHE" -maxdepth 1 -name 'out-*' -mtime +30 -exec rm -rf {} +
}

# ------------------------------------------------------------ the archive's

# have_source: of the archive's QEMU, as $tree/src; and what we write over.
have_source()
{
    fetch_source "$tree/src" || return
    [ -f "$tree/meson.build" ] ||
        put "$tree/meson.build" <"$tree/src/hw/xen/meson.build"
}

# compile_tree program|objects: of the archive's QEMU in $tree, one at a time.
# 2: its source is not to be had.
compile_tree()
{
    (
        mkdir -p "$tree" && exec 9>"$tree/lock" && flock 9 || exit 1
        have_source || exit 2
        overlay "$tree/src" <"$tree/meson.build" || exit 1
        compile "$tree/src" "$tree/build" "$tree/log" "$1"
    )
}

# find_version: $version of QEMU in the archive (of $SUITE), and its $tree.
find_version()
{
    refresh_index || return
    version=$(source_version)
    [ -n "$version" ] || {
        note "apt-get knows no source package qemu${SUITE:+ of $SUITE}"
        return 1
    }
    tree=$CACHE/tree-$(echo "$version ${OPTIONS[*]}" | hash)
}

from_archive()
{
    local version tree out
    need "${NEEDS_ARCHIVE[@]}"
    find_version || exit 1
    out=$CACHE/out-$( (echo "$tree" && meson_build &&
        cat "$here/build.sh" "$here"/lib-*.sh && cd "$top" &&
        ours | xargs cat) | hash)
    if [ ! -x "$out/$PROGRAM" ]; then
        compile_tree program || exit
        publish "$tree/build/$PROGRAM" "$out"
    fi
    touch "$out"
    note "QEMU $version with pass-through:"
    echo "$out/$PROGRAM"
}

# compile_release RELEASE: prints one line, what came of it. 2: there is no
# source to be had.
compile_release()
{
    local version tree rc=0
    if ! prepare "$1" || ! find_version; then
        echo "not compiled: $1: no source"
        return 2
    fi
    compile_tree objects || rc=$?
    case $rc in
    0) echo "compiled: $1: QEMU $version" ;;
    2) echo "not compiled: $1: QEMU $version: no source" ;;
    *) echo "failed: $1: QEMU $version" ;;
    esac
    return "$rc"
}

# compile_releases [RELEASE...]: those that were named are to compile; one with
# a question mark, if its source can be fetched.
compile_releases()
{
    local release rc bad=0
    need "${NEEDS_ARCHIVE[@]}"
    for release in "${@:-$(codename)}"; do
        rc=0
        (compile_release "${release%\?}") || rc=$?
        case $rc/$release in
        0/* | 2/*\?) ;;
        *) bad=1 ;;
        esac
    done
    exit $bad
}

# ------------------------------------------------------------ a user's tree

# from_tree DIR program|objects
from_tree()
{
    local from dir
    need rsync=rsync
    from=$(cd "$1" && pwd)
    if [ ! -f "$from/VERSION" ] || [ ! -f "$from/hw/xen/meson.build" ]; then
        die "$from is no source tree of QEMU"
    fi
    dir=$CACHE/user-$(echo "$from ${OPTIONS[*]}" | hash)
    mkdir -p "$dir/src"
    exec 9>"$dir/lock"
    flock 9
    note "copying $from to $dir/src"
    rsync -a --delete --exclude=/.git --exclude=/build \
        --exclude=/hw/xen/pass-through --exclude=/hw/xen/meson.build \
        "$from/" "$dir/src/"
    overlay "$dir/src" <"$from/hw/xen/meson.build"
    compile "$dir/src" "$dir/build" "$dir/log" "$2" || exit 1
    if [ "$2" = objects ]; then
        echo "compiled: $from: QEMU $(cat "$from/VERSION")"
        return
    fi
    publish "$dir/build/$PROGRAM" "$dir/out"
    note "QEMU $(cat "$from/VERSION") of $from with pass-through:"
    echo "$dir/out/$PROGRAM"
}

# from [DIR]: the program, of your tree or of the archive's.
from()
{
    if [ -n "${1:-}" ]; then from_tree "$1" program; else from_archive; fi
}

main()
{
    case ${1:-} in
    --compile)
        shift
        [ -d "${1:-}" ] || compile_releases "$@"
        prepare && from_tree "$1" objects ;;
    --sysroot)
        prepare "$2" || exit 1
        echo "${SYSROOT:-/}" ;;
    --release)
        prepare "$2" || exit 1
        shift 2
        from "$@" ;;
    *)
        prepare
        from "$@" ;;
    esac
}

# One line, read at once: the file may change while it runs.
[ "${BASH_SOURCE[0]}" != "$0" ] || { main "$@"; exit; }
