//go:build linux

package memanalyzer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const firstLine = "=== Complete Memory Breakdown ===\n"

func newServer(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// checkReport fails unless an answer is a whole report.
func checkReport(t *testing.T, status int, body string) {
	t.Helper()
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	if !strings.HasPrefix(body, firstLine) || !strings.HasSuffix(body, "\n") {
		t.Errorf("the body is not a report: %q", body)
	}
	if n := strings.Count(body, "RSS (Resident)"); n != 1 {
		t.Errorf("%d lines have RSS (Resident), want 1", n)
	}
}

// checkRefusal fails unless an answer has the status and the body.
func checkRefusal(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Errorf("%d %q, want %d %q", w.Code, w.Body, status, body)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	w := ask(handler, "GET", "/debug/memory")
	checkReport(t, w.Code, w.Body.String())
	for _, want := range []string{
		"\nGo Runtime:\n  Heap: ", "\n  Stack: ", "\n  Metadata: ", "\n  Subtotal: ",
		"\nAnonymous Memory:\n  Read-Write: ", "\n  Read-Only: ", "\n  Executable: ",
		"\n=== Totals ===\nVirtual Memory: ", "\nRSS (Resident): ", "\nPSS (Proportional): ",
		"\n=== Top 20 Memory Regions ===\n\nADDRESS ", " MB\n",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the report has no %q", want)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	fixed := map[string]string{
		"Content-Type":                 "text/plain; charset=utf-8",
		"X-Content-Type-Options":       "nosniff",
		"Cache-Control":                "no-store",
		"Cross-Origin-Resource-Policy": "same-origin",
	}
	for _, target := range []string{"/", "/?top=x"} {
		h := ask(handler, "GET", target).Result().Header
		for name, want := range fixed {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
	}
	h := ask(handler, "GET", "/").Result().Header
	if got := h.Get("Age"); got != "0" {
		t.Errorf("Age is %q, want 0", got)
	}
	if got, has := h["Vary"]; has { // no request header changes the answer
		t.Errorf("Vary is %q, want none", got)
	}
	if seconds, err := strconv.ParseFloat(h.Get("X-Memanalyzer-Cost"), 64); err != nil || seconds < 0 { // 0 if the clock is coarse
		t.Errorf("X-Memanalyzer-Cost is %q, want seconds", h.Get("X-Memanalyzer-Cost"))
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	url := newServer(t, handler)
	for _, query := range []string{"", "?top=0", "?format=json", "?format=pprof", "?top=all&sort=size", "?gc=1", "?top=-1", "?sort=x", "?%zz"} {
		get, body := fetch(t, "GET", url+query)
		head, none := fetch(t, "HEAD", url+query)
		if body == "" || none != "" {
			t.Errorf("%q: bodies of %d and %d bytes, want some and none", query, len(body), len(none))
		}
		if head.StatusCode != get.StatusCode {
			t.Errorf("%q: HEAD answers %d, GET %d", query, head.StatusCode, get.StatusCode)
		}
		// These depend on the time, or on the body.
		for _, h := range []http.Header{head.Header, get.Header} {
			for _, name := range []string{"Date", "X-Memanalyzer-Cost", "Content-Length"} {
				h.Del(name)
			}
		}
		if fmt.Sprint(head.Header) != fmt.Sprint(get.Header) {
			t.Errorf("%q: HEAD has the headers %v, GET %v", query, head.Header, get.Header)
		}
	}
}

const (
	wantsTop     = "top wants a number from 0 to 100000, or all; not "
	wantsSort    = "sort wants rss, pss, private, dirty, swap, size, address, name; not "
	wantsUnit    = "unit wants MB, KB, B, auto; not "
	wantsSource  = "source wants auto, smaps, scan; not "
	wantsSeconds = "seconds wants a number from 1 to 300; not "
	wantsGC      = "gc wants 0 or 1; not "
	wantsFormat  = "format wants text, json, openmetrics, smaps, pprof; not "
)

var wrongParameters = []struct{ query, want string }{
	{"top=", wantsTop + `""`},
	{"top", wantsTop + `""`},
	{"top=-1", wantsTop + `"-1"`},
	{"top=%2B1", wantsTop + `"+1"`},
	{"top=100001", wantsTop + `"100001"`},
	{"top=4294967296", wantsTop + `"4294967296"`},
	{"top=18446744073709551615", wantsTop + `"18446744073709551615"`},
	{"top=99999999999999999999", wantsTop + `"99999999999999999999"`},
	{"top=1.5", wantsTop + `"1.5"`},
	{"top=1e3", wantsTop + `"1e3"`},
	{"top=0x10", wantsTop + `"0x10"`},
	{"top=1_000", wantsTop + `"1_000"`},
	{"top=ALL", wantsTop + `"ALL"`},
	{"top=20%20", wantsTop + `"20 "`},
	{"top=20%00", wantsTop + `"20\x00"`},
	{"top=%D9%A1", wantsTop + `"\u0661"`},
	{"top=<script>", wantsTop + `"<script>"`},
	{"top=x&top=20", wantsTop + `"x"`},
	{"sort=", wantsSort + `""`},
	{"sort=RSS", wantsSort + `"RSS"`},
	{"sort=0", wantsSort + `"0"`},
	{"sort=rss%0Aname", wantsSort + `"rss\nname"`},
	{"unit=", wantsUnit + `""`},
	{"unit=mb", wantsUnit + `"mb"`},
	{"unit=GB", wantsUnit + `"GB"`},
	{"seconds=", wantsSeconds + `""`},
	{"seconds=0", wantsSeconds + `"0"`},
	{"seconds=301", wantsSeconds + `"301"`},
	{"seconds=1.5", wantsSeconds + `"1.5"`},
	{"seconds=1&format=smaps", "seconds wants format=text, json or pprof; smaps has no differences."},
	{"seconds=1&sort=pss", "seconds wants sort=rss, as it lists the largest change first; not pss"},
	{"seconds=1&sort=name&format=pprof", "seconds wants sort=rss, as it lists the largest change first; not name"},
	{"source=", wantsSource + `""`},
	{"source=file", wantsSource + `"file"`},
	{"source=scan&format=smaps", "format=smaps wants source=smaps or auto; not scan"},
	{"sort=pss&source=scan", "sort=pss wants source=smaps or auto; not scan"},
	{"gc=", wantsGC + `""`},
	{"gc=true", wantsGC + `"true"`},
	{"gc=2", wantsGC + `"2"`},
	{"format=", wantsFormat + `""`},
	{"format=xml", wantsFormat + `"xml"`},
	{"format=TEXT", wantsFormat + `"TEXT"`},
	{"sort=x&top=x", wantsTop + `"x"`},
	{"%zz", `The query cannot be read: invalid URL escape "%zz"`},
	{"top=1;top=2", "The query cannot be read: invalid semicolon separator in query"},
}

func TestWrongParameters(t *testing.T) {
	t.Parallel()
	for _, c := range wrongParameters {
		t.Run(c.query, func(t *testing.T) {
			checkRefusal(t, ask(handler, "GET", "/?"+c.query), http.StatusBadRequest, c.want+"\n")
		})
	}
}

func TestAcceptedParameters(t *testing.T) {
	t.Parallel()
	targets := []string{
		"top=0", "top=1", "top=100000", "top=all", "top=007", "gc=0", "gc=1", "format=text",
		"other=x", "Top=x", "top%20=x", "=", "&&", "top=1&top=x",
		"top=5&sort=size&unit=KB&gc=0&format=text",
	}
	for _, key := range []string{"rss", "pss", "private", "dirty", "swap", "size", "address", "name"} {
		for _, unit := range []string{"MB", "KB", "B", "auto"} {
			targets = append(targets, "sort="+key+"&unit="+unit)
		}
	}
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			w := ask(handler, "GET", "/?"+target)
			checkReport(t, w.Code, w.Body.String())
		})
	}
}

