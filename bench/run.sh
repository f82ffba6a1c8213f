#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Instructions per guest access, by callgrind: of two runs with N and 2N
# accesses the difference, by N. Fails if the number of capabilities or of
# devices shows in it.
# usage: run.sh PROGRAM
set -eu
program=$1
here=$(dirname "$0")/../tests/devices
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
accesses=4096

# usage: count KIND DEVICES ACCESSES CAPTURE
count() {
    valgrind -q --tool=callgrind --callgrind-out-file="$tmp/out" \
        --toggle-collect=bench_accesses "$program" "$@" >&2
    awk '/^(summary|totals):/ { n = $2 } END { print n }' "$tmp/out"
}

# usage: cost KIND DEVICES CAPTURE
cost() {
    once=$(count "$1" "$2" $accesses "$3")
    twice=$(count "$1" "$2" $((2 * accesses)) "$3")
    echo $(((twice - once + accesses / 2) / accesses))
}

few=$here/qemu-e1000.txt
many=$here/qemu-virtio-net.txt
failed=0
echo "instructions per access   no capability  7 capabilities  7, 256 devices"
for kind in emulated-read mmconfig-read forwarded-read denied-write \
    forwarded-write command-write; do
    a=$(cost $kind 1 "$few")
    b=$(cost $kind 1 "$many")
    c=$(cost $kind 256 "$many")
    printf '%-25s %13d  %14d  %14d\n' $kind "$a" "$b" "$c"
    for n in "$b" "$c"; do
        # A few instructions are the loop's own.
        if [ "$n" -gt $((a + 4)) ] || [ "$n" -lt $((a - 4)) ]; then
            echo "bench: $kind is not flat" >&2
            failed=1
        fi
    done
done
exit $failed
