#!/bin/sh
# get.sh KERNEL: the path of a kernel; what is not there yet is fetched or built, and
# kept where `make clean` does not reach. KERNEL is one of Debian's packages, or
# named: a 6.1 with names of anonymous memory, which Debian's have not.
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
        # shellcheck disable=SC2181 # of the script
        [ $? -eq 0 ] || tail -n 20 "$log" >&2
        rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# fetch PACKAGE: its files in $work; of one that only depends on another, that one's.
fetch() {
        apt-get update -qq || true # whoever may not has lists already
        real=$(apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
        (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "${real:-$1}")
        dpkg-deb -x "$work"/*.deb "$work"
}

build() {
        .ci/install gcc make flex bison bc libelf-dev xz-utils
        fetch linux-source-6.1
        tar xf "$work/usr/src/linux-source-6.1.tar.xz" -C "$work" --strip-components=1
        unset MAKEFLAGS MAKELEVEL # of the make that runs this
        make -C "$work" -s tinyconfig
        cat "$config" >>"$work/.config"
        make -C "$work" -s olddefconfig
        grep '^CONFIG_' "$config" | while read -r line; do
                grep -qxF "$line" "$work/.config" || { echo "the kernel does not take $line"; exit 1; }
        done
        make -C "$work" -s -j "$(nproc)" bzImage
}

if [ "$1" = named ]; then
        echo 'Building a kernel with names of anonymous memory, once: some minutes' >&2
        build >"$log" 2>&1
        mv "$work/arch/x86/boot/bzImage" "$kept"
else
        echo "Fetching $1, once" >&2
        fetch "$1" >"$log" 2>&1
        mv "$work"/boot/vmlinuz-* "$kept"
fi
echo "$kept"
