//go:build linux && cgo

package memanalyzer

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The time of a whole report against that of a bare read loop of the same smaps.
// Both are taken in a child process that has many mappings, or a large one; in
// turns, so that what disturbs one disturbs the other.

const benchVariable = "MEMANALYZER_TEST_MEMORY" // "mappings N", "threads N" or "bytes N"

func init() {
	children["bench"] = func() {
		kind, number, _ := strings.Cut(os.Getenv(benchVariable), " ")
		n, err := strconv.Atoi(number)
		if err == nil {
			err = makeMemory(kind, n)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		fmt.Println(strings.Count(string(must(os.ReadFile("/proc/self/maps"))), "\n"))
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Println(timed(readBare).Nanoseconds(), timed(reportWhole).Nanoseconds())
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// makeMemory makes touched memory in small pages that stays: n mappings of a
// page each, the stacks of n threads, or one mapping of n bytes.
func makeMemory(kind string, n int) error {
	var err error
	switch kind {
	case "threads":
		err = makeThreads(n)
	case "mappings":
		_, err = makeMappings(n)
	default:
		_, err = makePages(n)
	}
	return err
}

func makePages(bytes int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	if err := unix.Madvise(b, unix.MADV_NOHUGEPAGE); err != nil && err != unix.EINVAL { // a kernel without huge pages
		return nil, err
	}
	touchPages(b)
	return b, nil
}

// makeMappings returns n pages; every second one can only be read.
func makeMappings(n int) ([]byte, error) {
	page := os.Getpagesize()
	b, err := makePages(n * page)
	for i := page; err == nil && i < len(b); i += 2 * page {
		err = unix.Mprotect(b[i:i+page], unix.PROT_READ)
	}
	return b, err
}

func makeThreads(n int) error {
	debug.SetMaxThreads(n + 1000)
	var ready sync.WaitGroup
	for range n {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			select {}
		}()
	}
	ready.Wait()
	return nil
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

var bareBuffer = make([]byte, 64*kib)

func readBare() {
	fd := must(unix.Open("/proc/self/smaps", unix.O_RDONLY|unix.O_CLOEXEC, 0))
	defer unix.Close(fd)
	for must(unix.Read(fd, bareBuffer)) > 0 {
	}
}

// reportWhole is what the handler does, but for the network.
func reportWhole() {
	r := must(readSelf(context.Background(), readOptions{top: 20}))
	defer r.Close()
	r.Render(rendering{})
	for buf := make([]byte, 16*kib); r.Next(buf) > 0; {
	}
}

func BenchmarkReport(b *testing.B) {
	for _, c := range []struct{ name, memory string }{
		{"100_mappings", "mappings 100"},
		{"1000_mappings", "mappings 1000"},
		{"10000_mappings", "mappings 10000"},
		{"60000_mappings", "mappings 60000"},
		{"1000_threads", "threads 1000"},
		{"2GiB", "bytes 2147483648"},
	} {
		b.Run(c.name, func(b *testing.B) { benchReport(b, c.memory) })
	}
}

// benchReport makes each line of the output a row: mappings, the medians in
// microseconds, and their ratio.
func benchReport(b *testing.B, memory string) {
	child := childCommand(b, "bench", benchVariable+"="+memory)
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	var mappings int
	answers := bufio.NewReader(out)
	scan(b, answers, &mappings)
	var bare, whole []int
	for b.Loop() {
		var x, y int
		if _, err := io.WriteString(in, "\n"); err != nil {
			b.Fatal(err)
		}
		scan(b, answers, &x, &y)
		bare, whole = append(bare, x), append(whole, y)
	}
	in.Close()
	if err := child.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op") // the two together say nothing
	b.ReportMetric(float64(mappings), "mappings")
	b.ReportMetric(float64(median(bare))/1e3, "read-us")
	b.ReportMetric(float64(median(whole))/1e3, "report-us")
	b.ReportMetric(float64(median(whole))/float64(median(bare)), "x-read")
}

func scan(b *testing.B, answers *bufio.Reader, numbers ...*int) {
	b.Helper()
	line, err := answers.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	for i, f := range strings.Fields(line) {
		*numbers[i] = must(strconv.Atoi(f))
	}
}

func median(values []int) int {
	slices.Sort(values)
	return values[len(values)/2]
}
