# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Headers and libraries of another release of Debian, for build.sh: QEMU for
# its Xen is built with this machine's compiler, and nothing is installed.
# Neither root nor a chroot is needed.

# What needs_of_tools leaves out of NEEDS: the packages with headers.
headers_packages()
{
    local need
    # shellcheck disable=SC2154
    for need in "${NEEDS[@]}"; do
        case $need in *-dev) echo "${need##*=}" ;; esac
    done
}

needs_of_tools()
{
    local need
    for need in "${NEEDS[@]}"; do
        case $need in *-dev) ;; *) echo "$need" ;; esac
    done
    echo compiler=gcc
}

# apt_alone ARGUMENT...: apt of $SUITE as if nothing were installed here.
apt_alone()
{
    apt -y -o Dir::State::status=/dev/null -o Debug::NoLocking=1 \
        -o APT::Architecture=amd64 -o APT::Install-Recommends=false "$@"
}

# make_sysroot: print where what QEMU is built with is, of $SUITE.
make_sysroot()
{
    local list root temp packages
    mapfile -t packages < <(headers_packages)
    list=$(apt_alone --print-uris install "${packages[@]}" 2>/dev/null |
        sed -n "s/^'[^']*' //p" | sort)
    [ -n "$list" ] || {
        note "apt-get knows no ${packages[*]} of $SUITE"
        return 1
    }
    root=$CACHE/sysroot-$SUITE-$(echo "$list" | hash)
    if [ ! -d "$root" ]; then
        note "fetching headers and libraries of $SUITE"
        temp=$(mktemp -d "$CACHE/.sysroot.XXXXXX")
        mkdir -p "$temp/deb/partial"
        if ! apt_alone -d -o Dir::Cache::archives="$temp/deb" \
                install "${packages[@]}" >&2 ||
            ! unpack_packages "$temp/deb" "$temp/root" >&2; then
            rm -rf "$temp"
            note "cannot fetch headers and libraries of $SUITE"
            return 1
        fi
        chmod 755 "$temp/root"
        mv -T "$temp/root" "$root" 2>/dev/null || true
        rm -rf "$temp"
    fi
    echo "$root"
}

# use_sysroot: from here on, what is compiled and asked of pkg-config is that
# of $SUITE, by $SYSROOT.
use_sysroot()
{
    local libdir
    refresh_index || return
    SYSROOT=$(make_sysroot) || { refresh_index now &&   # it has moved on
        SYSROOT=$(make_sysroot); } || return
    libdir=$SYSROOT/usr/lib/x86_64-linux-gnu
    export PKG_CONFIG_LIBDIR=$libdir/pkgconfig:$SYSROOT/usr/share/pkgconfig
    export PKG_CONFIG_SYSROOT_DIR=$SYSROOT
}