// regionRows returns the title and the lines of the list of regions.
func regionRows(body string) (title string, rows []string) {
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	for i, line := range lines {
		if strings.HasSuffix(line, " Memory Regions ===") {
			return line, lines[i+4:] // after a blank line, the names of the columns and a rule
		}
	}
	return "", nil
}

func TestTop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		top, title  string
		least, most int
	}{
		{"0", "", 0, 0},
		{"1", "=== Top 1 Memory Regions ===", 1, 1},
		{"5", "=== Top 5 Memory Regions ===", 5, 5},
		{"100000", "=== Top 100000 Memory Regions ===", 6, 100000},
		{"all", "=== All Memory Regions ===", 6, 100000},
	} {
		title, rows := regionRows(ask(handler, "GET", "/?top="+c.top).Body.String())
		if title != c.title || len(rows) < c.least || len(rows) > c.most {
			t.Errorf("top=%s: %q and %d rows, want %q and %d to %d", c.top, title, len(rows), c.title, c.least, c.most)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "get", "G\u00c9T"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/?top=x", nil)
		r.Method = method
		MemoryProfileHandler(w, r)
		checkRefusal(t, w, http.StatusMethodNotAllowed, fmt.Sprintf("Use GET or HEAD, not %s.\n", strconv.QuoteToASCII(method)))
		if got := w.Header().Get("Allow"); got != "GET, HEAD" {
			t.Errorf("%s: Allow is %q", method, got)
		}
	}
}

