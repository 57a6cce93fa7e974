//go:build linux

package main

// The ground truth: a process for each row makes a known amount of memory between two reports,
// and the growth from one to the other is compared with it. The test needs only its binary
// and /proc:
//
//	go test -c -o truth.test -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static' ./cmd/memdemo
//	./truth.test -test.run Truth -test.v

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	memanalyzer "example.com/memanalyzer/go"
)

// A figure is a size in a report, or a difference of two, in bytes: Low <= Bytes <= High.
type figure struct {
	Bytes, Low, High int64
	Method           memanalyzer.Method
}

// since returns the growth from before to f, with the bounds that are certain.
func (f figure) since(before figure) figure {
	return figure{f.Bytes - before.Bytes, f.Low - before.High, f.High - before.Low, f.Method}
}

// A place is a part of a report.
type place struct {
	name string
	of   func(*memanalyzer.Report) figure
}

// in returns the sum of categories.
func in(ids ...string) place {
	return place{strings.Join(ids, " + "), func(r *memanalyzer.Report) figure {
		var sum figure
		for _, id := range ids {
			c := r.Category(id)
			sum = figure{sum.Bytes + int64(c.RSS.Bytes), sum.Low + int64(c.Low), sum.High + int64(c.High), c.Method}
		}
		return sum
	}}
}

// column returns a column of a category.
func column(id, name string, of func(*memanalyzer.Columns) memanalyzer.Size) place {
	return place{id + ", " + name, func(r *memanalyzer.Report) figure {
		c := r.Category(id)
		return counted(of(&c.Columns))
	}}
}

// counted returns a figure that the kernel counts.
func counted(s memanalyzer.Size) figure {
	n := int64(s.Bytes)
	return figure{n, n, n, memanalyzer.MethodNamed}
}

// named returns all memory with one name.
func named(name string) place {
	return place{"named, " + name, func(r *memanalyzer.Report) figure {
		for _, n := range r.Category("named").Names {
			if n.Name == name {
				return counted(n.RSS)
			}
		}
		return counted(memanalyzer.Size{})
	}}
}

// partOf returns a part of a category or a group.
func partOf(whole, id string) place {
	return place{whole + "/" + id, func(r *memanalyzer.Report) figure {
		parts := r.Category(whole).Parts
		for _, g := range r.Groups {
			if g.ID == whole {
				parts = g.Parts
			}
		}
		i := slices.IndexFunc(parts, func(p memanalyzer.Part) bool { return p.ID == id })
		p := parts[i]
		return figure{int64(p.RSS), int64(p.Low), int64(p.High), memanalyzer.MethodEstimated}
	}}
}

// An extent bounds the amount that was made, in bytes. It is known without a report.
type extent struct{ Least, Most int64 }

func exactly(n int) extent { return extent{int64(n), int64(n)} }

func all(rows []row) extent     { return exactly(rows[0].n) }
func half(rows []row) extent    { return exactly(rows[0].n / 2) }
func quarter(rows []row) extent { return exactly(rows[0].n / 4) }

func threadStacks(rows []row) extent { return exactly(rows[0].n * 4 * mb) }

// residentOf asks the kernel how much is resident of the Go heap that flags made.
func residentOf(flags ...string) func([]row) extent {
	return func(rows []row) extent {
		n := 0
		for _, r := range rows {
			if slices.Contains(flags, r.kind.flag) {
				n += resident(r.spans)
			}
		}
		return exactly(n)
	}
}

// resident adds up the resident pages of spans, which consist of whole pages.
func resident(spans []span) int {
	page := os.Getpagesize()
	sum := 0
	for _, s := range spans {
		pages := make([]byte, s.n/page)
		_, _, errno := unix.Syscall(unix.SYS_MINCORE, s.at, uintptr(s.n), uintptr(unsafe.Pointer(&pages[0])))
		if errno != 0 {
			panic(errno)
		}
		for _, p := range pages {
			sum += int(p&1) * page
		}
	}
	return sum
}

// goroutines returns the stacks of goroutines that each have written so much. The size of a stack
// is a power of two, it may have grown from one of each smaller size, which together are as much
// again, and the runtime has up to 1 MB of its own.
func goroutines(stack uint64) func([]row) extent {
	return func(rows []row) extent {
		n := int64(rows[0].n)
		return extent{n * int64(stack), 2*n<<bits.Len64(stack-1) + mb}
	}
}

