#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hosts/process: the program, with a device model and a libxl that are Perl's.
# There is no Xen here, so that no device is attached.

PASS_THROUGH=$(realpath "${BUILD:-build}/xen-pass-through")
tmp=$(mktemp -d)
dm=
. tests/lib-tap.sh
trap '[ -z "$dm" ] || kill -9 $dm 2>/dev/null; rm -rf "$tmp"' EXIT

# A device model: writes its arguments down, and speaks QMP to who comes and at
# its own monitor, one command a line. "quit" ends it, with a status.
cat >"$tmp/dm" <<'END'
#!/usr/bin/perl
use strict;
use IO::Handle;
use IO::Select;
use IO::Socket::UNIX;
# As QEMU does, whatever who started it ignores: nohup ignores this one.
$SIG{HUP} = 'DEFAULT';
open(my $limits, '<', '/proc/self/limits') or die;
open(my $out, '>', "$ENV{DIR}/size") or die;
print $out map { /^Max file size +(\S+)/ ? "$1\n" : () } <$limits>;
close $out;
# The last one: this is waited for.
open($out, '>', "$ENV{DIR}/args") or die;
print $out map { "$_\n" } @ARGV;
close $out;
exit 7 if grep { $_ eq 'none,accel=xen' } @ARGV;
my ($fd) = map { /id=libxl-cmd,fd=(\d+)/ } @ARGV;
my ($own) = map { /id=xen-pass-through,fd=(\d+)/ } @ARGV;
my $listen = IO::Socket::UNIX->new_from_fd($fd, 'r+') or die;
my $monitor = IO::Handle->new_from_fd($own, 'r+') or die;
my $select = IO::Select->new($listen, $monitor);
sub say_to { my ($to, $text) = @_; syswrite($to, "$text\r\n"); }
say_to($monitor, '{"QMP": {}}');
for (;;) {
    for my $from ($select->can_read) {
        if ($from == $listen) {
            my $client = $listen->accept;
            $select->add($client);
            say_to($client, '{"QMP": {"version": {}}}');
            next;
        }
        my $n = sysread($from, my $text, 65536);
        if (!$n) { $select->remove($from); close $from; next; }
        for my $line (split /\n/, $text) {
            my ($id) = $line =~ /"id": *("?\w+"?)/;
            exit $1 if $line =~ /"quit".*"status": *(\d+)/;
            my $what = $line =~ /query-pci/ ?
                '[{"bus": 0, "devices": []}]' : '{}';
            say_to($from, "{\"return\": $what, \"id\": $id}");
        }
    }
}
END
# A libxl: each argument is a command; what is answered is printed.
cat >"$tmp/libxl" <<'END'
#!/usr/bin/perl
use strict;
use IO::Socket::UNIX;
my $s = IO::Socket::UNIX->new(Peer => shift) or die "connect: $!\n";
print scalar <$s>;
for (@ARGV) { print $s "$_\r\n"; $s->flush; my $l = <$s>; print $l // "end\n"; }
END
chmod +x "$tmp/dm" "$tmp/libxl"
export DIR=$tmp

args=(-xen-domid 7 -no-shutdown
    -chardev "socket,id=libxl-cmd,path=$tmp/qmp-libxl-7,server=on,wait=off"
    -mon chardev=libxl-cmd,mode=control -nodefaults -machine xenfv -m 320)

log=$tmp/log

begin() # [ARGUMENT...]
{
    rm -f "$tmp/args"
    "$PASS_THROUGH" "${args[@]}" -pass-through-dm "$tmp/dm" "$@" \
        8<&- 9<"$0" 2>>"$log" &
    dm=$!
    for _ in {1..100}; do
        [ ! -s "$tmp/args" ] || return 0
        sleep 0.1
    done
    return 1
}

# The processes beside the device model.
ARGS="^$PASS_THROUGH -xen-domid 7 .*-pass-through-dm $tmp/dm"

# Those of the program's name, the one that serves last: it has no child. Process
# numbers say nothing, they begin again at the end.
of_its_name()
{
    local pid
    for pid in $(pgrep -f "$ARGS"); do
        ! grep -q ^xen-pass-throug "/proc/$pid/comm" ||
            echo "$(pgrep -c -P "$pid") $pid"
    done | sort -rn | cut -d ' ' -f 2
}

# It serves, and the others wait for its end.
server() { of_its_name | tail -n 1; }

another()       # PID...
{
    local old=${*: -1}
    kill -9 "$@"
    for _ in {1..100}; do
        [ "$(server)" = "$old" ] || [ -z "$(server)" ] || return 0
        sleep 0.1
    done
    return 1
}

# Who waits is killed, and who serves goes on; and then that one is.
one_by_one()
{
    local pids
    mapfile -t pids < <(of_its_name)
    echo "${pids[@]}"
    [ ${#pids[@]} = 2 ] && kill -9 "${pids[0]}" && answers &&
        [ "$(server)" = "${pids[1]}" ] && another "${pids[1]}" && answers
}

both_at_once()
{
    local pids
    mapfile -t pids < <(of_its_name)
    echo "${pids[@]}"
    [ ${#pids[@]} = 2 ] && another "${pids[@]}" && answers
}

# Each one has hardly begun. Who waits for it goes on.
again_and_again()
{
    local old pids
    for _ in {1..4}; do
        old=$(server)
        kill -9 "$old"
        for _ in {1..300}; do
            mapfile -t pids < <(of_its_name)
            [ ${#pids[@]} = 1 ] || [ "${pids[1]}" = "$old" ] || break
            sleep 0.1
        done
        echo "${pids[@]}"
        [ ${#pids[@]} = 2 ] || return 1
    done
    answers
}

# All that does not come of a fault, to each of the three.
signals_are_ignored()
{
    local before i sig pids
    before=$(server)
    mapfile -t pids < <(pgrep -f "$ARGS")
    for i in {1..31} {34..64}; do
        sig=$(kill -l "$i")
        case $sig in
        *KILL|*STOP|*SEGV|*BUS|*ILL|*FPE|*ABRT|*SYS|*TRAP) continue ;;
        esac
        kill -s "$sig" "${pids[@]}" || { echo "of $sig"; return 1; }
    done
    answers && [ "$(server)" = "$before" ]
}

# But for HUP, INT, QUIT and FPE, which the shell, nohup and Perl change.
ignored_by() { # PID
    local mask
    mask=$(sed -n 's/^SigIgn:\t*/0x/p' "/proc/$1/status")
    echo $((mask & ~0x87))
}

qemus_signals_are_as_they_were()
{
    echo "$(ignored_by $dm) $(ignored_by self)"
    [ "$(ignored_by $dm)" = "$(ignored_by self)" ]
}

# The log is a pipe, as to logger, of which nobody has the other end.
goes_on_unheard()
{
    local before
    before=$(server)
    libxl '{"execute":"device_add","id":5,"arguments":{"driver":'\
'"xen-pci-passthrough","id":"a","hostaddr":"0000:01:00.0"}}'
    grep '"desc": "can.t open Xen for domain 7:.*"id": 5' "$tmp/heard" &&
        answers && [ "$(server)" = "$before" ]
}

confined()
{
    grep -E 'NoNewPrivs:.1|Seccomp:.2' "/proc/$(server)/status" >"$tmp/status"
    cat "$tmp/status"
    [ "$(wc -l <"$tmp/status")" = 2 ]
}

as_privileged_as_before()
{
    grep ^Cap "/proc/$dm/status" | diff - <(grep ^Cap /proc/$$/status)
}

gone()
{
    for _ in {1..100}; do
        pgrep -f "$ARGS" || [ -e "$tmp/qmp-pass-through-7" ] || return 0
        sleep 0.1
    done
    return 1
}

libxl() { timeout 20 "$tmp/libxl" "$tmp/qmp-libxl-7" "$@" | tee "$tmp/heard"; }

ends_with()     # STATUS
{
    local status=0
    wait "$dm" || status=$?
    dm=
    echo "status $status"
    [ $status = "$1" ]
}

same_arguments()
{
    sed -e 's/fd=[0-9]*,server=on/path,server=on/' "$tmp/args" | head -n 12 |
        diff - <(printf '%s\n' "${args[@]}" | sed 's/path=[^,]*/path/')
}

# Files of libxl's for QEMU are QEMU's alone.
only_its_own_files()
{
    ls -l "/proc/$(server)/fd"
    ! ls -l "/proc/$(server)/fd" | grep -- "$(basename "$0")"
}

probe()
{
    "$PASS_THROUGH" -S -machine none,accel=xen -chardev \
        socket,id=libxl-cmd,fd=9,server=on,wait=off -pass-through-dm "$tmp/dm"
    [ $? = 7 ] && [ "$(wc -l <"$tmp/args")" = 5 ]
}

answers()
{
    libxl '{"execute":"qmp_capabilities","id":1}' \
        '{"execute":"query-status","id":"x"}'
    [ "$(tr -d '\r' <"$tmp/heard")" = '{"QMP": {"version": {}}}
{"return": {}, "id": 1}
{"return": {}, "id": "x"}' ]
}

refuses()
{
    libxl '{"execute":"device_add","id":5,"arguments":{"driver":'\
'"xen-pci-passthrough","id":"a","hostaddr":"0000:01:00.0"}}'
    grep '"desc": "can.t open Xen for domain 7:.*"id": 5' "$tmp/heard" &&
        grep "can't open Xen for domain 7" "$tmp/log"
}

# What it has against a device is nowhere but in its answer.
not_refused_in_the_log()
{
    libxl '{"execute":"device_add","id":5,"arguments":{"driver":'\
'"xen-pci-passthrough","id":"a","hostaddr":"0000:01:00.0"}}'
    grep '"desc": "can.t open Xen for domain 7:.*"id": 5' "$tmp/heard" &&
        [ "$(stat -c %s "$tmp/log")" = 262144 ] && answers
}

ok "what libxl only asks for is the device model's" probe
ok "the device model starts" begin
ok "with libxl's arguments" same_arguments
ok "libxl's files are not ours" only_its_own_files
ok "libxl and the device model speak" answers
ok "and again" answers
ok "without Xen no device is attached, and libxl hears why" refuses
ok "it is confined" confined
ok "signals but TERM and HUP were its end" signals_are_ignored
ok "QEMU's own are as they were" qemus_signals_are_as_they_were
ok "the device model has the privileges that it had" as_privileged_as_before
sleep 1
ok "another one comes after one that is killed" another "$(server)"
ok "libxl and the device model speak still" answers
ok "it is confined, too" confined
ok "who waits for it is killed before" one_by_one
ok "both are killed at once" both_at_once
ok "it is confined again" confined
ok "QEMU's socket is its own user's only" \
    test "$(stat -c %a "$tmp/qmp-pass-through-7")" = 600
libxl '{"execute":"quit","status": 3}' >/dev/null
ok "libxl sees the device model's status" ends_with 3
ok "nothing is left of it" gone

ok "it starts again" begin
kill -HUP $dm
ok "libxl's signal ends it" ends_with 129
ok "nothing is left of it, again" gone

ok "it starts once more" begin
ok "libxl was cut off after three quick kills" again_and_again
kill -9 "$(server)"
kill -9 $dm
ok "so does a kill -9" ends_with 137
ok "nothing is left of it, once more" gone

mkfifo "$tmp/unheard"
exec 8<>"$tmp/unheard"
log=$tmp/unheard
ok "it starts with a pipe as its log" begin
exec 8<&-
ok "a log without a reader was its end" goes_on_unheard
kill -HUP $dm
ok "libxl's signal ends it there, too" ends_with 129
ok "nothing is left of it there" gone
log=$tmp/log

# As dm_restrict has it.
ulimit -S -f 256
ok "it starts where files are small" begin -pass-through-fsize 16
ok "the device model may have greater ones" grep -x 16777216 "$tmp/size"
ok "they speak there, too" answers
libxl '{"execute":"quit","status": 4}' >/dev/null
ok "libxl sees this device model's status" ends_with 4
ok "nothing is left of this one" gone
ok "an end at the start is not explained to who has answered" eval \
    '! grep "pass-through-fsize" "$tmp/log"'

ok "it starts where files are small, and nobody says so" begin
ok "the device model may have no greater ones" grep -x 262144 "$tmp/size"
truncate -s 256K "$tmp/log"
before=$(server)
ok "a full log is no reason to end" not_refused_in_the_log
ok "it serves still" test "$(server)" = "$before"
kill -HUP $dm
ok "libxl's signal ends this one" ends_with 129
ok "nothing is left of this one, either" gone

: >"$tmp/log"
ok "a device model that ends at once" eval '"$PASS_THROUGH" "${args[@]}" \
    -pass-through-dm /bin/true 2>>"$tmp/log"'
ok "nothing is left of that one" gone
ok "it is said what may be the cause" \
    grep "more than 262144 bytes, see -pass-through-fsize" "$tmp/log"
ok "not if that is no cause" eval '"$PASS_THROUGH" "${args[@]}" \
    -pass-through-dm /bin/true -pass-through-fsize 16 2>"$tmp/log"; gone &&
    ! grep fsize "$tmp/log"'
ulimit -S -f unlimited

ok "a device model that is none" eval '! "$PASS_THROUGH" "${args[@]}" \
    -pass-through-dm /nonexistent 2>"$tmp/log" && grep nonexistent "$tmp/log"'
ok "nothing is left of that" gone
ok "a property that is none" eval '! "$PASS_THROUGH" "${args[@]}" \
    -global xen-pci-passthrough.x=1'
tap_end
