#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2317  # what with() and ok() call
# make qemu's scripts, without QEMU's source: its files, its choice of sources,
# what it makes of warnings. All in a checkout with a space in its name.
set -u
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL JOBS FEATURES SRC
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TMPDIR=$tmp
. tests/lib-tap.sh

here="$tmp/a check out"
mkdir -p "$here/hosts" "$here/scripts"
cp -R hw xen-hooks.mak "$here"
cp -R hosts/qemu hosts/common "$here/hosts"
# Nothing is installed here.
printf '#!/bin/sh\nexit 0\n' >"$here/scripts/install-deps"
chmod +x "$here/scripts/install-deps"
export XDG_CACHE_HOME="$tmp/cache" HOME="$tmp"

# with COMMANDS: in a shell of its own that has the scripts' functions.
with() {
    bash -c '. "$0/hosts/qemu/build.sh"; '"$1" "$here" "${@:2}"
}

is() { # WANTED COMMANDS: print WANTED
    local got
    got=$(with "$2" 2>"$tmp/err")
    [ "$got" = "$1" ] || { echo "got: $got"; cat "$tmp/err"; return 1; }
}

fails() { # WORDS COMMANDS: fail, and say WORDS
    if with "$2" >"$tmp/said2" 2>&1; then echo "it did it"; return 1; fi
    cat "$tmp/said2"
    grep -q -- "$1" "$tmp/said2"
}

# ------------------------------------------------------------ overlay

tree="$tmp/a tree"
mkdir -p "$tree/hw/xen"
echo 7.2.22 >"$tree/VERSION"
echo "xen = 1" >"$tree/hw/xen/meson.build"
cp -R "$tree" "$tmp/over"
over="overlay '$tmp/over' <'$tree/hw/xen/meson.build'"
ours=$tmp/over/hw/xen/pass-through

ok "overlay from below a directory with a space" with "$over"
ok "it has the engine" cmp hw/pass-through.c "$ours/pass-through.c"
ok "and the glue" cmp hosts/qemu/pt-qemu.c "$ours/pt-qemu.c"
listed() {
    local f
    for f in "$ours"/*.c; do
        grep -q "'${f##*/}'" "$ours/meson.build" || { echo "$f"; return 1; }
    done
    grep -q "find_library('pci')" "$ours/meson.build" &&
        grep -q "find_library('inih')" "$ours/meson.build" &&
        [ -f "$ours/pt-conf.c" ] && [ -f "$ours/pt-conf-int.h" ]
}
ok "each is listed for meson, with libpci, libinih" listed
ok "one line is added" test "$(cat "$tmp/over/hw/xen/meson.build")" = "xen = 1
subdir('pass-through')"
touch -d '2001-01-01' "$ours"/*
echo '/* old */' >"$ours/pt-gone.c"
ok "overlay again" with "$over"
unchanged() { [ -z "$(find "$ours" -type f -newermt 2001-01-02)" ]; }
ok "what has not changed keeps its date" unchanged
ok "what is no more ours is gone" test ! -e "$ours/pt-gone.c"
mv "$here/xen-hooks.mak" "$tmp/hooks"
ok "without the list of objects it fails" fails "cannot list" \
    "$over || exit 1"
mv "$tmp/hooks" "$here/xen-hooks.mak"

# ------------------------------------------------------------ the user's tree

# Without apt-get and dpkg, and with a compilation that is played.
mkdir "$tmp/bin"
for tool in bash sh awk basename cat chmod cmp cp cut dirname env find flock \
    grep head id ls make mkdir mktemp mv nproc rm rsync sed sha256sum sort \
    tail touch tr xargs; do
    path=$(command -v $tool) && ln -s "$path" "$tmp/bin/$tool"
done
played='set -e; compile() { mkdir -p "$2"; echo made >"$2/$PROGRAM"; }
strip() { cp "$3" "$2"; }'
if command -v rsync >/dev/null; then
    ok "SRC with a space, and no apt-get, no dpkg" with \
        "PATH='$tmp/bin'; $played; p=\$(main '$tree') && cat \"\$p\""
    ok "the tree stays as it is" \
        test "$(cat "$tree/hw/xen/meson.build")" = "xen = 1"
fi
ok "what is no tree is refused" fails "no source tree" "main '$tmp'"
ok "without apt-get the archive is refused in words" fails "no apt-get here" \
    "PATH='$tmp/bin'; main"
ok "make hands SRC over in one piece" test "$(make -s qemu SRC='a  b' \
    QEMU_BUILD='printf [%s]')" = '[a  b]'

# ------------------------------------------------------------ sources

cat >"$tmp/archives" <<'END'
Debian main http://mirror/debian/ bookworm bookworm
Debian main http://mirror/debian/ bookworm-backports bookworm-backports
Debian main http://mirror/debian/ bookworm-updates bookworm-updates
Debian main http://mirror/security/ bookworm-security bookworm-security
Debian contrib http://mirror/debian/ bookworm bookworm
nodistro main http://elsewhere/ bookworm bookworm
END
own="own_archives bookworm <'$tmp/archives' | cut -d ' ' -f 4 | sort | xargs"
ok "backports' QEMU is not taken" \
    is "bookworm bookworm-security bookworm-updates" "$own"
