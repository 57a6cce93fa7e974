#!/bin/sh
# get.sh KERNEL: prints the path of a kernel; fetches or builds it if it is missing, and keeps it
# outside the tree, so that `make clean` does not remove it. KERNEL is one of Debian's packages, or
# "named": Linux 6.1 with names of anonymous memory, which Debian's kernels do not support.
set -eu

given=../shared/kernel/bzImage-6.1-named
config=$PWD/csrc/tests/kernels/named.config
cache=${XDG_CACHE_HOME:-$HOME/.cache}/memanalyzer
kept=$cache/$1
if [ "$1" = named ]; then
        [ ! -f "$given" ] || { echo "$given"; exit 0; }
        kept=$kept-$(cksum <"$config" | cut -d ' ' -f 1)
fi
[ ! -f "$kept" ] || { echo "$kept"; exit 0; }

mkdir -p "$cache"
work=$(mktemp -d "$cache/XXXXXX")
log=$work/log
finish() {
        # shellcheck disable=SC2181 # the exit status of the script
        [ $? -eq 0 ] || tail -n 20 "$log" >&2
        rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# fetch PACKAGE: unpacks it in $work; if it only depends on a kernel's package, unpacks that one.
fetch() {
        real=$(apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
        (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "${real:-$1}")
        dpkg-deb -x "$work"/*.deb "$work"
}

build() {
        .ci/install gcc make flex bison bc libelf-dev xz-utils
        source=linux-source-6.1 # of Debian 12; later ones have another
        apt-cache show "$source" >/dev/null 2>&1 ||
                source=$(apt-cache depends linux-source | sed -n 's/^ *Depends: \(linux-source-.*\)/\1/p')
        fetch "$source"
        tar xf "$work/usr/src/$source.tar.xz" -C "$work" --strip-components=1
        unset MAKEFLAGS MAKELEVEL # set by the make that runs this
        make -C "$work" -s tinyconfig
        cat "$config" >>"$work/.config"
        make -C "$work" -s olddefconfig
        grep '^CONFIG_' "$config" | while read -r line; do
                grep -qxF "$line" "$work/.config" || { echo "the kernel's configuration does not accept $line"; exit 1; }
        done
        make -C "$work" -s -j "$(nproc)" bzImage
}

apt-get update -qq || true # not permitted to every user, who may have lists already
if [ "$1" = named ]; then
        echo 'Building a kernel with names of anonymous memory; this is done once and takes some minutes' >&2
        build >"$log" 2>&1
        mv "$work/arch/x86/boot/bzImage" "$kept"
else
        echo "Fetching $1; this is done once" >&2
        fetch "$1" >"$log" 2>&1
        mv "$work"/boot/vmlinuz-* "$kept"
fi
echo "$kept"
