#!/bin/sh
# Go's heap profile has two totals: the text has the samples alone, the binary form an estimate of the heap.
#
# Guess: /debug/pprof/heap?debug=1 says what pprof shows, and its "heap/1048576" is the rate of sampling.
# Seen:  only the binary form is scaled up. For 100,000 live blocks of 512 bytes it has about 50 MB, and the text less
#        than 1 MB. The number behind "heap/" is twice the rate.
# Why:   the text is what a browser shows: beside a heap of 50 MB it looks as if 49 MB were not Go's.
# With:  Go 1.26.8, github.com/google/pprof of 2026-08-02
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
require github.com/google/pprof v0.0.0-20260802141513-ef3492d7dac3
X
cat >main.go <<'X'
package main

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/pprof"

	"github.com/google/pprof/profile"
)

type block struct {
	next *block
	rest [504]byte
}

func main() {
	var kept *block
	for range 100_000 {
		kept = &block{next: kept}
	}
	runtime.GC()
	var text, binary bytes.Buffer
	pprof.Lookup("heap").WriteTo(&text, 1)
	pprof.Lookup("heap").WriteTo(&binary, 0)
	runtime.KeepAlive(kept)

	var x, inText, rate, inBinary int64
	if _, err := fmt.Sscanf(text.String(), "heap profile: %d: %d [%d: %d] @ heap/%d", &x, &inText, &x, &x, &rate); err != nil {
		panic(err)
	}
	p, err := profile.Parse(&binary)
	if err != nil {
		panic(err)
	}
	for _, s := range p.Sample {
		inBinary += s.Value[3] // inuse_space
	}
	fmt.Println("binary: over 30 MB:", inBinary > 30e6, "period:", p.Period)
	fmt.Println("text: over 1 MB:", inText > 1e6, "heap/:", rate)
}
X
export GOTOOLCHAIN=go1.26.8
go build -o main . 2>/dev/null || cannot 'go 1.26.8 cannot build it'
expect "$(./main)" <<'X'
binary: over 30 MB: true period: 524288
text: over 1 MB: false heap/: 1048576
X