func TestWithAuthorize(t *testing.T) {
	t.Parallel()
	a := mustNew(t, WithAuthorize(func(r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		return user == "ops" && password == "secret"
	}))
	refused := "This request is not authorized.\n"
	checkRefusal(t, ask(a, "GET", "/"), http.StatusForbidden, refused)
	// A refused client learns nothing about parameters and methods.
	checkRefusal(t, ask(a, "GET", "/?top=x"), http.StatusForbidden, refused)
	checkRefusal(t, ask(a, "POST", "/"), http.StatusForbidden, refused)

	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth("ops", "secret")
	a.ServeHTTP(w, r)
	checkReport(t, w.Code, w.Body.String())
}

var (
	own4      = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 6060}
	own6      = &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 6060}
	linkLocal = &net.TCPAddr{IP: net.ParseIP("fe80::7"), Port: 6060, Zone: "eth0"}
	socket    = &net.UnixAddr{Name: "/run/debug.sock", Net: "unix"}
)

var hosts = []struct {
	host     string
	listener net.Addr // nil: not known
	want     int
}{
	{"localhost", nil, 200},
	{"localhost:6060", nil, 200},
	{"LOCALHOST:6060", nil, 200},
	{"localhost.:6060", nil, 200},
	{"127.0.0.1", nil, 200},
	{"127.0.0.1:6060", nil, 200},
	{"127.1.2.3:6060", nil, 200},
	{"127.0.0.1.:6060", nil, 200},
	{"[::1]", nil, 200},
	{"[::1]:6060", nil, 200},
	{"[0:0:0:0:0:0:0:1]:6060", nil, 200},
	{"[::ffff:127.0.0.1]:6060", nil, 200},

	{"debug.example.com", nil, 200},
	{"debug.example.com:6060", nil, 200},
	{"DEBUG.EXAMPLE.COM:6060", nil, 200},
	{"debug.example.com.:6060", nil, 200},
	{"[2001:db8::1]:6060", nil, 200},
	{"[2001:DB8:0::1]", nil, 200},
	{"198.51.100.1:80", nil, 200},
	{"[::ffff:198.51.100.1]:80", nil, 200},

	{"192.0.2.7:6060", own4, 200},
	{"192.0.2.7", own4, 200},
	{"[::ffff:192.0.2.7]:6060", own4, 200},
	{"[2001:db8::7]:6060", own6, 200},
	{"[fe80::7]:6060", linkLocal, 200}, // clients omit the zone from Host
	{"localhost", socket, 200},

	{"192.0.2.7:6060", nil, 403},
	{"192.0.2.7:6060", own6, 403},
	{"192.0.2.8:6060", own4, 403},
	{"[2001:db8::8]:6060", own6, 403},
	{"192.0.2.7:6060", socket, 403},
	{"rebound.example:6060", own4, 403},
	{"rebound.example", nil, 403},
	{"example.com", nil, 403},
	{"evil.debug.example.com", nil, 403},
	{"debug.example.com.evil.example", nil, 403},
	{"localhost.evil.example", nil, 403},
	{"127.0.0.1.evil.example:6060", nil, 403},
	{"2130706433", nil, 403}, // 127.0.0.1 for some programs, but not for browsers
	{"0.0.0.0:6060", nil, 403},
	{"[::]:6060", nil, 403},
	{"", nil, 403},
}

