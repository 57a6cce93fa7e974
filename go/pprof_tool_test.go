//go:build linux

package memanalyzer

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// Profiles of this process: the handler answers, go tool pprof reads.

// pprofTool returns the program that go tool pprof runs; each go tool looks it up anew,
// which takes longer than pprof itself.
var pprofTool = sync.OnceValues(func() (string, error) {
	if err := exec.Command("go", "tool", "pprof", "-h").Run(); err != nil { // builds it
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return "", err
		}
	}
	out, err := exec.Command("go", "tool", "-n", "pprof").Output()
	return strings.TrimSpace(string(out)), err
})

// pprofCommand returns go tool pprof, which saves fetched profiles in a folder.
func pprofCommand(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	needReader(t, "go", "version")
	program, err := pprofTool()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program, arguments...)
	c.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())
	return c
}

func runPprof(t *testing.T, arguments ...string) string {
	t.Helper()
	c := pprofCommand(t, arguments...)
	var message bytes.Buffer
	c.Stderr = &message
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s", arguments, err, message.String())
	}
	return string(out)
}

// A taken profile is a file, and the totals of its reading.
type taken struct {
	file    string
	profile *profile.Profile
	report  *Report
}

// takeProfile does the same as the handler, and returns totals that are not rounded.
func takeProfile(t *testing.T, a *Analyzer, before *shared) taken {
	t.Helper()
	q, now := profileReading(t, a)
	report := now.report(q.read)
	p, err := a.answerProfile(q, now, before)
	if err != nil {
		t.Fatal(err)
	}
	text := outputText(p, 16*kib)
	return taken{written(t, "memory.pb.gz", text), profileOf(t, []byte(text)), report}
}

func profileReading(t *testing.T, a *Analyzer) (query, *shared) {
	t.Helper()
	q, wrong := parseQuery(url.Values{"format": {"pprof"}})
	if wrong != nil {
		t.Fatal(wrong.message)
	}
	r, err := a.take(t.Context(), q.read)
	if err != nil {
		t.Fatal(err)
	}
	return q, r
}

var (
	rawSample = regexp.MustCompile(`(?m)^ +(-?\d+) +(-?\d+) +(-?\d+) +(-?\d+) +(-?\d+): [\d ]+$`)
	topRow    = regexp.MustCompile(`(?m)^ *(-?\d+)B? +[-\d.e]+% +[-\d.e]+% +-?\d+B? +[-\d.e]+% +(.*)$`) // such as 8.5e-05%
)

// rawSum adds up the output of go tool pprof -raw.
func rawSum(t *testing.T, out string) amounts {
	t.Helper()
	var sum amounts
	for _, m := range rawSample.FindAllStringSubmatch(out, -1) {
		for i := range sum {
			sum[i] += uint64(parseSigned(t, m[i+1]))
		}
	}
	return sum
}

// topSum adds up the flat column of go tool pprof -top, in bytes.
func topSum(t *testing.T, out string) int64 {
	t.Helper()
	var sum int64
	for _, m := range topRow.FindAllStringSubmatch(out, -1) {
		sum += parseSigned(t, m[1])
	}
	return sum
}

func parseSigned(t *testing.T, text string) int64 {
	t.Helper()
	digits, negative := strings.CutPrefix(text, "-")
	n := int64(parseNumber(t, digits))
	if negative {
		return -n
	}
	return n
}

// allRows are the flags for -top with all rows, in bytes.
var allRows = []string{"-unit=B", "-nodecount=1000000", "-nodefraction=0", "-edgefraction=0"}

func top(t *testing.T, arguments ...string) string {
	t.Helper()
	return runPprof(t, append(append([]string{"-top"}, allRows...), arguments...)...)
}

