//go:build linux && cgo

package main

// The ground truth: known amounts of each kind of memory, and what a report has of
// them. It needs nothing but this test binary and /proc:
//
//	go test -c -o truth.test -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static' ./cmd/memdemo
//	./truth.test -test.run Truth -test.v
//
// Each row of the table is made in a process of its own.

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

// A figure is what a report has of some memory, in bytes.
type figure struct {
	Bytes, Low, High uint64
	Method           string
}

// A place is where in a report memory is looked for.
type place struct {
	name string
	of   func(*memanalyzer.Report) figure
}

// in is categories, added up.
func in(ids ...string) place {
	return place{strings.Join(ids, " + "), func(r *memanalyzer.Report) figure {
		var sum figure
		for _, id := range ids {
			c := r.Category(id)
			sum = figure{sum.Bytes + c.RSS.Bytes, sum.Low + c.Low, sum.High + c.High, c.Method}
		}
		return sum
	}}
}

// column is a column of a category.
func column(id, name string, of func(*memanalyzer.Columns) memanalyzer.Size) place {
	return place{id + ", " + name, func(r *memanalyzer.Report) figure {
		c := r.Category(id)
		return counted(of(&c.Columns))
	}}
}

// counted is what the kernel counts, without a method of ours.
func counted(s memanalyzer.Size) figure { return figure{s.Bytes, s.Bytes, s.Bytes, "named"} }

// named is all that has one name.
func named(name string) place {
	return place{"named, " + name, func(r *memanalyzer.Report) figure {
		for _, n := range r.Category("named").Names {
			if n.Name == name {
				return counted(n.RSS)
			}
		}
		return figure{}
	}}
}

// partOf is a part of a category or of a group.
func partOf(whole, id string) place {
	return place{whole + "/" + id, func(r *memanalyzer.Report) figure {
		parts := r.Category(whole).Parts
		for _, g := range r.Groups {
			if g.ID == whole {
				parts = g.Parts
			}
		}
		i := slices.IndexFunc(parts, func(p memanalyzer.Part) bool { return p.ID == id })
		return figure{parts[i].RSS, parts[i].Low, parts[i].High, "estimated"}
	}}
}

// An extent is how much there is: known without asking a report, at the least and
// at the most.
type extent struct{ Least, Most uint64 }

func exactly(n int) extent { return extent{uint64(n), uint64(n)} }

func all(rows []row) extent     { return exactly(rows[0].n) }
func half(rows []row) extent    { return exactly(rows[0].n / 2) }
func quarter(rows []row) extent { return exactly(rows[0].n / 4) }

func threadStacks(rows []row) extent { return exactly(rows[0].n * 4 * mb) }

// residentOf asks the kernel which pages are resident of what flags made on the Go
// heap.
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

// resident is by mincore, which takes whole pages: the spans have no others.
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

// goroutines of so much stack each, all written. A stack has a power of two, and
// can have come from one of each smaller size; the runtime has some of its own.
func goroutines(stack uint64) func([]row) extent {
	return func(rows []row) extent {
		n := uint64(rows[0].n)
		return extent{n * stack, 2*n<<bits.Len64(stack-1) + mb}
	}
}

// spanStructs are the runtime's descriptions of blocks of 8 kB, of more than 128
// bytes each; of what it has beside the heap more cannot be resident.
func spanStructs(rows []row) extent {
	return extent{uint64(len(rows[0].spans)) * 128,
		metric("/memory/classes/total:bytes") - metric("/memory/classes/heap/objects:bytes") -
			metric("/memory/classes/heap/unused:bytes") - metric("/memory/classes/heap/free:bytes") -
			metric("/memory/classes/heap/released:bytes") - metric("/memory/classes/heap/stacks:bytes")}
}

func metric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// How a row is compared.
type check int

const (
	grown   check = iota // the report has so much more than before
	bounded              // so much is between the bounds that the report has
)

// Where a row can be made.
type where int

