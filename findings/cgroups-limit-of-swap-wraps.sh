#!/bin/sh
# The cgroup library of runc reports a limit of 1 GiB for memory and swap if memory has no limit.
#
# Guess: SwapUsage is swap, as the kernel counts it, or memory and swap, as cgroup v1 counts them: without a limit here.
# Seen:  on cgroup v2 it is the sum of both. "max" is 2^64 - 1 to it, and the sum of the limits wraps: 1 GiB - 1.
# Why:   a group that uses 4 GiB seems to be at four times its limit. SwapOnlyUsage is right.
# With:  github.com/opencontainers/cgroups v0.1.0, on a group with memory.max "max" and memory.swap.max of 1 GiB
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
require github.com/opencontainers/cgroups v0.1.0
X
cat >main.go <<'X'
package main

import (
	"fmt"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fs2"
)

func main() {
	cgroups.TestMode = true // a folder that is no cgroup is read as one
	group, err := fs2.NewManager(&cgroups.Cgroup{Resources: &cgroups.Resources{}}, "group")
	if err != nil {
		panic(err)
	}
	stats, _ := group.GetStats() // other controllers have no files
	m := stats.MemoryStats
	fmt.Println("SwapUsage:", m.SwapUsage.Usage, "of", m.SwapUsage.Limit)
	fmt.Println("SwapOnlyUsage:", m.SwapOnlyUsage.Usage, "of", m.SwapOnlyUsage.Limit)
	fmt.Println("memory has no limit:", m.Usage.Limit == 1<<64-1)
}
X
mkdir group
echo memory >group/cgroup.controllers
printf 'anon 4294967296\nfile 0\n' >group/memory.stat
echo 4294967296 >group/memory.current
echo max >group/memory.max
echo 4096 >group/memory.swap.current
echo 1073741824 >group/memory.swap.max
go build -o main . 2>/dev/null || cannot 'go cannot build it'
expect "$(./main)" <<'X'
SwapUsage: 4294971392 of 1073741823
SwapOnlyUsage: 4096 of 1073741824
memory has no limit: true
X
