#!/bin/sh
# A Go program that locks its memory gives none back, and counts it as given back.
#
# Guess: HeapReleased is what the kernel has back, and FreeOSMemory lowers RSS or reports that it cannot.
# Seen:  the kernel refuses to take back locked pages, and the runtime ignores the refusal: the same 300 MB are in
#        HeapReleased and in RSS.
# Why:   programs that guard secrets lock all of their memory; there, Sys - HeapReleased is no estimate of RSS, and
#        a lower GOMEMLIMIT frees nothing for other processes.
# With:  Go 1.26.8, and permission to lock memory
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
X
cat >main.go <<'X'
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
)

func main() {
	if os.Args[1] == "locked" && syscall.Mlockall(syscall.MCL_CURRENT|syscall.MCL_FUTURE) != nil {
		os.Exit(1)
	}
	block := make([]byte, 300<<20)
	for i := range block {
		block[i] = 1
	}
	debug.FreeOSMemory() // the block is garbage by now
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var size, resident int
	fmt.Sscan(string(statm), &size, &resident)
	fmt.Printf("%s: over 290 MB: in use %t, released %t, resident %t\n", os.Args[1],
		m.HeapInuse > 290<<20, m.HeapReleased > 290<<20, resident*os.Getpagesize() > 290<<20)
}
X
export GOTOOLCHAIN=go1.26.8 CGO_ENABLED=0
go build -o main . 2>/dev/null || cannot 'go 1.26.8 cannot build it'
./main locked >/dev/null 2>&1 || cannot 'memory cannot be locked'
expect "$(./main usual; ./main locked)" <<'X'
usual: over 290 MB: in use false, released true, resident false
locked: over 290 MB: in use false, released true, resident true
X
