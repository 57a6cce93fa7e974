#!/bin/sh
# demo.sh COMMAND...: runs memdemo, as COMMAND, with a little of most kinds of memory, and checks
# that both reports contain it: its own at /debug/memory, which is printed, and the command line's.
set -eu

out=$(mktemp)
"$@" -addr 127.0.0.1:0 -heap 8MB -goroutines 100 -malloc 4MB -named TXMetaCache=6MB -file 0 -threads 2 \
        -anon-ro 1MB -anon-exec 1MB -shared-anon 2MB -memfd 3MB >"$out" &
demo=$!
trap 'rm -f "$out" "$out.report" "$out.pid"; kill "$demo" && wait "$demo"' EXIT
trap 'exit 1' INT TERM
# Waits at most a minute: memdemo makes its memory before it serves.
for _ in $(seq 600); do
        url=$(awk '/^memory:/ { print $2 }' "$out")
        [ -z "$url" ] || break
        kill -0 "$demo"
        sleep 0.1
done
if command -v curl >/dev/null; then
        set -- curl -sS --fail-with-body --noproxy '*'
else
        set -- wget -q -O -
fi
"$@" "$url?unit=B&top=all" >"$out.report"

# Without cgo there is no memory of C.
of_c='C Heap (malloc)/Subtotal=4194304;Thread Stacks/Threads=524288;'
! grep -q 'needs cgo' "$out" || of_c=

# check REPORT: without names of anonymous memory, TXMetaCache is in Read-Write.
check() {
        named='Anonymous Memory/Read-Write'
        ! grep -qF '[anon:TXMetaCache]' "$1" || named='Named Memory Regions (mmap)/TXMetaCache'
        awk -f csrc/tests/places/report.awk -v least="$named=6291456;Go Runtime/Heap=8388608;${of_c}\
Anonymous Memory/Read-Only=1048576;\
Anonymous Memory/Executable=1048576;Shared Memory/Anonymous=2097152;Shared Memory/memfd=3145728" "$1"
}
# shellcheck disable=SC2086 # a command and its arguments
${READER:-bin/memanalyzer} -pid "$demo" -unit B >"$out.pid"
check "$out.pid" >/dev/null
check "$out.report"
