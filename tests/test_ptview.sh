#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ptview as its users run it. TAP on the standard output.
#
# Usage: [PTVIEW=build/ptview] test_ptview.sh

set -u
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
devices=$here/devices
ptview=${PTVIEW:-build/ptview}
case $ptview in
*/*) ptview=$(cd "$(dirname "$ptview")" && pwd)/${ptview##*/} ;;
esac

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
cd "$tmp" || exit 1

count=0
bad=0

# ok CONDITION-STATUS NAME: a test's result; what ptview said, if it is bad.
ok() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
		return
	fi
	bad=$((bad + 1))
	echo "not ok $count - $2"
	for f in out err; do
		[ -f $f ] && sed "s/^/# $f: /" $f | head -n 40
	done
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# run STATUS ARGUMENT...: does ptview end with this status? Leaves out, err.
run() {
	want=$1
	shift
	"$ptview" "$@" > out 2> err < /dev/null
	got=$?
	[ $got = "$want" ] && return
	echo "# status $got, not $want: ptview $*"
	return 1
}

# has FILE REGEX...: is there a line for each?
has() {
	file=$1
	shift
	for re; do
		grep -Eq -- "$re" "$file" && continue
		echo "# no line for: $re"
		return 1
	done
}

have() {
	command -v "$1" > /dev/null 2>&1
}

nic=$devices/hw-82576.txt
several=$devices/hw-sunrise-point-thunderbolt.txt
vf=$devices/qemu-nvme-sriov-vf.txt

# --- Table ------------------------------------------------------------------

run 0 -F "$nic" && [ ! -s err ] &&
has out '^0000:01:00\.0 Ethernet controller: Intel' '^policy: default$' \
	'^00 +Vendor ID +8086 +8086 +constant$' \
	'^04 +Command +0407 -> 0000 +forwarded 5:2; emulated 10:8,6,1:0;$' \
	'^ +read-only 7; reserved 15:11$' \
	'^0f +BIST +00 +00 +hidden$' \
	'^10 +Base Address 0 +e0800000 -> 00000000 +emulated 31:17; ' \
	'^ +128K of 32-bit memory at e0800000$' \
	'^18 +Base Address 2 +00001021 -> 00000001 +emulated 31:5; ' \
	'^ +32 I/O ports at 1020$' \
	'^24 +Base Address 5 +00000000 +00000000 +none$' \
	'^ +4M of ROM at c7800000$' \
	'^Power Management capability \(ID 01\) at 40, 8 bytes$' \
	'^44 +Power Management Control/Status +2000 -> 2008 ' \
	'^48\.\.4f +device-specific, 8 bytes +0 +0 +forwarded$' \
	'^d4\.\.ff +device-specific, 44 bytes +data +data +forwarded$' \
	'^  device  40 Power Management, 50 MSI, 70 MSI-X, a0 PCI Express$' \
	'^  guest   40 Power Management'
ok $? 'table of a network card'

run 0 -F "$nic" && ! sed 1d out | grep '.\{101\}' > /dev/null &&
! grep '[[:space:]]$' out > /dev/null
ok $? 'table fits 100 columns'

run 0 -v -F "$nic" &&
has out '^ +PCI 3\.0, 6\.2\.2: ' '^Bits$' '^  hidden +reads 0' &&
! grep '.\{101\}' out > /dev/null
ok $? '-v gives reasons and explains the words'

run 0 -F "$nic" && cp out twice && run 0 -F "$nic" && cmp -s out twice
ok $? 'output is stable'

run 0 -F "$devices/qemu-nvme-cmb.txt" &&
has out '65 entries at 0 of BAR 4' '4K of 32-bit memory at .*0\.\.fff trapped'
ok $? 'MSI-X table and what is trapped for it'

run 0 -F "$several" &&
has out '^0000:00:1c\.0 PCI bridge' '^not assignable: .*bridge' \
	'^0000:02:00\.0 3D controller' '^0000:09:00\.0 System peripheral' \
	'guesses: BAR 0, 1, 3, 5' '; the size is a guess$'
ok $? 'several functions of a file'

run 0 -F "$several" 02:00.0 0000:9:0.0 &&
[ "$(grep -c '^policy: ' out)" = 2 ] && ! grep -q 'PCI bridge' out
ok $? 'functions that are named'

run 1 -F "$several" 00:1c.0 &&
has out '^not assignable: header type 1: bridges'
ok $? 'a bridge is refused'

