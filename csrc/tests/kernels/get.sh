#!/bin/sh
# get.sh KERNEL: prints the path of a kernel; fetches or builds it if it is missing, and keeps it
# outside the tree, so that `make clean` does not remove it. KERNEL is one of Debian's packages, 7.2 of
# which is in sid, or "named" or "named-7.2": Linux 6.1 or 7.2 with names of anonymous memory, which
# Debian's kernels do not support.
set -eu

case $1 in
*7.2*) release=7.2 ;;
*) release=6.1 ;;
esac
given=../shared/kernel/bzImage-$release-named
config=$PWD/csrc/tests/kernels/named.config
cache=${XDG_CACHE_HOME:-$HOME/.cache}/memanalyzer
kept=$cache/$1
if [ "${1#named}" != "$1" ]; then
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

# Linux 7.2 is in sid: apt gets a state of its own there, beside the system's. The Release file of a
# snapshot is expired.
sid=
use_sid() {
        mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
        echo "deb $(.ci/repository '^[a-z]*$') sid main" >"$work/apt/sources.list"
        sid="-o Dir::Etc::sourcelist=$work/apt/sources.list -o Dir::Etc::sourceparts=/dev/null
                -o Dir::State::lists=$work/apt/lists -o Dir::Cache=$work/apt/cache
                -o Dir::State::status=/dev/null -o Acquire::Check-Valid-Until=false"
        # shellcheck disable=SC2086 # options
        apt-get -qq $sid -o APT::Sandbox::User=root update
}

# newest PATTERN: prints the newest package of sid whose name matches.
newest() {
        # shellcheck disable=SC2086 # options
        apt-cache $sid pkgnames | grep -x "$1" | sort -V | tail -n 1
}

# fetch PACKAGE: unpacks it in $work; if it only depends on a kernel's package, unpacks that one.
fetch() {
        # shellcheck disable=SC2086 # options
        real=$(apt-cache $sid depends "$1" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
        # shellcheck disable=SC2086 # options
        (cd "$work" && apt-get $sid download -qq -o APT::Sandbox::User=root "${real:-$1}")
        dpkg-deb -x "$work"/*.deb "$work"
}

build() {
        .ci/install gcc make flex bison bc libelf-dev xz-utils
        source=linux-source-$release # 6.1 is Debian 12's; later ones have another
        [ $release != 7.2 ] || use_sid
        [ -n "$sid" ] || apt-cache show "$source" >/dev/null 2>&1 ||
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
if [ "${1#named}" != "$1" ]; then
        echo "Building Linux $release with names of anonymous memory; this is done once and takes some minutes" >&2
        build >"$log" 2>&1
        mv "$work/arch/x86/boot/bzImage" "$kept"
else
        echo "Fetching $1; this is done once" >&2
        if [ $release = 7.2 ]; then # the package linux-image-* is empty
                use_sid >"$log" 2>&1
                fetch "$(newest 'linux-binary-7\.2\..*-cloud-amd64')" >>"$log" 2>&1
                mv "$work"/usr/lib/modules/*/vmlinuz "$kept"
        else
                fetch "$1" >"$log" 2>&1
                mv "$work"/boot/vmlinuz-* "$kept"
        fi
fi
echo "$kept"
