#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# PT_NO_LIBPCI=1, for stub domains: what that list is made of wants nothing of
# libpci's, and nothing of ours that is not in it.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
. tests/lib-tap.sh

# lacks [VARIABLE]: what pass-through of these objects takes from elsewhere.
lacks() {
    echo 'include xen-hooks.mak
objects: ; @echo $(addprefix $(BUILD)/hw/,$(PT_OBJS) $(PT_HOST_OBJS))' \
        >"$tmp/list.mak"
    objects=$(env -u MAKEFLAGS -u MAKELEVEL make -s -f "$tmp/list.mak" \
        BUILD="${BUILD:-build}" "$@" objects)
    # shellcheck disable=SC2086  # a list
    ld -r -o "$tmp/all.o" $objects
    nm -u "$tmp/all.o" | awk '{ print $NF }' | grep -E "^(pci|pt)_" || :
}

without() { said=$(lacks PT_NO_LIBPCI=1) && echo "$said" && [ -z "$said" ]; }
with() { lacks | grep -q '^pci_read_block$'; }

ok "without libpci it wants none of its functions" without
ok "with it, it does" with

tap_end