run 1 -F "$devices/qemu-pcie-root-port.txt" && has out '^not assignable: '
ok $? 'nothing but a bridge is refused'

run 0 -F "$vf" &&
has out '^policy: default; a virtual function$' 'lspci needs -n or -nn'
ok $? 'a virtual function'

sed '1s/$/ [1b36:0010]/' "$vf" > vf.txt
run 0 -F vf.txt && has out '^00 +Vendor ID +ffff -> 1b36 +constant$' \
	'^02 +Device ID +ffff -> 0010 +constant$' \
	'^ +16K of 64-bit memory at fe604000' && ! grep -q 'needs -n' out
ok $? 'a virtual function with its IDs'

grep -v '^\([4-9a-f].\|[0-9a-f]..\): ' "$nic" > short.txt
run 0 -F short.txt && has out 'the file has the first 64 bytes only' &&
! grep -q '^40 ' out && ! grep -q '^Capabilities$' out
ok $? 'a file with 64 bytes'

# --- Policies ---------------------------------------------------------------

run 0 --strict -F "$nic" &&
has out '^policy: strict$' '^48\.\.4f .* read-only$'
ok $? '--strict'

run 0 --permissive -F "$nic" && has out '^policy: permissive$' \
	'^35\.\.3b +undeclared, 7 bytes .* forwarded$' \
	'^04 +Command .* forwarded 15:11,5:2;'
ok $? '--permissive'

run 0 --power-mgmt -F "$nic" &&
has out '^44 +Power Management Control/Status .* forwarded 12:9,1:0;'
ok $? '--power-mgmt'

run 0 --no-rom -F "$nic" && has out '^30 +Expansion ROM .* constant$' \
	'; the guest gets none of it$'
ok $? '--no-rom'

run 0 --multifunction -F "$devices/qemu-e1000e.txt" &&
has out '^0e +Header Type +00 -> 80 '
ok $? '--multifunction'

run 2 --strict --permissive -F "$nic" && [ ! -s out ] &&
has err '^ptview: strict and permissive exclude each other$'
ok $? 'strict and permissive exclude each other'

# --- Differences ------------------------------------------------------------

run 0 --diff default power-mgmt -F "$nic" &&
has out '^< 0000:01:00\.0 .*; policy: default$' \
	'^> 0000:01:00\.0 .*; policy: power-mgmt$' \
	'^44 +Power Management .*forwarded 12:9; .*forwarded 12:9,1:0;' &&
[ "$(grep -c '^[0-9a-f][0-9a-f][ .]' out)" = 1 ] &&
! sed 1,2d out | grep '.\{101\}' > /dev/null
ok $? '--diff of two policies shows PMCSR and nothing else'

run 0 --diff permissive+power-mgmt permissive,power-mgmt -F "$nic" &&
has out '^The guest sees and reaches the same\.$'
ok $? '--diff of one policy in two spellings'

run 0 --power-mgmt --diff default power-mgmt -F "$nic" &&
has out '^The guest sees and reaches the same\.$'
ok $? '--diff adds to the policy of the options'

run 0 -F "$several" --diff 02:00.0 09:00.0 &&
has out '^02 +Device ID +1d10 constant +15bf constant$'
ok $? '--diff of two functions of a file'

run 0 --diff "$nic" "$several:02:00.0" &&
has out '^00 +Vendor ID +8086 constant +10de constant$' ' - +0019 | - *$'
ok $? '--diff of functions of two files'

run 1 --diff "$nic" "$several:00:1c.0" && has out 'not assignable: '
ok $? '--diff with a bridge'

run 2 --diff "$nic" "$several" && has err 'has 4 functions; name one'
ok $? '--diff of a file with several functions'

run 2 --diff default permisive "$nic" &&
has err "'default' is a policy and 'permisive' is none" &&
run 2 --diff permisive strikt &&
has err '^ptview: permisive: neither a policy nor an address nor a file$' &&
run 2 --diff default && has err '^ptview: --diff needs two' &&
run 2 --diff strict+permissive default -F "$nic" && has err 'exclude' &&
run 2 --diff "$nic" "$nic" "$nic" && has err 'no more operands'
ok $? '--diff with what it does not know'

# --- lspci's form -----------------------------------------------------------

run 0 -x -F "$nic" && has out '^0000:01:00\.0 Ethernet controller' \
	'^00: 86 80 c9 10 00 00 10 00 ' && [ "$(wc -l < out)" = 18 ]
ok $? '-x'

