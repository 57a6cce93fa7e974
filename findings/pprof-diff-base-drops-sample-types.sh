#!/bin/sh
# pprof compares two profiles by the sample types that both have, and drops the others.
#
# Guess: with -diff_base, what the base lacks counts as 0, or an error says what is missing.
# Seen:  the types of one side are dropped without a word; asking for one fails as if the profile never had it.
# Why:   swap that appeared since the base was saved is not in the difference, if the base had no swap.
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

func write(file string, types []string, values ...int64) {
	f := &profile.Function{ID: 1, Name: "cache"}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f}}}
	p := &profile.Profile{
		Function: []*profile.Function{f}, Location: []*profile.Location{l},
		Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: values}},
	}
	for _, t := range types {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: t, Unit: "bytes"})
	}
	out, err := os.Create(file)
	if err != nil {
		panic(err)
	}
	if err := p.Write(out); err != nil {
		panic(err)
	}
}

func main() {
	write("before", []string{"rss"}, 100<<20)
	write("now", []string{"rss", "swap"}, 300<<20, 100<<20)
}
X
go run . 2>/dev/null
go build -o pprof github.com/google/pprof 2>/dev/null
expect "$(./pprof -top -sample_index=swap now 2>/dev/null | sed -n 's/^ *\([^ ]*\) .* cache$/swap now: \1/p'
        ./pprof -top -diff_base before now 2>/dev/null | sed -n 's/^ *\([^ ]*\) .* cache$/difference: \1/p'
        ./pprof -top -sample_index=swap -diff_base before now 2>&1 | grep -o 'sample_index.*')" <<'X'
swap now: 100MB
difference: 200MB
sample_index "swap" must be one of: [rss]
X
