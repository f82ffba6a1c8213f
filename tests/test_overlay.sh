#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make overlay, overlay-undo and series, on a skeleton of a tree that this test
# makes from the facts of the tree's build. It is built before and after.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL
CC=${CC:-cc}
export CC
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
. tests/lib-tap.sh

# Ours as it is now: who edits it meanwhile does not change what is compared.
ours() { # DIR
    mkdir -p "$1/hosts"
    cp -R hw xen-hooks.mak "$1"
    cp -R hosts/qemu-dm hosts/common "$1/hosts"
}
ours "$tmp/here"
overlay=$tmp/here/hosts/qemu-dm/overlay.sh
series=$tmp/here/hosts/qemu-dm/series.sh

refuses() { # WORDS COMMAND...: fails, and says WORDS
    words=$1
    shift
    if "$@" >"$tmp/said2" 2>&1; then
        echo "it did it"
        return 1
    fi
    cat "$tmp/said2"
    grep -q -- "$words" "$tmp/said2"
}

# --------------------------------------------------------------- skeleton

skeleton() { # DIR
    mkdir -p "$1/hw" "$1/i386-dm"
    cp tests/qemu-dm/include/hw/*.h "$1/hw"
    cp tests/qemu-dm/include/*.h "$1"
    for f in pci pc piix_pci piix4acpi iomulti; do
        echo "/* the tree's $f.c */" >"$1/hw/$f.c"
    done
    cat >>"$1/hw/pc.c" <<'C'
#include "hw.h"
#include "pci.h"
#ifdef CONFIG_PASSTHROUGH
#include "pass-through.h"
void (*in_pc)(PCIBus *) = intel_pch_init;
int (*in_pc_too)(PCIBus *) = pt_init;
#endif
C
    for f in pass-through.c pass-through.h pt-msi.c pt-msi.h pt-graphics.c; do
        echo "/* the old $f */" >"$1/hw/$f"
    done
    # The old ones' symbols, for the skeleton's own link; they know each
    # other's names, and one of them is also the name of one of ours.
    cat >"$1/hw/pass-through.h" <<'C'
#ifndef OLD_H
#define OLD_H
#include "pci.h"
void intel_pch_init(PCIBus *bus);
#endif
C
    cat >"$1/hw/pt-msi.h" <<'C'
#include "hw/pass-through.h"
int pt_msi_update(PCIBus *bus);
C
    cat >"$1/hw/pt-msi.c" <<'C'
#include "hw.h"
# include "pt-msi.h"
int pt_msi_update(PCIBus *bus) { return 0; }
C
    cat >"$1/hw/pass-through.c" <<'C'
#include "hw.h"
#include "pass-through.h"
#include "pt-msi.h"
int pt_init(PCIBus *b) { return pt_msi_update(b); }
void intel_pch_init(PCIBus *b) { }
C
    cat >"$1/xen-hooks.mak" <<'MAK'
# the tree's hooks
CPPFLAGS += -D__XEN_TOOLS__
ifdef CONFIG_STUBDOM
CONFIG_PASSTHROUGH=1
else
  ifeq (,$(wildcard /usr/include/pci))
  $(warning no /usr/include/pci: no pass-through)
  else
CONFIG_PASSTHROUGH=1
  endif
endif
ifdef CONFIG_PASSTHROUGH
OBJS+= pass-through.o pt-msi.o pt-graphics.o
LIBS += -lpci
CFLAGS += -DCONFIG_PASSTHROUGH
endif
LIBS += -lxenctrl -lxenstore
OBJS += rest.o
MAK
    cat >"$1/Makefile.target" <<'MAK'
SRC_PATH = ..
TARGET_PATH = .
VPATH = $(SRC_PATH):$(TARGET_PATH):$(SRC_PATH)/hw
CPPFLAGS = -I. -I.. -I$(TARGET_PATH) -I$(SRC_PATH) -MMD -MP -DNEED_CPU_H \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
CFLAGS = -O1 -Wall -Wredundant-decls -Werror -Wno-unused -fno-strict-aliasing -Wno-pointer-sign
OBJS = pc.o
LIBS =
include hooks.mak
CFLAGS += -I../hw
all: qemu-dm
%.o: %.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
qemu-dm: $(OBJS)
	$(CC) -o $@ $(OBJS) $(LIBS)
MAK
    echo 'include ../Makefile.target' >"$1/i386-dm/Makefile"
    echo 'include ../xen-hooks.mak' >"$1/i386-dm/hooks.mak"
    {
        for s in cpu_inb cpu_outb register_ioport_read register_ioport_write \
            cpu_physical_memory_rw cpu_register_io_memory \
            cpu_register_physical_memory cpu_unregister_io_memory \
            direct_pci_msitranslate direct_pci_power_mgmt domid gfx_passthru \
            logfile pci_data_read pci_data_write pci_default_read_config \
            pci_default_write_config \
            pci_devfn_in_use pci_isa_bridge_init pci_register_device \
            pt_chk_bar_overlap qemu_del_timer qemu_free_timer \
            qemu_get_clock qemu_mod_timer qemu_new_timer rt_clock \
            unregister_iomem xc_handle \
            xenstore_record_dm xenstore_record_dm_state \
            xenstore_watch_new_callback; do
            echo "int $s;"
        done
        echo 'int main(void) { return 0; }'
    } >"$1/rest.c"
}

