#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fetch the packages of a Xen stack, those of one release of Debian (STACK), and
# make of them what `run` boots. Prints the directory that then holds:
#
#   xen, vmlinux   the hypervisor and dom0's kernel
#   dom0.cpio      dom0's root: busybox, xl, xenstored, the stock device model,
#                  dpkg and its database
#   dom0.packages  the names in that database
#   stubdom.cpio   a stub domain's root, but for the device model
#   guest.iso      the HVM guest's disk: the same kernel, drivers, proofs
#   *.img          disks with known contents, for the emulated controllers; of
#                  boot.img, a guest can boot by BIOS and by UEFI
#   tftp/data      what the guest fetches over the network
#   expect         the sums of all of these, as shell variables
#
# and another one, with `qemu`: the QEMU that is the outer machine, of the same
# release. With PACKAGE=FILE, a line more for each package that dom0 has to get
# before dpkg configures this one.
#
# Nothing is installed but build tools that are missing: the packages are
# unpacked.  All steps are cached, see cached() in lib.sh.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/xen/lib.sh
. "$here/lib.sh"
# shellcheck source=hosts/qemu/lib-unpack.sh
. "$here/../../hosts/qemu/lib-unpack.sh"

PACKAGES=(
    "xen-hypervisor-$XEN-amd64" "xen-utils-$XEN" xenstore-utils
    qemu-system-xen linux-image-amd64 busybox-static pciutils strace
    isolinux syslinux-common systemd-boot-efi ovmf
    kexec-tools nvme-cli ethtool dpkg tar
)
DOM0_MODULES=(
    xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-pciback
    virtio_pci 9pnet_virtio 9p nvme igb e1000e
)
GUEST_MODULES=(
    af_packet e1000 e1000e nvme ahci sd_mod virtio_pci virtio_net
    xhci_pci usbhid hid-generic uio_pci_generic isofs igb igbvf
)
STUBDOM_MODULES=(
    xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-pcifront
    xen-blkfront
)

OUTER_PACKAGES=(qemu-system-x86)

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# ------------------------------------------------------------ packages

# apt RELEASE ARGUMENT...: apt-get as if this machine's mirrors had this release
# only, and no package were installed here, so that the result depends on the
# archive alone; recommended packages are left out.  It may print status that
# is to be kept out of the way, hence -q.
apt()
{
    local dir=$CACHE/apt-$1
    shift
    apt-get -q -y -o Dir::State::status=/dev/null -o Debug::NoLocking=1 \
        -o Dir::Etc::sourcelist="$dir/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$dir/lists" \
        -o Dir::Cache="$dir/cache" -o APT::Architecture=amd64 \
        -o APT::Install-Recommends=false -o APT::Sandbox::User=root "$@"
}

# mirror LABEL: where this machine has Debian from; nothing if it does not say.
mirror()
{
    # shellcheck disable=SC2016  # apt-get's variable, not the shell's
    apt-get indextargets --format '$(REPO_URI)' "Label: $1" \
        "Origin: Debian" 2>/dev/null | head -n 1 || true
}

# index RELEASE [now]: what the archive has.  A week-old index still serves,
# when all that it names is there or in the cache.
index()
{
    local dir=$CACHE/apt-$1 signed='' main security
    [ -n "${2:-}" ] || [ -z "$(find "$dir/fresh" -mtime -7 2>/dev/null)" ] ||
        return 0
    mkdir -p "$dir"/{lists,cache/archives}/partial
    [ ! -f "$KEYRING" ] || signed="[signed-by=$KEYRING] "
    main=$(mirror Debian)
    security=$(mirror Debian-Security)
    [ -n "$main" ] || die "apt-get knows no mirror of Debian: apt-get update"
    {
        echo "deb $signed$main $1 main"
        echo "deb $signed$main $1-updates main"
        [ -z "$security" ] || echo "deb $signed$security $1-security main"
    } >"$dir/sources.list"
    note "fetching the index of Debian's $1"
    if apt "$1" update >&2; then
        touch "$dir/fresh"
    else
        [ -f "$dir/fresh" ] || die "apt-get update failed for $1"
    fi
}

