# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For build.sh and tests/xen/build-images.sh.

# unpack_packages FROM ROOT: the packages of a directory, with everything below
# ROOT/usr: there Debian 13's packages have all of it, and Debian 12's some.
# Links say where in ROOT they lead to.
unpack_packages()
{
    local deb name link
    mkdir -p "$2"
    for deb in "$1"/*.deb; do dpkg-deb -x "$deb" "$2" || return; done
    for name in bin sbin lib lib64; do
        mkdir -p "$2/usr/$name"
        if [ -d "$2/$name" ] && [ ! -L "$2/$name" ]; then
            cp -a "$2/$name/." "$2/usr/$name/"
            rm -rf "${2:?}/${name:?}"
        fi
        ln -sfn "usr/$name" "$2/$name"
    done
    find "$2" -lname '/*' | while read -r link; do
        name=$(readlink "$link")
        ln -sfnr "$2$name" "$link"
    done
}
