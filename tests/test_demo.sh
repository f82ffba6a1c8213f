#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration: nothing in it is otherwise than the specifications say,
# it says the same each time, and it fits a terminal.

demo=${BUILD:-build}/demo
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

ok() {
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $n - $2"
    else
        echo "not ok $n - $2"
    fi
}

echo 1..4
"$demo" > "$dir/one" 2> "$dir/errors"
ok $? "all is as specified"
grep 'NOT AS SPECIFIED' "$dir/one" | sed 's/^/# /'
"$demo" > "$dir/two" 2>> "$dir/errors"
cmp -s "$dir/one" "$dir/two"
ok $? "the same each time"
test ! -s "$dir/errors"
ok $? "nothing on standard error"
sed 's/^/# /' "$dir/errors"
awk 'length > 100 { wide = 1 } END { exit wide }' "$dir/one"
ok $? "100 columns"
