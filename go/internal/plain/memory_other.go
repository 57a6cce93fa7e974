//go:build !linux

package plain

// memory is that of a module, on the Go heap: no report reads it.
type memory struct{ pages []byte }

const memoryName = "memanalyzer"

const wasmPage = 1 << 16

func (m *memory) allocate() bool {
	m.pages = make([]byte, initialMemory)
	return true
}

func (m *memory) free() { m.pages = nil }

// Slice is for package module.
func (m *memory) Slice() *[]byte { return &m.pages }

// Grow is memory.grow of WebAssembly: it returns the old size in its pages, or -1. The first
// memory ends within a page, of which the rest is not used.
func (m *memory) Grow(delta, most int64) int64 {
	old := (int64(len(m.pages)) + wasmPage - 1) / wasmPage
	if delta < 0 || old+delta > min(most, 1<<15-1) {
		return -1
	}
	m.pages = append(m.pages, make([]byte, (old+delta)*wasmPage-int64(len(m.pages)))...)
	return old
}

func memoryRanges() [][2]uint64 { return nil }