func TestWithHosts(t *testing.T) {
	t.Parallel()
	a := mustNew(t, WithHosts("Debug.Example.COM.", "[2001:db8::1]", "198.51.100.1"))
	for _, c := range hosts {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c.host
		if c.listener != nil {
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, c.listener))
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("Host %q on %v: %d, want %d", c.host, c.listener, w.Code, c.want)
		}
		if c.want == 403 {
			checkRefusal(t, w, 403, fmt.Sprintf("This server does not answer to the host %q: use its address, or add the host to WithHosts.\n", c.host))
		}
	}
}

func TestWithHostsOnAServer(t *testing.T) {
	t.Parallel()
	url := newServer(t, mustNew(t, WithHosts()))
	response, body := fetch(t, "GET", url)
	checkReport(t, response.StatusCode, body)

	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "rebound.example"
	response, err = http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a rebound name is answered %d", response.StatusCode)
	}
}

// Hosts of several options are all answered, and all functions must permit a request.
func TestOptionsAddUp(t *testing.T) {
	t.Parallel()
	permit := func(name string) Option {
		return WithAuthorize(func(r *http.Request) bool { return r.URL.Query().Has(name) })
	}
	a := mustNew(t, WithHosts("one.example"), WithHosts(), WithHosts("two.example"), permit("a"), permit("b"))
	for url, want := range map[string]int{
		"http://one.example/?a&b":   http.StatusOK,
		"http://two.example/?a&b":   http.StatusOK,
		"http://three.example/?a&b": http.StatusForbidden,
		"http://one.example/?a":     http.StatusForbidden,
		"http://one.example/?b":     http.StatusForbidden,
	} {
		if w := ask(a, "GET", url); w.Code != want {
			t.Errorf("%s: %d, want %d", url, w.Code, want)
		}
	}
}

func TestAnyHostWithoutWithHosts(t *testing.T) {
	t.Parallel()
	w := ask(mustNew(t), "GET", "http://anything.example/debug/memory")
	checkReport(t, w.Code, w.Body.String())
}

func TestWithoutGC(t *testing.T) {
	t.Parallel()
	a := mustNew(t, WithoutGC())
	checkRefusal(t, ask(a, "GET", "/?gc=1"), http.StatusForbidden, "gc=1 is switched off here.\n")
	for _, target := range []string{"/", "/?gc=0"} {
		w := ask(a, "GET", target)
		checkReport(t, w.Code, w.Body.String())
	}
}

func TestGC(t *testing.T) {
	collections := func(target string) uint32 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ask(handler, "GET", target)
		runtime.ReadMemStats(&after)
		return after.NumForcedGC - before.NumForcedGC
	}
	for target, want := range map[string]uint32{"/": 0, "/?gc=0": 0, "/?gc=1": 1} {
		if got := collections(target); got != want {
			t.Errorf("%s: %d collections, want %d", target, got, want)
		}
	}
}

// startsOfMappings returns the start addresses of this process's mappings, in both notations.
func startsOfMappings(t *testing.T) []string {
	t.Helper()
	var starts []string
	for line := range strings.Lines(readFile(t, "/proc/self/maps")) {
		start, _, _ := strings.Cut(line, "-")
		if starts = append(starts, fmt.Sprintf("%012s", start)); len(start) >= 8 {
			starts = append(starts, start)
		}
	}
	return starts
}

