#!/bin/sh
# places.sh [PLACE...]: runs the tests and the programs in each place (all by default), in parallel
# on all processors, and prints one line per place. Runs from the root of the tree, after
# `make cli demo test-programs static`.
# shellcheck disable=SC2086,SC2317 # lists of words; functions that are called by name
set -eu

places='i386 s390x arm64 plain_386 plain_arm plain_arm64 plain_riscv64 plain_ppc64le plain_mips64le plain_s390x plain_wasip1 musl unprivileged read_only_root bare_chroot gvisor debian_13 sid container'

here=$PWD
tests=$here/csrc/tests/places
# The command that makes a mount namespace.
namespace='unshare -m'
[ "$(id -u)" -eq 0 ] || namespace='unshare -rm'

skip() {
        echo "$*"
        exit 77
}

# fails_with PATTERN COMMAND...: checks that the command fails with a message that matches.
fails_with() {
        pattern=$1
        shift
        if words=$("$@" 2>&1); then
                echo "this did not fail: $*"
                exit 1
        fi
        # shellcheck disable=SC2254 # a pattern
        case $words in
        "memanalyzer: "$pattern*) ;;
        *)
                echo "$words"
                exit 1
                ;;
        esac
}

# reads_smaps_instead COMMAND...: checks that the command line reports that a scan is not possible.
reads_smaps_instead() {
        "$@" -source scan | grep -F 'This process cannot be scanned on this system: smaps was read instead'
}

# foreign ARCH COMPILER: builds a tree for that architecture, with Debian's CUnit, and enters it.
foreign() {
        cunit=$here/build/foreign-cunit/$1/usr
        "$tests/tree.sh" "$1" CC="$2" LDFLAGS="-static -L$(echo "$cunit"/lib/*)" SANITIZE="-O2 -I$cunit/include" \
                cli test-programs
        cd "build/places/$1"
}

emulated() {
        foreign "$1" "$2"
        EMULATOR=$(command -v "$3") "$3" build/tests pure
        "$tests/golden.sh" "$3" bin/memanalyzer
        reads_smaps_instead "$3" bin/memanalyzer
}

i386() {
        foreign i386 i686-linux-gnu-gcc
        bin/memanalyzer -version || skip 'this kernel runs no 32-bit programs'
        build/tests
        "$tests/golden.sh" bin/memanalyzer
        "$tests/itself.sh" bin/memanalyzer
}

s390x() {
        emulated s390x s390x-linux-gnu-gcc qemu-s390x-static
}

arm64() {
        emulated arm64 aarch64-linux-gnu-gcc qemu-aarch64-static
}