func TestPprofAddsUpToTheTotals(t *testing.T) {
	t.Parallel()
	now := takeProfile(t, mustNew(t), nil)
	checkProfile(t, "profile", now.profile, now.report)
	if got, want := rawSum(t, runPprof(t, "-raw", now.file)), amountsOf(now.report.Totals); got != want {
		t.Errorf("-raw adds up to %v, want %v", got, want)
	}
	for i, name := range sampleTypes {
		if got, want := topSum(t, top(t, "-sample_index="+name, now.file)), int64(amountsOf(now.report.Totals)[i]); got != want {
			t.Errorf("-top adds up to %d B of %s, want %d", got, name, want)
		}
	}
	out := top(t, now.file)
	program := cmp.Or(emulator, executable(t))
	for _, line := range []string{
		"File: " + filepath.Base(program) + "\n", "Type: rss\n",
		fmt.Sprintf("accounting for %dB, 100%% of %dB total\n", now.report.Totals.RSS.Bytes, now.report.Totals.RSS.Bytes),
	} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%.500s", line, out)
		}
	}
	for _, c := range now.report.Groups[0].Categories {
		if got := topSum(t, top(t, "-tagfocus=category=^"+c.ID+"$", now.file)); got != int64(c.RSS.Bytes) {
			t.Errorf("-tagfocus adds up to %d B of %s, want %d", got, c.ID, c.RSS.Bytes)
		}
	}
}

func TestPprofAddsUpDifferences(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	a := mustNew(t)
	cache, err := Mmap(8*mib, "TestPprofAddsUpDifferences")
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	touchPages(cache.Bytes()[:2*mib])
	first := takeProfile(t, a, nil)
	q, before := profileReading(t, a)
	was := before.report(q.read)
	touchPages(cache.Bytes()[:6*mib])
	second, changed := takeProfile(t, a, nil), takeProfile(t, a, before)

	want := amountsOf(second.report.Totals).less(amountsOf(first.report.Totals))
	if got := topSum(t, top(t, "-diff_base="+first.file, second.file)); got != int64(want[rssColumn]) {
		t.Errorf("-diff_base adds up to %d B, want %d", got, int64(want[rssColumn]))
	}
	want = amountsOf(changed.report.Totals).less(amountsOf(was.Totals))
	if got := rawSum(t, runPprof(t, "-raw", changed.file)); got != want {
		t.Errorf("what changed adds up to %v, want %v", got, want)
	}
	if got := sumOf(changed.profile, "name", "[anon:TestPprofAddsUpDifferences]"); got != (amounts{4 * mib, 4 * mib, 4 * mib}) {
		t.Errorf("a region that has grown by 4 MB: %v", got)
	}
	p := changed.profile
	if p.DurationNanos != changed.report.Time.Sub(was.Time).Nanoseconds() || p.TimeNanos != changed.report.Time.UnixNano() {
		t.Errorf("at %d for %d", p.TimeNanos, p.DurationNanos)
	}
}

// The page of go tool pprof -http, with the data of its flame graph.
func TestPprofShowsAFlameGraph(t *testing.T) {
	t.Parallel()
	now := takeProfile(t, mustNew(t), nil)
	c := pprofCommand(t, "-http=127.0.0.1:", "-no_browser", now.file)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a group for go and its child pprof
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	address := ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		_, address, _ = strings.Cut(lines.Text(), "Serving web UI on ")
	}
	_, page := fetchServed(t, address+"/ui/flamegraph")
	var graph struct {
		Total  int64
		Stacks []struct{ Value int64 }
	}
	data := regexp.MustCompile(`stackViewer\((\{.*\}), `).FindStringSubmatch(page)
	if data == nil {
		t.Fatalf("no data in %.2000q", page)
	}
	if err := json.Unmarshal([]byte(data[1]), &graph); err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, s := range graph.Stacks {
		sum += s.Value
	}
	if want := int64(now.report.Totals.RSS.Bytes); sum != want || graph.Total != want {
		t.Errorf("the stacks add up to %d of %d, want %d", sum, graph.Total, want)
	}
}

// fetchServed fetches from a server, again until it listens.
func fetchServed(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	for {
		response, err := http.Get(url)
		if err == nil {
			response.Body.Close()
			return fetch(t, "GET", url)
		}
		if sleep(t.Context(), 20*time.Millisecond) != nil {
			t.Fatal(err)
		}
	}
}

func TestPprofFetchesFromTheHandler(t *testing.T) {
	t.Parallel()
	address := newServer(t, handler) + "/debug/memory?format=pprof"
	if out := top(t, address); topSum(t, out) == 0 || !strings.Contains(out, " Go Runtime\n") {
		t.Errorf("it says\n%.500s", out)
	}
	if out := runPprof(t, "-raw", "-seconds=1", address); !strings.Contains(out, "\nDuration: ") {
		t.Errorf("it says\n%.500s", out)
	}
	c := pprofCommand(t, "-raw", address+"&unit=x")
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), `unit wants MB, KB, B, auto; not "x"`) {
		t.Errorf("it says\n%s", out)
	}
}