# The files to be fetched with their sums, whatever mirror they come from.
package_list()  # RELEASE PACKAGE...
{
    local release=$1
    shift
    apt "$release" --print-uris install "$@" | sed -n "s/^'[^']*' //p" | sort
}

fetch_packages()        # RELEASE PACKAGE...
{
    local deb count=0 release=$1
    shift
    mkdir partial
    apt "$release" -d -o Dir::Cache::archives="$PWD" install "$@" || {
        index "$release" now            # the archive has moved on
        apt "$release" -d -o Dir::Cache::archives="$PWD" install "$@"
    }
    rm -rf partial lock
    for deb in *.deb; do
        dpkg-deb -f "$deb" Package Version | paste -s
        count=$((count + 1))
    done >versions
    [ "$count" -ge $# ]
}

# ------------------------------------------------------------ outer machine

build_outer()   # PACKAGES
{
    local root=$PWD/root lib
    unpack_packages "$1" root
    mkdir lib
    for lib in $(cd "$root" && closure "$root" usr/bin/qemu-system-x86_64); do
        cp -L "$root/$lib" lib/
    done
    cp -L "$root/lib64/ld-linux-x86-64.so.2" lib/
    strip -o lib/qemu-system-x86_64 "$root/usr/bin/qemu-system-x86_64"
    chmod 755 lib/qemu-system-x86_64
    # A module in Debian 12.
    mkdir share modules
    find "$root"/usr/lib/x86_64-linux-gnu/qemu -name 'accel-tcg-*.so' \
        -exec cp {} modules/ \;
    cp -rL "$root"/usr/share/{qemu,seabios} share/
    find "$root"/usr/lib/ipxe/qemu -name '*.rom' -exec cp {} share/qemu/ \; || :
    cat >qemu <<-"EOT"
	#!/bin/sh
	# Written by tests/xen/build-images.sh.
	d=$(dirname "$0")
	export QEMU_MODULE_DIR=$d/modules
	exec "$d/lib/ld-linux-x86-64.so.2" --library-path "$d/lib" \
	    "$d/lib/qemu-system-x86_64" -L "$d/share/qemu" -L "$d/share/seabios" "$@"
	EOT
    chmod 755 qemu
    ./qemu -version
    cp "$1/versions" versions
    rm -rf root
}

# ------------------------------------------------------------ images

# skeleton DIR: what both roots have: busybox, lspci and its libraries, and
# the modules named, with all that they need.
skeleton()
{
    local dir=$1 file files
    shift
    mkdir -p "$dir"/{bin,sbin,dev,proc,sys,run,tmp,etc,root,var/log} \
        "$dir"/{lib64,usr/bin,usr/sbin,mnt}
    cp "$root/bin/busybox" "$dir/bin/"
    programs "$dir" usr/bin/lspci usr/bin/setpci
    files=$(modprobe -S "$kernel" -d "$root" -a --show-depends "$@" |
        sed -n 's/^insmod //p' | sort -u)
    for file in $files; do
        mkdir -p "$dir/$(dirname "${file#"$root"}")"
        cp "$file" "$dir${file#"$root"}"
        # Debian 13 has them compressed.
        case $file in *.xz) xz -d "$dir${file#"$root"}" ;; esac
    done
    cp "$root/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo} \
        "$dir/lib/modules/$kernel/"
    depmod -b "$dir" "$kernel"
}

# programs DIR NAME...: copy programs and their libraries from the packages.
programs()
{
    local dir=$1 name libraries
    shift
    libraries=$(cd "$root" && closure "$root" "$@")
    for name in "$@" $libraries; do
        mkdir -p "$dir/$(dirname "$name")"
        cp -L "$root/$name" "$dir/$name"
    done
    # Where the ELF files say that their loader is.
    cp -L "$root/lib64/ld-linux-x86-64.so.2" "$dir/lib64/" 2>/dev/null ||
        cp -L "$root"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$dir/lib64/"
}

# pack DIR: a newc archive of DIR, the same for the same contents.
pack()
{
    find "$1" -exec touch -h -d @0 {} +
    (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0)
}

# The ELF kernel inside of the bzImage (its position is in the header that the
# x86 boot protocol defines): Xen can load it without unpacking it first.
extract_vmlinux()
{
    local at setup unpack
    setup=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
    at=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
    at=$(((setup + 1) * 512 + at))
    case $(od -An -tx1 -j $at -N 4 "$1" | tr -d ' ') in
    fd377a58) unpack="xz -dc --single-stream" ;;        # Debian 12
    28b52ffd) unpack="zstd -dc" ;;                      # Debian 13
    *) echo "$1: compressed in an unknown way" >&2; return 1 ;;
    esac
    # Its size comes after it, which neither program likes.
    tail -c +$((at + 1)) "$1" | $unpack 2>/dev/null || true
}