state() { # DIR: all of it, as one line a file
    (cd "$1" && find . -type f ! -path './i386-dm/*.[od]' \
        ! -path './i386-dm/qemu-dm' ! -path './.git/*' |
        LC_ALL=C sort | xargs sha256sum)
}

same() { # DIR LIST: is it as it was?
    state "$1" >"$tmp/now"
    diff "$2" "$tmp/now"
}

build() { # DIR
    make -s -j2 -C "$1/i386-dm" all
}

linked() { # DIR SYMBOL
    nm "$1/i386-dm/qemu-dm" | grep -q " T $2\$"
}

not_linked() {
    ! linked "$@"
}

t=$tmp/tree
skeleton "$t"
state "$t" >"$tmp/before"

# ---------------------------------------------------------------- overlay

# Which of Debian's two layouts this machine has decides about this one.
ok "the skeleton builds before" build "$t"
rm -f "$t"/i386-dm/*.[od] "$t/i386-dm/qemu-dm"

ok "overlay, and it says what it did" sh -c "'$overlay' '$t' >'$tmp/did' &&
    grep -q 'replaced hw/pass-through.c' '$tmp/did' &&
    grep -q 'added hw/pt-space.c' '$tmp/did'"
ok "the tree builds after, with libpci found by the compiler" build "$t"
ok "the engine is in the program" linked "$t" pt_config_write
ok "the glue is in the program" linked "$t" insert_to_pci_devfn
ok "no warning of ours in its build" sh -c "
    rm -f '$t'/i386-dm/*.o; make -C '$t/i386-dm' all 2>&1 |
    { ! grep -i 'warning'; }"
rm -f "$t"/i386-dm/*.[od] "$t/i386-dm/qemu-dm"
ok "without libpci's headers the tree's own way out is taken" sh -c "
    make -s -C '$t/i386-dm' all CC='$CC -nostdinc' CFLAGS= -n 2>&1 |
    grep -q 'no pass-through'"
ok "a stub domain's list is another" sh -c "
    make -C '$t/i386-dm' -n all CONFIG_STUBDOM=1 >'$tmp/n' &&
    grep -q pt-stubdom.o '$tmp/n' &&
    ! grep -qE ' pt-(device[a-z-]*|libpci)\.o' '$tmp/n'"

state "$t" >"$tmp/overlaid"
ok "again: it is up to date" sh -c "'$overlay' '$t' | grep -q 'up to date'"
ok "and nothing changes" same "$t" "$tmp/overlaid"

# A user's own change is not lost.
cp "$t/hw/pt-pm.c" "$tmp/pm"
echo '/* mine */' >>"$t/hw/pt-pm.c"
state "$t" >"$tmp/changed"
ok "a file that the user changed is not overwritten" \
    refuses 'pt-pm.c was changed' "$overlay" "$t"
ok "nor undone" refuses 'pt-pm.c was changed' "$overlay" --undo "$t"
ok "and nothing changes then" same "$t" "$tmp/changed"
cp "$tmp/pm" "$t/hw/pt-pm.c"

