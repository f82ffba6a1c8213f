#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The objects of the classic device model, compiled as its tree does: do they
# give what the tree needs, and take no more than it offers? Names in a
# report's line are the lessons' items that it stands for.
set -eu
cd "$(dirname "$0")/.."
CC=${CC:-cc}                       # can be two words
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

report() { # RESULT NAME [DETAILS]
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        failed=1
        [ -z "${3:-}" ] || echo "$3" | sed 's/^/# /'
    fi
}

empty() { # NAME TEXT: is TEXT empty?
    if [ -z "$2" ]; then report 0 "$1"; else report 1 "$1" "$2"; fi
}

objects() { # [STUBDOM]: the list that the overlay gives to a tree
    printf '%s\n' 'include xen-hooks.mak' 'include hosts/qemu-dm/pt-dm.mak' \
        'all:;@echo $(PT_DM_OBJS)' | make -s -f - "CONFIG_STUBDOM=${1:-}"
}

# Compile objects to $tmp/$1 with further flags; what is said is on stdout.
compile() {
    dir=$tmp/$1
    mkdir -p "$dir"
    shift
    for o in $list; do
        $CC -I"$tmp/hw" -Itests/qemu-dm/include -Itests/qemu-dm/include/hw \
            -DNEED_CPU_H -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
            -D_LARGEFILE_SOURCE -DXC_WANT_COMPAT_MAP_FOREIGN_API \
            -DXC_WANT_COMPAT_DEVICEMODEL_API -O2 -g -fno-strict-aliasing \
            -Wall -Wredundant-decls -Werror -Wno-unused -Wno-declaration-after-statement \
            -Wno-pointer-sign -D__XEN_TOOLS__ -DUSE_SSE2=1 \
            -DCONFIG_PASSTHROUGH "$@" \
            -c -o "$dir/$o" "$tmp/hw/${o%.o}.c" 2>&1 || return 1
    done
}

undefined() { # DIR: what its objects take from elsewhere
    nm -u "$tmp/$1"/*.o | awk 'NF == 2 { print $2 }' | sort -u >"$tmp/u"
    nm -g --defined-only "$tmp/$1"/*.o | awk 'NF == 3 { print $3 }' |
        sort -u >"$tmp/d"
    comm -23 "$tmp/u" "$tmp/d" | sed 's/@.*//' | grep -v '^_GLOBAL_OFFSET' ||
        true
}

mkdir "$tmp/hw"
cp hw/*.[ch] hosts/common/*.[ch] hosts/qemu-dm/*.[ch] "$tmp/hw"

# ------------------------------------------------------------- compilation

list=$(objects)
if said=$(compile tree); then :; else said="$said
failed"; fi
empty "all objects compile with the tree's flags, without a warning" "$said"

list=$(objects 1)
if said=$(compile stub -DCONFIG_STUBDOM); then :; else said="$said
failed"; fi
empty "1.15 and those of a stub domain" "$said"

# ---------------------------------------------------------------- exports

needed='bdf_to_devfn igd_pci_read igd_pci_write insert_to_pci_devfn
intel_pch_init power_off_php_devfn power_on_php_devfn pt_init test_pci_devfn'
defined=$(nm -g --defined-only "$tmp"/tree/*.o | awk 'NF == 3 { print $3 }' |
    sort)
missing=
for s in $needed; do
    echo "$defined" | grep -qx "$s" || missing="$missing $s"
done
empty "the nine symbols that the tree needs are there" "$missing"
empty "nothing else is exported but pt_*" "$(echo "$defined" |
    grep -vE '^pt_' | grep -vxE "$(echo "$needed" | tr -s ' \n' '|')" || true)"
empty "nothing is defined twice" "$(echo "$defined" | uniq -d)"
# The tree's own pt_ symbol, and names that its files declare.
empty "no symbol of the tree's is hidden" "$(echo "$defined" |
    grep -xE 'pt_chk_bar_overlap|pci_.*|xenstore_.*' || true)"

# ---------------------------------------------------------------- imports

# What the tree offers, without what would be of no use here.
cat >"$tmp/tree.list" <<'LIST'
cpu_inb
cpu_outb
cpu_physical_memory_rw
cpu_register_io_memory
cpu_register_physical_memory
cpu_unregister_io_memory
direct_pci_msitranslate
direct_pci_power_mgmt
domid
gfx_passthru
logfile
pci_data_read
pci_data_write
pci_default_read_config
pci_default_write_config
pci_devfn_in_use
pci_isa_bridge_init
pci_register_device
pt_chk_bar_overlap
qemu_del_timer
qemu_free_timer
qemu_get_clock
qemu_mod_timer
qemu_new_timer
register_ioport_read
register_ioport_write
rt_clock
unregister_iomem
xc_handle
xenstore_record_dm
xenstore_record_dm_state
xenstore_watch_new_callback
LIST
# Libraries that it links: libinih, libpci, libxenctrl, libxencall, libxenstore.
cat >"$tmp/lib.list" <<'LIST'
ini_parse_stream
pci_alloc
pci_cleanup
pci_fill_info
pci_free_dev
pci_get_dev
pci_get_param
pci_init
pci_read_block
pci_set_param
pci_write_block
xc_domain_ioport_mapping
xc_domain_memory_mapping
xc_domain_unbind_msi_irq
xc_domain_update_msi_irq
xc_domctl
xc_hvm_set_pci_intx_level
xc_pcidev_get_gsi
xc_physdev_map_pirq
xc_physdev_map_pirq_msi
xc_physdev_unmap_pirq
xc_test_assign_device
xc_version
xencall2
xencall_alloc_buffer
xencall_close
xencall_free_buffer
xencall_open
xs_daemon_close
xs_daemon_open
xs_read
LIST
sort "$tmp/tree.list" "$tmp/lib.list" >"$tmp/offered"
libc=$($CC -print-file-name=libc.so.6)
# atexit() is in the part of libc that is linked in.
{ nm -D --defined-only "$libc" | awk '{ print $3 }' | sed 's/@.*//'
  echo atexit; } | sort -u >"$tmp/libc"