ok "nor that of a newer release beside it" \
    is "bookworm bookworm-security bookworm-updates" \
    "{ cat '$tmp/archives'; echo Debian main http://m/ sid sid; } |
        own_archives bookworm | cut -d ' ' -f 4 | sort | xargs"
ok "sid, which os-release calls by another name" is "sid" \
    "echo 'Debian main http://mirror/debian/ sid sid
Debian main http://m/ experimental experimental' |
        own_archives forky | cut -d ' ' -f 4"
ok "Ubuntu has its own" is "noble noble-updates" \
    "printf 'Ubuntu main http://u/ %s %s\n' noble noble noble-updates \
        noble-updates noble-proposed noble-proposed noble-backports \
        noble-backports | own_archives noble | cut -d ' ' -f 4 | xargs"
ok "a Debian release beside this one, from the same mirror" is \
    "deb-src http://mirror/debian/ trixie main
deb http://mirror/debian/ trixie main" \
    "codename() { echo bookworm; }; signed_by() { :; }; SUITE=trixie
    sources_list <'$tmp/archives'"
ok "no mirror of Debian's: none is made up" is "" \
    "codename() { echo noble; }; SUITE=trixie
    echo 'Ubuntu main http://u/ noble noble' | sources_list"
ok "a release without source is named, and is an error" fails \
    "not compiled: trixie: no source" \
    "find_version() { return 1; }; need() { :; }; use_sysroot() { :; }
    compile_releases trixie"
ok "nor without its headers and libraries" fails \
    "not compiled: trixie: no source" \
    "find_version() { :; }; need() { :; }; use_sysroot() { false; }
    codename() { echo bookworm; }; compile_releases trixie"
ok "an upgraded machine had the index of its old release" is \
    "/c/apt-own-forky
/c/apt-sid" "CACHE=/c; codename() { echo forky; }; indexes; SUITE=sid; indexes"
no_source='find_version() { return 1; }; need() { :; }; use_sysroot() { :; }'
ok "but where that was said to be all right" is \
    "not compiled: trixie: no source
0" "$no_source; (compile_releases 'trixie?'); echo \$?"
ok "which a warning never is" fails "failed: trixie: QEMU 9" \
    "find_version() { version=9; }; need() { :; }; prepare() { :; }
    compile_tree() { return 1; }; compile_releases 'trixie?'"

# ------------------------------------------------------------ another release

ok "for another release only tools have to be here" is "meson ninja-build" \
    "need() { printf '%s\n' \"\$@\" | grep -o '=lib.*-dev\|=meson\|=ninja.*' |
        tr -d = | sort | xargs; exit; }
    codename() { echo bookworm; }; prepare trixie"
ok "and for this one headers, too" is "libxen-dev meson ninja-build" \
    "need() { printf '%s\n' \"\$@\" |
        grep -o '=libxen-dev\|=meson\|=ninja.*' | tr -d = | sort | xargs
        exit; }
    codename() { echo trixie; }; prepare trixie"
ok "all of its headers come from there" with \
    'headers_packages | grep -x libxen-dev && headers_packages |
    grep -x libc6-dev'
ok "its libraries go before those beside this machine's gcc" with \
    'SYSROOT=/s; set_options; case "${OPTIONS[*]}" in
    *-cflags=--sysroot=/s\ *-ldflags=--sysroot=/s\ -B/s/usr/lib/*\ -L/s/*) ;;
    *) false ;; esac'
ok "without another release there is no sysroot" with \
    'set_options; case "${OPTIONS[*]}" in *sysroot*) false ;; esac'
if command -v dpkg-deb >/dev/null; then
    mkdir -p "$tmp/p/DEBIAN" "$tmp/p/lib/x" "$tmp/p/usr/lib/x" "$tmp/debs"
    printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@m>
Description: p\n' >"$tmp/p/DEBIAN/control"
    echo here >"$tmp/p/lib/x/libp.so.1"
    ln -s /lib/x/libp.so.1 "$tmp/p/usr/lib/x/libp.so"
    dpkg-deb -b "$tmp/p" "$tmp/debs/p.deb" >/dev/null
    ok "what is unpacked is below usr, and links stay inside" is here \
        "unpack_packages '$tmp/debs' '$tmp/root' && mv '$tmp/root' \
        '$tmp/root2' && cat '$tmp/root2/usr/lib/x/libp.so'"
fi

# ------------------------------------------------------------ series

if command -v git >/dev/null; then
    export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$tmp/gitconfig"
    printf '[user]\nname = Test\nemail = test@localhost\n' >"$tmp/gitconfig"
    git -C "$tree" init -q
    git -C "$tree" add -A
    git -C "$tree" commit -q -m tree
    series=$here/hosts/qemu/series.sh
    ok "a series for git am" "$series" "$tree" "$tmp/patches"
    ok "make series has QEMU= for it" test "$(make -n series QEMU=a OUT=b)" = \
        'hosts/qemu/series.sh "a" "b"'
    ok "the author is git's" test \
        "$(grep -h '^From: ' "$tmp"/patches/* | sort -u)" = \
        "From: Test <test@localhost>"
    ok "the tree stays as it is, too" git -C "$tree" diff --quiet HEAD
    # Each step has what it compiles, and all headers of ours.
    echo "xen = 1" >"$tmp/plain"
    place=hw/xen/pass-through
    mkdir -p "$tmp/o/$place"
    with "overlay '$tmp/o' <'$tmp/plain'"
    complete() {
        local patch name
        for patch in "$tmp"/patches/*; do
            git -C "$tree" am -q --whitespace=error-all "$patch" || return
            (cd "$tree/hw/xen/pass-through" &&
                grep -q '^subdir_done\|^  subdir_done' meson.build &&
                for name in $(sed -n "s/^  '\(.*\.c\)',/\1/p" meson.build) \
                    $(sed -n 's/^#include "\(p[^"/]*\)".*/\1/p' ./*.[ch]); do
                    [ -f "$name" ] || [ ! -f "$tmp/o/$place/$name" ] ||
                        { echo "$patch: no $name"; exit 1; }
                done) || return
        done
    }
    ok "each patch applies, and has what it needs" complete
    ok "together they are the overlay" diff -r "$tmp/o/hw/xen" "$tree/hw/xen"
    ok "of a tree that has them it is the same" "$series" "$tree" "$tmp/again"
    ok "byte for byte but for the date" diff -r -I '^Date: ' "$tmp/patches" \
        "$tmp/again"
    ok "what is no tree has no series" eval "! '$series' '$tmp' '$tmp/none'"
