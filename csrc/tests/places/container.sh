#!/bin/sh
# container.sh: runs memdemo in containers of podman, and the command line in containers beside them that share
# their processes. Exits with 77 if no container can be made. Runs in a mount namespace of its own, as root.
set -eu

folder=$(mktemp -d)
root=$folder/root
open_files=$(ulimit -Hn)
pods="podman --storage-driver=vfs --cgroup-manager=cgroupfs --root $folder/storage --runroot $folder/run --events-backend=none --runtime crun"

# podman COMMAND...
pod() {
        # shellcheck disable=SC2086 # a list of words
        $pods "$@"
}

# start OPTION... PROGRAM ARGUMENT...
start() {
        pod run --rm --network=none --ulimit "nofile=$open_files:$open_files" --ulimit nproc=1000:1000 "$@"
}

finish() {
        status=$?
        trap - EXIT
        pod rm -f -t 1 whole small >/dev/null 2>&1 || true
        awk -v folder="$folder/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l
        for _ in 1 2 3; do # conmon writes for a moment longer
                ! rm -rf --one-file-system "$folder" 2>/dev/null || break
                sleep 1
        done
        find /sys/fs/cgroup -depth -path '*/libpod_parent*' -type d -exec rmdir {} + 2>/dev/null || true
        exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

# shows WORDS...: standard input has a line with these words.
shows() {
        grep -F -- "$*" >"$folder/line" || { echo "no line has: $*"; exit 1; }
}

mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/etc"
cp build/places/static/bin/memanalyzer build/places/static/bin/memdemo "$root"
umount /sys/fs/cgroup/unified 2>/dev/null || true # crun refuses v1 with v2 beside it
if ! words=$(start --memory=100m --rootfs "$root" /memanalyzer 2>&1); then
        echo "podman makes no container here: $(echo "$words" | tail -n 1)"
        exit 77
fi
echo "$words" | shows 'of 100 MB' # its own limit

# daemon NAME OPTION...: starts memdemo and waits until it has made its memory.
daemon() {
        name=$1
        shift
        start -d --name "$name" "$@" --rootfs "$root" /memdemo -addr 127.0.0.1:6060 -heap 8MB -goroutines 10 >/dev/null
        for _ in $(seq 100); do
                ! pod logs "$name" 2>/dev/null | grep -q '^memory:' || return 0
                sleep 0.1
        done
        echo "$name did not start"
        exit 1
}

# A sidecar of the same user needs no further rights, and sees the limits of its target, not its own.
daemon whole --memory=300m
start --memory=64m --pid=container:whole --rootfs "$root" /memanalyzer -pid 1 >"$folder/report"
shows 'of 300 MB' <"$folder/report"
shows 'Memdemo Binary' <"$folder/report"

# A daemon without rights is root's only with CAP_SYS_PTRACE, and its own user's.
daemon small --user 1000 --cap-drop=all --read-only --security-opt=no-new-privileges
! start --pid=container:small --rootfs "$root" /memanalyzer -pid 1 2>"$folder/error" || { echo 'root read it'; exit 1; }
shows 'CAP_SYS_PTRACE is needed, in a container --cap-add SYS_PTRACE' <"$folder/error"
start --cap-add=SYS_PTRACE --pid=container:small --rootfs "$root" /memanalyzer -pid 1 | shows 'Memdemo Binary'
start --user 1000 --pid=container:small --rootfs "$root" /memanalyzer -pid 1 | shows 'Memdemo Binary'
