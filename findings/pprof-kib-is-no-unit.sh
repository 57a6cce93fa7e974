#!/bin/sh
# pprof converts kilobytes, but not KiB, and does not say so.
#
# Guess: a sample type in "KiB" is converted like one in "kB", or refused.
# Seen:  2048 KiB with -unit=MB are "2048MB", as nothing is converted and the wanted unit is printed. "kB" and
#        "kilobytes" are the unit that the IEC calls KiB: 2 MB. Profiles in both spellings add up.
# Why:   a profile of memory must say bytes or kB, or it is shown a thousand times too large.
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
	"os"

	"github.com/google/pprof/profile"
)

func main() {
	for _, unit := range []string{"KiB", "kB", "kilobytes"} {
		f := &profile.Function{ID: 1, Name: "cache"}
		l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f}}}
		p := &profile.Profile{
			Function: []*profile.Function{f}, Location: []*profile.Location{l},
			SampleType: []*profile.ValueType{{Type: "rss", Unit: unit}},
			Sample:     []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{2048}}},
		}
		out, err := os.Create(unit)
		if err != nil {
			panic(err)
		}
		if err := p.Write(out); err != nil {
			panic(err)
		}
	}
}
X
go run . 2>/dev/null
go build -o pprof github.com/google/pprof 2>/dev/null
show() { ./pprof -top "$@" 2>/dev/null | sed -n 's/^ *\([^ ]*\) .* cache$/\1/p'; }
expect "$(for unit in KiB kB kilobytes; do echo "$unit: $(show $unit), as MB: $(show -unit=MB $unit)"; done; echo "kB + kilobytes: $(show kB kilobytes)")" <<'X'
KiB: 2048KiB, as MB: 2048MB
kB: 2MB, as MB: 2MB
kilobytes: 2MB, as MB: 2MB
kB + kilobytes: 4MB
X