// spanStructs returns the runtime's descriptions of blocks of 8 kB. Each has more than 128 bytes,
// and all of them at most what the runtime has apart from the heap.
func spanStructs(rows []row) extent {
	return extent{int64(len(rows[0].spans)) * 128,
		metric("/memory/classes/total:bytes") - metric("/memory/classes/heap/objects:bytes") -
			metric("/memory/classes/heap/unused:bytes") - metric("/memory/classes/heap/free:bytes") -
			metric("/memory/classes/heap/released:bytes") - metric("/memory/classes/heap/stacks:bytes")}
}

func metric(name string) int64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

// A check is how the growth is compared with the amount that was made.
type check int

const (
	grown   check = iota // it is the same, and so is every bound consistent with it
	bounded              // the amount is between the bounds of the growth
)

// where says which systems can make a row.
type where int

const (
	everywhere where = iota
	withPages        // only those with huge pages or swap space
)

var truths = []struct {
	what, flags string
	place       place
	truth       func([]row) extent
	check       check
	where       where
}{
	{"Go heap and stacks", "-heap 64MB", in("go/heap", "go/stack"), all, grown, everywhere},
	{"Go heap, all touched", "-heap 64MB", in("go/heap"), all, grown, everywhere},
	{"C heap, main arena", "-malloc 32MB", in("malloc/main"), all, grown, everywhere},
	{"C heap, 8 arenas", "-malloc 64MB -arenas 8", in("malloc/main", "malloc/arenas"), all, grown, everywhere},
	{"  in use", "-malloc-freed 64MB -arenas 8", partOf("malloc", "in_use"), half, grown, everywhere},
	{"  retained", "-malloc-freed 64MB -arenas 8", partOf("malloc", "retained"), half, grown, everywhere},
	{"C heap, 200 MB in one arena", "-malloc 200MB -arenas 1", in("malloc/main", "malloc/arenas"), all, grown, everywhere},
	{"  in use", "-malloc-freed 200MB -arenas 1", partOf("malloc", "in_use"), half, grown, everywhere},
	{"  retained", "-malloc-freed 200MB -arenas 1", partOf("malloc", "retained"), half, grown, everywhere},
	{"C heap, blocks of 2 MB", "-malloc 32MB -malloc-block 2MB", in("malloc/mmap"), all, grown, everywhere},
	{"16 threads, 4 MB each", "-threads 16 -thread-stack 4MB", in("stacks/threads"), threadStacks, grown, everywhere},
	{"named", "-named TXMetaCache=32MB", named("TXMetaCache"), all, grown, everywhere},
	{"anonymous r--", "-anon-ro 16MB", in("anon/ro"), all, grown, everywhere},
	{"anonymous r-x", "-anon-exec 16MB", in("anon/exec"), all, grown, everywhere},
	{"anonymous ---", "-anon-none 16MB", in("anon/none"), all, grown, everywhere},
	{"bss", "-bss 16MB", in("file/binary"), all, grown, everywhere},
	{"file, shared, read", "-file 16MB", in("file/other"), all, grown, everywhere},
	{"file, shared, written", "-file-written 16MB", in("file/other"), all, grown, everywhere},
	{"file, private, read", "-file-private 16MB", in("file/other"), all, grown, everywhere},
	{"  a quarter written", "-file-private 16MB",
		column("file/other", "Anonymous", func(c *memanalyzer.Columns) memanalyzer.Size { return c.Anonymous }), quarter, grown, everywhere},
	{"memfd", "-memfd 16MB", in("shared/memfd"), all, grown, everywhere},
	{"/dev/shm", "-shm 16MB", in("shared/shm"), all, grown, everywhere},
	{"System V", "-sysv 16MB", in("shared/sysv"), all, grown, everywhere},
	{"shared anonymous", "-shared-anon 16MB", in("shared/anon"), all, grown, everywhere},
	{"MADV_FREE", "-lazyfree 16MB",
		column("anon/rw", "LazyFree", func(c *memanalyzer.Columns) memanalyzer.Size { return c.LazyFree }), all, grown, everywhere},
	// The Go runtime may use one, too.
	{"huge pages, transparent", "-thp 128MB",
		column("anon/rw", "AnonHugePages", func(c *memanalyzer.Columns) memanalyzer.Size { return c.AnonHuge }), all, grown, withPages},
	{"huge pages, hugetlb", "-hugetlb 4MB",
		column("anon/rw", "Private_Hugetlb", func(c *memanalyzer.Columns) memanalyzer.Size { return c.PrivateHuge }), all, grown, withPages},
	{"swapped out", "-swap 16MB",
		column("anon/rw", "Swap", func(c *memanalyzer.Columns) memanalyzer.Size { return c.Swap }), all, grown, withPages},
	{"mapped, untouched", "-untouched 64MB", in("anon/rw"), func([]row) extent { return extent{} }, grown, everywhere},

	{"Go heap, live", "-heap 32MB -garbage 32MB", partOf("go/heap", "marked"), residentOf("heap"), bounded, everywhere},
	{"  and freed", "-heap 32MB -garbage 32MB", partOf("go/heap", "free"), residentOf("garbage"), bounded, everywhere},
	{"Go heap, half untouched", "-heap 32MB -heap-untouched 32MB", partOf("go/heap", "marked"), residentOf("heap", "heap-untouched"), bounded, everywhere},
	{"2,000 goroutines", "-goroutines 2000", in("go/stack"), goroutines(2 * kb), bounded, everywhere},
	{"  deep", "-goroutines 2000 -goroutine-stack 24KB", in("go/stack"), goroutines(24 * kb), bounded, everywhere},
	{"20,000 goroutines", "-goroutines 20000", in("go/stack"), goroutines(2 * kb), bounded, everywhere},
	{"  deep", "-goroutines 20000 -goroutine-stack 12KB", in("go/stack"), goroutines(12 * kb), bounded, everywhere},
	{"metadata of 20,480 spans", "-heap-untouched 160MB", in("go/metadata"), spanStructs, bounded, everywhere},
}