func TestAnswersOfProfiles(t *testing.T) {
	t.Parallel()
	for target, a := range map[string]*Analyzer{
		"/?format=pprof":                      mustNew(t),
		"/?format=pprof&top=0&sort=name&gc=1": mustNew(t),
		"/?format=pprof&seconds=300":          changing(t, func(context.Context) error { return nil }),
	} {
		w := ask(a, "GET", target)
		h := w.Result().Header
		if w.Code != http.StatusOK || h.Get("Content-Type") != "application/octet-stream" ||
			h.Get("Content-Disposition") != `attachment; filename="memory.pb.gz"` || h.Get("X-Memanalyzer-Cost") == "" {
			t.Errorf("%s: %d, %v", target, w.Code, h)
		}
		p, changes := profileOf(t, w.Body.Bytes()), strings.Contains(target, "seconds")
		if !changes && len(p.Sample) < 20 || changes != (p.DurationNanos > 0) || p.DefaultSampleType != "rss" {
			t.Errorf("%s: %d samples of %d ns, the first type %q", target, len(p.Sample), p.DurationNanos, p.DefaultSampleType)
		}
	}
	checkRefusal(t, ask(mustNew(t, WithoutGC()), "GET", "/?format=pprof&gc=1"), http.StatusForbidden, "gc=1 is switched off here.\n")
}

func TestProfilesWithoutAddresses(t *testing.T) {
	t.Parallel()
	starts := startsOfMappings(t)
	p := takeProfile(t, mustNew(t, WithoutAddresses()), nil).profile
	starts = append(starts, startsOfMappings(t)...)
	if found := anyOf(p.String(), starts); found != "" {
		t.Errorf("the address %s is in it", found)
	}
	for _, m := range p.Mapping {
		if m.Start != 0 || m.Limit != 0 {
			t.Errorf("%+v has an address", m)
		}
	}
	for _, l := range p.Location {
		if l.Address != 0 {
			t.Errorf("%+v has an address", l)
		}
	}
}

//go:noinline
func allocateForProfile() []byte { return make([]byte, 32*mib) }

//go:noinline
func waitForProfile(end chan bool) { <-end }

//go:noinline
func descendForProfile(n int, end chan bool) {
	if n > 0 {
		descendForProfile(n-1, end)
	}
	<-end
}

// functionsOf returns the frames of a sample, the innermost first.
func functionsOf(s *profile.Sample) string {
	var functions []string
	for _, l := range s.Location {
		functions = append(functions, l.Line[0].Function.Name)
	}
	return strings.Join(functions, " < ")
}

func TestCallStacksOfThisProcess(t *testing.T) {
	block := allocateForProfile()
	touchPages(block)
	end := make(chan bool)
	defer close(end)
	for range 50 {
		go waitForProfile(end)
	}
	go descendForProfile(2*stackDepth, end)
	runtime.GC()
	p := takeProfile(t, mustNew(t), nil).profile
	runtime.KeepAlive(block)

	var allocated, waiting int64
	for _, s := range p.Sample {
		at := functionsOf(s)
		switch {
		case strings.Contains(at, ".allocateForProfile < ") && strings.HasSuffix(at, " < Heap: marked < Heap < Go Runtime"):
			allocated += s.Value[rssColumn]
		case strings.HasSuffix(at, ".waitForProfile < Stack < Go Runtime"):
			waiting += s.Value[rssColumn]
		case strings.Contains(at, "descendForProfile"):
			t.Errorf("a stack that is cut off has a function: %s", at)
		}
	}
	if allocated < 24*mib || allocated > 33*mib {
		t.Errorf("%d B allocated, want nearly 32 MB", allocated)
	}
	if stack := sumOf(p, "category", "go/stack")[rssColumn]; waiting < int64(stack)/20 || waiting == 0 {
		t.Errorf("50 goroutines have %d B of %d", waiting, stack)
	}
}

func TestManyGoroutinesAreNotAskedFor(t *testing.T) {
	end := make(chan bool)
	for range goroutinesMax {
		go waitForProfile(end)
	}
	many := readCallStacks()
	close(end)
	if len(many.goroutines) != 0 || len(many.heap) == 0 {
		t.Errorf("%d functions of goroutines, %d stacks of the heap", len(many.goroutines), len(many.heap))
	}
}