fi

# ------------------------------------------------------------ build

ok "make's -j is ninja's" is 7 \
    "MAKEFLAGS=' -j7 --jobserver-auth=3,4 -- SRC=-j9'; jobs_at_once"
ok "JOBS goes before it" is 3 "JOBS=3 MAKEFLAGS=' -j7'; jobs_at_once"
ok "else there are as many as processors" is "$(nproc)" jobs_at_once
ok "versions are no decimal numbers" with \
    "older 1.0.1 1.5.0 && older 1.9.0 1.10.0 && ! older 1.10.0 1.9.0 &&
    ! older 1.5.0 1.5.0"
echo "project('qemu', ['c'], meson_version: '>=1.5.0'," >"$tree/meson.build"
ok "what meson QEMU wants" is 1.5.0 "meson_wanted '$tree'"
printf '#!/bin/sh\necho "$*" | grep -o -- --cxx=.*\n' >"$tree/configure"
chmod +x "$tree/configure"
: >"$tree/meson_options.txt"
echo "link_language = 'c'" >>"$tree/meson.build"
ok "QEMU 7.2's C is not linked by a compiler that is not CC" is --cxx=false \
    "configure '$tree' '$tmp/configured'"
ok "FEATURES of no such name" fails "minimal or full" \
    "FEATURES=all; set_options"
ok "FEATURES=full has what this machine has the libraries for" is \
    "--enable-usb-redir --enable-virtfs --enable-attr --enable-cap-ng" \
    'pkg-config() { case $* in *usbredir*|*attr*) ;; *) false ;; esac; }
    full_options | xargs'
ok "no TCG, and the stack is protected" with \
    'set_options; case "${OPTIONS[*]}" in
    *--disable-tcg*--enable-stack-protector*-fstack-protector*) ;;
    *) false ;; esac'
ok "without dpkg two flags were one" is \
    "--extra-cflags=-O2 -fstack-protector-strong -fstack-clash-protection\
 -D_FORTIFY_SOURCE=2 " \
    "PATH='$tmp/bin'; set_options; printf '%s\n' \"\${OPTIONS[@]}\" |
        sed -n '/^--extra-cflags/p'"
ok "flags say nothing of this directory" with \
    '! { flags CFLAGS; flags CPPFLAGS; } | grep -q "$PWD"'

mkdir -p "$tmp/b/lib"
cat >"$tmp/log" <<'END'
[1/2] Compiling
../src/hw/pci/pci.c:7:1: warning: not ours
[2/2] Compiling
END
clean="objects() { echo lib/ours.o; }; are_clean '$tmp/b' '$tmp/log'"
touch "$tmp/b/lib/ours.o"
ok "a warning of QEMU's own is none of ours" with "$clean"
ok "and what is clean stays" test -e "$tmp/b/lib/ours.o"
echo '../src/hw/xen/pass-through/pt-qemu.c:7:1: warning: ours' >>"$tmp/log"
ok "a warning in our files was a note only" fails "have warnings" "$clean"
ok "and what has one is compiled again" test ! -e "$tmp/b/lib/ours.o"
echo "killed" >"$tmp/log"
ok "a log without an error ended the script before its last word" \
    fails "failed; log: " \
    "build() { echo killed; return 1; }; set -e
    compile '$tree' '$tmp/b' '$tmp/log' program || exit 1"
ok "and its end is shown" grep -q killed "$tmp/said2"

tap_end
