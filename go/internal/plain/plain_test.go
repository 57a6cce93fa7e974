package plain

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"example.com/memanalyzer/csrc/core"
	"example.com/memanalyzer/go/internal/plain/module"
)

const everyRow = 1<<64 - 1

// readSelf reads this process, and fails the test if that fails.
func readSelf(t *testing.T, o core.Options) *report {
	t.Helper()
	if !hasSource {
		t.Skip("this system has no source")
	}
	r := Library{}.New(o, core.Facts{}, core.Limits{}).(*report)
	if e := r.Collect(0); e.Status != core.OK {
		t.Fatal(e.Message)
	}
	r.Finish(nil)
	return r
}

func render(r core.Report, o core.OutputOptions) string {
	var text strings.Builder
	w := r.Write(o)
	if w == nil {
		return ""
	}
	defer w.Close()
	buf := make([]byte, 5000)
	for n := w.Next(buf); n > 0; n = w.Next(buf) {
		text.Write(buf[:n])
	}
	return text.String()
}

// mapped returns the lines of /proc/self/maps that contain an address of the memory.
func mapped(t *testing.T, m *memory) []string {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	var lines []string
	for scanner := bufio.NewScanner(maps); scanner.Scan(); {
		var start, end uint64
		line := scanner.Text()
		if _, err := fmt.Sscanf(line, "%x-%x", &start, &end); err != nil {
			t.Fatal(err)
		}
		if at := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(m.pages)))); start < at+uint64(len(m.pages)) && at < end {
			lines = append(lines, line)
		}
	}
	return lines
}

// A report that is made, written in all formats and closed takes less than 256 kB, in a mapping of
// its own, and leaves nothing.
func TestTheMemoryOfAReport(t *testing.T) {
	for name, o := range map[string]core.Options{
		"rows": {Top: 20}, "scan": {Top: 20, Source: 2}, "every order": {Top: 20, EverySort: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := readSelf(t, o)
			for format := range uint32(3) {
				if render(r, core.OutputOptions{Format: format, Top: 20}) == "" {
					t.Errorf("format %d is empty", format)
				}
			}
			if size := len(r.memory.pages); size >= 256000 {
				t.Errorf("the memory has %d bytes", size)
			}
			lines := mapped(t, r.memory)
			if len(lines) != 1 {
				t.Errorf("the memory is in %q, want one mapping", lines)
			}
			m := *r.memory
			r.Close()
			if lines := mapped(t, &m); len(lines) != 0 {
				t.Errorf("after Close, %q is mapped", lines)
			}
			if e := r.Collect(0); e.Status == core.OK {
				t.Error("a closed report can be used")
			}
		})
	}
}

// A module that is used again begins with the memory of a new one.
func TestAModuleIsReset(t *testing.T) {
	s := &system{memory: new(memory)}
	var images [2][]byte
	for i, begin := range []func(){func() { s.Module = module.New(s) }, func() { s.Reset() }} {
		if !s.memory.allocate() {
			t.Fatal("no memory")
		}
		begin()
		images[i] = bytes.Clone(s.memory.pages)
		s.memory.free()
	}
	if !bytes.Equal(images[0], images[1]) {
		t.Error("it does not")
	}
}

// A report shows the memory of the modules under a name, on every kernel.
func TestTheMemoryHasALabel(t *testing.T) {
	r := readSelf(t, core.Options{Top: 20})
	defer r.Close()
	for i := range r.Results().NameCount {
		if name := r.Name(i); name.Name == memoryName {
			if rss := name.Sums.Value[3]; rss == 0 || rss > 1<<20 {
				t.Errorf("%d bytes are resident", rss)
			}
			return
		}
	}
	t.Error("it has none")
}

// Memories that adjoin are one label: a kernel without pagemap, such as gVisor, does not tell them apart.
func TestAdjoiningMemoriesAreOneRange(t *testing.T) {
	var opened []core.Report
	for range 20 {
		opened = append(opened, readSelf(t, core.Options{Top: 20}))
	}
	r := readSelf(t, core.Options{Top: 20})
	for i := uint32(0); r.Warning(i) != ""; i++ {
		if strings.Contains(r.Warning(i), "Labels") {
			t.Error(r.Warning(i))
		}
	}
	ranges, size := memoryRanges(), uint64(0)
	for i, at := range ranges {
		size += at[1] - at[0]
		if i > 0 && ranges[i-1][1] >= at[0] {
			t.Errorf("%x and %x are not apart, or not in order", ranges[i-1], at)
		}
	}
	if least := uint64(21 * len(r.memory.pages)); size < least {
		t.Errorf("the ranges %x have %d bytes, want at least %d", ranges, size, least)
	}
	for _, o := range append(opened, r) {
		o.(*report).Close()
	}
}

