package memanalyzer

import (
	"runtime/metrics"
	"unsafe"
)

// runtimeFacts is what the Go runtime says of itself: struct mema_go of the C
// core, in its order.
type runtimeFacts struct {
	known                                             uint64
	objects, unused, free, released, stacks, metadata uint64
	anchors                                           []uint64
	live                                              *[256]byte // keeps an anchor on the heap
}

func (f runtimeFacts) words() []uint64 {
	w := []uint64{f.known, f.objects, f.unused, f.free, f.released, f.stacks, f.metadata, uint64(len(f.anchors))}
	return append(w, f.anchors...)
}

// oldAnchor has been on the heap since the program began.
var oldAnchor *[256]byte

// An initialised variable would be in the program's data, not on its heap.
func init() { oldAnchor = new([256]byte) }

// readRuntime asks runtime/metrics, which does not stop the world, and takes the
// addresses of an old and of a new object as anchors of the heap.
func readRuntime() runtimeFacts {
	f := runtimeFacts{known: 1}
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/metadata/mcache/free:bytes"},
		{Name: "/memory/classes/metadata/mcache/inuse:bytes"},
		{Name: "/memory/classes/metadata/mspan/free:bytes"},
		{Name: "/memory/classes/metadata/mspan/inuse:bytes"},
		{Name: "/memory/classes/metadata/other:bytes"},
		{Name: "/memory/classes/profiling/buckets:bytes"},
		{Name: "/memory/classes/other:bytes"},
	}
	metrics.Read(samples)
	into := []*uint64{&f.objects, &f.unused, &f.free, &f.released, &f.stacks}
	for i, s := range samples {
		if s.Value.Kind() != metrics.KindUint64 {
			continue // a runtime that no longer has it
		}
		if i < len(into) {
			*into[i] = s.Value.Uint64()
		} else {
			f.metadata += s.Value.Uint64()
		}
	}
	f.live = new([256]byte)
	f.anchors = []uint64{
		uint64(uintptr(unsafe.Pointer(oldAnchor))),
		uint64(uintptr(unsafe.Pointer(f.live))),
	}
	return f
}
