package memanalyzer

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"unsafe"
)

// A Labeled is memory with a label. It does not keep the memory alive.
type Labeled struct {
	at, size uintptr
	removed  atomic.Bool
}

// Label gives a name to memory that the program has mapped. From now on, reports of this process
// show it as a row of Named Memory Regions, on every kernel.
//
// The label covers the whole pages in region. They must be anonymous memory, private or shared:
// mapped, or from C's malloc, but not on the Go heap, and not of a file or a memfd. The name is 1
// to 255 bytes without control characters. A kernel with names for anonymous memory gets the
// first 79 bytes, with _ for each byte that is not printable ASCII or is one of []\$`.
//
// A kernel with names splits mappings at the bounds of a label, into up to two more for each
// label, and limits the mappings of a process by vm.max_map_count. On a kernel without names,
// each call of Label reads /proc/self/maps, and each report asks which pages of each label are
// resident.
//
// Remove the label before the memory is unmapped; otherwise whatever is mapped there later has
// it. The error is [ErrUnsupported], or a [*LabelError] of the Kind [ErrNoPage], [ErrLabelName],
// [ErrLabeled], [ErrNotMapped], [ErrNotAnonymous], [ErrGoHeap], [ErrNoMemory], or nil if its Err
// says everything.
func Label(region []byte, name string) (*Labeled, error) {
	l := &Labeled{at: uintptr(unsafe.Pointer(unsafe.SliceData(region))), size: uintptr(len(region))}
	if err := addLabel(l.at, l.size, name, addressOf(oldAnchor)); err != nil {
		return nil, err
	}
	return l, nil
}

// Remove removes the label. The second time, the error is a [*LabelError] of the Kind
// [ErrNoLabel].
func (l *Labeled) Remove() error {
	if l.removed.Swap(true) {
		return &LabelError{"the label was removed before", ErrNoLabel, nil}
	}
	return removeLabel(l.at, l.size)
}

// A Mapping is labeled memory outside the Go heap.
type Mapping struct {
	pages []byte
	size  int
	label *Labeled // nil if this system has no labels
}

// Mmap maps size bytes of private, zeroed memory, and labels them like [Label], whose errors it
// returns. The memory is not on the Go heap: the collector neither scans nor frees it, so it must
// not contain Go pointers. The caller closes the Mapping. On systems other than Linux, which have
// no reports, the memory has no label; on those without mmap, such as WebAssembly, it is on the Go
// heap.
func Mmap(size int, name string) (*Mapping, error) {
	page := os.Getpagesize()
	if size < 1 || size > math.MaxInt-page {
		return nil, &LabelError{fmt.Sprintf("Mmap wants a size from 1 to %d, not %d", math.MaxInt-page, size), ErrNoPage, nil}
	}
	pages, err := mapPages((size + page - 1) / page * page)
	if err != nil {
		return nil, err
	}
	label, err := Label(pages, name)
	if err == ErrUnsupported {
		return &Mapping{pages, size, nil}, nil
	}
	if err != nil {
		unmapPages(pages)
		return nil, err
	}
	return &Mapping{pages, size, label}, nil
}

// Bytes returns the memory, nil after Close. Its capacity extends to the end of the last page.
func (m *Mapping) Bytes() []byte { return m.pages[:m.size] }

// Close removes the label and unmaps the memory; any later access to the result of Bytes faults.
// The second call does nothing. Close must not run at the same time as Bytes or another Close.
func (m *Mapping) Close() error {
	if m.pages == nil {
		return nil
	}
	pages := m.pages
	m.pages, m.size = nil, 0
	if m.label == nil {
		return unmapPages(pages)
	}
	return errors.Join(m.label.Remove(), unmapPages(pages))
}
