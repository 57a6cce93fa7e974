#!/bin/sh
# gopsutil has the resident memory of a process in two units.
#
# Guess: MemoryMaps and MemoryInfo of one process both give bytes, as their fields are called Rss and RSS.
# Seen:  MemoryMaps gives kilobytes, 1024 times less. With grouped=true, Size is 0 for the single entry.
# Why:   a dashboard that adds both, or compares one with our figures, is wrong by a factor of 1024.
# With:  github.com/shirou/gopsutil/v4 v4.26.8
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
require github.com/shirou/gopsutil/v4 v4.26.8
X
cat >main.go <<'X'
package main

import (
	"fmt"
	"os"

	"github.com/shirou/gopsutil/v4/process"
)

func main() {
	block := make([]byte, 64<<20)
	for i := range block {
		block[i] = 1
	}
	p, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		panic(err)
	}
	info, err := p.MemoryInfo()
	if err != nil {
		panic(err)
	}
	all, err := p.MemoryMaps(true)
	if err != nil {
		panic(err)
	}
	ratio := float64(info.RSS) / float64((*all)[0].Rss)
	fmt.Printf("MemoryInfo / MemoryMaps: %.0f hundred\n", ratio/100)
	fmt.Printf("Size of the grouped entry: %d\n", (*all)[0].Size)
	fmt.Fprintln(os.Stderr, info.RSS, (*all)[0].Rss, block[1])
}
X
expect "$(go run . 2>/dev/null)" <<'X'
MemoryInfo / MemoryMaps: 10 hundred
Size of the grouped entry: 0
X