// proofs returns the proofs that must hold for a place.
func (p place) proofs() []string {
	switch {
	case p.name == "malloc/mmap":
		return []string{"malloc_mmap"}
	case strings.HasPrefix(p.name, "malloc"):
		return []string{"malloc"}
	case strings.HasPrefix(p.name, "go/"):
		return []string{"go_heap"}
	}
	return nil
}

// A finding is the result of a process that made a row.
type finding struct {
	Truth    extent
	Growth   figure
	Unproven []string // the place's proofs that did not hold
	NotMade  string   // the reason, if the row could not be made
}

// children are what this binary runs instead of tests if childVariable is "NAME ARGUMENT". They
// make memory, and print their findings.
var children = map[string]func(argument string) any{
	"truth": func(number string) any {
		i, err := strconv.Atoi(number)
		if err != nil {
			panic(err)
		}
		return find(i)
	},
}

const childVariable = "MEMDEMO_TEST_CHILD"

func TestMain(m *testing.M) {
	if name, argument, found := strings.Cut(os.Getenv(childVariable), " "); found {
		json.NewEncoder(os.Stdout).Encode(children[name](argument))
		if name == "foreign" {
			_, _ = io.Copy(io.Discard, os.Stdin) // until everybody has looked
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runChild runs a child and decodes its finding.
func runChild(t testing.TB, name, argument string, found any) error {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(t.Context(), program)
	// Built with -race, a child would sleep for a second at its end.
	c.Env = append([]string{"GORACE=atexit_sleep_ms=0"}, os.Environ()...)
	c.Env = append(c.Env, childVariable+"="+name+" "+argument)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, found)
}

func TestTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each kind of memory")
	}
	t.Parallel()
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s %s\n", runtime.Version(), kernel(t))
	fmt.Fprintln(table, "what\tmade, kB\treported\tmethod\tlow\thigh\tdifference\twhere")
	for i, row := range truths {
		// The child inherits this: it has no huge pages unless it makes some. A kernel without
		// huge pages does not know the call.
		var small uintptr = 1
		if strings.HasPrefix(row.flags, "-thp") {
			small = 0
		}
		_ = unix.Prctl(unix.PR_SET_THP_DISABLE, small, 0, 0, 0)
		var f finding
		switch err := runChild(t, "truth", strconv.Itoa(i), &f); {
		case err != nil:
			t.Errorf("%s (%s): %v", row.what, row.flags, err)
		case f.NotMade != "":
			fmt.Fprintf(table, "%s\tnot made: %s\n", row.what, f.NotMade)
			if row.where != withPages && !strings.Contains(f.NotMade, "needs cgo") {
				t.Errorf("%s (%s) cannot be made: %s", row.what, row.flags, f.NotMade)
			}
		default:
			f.print(table, row.what, row.place.name, row.check)
			if !f.holds(row.check) {
				t.Errorf("%s (%s): %+v", row.what, row.flags, f)
			}
		}
	}
	table.Flush()
}

