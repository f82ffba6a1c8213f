#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What judges the full stack can fail: without a Xen, on files and names.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0
failed=0

ok() { # RESULT NAME
    count=$((count + 1))
    [ "$1" = 0 ] && { echo "ok $count - $2"; return; }
    failed=1
    echo "not ok $count - $2"
    sed 's/^/# /' "$dir/said"
}

# fails WORDS COMMAND...: with a status and these words.
fails() {
    words=$1
    shift
    if "$@" >"$dir/said" 2>&1; then return 1; fi
    grep -qF -- "$words" "$dir/said"
}

status() { if "$@"; then echo 0; else echo 1; fi; }

cat >"$dir/stock" <<'COUNTS'
attach 0000:01:00.0 reads 4 cycles 191 writes 1 cycles 1
attach hypercalls 4 dm-ops 9 maps 1 own 4
boot 0000:01:00.0 reads 100 cycles 204 writes 46 cycles 46
boot hypercalls 161 dm-ops 9 maps 1 own 161
instructions of reading vendor: 50000
time of reading vendor over an emulated device's: 1.042
COUNTS
sed -e 's/191/64/' -e 's/ 161/ 135/' "$dir/stock" >"$dir/ours"
bench="tests/xen/bench $dir/stock"
unset HOST

better() {
    $bench "$dir/ours" >"$dir/said" 2>&1 &&
        grep -qxF '| attach | config 01:00.0 | 191 + 1 | 64 + 1 |' "$dir/said" &&
        [ "$(wc -l <"$dir/said")" = 8 ]
}
ok "$(status better)" "bench: ours is below the stock one's"

sed 's/own 161/own 7/' "$dir/ours" >"$dir/beside"
beside() {
    HOST=process $bench "$dir/beside" >"$dir/said" 2>&1 &&
        grep -qxF '| boot | hypercalls | 161 | 135 (7) |' "$dir/said"
}
ok "$(status beside)" "bench: a process's own hypercalls are told"

sed 's/own [0-9]*/own 0/' "$dir/ours" >"$dir/part"
ok "$(status fails "no owned in $dir/part" env HOST=process $bench \
    "$dir/part")" "bench: none of the process's own passed"

slower() {
    sed 's/50000/50140/' "$dir/ours" >"$dir/near"
    sed 's/50000/50200/' "$dir/ours" >"$dir/more"
    $bench "$dir/near" >/dev/null &&
        fails 'above the stock device model: read of vendor | instructions' \
            $bench "$dir/more"
}
ok "$(status slower)" "bench: more instructions of an access fail"

sed '1s/^/boot cut: /' "$dir/ours" >"$dir/part"
ok "$(status fails 'cut: attach' $bench "$dir/part")" \
    "bench: lines that strace cut passed"

sed 's/ 161/ 162/' "$dir/stock" >"$dir/more"
ok "$(status fails 'above the stock device model: boot | hypercalls' $bench \
    "$dir/more")" "bench: one hypercall more fails"

looks() {
    { cat "$dir/stock"
      echo 'unplug-e1000 hypercalls 4 dm-ops 9 maps 0 own 4'; } >"$dir/line"
    sed 's/\(e1000 hypercalls\) 4/\1 14/' "$dir/line" >"$dir/more"
    STACK=trixie tests/xen/bench "$dir/line" "$dir/more" >"$dir/said" &&
        fails 'above the stock device model: unplug-e1000 | hypercalls' \
            env STACK=bookworm tests/xen/bench "$dir/line" "$dir/more"
}
ok "$(status looks)" "bench: a line is looked for where libxl takes it"

: >"$dir/empty"
empty() {
    fails "no cycles in $dir/empty" $bench "$dir/empty" &&
        fails "no cycles in $dir/empty" tests/xen/bench "$dir/empty" \
            "$dir/empty"
}
ok "$(status empty)" "bench: empty counts passed"

