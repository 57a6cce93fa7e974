//go:build linux

package memanalyzer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A process with almost the largest number of mappings, and requests for all of them.

const (
	manyMappings = 60000
	mappingsMax  = 65530 // the default of vm.max_map_count
)

func init() {
	children["many mappings"] = func() {
		memory := must(makeMappings(manyMappings))
		listener := must(net.Listen("tcp", "127.0.0.1:0"))
		fmt.Printf("http://%s %d\n", listener.Addr(), os.Getpid())
		go http.Serve(listener, manyMux(memory))
		io.Copy(io.Discard, os.Stdin)
	}
}

func init() {
	children["few more mappings"] = func() {
		ask(handler, "GET", "/") // a daemon that has made reports
		const room = 4
		if _, err := makeMappings(mappingsMax - 1000); err != nil {
			tell(outcome{Err: err.Error()})
			return
		}
		var shared [][]byte // which the kernel does not merge
		for {
			page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_NONE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
			if err != nil {
				break
			}
			shared = append(shared, page)
		}
		for _, page := range shared[max(len(shared)-room, 0):] {
			unix.Munmap(page)
		}
		a := withoutBudget(new(Analyzer))
		w := ask(a, "GET", "/?fresh=1")
		tell(outcome{Status: w.Code, Body: w.Body.String()})
	}
}

// A report still works if mmap is about to fail.
func TestAProcessThatCanMapLittleMore(t *testing.T) {
	if most := mostMappings(t); most > mappingsMax {
		t.Skipf("vm.max_map_count is %d", most)
	}
	o := outcomeOf(t, "few more mappings")
	if o.Status != http.StatusOK || !strings.Contains(o.Body, "\n  The number of mappings is close to vm.max_map_count, where mmap fails: ") {
		t.Errorf("%d %.2000q", o.Status, o.Body)
	}
}

// manyMux serves an Analyzer whose seconds=N touch or release all of memory instead of waiting.
// /held returns the number of its held readings and large answers; /idle does so when all requests
// have ended.
func manyMux(memory []byte) *http.ServeMux {
	a, mux := withoutBudget(new(Analyzer)), http.NewServeMux()
	touched := true
	a.wait = func(context.Context, time.Duration) error {
		touched = !touched
		for i := 0; touched && i < len(memory); i += 2 * os.Getpagesize() {
			memory[i] = 1
		}
		if touched {
			return nil
		}
		return unix.Madvise(memory, unix.MADV_DONTNEED)
	}
	var asked sync.WaitGroup
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		defer asked.Done()
		a.ServeHTTP(w, r)
	})
	held := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, held(a.own), a.own.large.Load()) }
	mux.HandleFunc("/held", held)
	mux.HandleFunc("/idle", func(w http.ResponseWriter, r *http.Request) {
		asked.Wait()
		held(w, r)
	})
	return mux
}

// mostMappings returns vm.max_map_count, and skips the test if it is less than usual.
func mostMappings(t *testing.T) uint64 {
	t.Helper()
	if testing.Short() {
		t.Skip("makes 60,000 mappings")
	}
	most := parseNumber(t, strings.TrimSpace(readFile(t, "/proc/sys/vm/max_map_count")))
	if most < mappingsMax {
		t.Skipf("vm.max_map_count is %d", most)
	}
	return most
}

// startMany starts such a process, which ends with the test, and returns its address and number.
func startMany(t *testing.T) (url, pid string) {
	t.Helper()
	mostMappings(t)
	child := childCommand(t, "many mappings")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		child.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, pid, _ = strings.Cut(strings.TrimSpace(line), " ")
	return url, pid
}

func TestManyMappingsAddUpInEachForm(t *testing.T) {
	url, _ := startMany(t)
	for _, c := range manyForms {
		t.Run(c.query, func(t *testing.T) {
			response, body := fetch(t, "GET", url+"/?top=all&"+c.query)
			if response.StatusCode != http.StatusOK {
				t.Fatalf("%d: %s", response.StatusCode, body)
			}
			c.check(t, body)
		})
	}
}

var manyForms = []struct {
	query string
	check func(t *testing.T, body string)
}{
	{"unit=B", checkManyText},
	{"format=json", checkManyJSON},
	{"format=openmetrics", checkManyMetrics},
	{"format=smaps", checkManySaved},
	{"seconds=1&unit=B", checkManyTextChanges},
	{"seconds=1&format=json", checkManyJSONChanges},
}

// checkMany fails if the mappings are fewer than were made, or do not add up to the total.
func checkMany(t *testing.T, count, least int, sum, whole int64) {
	t.Helper()
	if count < least || sum != whole {
		t.Errorf("%d are listed, want %d and more; they are %d bytes of %d", count, least, sum, whole)
	}
}

var (
	regionLine = regexp.MustCompile(`^[0-9a-f]{12}\.\.\. +[rwxps-]{4} +(?:\w+ +)??([+-]?\d+) B `)
	rssLine    = regexp.MustCompile(`(?m)^RSS \(Resident\): +([+-]?\d+) B`)
)