# plain GOARCH [EMULATOR]: Go tests of builds without cgo.
plain() {
        program=$here/build/places/plain-$1
        EMULATOR=
        if [ $# -gt 1 ]; then
                EMULATOR=$(command -v "$2") || skip "$2 is missing"
        fi
        for package in go go/internal/plain; do
                CGO_ENABLED=0 GOARCH=$1 go test -c -o "$program" "./$package"
                (
                        export EMULATOR
                        cd "$package"
                        $EMULATOR "$program" -test.run '^$' || skip "this kernel runs no programs for $1"
                        $EMULATOR "$program" -test.short
                )
        done
}

plain_386() {
        plain 386
}

plain_arm() {
        plain arm qemu-arm-static
}

plain_arm64() {
        plain arm64 qemu-aarch64-static
}

plain_riscv64() {
        plain riscv64 qemu-riscv64-static
}

plain_ppc64le() {
        plain ppc64le qemu-ppc64le-static
}

plain_mips64le() {
        plain mips64le qemu-mips64el-static
}

plain_s390x() {
        plain s390x qemu-s390x-static
}

# A system that is not Linux.
plain_wasip1() {
        for package in go go/internal/plain; do
                GOOS=wasip1 GOARCH=wasm go test -c -o "build/places/plain-wasip1" "./$package"
                (cd "$package" && "$here/build/tools/wazero" run -mount /:/ -env PWD="$PWD" "$here/build/places/plain-wasip1" -test.short)
        done
}

musl() {
        for linked in '' -static; do
                "$tests/tree.sh" "musl$linked" CC=musl-gcc LDFLAGS=$linked cli
                (
                        cd "build/places/musl$linked"
                        "$tests/golden.sh" bin/memanalyzer
                        "$tests/itself.sh" bin/memanalyzer
                )
        done
}

# Runs in a copy, because the tree may be unreachable for another user.
unprivileged() {
        [ "$(id -u)" -eq 0 ] || skip 'all other tests run without privileges'
        set -- setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all
        copy=$(mktemp -d)
        trap 'rm -rf "$copy"' EXIT
        trap 'exit 1' INT TERM
        chmod 755 "$copy"
        mkdir "$copy/build"
        cp -R bin testdata "$copy"
        cp build/tests build/stopped build/restless build/stacks build/failing build/heaps "$copy/build"
        cd "$copy"
        fails_with "process $$ is another user's" "$@" bin/memanalyzer -pid $$
        "$@" build/tests system
        "$tests/itself.sh" "$@" bin/memanalyzer
        cd "$here"
        READER="$* $copy/bin/memanalyzer" "$tests/demo.sh" "$@" "$copy/bin/memdemo"
}

read_only_root() {
        $namespace true || skip 'no mount namespace can be made'
        # Makes all mounts read-only, as far as the kernel allows.
        # shellcheck disable=SC2016 # for the other shell
        set -- $namespace sh -c '
                awk "{ print \$5 }" /proc/self/mountinfo | while read -r mount; do
                        mount -o remount,bind,ro "$mount" 2>/dev/null || true
                done
                for folder in . /tmp /var/tmp /dev/shm; do
                        ! touch "$folder/written" 2>/dev/null || exit 1
                done
                exec "$@"' sh
        "$tests/itself.sh" "$@" bin/memanalyzer
        "$tests/demo.sh" "$@" bin/memdemo
}

# A folder with static programs and nothing else, first without /proc, then with it.
bare_chroot() {
        $namespace sh -c 'mount --rbind /proc /mnt' || skip 'nothing may be mounted here'
        root=$(mktemp -d)
        trap 'rm -rf "$root"' EXIT
        trap 'exit 1' INT TERM
        cp build/places/static/bin/* "$root"
        fails_with 'Failed to open /proc/self/smaps: *is /proc mounted' $namespace chroot "$root" /memanalyzer
        mkdir "$root/proc"
        # shellcheck disable=SC2016 # for the other shell
        set -- $namespace sh -c 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"' "$root"
        "$tests/itself.sh" "$@" /memanalyzer
        "$tests/demo.sh" "$@" /memdemo
        "$tests/demo.sh" "$@" /memdemo-plain
}

gvisor() {
        set -- runsc --rootless --network=none --platform=ptrace 'do'
        words=$("$@" true 2>&1) || skip "runsc does not run here: $(echo "$words" | tail -n 1)"
        "$@" "$tests/golden.sh" bin/memanalyzer
        "$tests/itself.sh" "$@" bin/memanalyzer
        reads_smaps_instead "$@" bin/memanalyzer
        "$@" "$tests/demo.sh" bin/memdemo
        "$@" "$tests/demo.sh" build/places/static/bin/memdemo-plain
        "$@" bin/memanalyzer -unit B | awk '/^RSS/ { rss = $3 } /^PSS \(/ { pss = $3 } END { exit !rss || rss != pss }'
}

# debian SUITE: builds and tests in a Debian of SUITE, with its compiler and C library. The machine is kept in build.
debian() {
        [ "$(id -u)" -eq 0 ] || skip 'needs root, for debootstrap and chroot'
        root=$here/build/debian/$1
        if [ ! -e "$root.made" ]; then
                rm -rf "$root"
                mkdir -p "$root"
                .ci/debian "$1" "$root" gcc,libc6-dev,libcunit1-dev,make,procps
                touch "$root.made"
        fi
        rm -rf "$root/tree"
        mkdir -p "$root/tree" "$root/usr/local/go" "$root/modules"
        git ls-files -z | xargs -0 cp --parents -t "$root/tree"
        # shellcheck disable=SC2016 # for the other shell
        unshare -m sh -euc '
                root=$1
                mount --bind "$root" "$root"
                mount --rbind /proc "$root/proc"
                mount --rbind /sys "$root/sys"
                mount --rbind /dev "$root/dev"
                mount --bind "$2" "$root/usr/local/go"
                mount --bind "$3" "$root/modules"
                cd "$root"
                mkdir -p old
                pivot_root . old
                umount -l old
                cd /tree
                export HOME=/root PATH=/usr/local/go/bin:$PATH GOMODCACHE=/modules GOFLAGS=-buildvcs=false GOPROXY=off GOSUMDB=off
                make -s cli CFLAGS="-O3 -flto=auto -Werror" # as distributions build
                make -s cli test-programs
                build/tests
                go test -short ./go ./csrc/... ./cmd/memdemo
        ' sh "$root" "$(go env GOROOT)" "$(go env GOMODCACHE)"
}

container() {
        [ "$(id -u)" -eq 0 ] || skip 'needs root, for containers with limits'
        unshare -m "$tests/container.sh"
}

debian_13() {
        debian trixie
}

sid() {
        debian sid
}

# one PLACE: prints the output of the place, and its line.
one() {
        log=$(mktemp)
        trap 'rm -f "$log"' EXIT
        trap 'exit 1' INT TERM
        status=0
        "$0" -in "$1" >"$log" 2>&1 </dev/null || status=$?
        case $status in
        0) cat "$log"; echo "PASS: $1" ;;
        77) echo "skipped: $1: $(tail -n 1 "$log")" ;;
        *)
                printf '%s\n' "FAIL: $1" "$(cat "$log")"
                exit 1
                ;;
        esac
}

case ${1-} in
-in) "$2" ;;
-one) one "$2" ;;
*)
        [ $# -gt 0 ] || set -- $places
        # shellcheck disable=SC2046 # a list of words
        .ci/foreign-cunit build/foreign-cunit $(printf '%s\n' "$@" | grep -xE 'i386|s390x|arm64')
        printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" "$0" -one
        ;;
esac
