package plain

import (
	"cmp"
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"example.com/memanalyzer/csrc/core"
)

// The labels of this process are in a module of their own, from the first one on. Each report
// gets a copy of them.
var (
	registry     atomic.Pointer[instance]
	makeRegistry sync.Mutex
)

func labels() *instance {
	makeRegistry.Lock()
	defer makeRegistry.Unlock()
	if registry.Load() == nil {
		registry.Store(newInstance())
	}
	return registry.Load()
}

func (Library) Label(at, size uintptr, name string, anchor uint64) core.Error {
	if !hasSource {
		return core.Error{Status: statusOf("UNSUPPORTED")}
	}
	m := labels()
	if m == nil {
		return core.Error{Status: statusOf("NO_MEMORY"), Message: "no memory for a label"}
	}
	runtime.LockOSThread() // whose /proc/thread-self/maps is read
	defer runtime.UnlockOSThread()
	return m.failure(func(m *instance) uint32 {
		n := copy(m.place(placeSize), name)
		return uint32(m.Xlabel(int64(at), int64(size), int32(n), int64(anchor)))
	})
}

func (Library) RemoveLabel(at, size uintptr) core.Error {
	return labels().failure(func(m *instance) uint32 { return uint32(m.Xremove_label(int64(at), int64(size))) })
}

type label struct {
	start, end uint64
	name       string
}

// allLabels returns the labels of the program, and those of the memories of all modules, by
// address. It returns false if a fault has ended the registry.
func allLabels() (all []label, ok bool) {
	if m := registry.Load(); m != nil {
		m.run(func(m *instance) { all = m.labels() })
		if m.fault().Status != core.OK {
			return nil, false
		}
	}
	for _, r := range memoryRanges() {
		all = append(all, label{r[0], r[1], memoryName})
	}
	slices.SortFunc(all, func(a, b label) int { return cmp.Compare(a.start, b.start) })
	return all, true
}

// Bytes of a struct mema_owner, and of a struct mema_labels before its list.
const (
	ownerSize  = int32(unsafe.Sizeof(mema_owner{}))
	labelsHead = 16
)

// labels copies a struct mema_labels from the registry, and frees it.
func (m *instance) labels() (all []label) {
	p := m.Xlabels()
	if p == 0 {
		return nil
	}
	defer m.Xrelease(p)
	word := func(b []byte, at uintptr) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	names := int32(binary.LittleEndian.Uint32(m.memory.bytes(p, 4)))
	for i := range int32(word(m.memory.bytes(p, labelsHead), 8)) {
		var o mema_owner
		b := m.memory.bytes(p+labelsHead+i*ownerSize, ownerSize)
		name := m.memory.bytes(names+int32(word(b, unsafe.Offsetof(o.name))), int32(word(b, unsafe.Offsetof(o.name_length))))
		all = append(all, label{word(b, unsafe.Offsetof(o.start)), word(b, unsafe.Offsetof(o.end)), string(name)})
	}
	return all
}

// putLabels writes labels to a struct mema_labels in the module, and returns its address, 0 if
// there is no memory. The names follow the list; self.c sets the pointer to them.
func (s *system) putLabels(all []label) int32 {
	size := labelsHead + int32(len(all))*ownerSize
	names := size
	for _, l := range all {
		size += int32(len(l.name))
	}
	p := s.Xallocate(size)
	if p == 0 {
		return 0
	}
	b := s.memory.bytes(p, size)
	putWords(b[8:], uint64(len(all)))
	at := int32(0)
	for i, l := range all {
		o := b[labelsHead+int32(i)*ownerSize:][:ownerSize]
		clear(o)
		putWords(o, l.start, l.end)
		putWords(o[unsafe.Offsetof(mema_owner{}.name):], uint64(at), uint64(len(l.name)))
		at += int32(copy(b[names+at:], l.name))
	}
	return p
}
