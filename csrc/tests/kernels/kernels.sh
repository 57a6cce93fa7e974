#!/bin/sh
# kernels.sh [KERNEL...]: boots each kernel (all by default) once in QEMU, where init runs the tests
# and the programs; prints the output of the tests and one line per kernel. The output of each program
# is in build/kernels/KERNEL/NAME.out. Runs from the root of the tree, after static.sh.
set -eu

out=build/kernels
bound=2700 # seconds for each kernel; five take about twenty minutes on two processors
wanted=" ${*:-linux-image-cloud-amd64 linux-image-6.12-cloud-amd64 linux-image-7.2-cloud-amd64 named named-7.2} "

# each COMMAND...: runs COMMAND for each wanted kernel, with its name, its release, whether it supports
# names of anonymous memory, and the arguments of init.
each() {
        one "$@" linux-image-cloud-amd64 '6.1.*-cloud-amd64' no 'cgroup=v1 disk=nvme0n1'
        one "$@" linux-image-6.12-cloud-amd64 '6.12.*-cloud-amd64' no 'cgroup=v2 disk=nvme0n1'
        one "$@" linux-image-7.2-cloud-amd64 '7.2.*-cloud-amd64' no 'cgroup=v2 disk=nvme0n1'
        one "$@" named '[67].*' yes 'cgroup=v2 names=yes' # it has no driver for the disk
        one "$@" named-7.2 '7.2.*' yes 'cgroup=v2 names=yes'
}

# one COMMAND NAME ARGUMENT...: runs COMMAND if the kernel is wanted.
one() {
        case $wanted in
        *" $2 "*) "$@" ;;
        esac
}

# Makes the initial file system: init, busybox, and the parts of the tree that init runs.
make_initrd() {
        rm -rf "$out"
        mkdir -p "$out/root/bin" "$out/root/tree/build"
        cp csrc/tests/kernels/init "$out/root/init"
        cp "$(command -v busybox)" "$out/root/bin/"
        ln -s busybox "$out/root/bin/sh"
        (
                cd build/places/static
                cp -R bin csrc go testdata "$OLDPWD/$out/root/tree"
                cp build/tests build/stopped build/restless build/stacks build/failing build/heaps "$OLDPWD/$out/root/tree/build"
        )
        (cd "$out/root" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$out/initrd"
}

# begin NAME RELEASE NAMES ARGUMENTS: boots a kernel with an empty disk; init gets the arguments as
# variables. All kernels run in parallel. KVM is not used: that is slower, but the same on every
# machine. With a thread for each processor, Linux 6.12 panics now and then while it patches its code.
begin() {
        folder=$out/$1
        path=$(csrc/tests/kernels/get.sh "$1")
        mkdir "$folder"
        truncate -s 96M "$folder/disk"
        timeout "$bound" qemu-system-x86_64 -accel tcg,thread=single -m 2048 -smp 2 -kernel "$path" \
                -initrd "$out/initrd" -append "console=ttyS0 quiet panic=-1 $4" -display none -no-reboot \
                -drive "file=$folder/disk,format=raw,if=none,id=disk" -device nvme,drive=disk,serial=1 \
                -serial "file:$folder/console" -serial "file:$folder/results.tar" </dev/null &
        echo $! >"$folder/pid"
        begun="$begun $!"
}

# why FOLDER STATUS: says why a kernel has no results, of which QEMU, and timeout, had that exit status. A
# panic ends QEMU at once.
why() {
        if grep -qF 'Kernel panic' "$1/console"; then
                echo "it panicked; its console from the first error:"
                sed -n '/BUG:\|Oops\|Kernel panic/,$p' "$1/console" | head -n 100
        else
                [ "$2" = 124 ] && echo "no results within $bound seconds; the end of its console:" ||
                        echo "it ended without results; the end of its console:"
                tail "$1/console"
        fi
}

# get NAME...: fetches or builds a kernel.
get() {
        csrc/tests/kernels/get.sh "$1"
}

wrong() {
        echo "FAIL: $*"
        failed=1
}

# check FOLDER RELEASE NAMES ARGUMENTS: checks that every program of init succeeded; that the kernel is
# of that release and supports names or not; that labeled memory has its name in both cases; and that
# no test was skipped for lack of a cgroup, or of swap if there is a disk.
check() {
        uname=$(cat "$1/uname")
        # shellcheck disable=SC2254 # a pattern
        case $uname in
        $2) ;;
        *) wrong "the kernel is $uname, wanted $2" ;;
        esac
        # shellcheck disable=SC2013 # a line is a word
        for name in $(sed -n 's/.*\<run \([a-z]*\) [^ ].*/\1/p' csrc/tests/kernels/init); do
                [ "$name" != undecorated ] || [ "$3" = yes ] || continue
                [ "$name" != truthother ] || [ -x build/places/static/bin/truth-other-go ] || continue
                [ "$(cat "$1/$name.status")" = 0 ] || { wrong "$uname: $name:"; cat "$1/$name.out"; }
        done
        ! grep -q '^skipped: .*cgroup' "$1/tests.out" || wrong "$uname: cgroups were not tested"
        [ "${4#*disk=}" = "$4" ] || ! grep -F 'not made' "$1/truth.out" || wrong "$uname: not all memory was made"
        names=no
        ! grep -qF '[anon: Go: heap]' "$1/demo.out" || names=yes
        [ $names = "$3" ] || wrong "$uname: names of the Go heap in the report of memdemo: $names, wanted $3"
        for text in '[anon:TXMetaCache]' 'Named Memory Regions (mmap):'; do
                grep -qF "$text" "$1/demo.out" || wrong "$uname: no \"$text\" in the report of memdemo"
        done
}

# finish NAME RELEASE NAMES ARGUMENTS: waits for a kernel, and prints its results.
finish() {
        folder=$out/$1
        failed=0
        status=0
        wait "$(cat "$folder/pid")" || status=$?
        if [ $status = 0 ] && tar xf "$folder/results.tar" -C "$folder"; then
                check "$folder" "$2" "$3" "$4"
        else
                wrong "$1: $(why "$folder" $status)"
        fi
        cat "$folder/tests.out" "$folder"/gotests*.out "$folder"/truth*.out 2>/dev/null || true
        [ $failed = 1 ] || echo "PASS: $uname, names of memory: $3, $(grep -E '^ +tests ' "$folder/tests.out" | tr -s ' ')"
        all=$((all + failed))
}

if [ "$(dpkg --print-architecture)" != amd64 ]; then
        echo 'skipped: the kernels under test are for x86-64, and so are the programs in them'
        exit 0
fi
make_initrd
each get >/dev/null # so that downloads and builds do not count against the time limit
begun=
trap 'kill $begun 2>/dev/null' EXIT # Ctrl-C does not reach background jobs
trap 'exit 1' INT TERM
each begin
all=0
each finish
trap - EXIT
exit $all