run 0 -x -F "$several" && has err '00:1c.0: not assignable: ' &&
[ "$(grep -c '^0000:' out)" = 2 ]
ok $? '-x leaves out bridges'

"$ptview" -x -F "$nic" | "$ptview" -F - > out 2> err &&
has out '^  guest   40 Power Management'
ok $? '-x can be read again'

if have lspci; then
	# Where there are no kernel modules, lspci says so every time.
	fine=0
	for f in "$devices"/*.txt; do
		"$ptview" -x -F "$f" > x.txt 2> /dev/null
		[ -s x.txt ] || continue
		lspci -vv -F x.txt > decoded 2> complaints || fine=1
		grep -v libkmod complaints && fine=1
		# At an unknown capability lspci prints question marks.
		grep -n -e '<chain broken>' -e '??' -e '!!!' decoded && fine=1
		[ "$(grep -c '^[0-9a-f]*:[0-9a-f]*\.' decoded)" = \
		  "$(grep -c '^0000:' x.txt)" ] || fine=1
	done
	ok $fine 'lspci decodes the guest view of every capture'

	"$ptview" -x -F "$nic" | lspci -vv -F /dev/stdin > out 2> err &&
	has out '^01:00\.0 Ethernet controller: Intel' \
		'Capabilities: \[40\] Power Management' 'FLReset-'
	ok $? 'lspci reads a pipe'
else
	skip 'lspci decodes the guest view of every capture' 'no lspci'
	skip 'lspci reads a pipe' 'no lspci'
fi

# --- Input ------------------------------------------------------------------

run 0 -F "$nic" && cp out plain
gzip -c "$nic" > nic.gz
run 0 -F nic.gz && cmp -s out plain
ok $? 'a gzip file'

"$ptview" -F - < nic.gz > out 2> err && cmp -s out plain
ok $? 'the standard input'

head -c 500 nic.gz > cut.gz
run 2 -F cut.gz && [ ! -s out ] &&
has err '^ptview: cut\.gz: the compressed file is cut off$'
ok $? 'a gzip file that is cut off'

head -c 700 "$nic" > cut.txt
run 2 -F cut.txt && [ ! -s out ] && has err '^ptview: cut\.txt: line [0-9]+: '
ok $? 'a text that is cut off'

run 2 -F nothing.txt && has err '^ptview: nothing\.txt: No such file' &&
run 2 -F . && has err '^ptview: \.: Is a directory$' &&
run 2 -F /dev/null && has err 'is it the output of lspci -xxx'
ok $? 'no file, a directory, an empty file'

run 2 -F "$nic" 05:00.0 && has err 'no function 0000:05:00\.0 in it$'
ok $? 'a function that is not in the file'

{
	printf '01:00.0 a\033[31mb\233c\302\205d \303\251 \342\200\256z\177\r\n'
	sed 1d "$nic"
} > hostile.txt
run 0 -F hostile.txt && has out \
	'^0000:01:00\.0 a\\x1b\[31mb\\x9bc\\xc2\\x85d .* \\xe2\\x80\\xaez\\x7f$' &&
run 0 -x -F hostile.txt &&
! tr -d '\n\303\251' < out | grep '[^ -~]' > /dev/null &&
run 0 --diff default strict -F hostile.txt &&
! tr -d '\n\303\251' < out | grep '[^ -~]' > /dev/null
ok $? 'control characters are escaped'

size=$(wc -c < "$several")
at=0
fine=0
while [ $at -lt "$size" ]; do
	head -c $at "$several" > cut.txt
	"$ptview" -F cut.txt > out 2> err
	[ $? -le 2 ] || fine=1
	at=$((at + 997))
done
ok $fine 'no truncation ends in a crash'

# --- Dumps as people send them -------------------------------------------------

dumps=$here/dumps

# A log: lspci's list, then its dump with a message in the middle of a line.
{
	echo 'Start of the report'
	grep -h '^[0-9a-f:]*\.[0-7] ' "$nic" "$several"
	echo '0000:00:1f.6 Ethernet controller: only in the list'
	cat "$nic" "$several" | sed '/^09:00.0/,/^$/{
		s/^20: .. ../&pcilib: sysfs_read_vpd: read failed\
/
	}'
	echo '[    0.4] pci 0000:01:00.0: [8086:10c9] type 00 class 0x020000'
} > log.txt
line=$(grep -n '^20: .*pcilib' log.txt | cut -d : -f 1)

run 2 -F log.txt && has out '^0000:01:00\.0 Ether' '^0000:02:00\.0 3D contr' &&
! grep -q -e '^0000:09:00' -e 'makes* no sense' out &&
has err "^ptview: log\.txt: line $line: 0000:09:00\.0: these are not 16 bytes$" \
	'line 7: 0000:00:1f\.6: no bytes' && [ "$(wc -l < err)" = 2 ]
ok $? 'a message in a log of several functions costs one of them'

run 0 -F log.txt 01:00.0 && [ ! -s err ] && sed '/^Notes/,$d' out > one &&
run 0 -F "$nic" && sed '/^Notes/,$d' out | cmp -s - one &&
run 2 -F log.txt 09:00.0 && [ ! -s out ] && has err 'these are not 16 bytes$' &&
run 2 -F log.txt 00:1f.6 && has err '0000:00:1f\.6: no bytes' &&
run 2 --diff "$nic" log.txt:09:00.0 && has err 'these are not 16 bytes$' &&
run 0 --diff "$nic" log.txt:01:00.0
ok $? 'one address out of a log'

run 2 -j -F log.txt && has out '"address": "0000:02:00\.0"' &&
! grep -q '"address": "0000:09:00' out
ok $? '--json of what is sound in a log'

{ cat "$nic"; grep '^[0-9a-f:]*\.[0-7] ' "$several"; } > l.txt
run 2 -F l.txt && has out '^0000:01:00\.0 ' && has err \
	'^ptview: l\.txt: 4 functions have no bytes' && [ "$(wc -l < err)" = 1 ]
ok $? 'a list of functions is one line of complaint'

run 0 -F "$dumps/enetc-old-lspci-prefix.txt" &&
has out '^ +256K of 32-bit memory at 1f8000000$' &&
run 0 -F "$dumps/enetc-no-lines.txt" &&
has out '^ +256K of 32-bit memory at 1f8000000$' \
	'^ +64K of 32-bit memory, prefetchable, at 1f8160000; ' \
	'^  guest .*80 MSI-X' && ! grep -q guess out
ok $? 'BARs of Enhanced Allocation'

run 0 -F "$dumps/gf116-rom-shadow.txt" &&
has out '^30 +Expansion ROM .* none$' "line 6: .* firmware's copy" &&
! grep -q 'of ROM' out
ok $? "firmware's copy of a ROM is not the device's"

run 0 -F "$dumps/connectx5-rom-without-line.txt" &&
has out '^30 +Expansion ROM .* none$' 'ROM at e6700000, of a size that is not'
ok $? 'a ROM whose size is not known is noted'

run 0 -F "$dumps/rage-xl-size-967c0000.txt" &&
has out '^ +4K of 32-bit memory at 95000000; the size is a guess$' \
	'^ +256 I/O ports at f000$' 'line 2: region has an impossible size' &&
run 0 -F "$dumps/isp1020-size-257.txt" &&
has out '^ +32 I/O ports at f200000; the size is a guess$' \
	'line [23]: region has an' 'line 5: expansion ROM has an' \
	'^18 +Base Address 2 .* none$'
ok $? 'impossible sizes are guesses'

# --- JSON -------------------------------------------------------------------

cat > check.py << 'END'
import json, sys
for f in json.load(open(sys.argv[1])):
    if not f["assignable"]:
        assert f["reason"] and f["registers"] == []
        continue
    at = 0
    for r in f["registers"]:
        assert r["offset"] == at, r
        at += r["size"]
        if r["kind"] == "register":
            masks = [int(m, 16) for m in r["bits"].values()]
            assert sum(masks) == (1 << 8 * r["size"]) - 1, r
            assert r["name"] and r["why"] and r["spec"]
            assert len(r["host"]) == len(r["guest"]) == 2 + 2 * r["size"]
        else:
            assert len(r["host_bytes"]) == len(r["guest_bytes"])
            assert r["access"] in f["registers"][0]["bits"]
    assert at == f["captured"]
    assert len(f["address"]) >= 12
    assert all(c["why"] for c in f["capabilities"]
               if c["fate"] != "exposed")
END

if have python3; then
	fine=0
	for f in "$devices"/*.txt hostile.txt short.txt; do
		for o in --multifunction --extended; do
			"$ptview" -j $o -F "$f" > out 2> err
			[ $? -le 1 ] && python3 check.py out > py 2>&1 &&
			continue
			echo "# $o $f"
			sed 's/^/# /' py
			fine=1
		done
	done
	ok $fine '--json: every bit of every register of every capture'

	run 0 -j -d default power-mgmt -F "$nic" &&
	python3 -c 'import json
d, = json.load(open("out"))
x, = d["differences"]
assert d["a"]["label"] == "default" and d["b"]["policy"]["power_mgmt"]
assert x["a"]["name"] == x["b"]["name"]
assert x["a"]["bits"]["emulated"] == "0x0003"' > py 2>&1
	ok $? '--json --diff'
else
	skip '--json: every bit of every register of every capture' 'no python3'
	skip '--json --diff' 'no python3'
fi

if have jq; then
	run 0 -j -F "$several" &&
	[ "$(jq -c '[.[].assignable]' out)" = '[false,true,false,true]' ] &&
	run 1 -j -F "$several" 00:1c.0 &&
	jq -e '.[0].reason | startswith("header type 1")' out > /dev/null
	ok $? '--json of bridges'
else
	skip '--json of bridges' 'no jq'
fi

# --- Extended space ---------------------------------------------------------

gpu=$devices/hw-fiji.txt

run 0 -F "$gpu" && ! has out '^1[0-9a-f][0-9a-f]|Resizable' > /dev/null &&
run 0 -x -F "$gpu" && ! has out '^100:' > /dev/null
ok $? '256 bytes without --extended'

run 0 --extended -F "$gpu" && has out '^policy: extended$' \
	'^Advanced Error Reporting capability \(ID 01\) at 150, 44 bytes$' \
	'^158 +Uncorrectable Error Mask .*  forwarded 25:12,5:4;$' \
	'^204 +Resizable BAR Capability 0 +0001f000 -> 00001000  constant$' \
	'^2b0\.\.2b7  zeroed, 8 bytes +data -> 0 ' \
	'^  device .* 100.Vendor-Specific,$' \
	'^  guest .* 100.Vendor-Specific,$' \
	"^  hidden  2b0 Address Translation Service: the host's IOMMU$"
ok $? '--extended: tables and both chains'

run 0 --extended -x -F "$gpu" && [ "$(grep -c '^[0-9a-f]*0: ' out)" = 256 ] &&
has out '^100: 0b 00 01 15' '^150: 01 00 02 20' '^200: 15 00 01 00 00 10 00' \
	'^2b0: 00 00 00 00 00 00 00 00 00' '^ff0: 00'
ok $? '--extended -x prints 4096 bytes'

if have lspci; then
	lspci -vv -F out > dec 2>&1 && has dec 'Advanced Error Reporting' \
		'Resizable BAR' && ! has dec 'ATS|PASID' > /dev/null
	ok $? '--extended -x is decoded by lspci'
else
	skip '--extended -x is decoded by lspci' 'no lspci'
fi

run 0 --diff default extended -F "$gpu" && has out '^ *150' &&
! has out '^ *[0-9a-f][0-9a-f] ' > /dev/null
ok $? '--diff default extended: nothing differs below 100'

sed '/^[0-9a-f][0-9a-f]0: /,$ { /^[0-9a-f][0-9a-f][0-9a-f]: /d; }' "$gpu" \
	> xxx.txt
run 0 --extended -F xxx.txt && has out 'first 256 bytes only' &&
! has out '^100 ' > /dev/null &&
run 0 --power-mgmt -F xxx.txt && ! has out 'extended' > /dev/null
ok $? '--extended of a dump by lspci -xxx'

# --- Function level reset ----------------------------------------------------

run 0 --diff default flr -F "$nic" &&
has out 'Device Capabilities +00008cc2 constant +10008cc2 constant$'
ok $? '--flr: the guest can reset the function'
run 0 --flr -F "$devices/hw-bcm5701.txt" && has out '^policy: flr$' &&
mv out with && run 0 -F "$devices/hw-bcm5701.txt" &&
[ "$(diff with out | grep -c '^[<>]')" = 2 ]
ok $? '--flr: nothing where there is no such reset'
printf '[8086:10c9]\nflr = yes\n' > flr.conf
run 0 -c flr.conf -F "$nic" && has out '^policy: flr$' \
	'^from flr.conf:2 .8086:10c9. flr$'
ok $? '--config: flr'

# --- Policy files ------------------------------------------------------------

cat > host.conf <<-'END'
	[all]
	power_mgmt = yes
	[8086:10c9]
	hide = MSI-X, 0x7f
	romfile = /rom
	END
printf '[class 02]\npower_mgmt = no\nhide =\n' > guest.conf

run 0 -c host.conf -F "$nic" && [ ! -s err ] &&
has out '^policy: power-mgmt\+hide=MSI-X,0x7f$' '^romfile: /rom$' \
	'^from host.conf:2 \[all\] power_mgmt, .*:4 \[8086:10c9\] hide$' \
	'MSI-X.*hidden by the policy file'
ok $? '--config'

run 0 -c host.conf --config guest.conf --strict -F "$nic" &&
has out '^policy: strict$' \
	"toolstack strict, guest's guest.conf:2 \[class 02\] power" &&
run 2 -c host.conf -c guest.conf -c host.conf -F "$nic"
ok $? '--config: the guest'"'"'s goes over the host'"'"'s, options over both'

printf '[all]\nstrict = yes\n' > strict.conf
run 1 --permissive -c strict.conf -F "$nic" 01:00.0 &&
has out 'not assignable: strict \(strict.conf:2 \[all\]\) and permissive'
ok $? '--config: a contradiction'

run 0 -d default config=host.conf -F "$nic" && has out '^> .*hide=MSI-X' \
	'PMCSR|Power Management' && run 0 -d config=host.conf \
	config=guest.conf -F "$nic" && has out '^< .*hide' '^> .*default' &&
run 2 -d default config=nothere -F "$nic" && has err nothere &&
run 2 -d config=host.conf 01:00.0 -F "$nic"
ok $? '--diff of policy files'

if have jq; then
	run 0 -j -c host.conf -F "$nic" &&
	jq -e '.[0].policy | .hide == ["0x11", "0x7f"] and .romfile == "/rom"
		and (.origin | startswith("from host.conf:2"))' out > /dev/null
	ok $? '--json with a policy file'
else
	skip '--json with a policy file' 'no jq'
fi

cat > masks.conf <<-'END'
	[8086:10c9]
	register 0x90.2 = emu 0x00ff, zero
	register 0xc4.4 = zero 0x00000010
	add = 0xe0 Vendor 08 50 32 50 08 00
	END
run 0 -c masks.conf -F "$nic" && [ ! -s err ] &&
has out '^policy: register=0x90.2,0xc4.4\+add=0xe0$' \
	'^90\.\.91 .* emulated 7:0; hidden 15:8; by ' \
	'^92\.\.9f .* forwarded$' \
	'^c4 .*Device Capabilities 2 .* -> 0000000f .*by ' \
	'^Vendor Specific capability \(ID 09\) at e0, 8 bytes; added$' \
	'^e0\.\.e7 +added, 8 bytes .* constant$' \
	'^  device  40 Power Management, 50 MSI, 70 MSI-X, a0 PCI Express$' \
	'^  guest .* a0 PCI Express, e0 Vendor Specific$'
ok $? '--config: registers and a capability'

run 0 -d default config=masks.conf -F "$nic" &&
has out '^90\.\.91 .*forwarded .*emulated 7:0' '^e0\.\.e7 ' '^a1 ' '^c4 ' &&
! grep -qE '^(7c|92|d4|e8)' out
ok $? '--diff of registers and a capability'

printf '[all]\n\nregister 0x72.2 = fwd\n' > xens.conf
printf '[all]\nregister 0x04.2 = fwd\n' > header.conf
run 0 --check-config=xens.conf && run 1 -c xens.conf -F "$nic" 01:00.0 &&
has out "not assignable: xens.conf:3 \[all\]: register 0x72.2: .* Xen's" &&
run 2 --check-config=header.conf &&
has err 'header.conf:2: register 0x4.2: the header, up to 0x3f, is as it is'
ok $? '--config: registers that no file changes'

if have jq; then
	run 0 -j -c masks.conf -F "$nic" &&
	jq -e '.[0] | (.policy.registers | map(.offset)) == [144, 196] and
		.policy.add[0].bytes == "0900085032500800" and
		(.capabilities | map(select(.added)) | length) == 1 and
		(.registers | map(select(.policy_file)) | length) == 2' \
		out > /dev/null
	ok $? '--json with registers and a capability'
else
	skip '--json with registers and a capability' 'no jq'
fi

# A GeForce, of what is looked at.
awk 'BEGIN {
	print "01:00.0 VGA compatible controller: made for this"
	print "\tMemory at d0000000 (32-bit, non-prefetchable) [size=16M]"
	print "00: de 10 80 13 07 00 00 00 a2 00 00 03 00 00 00 00"
	print "10: 00 00 00 d0 00 00 00 00 00 00 00 00 00 00 00 00"
	for (i = 2; i < 16; i++)
		printf "%x0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n", i
}' > gpu.txt
printf '[class 03]\nwindow = nvidia-config\nno-window = amd-config\n' > gpu.conf

run 0 -F gpu.txt && has out '^Windows$' \
	'^  nvidia-config, 88000..88fff of region 0, configuration space: off$' &&
run 0 -v -c gpu.conf -F gpu.txt &&
has out '^policy: window=nvidia-config\+no-window=amd-config$' \
	'nvidia-config, .*: in force\. the driver acknowledges' \
	'88000..88fff trapped' &&
run 0 -F "$nic" && ! grep -q '^Windows' out
ok $? 'windows'

run 0 -d default config=gpu.conf -F gpu.txt && has out \
	'^< window nvidia-config, 88000..88fff of region 0: off$' \
	'^> window nvidia-config, 88000..88fff of region 0: in force$' &&
! grep -q 1800 out
ok $? '--diff of windows'

if have jq; then
	run 0 -j -c gpu.conf -F gpu.txt &&
	jq -e '.[0] | (.windows | map(select(.in_force)) | length) == 1 and
		.windows[0].name == "nvidia-config" and
		.policy.window == ["nvidia-config"]' out > /dev/null &&
	run 0 -j -d default config=gpu.conf -F gpu.txt &&
	jq -e '.. | .windows? // empty | length == 1 and
		.[0].b.in_force and (.[0].a.in_force | not)' out > /dev/null
	ok $? '--json of windows'
else
	skip '--json of windows' 'no jq'
fi

printf '[all]\nhide = MSIX\n' > wrong.conf
run 0 --check-config=host.conf && [ ! -s out ] && [ ! -s err ] &&
run 2 --check-config wrong.conf && [ ! -s out ] &&
has err "^ptview: wrong.conf:2: no capability has the name 'MSIX'" &&
run 2 --check-config nothere && run 2 -c wrong.conf -F "$nic" && [ ! -s out ]
ok $? '--check-config'

printf '[8086:10c9]\nextended = yes\nhide = AER, ext:0x03\n' > ext.conf
run 0 -c ext.conf -F "$nic" && has out '^policy: extended\+hide=AER,DSN$' &&
run 0 -c ext.conf -j -F "$nic" && has out '"0x10001"'
ok $? '--config: extended space and what is hidden of it'

# --- Options ----------------------------------------------------------------

run 0 --version && has out '^ptview [0-9]' && run 0 -V && [ ! -s err ]
ok $? '--version'

run 0 --help && has out '^Usage: ptview' && [ ! -s err ] &&
! grep '.\{81\}' out > /dev/null
ok $? '--help'

run 2 --nonsense && [ ! -s out ] && has err nonsense 'ptview --help' &&
run 2 -F && run 2 -x -j -F "$nic" && has err 'exclude each other' &&
run 2 -j -x -F "$nic" && run 2 -x -d default strict -F "$nic" &&
has err 'exclude each other'
ok $? 'wrong options'

fine=0
for a in 3 0.0 00:00 00:00.8 00:20.0 100:00.0 0:0:0:0.0 000000000:00:00.0 \
	00:00.0x ' 00:00.0' ''; do
	run 2 -F "$nic" "$a" && has err ': not an address; ' || fine=1
done
ok $fine 'wrong addresses'

if [ -c /dev/full ]; then
	"$ptview" -F "$nic" > /dev/full 2> err
	[ $? = 2 ] && has err "^ptview: can't write: "
	ok $? 'a full disk'
else
	skip 'a full disk' 'no /dev/full'
fi

man=$here/../tools/ptview.1
if have mandoc && [ -f "$man" ]; then
	# Pages that are not installed are no fault of ours.
	! mandoc -Tlint "$man" "$here/../hosts/common/pass-through.conf.5" \
		"$here/../hosts/process/xen-pass-through.8" 2>&1 |
		grep -v -e 'referenced manual not found' -e 'mandoc.db' > out
	ok $? 'the manual page is well-formed'
else
	skip 'the manual page is well-formed' 'no mandoc'
fi

if [ -f "$man" ]; then
	fine=0
	run 0 --help
	grep -o -e '--[a-z-]*' out | sort -u > options
	while read -r o; do
		grep -q -- "\\\\-${o#--}\>" "$man" && continue
		echo "# not in the manual: $o"
		fine=1
	done < options
	ok $fine 'the manual page has every option'
else
	skip 'the manual page has every option' 'no manual page'
fi

# --- This machine -----------------------------------------------------------

first=
for d in /sys/bus/pci/devices/*; do
	# A function that is no bridge, and answers.
	case $(cat "$d/class" 2> /dev/null) in
	'' | 0x06*) ;;
	*) [ -n "$first" ] || first=${d##*/} ;;
	esac