kinds() {
    for k in reads:cycles hypercalls:hypercalls hypercalls:owned \
        instructions:instructions time:times; do
        grep -v "${k%:*}" "$dir/ours" >"$dir/part"
        fails "no ${k#*:} in $dir/part" $bench "$dir/part" || return 1
    done
}
ok "$(status kinds)" "bench: counts without one of the kinds passed"

{ cat "$dir/ours"; echo "instructions of reading bar0: 50000"; } >"$dir/more"
ok "$(status fails "no read of bar0 | instructions in $dir/stock" $bench \
    "$dir/more")" "bench: one access that was not counted passed"

grep -v '^boot' "$dir/ours" >"$dir/part"
ok "$(status fails 'not the same phases' $bench "$dir/part")" \
    "bench: counts that end early passed"

cat >"$dir/once_more" <<'RUN'
declare -A once_more=()
again=() OUT=$1
eval "$(sed -n '/^emulator_failed()/,/^}/p' tests/xen/run)"
failed_with() {
    mkdir -p "$OUT/late"
    echo "$1" >"$OUT/late/qemu.log"
    emulator_failed late smp boot
}
known='ERROR:a.c:1:tcg_handle_interrupt: assertion failed: (bql_locked())'
! failed_with 'ERROR:hw/a.c:1:device: assertion failed: (x)' &&
    [ ${#again[@]} = 0 ] && failed_with "$known" &&
    [ "${again[*]}" = "smp boot" ] && [ -s "$OUT/late.first/qemu.log" ] &&
    ! failed_with "$known"
RUN
another() { bash "$dir/once_more" "$dir/out" >"$dir/said" 2>&1; }
ok "$(status another)" "run: another machine for one fault of TCG's, once"

cat >"$dir/packages" <<'PACKAGES'
umask 022
set -eu
for f in depends needed dpkg_database; do
    eval "$(sed -n "/^$f()/,/^}/p" tests/xen/build-images.sh)"
done
STACK=none
packages() { echo sum; echo "$dir/debs"; }
deb() { # NAME CONTENTS [DEPENDS]
    rm -rf made
    mkdir -p made/DEBIAN made/usr/lib
    printf %s "$2" >made/usr/lib/$1
    (cd made && md5sum usr/lib/$1 >DEBIAN/md5sums)
    printf '%s\n' "Package: $1" "Version: 1" "Architecture: amd64" \
        "Maintainer: x <x@example.org>" "Description: x" \
        ${3:+"Depends: $3"} >made/DEBIAN/control
    dpkg-deb -b made debs/$1_1_amd64.deb >/dev/null
}
cd "$dir"
mkdir -p debs root/lib
deb libhas0 it
deb libempty0 ''
deb libdeep0 deep
deb liblacks0 lacks 'libhas0 (>= 1), libdeep0'
deb program p 'libhas0 (>= 1:1~), liblacks0:any (>= 1) | libelse0, libvirtual'
printf it >root/lib/its-soname
: >root/lib/empty
dpkg_database root debs
[ "$(dpkg-query --admindir=root/var/lib/dpkg -f '${Package} ${db:Status-Status} ' \
    -W)" = "libhas0 installed " ]
[ "$(dpkg-query --admindir=root/var/lib/dpkg -L libhas0)" = /usr/lib/libhas0 ]
echo libhas0 >has
[ "$(needed debs/program_1_amd64.deb has)" = \
    "$(printf '%s\n' "$dir"/debs/{liblacks0,libdeep0}_1_amd64.deb)" ]
PACKAGES
installed() { dir=$dir bash "$dir/packages" >"$dir/said" 2>&1; }
if command -v dpkg-deb >/dev/null; then
    ok "$(status installed)" "build-images: what dom0 has of a package, and lacks"
else
    ok 0 "build-images: packages # SKIP there is no dpkg"
fi

ok "$(status fails 'no break create; there are: none msix ' tests/xen/breaks \
    create)" "breaks: a scenario's name was taken, and nothing broken"
ok "$(status fails 'no break bars|' tests/xen/breaks 'bars|')" \
    "breaks: a part of a line is no name"

echo "1..$count"
exit $failed
