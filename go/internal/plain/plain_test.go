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

// A panic in a module is an error of its report, and of no other.
func TestAPanicIsOneErrorOfOneReport(t *testing.T) {
	r := readSelf(t, core.Options{Top: 20})
	other := readSelf(t, core.Options{Top: 20})
	defer other.Close()
	r.run(func(m *instance) { m.Xfault() })
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