func anyOf(text string, parts []string) string {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

func TestWithoutAddresses(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	a := mustNew(t, WithoutAddresses())
	for _, target := range []string{"/", "/?top=all&unit=B", "/?top=all&sort=address&unit=KB", "/?top=all&sort=name"} {
		starts := startsOfMappings(t)
		shown, hidden := ask(handler, "GET", target), ask(a, "GET", target)
		starts = append(starts, startsOfMappings(t)...)
		checkReport(t, hidden.Code, hidden.Body.String())
		if anyOf(shown.Body.String(), starts) == "" {
			t.Errorf("%s: there is no address without the option either: this test checks nothing", target)
		}
		if found := anyOf(hidden.Body.String(), starts); found != "" {
			t.Errorf("%s shows the address %s", target, found)
		}
	}
}

func TestOptionsOfNew(t *testing.T) {
	t.Parallel()
	const hosts = "memanalyzer: WithHosts wants names or addresses without a port, not "
	failing := errors.New("an option of the caller")
	for _, c := range []struct {
		option Option
		want   string
	}{
		{WithAuthorize(nil), "memanalyzer: WithAuthorize wants a function, not nil"},
		{WithHosts(""), hosts + `""`},
		{WithHosts("debug.example", ""), hosts + `""`},
		{WithHosts("debug.example:6060"), hosts + `"debug.example:6060"`},
		{WithHosts("."), hosts + `"."`},
		{WithHosts("["), hosts + `"["`},
		{nil, "memanalyzer: an Option is nil"},
		{func(*Analyzer) error { return failing }, failing.Error()},
	} {
		a, err := New(WithoutGC(), c.option, WithoutAddresses())
		if a != nil || err == nil || err.Error() != c.want {
			t.Errorf("an Analyzer (%t) and the error %v, want %q", a != nil, err, c.want)
		}
	}
}

func TestTheZeroAnalyzerIsReady(t *testing.T) {
	t.Parallel()
	w := ask(new(Analyzer), "GET", "/")
	checkReport(t, w.Code, w.Body.String())
}

func TestADeadlineThatPassesWhileOthersRead(t *testing.T) {
	t.Parallel()
	a := mustNew(t)
	a.own.turn <- struct{}{} // another reading is in progress
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/?gc=1", nil))
	checkRefusal(t, w, http.StatusServiceUnavailable, "Another reading took too long: ask again.\n")
	if got := w.Header().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After is %q, want 1", got)
	}
}

