# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# TAP of what commands do, for tests/test_*.sh. The last thing: tap_end.
# $tmp: a directory, of the test's own.
count=0
failed=0

ok() { # NAME COMMAND...: does it succeed?
    ok_name=$1
    shift
    count=$((count + 1))
    if "$@" >"$tmp/said" 2>&1; then
        echo "ok $count - $ok_name"
    else
        echo "not ok $count - $ok_name"
        sed 's/^/# /' "$tmp/said" | tail -n 20
        failed=1
    fi
}

tap_end() {
    echo "1..$count"
    exit $failed
}
