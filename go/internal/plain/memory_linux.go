package plain

import (
	"cmp"
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory is that of a module: mapped by itself, so that a report does not change the Go heap that
// it reads, with a label, and grown by the kernel, which copies nothing.
type memory struct{ pages []byte }

// memories are those that are mapped.
var memories struct {
	sync.Mutex
	list []*memory
}

const memoryName = "memanalyzer"

const wasmPage = 1 << 16

// allocate maps zeros; it returns false if there is no memory.
func (m *memory) allocate() bool {
	pages, err := unix.Mmap(-1, 0, initialMemory, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return false
	}
	// The kernel merges mappings with these flags with those of other modules only. gVisor knows only the second.
	_ = unix.Madvise(pages, unix.MADV_DONTDUMP)
	_ = unix.Madvise(pages, unix.MADV_DONTFORK)
	m.pages = pages
	name, _ := unix.BytePtrFromString(memoryName)
	_, _, _ = unix.Syscall6(unix.SYS_PRCTL, unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME, m.address(),
		uintptr(len(pages)), uintptr(unsafe.Pointer(name)), 0)
	memories.Lock()
	defer memories.Unlock()
	memories.list = append(memories.list, m)
	return true
}

func (m *memory) address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(m.pages))) }

func (m *memory) free() {
	memories.Lock()
	defer memories.Unlock()
	memories.list = slices.DeleteFunc(memories.list, func(other *memory) bool { return other == m })
	_ = unix.Munmap(m.pages)
	m.pages = nil
}

// Slice is for package module.
func (m *memory) Slice() *[]byte { return &m.pages }

// Grow is memory.grow of WebAssembly: it returns the old size in its pages, or -1. The first
// memory ends within a page, of which the rest is not used.
func (m *memory) Grow(delta, most int64) int64 {
	old := (int64(len(m.pages)) + wasmPage - 1) / wasmPage
	if delta == 0 {
		return old
	}
	if delta < 0 || old+delta > min(most, 1<<15-1) {
		return -1
	}
	memories.Lock()
	defer memories.Unlock()
	pages, err := unix.Mremap(m.pages, int(old+delta)*wasmPage, unix.MREMAP_MAYMOVE)
	if err != nil {
		return -1
	}
	m.pages = pages
	return old
}

// memoryRanges are the whole pages of all memories, by address. Adjoining ones are one range, as they are one mapping.
func memoryRanges() (ranges [][2]uint64) {
	memories.Lock()
	defer memories.Unlock()
	page := uint64(os.Getpagesize())
	for _, m := range slices.SortedFunc(slices.Values(memories.list), func(a, b *memory) int { return cmp.Compare(a.address(), b.address()) }) {
		start := uint64(m.address())
		end := (start + uint64(len(m.pages)) + page - 1) / page * page
		if last := len(ranges) - 1; last >= 0 && ranges[last][1] == start {
			ranges[last][1] = end
		} else {
			ranges = append(ranges, [2]uint64{start, end})
		}
	}
	return ranges
}
