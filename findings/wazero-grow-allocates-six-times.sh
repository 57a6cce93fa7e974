#!/bin/sh
# wazero allocates six times the memory that a growing module ends with, unless it may reserve.
#
# Guess: a WebAssembly engine reserves addresses, so that memory.grow copies nothing; or it doubles: twice as much.
# Seen:  growing page by page to 64 MB allocates over 320 MB on the Go heap, old copies beside the new one. With
#        WithMemoryCapacityFromMax(true) it allocates nothing, but the maximum is allocated at the start.
# Why:   the copies are Go heap ("since the last collection"), in a daemon whose modules look small.
# With:  github.com/tetratelabs/wazero v1.12.0
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
require github.com/tetratelabs/wazero v1.12.0
X
cat >main.go <<'X'
package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/tetratelabs/wazero"
)

// (module (memory (export "memory") 1 2048))
var module = []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0, 5, 5, 1, 1, 1, 0x80, 0x10,
	7, 10, 1, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0,
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func grow(reserve bool) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryCapacityFromMax(reserve))
	begin := allocated()
	m, err := r.Instantiate(ctx, module)
	if err != nil {
		panic(err)
	}
	made := allocated()
	for m.Memory().Size() < 64<<20 {
		m.Memory().Grow(1)
	}
	grown := allocated()
	fmt.Printf("reserve %t: at the start over 100 MB: %t, by growing over 320 MB: %t\n",
		reserve, made-begin > 100<<20, grown-made > 320<<20)
	r.Close(ctx)
}

func main() {
	grow(false)
	grow(true)
}
X
expect "$(go run . 2>/dev/null)" <<'X'
reserve false: at the start over 100 MB: false, by growing over 320 MB: true
reserve true: at the start over 100 MB: true, by growing over 320 MB: false
X