// The memory is not on the Go heap, on which a report has only the module's struct.
func TestTheGoHeapOfAReport(t *testing.T) {
	readSelf(t, core.Options{Top: 20}).Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		r := readSelf(t, core.Options{Top: 20})
		render(r, core.OutputOptions{})
		r.Close()
	}
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / 10; bytes > 64<<10 {
		t.Errorf("a report allocates %d bytes on the Go heap", bytes)
	}
}

// openFiles counts the files that this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("open files cannot be listed here: %v", err)
	}
	return len(files)
}

// Reports go on without the labels, and say so.
func TestAPanicOfTheRegistryIsCountedAsLostLabels(t *testing.T) {
	if !hasSource {
		t.Skip("this system has no source")
	}
	defer registry.Store(registry.Load())
	m := newInstance()
	defer m.Close()
	m.run(func(m *instance) { m.Xfault() })
	registry.Store(m)
	r := readSelf(t, core.Options{Top: 20})
	defer r.Close()
	var warnings string
	for i := uint32(0); r.Warning(i) != ""; i++ {
		warnings += r.Warning(i) + "\n"
	}
	if !strings.Contains(warnings, "Labels not shown, ") {
		t.Errorf("the warnings are %q", warnings)
	}
}

// A kernel with pages of 64 KiB maps more than a module needs, and the label has whole pages.
func TestRangesHaveWholePages(t *testing.T) {
	r := readSelf(t, core.Options{Top: 20})
	defer r.Close()
	for _, at := range memoryRanges() {
		if page := uint64(os.Getpagesize()); at[0]%page != 0 || at[1]%page != 0 || at[1] <= at[0] {
			t.Errorf("%x has no whole pages of %d", at, page)
		}
	}
}

// A panic in a module is an error of its report, and of no other.
func TestAPanicIsOneErrorOfOneReport(t *testing.T) {
	files := openFiles(t)
	r := readSelf(t, core.Options{Top: 20})
	other := readSelf(t, core.Options{Top: 20})
	defer other.Close()
	r.run(func(m *instance) {
		name := append([]byte("/proc/self/maps"), 0)
		copy(m.place(len(name)), name)
		m.Xsys_open(-100, m.Xplace_at(), 0) // C would have closed it
		m.Xfault()
	})
	e := r.Fault()
	if e.Status != statusOf("SYSTEM") || !strings.HasPrefix(e.Message, "internal error, please report it: ") ||
		!strings.Contains(e.Message, "out of range") || !strings.HasSuffix(e.Message, " in Xfault") {
		t.Errorf("the error is %+v", e)
	}
	for what, got := range map[string]core.Error{"Collect": r.Collect(0), "Feed": r.Feed([]byte("a"))} {
		if got != e {
			t.Errorf("%s: %+v, want the fault", what, got)
		}
	}
	if r.Write(core.OutputOptions{}) != nil || r.WriteDifferences(other, core.OutputOptions{}) != nil ||
		r.Rows(0) != 0 || r.Warning(0) != "" || r.Name(0).Name != "" || r.Results().NameCount != 0 {
		t.Error("the report can still be read")
	}
	r.Close()
	if now := openFiles(t); now != files {
		t.Errorf("%d files are open, %d were before", now, files)
	}
	if e := other.Fault(); e.Status != core.OK || render(other, core.OutputOptions{}) == "" {
		t.Errorf("another report: %+v", e)
	}
	next := readSelf(t, core.Options{Top: 20})
	defer next.Close()
	if render(next, core.OutputOptions{}) == "" {
		t.Error("the next report is empty")
	}
}

// Readers of one report take turns.
func TestOneReportIsWrittenByMany(t *testing.T) {
	r := readSelf(t, core.Options{Top: everyRow})
	defer r.Close()
	want := render(r, core.OutputOptions{Top: everyRow})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if got := render(r, core.OutputOptions{Top: everyRow}); got != want {
					t.Errorf("%d bytes, want %d", len(got), len(want))
				}
			}
		})
	}
	group.Wait()
}

func TestTheLayoutIsThatOfTheModule(t *testing.T) {
	m := newInstance()
	defer m.Close()
	for i, size := range []uintptr{
		unsafe.Sizeof(mema_facts{}), unsafe.Sizeof(mema_limits{}), unsafe.Sizeof(mema_options{}), unsafe.Sizeof(mema_error{}),
		unsafe.Sizeof(mema_name{}), unsafe.Sizeof(mema_region{}), unsafe.Sizeof(mema_output_options{}), unsafe.Sizeof(mema_report{}),
	} {
		if got := uint32(m.Xsize_of(int32(i))); got != uint32(size) {
			t.Errorf("struct %d of size_of has %d bytes in the module, and %d in layout.go", i, got, size)
		}
	}
	if m.Xsize_of(8) != 0 {
		t.Error("size_of has more structs")
	}
}
