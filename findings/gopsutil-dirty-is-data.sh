#!/bin/sh
# What gopsutil calls dirty memory is the address space of data and stack.
#
# Guess: MemoryInfoEx has the numbers of /proc/PID/statm under the kernel's names; Dirty is the last, which is always 0.
# Seen:  Dirty has the sixth number, which is data and stack, and Data stays 0.
# Why:   address space is mostly never touched: a process with 2 MiB resident has 1 GiB of "dirty" memory.
# With:  github.com/shirou/gopsutil/v4 v4.26.8, whose issue 277 asks for a change since 2016
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

	"github.com/shirou/gopsutil/v4/process"
)

func main() {
	p := process.Process{Pid: 42}
	m, err := p.MemoryInfoEx()
	if err != nil {
		panic(err)
	}
	page := m.RSS / 512
	fmt.Println("size", m.VMS/page, "resident", m.RSS/page, "shared", m.Shared/page, "text", m.Text/page,
		"lib", m.Lib/page, "data", m.Data/page, "dirty", m.Dirty/page)
}
X
mkdir -p proc/42
# size resident shared text lib data dirty, in pages
echo 262656 512 256 128 0 262144 0 >proc/42/statm
go build -o main . 2>/dev/null || cannot 'go cannot build it'
expect "$(HOST_PROC=proc ./main)" <<'X'
size 262656 resident 512 shared 256 text 128 lib 0 data 0 dirty 262144
X
