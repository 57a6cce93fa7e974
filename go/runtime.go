package memanalyzer

import (
	"runtime/metrics"
	"sync"
	"time"
	"unsafe"
)

// facts are what this process says of itself: the words of struct mema_malloc of
// the C core, of its struct mema_go, and of its struct mema_limits.
type facts struct {
	malloc, runtime, limits []uint64

	live *[256]byte // keeps an anchor on the heap
}

// noMalloc are the words where nothing is known of malloc.
var noMalloc = make([]uint64, 5)

func (f facts) words() []uint64 {
	if f.runtime == nil {
		return nil
	}
	return append(f.malloc[:len(f.malloc):len(f.malloc)], f.runtime...)
}

// Since the program began: an object that has been on the heap, and the metadata of
// no kind of its own, which counts the work buffers of collections among others.
var (
	oldAnchor    *[256]byte
	otherAtStart uint64
)

// An initialised variable would be in the program's data, not on its heap.
func init() {
	oldAnchor = new([256]byte)
	samples := []metrics.Sample{{Name: otherMetadata}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	if valueOf(samples[1]) == 0 { // no collection yet, no work buffers
		otherAtStart = valueOf(samples[0])
	}
}

// valueOf is 0 where the runtime no longer has that metric.
func valueOf(s metrics.Sample) uint64 {
	if s.Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s.Value.Uint64()
}

const otherMetadata = "/memory/classes/metadata/other:bytes"

// figures are the members of struct mema_go, in its order, from heap_live on.
var figures = [][]string{
	{"/gc/heap/live:bytes"},
	{"/memory/classes/heap/objects:bytes"},
	{"/memory/classes/heap/unused:bytes"},
	{"/memory/classes/heap/free:bytes"},
	{"/memory/classes/heap/released:bytes"},
	{"/memory/classes/heap/stacks:bytes"},
	{
		"/memory/classes/metadata/mcache/free:bytes",
		"/memory/classes/metadata/mcache/inuse:bytes",
		"/memory/classes/metadata/mspan/free:bytes",
		"/memory/classes/metadata/mspan/inuse:bytes",
		otherMetadata,
		"/memory/classes/profiling/buckets:bytes",
		"/memory/classes/other:bytes",
	},
	{otherMetadata}, // less otherAtStart: work buffers, and what has been added since
}

// settings are what of struct mema_limits this process itself knows.
var settings = map[string]string{
	"go.gomemlimit": "/gc/gomemlimit:bytes",
	"go.gogc":       "/gc/gogc:percent",
}

// readSettings returns the words of struct mema_limits.
func readSettings() []uint64 {
	words := make([]uint64, 1+len(names.limits))
	for i, id := range names.limits {
		name, ok := settings[id]
		if !ok {
			continue
		}
		s := []metrics.Sample{{Name: name}}
		if metrics.Read(s); s[0].Value.Kind() == metrics.KindUint64 {
			words[0] |= 1 << i
			words[1+i] = s[0].Value.Uint64()
		}
	}
	return words
}

// readFacts asks runtime/metrics, which does not stop the world, and takes the
// addresses of an old and of a new object as anchors of the heap.
func readFacts(malloc func() []uint64) facts {
	var samples []metrics.Sample
	for _, names := range figures {
		for _, name := range names {
			samples = append(samples, metrics.Sample{Name: name})
		}
	}
	metrics.Read(samples)
	f := facts{malloc: malloc(), runtime: []uint64{1}, live: new([256]byte)}
	for _, names := range figures {
		var sum uint64
		for _, s := range samples[:len(names)] {
			sum += valueOf(s)
		}
		f.runtime, samples = append(f.runtime, sum), samples[len(names):]
	}
	f.runtime[len(f.runtime)-1] -= min(otherAtStart, f.runtime[len(f.runtime)-1])
	f.runtime = append(f.runtime, 2, uint64(uintptr(unsafe.Pointer(oldAnchor))), uint64(uintptr(unsafe.Pointer(f.live))))
	return f
}

// mallocTurns spaces the calls of mallinfo2, which holds each arena's lock while it
// walks the free blocks. It is locked by the report whose turn it is: after one that
// spent t in its calls there is none for 1,000 t.
var mallocTurns struct {
	sync.Mutex
	next time.Time
}

// mallocTurn returns a function that asks malloc, or, where it is another report's
// turn or nobody's yet, one that knows nothing; end is called at the end of the turn.
func mallocTurn(never bool) (ask func() []uint64, end func()) {
	nothing := func() []uint64 { return noMalloc }
	if never || !mallocTurns.TryLock() {
		return nothing, func() {}
	}
	if time.Now().Before(mallocTurns.next) {
		mallocTurns.Unlock()
		return nothing, func() {}
	}
	var spent time.Duration
	ask = func() []uint64 {
		began := time.Now()
		defer func() { spent += time.Since(began) }()
		return mallocWords()
	}
	return ask, func() {
		mallocTurns.next = time.Now().Add(1000 * spent)
		mallocTurns.Unlock()
	}
}