func TestRSSIsTheKernels(t *testing.T) {
	const slack = mib / kib // for memory of the requests themselves
	rollup := func() uint64 { return readRollup(t, "/proc/self/smaps_rollup")["Rss"] / kib }
	url := newServer(t, handler)
	for range 5 {
		before := rollup()
		_, body := fetch(t, "GET", url+"?unit=KB")
		after := rollup()
		if rss := textRows(t, body)["RSS (Resident)"]; rss+slack < min(before, after) || rss > max(before, after)+slack {
			t.Errorf("RSS is %d KB, smaps_rollup has %d before and %d after", rss, before, after)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	url := newServer(t, handler)
	a := mustNew(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(3)
		go func() {
			defer all.Done()
			r, err := http.Get(fmt.Sprintf("%s/?top=%d&gc=%d", url, i, i%2))
			if err != nil {
				t.Error(err)
				return
			}
			r.Body.Close()
			if r.StatusCode != http.StatusOK {
				t.Errorf("status %d", r.StatusCode)
			}
		}()
		go func() {
			defer all.Done()
			if _, err := a.Report(t.Context(), Top(i)); err != nil {
				t.Error(err)
			}
		}()
		go func() {
			defer all.Done()
			if _, err := Read(t.Context(), SortBy(SortSize)); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
}

func TestRequestThatIsGoneReadsNothing(t *testing.T) {
	t.Parallel()
	a := mustNew(t)
	a.own.turn <- struct{}{} // another reading is in progress
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(gone))
	if w.Code == http.StatusOK || strings.Contains(w.Body.String(), "===") {
		t.Errorf("%d %q, want no report", w.Code, w.Body)
	}
}

// An outcome is what a child process prints about a source that fails.
type outcome struct {
	Status          int
	Body            string
	Header          http.Header
	Err             string
	SourceErr       bool // Err is a *SourceError
	NoProc, Missing bool // Err is ErrNoProc, fs.ErrNotExist
	TooMany         bool // Err is EMFILE
}

func init() {
	children["without proc"] = func() {
		if err := unix.Mount("none", "/proc", "tmpfs", 0, ""); err != nil {
			tell(outcome{Err: err.Error()})
			return
		}
		tell(failingSource())
	}
	children["without files"] = func() {
		time.Sleep(time.Millisecond) // the runtime opens a file for its first timer; a server has had one
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{}); err != nil {
			tell(outcome{Err: err.Error()})
			return
		}
		tell(failingSource())
	}
}

func tell(o outcome) { json.NewEncoder(os.Stdout).Encode(o) }

func failingSource() outcome {
	w := ask(handler, "GET", "/debug/memory")
	o := outcome{Status: w.Code, Body: w.Body.String(), Header: w.Header()}
	_, err := Read(context.Background())
	if err != nil {
		o.Err = err.Error()
	}
	var source *SourceError
	o.SourceErr = errors.As(err, &source)
	o.NoProc, o.Missing = errors.Is(err, ErrNoProc), errors.Is(err, fs.ErrNotExist)
	o.TooMany = errors.Is(err, syscall.EMFILE)
	return o
}

// outcomeOf runs a child. Without root, the child needs a user namespace for its mount namespace,
// which the system may not permit.
func outcomeOf(t *testing.T, child string) outcome {
	t.Helper()
	c := childCommand(t, child)
	if child == "without proc" {
		c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			c.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
			c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		}
	}
	out, err := c.Output()
	if errors.Is(err, fs.ErrPermission) {
		t.Skipf("a process without /proc is not permitted here: %v", err)
	}
	if errors.Is(err, syscall.EINVAL) { // from the mount that follows unshare(2) in syscall.forkExec
		t.Skipf("a process without /proc needs a / that is a mount point, not a plain chroot: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	if err := json.Unmarshal(out, &o); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if o.Status == 0 {
		t.Skipf("a process that %s is not permitted here: %s", child, o.Err)
	}
	return o
}

func checkFailure(t *testing.T, o outcome, reason string) {
	t.Helper()
	if o.Status != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", o.Status)
	}
	if !strings.HasPrefix(o.Body, "Failed to open /proc/self/smaps: "+reason) {
		t.Errorf("the body is %q, want it to begin with the failure and %q", o.Body, reason)
	}
	if strings.Contains(o.Body, "===") || strings.Count(o.Body, "\n") != 1 {
		t.Errorf("the body is %q, want one line and no part of a report", o.Body)
	}
	if !strings.HasPrefix(o.Err, "memanalyzer: Failed to open /proc/self/smaps: "+reason) || !o.SourceErr {
		t.Errorf("Read's error is %q (a *SourceError: %t)", o.Err, o.SourceErr)
	}
	if got := o.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
}

func TestWithoutProc(t *testing.T) {
	t.Parallel()
	o := outcomeOf(t, "without proc")
	checkFailure(t, o, "No such file or directory")
	if !o.NoProc || !o.Missing || !strings.Contains(o.Body, "is /proc mounted?") {
		t.Errorf("%q: ErrNoProc: %t, fs.ErrNotExist: %t; want both, and what to do", o.Body, o.NoProc, o.Missing)
	}
}

func TestWithoutFileDescriptors(t *testing.T) {
	t.Parallel()
	o := outcomeOf(t, "without files")
	checkFailure(t, o, "Too many open files")
	if !o.TooMany {
		t.Errorf("%q is not EMFILE", o.Err)
	}
}
