package memanalyzer

import (
	"math"
	"runtime/metrics"
	"sync"
	"time"
	"unsafe"

	"example.com/memanalyzer/csrc/core"
)

// What this process knows of itself: figures of the Go runtime and of malloc, and settings.

// An anchor is an object on the Go heap. Its address tells the core which mappings are the heap.
type anchor [256]byte

// newAnchor returns an anchor, which the caller keeps alive until the core has used its address.
//
//go:noinline
func newAnchor() *anchor { return new(anchor) } // inlined, it could be on the caller's stack

// From the start of the program: an anchor, and the size of the runtime's other metadata, which
// later includes the work buffers of collections.
var (
	oldAnchor    *anchor
	otherAtStart uint64
)

func init() {
	oldAnchor = newAnchor()
	samples := []metrics.Sample{{Name: otherMetadata}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	if valueOf(samples[1]) == 0 { // no collection yet, so no work buffers
		otherAtStart = valueOf(samples[0])
	}
}

// valueOf returns 0 if the runtime does not have the metric.
func valueOf(s metrics.Sample) uint64 {
	if s.Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s.Value.Uint64()
}

const otherMetadata = "/memory/classes/metadata/other:bytes"

// figures are the sums of metrics that make each figure of the runtime.
var figures = []struct {
	of      func(*core.Go) *uint64
	metrics []string
}{
	{func(g *core.Go) *uint64 { return &g.HeapLive }, []string{"/gc/heap/live:bytes"}},
	{func(g *core.Go) *uint64 { return &g.HeapObjects }, []string{"/memory/classes/heap/objects:bytes"}},
	{func(g *core.Go) *uint64 { return &g.HeapUnused }, []string{"/memory/classes/heap/unused:bytes"}},
	{func(g *core.Go) *uint64 { return &g.HeapFree }, []string{"/memory/classes/heap/free:bytes"}},
	{func(g *core.Go) *uint64 { return &g.HeapReleased }, []string{"/memory/classes/heap/released:bytes"}},
	{func(g *core.Go) *uint64 { return &g.HeapStacks }, []string{"/memory/classes/heap/stacks:bytes"}},
	{func(g *core.Go) *uint64 { return &g.Metadata }, []string{
		"/memory/classes/metadata/mcache/free:bytes",
		"/memory/classes/metadata/mcache/inuse:bytes",
		"/memory/classes/metadata/mspan/free:bytes",
		"/memory/classes/metadata/mspan/inuse:bytes",
		otherMetadata,
		"/memory/classes/profiling/buckets:bytes",
		"/memory/classes/other:bytes",
	}},
	{func(g *core.Go) *uint64 { return &g.WorkBuffers }, []string{otherMetadata}}, // minus otherAtStart
}

// readFacts reads runtime/metrics, which does not stop the world, and asks malloc. The anchors
// are the oldest one and young.
func readFacts(malloc func() core.Malloc, young *anchor) core.Facts {
	var samples []metrics.Sample
	for _, figure := range figures {
		for _, name := range figure.metrics {
			samples = append(samples, metrics.Sample{Name: name})
		}
	}
	metrics.Read(samples)
	f := core.Facts{Malloc: malloc(), Go: core.Go{
		Known: true, AnchorCount: 2, Anchors: [8]uint64{addressOf(oldAnchor), addressOf(young)},
	}}
	for _, figure := range figures {
		for _, s := range samples[:len(figure.metrics)] {
			*figure.of(&f.Go) += valueOf(s)
		}
		samples = samples[len(figure.metrics):]
	}
	f.Go.WorkBuffers -= min(otherAtStart, f.Go.WorkBuffers)
	return f
}

func addressOf(a *anchor) uint64 { return uint64(uintptr(unsafe.Pointer(a))) }

// settings are the metrics of those members of struct mema_limits that only this process knows.
var settings = map[string]string{
	"go.gomemlimit": "/gc/gomemlimit:bytes",
	"go.gogc":       "/gc/gogc:percent", // math.MaxUint64 if off, which is a setting, too
}

// noMemoryLimit is the metric's value if GOMEMLIMIT is not set.
const noMemoryLimit = math.MaxInt64

func readSettings() core.Limits {
	var limits core.Limits
	for i, id := range names.Limits {
		name, ok := settings[id]
		if !ok {
			continue
		}
		s := []metrics.Sample{{Name: name}}
		metrics.Read(s)
		if s[0].Value.Kind() != metrics.KindUint64 || id == "go.gomemlimit" && s[0].Value.Uint64() == noMemoryLimit {
			continue
		}
		limits.Known |= 1 << i
		limits.Value[i] = s[0].Value.Uint64()
	}
	return limits
}

// mallocPause is how long malloc is not asked, as a multiple of the time that it took: mallinfo2
// holds the lock of each arena while it walks the arena's free blocks.
const mallocPause = 1000

// mallocTurns is locked by the report that may ask malloc.
var mallocTurns struct {
	sync.Mutex
	next time.Time
}

// mallocTurn returns a function that asks malloc, and one that ends the turn. If never is set, or
// if it is another report's turn or too soon, the first function says that nothing is known.
func mallocTurn(never bool) (ask func() core.Malloc, end func()) {
	nothing := func() core.Malloc { return core.Malloc{} }
	if never || !mallocTurns.TryLock() {
		return nothing, func() {}
	}
	if time.Now().Before(mallocTurns.next) {
		mallocTurns.Unlock()
		return nothing, func() {}
	}
	var spent time.Duration
	ask = func() core.Malloc {
		began := time.Now()
		defer func() { spent += time.Since(began) }()
		return library.Malloc()
	}
	return ask, func() {
		mallocTurns.next = time.Now().Add(mallocPause * spent)
		mallocTurns.Unlock()
	}
}
