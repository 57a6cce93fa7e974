//go:build linux

package main

// The cost of what the process knows of itself: reports with and without it, compared with a bare
// read of the same smaps, in a process with many threads or a large C heap.

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	memanalyzer "example.com/memanalyzer/go"
)

// costs are in the order of the printed figures.
type costs struct{ Read, Plain, Metrics, All time.Duration }

func init() { children["bench"] = func(flags string) any { return measure(strings.Fields(flags)) } }

// measure returns medians of runs by turns, so that a disturbance affects all of them. All is a
// single run, because mallinfo2 is called for a thousandth of the time only.
func measure(flags []string) costs {
	if _, err := makeOnly(flags); err != nil {
		panic(err)
	}
	ctx := context.Background()
	all := timed(func() error { _, err := memanalyzer.Read(ctx); return err })
	var read, plain, metrics []time.Duration
	for range 11 {
		read = append(read, timed(readBare))
		plain = append(plain, timed(func() error { _, err := memanalyzer.ReadProcess(ctx, os.Getpid()); return err }))
		metrics = append(metrics, timed(func() error { _, err := memanalyzer.Read(ctx); return err }))
	}
	return costs{median(read), median(plain), median(metrics), all}
}

var bareBuffer = make([]byte, 64*kb)

func readBare() error {
	fd, err := unix.Open("/proc/self/smaps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for n := 1; n > 0 && err == nil; n, err = unix.Read(fd, bareBuffer) {
	}
	return err
}

func timed(f func() error) time.Duration {
	began := time.Now()
	if err := f(); err != nil {
		panic(err)
	}
	return time.Since(began)
}

func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

func BenchmarkJoins(b *testing.B) {
	for _, row := range []struct{ name, flags string }{
		{"small", "-heap 1MB"},
		{"1000_threads", "-threads 1000"},
		{"500000_free_chunks", "-malloc-freed 160000000 -malloc-block 160"},
	} {
		b.Run(row.name, func(b *testing.B) {
			var each [4][]float64
			for b.Loop() {
				var c costs
				if err := runChild(b, "bench", row.flags, &c); err != nil {
					b.Fatal(err)
				}
				for i, cost := range []time.Duration{c.Read, c.Plain, c.Metrics, c.All} {
					each[i] = append(each[i], float64(cost.Nanoseconds())/1e3)
				}
			}
			b.ReportMetric(0, "ns/op") // hides the time that making the memory takes
			b.ReportMetric(median(each[0]), "read-us")
			for i, unit := range []string{"x-plain", "x-metrics", "x-all"} {
				b.ReportMetric(median(each[i+1])/median(each[0]), unit)
			}
		})
	}
}
