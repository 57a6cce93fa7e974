//go:build linux && cgo

package engines

// For each engine, a process makes a report of itself, does the engine's work, and makes a report
// again; then the test makes one of the process. `make test-engines` tests all engines:
//
//	go test -tags engines_all
//	go test -tags engines_v8 -run Engines/v8go

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	memanalyzer "example.com/memanalyzer/go"
)

// childVariable is "NAME:DIRECTORY" in a process that does the work of engine NAME.
const childVariable = "ENGINES_TEST_CHILD"

func TestMain(m *testing.M) {
	if name, dir, found := strings.Cut(os.Getenv(childVariable), ":"); found {
		child(name, dir)
		return
	}
	os.Exit(m.Run())
}

// A result is what a child prints.
type result struct {
	Missing       string  // why the work could not be done
	Holds         []int64 // bytes of each part
	Threads       int64
	Metadata      int64 // bytes that the Go runtime has committed for itself
	Before, After *memanalyzer.Report
}

// child does the work of an engine, prints the result, and waits for the end of its input.
func child(name, dir string) {
	// Only the memory that is touched is resident then.
	_ = unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0)
	report() // allocates what later reports reuse
	before := report()
	holds, keep, err := works[name](dir)
	var why missing
	if err != nil && !errors.As(err, &why) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	debug.FreeOSMemory() // garbage is not held
	after := report()
	r := result{string(why), holds, threads(), metadata(), before, after}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		panic(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(keep)
}

// report returns a report that has asked malloc, which not every one does.
func report() *memanalyzer.Report {
	const triesMax = 10000
	for range triesMax {
		r, err := memanalyzer.Read(context.Background(), memanalyzer.Top(0))
		if err != nil {
			panic(err)
		}
		if slices.ContainsFunc(r.Proofs, func(p memanalyzer.Proof) bool { return p.ID == "malloc" }) {
			return r
		}
		time.Sleep(time.Millisecond)
	}
	panic("no report has asked malloc")
}

func threads() int64 {
	all, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	return int64(len(all))
}

// metadata adds up the memory that the Go runtime has committed, apart from heap and stacks.
func metadata() (sum int64) {
	for _, d := range metrics.All() {
		if strings.HasPrefix(d.Name, "/memory/classes/metadata/") || d.Name == "/memory/classes/other:bytes" ||
			d.Name == "/memory/classes/profiling/buckets:bytes" {
			sample := []metrics.Sample{{Name: d.Name}}
			metrics.Read(sample)
			sum += int64(sample[0].Value.Uint64())
		}
	}
	return sum
}

func TestEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("each engine does 200 MB of work")
	}
	for _, e := range engines {
		if works[e.name] == nil {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			r, outside := run(t, e)
			check(t, e, r, r.After, "its own report")
			check(t, e, r, outside, "the report of its PID")
		})
	}
}

// run has a child do the work of an engine. It returns the result, and a report of the child.
func run(t *testing.T, e engine) (r result, outside *memanalyzer.Report) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program)
	c.Env = append(os.Environ(), childVariable+"="+e.name+":"+t.TempDir())
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	err = json.NewDecoder(out).Decode(&r)
	if err == nil {
		outside, err = memanalyzer.ReadProcess(t.Context(), c.Process.Pid, memanalyzer.Top(0))
	}
	in.Close()
	if err := errors.Join(err, c.Wait()); err != nil {
		t.Fatal(err)
	}
	if r.Missing != "" {
		t.Skip(r.Missing)
	}
	return r, outside
}

const (
	stackMost = 1 * mb // what a thread has touched of its stack
)

// check checks a report that a child or the test has made after the work.
func check(t *testing.T, e engine, r result, after *memanalyzer.Report, which string) {
	t.Helper()
	t.Logf("%s: %s", which, growths(r.Before, after))
	var sum uint64
	for c := range after.Categories() {
		sum += c.RSS.Bytes
		if c.Low > c.RSS.Bytes || c.RSS.Bytes > c.High {
			t.Errorf("%s: %s has %d bytes, which is not from %d to %d", which, c.ID, c.RSS.Bytes, c.Low, c.High)
		}
	}
	if sum != after.Totals.RSS.Bytes {
		t.Errorf("%s: the categories have %d bytes, and RSS is %d", which, sum, after.Totals.RSS.Bytes)
	}
	for i, p := range e.parts {
		rows := p.rows
		if after != r.After && slices.Contains(rows, "malloc/mmap") {
			rows = append(slices.Clone(rows), "anon/rw") // only malloc itself knows its blocks there
		}
		checkGrowth(t, p, rows, r.Holds[i], r.Before, after, which)
	}
	for id, most := range map[string]int64{"stacks/threads": r.Threads * stackMost, "go/metadata": r.Metadata} {
		if rss := int64(after.Category(id).RSS.Bytes); rss > most {
			t.Errorf("%s: %s has %d kB, and cannot have more than %d", which, id, rss>>10, most>>10)
		}
	}
}

func checkGrowth(t *testing.T, p part, rows []string, holds int64, before, after *memanalyzer.Report, which string) {
	t.Helper()
	var grown int64
	for _, id := range rows {
		grown += growth(before, after, id)
	}
	figures := fmt.Sprintf("%s: %s grew by %d kB, for %d kB of %s", which, strings.Join(rows, " + "), grown>>10, holds>>10, p.large)
	t.Log(figures)
	switch percent := float64(grown) / float64(holds) * 100; {
	case holds < amount/2:
		t.Errorf("%s: the work is too small", figures)
	case percent < float64(p.least) || percent > float64(p.most):
		t.Errorf("%s: this is %.1f%%, which is not from %d%% to %d%%", figures, percent, p.least, p.most)
	}
}

// growth returns by how many bytes a category grew.
func growth(before, after *memanalyzer.Report, id string) int64 {
	return int64(after.Category(id).RSS.Bytes) - int64(before.Category(id).RSS.Bytes)
}

// growths lists the categories that grew by a MB or more, the most first.
func growths(before, after *memanalyzer.Report) string {
	grown := map[string]int64{}
	for c := range after.Categories() {
		if n := growth(before, after, c.ID); n >= mb {
			grown[c.ID] = n
		}
	}
	var list []string
	for _, id := range slices.SortedFunc(maps.Keys(grown), func(a, b string) int { return cmp.Compare(grown[b], grown[a]) }) {
		list = append(list, fmt.Sprintf("%s %d kB, %s", id, grown[id]>>10, after.Category(id).Method))
	}
	return strings.Join(list, "; ")
}