const (
	everywhere where = iota
	withPages        // huge ones, or some to swap to, which the system may not have
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
	// The Go runtime may take one, too.
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

// proofs are those that have to hold where memory is looked for.
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

// A finding is what a process that made a row has to say.
type finding struct {
	Truth    extent
	Figure   figure // of after
	Grown    int64
	Unproven []string // of the place's proofs
	NotMade  string   // why
}

// children are what this binary does instead of tests, with an argument, where
// childVariable says "NAME ARGUMENT": it makes memory, and prints what it found.
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
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runChild decodes what a child of that name found.
func runChild(t testing.TB, name, argument string, found any) error {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(t.Context(), program)
	// Built with -race a child would sleep a second at its end.
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
	t.Parallel()
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s %s\n", runtime.Version(), kernel(t))
	fmt.Fprintln(table, "what\tmade, kB\treported\tmethod\tlow\thigh\tdifference\twhere")
	for i, row := range truths {
		// Processes that this one starts have no huge pages from their beginning but
		// where they are made; a kernel without them does not know the call.
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
			if row.where != withPages {
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

// holds is whether truth and report agree: within 2%, or 256 kB where that is more.
// What else a process of its own has makes the truth no better known than that.
func (f finding) holds(c check) bool {
	tolerance := max(f.Truth.Most/50, 256*kb)
	if f.Figure.Low > f.Figure.Bytes || f.Figure.Bytes > f.Figure.High || len(f.Unproven) > 0 {
		return false
	}
	if c == bounded {
		return f.Figure.Low <= f.Truth.Most+tolerance && f.Truth.Least <= f.Figure.High+tolerance
	}
	return max(f.Grown-int64(f.Truth.Most), int64(f.Truth.Least)-f.Grown) <= int64(tolerance)
}

// print writes a line of the table, in kB.
func (f finding) print(w io.Writer, what, where string, c check) {
	made := strconv.FormatUint(f.Truth.Least/kb, 10)
	reported, difference := int64(f.Figure.Bytes), ""
	if f.Truth.Most != f.Truth.Least {
		made += fmt.Sprintf(" to %d", f.Truth.Most/kb)
	}
	if c == grown {
		reported, difference = f.Grown, fmt.Sprintf("%+d", (f.Grown-int64(f.Truth.Least))/kb)
	}
	fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%d\t%s\t%s\n", what, made, reported/kb, f.Figure.Method,
		f.Figure.Low/kb, f.Figure.High/kb, difference, where)
}

func kernel(t *testing.T) string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
}

// find makes row i between two reports. The heap keeps no free memory and does not
// collect by itself, so that what is made is what RSS grows by.
func find(i int) finding {
	flags := strings.Fields(truths[i].flags)
	place := truths[i].place
	debug.SetGCPercent(-1)
	report(place) // makes what reports need
	debug.FreeOSMemory()
	before := place.of(report(place))
	rows, err := makeOnly(flags)
	if err != nil {
		return finding{NotMade: err.Error()}
	}
	if truths[i].check == bounded {
		runtime.GC() // "marked" is of the last one
	}
	// The runtime gives free memory back when it likes.
	truth := truths[i].truth(rows)
	r := report(place)
	later := truths[i].truth(rows)
	truth = extent{min(truth.Least, later.Least), max(truth.Most, later.Most)}
	after := place.of(r)
	runtime.KeepAlive(rows)
	return finding{Truth: truth, Figure: after, Grown: int64(after.Bytes) - int64(before.Bytes), Unproven: unproven(r, place)}
}

// makeOnly makes what the flags ask for, and nothing by default.
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

// unproven are the proofs of a place that did not hold, or are not known.
func unproven(r *memanalyzer.Report, p place) []string {
	return slices.DeleteFunc(p.proofs(), func(id string) bool {
		return slices.ContainsFunc(r.Proofs, func(p memanalyzer.Proof) bool { return p.ID == id && p.Held })
	})
}

// report asks again while it is not malloc's turn, where a place needs it: that
// takes some milliseconds.
func report(p place) *memanalyzer.Report {
	for range 10000 {
		r, err := memanalyzer.Read(context.Background(), memanalyzer.Top(0))
		if err != nil {
			panic(err)
		}
		known := slices.ContainsFunc(r.Proofs, func(p memanalyzer.Proof) bool { return p.ID == "malloc" })
		if known || !strings.HasPrefix(p.name, "malloc") {
			return r
		}
		time.Sleep(time.Millisecond)
	}
	panic("malloc says nothing")
}
