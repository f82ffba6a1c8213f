#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build QEMU's qemu-system-i386 for Xen with our xen-pci-passthrough in the
# place of its own, and print where the program is: `make qemu`.
#
#   build.sh        from Debian's source package, fetched with apt-get
#   build.sh DIR    from a copy of your own QEMU tree, which stays as it is
#
# Into the source go our files, as hw/xen/pass-through/, and one line at the
# end of hw/xen/meson.build. Everything is made below $XDG_CACHE_HOME:
#
#   apt/            what the archive has: a private sources list and its index
#   tree-KEY/       source and build tree of a version with its options; when
#                   our files change, only these are compiled again
#   out-KEY/        the program, by everything that it was made from
#   user-KEY/       all of it for a tree of your own
#
# JOBS: compilations at once (2).

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pci-passthrough/qemu
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
PROGRAM=qemu-system-i386
LINE="subdir('pass-through')"
# What it takes to build QEMU, and to fetch Debian's, for install-deps.
NEEDS=(
    stdio.h=libc6-dev pkg-config=pkg-config meson=meson ninja=ninja-build
    ensurepip.py=python3-venv distlib.py=python3-distlib
    glib-2.0.pc=libglib2.0-dev pixman-1.pc=libpixman-1-dev
    "libfdt.h,-lfdt=libfdt-dev" "xenctrl.h,-lxenctrl=libxen-dev"
    "pci/pci.h,-lpci=libpci-dev" "zlib.h,-lz=zlib1g-dev"
)
NEEDS_DEBIAN=(
    apt-get=apt dpkg-source=dpkg-dev "$KEYRING=debian-archive-keyring"
)
# Xen's guests have a VNC display unless they say otherwise. Data files are
# those of Debian's own QEMU: outside of the prefix, QEMU looks for them where
# they are, wherever the program itself is.
OPTIONS=(
    --prefix=/usr/lib/pci-passthrough --datadir=/usr/share
    --firmwarepath=/usr/share/qemu:/usr/share/seabios:/usr/lib/ipxe/qemu
    --target-list=i386-softmmu --without-default-features
    --enable-system --disable-user --enable-xen --disable-xen-pci-passthrough
    --enable-fdt=system --enable-vnc --disable-docs --disable-tools
    --disable-guest-agent --disable-install-blobs --disable-debug-info
    --disable-werror
)

note() { echo "qemu: $*" >&2; }
die()  { echo "qemu: $*" >&2; exit 1; }

# need CHECK=PACKAGE...: of the system's own Python, as compile() has it.
need()
{
    PATH=/usr/bin:/bin:$PATH "$top/scripts/install-deps" "$@" ||
        die "not all is here that is needed"
}

# hash: what standard input amounts to, short enough for a file's name.
hash()
{
    sha256sum | cut -c 1-20
}

# hook VARIABLE...: what xen-hooks.mak, the one list, has in them.
hook()
{
    local name words=''
    for name; do words+=" \$($name)"; done
    printf 'include %s\nprint: ; @echo %s\n' "$top/xen-hooks.mak" "$words" |
        env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -f - print
}

# ------------------------------------------------------------ our files