// holds reports whether truth and report agree, within 2% or 256 kB, whichever is more: other
// memory of the child changes by that much.
func (f finding) holds(c check) bool {
	tolerance := max(f.Truth.Most/50, 256*kb)
	g := f.Growth
	switch {
	case len(f.Unproven) > 0 || g.Low > g.Bytes || g.Bytes > g.High:
		return false
	case g.Low > f.Truth.Most+tolerance || f.Truth.Least > g.High+tolerance:
		return false
	}
	return c == bounded || max(g.Bytes-f.Truth.Most, f.Truth.Least-g.Bytes) <= tolerance
}

// print writes a line of the table, in kB. All columns are growth. The lower bound is 0 at the
// least, because no row makes less.
func (f finding) print(w io.Writer, what, where string, c check) {
	made, difference := strconv.FormatInt(f.Truth.Least/kb, 10), ""
	if f.Truth.Most != f.Truth.Least {
		made += fmt.Sprintf(" to %d", f.Truth.Most/kb)
	}
	if c == grown {
		difference = fmt.Sprintf("%+d", (f.Growth.Bytes-f.Truth.Least)/kb)
	}
	low := max(f.Growth.Low, min(f.Growth.Bytes, 0))
	fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%d\t%s\t%s\n", what, made, f.Growth.Bytes/kb, f.Growth.Method,
		low/kb, f.Growth.High/kb, difference, where)
}

func kernel(t *testing.T) string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
}

// find makes row i between two reports. The heap has no free memory and does not collect by
// itself, so that RSS grows by the amount that is made.
func find(i int) finding {
	flags := strings.Fields(truths[i].flags)
	place := truths[i].place
	debug.SetGCPercent(-1)
	report(place) // allocates what later reports reuse
	debug.FreeOSMemory()
	before := place.of(report(place))
	rows, err := makeOnly(flags)
	if err != nil {
		return finding{NotMade: err.Error()}
	}
	if truths[i].check == bounded {
		runtime.GC() // "marked" is what the last collection has marked
	}
	// Before and after the report, as the runtime may release free memory at any time.
	truth := truths[i].truth(rows)
	r := report(place)
	later := truths[i].truth(rows)
	truth = extent{min(truth.Least, later.Least), max(truth.Most, later.Most)}
	runtime.KeepAlive(rows)
	return finding{Truth: truth, Growth: place.of(r).since(before), Unproven: unproven(r, place)}
}

// makeOnly makes the amounts in flags, without defaults.
func makeOnly(flags []string) ([]row, error) {
	c, err := parseFlags(flags)
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		if k.make != nil && !slices.Contains(flags, "-"+k.flag) {
			c.amounts[k.flag] = nil
		}
	}
	var warnings strings.Builder
	rows := makeAll(context.Background(), c, &warnings)
	if warnings.Len() > 0 {
		return nil, errors.New(strings.TrimPrefix(strings.TrimSpace(warnings.String()), "memdemo: warning: "))
	}
	return rows, nil
}

// unproven returns the proofs of a place that did not hold, or are missing.
func unproven(r *memanalyzer.Report, p place) []string {
	return slices.DeleteFunc(p.proofs(), func(id string) bool {
		return slices.ContainsFunc(r.Proofs, func(p memanalyzer.Proof) bool { return p.ID == id && p.Held })
	})
}

// isBuiltWith reports whether this binary has a setting of go build.
func isBuiltWith(key, value string) bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: key, Value: value})
}

// report returns a report. If the place needs malloc's sums, it tries again until a report has
// asked malloc, which takes some milliseconds.
func report(p place) *memanalyzer.Report {
	const triesMax = 10000
	for range triesMax {
		r, err := memanalyzer.Read(context.Background(), memanalyzer.Top(0))
		if err != nil {
			panic(err)
		}
		if isBuiltWith("CGO_ENABLED", "0") {
			return r // there is no malloc
		}
		known := slices.ContainsFunc(r.Proofs, func(p memanalyzer.Proof) bool { return p.ID == "malloc" })
		if known || !strings.HasPrefix(p.name, "malloc") {
			return r
		}
		time.Sleep(time.Millisecond)
	}
	panic("no report has asked malloc")
}
