#!/bin/sh
# Go counts a part of small live values as freed.
#
# Guess: while the collector is off, Frees stands still, and a million live int64 are a million HeapObjects.
# Seen:  two values of 8 bytes without pointers share a block of 16 bytes. Each counts in Mallocs, and what is not a
#        block counts in Frees at once: half a million frees without a collection, and half a million objects.
# Why:   the rate of Frees is read as the collector's work, HeapAlloc / HeapObjects as the size of a value.
# With:  Go 1.26.8
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
X
cat >main.go <<'X'
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

func main() {
	debug.SetGCPercent(-1)
	kept := make([]*int64, 1_000_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range kept {
		kept[i] = new(int64)
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	show := func(field string, before, after uint64) {
		fmt.Printf("%s: %d thousand more\n", field, (after-before+500)/1000)
	}
	show("Mallocs", before.Mallocs, after.Mallocs)
	show("Frees", before.Frees, after.Frees)
	show("HeapObjects", before.HeapObjects, after.HeapObjects)
	fmt.Println("collections:", after.NumGC-before.NumGC)
}
X
export GOTOOLCHAIN=go1.26.8
go build -o main . 2>/dev/null || cannot 'go 1.26.8 cannot build it'
expect "$(./main)" <<'X'
Mallocs: 1000 thousand more
Frees: 500 thousand more
HeapObjects: 500 thousand more
collections: 0
X