for kind in tree stub; do
    undefined $kind >"$tmp/taken"
    empty "$kind: nothing is taken that neither tree, libraries nor libc have" \
        "$(sort "$tmp/taken" | comm -23 - "$tmp/offered" |
            comm -23 - "$tmp/libc")"
    empty "$kind: the process is ended by nobody" "$(grep -xE \
        'exit|_exit|_Exit|abort|__assert_fail|raise|kill' "$tmp/taken" || true)"
    empty "$kind: no other process is started" "$(grep -xE \
        'system|popen|fork|vfork|execv.*|posix_spawn.*' "$tmp/taken" || true)"
    empty "$kind: 1.8.10 1.13.1 1.15.3 devices are assigned by nobody here" \
        "$(grep -E '^xc_.*assign' "$tmp/taken" |
            grep -vx xc_test_assign_device || true)"
    # Whose ports are registered: tests/qemu-dm/test_ports.c.
    empty "$kind: 1.8.16 1.8.19 ACPI's ports are the tree's alone" \
        "$(grep -E 'ioport|gpe|acpi' "$tmp/taken" |
            grep -vE '^(xc_|register_ioport_(read|write)$)' || true)"
done
empty "stub: 1.15 nothing of sysfs, /dev/mem or chmod" \
    "$(grep -xE 'opendir|readdir|chmod|mmap|mmap64|open|open64' "$tmp/taken" ||
        true)"

# A program of them, the libraries and nothing but names for the tree's part.
{ sed 's/.*/int &;/' "$tmp/tree.list"
  echo 'int main(void) { return 0; }'; } >"$tmp/rest.c"
if said=$($CC -w -o "$tmp/program" "$tmp/rest.c" "$tmp"/tree/*.o -lpci \
        -lxenctrl -lxencall -lxenstore -linih 2>&1); then
    report 0 "they link with libpci, libinih, libxenctrl, libxencall, libxenstore"
else
    report 1 "they link with libpci, libinih, libxenctrl, libxencall, libxenstore" \
        "$said"
fi

# ------------------------------------------------------------------ others

# Without pass-through the header offers nothing of the glue's.
if printf '#include "pass-through.h"\nint main(void) { return 0; }\n' |
    $CC -x c -I"$tmp/hw" -Wall -Werror -fsyntax-only - 2>"$tmp/said"; then
    report 0 "1.8.16 the header compiles without CONFIG_PASSTHROUGH"
else
    report 1 "1.8.16 the header compiles without CONFIG_PASSTHROUGH" \
        "$(cat "$tmp/said")"
fi
# As hw/pc.c includes it: beside the tree's own PCI header.
if printf '%s\n' '#include "hw/hw.h"' '#include "hw/pci.h"' '#include "pass-through.h"' \
    'void (*a)(PCIBus *) = intel_pch_init;' \
    'PCIConfigReadFunc *b = igd_pci_read;' \
    'PCIConfigWriteFunc *c = igd_pci_write;' |
    $CC -x c -I"$tmp/hw" -Itests/qemu-dm/include -DCONFIG_PASSTHROUGH \
        -DNEED_CPU_H -Wall -Werror -fsyntax-only - 2>"$tmp/said"; then
    report 0 "the header declares what hw/pc.c and hw/piix_pci.c use"
else
    report 1 "the header declares what hw/pc.c and hw/piix_pci.c use" \
        "$(cat "$tmp/said")"
fi
empty "1.8.20 1.15.4 no path of the device model's node is absolute" \
    "$(strings -a "$tmp"/tree/*.o | grep '/local/domain' |
        grep -v '^/local/domain/0/backend/pci/' || true)"
if strings -a "$tmp"/tree/*.o | grep -q '^/local/domain/0/backend/pci/%u/0/'
then
    report 0 "1.13.9 options are read where only dom0 writes"
else
    report 1 "1.13.9 options are read where only dom0 writes"
fi

echo "1..$count"
exit $failed