# dpkg_database ROOT PACKAGES: for dpkg in ROOT, of the packages that it has a
# file of, whatever the file's name is there; empty ones are nobody's.
dpkg_database()
{
    local db=$1/var/lib/dpkg deb name
    mkdir -p "$db"/{info,updates,triggers}
    echo 1 >"$db/info/format"
    find "$1" -type f -size +0 -exec md5sum {} + >sums
    for deb in "$2"/*.deb; do
        dpkg-deb -I "$deb" md5sums | awk 'NR == FNR { has[$1]; next }
            $1 in has { print "/" substr($0, 35) }' sums - >list
        [ -s list ] || continue
        name=$(dpkg-deb -f "$deb" Package)
        [ "$(dpkg-deb -f "$deb" Multi-Arch)" != same ] || name+=:amd64
        mv list "$db/info/$name.list"
        dpkg-deb -f "$deb"
        printf '%s\n' "Status: install ok installed" ""
    done >"$db/status"
    rm -f sums list
}

build_dom0()    # PACKAGES
{
    local bin=usr/lib/xen-$XEN/bin
    skeleton dom0 "${DOM0_MODULES[@]}"
    programs dom0 "$bin"/{xl,xenstored,xenconsoled,xen-init-dom0} \
        "$bin"/{libxl-save-helper,vchan-socket-proxy} \
        usr/bin/xenstore-{read,write,ls} usr/bin/strace \
        usr/libexec/xen-qemu-system-i386 "$ethtool" \
        usr/bin/dpkg{,-deb,-split} usr/bin/tar
    mkdir -p dom0/usr/share dom0/etc/xen dom0/var/log/xen/console \
        dom0/var/lib/xen dom0/run/xen "dom0/usr/lib/xen-$XEN/boot"
    : >dom0/etc/xen/xl.conf             # xl complains when it is missing
    cp "$root/usr/lib/xen-$XEN/boot/hvmloader" "dom0/usr/lib/xen-$XEN/boot/"
    cp -r "$root/usr/share/seabios" dom0/usr/share/
    mkdir dom0/usr/share/ovmf
    cp "$root/usr/share/ovmf/OVMF.fd" dom0/usr/share/ovmf/
    mkdir -p dom0/usr/share/qemu
    cp -r "$root"/usr/share/qemu/{linuxboot*,kvmvapic,multiboot*,pvh}.bin \
        "$root/usr/share/qemu/keymaps" dom0/usr/share/qemu/
    static_program dom0/bin/nvme-vf "$here/src/nvme-vf.c"
    static_program dom0/bin/plug "$here/src/plug.c"
    mkdir -p dom0/guest
    cp guest.iso dom0/guest/
    install -m 755 "$here/dom0/init" dom0/init
    install -m 755 "$here/guest/prove" dom0/bin/prove
    dpkg_database dom0 "$1"
    sed -n 's/^Package: //p' dom0/var/lib/dpkg/status >dom0.packages
    pack dom0 >dom0.cpio
}

# Its kernel is dom0's; the device model comes from the scenario.
build_stubdom()
{
    skeleton stubdom "${STUBDOM_MODULES[@]}"
    programs stubdom usr/bin/xenstore-{read,list} \
        "usr/lib/xen-$XEN/bin/vchan-socket-proxy"
    echo "${STUBDOM_MODULES[@]}" >stubdom/etc/modules
    install -m 755 "$here/stubdom/init" stubdom/init
    pack stubdom >stubdom.cpio
}

# The guest boots from an isohybrid disk: SeaBIOS and isolinux read it in a
# fraction of the time that direct kernel boot takes here.  iomem=relaxed lets
# the attack map a BAR that a driver has; xen_emul_unplug=never leaves the guest
# its disk, which QEMU 10 would unplug.
GUEST_LINE="console=hvc0 loglevel=4 mitigations=off iomem=relaxed \
xen_emul_unplug=never"

# isohybrid IMAGE DIR LINE [OPTION...]: of the kernel and initrd in DIR, with
# LINE for more of the command line.
isohybrid()
{
    local image=$1 dir=$2 line=$3
    shift 3
    cp "$root/usr/lib/ISOLINUX/isolinux.bin" \
        "$root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$dir/"
    cat >"$dir/isolinux.cfg" <<-EOT
	default linux
	prompt 0
	timeout 1
	label linux
	  kernel vmlinuz
	  append initrd=initrd $GUEST_LINE $line
	EOT
    xorriso -as mkisofs -quiet -o "$image" -b isolinux.bin -c boot.cat \
        -no-emul-boot -boot-load-size 4 -boot-info-table \
        -isohybrid-mbr "$root/usr/lib/ISOLINUX/isohdpfx.bin" "$@" "$dir"
}

build_guest()
{
    skeleton guest "${GUEST_MODULES[@]}"
    echo "${GUEST_MODULES[@]}" >guest/etc/modules
    programs guest sbin/kexec usr/sbin/nvme "$ethtool"
    static_program guest/bin/attack "$here/attack.c"
    static_program guest/bin/edu "$here/src/edu.c"
    static_program guest/bin/cost "$here/src/cost.c"
    install -m 755 "$here/guest/init" guest/init
    install -m 755 "$here/guest/prove" guest/bin/prove
    mkdir -p guest/etc/udhcpc
    install -m 755 "$here/guest/lease" guest/etc/udhcpc/default.script
    mkdir iso
    cp "$root/boot/vmlinuz-$kernel" iso/vmlinuz
    pack guest | gzip -9n >iso/initrd
    isohybrid guest.iso iso "$APPEND"
}

# A disk that firmware boots, by its boot sector or by its EFI system partition.
# Its initrd is the guest's, with one file more, and who loads it adds a word to
# the command line: so a guest can tell where it is from.  The last 2 MiB are
# free.
build_boot()
{
    local size
    mkdir -p boot esp/EFI/BOOT esp/loader/entries stamp/etc
    cp iso/vmlinuz boot/
    echo "boot.img" >stamp/etc/from
    { cat iso/initrd; pack stamp | gzip -9n; } >boot/initrd
    cp boot/vmlinuz boot/initrd esp/
    cp "$root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" \
        esp/EFI/BOOT/BOOTX64.EFI
    printf '%s\n' "default nvme.conf" "timeout 0" >esp/loader/loader.conf
    printf '%s\n' "title nvme" "linux /vmlinuz" "initrd /initrd" \
        "options $GUEST_LINE from=esp $APPEND" >esp/loader/entries/nvme.conf
    size=$(($(du -sm esp | cut -f1) + 4))
    truncate -s ${size}M esp.img
    mformat -i esp.img -T $((size * 2048)) -h 64 -s 32 -N 1 ::
    mcopy -i esp.img -s esp/* ::
    # UEFI looks for a GPT first, and takes an ISO 9660 file system for a CD.
    isohybrid boot.img boot "from=mbr $APPEND" -append_partition 2 0xef esp.img \
        -appended_part_as_gpt
    truncate -s $(($(stat -c %s boot.img) / 1048576 + 3))M boot.img
    echo "md5_boot=$(head -c 1M boot.img | md5sum | cut -d' ' -f1)" >>expect
    rm -r boot esp esp.img stamp
}

static_program()
{
    mkdir -p "$(dirname "$1")"
    gcc -std=c11 -O2 -Wall -Wextra -Werror -static -s -o "$1" "$2"
}

# Every disk is 16 MiB; its first 8 MiB differ from the other disks' so that a
# mix-up shows.  The guest writes beyond, and into the last MiB.
build_data()
{
    local disk number=1
    for disk in nvme nvmefn nvmevf ahci; do
        seq "${number}000000" 8000000 | head -c 8M >$disk.img || true
        echo "md5_$disk=$(head -c 1M $disk.img | md5sum | cut -d' ' -f1)"
        truncate -s 16M $disk.img
        number=$((number + 1))
    done >expect
    mkdir tftp
    seq 7000000 9000000 | head -c 2M >tftp/data || true
    echo "md5_tftp=$(md5sum <tftp/data | cut -d' ' -f1)" >>expect
}

build_images()
{
    local root=$PWD/root kernel ethtool
    unpack_packages "$1" root
    # Debian 12 has it elsewhere.
    ethtool=usr/sbin/ethtool
    [ -e "$root/$ethtool" ] || ethtool=sbin/ethtool
    kernel=$(basename root/boot/vmlinuz-*)
    kernel=${kernel#vmlinuz-}
    depmod -b root "$kernel"
    gunzip -c "root/boot/xen-$XEN-amd64.gz" >xen
    extract_vmlinux "root/boot/vmlinuz-$kernel" >vmlinux
    readelf -h vmlinux >/dev/null
    build_data
    build_guest
    build_boot
    build_dom0 "$1"
    build_stubdom
    cp "$1/versions" versions
    rm -rf root guest dom0 stubdom iso
}

# packages RELEASE PACKAGE...: print the directory that has them, after a line
# of their sums.
packages()
{
    local list
    index "$1"
    list=$(package_list "$@") || die "apt-get knows no ${*:2} of $1"
    sha256sum <<<"$list"
    cached packages "$(sha256sum <<<"$list")" fetch_packages "$@"
}

# depends FILE: the names of what a package depends on; of several that would
# do, the first.
depends()
{
    local field
    for field in Pre-Depends Depends; do dpkg-deb -f "$1" $field; done |
        tr , '\n' | sed -nE 's/^ *([a-z0-9][a-z0-9+.-]*).*/\1/p'
}

