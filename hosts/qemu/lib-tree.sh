# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Our files in QEMU's source, and QEMU's build of them: for build.sh, which has
# $top, $CACHE, note and die.

# shellcheck disable=SC2154
LINE="subdir('pass-through')"
PROGRAM=qemu-system-i386

# Xen's guests have a VNC display unless they say otherwise. Data files are
# those of Debian's own QEMU: outside of the prefix, QEMU looks for them where
# they are, wherever the program itself is. What runs a guest's instructions
# is Xen: there is no TCG.
OPTIONS=(
    --prefix=/usr/lib/pci-passthrough --datadir=/usr/share
    --firmwarepath=/usr/share/qemu:/usr/share/seabios:/usr/lib/ipxe/qemu
    --target-list=i386-softmmu --without-default-features
    --enable-system --disable-user --enable-xen --disable-xen-pci-passthrough
    --disable-tcg --disable-kvm --enable-stack-protector
    --enable-fdt=system --enable-vnc --disable-docs --disable-tools
    --disable-guest-agent --disable-install-blobs --disable-debug-info
    --disable-werror
)

# FEATURES=full: what Debian's qemu-system-xen has on top, with what of QEMU's
# own each needs, and which of pkg-config's packages.
FULL=(
    "spice,spice-protocol spice-server spice-protocol"
    "usb-redir libusbredirparser-0.5"
    "libusb libusb-1.0"
    "vnc-jpeg libjpeg"
    "virtfs,attr,cap-ng libcap-ng libattr"
)

# hash: what standard input amounts to, short enough for a file's name.
hash()
{
    sha256sum | cut -c 1-20
}

# ------------------------------------------------------------ our files

# hook VARIABLE...: what xen-hooks.mak, the one list, has in them. make can't
# include a file from below a directory with a space in its name.
hook()
{
    local name words=''
    for name; do words+=" \$($name)"; done
    (cd "$top" &&
        printf 'include xen-hooks.mak\nprint: ; @echo %s\n' "$words" |
        env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -f - print)
}