# An overlay of an older version of ours.
copy=$tmp/newer
cp -R "$tmp/here" "$copy"
echo '/* newer */' >>"$copy/hw/pt-pm.c"
echo '/* new */' >"$copy/hw/pt-new.c"
rm "$copy/hw/pt-vpd.c"
ok "update" "$copy/hosts/qemu-dm/overlay.sh" "$t"
ok "new text" grep -q newer "$t/hw/pt-pm.c"
ok "new file" test -f "$t/hw/pt-new.c"
ok "no old file" test ! -f "$t/hw/pt-vpd.c"
ok "back" "$overlay" "$t"
ok "as if it had not been" same "$t" "$tmp/overlaid"

ok "undo" "$overlay" --undo "$t"
ok "the tree is as it was" same "$t" "$tmp/before"
ok "undo once only" refuses 'no overlay to undo' "$overlay" --undo "$t"
ok "overlay after undo" "$overlay" "$t"
ok "is the same overlay" same "$t" "$tmp/overlaid"
ok "undo after that" "$overlay" --undo "$t"
ok "the tree is as it was, again" same "$t" "$tmp/before"

# -------------------------------------------------------------- refusals

mkdir "$tmp/none"
ok "refuses a directory that is no such tree" \
    refuses 'no qemu-xen-traditional tree' "$overlay" "$tmp/none"
ok "refuses what is not there" refuses 'no such directory' \
    "$overlay" "$tmp/nowhere"
ok "refuses no directory" refuses usage "$overlay" ""

broken() { # NAME WORDS SED-SCRIPT: for xen-hooks.mak
    b=$tmp/broken
    rm -rf "$b"
    skeleton "$b"
    sed "$3" "$t/xen-hooks.mak" >"$b/xen-hooks.mak"
    state "$b" >"$tmp/broken.list"
    ok "refuses $1" refuses "$2" "$overlay" "$b"
    ok "and changes nothing" same "$b" "$tmp/broken.list"
}
broken "hooks without our objects" 'in 0 lists' '/pass-through.o/d'
broken "hooks with two lists of them" 'in 2 lists' '/pass-through.o/p'
broken "a test for libpci of an unknown kind" 'in a way' \
    's|.(wildcard /usr/include/pci)|$(shell ls /usr/include/pci)|'

# A disk that is full, or a file that can't be replaced, in the middle.
b=$tmp/full
skeleton "$b"
mkdir "$b/hw/pt-vpd.c"
touch "$b/hw/pt-vpd.c/in-the-way"
state "$b" >"$tmp/full.list"
ok "fails in the middle" refuses 'all is as it was' "$overlay" "$b"
ok "and all is as it was" same "$b" "$tmp/full.list"

# Other ways to write the same makefile.
b=$tmp/other
skeleton "$b"
sed -e 's|^OBJS+= pass-through.*|OBJS += piix.o \\\
	pass-through.o pt-msi.o \\\
	pt-graphics.o pc2.o|' -e 's|/usr/include/pci))|/usr/include/pci/pci.h))|' \
    "$t/xen-hooks.mak" >"$b/xen-hooks.mak"
ok "a list over several lines" "$overlay" "$b"
ok "keeps its other objects" sh -c "
    make -s -C '$b/i386-dm' --eval='print:; @echo \$(OBJS)' print |
    grep 'piix.o' | grep 'pc2.o' | grep -v 'pt-msi.o.*pt-msi.o' |
    grep -q 'pt-space.o'"

# ---------------------------------------------------------------- series