# needed FILE HAS: print what the package FILE needs and dom0, which has those
# that the file HAS names, has not.  Of versions, dpkg will judge.
needed()
{
    local todo found name deb
    local -A seen=()
    mapfile -t todo < <(depends "$1" | grep -vxFf "$2")
    [ ${#todo[@]} -gt 0 ] || return 0
    mapfile -t found < <(packages "$STACK" "${todo[@]}")
    [ ${#found[@]} = 2 ] || exit 99
    while [ ${#todo[@]} -gt 0 ]; do
        name=${todo[0]}
        todo=("${todo[@]:1}")
        [ -z "${seen[$name]:-}" ] || continue
        seen[$name]=1
        for deb in "${found[1]}/${name}"_*.deb; do
            [ -e "$deb" ] || continue           # a virtual one
            echo "$deb"
            mapfile -t -O ${#todo[@]} todo < <(depends "$deb" |
                grep -vxFf "$2")
        done
    done
}

main()
{
    local found key images
    APPEND=${GUEST_APPEND:-}
    need apt-get=apt dpkg-deb=dpkg gcc=gcc readelf=binutils xz=xz-utils \
        zstd=zstd cpio=cpio depmod=kmod xorriso=xorriso mformat=mtools -static=libc6-dev \
        "$KEYRING=debian-archive-keyring"
    mapfile -t found < <(packages "$STACK" "${PACKAGES[@]}")
    [ ${#found[@]} = 2 ] || exit 99
    key=$( (cd "$here" && echo "${found[0]} $APPEND $XEN" &&
        gcc -dumpfullversion &&
        declare -f unpack_packages && cat build-images.sh lib.sh attack.c src/* guest/* dom0/init \
            stubdom/init) |
        sha256sum)
    images=$(cached images "$key" build_images "${found[1]}")
    echo "$images"
    mapfile -t found < <(packages "$STACK" "${OUTER_PACKAGES[@]}")
    [ ${#found[@]} = 2 ] || exit 99
    key=$( (echo "${found[0]}" && declare -f build_outer unpack_packages) | sha256sum)
    cached outer "$key" build_outer "${found[1]}"
    [ -z "${PACKAGE:-}" ] || needed "$PACKAGE" "$images/dom0.packages"
}

main