// checkManyLines adds up the first number in each region's line.
func checkManyLines(t *testing.T, body string, least int) {
	t.Helper()
	var count int
	var sum int64
	for line := range strings.Lines(body) {
		if m := regionLine.FindStringSubmatch(line); m != nil {
			sum += must(strconv.ParseInt(m[1], 10, 64))
			count++
		}
	}
	m := rssLine.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no RSS in %.500s", body)
	}
	checkMany(t, count, least, sum, must(strconv.ParseInt(m[1], 10, 64)))
}

func checkManyText(t *testing.T, body string) { checkManyLines(t, body, manyMappings) }

func checkManyTextChanges(t *testing.T, body string) { checkManyLines(t, body, manyMappings/2) }

func checkManyJSON(t *testing.T, body string) {
	type rss struct{ RSS int64 }
	var report struct {
		Totals          rss
		Groups, Regions []rss
	}
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	for _, list := range []struct {
		of    []rss
		least int
	}{{report.Groups, 1}, {report.Regions, manyMappings}} {
		var sum int64
		for _, one := range list.of {
			sum += one.RSS
		}
		checkMany(t, len(list.of), list.least, sum, report.Totals.RSS)
	}
}

func checkManyJSONChanges(t *testing.T, body string) {
	type change struct{ Change int64 }
	var report struct {
		Before, Now         struct{ RSS int64 }
		Categories, Changes []change
	}
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	for _, list := range []struct {
		of    []change
		least int
	}{{report.Categories, 1}, {report.Changes, manyMappings / 2}} {
		var sum int64
		for _, one := range list.of {
			sum += one.Change
		}
		checkMany(t, len(list.of), list.least, sum, report.Now.RSS-report.Before.RSS)
	}
}

func checkManyMetrics(t *testing.T, body string) {
	values := map[string]int64{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)(?:{.*})? (\d+)$`).FindAllStringSubmatch(body, -1) {
		values[m[1]] += must(strconv.ParseInt(m[2], 10, 64))
	}
	if values["memanalyzer_mappings"] < manyMappings || values["memanalyzer_resident_bytes"] < manyMappings*int64(os.Getpagesize()) {
		t.Errorf("%v", values)
	}
	needReader(t, venv, "-c", "import prometheus_client")
	sum := strings.TrimSpace(runReader(t, venv, readers+"read_openmetrics.py", written(t, "metrics", body)))
	checkMany(t, 0, 0, int64(parseNumber(t, sum)), values["memanalyzer_resident_bytes"])
}

func checkManySaved(t *testing.T, body string) {
	r := parseText(t, body, Top(All))
	checkLaw(t, r)
	var sum uint64
	for _, region := range r.Regions {
		sum += region.RSS.Bytes
	}
	checkMany(t, len(r.Regions), manyMappings, int64(sum), int64(r.Totals.RSS.Bytes))
}

// Slow clients receive one byte. Others are answered meanwhile, and the slow ones hold no more memory
// than largeAnswersMax says, and none when they have left.
func TestManyMappingsAreHeldByASlowClient(t *testing.T) {
	url, pid := startMany(t)
	rss := func() int { return int(readRollup(t, "/proc/"+pid+"/smaps_rollup")["Rss"]) }
	before := rss() // later measurements include memory that malloc has retained
	for _, c := range []struct {
		query      string
		open       int
		most, less int // bytes per mapping: the largest growth, and memory that the process releases
	}{
		{"format=json", 1, kib / 2, 0},
		{"format=smaps", 1, kib + kib/2, 0},
		{"format=json&seconds=1", 2, kib + kib/2, os.Getpagesize()},
	} {
		client, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(client, "GET /?top=all&%s HTTP/1.1\r\nHost: localhost\r\n\r\n", c.query)
		if _, err := client.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if more := (rss()-before)/manyMappings + c.less; more > c.most {
			t.Errorf("%s: %d bytes a mapping are held, want %d at the most", c.query, more, c.most)
		} else {
			t.Logf("%s: %d bytes a mapping are held", c.query, more)
		}
		if _, held := fetch(t, "GET", url+"/held"); held != fmt.Sprint(c.open, 1) {
			t.Errorf("%s: %s readings and large answers, want %d 1", c.query, held, c.open)
		}
		if response, body := fetch(t, "GET", url+"/?top=0"); response.StatusCode != http.StatusOK {
			t.Errorf("another is answered %d %s", response.StatusCode, body)
		}
		client.Close()
		if _, held := fetch(t, "GET", url+"/idle"); held != "0 0" {
			t.Errorf("%s: %s readings and large answers are left", c.query, held)
		}
	}
}

// makeMappings returns n touched pages, each a mapping, because every second one is read-only.
func makeMappings(n int) ([]byte, error) {
	page := os.Getpagesize()
	b, err := unix.Mmap(-1, 0, n*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	touchPages(b)
	for i := page; err == nil && i < len(b); i += 2 * page {
		err = unix.Mprotect(b[i:i+page], unix.PROT_READ)
	}
	return b, err
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
