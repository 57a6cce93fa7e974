//go:build linux && cgo && amd64

package memanalyzer

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Daemons that are built with a sanitizer: they run without a message of the sanitizer, and its shadow
// memory has its own category.

const sanitizedProgram = `package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"

	memanalyzer "example.com/memanalyzer/go"
)

func main() {
	heap := make([]byte, 32<<20)
	for i := 0; i < len(heap); i += 512 {
		heap[i] = 1
	}
	cache, err := memanalyzer.Mmap(1<<20, "cache") // a scan counts its resident pages
	if err != nil {
		panic(err)
	}
	defer cache.Close()
	cache.Bytes()[0] = 1
	http.HandleFunc("/debug/memory", memanalyzer.MemoryProfileHandler)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s/debug/memory\n", listener.Addr())
	go http.Serve(listener, nil)
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(heap)
}
`

// sanitizers are the flags of go build, and the addresses of the shadow memory of each runtime:
// compiler-rt/lib/tsan/rtl/tsan_platform.h, asan/asan_mapping.h, msan/msan.h.
var sanitizers = []struct {
	flag, compiler string
	shadow         [][2]uint64
	least          uint64 // bytes of shadow memory for 32 MiB of heap
}{
	{"-race", "gcc", [][2]uint64{{0x200000000000, 0x21c000000000}, {0x300000000000, 0x400000000000}}, 32 * mib},
	{"-asan", "gcc", [][2]uint64{{0x7fff7000, 0x8fff7000}, {0x2008fff7000, 0x10007fff8000}}, 4 * mib},
	{"-msan", "clang", [][2]uint64{{0x10000000000, 0x100000000000}, {0x200000000000, 0x300000000000}, {0x500000000000, 0x510000000000}}, 32 * mib},
}

func TestSanitizers(t *testing.T) {
	forEachGo(t, func(t *testing.T, m userModule) {
		folder := filepath.Join(m.folder, "sanitized")
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(sanitizedProgram), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, s := range sanitizers {
			t.Run(s.flag, func(t *testing.T) {
				if s.flag != "-race" { // the race tests compile the standard library with -race anyway
					onlyInTestAll(t)
				}
				if s.flag != "-race" && !slices.Contains(m.environment, "GOTOOLCHAIN="+goVersions()[0]) {
					t.Skipf("built with %s only", goVersions()[0])
				}
				if _, err := exec.LookPath(s.compiler); err != nil {
					t.Skipf("no %s: %v", s.compiler, err)
				}
				out := filepath.Join(t.TempDir(), "sanitized")
				m.with("CGO_ENABLED=1", "CC="+s.compiler).run(t, "build", s.flag, "-o", out, "./sanitized")
				testSanitized(t, out, s.shadow, s.least)
			})
		}
	})
}

// highEntropy reports whether the kernel places mappings at random within more than a tebibyte, which
// the runtimes of gcc 12 and clang 14 do not support.
func highEntropy(t *testing.T) bool {
	bits, err := os.ReadFile("/proc/sys/vm/mmap_rnd_bits")
	return err == nil && parseNumber(t, strings.TrimSpace(string(bits))) > 28
}

func testSanitized(t *testing.T, program string, shadow [][2]uint64, least uint64) {
	bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(bounded, program)
	if highEntropy(t) { // the kernel may place memory at the addresses of the shadow
		c = exec.CommandContext(bounded, "setarch", "-R", program)
	}
	var complaints strings.Builder
	c.Stderr = &complaints
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
	defer c.Process.Kill()
	if url, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("the program does not print its address: %v", err)
	} else {
		checkSanitized(t, c.Process.Pid, strings.TrimSpace(url), shadow, least)
	}
	in.Close()
	if err := c.Wait(); err != nil || complaints.Len() > 0 {
		t.Errorf("%v: %s", err, complaints.String())
	}
}

// fetchFresh repeats a request, as Retry-After says, until the answer is a new reading.
func fetchFresh(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	response, body := fetch(t, "GET", url)
	for response.StatusCode == http.StatusServiceUnavailable {
		time.Sleep(time.Duration(parseNumber(t, response.Header.Get("Retry-After"))) * time.Second)
		response, body = fetch(t, "GET", url)
	}
	return response, body
}

// checkSanitized sends two requests, because the first answer allocates memory.
func checkSanitized(t *testing.T, pid int, url string, shadow [][2]uint64, least uint64) {
	fetch(t, "GET", url)
	before := residentIn(t, pid, shadow)
	response, body := fetchFresh(t, url+"?unit=B&top=0&fresh=1")
	after := residentIn(t, pid, shadow)
	checkReport(t, response.StatusCode, body)
	rows := textRows(t, body)
	var sum uint64
	for row, bytes := range rows {
		if strings.HasSuffix(row, "/Subtotal") {
			sum += bytes
		}
	}
	if rss := rows["RSS (Resident)"]; sum != rss {
		t.Errorf("the groups are %d bytes, and RSS is %d", sum, rss)
	}
	const moves = mib // change of the shadow during a request
	if got := rows["Other/Sanitizer Shadow"]; got < least || got+moves < before || got > after+moves {
		t.Errorf("Sanitizer Shadow is %d, want at least %d, and from %d to %d", got, least, before, after)
	}
	if heap := rows["Go Runtime/Subtotal"]; heap < 32*mib || heap > 48*mib {
		t.Errorf("the Go Runtime is %d bytes, want 32 MiB and little more", heap)
	}
	if rest := rows["Anonymous Memory/Read-Write"]; rest > 8*mib {
		t.Errorf("Read-Write is %d bytes, want little", rest)
	}
	// A scan has no VmFlags, by which shadow memory is recognized, so smaps is read.
	_, metrics := fetchFresh(t, url+"?format=openmetrics&fresh=1")
	sample := regexp.MustCompile(`\{category="other/sanitizer"\} ([0-9]+)\n`).FindStringSubmatch(metrics)
	if sample == nil || parseNumber(t, sample[1]) < least {
		t.Errorf("OpenMetrics: %q, want at least %d", sample, least)
	}
	if _, scan := fetchFresh(t, url+"?source=scan&fresh=1"); !strings.Contains(scan, "\n  This process cannot be scanned on this system") {
		t.Errorf("a scan: %.2000s", scan)
	}
	if t.Failed() {
		t.Log(body)
	}
}

// residentIn returns the resident bytes in ranges of addresses.
func residentIn(t *testing.T, pid int, ranges [][2]uint64) uint64 {
	var sum uint64
	for _, g := range kernelRegions(t, readFile(t, fmt.Sprintf("/proc/%d/smaps", pid))) {
		for _, r := range ranges {
			if g.Start >= r[0] && g.End <= r[1] {
				sum += g.RSS.Bytes
			}
		}
	}
	return sum
}
