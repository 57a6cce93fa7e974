#!/bin/sh
# pprof's parser of /proc/PID/maps gives shared executable mappings no file.
#
# Guess: ParseProcMaps treats r-xs as r-xp, or skips it as it skips data.
# Seen:  it keeps the addresses and loses the offset and the file, without an error.
# Why:   JIT compilers that map code twice, to write it and to run it, do so by a shared memfd: its samples have a
#        mapping without a name, beside those of memory that really has none.
# With:  github.com/google/pprof of 2026-08-02
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
require github.com/google/pprof v0.0.0-20260802141513-ef3492d7dac3
X
cat >main.go <<'X'
package main

import (
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

func main() {
	mappings, err := profile.ParseProcMaps(os.Stdin)
	if err != nil {
		panic(err)
	}
	for _, m := range mappings {
		fmt.Printf("%x at %x of %q\n", m.Start, m.Offset, m.File)
	}
}
X
go build -o main . 2>/dev/null || cannot 'go cannot build it'
expect "$(./main <<'MAPS'
7f0000000000-7f0000100000 r-xp 00001000 00:01 12                         /memfd:code
7f0000100000-7f0000200000 rw-s 00001000 00:01 12                         /memfd:code
7f0000200000-7f0000300000 r-xs 00001000 00:01 12                         /memfd:code
7f0000300000-7f0000400000 r-xp 00000000 00:00 0 
MAPS
)" <<'X'
7f0000000000 at 1000 of "/memfd:code"
7f0000200000 at 0 of ""
7f0000300000 at 0 of ""
X
