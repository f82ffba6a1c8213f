#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What is missing is found by trying it, and installed or named. The machine is
# a folder of programs, one of which plays apt-get.
set -eu
cd "$(dirname "$0")/.."
CC=${CC:-cc}
script=$PWD/scripts/install-deps
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

mkdir "$dir/bin" "$dir/apt"
for p in sh tr cat chmod env id; do
    ln -s "$(command -v $p)" "$dir/bin/$p"
done
# Not a link: compilers look beside themselves for their parts.
for p in cc twowords; do
    printf '#!/bin/sh\nPATH=%s exec %s "$@"\n' "'$PATH'" "$CC" >"$dir/bin/$p"
done
printf '#!/bin/sh\nexec "$@"\n' >"$dir/bin/sudo"
echo '#!/bin/sh' >"$dir/bin/sleep"
# With the locks that $dir/busy counts; what it installs is a program.
cat >"$dir/apt-get" <<APT
#!/bin/sh
echo "\$*" >>"$dir/calls"
n=\$(cat "$dir/busy")
if [ \$n -gt 0 ]; then
    echo \$((n - 1)) >"$dir/busy"
    case "\$*" in
    *update*) echo "E: Could not get lock /x/lists/lock. It is held by 1" ;;
    *) echo "E: Unable to acquire the dpkg frontend lock (/x/lock-frontend)," \
        "is another process using it?" ;;
    esac >&2
    exit 100
fi
case "\$*" in *update*) cat "$dir/next" >"$dir/busy" ;; esac
case "\$*" in
*broken*) echo 'E: Unable to locate package broken' >&2; exit 100 ;;
*thing*) echo '#!/bin/sh' >"$dir/bin/thing"; chmod +x "$dir/bin/thing" ;;
esac
APT
chmod +x "$dir"/bin/cc "$dir"/bin/twowords "$dir"/bin/sudo "$dir"/bin/sleep \
    "$dir/apt-get"

# run STATUS ARGUMENT...: on the machine; nothing is on the standard output.
run() {
    want=$1
    shift
    got=0
    : >"$dir/calls"
    env -i PATH="$dir/bin" CC="${compiler:-cc}" "$dir/bin/sh" "$script" "$@" \
        >"$dir/out" 2>"$dir/said" || got=$?
    [ $got = "$want" ] && [ ! -s "$dir/out" ]
}

has() { grep -qF -- "$1" "$dir/said"; }

status() { if "$@"; then echo 0; else echo 1; fi; }

none() { run 0 tr=a stdio.h=b stdlib.h,-lm=c /etc=d && [ ! -s "$dir/said" ]; }
ok "$(status none)" "what is there is not asked for"

named() {
    run 1 tr=a nothere=some nothere/x.h,-lnothere=libx-dev &&
        has 'no apt-get' && has 'nothere (Debian has it in some)' &&
        has 'nothere/x.h -lnothere (Debian has it in libx-dev)' &&
        ! has 'in a)'
}
ok "$(status named)" "without apt-get, what is missing is named"

halves() { run 1 stdio.h,-lnothere=a && has -lnothere; }
ok "$(status halves)" "a header without its library is not enough"

compilers() {
    compiler='twowords -O1' && run 0 stdio.h,-lm=a && compiler=nocc &&
        run 1 stdio.h=a && has 'compiler (Debian has it in gcc)' &&
        [ "$(wc -l <"$dir/said")" = 2 ]
}
ok "$(status compilers)" "a compiler of two words, and none"
compiler=

sets() { run 2 all && has 'no such set of packages: all'; }
ok "$(status sets)" "an unknown set"

mv "$dir/apt-get" "$dir/bin/apt-get"
echo 0 | tee "$dir/busy" >"$dir/next"
installs() {
    run 0 tr=a thing=things && has 'installing with apt-get: things' &&
        grep -q 'update' "$dir/calls" && grep -q 'install.* things$' "$dir/calls" &&
        ! grep -q ' a' "$dir/calls" && run 0 thing=things &&
        [ ! -s "$dir/calls" ]
}
ok "$(status installs)" "what is missing is installed, once"

rm -f "$dir/bin/thing"
echo 3 >"$dir/busy"
waits() {
    run 0 thing=things && has 'waiting for another apt-get' &&
        grep -q 'Lock::Timeout' "$dir/calls" &&
        [ "$(grep -c waiting "$dir/said")" = 1 ]
}
ok "$(status waits)" "apt's lock was held, and nothing got installed"

# apt 3.0 names the lock when it begins to wait, on standard output.
rm -f "$dir/bin/thing"
echo 2 >"$dir/next"
waits_for_dpkg() {
    run 0 thing=things && has 'waiting for another apt-get' &&
        [ "$(grep -c install "$dir/calls")" = 3 ]
}
ok "$(status waits_for_dpkg)" "dpkg's lock was held, and Debian 13 gave up"
echo 0 >"$dir/next"

echo 0 >"$dir/busy"
fails() { run 1 other=broken && has 'Unable to locate package broken'; }
ok "$(status fails)" "what cannot be installed"

# Which archive debootstrap gets: apt-get's own, which it knows once it has the
# lists, or the first one of a list of mirrors.
cat >"$dir/apt-get" <<APT
#!/bin/sh
case "\$*" in
*indextargets*) cat "$dir/uri" ;;
*update*) cat "$dir/later" >"$dir/uri" ;;
esac
APT
chmod +x "$dir/apt-get"
mirror() { # EXPECTED
    PATH="$dir:$PATH" scripts/debian-mirror >"$dir/said" 2>&1 || return
    [ "$(cat "$dir/said")" = "$1" ]
}
mirrors() {
    echo http://one.example/debian/ >"$dir/uri"
    mirror http://one.example/debian/ || return
    printf '# ours\nhttps://two.example/debian\tpriority:1\nhttps://b/\n' \
        >"$dir/list"
    echo "mirror+file:$dir/list/" >"$dir/uri"
    mirror https://two.example/debian || return
    : >"$dir/uri"
    echo ftp://three.example/ >"$dir/later"
    mirror ftp://three.example/ || return
    : >"$dir/uri" >"$dir/later"
    ! mirror '' && has "no archive of Debian's"
}
ok "$(status mirrors)" "debootstrap got a list of mirrors for a mirror"

echo "1..$count"
exit $failed
