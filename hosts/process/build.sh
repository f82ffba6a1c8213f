#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Print where xen-pass-through is, for the Xen of a release of Debian; built
# with that one's libraries if it is not this machine's: make check-xen.
#
#   hosts/process/build.sh BUILD RELEASE
#
# BUILD is where `make` has put this machine's; another release's goes to
# BUILD-RELEASE, with `sysroot`, where its libraries are.

set -euo pipefail
build=$1 release=$2

# shellcheck source=hosts/qemu/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/../qemu/build.sh"

NEEDS=(
    stdio.h=libc6-dev "xenctrl.h,-lxenctrl=libxen-dev"
    "pci/pci.h,-lpci=libpci-dev" "zlib.h,-lz=zlib1g-dev"
    "ini.h,-linih=libinih-dev" "jansson.h,-ljansson=libjansson-dev"
    "seccomp.h,-lseccomp=libseccomp-dev"
)

note() { echo "xen-pass-through: $*" >&2; }

main()
{
    local libdir
    if [ "$release" = "$(codename)" ]; then
        echo "$build/xen-pass-through"
        return
    fi
    SUITE=$release
    need compiler=gcc "${NEEDS_ARCHIVE[@]}"
    use_sysroot || exit 1
    libdir=$SYSROOT/usr/lib/x86_64-linux-gnu
    build+=-$release
    note "building for $release"
    MAKEFLAGS='' make -s -C "$top" BUILD="$build" \
        CC="gcc --sysroot=$SYSROOT -B$libdir -L$libdir" \
        "$build/xen-pass-through" >&2
    ln -sfn "$SYSROOT" "$top/$build/sysroot"
    echo "$build/xen-pass-through"
}

main
