//go:build linux

package memanalyzer

import (
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// Reports allocate little, and leave nothing behind.

// discard is a client that discards its answer.
type discard struct{ header http.Header }

func (d discard) Header() http.Header            { return d.header }
func (d discard) Write(text []byte) (int, error) { return len(text), nil }
func (d discard) WriteHeader(int)                {}

func askAndDiscard(h http.Handler, targets ...string) {
	for _, target := range targets {
		r, err := http.NewRequest("GET", target, nil)
		if err != nil {
			panic(err)
		}
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}

// goHeapOf returns the bytes that one report allocates on the Go heap.
func goHeapOf(h http.Handler) (bytes, blocks uint64) {
	const reports = 10
	var before, after runtime.MemStats
	askAndDiscard(h, "/") // allocates what all reports reuse
	runtime.ReadMemStats(&before)
	for range reports {
		askAndDiscard(h, "/")
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / reports, (after.Mallocs - before.Mallocs) / reports
}

func TestAReportTakesTheSameGoHeapHoweverManyMappingsThereAre(t *testing.T) {
	alone(t, func() {
		a := mustNew(t)
		bytes, blocks := goHeapOf(a)
		if _, err := makeMappings(10000); err != nil {
			t.Fatal(err)
		}
		ofMany, blocksOfMany := goHeapOf(a)
		t.Logf("%d bytes in %d blocks; of 10,000 mappings %d in %d", bytes, blocks, ofMany, blocksOfMany)
		if isPlain {
			blocks += 90 // for the names of threads
		}
		if ofMany > 64*kib || blocksOfMany > blocks+10 {
			t.Errorf("%d bytes in %d blocks; of 10,000 mappings %d in %d; want up to 65536, and as many", bytes, blocks, ofMany, blocksOfMany)
		}
	})
}

// LONG=1 makes 100,000 reports. The first tenth is not measured: malloc's caches for each thread and
// Go's heap between collections grow to some size first.
func TestReportsLeaveNothingBehind(t *testing.T) {
	alone(t, func() {
		a, rounds := mustNew(t), 100
		if os.Getenv("LONG") == "1" {
			rounds = 12500
		}
		ask := func(rounds int) {
			for range rounds {
				askAndDiscard(a, "/", "/?format=json", "/?format=openmetrics", "/?top=all", "/?format=smaps", "/?source=scan", "/?sort=pss", "/?unit=x")
			}
		}
		debug.SetGCPercent(100)
		ask(rounds / 10)
		before := heldMemory(t)
		ask(rounds)
		for what, after := range heldMemory(t) {
			t.Logf("%s after %d reports: %d, before %d", what, 8*rounds, after, before[what])
			if after > before[what]+bounds[what] {
				t.Errorf("%s after %d reports: %d, before %d", what, 8*rounds, after, before[what])
			}
		}
	})
}

// bounds are the growth that is not a leak.
var bounds = map[string]uint64{resident: 16 * mib, liveHeap: 256 * kib, malloced: 256 * kib}

const (
	resident = "resident bytes"
	liveHeap = "live bytes of Go's heap"
	malloced = "bytes in use of malloc"
)

func heldMemory(t *testing.T) map[string]uint64 {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	pages := strings.Fields(readFile(t, "/proc/self/statm"))[1]
	return map[string]uint64{
		resident: parseNumber(t, pages) * uint64(os.Getpagesize()),
		liveHeap: stats.HeapAlloc,
		malloced: library.Malloc().InUse,
	}
}