# ours: the files that go into QEMU's tree, from the top of our own.
ours()
{
    local object
    for object in $(hook PT_OBJS PT_HOST_OBJS PT_XEN_OBJS); do
        echo "hw/${object%.o}.c"
    done
    (cd "$top" && ls hw/*.h hosts/qemu/*.c hosts/qemu/*.h)
}

# The overlay's meson.build. `softmmu_ss` became `system_ss` in QEMU 8.2.
meson_build()
{
    local file lib
    echo "# Written by pass-through's hosts/qemu/build.sh."
    echo "pass_through = files("
    for file in $(ours); do
        case $file in *.c) echo "  '$(basename "$file")'," ;; esac
    done
    echo ")"
    echo "pass_through_libs = []"
    for lib in $(hook PT_HOST_LIBS PT_XEN_LIBS); do
        echo "pass_through_libs += cc.find_library('${lib#-l}')"
    done
    cat <<-'MESON'
	if is_variable('system_ss')
	  system_ss.add(when: ['CONFIG_XEN', xen],
	                if_true: [pass_through, pass_through_libs])
	else
	  softmmu_ss.add(when: ['CONFIG_XEN', xen],
	                 if_true: [pass_through, pass_through_libs])
	endif
	MESON
}

# put FILE: standard input into FILE, whose date changes only with it.
put()
{
    local new
    new=$(mktemp "$(dirname "$1")/.new.XXXXXX")
    cat >"$new"
    chmod 644 "$new"
    if cmp -s "$new" "$1"; then rm -f "$new"; else mv -f "$new" "$1"; fi
}

# overlay SRC: our files and the one line, into QEMU's source. SRC's own
# hw/xen/meson.build comes on standard input.
overlay()
{
    local dir=$1/hw/xen/pass-through file old wanted=' meson.build '
    mkdir -p "$dir"
    for file in $(ours); do
        put "$dir/$(basename "$file")" <"$top/$file"
        wanted+="$(basename "$file") "
    done
    meson_build | put "$dir/meson.build"
    for old in "$dir"/*; do
        case $wanted in *" $(basename "$old") "*) ;; *) rm -f "$old" ;; esac
    done
    { grep -vxF "$LINE" || true; echo "$LINE"; } | put "$1/hw/xen/meson.build"
}

# ------------------------------------------------------------ build

# configure SRC BUILD: once a build tree; ninja follows changes by itself.
configure()
{
    local options=("${OPTIONS[@]}")
    [ ! -f "$2/.configured" ] || return 0
    # Until QEMU 8.0 it wants to be told where meson is; later versions find
    # one, and have an option for pixman, which VNC needs.
    ! grep -q -e '--meson=' "$1/configure" || options+=(--meson=/usr/bin/meson)
    ! grep -q "option('pixman'" "$1/meson_options.txt" ||
        options+=(--enable-pixman)
    rm -rf "$2"
    mkdir -p "$2"
    note "configuring QEMU $(cat "$1/VERSION")"
    (cd "$2" && "$1/configure" "${options[@]}") && touch "$2/.configured"
}

# compile SRC BUILD LOG: quietly, unless it fails.
compile()
{
    # The system's Python has the modules that the system's meson needs.
    if ! (export PATH=/usr/bin:/bin:$PATH && configure "$1" "$2" &&
        note "compiling $PROGRAM (log: $3)" &&
        nice -n 10 ninja -C "$2" -j "${JOBS:-2}" "$PROGRAM") >"$3"; then
        grep -B 2 -A 12 'FAILED:\|error:\|ERROR:' "$3" | tail -n 60 >&2
        die "failed; log: $3"
    fi
    # QEMU builds without -Werror; our files are to be clean all the same.
    if grep -A 6 'pass-through/[^ ]*: warning:' "$3" >&2; then
        note "our files have warnings"
    fi
}

# ------------------------------------------------------------ Debian's source

# apt ARGUMENT...: apt-get with a sources list and indexes of our own.
apt()
{
    apt-get -q -o Dir::Etc::sourcelist="$CACHE/apt/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root \
        -o Dir::State::lists="$CACHE/apt/lists" \
        -o Dir::Cache="$CACHE/apt/cache" "$@"
}

# The system's own mirrors, for sources. A week-old index still serves when
# there is no network.
refresh_index()
{
    local signed=
    # shellcheck disable=SC2016  # apt-get's variables, not the shell's
    local format='$(ORIGIN) $(COMPONENT) $(REPO_URI) $(RELEASE)'
    mkdir -p "$CACHE"/apt/{lists,cache/archives}/partial
    [ -n "${1:-}" ] || [ -z "$(find "$CACHE/apt/fresh" -mtime -7 \
        2>/dev/null)" ] || return 0
    [ ! -f "$KEYRING" ] || signed=" [signed-by=$KEYRING]"
    apt-get indextargets --format "$format" 'Created-By: Packages' |
        sort -u | sed -n "s|^Debian main |deb-src$signed |p" |
        sed 's/$/ main/' | put "$CACHE/apt/sources.list"
    [ -s "$CACHE/apt/sources.list" ] ||
        die "apt-get knows no Debian mirror: run apt-get update once"
    note "fetching the index of Debian's source packages"
    if apt update >&2; then
        touch "$CACHE/apt/fresh"
    elif [ ! -f "$CACHE/apt/fresh" ]; then
        die "apt-get update failed"
    fi
}

# The version that the archive has.
debian_version()
{
    apt source --print-uris qemu 2>/dev/null |
        sed -n "s/^'[^']*' qemu_\(.*\)\.dsc .*/\1/p" | head -n 1
}

# fetch_source DIR: Debian's source, unpacked and patched, as DIR.
fetch_source()
{
    local temp
    [ ! -d "$1" ] || return 0
    temp=$(mktemp -d "$(dirname "$1")/.src.XXXXXX")
    note "fetching the source of QEMU $version"
    if ! (cd "$temp" && apt source --download-only qemu) >&2; then
        refresh_index now               # it has moved on
        (cd "$temp" && apt source --download-only qemu) >&2 ||
            die "cannot fetch QEMU's source"
    fi
    dpkg-source --no-check -x "$temp"/qemu_*.dsc "$temp/src" >&2
    mv -T "$temp/src" "$1"
    rm -rf "$temp"
}

# publish FROM DIR: the program without its symbol table, as DIR/PROGRAM.
publish()
{
    local temp
    temp=$(mktemp -d "$CACHE/.out.XXXXXX")
    strip -o "$temp/$PROGRAM" "$1"
    chmod 755 "$temp" "$temp/$PROGRAM"
    rm -rf "$2"
    mv -T "$temp" "$2"
    # Programs of earlier states of our files go after a while.
    find "$CACHE" -maxdepth 1 -name 'out-*' -mtime +30 -exec rm -rf {} +
}

from_debian()
{
    local version tree out
    refresh_index
    version=$(debian_version)
    [ -n "$version" ] || die "apt-get knows no source package qemu"
    tree=$CACHE/tree-$(echo "$version ${OPTIONS[*]}" | hash)
    out=$CACHE/out-$( (echo "$tree" && meson_build && cat "$here/build.sh" &&
        cd "$top" && ours | xargs cat) | hash)
    if [ ! -x "$out/$PROGRAM" ]; then
        mkdir -p "$tree"
        exec 9>"$tree/lock"
        flock 9
        fetch_source "$tree/src"
        [ -f "$tree/meson.build" ] ||
            put "$tree/meson.build" <"$tree/src/hw/xen/meson.build"
        overlay "$tree/src" <"$tree/meson.build"
        compile "$tree/src" "$tree/build" "$tree/log"
        publish "$tree/build/$PROGRAM" "$out"
    fi
    touch "$out"
    note "QEMU $version with pass-through:"
    echo "$out/$PROGRAM"
}

from_tree()
{
    local from dir
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
    compile "$dir/src" "$dir/build" "$dir/log"
    publish "$dir/build/$PROGRAM" "$dir/out"
    note "QEMU $(cat "$from/VERSION") of $from with pass-through:"
    echo "$dir/out/$PROGRAM"
}

main()
{
    need "${NEEDS[@]}"
    if [ -n "${1:-}" ]; then
        need rsync=rsync
        from_tree "$1"
    else
        need "${NEEDS_DEBIAN[@]}"
        from_debian
    fi
}

# One line, read at once: the file may change while it runs.
main "$@"; exit
