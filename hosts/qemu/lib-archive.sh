# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The distribution's archive, for build.sh, which has $CACHE, note, die and
# put. Nothing of the system's own apt changes: sources list and indexes are
# below $CACHE/apt-*.
#
# SUITE: a release of Debian's, instead of this machine's own. SYSROOT: where
# its headers and libraries are.

SUITE=
# shellcheck disable=SC2034  # build.sh has it
SYSROOT=

# indexes: where they are; this machine's own are of its release, which it does
# not have for ever.
indexes()
{
    echo "$CACHE/apt-${SUITE:-own-$(codename)}"
}

# apt ARGUMENT...: apt-get with a sources list and indexes of our own.
apt()
{
    local dir
    dir=$(indexes)
    apt-get -q -o Dir::Etc::sourcelist="$dir/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root \
        -o Dir::State::lists="$dir/lists" \
        -o Dir::Cache="$dir/cache" "$@"
}

# archives: ORIGIN COMPONENT URI RELEASE CODENAME of what the system's apt
# takes packages from.
archives()
{
    # shellcheck disable=SC2016  # apt-get's variables, not the shell's
    apt-get indextargets --format \
        '$(ORIGIN) $(COMPONENT) $(REPO_URI) $(RELEASE) $(CODENAME)' \
        'Created-By: Packages' | sort -u
}

# own_archives CODENAME: of these, the distribution's own of this release with
# its updates: no backports, whose QEMU wants tools that the release does not
# have, and nobody else's packages. A release that /etc/os-release does not
# name (sid) has all but backports and what is only proposed.
own_archives()
{
    awk -v codename="$1" '
        ($1 == "Debian" || $1 == "Ubuntu") &&
        ($2 == "main" || $2 == "universe") &&
        $5 !~ /-(backports|backports-sloppy|proposed|proposed-updates)$/ &&
        $5 !~ /^(experimental|rc-buggy)$/ {
            all[n++] = $0
            if ($5 == codename || index($5, codename "-") == 1)
                own[m++] = $0
        }
        END {
            for (i = 0; i < (m ? m : n); i++)
                print m ? own[i] : all[i]
        }'
}

# codename: of this machine's release.
codename()
{
    # shellcheck source=/dev/null
    (. /etc/os-release && echo "${VERSION_CODENAME:-none}")
}

# signed_by ORIGIN: the option that names its keys, where they are known.
signed_by()
{
    local keys=/usr/share/keyrings/${1,,}-archive-keyring.gpg
    [ ! -f "$keys" ] || echo " [signed-by=$keys]"
}

# sources_list: for the release's own sources, from archives' lines; for
# another suite its sources and, for what builds them, its packages.
sources_list()
{
    local origin component uri release own
    own=$(own_archives "$(codename)")
    if [ -z "$SUITE" ]; then
        while read -r origin component uri release _; do
            echo "deb-src$(signed_by "$origin") $uri $release $component"
        done <<<"$own" | grep -v ' $' || true
        return
    fi
    # A Debian mirror, not the one of security updates.
    own=$(awk -v name="$(codename)" \
        '$1 == "Debian" && $2 == "main" && $5 == name' <<<"$own" | head -n 1)
    read -r origin component uri release _ <<<"$own"
    [ -n "$uri" ] || return 0
    echo "deb-src$(signed_by Debian) $uri $SUITE main"
    echo "deb$(signed_by Debian) $uri $SUITE main"
}

# refresh_index [now]: a week-old one still serves when there is no network.
refresh_index()
{
    local dir
    dir=$(indexes)
    command -v apt-get >/dev/null || {
        note "no apt-get here: give your own QEMU tree (SRC=DIR)"
        return 1
    }
    mkdir -p "$dir"/{lists,cache/archives}/partial
    [ -n "${1:-}" ] || [ -z "$(find "$dir/fresh" -mtime -7 \
        2>/dev/null)" ] || return 0
    archives | sources_list | put "$dir/sources.list"
    [ -s "$dir/sources.list" ] || {
        note "apt-get knows no mirror: run apt-get update once"
        return 1
    }
    note "fetching the index of source packages${SUITE:+ of $SUITE}"
    if apt update >&2; then
        touch "$dir/fresh"
    elif [ ! -f "$dir/fresh" ]; then
        note "apt-get update failed"
        return 1
    fi
}

# source_version: what the archive has of QEMU.
source_version()
{
    apt source --print-uris qemu 2>/dev/null |
        sed -n "s/^'[^']*' qemu_\(.*\)\.dsc .*/\1/p" | head -n 1
}

# fetch_source DIR: the source, unpacked and patched, as DIR.
fetch_source()
{
    local temp
    [ ! -d "$1" ] || return 0
    temp=$(mktemp -d "$(dirname "$1")/.src.XXXXXX")
    note "fetching the source of QEMU"
    if ! (cd "$temp" && { apt source --download-only qemu ||
        { refresh_index now &&          # it has moved on
            apt source --download-only qemu; }; }) >&2 ||
        ! dpkg-source --no-check -x "$temp"/qemu_*.dsc "$temp/src" >&2; then
        rm -rf "$temp"
        note "cannot fetch QEMU's source${SUITE:+ of $SUITE}"
        return 1
    fi
    mv -T "$temp/src" "$1"
    rm -rf "$temp"
}

# private_python VERSION MODULES: what python_does() asks for, unpacked below
# $CACHE: of $SUITE, of this release's backports, or the newest there is. It is
# all Python.
private_python()
{
    local suite dir path=$PATH
    for suite in $SUITE "$(codename)-backports" sid; do
        dir=$CACHE/python-$suite
        [ -f "$dir/done" ] || SUITE=$suite fetch_python "$dir" || continue
        export PYTHONPATH=$dir/usr/lib/python3/dist-packages
        export PATH=$dir/usr/bin:$path
        ! python_does "$1" "$2" || { note "meson of $suite"; return; }
        unset PYTHONPATH
        PATH=$path
    done
    return 1
}

fetch_python()
{
    local package
    refresh_index || return
    rm -rf "$1"
    mkdir -p "$1/deb"
    for package in meson python3-pycotap python3-qemu-qmp python3-setuptools \
        python3-pkg-resources python3-wheel python3-pip python3-packaging; do
        (cd "$1/deb" && apt download "$package") >/dev/null 2>&1 ||
            note "no $package in $SUITE"
    done
    for package in "$1"/deb/*.deb; do
        [ ! -f "$package" ] || dpkg-deb -x "$package" "$1"
    done
    [ ! -x "$1/usr/bin/meson" ] || touch "$1/done"
}
