# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Shared by build-images.sh, run and demo: messages, the cache, the packages that
# have to be on this machine, the closure of an ELF program's libraries.
# Sourced, not run.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pci-passthrough/xen
# The release of Debian that Xen, dom0 and the guest are of: 12 or 13.
STACK=${STACK:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
case $STACK in
trixie) XEN=4.20 ;;
*) STACK=bookworm XEN=4.17 ;;
esac
PATH=$PATH:/usr/sbin:/sbin              # depmod and others, when not root

note() { echo "# $*" >&2; }
die()  { echo "Bail out! $*" >&2; exit 99; }

# need CHECK=PACKAGE...: install what is missing.
need()
{
    CC=gcc "$(dirname "${BASH_SOURCE[0]}")/../../scripts/install-deps" "$@" ||
        die "not all is here that is needed"
}

# cached NAME KEY FUNCTION ARG...: print the directory of a cache entry; when
# there is none, call FUNCTION ARG... in an empty directory and keep that.  An
# entry appears by rename, so one that exists is whole; when two runs build
# the same one, the first to finish wins.
cached()
{
    local name=$1 key=$2 dir temp status
    shift 2
    dir=$CACHE/$name-${key:0:20}
    if [ ! -d "$dir" ]; then
        mkdir -p "$CACHE"
        # What runs that were killed have left, and what nobody used of late.
        find "$CACHE" -maxdepth 1 \( -name '.*.??????' -mtime +0 -o \
            -name "$name-*" -mtime +7 \) -exec rm -rf {} +
        temp=$(mktemp -d "$CACHE/.$name.XXXXXX")
        note "building $name in $dir"
        set +e          # in a condition, the subshell would not heed its -e
        (set -e; cd "$temp" && "$@") >"$temp.log" 2>&1
        status=$?
        set -e
        if [ $status != 0 ]; then
            tail -n 30 "$temp.log" >&2
            rm -rf "$temp"
            die "building $name failed; log: $temp.log"
        fi
        rm -f "$temp.log"
        mv -T "$temp" "$dir" 2>/dev/null || rm -rf "$temp"
        [ -d "$dir" ] || die "cannot make $dir"
    fi
    touch "$dir"                        # when it was last used
    echo "$dir"
}

# closure ROOT PROGRAM...: print the names (below ROOT) of the libraries that
# the programs need, and of the dynamic loader, found by what the ELF files
# themselves say: ldd would run the host's loader on another system's files.
closure()
{
    local root=$1 lib file found
    shift
    local todo=("$@")
    local -A seen=()
    while [ ${#todo[@]} -gt 0 ]; do
        file=${todo[0]}
        todo=("${todo[@]:1}")
        for lib in $(readelf -dl "$file" 2>/dev/null | sed -n \
            -e 's/.*(NEEDED).*\[\(.*\)\]/\1/p' \
            -e 's/.*interpreter: .*\/\(.*\)\]/\1/p'); do
            [ -z "${seen[$lib]:-}" ] || continue
            found=$(find "$root"/lib/x86_64-linux-gnu \
                "$root"/usr/lib/x86_64-linux-gnu "$root"/lib64 \
                "$root/usr/lib/xen-$XEN/lib" -name "$lib" 2>/dev/null |
                head -n 1)
            [ -n "$found" ] || { echo "no $lib for $file" >&2; return 1; }
            seen[$lib]=1
            echo "${found#"$root"/}"
            todo+=("$found")
        done
    done
}

# libraries PROGRAM: what this machine's loader would load for it.
libraries()
{
    local said
    said=$(ldd "$1") || die "ldd $1 failed"
    ! grep "not found" >&2 <<<"$said" || die "$1 lacks libraries"
    grep -o '/[^ ]*' <<<"$said"
}

# libraries_of ROOT PROGRAM: the same of another system's, below ROOT.
libraries_of()
{
    local program root
    root=$(cd "$1" && pwd -P)
    program=$(readlink -f "$2")
    (cd "$root" && closure "$root" "$program" | sed "s|^|$root/|")
}

# host_program PROGRAM DIR: copy a program of this machine with its libraries
# and loader to DIR/lib, and write DIR/run, which starts it with just these:
# it then does not matter what the libraries of dom0 are.  A program that is
# a script, or static, is copied as it is.  A `sysroot` beside the program has
# its libraries: hosts/qemu/build.sh.
host_program()
{
    local program=$1 dir=$2 name lib libs root
    root=$(dirname "$program")/sysroot
    name=$(basename "$program")
    mkdir -p "$dir/lib"
    cp -L "$program" "$dir/lib/$name"
    if readelf -l "$program" 2>/dev/null | grep INTERP >/dev/null; then
        if [ -d "$root" ]; then
            libs=$(libraries_of "$root" "$program")
        else
            libs=$(libraries "$program")
        fi
        # No word of it has a space: QEMU cannot be built below such a name.
        for lib in $libs; do cp -L "$lib" "$dir/lib/"; done
        strip --strip-debug "$dir/lib/$name" 2>/dev/null || true
        cat >"$dir/run" <<-EOT
	#!/bin/sh
	# Written by tests/xen/lib.sh.
	d=\$(dirname "\$0")/lib
	exec \$WRAP "\$d"/ld-linux-x86-64.so.2 --library-path "\$d" \\
	    --argv0 "\$d/$name" "\$d/$name" "\$@"
	EOT
    else
        cat >"$dir/run" <<-EOT
	#!/bin/sh
	exec \$WRAP "\$(dirname "\$0")/lib/$name" "\$@"
	EOT
    fi
    chmod +x "$dir/run" "$dir/lib/$name"
}