# ours: the files that go into QEMU's tree, from the top of our own.
ours()
{
    local object objects
    objects=$(hook PT_OBJS PT_HOST_OBJS PT_XEN_OBJS) || return
    for object in $objects; do
        echo "hw/${object%.o}.c"
    done
    for object in $(hook PT_CONF_OBJS PT_MMCFG_OBJS); do
        echo "hosts/common/${object%.o}.c"
    done
    (cd "$top" &&
        ls hw/*.h hosts/common/pt-{conf,conf-int,mmcfg}.h \
            hosts/qemu/*.c hosts/qemu/*.h)
}

# The first lines of the overlay's meson.build.
only_with_xen()
{
    printf '%s\n' "# Written by pass-through's hosts/qemu." \
        "if not xen.found()" "  subdir_done()" "endif" ""
}

# The overlay's meson.build. `softmmu_ss` became `system_ss` in QEMU 8.2. Beside
# QEMU's own pass-through, which has the name that libxl knows, it has another.
meson_build()
{
    local file lib
    only_with_xen
    cat <<-'MESON'
	pass_through_name = 'xen-pci-passthrough'
	if have_xen_pci_passthrough
	  pass_through_name = 'xen-pci-pass-through'
	endif
	configure_file(output: 'pt-qemu-name.h', configuration: {
	  'TYPE_PT_QEMU': '"' + pass_through_name + '"',
	})

	MESON
    echo "pass_through = files("
    for file in $(ours); do
        case $file in *.c) echo "  '$(basename "$file")'," ;; esac
    done
    echo ")"
    echo "pass_through_libs = []"
    for lib in $(hook PT_HOST_LIBS PT_XEN_LIBS PT_CONF_LIBS); do
        echo "pass_through_libs += cc.find_library('${lib#-l}')"
    done
    cat <<-'MESON'
	if is_variable('system_ss')
	  system_ss.add(when: ['CONFIG_XEN', xen],
	                if_true: [pass_through, pass_through_libs])
	else
	  softmmu_ss.add(when: ['CONFIG_XEN', xen],
	                 if_true: [pass_through, pass_through_libs])
	endif
	MESON
}

# put FILE: standard input into FILE, whose date changes only with it.
put()
{
    local new
    new=$(mktemp "$(dirname "$1")/.new.XXXXXX")
    cat >"$new"
    chmod 644 "$new"
    if cmp -s "$new" "$1"; then rm -f "$new"; else mv -f "$new" "$1"; fi
}

# overlay SRC: our files and the one line, into QEMU's source. SRC's own
# hw/xen/meson.build comes on standard input.
overlay()
{
    local dir=$1/hw/xen/pass-through file files old wanted=' meson.build '
    files=$(ours) || { note "cannot list our files"; return 1; }
    mkdir -p "$dir" || return
    for file in $files; do
        put "$dir/$(basename "$file")" <"$top/$file"
        wanted+="$(basename "$file") "
    done
    meson_build | put "$dir/meson.build"
    for old in "$dir"/*; do
        case $wanted in *" $(basename "$old") "*) ;; *) rm -f "$old" ;; esac
    done
    { grep -vxF "$LINE" || true; echo "$LINE"; } | put "$1/hw/xen/meson.build"
}

# ------------------------------------------------------------ options

# full_options: of FEATURES=full, what this machine has the libraries for.
full_options()
{
    local line names
    for line in "${FULL[@]}"; do
        names=${line%% *}
        # shellcheck disable=SC2086  # a list of packages
        if pkg-config --exists ${line#* } 2>/dev/null; then
            printf -- '--enable-%s\n' ${names//,/ }
        else
            note "no ${names%%,*}: pkg-config does not know ${line#* }"
        fi
    done
}

# flags CFLAGS|CPPFLAGS|LDFLAGS: the distribution's, hardened, with a space after
# each. Neither debugging information nor the directory where this runs belongs
# to them.
flags()
{
    local words
    if words=$(DEB_BUILD_MAINT_OPTIONS=hardening=+all \
        dpkg-buildflags --get "$1" 2>/dev/null); then
        # shellcheck disable=SC2086  # a list of flags
        printf '%s\n' $words | grep -vx -e '-g' -e '-ffile-prefix-map=.*' \
            -e '-fdebug-prefix-map=.*' | tr '\n' ' '
        return
    fi
    case $1 in
    CFLAGS) printf '%s ' -O2 -fstack-{protector-strong,clash-protection} ;;
    CPPFLAGS) printf '%s ' -D_FORTIFY_SOURCE=2 ;;
    LDFLAGS) printf '%s ' -Wl,-z,relro -Wl,-z,now ;;
    esac
}

# set_options: those of every version, by FEATURES, into OPTIONS.
set_options()
{
    local more headers='' libraries='' dir=$SYSROOT/usr/lib/x86_64-linux-gnu
    # gcc looks for libraries beside itself before it looks in the sysroot.
    [ -z "$SYSROOT" ] || headers="--sysroot=$SYSROOT " \
        libraries="--sysroot=$SYSROOT -B$dir -L$dir "
    OPTIONS+=("--extra-cflags=$headers$(flags CFLAGS)$(flags CPPFLAGS)"
        "--extra-ldflags=$libraries$(flags LDFLAGS)")
    case ${FEATURES:-full} in
    minimal) ;;
    full) mapfile -t more < <(full_options); OPTIONS+=("${more[@]}") ;;
    *) die "FEATURES is minimal or full, not $FEATURES" ;;
    esac
}

# jobs: compilations at once: $JOBS, or make's -j, or the processors.
jobs_at_once()
{
    local word
    [ -z "${JOBS:-}" ] || { echo "$JOBS"; return; }
    for word in ${MAKEFLAGS:-}; do
        case $word in
        -j[1-9]*) echo "${word#-j}"; return ;;
        --) break ;;
        esac
    done
    nproc
}

# ------------------------------------------------------------ build

# older A B: is version A older than B?
older()
{
    [ "$1" != "$2" ] &&
        [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# meson_wanted SRC: the oldest meson that will do.
meson_wanted()
{
    sed -n "s/.*meson_version: *'>= *\([0-9.]*\)'.*/\1/p" "$1/meson.build" |
        head -n 1
}

# python_does VERSION [MODULES]: is meson new enough, are the modules there?
python_does()
{
    ! older "$(meson --version 2>/dev/null || echo 0)" "$1" &&
        python3 -c "import sys$2" 2>/dev/null
}

# use_python SRC: a meson that is new enough, and what else QEMU's configure
# wants of Python: the system's, or else the archive's.
use_python()
{
    local wanted modules=
    wanted=$(meson_wanted "$1")
    ! grep -qs '^"qemu.qmp"' "$1/pythondeps.toml" ||
        modules=', qemu.qmp, setuptools, wheel'
    python_does "${wanted:-0}" "$modules" ||
        private_python "${wanted:-0}" "$modules" || {
        note "QEMU $(cat "$1/VERSION") wants meson $wanted$modules"
        return 1
    }
}

# configure SRC BUILD: once a build tree; ninja follows changes by itself.
configure()
{
    local options=("${OPTIONS[@]}")
    [ ! -f "$2/.configured" ] || return 0
    # Until QEMU 8.0 it wants to be told where meson is; later versions find
    # one, and have an option for pixman, which VNC needs.
    ! grep -q -e '--meson=' "$1/configure" || options+=(--meson=/usr/bin/meson)
    ! grep -q "option('pixman'" "$1/meson_options.txt" ||
        options+=(--enable-pixman)
    # Until QEMU 8.0 what is C is linked by the C++ compiler, if there is one:
    # another than CC, maybe, which looks elsewhere for what it links.
    ! grep -q '^link_language' "$1/meson.build" || options+=(--cxx=false)
    rm -rf "$2"
    mkdir -p "$2"
    note "configuring QEMU $(cat "$1/VERSION")"
    (cd "$2" && "$1/configure" "${options[@]}") && touch "$2/.configured"
}

# objects BUILD: those of our files, as ninja calls them.
objects()
{
    ninja -C "$1" build.ninja >/dev/null
    ninja -C "$1" -t targets all |
        sed -n 's/^\(.*pass-through_[^:]*\.c\.o\):.*/\1/p'
}

# show_errors LOG: what of it tells why.
show_errors()
{
    grep -B 2 -A 12 'FAILED:\|error:\|ERROR:' "$1" | tail -n 60 >&2 ||
        tail -n 30 "$1" >&2
}

# are_clean BUILD LOG: QEMU builds without -Werror; our files are to be clean
# all the same. What is not is compiled again next time.
are_clean()
{
    local object
    ! grep -A 6 'pass-through/[^ ]*: warning:' "$2" >&2 || {
        for object in $(objects "$1"); do rm -f "$1/$object"; done
        note "our files have warnings"
        return 1
    }
}

# build SRC BUILD program|objects: without a word of ours where it fails.
build()
{
    local targets=$PROGRAM
    # The system's Python has the modules that the system's meson needs; the
    # compiler is the user's, who may have ccache before it.
    CC=${CC:-$(command -v cc || command -v gcc)}
    export CC PATH=/usr/bin:/bin:$PATH
    use_python "$1" && configure "$1" "$2" || return
    if [ "$3" = objects ]; then
        targets=$(objects "$2")
        [ -n "$targets" ] || { echo "ERROR: none of our files"; return 1; }
    fi
    note "compiling $3"
    # shellcheck disable=SC2086  # a list of objects
    nice -n 10 ninja -C "$2" -j "$(jobs_at_once)" $targets
}

# compile SRC BUILD LOG program|objects: quietly, unless it fails.
compile()
{
    note "log: $3"
    if ! (build "$1" "$2" "$4") >"$3"; then
        show_errors "$3"
        note "failed; log: $3"
        return 1
    fi
    are_clean "$2" "$3"
}