done

if [ -n "$first" ]; then
	vendor=$(sed 's/^0x//' "/sys/bus/pci/devices/$first/vendor")
	device=$(sed 's/^0x//' "/sys/bus/pci/devices/$first/device")
	run 0 "$first" && has out "^$first " \
		"^00 +Vendor ID .* $vendor +constant\$" \
		"^02 +Device ID .* $device +constant\$"
	ok $? 'a function of this machine'

	set -- /sys/bus/pci/devices/*
	run 0 && has out "^$first " &&
	[ "$(grep -c '^[0-9a-f]*:[0-9a-f]*:[0-9a-f]*\.[0-7] ' out)" = $# ]
	ok $? 'all functions of this machine'

	run 0 --diff "$first" "$first" &&
	has out '^The guest sees and reaches the same\.$' &&
	run 0 --diff default strict "$first"
	ok $? '--diff on this machine'
else
	for t in 'a function of this machine' 'all functions of this machine' \
		'--diff on this machine'; do
		skip "$t" 'no PCI function'
	done
fi

run 2 ffff:ff:1f.7 && has err '^ptview: ffff:ff:1f\.7: '
ok $? 'a function that this machine does not have'

# What lspci prints of a function is as good as the function itself.
if [ -n "$first" ] && [ "$(id -u)" = 0 ] && have lspci; then
	fine=0
	run 0 "$first"
	grep -v '^0000:' out > live
	for o in -v -vv '-vvv -D -k' '-v -nn' '-v -b' '-vv -n -b'; do
		# shellcheck disable=SC2086 # a list
		lspci -s "$first" $o -xxx > lspci.txt 2> err
		run 0 -F lspci.txt || fine=1
		# With -b, lspci does not know the sizes.
		[ "${o%-b}" = "$o" ] || continue
		grep -v '^0000:' out | cmp -s - live && continue
		echo "# differs: lspci $o"
		grep -v '^0000:' out | diff live - | sed 's/^/# /'
		fine=1
	done
	ok $fine 'all forms of lspci give what the function itself gives'
else
	skip 'all forms of lspci give what the function itself gives' \
		'not root, or no lspci'
fi

if [ -n "$first" ] && [ "$(id -u)" = 0 ] && have setpriv; then
	chmod 755 "$tmp"
	cp "$ptview" ptview
	chmod 755 ptview
	setpriv --reuid 65534 --regid 65534 --clear-groups ./ptview "$first" \
		> out 2> err &&
	has out '^00 +Vendor ID ' 'only the first 64 bytes could be read' &&
	! grep -q '^40 ' out
	ok $? 'a function of this machine without root'
else
	skip 'a function of this machine without root' 'not root'
fi

if [ -n "$first" ] && have strace; then
	# LeakSanitizer and strace both want to be the tracer.
	ASAN_OPTIONS=detect_leaks=0 \
		strace -f -o trace "$ptview" "$first" > out 2> err &&
	grep -q '/config"' trace &&
	! grep '/config"' trace | grep -e O_RDWR -e O_WRONLY > /dev/null
	ok $? 'a function is not opened for writing'
else
	skip 'a function is not opened for writing' 'no strace'
fi

# --- Memory -----------------------------------------------------------------

if have valgrind && ! grep -q __asan_init "$ptview"; then
	fine=0
	for o in '-v' '-x' '-j' '-d default strict' '-j -d default permissive'; do
		# shellcheck disable=SC2086 # a list
		valgrind -q --error-exitcode=99 --leak-check=full \
			"$ptview" $o -F "$several" > out 2> err
		[ $? -le 1 ] && continue
		echo "# ptview $o"
		fine=1
	done
	if [ -n "$first" ]; then
		valgrind -q --error-exitcode=99 --leak-check=full \
			--suppressions="$here/libpci.supp" \
			"$ptview" > out 2> err
		[ $? -le 1 ] || fine=1
	fi
	valgrind -q --error-exitcode=99 --leak-check=full \
		"$ptview" -F cut.gz > out 2> err
	[ $? -le 2 ] || fine=1
	ok $fine 'valgrind finds nothing'
else
	skip 'valgrind finds nothing' 'no valgrind, or built with a sanitizer'
fi

echo "1..$count"
[ $bad = 0 ]
