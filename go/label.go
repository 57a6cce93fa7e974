package memanalyzer

import (
	"errors"
	"sync/atomic"
	"unsafe"
)

// A Labeled is memory with a label, until Remove. What was kept of it does not keep
// the memory.
type Labeled struct {
	at, size uintptr
	removed  atomic.Bool
}

// Label gives a name to memory that the program has mapped: reports of this process
// have it as a row of Named Memory Regions from now on, whether the kernel has names
// for memory or not.
//
// What has the label is the whole pages in region. They are of anonymous memory,
// private or shared: mapped, or from C's malloc, but not the Go heap's, a file's or a
// memfd's. The name is 1 to 255 bytes without control characters. Where the kernel
// has names it is given this one, as far as its rules allow: of others it sees the
// first 79 bytes, with _ for each that is not printable ASCII or one of []\$`.
//
// A kernel with names splits mappings at the label's bounds, up to two more for each,
// of which a process can have vm.max_map_count. Without names each label reads
// /proc/self/maps, and each report asks what is resident of each label.
//
// Remove the label before the memory is unmapped: what is mapped there later would
// have it. The error is [ErrUnsupported], or a [*LabelError] of the Kind [ErrNoPage],
// [ErrLabelName], [ErrLabelled], [ErrNotMapped], [ErrNotAnonymous], [ErrGoHeap],
// [ErrNoMemory], or nil where Err says it all.
func Label(region []byte, name string) (*Labeled, error) {
	l := &Labeled{at: uintptr(unsafe.Pointer(unsafe.SliceData(region))), size: uintptr(len(region))}
	if err := addLabel(l.at, l.size, name, uint64(uintptr(unsafe.Pointer(oldAnchor)))); err != nil {
		return nil, err
	}
	return l, nil
}

// Remove takes the label back. The second time, the error is a [*LabelError] of the
// Kind [ErrNoLabel].
func (l *Labeled) Remove() error {
	if l.removed.Swap(true) {
		return &LabelError{"the label was removed before", ErrNoLabel, nil}
	}
	return removeLabel(l.at, l.size)
}

// A Mapping is memory from Mmap, until Close.
type Mapping struct {
	pages []byte
	size  int
	label *Labeled
}

// Mmap maps size bytes of private memory, all zeros, that are no part of the Go heap:
// the collector neither looks into them nor frees them, and they must hold no Go
// pointers. They have a label of that name, as by [Label], whose errors Mmap has;
// where it has one, nothing is mapped.
func Mmap(size int, name string) (*Mapping, error) {
	pages, err := mapPages(size)
	if err != nil {
		return nil, err
	}
	label, err := Label(pages, name)
	if err != nil {
		unmapPages(pages)
		return nil, err
	}
	return &Mapping{pages, size, label}, nil
}

// Bytes returns the memory, nil after Close. Its capacity goes up to the last page's
// end.
func (m *Mapping) Bytes() []byte { return m.pages[:m.size] }

// Close takes the label back and unmaps the memory; whoever uses Bytes after that
// faults. The second time it does nothing. It must not be called while Bytes or Close
// runs.
func (m *Mapping) Close() error {
	if m.pages == nil {
		return nil
	}
	pages := m.pages
	m.pages, m.size = nil, 0
	return errors.Join(m.label.Remove(), unmapPages(pages))
}