g=$tmp/git
skeleton "$g"
cat >"$tmp/gitconfig" <<'END'
[user]
name = Test
email = test@localhost
END
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=$tmp/gitconfig
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL
git -C "$g" init -q
git -C "$g" add -A
git -C "$g" commit -q -m tree
state "$g" >"$tmp/git.before"
# Otherwise it is a test's own, from one call to the next.
export GIT_AUTHOR_DATE='2026-01-02T03:04:05+0100'
ok "series" "$series" "$g" "$tmp/out"
ok "leaves the tree alone" same "$g" "$tmp/git.before"
ok "the author is the user, and the date git's" sh -c "
    [ \$(cat '$tmp'/out/*.patch | grep -c '^From: Test <test@localhost>') = \
      \$(ls '$tmp/out' | wc -l) ] &&
    grep -q '^Date: Fri, 2 Jan 2026 03:04:05 +0100' '$tmp'/out/0001*.patch"
ok "nobody signs off who was not asked to" sh -c "
    ! grep -q '^Signed-off-by' '$tmp'/out/*.patch"
ok "SIGNOFF=1" env SIGNOFF=1 "$series" "$g" "$tmp/signed"
ok "signs off each patch" sh -c "
    [ \$(grep -l '^Signed-off-by: Test <test@localhost>' \
        '$tmp'/signed/*.patch | wc -l) = \$(ls '$tmp/out' | wc -l) ]"
ok "who has no name is told so" refuses 'does not know who you are' \
    env GIT_CONFIG_GLOBAL=/dev/null EMAIL= GIT_AUTHOR_NAME= "$series" \
    "$g" "$tmp/out3"
ok "a table is a patch" sh -c "
    for f in hw/*.c; do
        grep -q '^const struct pt_group pt_group_' \$f || continue
        ! grep -q '\"pt-irq.h\"' \$f || continue
        ls '$tmp/out' | grep -q -- \"-\${f#hw/}[.]patch\" ||
            { echo \$f; exit 1; }
    done"
ok "git am takes them, and finds no fault" sh -c "
    git -C '$g' am --whitespace=error-all '$tmp'/out/*.patch >'$tmp/am' 2>&1 ||
    { cat '$tmp/am'; exit 1; }"
"$overlay" "$t" >/dev/null
ok "the result is the overlay's" diff -r -x .git -x .pt-overlay -x i386-dm \
    "$g" "$t"
ok "it builds" build "$g"
ok "with the engine" linked "$g" pt_config_write
ok "series again, of the same tree overlaid" "$series" "$t" "$tmp/out2"
ok "is the same, byte for byte" diff -r "$tmp/out" "$tmp/out2"
ok "series over an older one" "$series" "$t" "$tmp/out2"
mkdir -p "$tmp/none"
ok "refuses what is no tree" refuses 'no qemu-xen-traditional' "$series" \
    "$tmp/none" "$tmp/out3"
ok "and leaves nothing" test ! -e "$tmp/out3"

# A patch that compiles nothing of what it adds is none to bisect with.
compiles() { # of the step that is checked out: the files that it adds
    git -C "$g" diff --name-only --diff-filter=A HEAD~1 -- 'hw/*.c' |
        sed -n '/^hw[/]old-/d; s|^hw/\(.*\)[.]c$|\1|p' >"$tmp/added"
    while read -r f; do
        [ "$f" = pt-stubdom ] || [ -f "$g/i386-dm/$f.o" ] ||
            { echo "$f is not compiled by the step that adds it"; return 1; }
        [ "$f" != pt-stubdom ] ||
            make -s -C "$g/i386-dm" CONFIG_STUBDOM=1 CC="$CC -DCONFIG_STUBDOM" \
                -B old-pass-through.o && [ -f "$g/i386-dm/$f.o" ] || return 1
        echo "$f" >>"$tmp/compiled"
    done <"$tmp/added"
}

steps_build() {
    : >"$tmp/compiled"
    n=$(git -C "$g" rev-list --count HEAD)
    while [ "$n" -gt 1 ]; do
        n=$((n - 1))
        git -C "$g" checkout -q "HEAD~$((n - 1))" 2>/dev/null || return 1
        git -C "$g" log --oneline -1
        rm -f "$g"/i386-dm/*.[od] "$g/i386-dm/qemu-dm"
        build "$g" || return 1
        compiles || return 1
        git -C "$g" checkout -q - || return 1
    done
}
printf '%s\n' 'i386-dm/*.[od]' i386-dm/qemu-dm >>"$g/.git/info/exclude"
ok "each step builds, and compiles what it adds" steps_build
ok "the old works until the switch" sh -c "
    n=\$(ls '$tmp/out' | sed -n 's/-pass-through-switch.*//p') &&
    total=\$(ls '$tmp/out' | wc -l) &&
    git -C '$g' checkout -q HEAD~\$((total - n + 1)) &&
    rm -f '$g/i386-dm/qemu-dm' '$g'/i386-dm/*.[od] &&
    make -s -C '$g/i386-dm' all && git -C '$g' checkout -q -"
ok "with all of ours beside it" sh -c "
    for f in hw/*.c hosts/common/*.c hosts/qemu-dm/*.c; do
        f=\${f##*/}
        grep -qx \${f%.c} '$tmp/compiled' || { echo \$f; exit 1; }
    done"
ok "not linked" not_linked "$g" pt_config_write

tap_end
