//go:build linux

package memanalyzer

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cmd/memdemo as its users see it: known amounts, reported by HTTP.

const demoBound = 60 * time.Second

// A demo is a memdemo that serves.
type demo struct {
	command *exec.Cmd
	url     string
}

// startDemo starts a daemon, which ends with the test, and waits until it has made its memory.
func startDemo(t *testing.T, program string, flags ...string) demo {
	t.Helper()
	bounded, cancel := context.WithTimeout(context.Background(), demoBound)
	c := programCommand(bounded, program, append([]string{"-addr", "127.0.0.1:0"}, flags...)...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		c.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, found := strings.CutPrefix(lines.Text(), "memory:"); found {
			return demo{c, strings.TrimSpace(url)}
		}
	}
	t.Fatal("memdemo ended without a line that begins with memory:")
	return demo{}
}

// buildProgram builds in the form of this test: with cgo or without.
func buildProgram(t *testing.T, arguments ...string) {
	t.Helper()
	c := exec.Command("go", append([]string{"build"}, arguments...)...)
	if isPlain {
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func buildDemo(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "memdemo")
	buildProgram(t, "-o", program, "../cmd/memdemo")
	return program
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs memdemo")
	}
	t.Parallel()
	program := buildDemo(t)
	t.Run("pipeline", func(t *testing.T) { t.Parallel(); testPipeline(t, startDemo(t, program)) })
	t.Run("amounts", func(t *testing.T) { t.Parallel(); testAmounts(t, startDemo(t, program)) })
	small := []string{"-heap", "1MB", "-malloc", "0", "-named", "0", "-file", "0"}
	large := []string{"-heap", "1MB", "-malloc", "200MB", "-arenas", "1", "-named", "0", "-file", "0"}
	t.Run("saved", func(t *testing.T) { t.Parallel(); testSaved(t, startDemo(t, program)) })
	if !isPlain {
		t.Run("arena", func(t *testing.T) { t.Parallel(); testArena(t, startDemo(t, program, large...)) })
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) { t.Parallel(); testSignal(t, startDemo(t, program, small...), signal) })
	}
}

// testPipeline runs the line of the package comment for monitoring scripts, in a shell.
func testPipeline(t *testing.T, d demo) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	rollup := "/proc/" + strconv.Itoa(d.command.Process.Pid) + "/smaps_rollup"
	megabytes := func() uint64 { return readRollup(t, rollup)["Rss"] / mib }

	shell := exec.Command("sh", "-c", `curl -s "$URL" | grep "RSS (Resident)" | awk '{print $3}'`)
	shell.Env = append(os.Environ(), "URL="+d.url, "NO_PROXY=*", "no_proxy=*")
	shell.Stderr = os.Stderr
	before := megabytes()
	out, err := shell.Output()
	after := megabytes()
	if err != nil {
		t.Fatal(err)
	}
	line, found := strings.CutSuffix(string(out), "\n")
	if !found || strings.Contains(line, "\n") {
		t.Fatalf("the pipeline prints %q, want one line", out)
	}
	rss := parseNumber(t, line)
	if rss+1 < min(before, after) || rss > max(before, after)+1 {
		t.Errorf("the pipeline prints %d, smaps_rollup has %d before and %d after", rss, before, after)
	}
}

// testAmounts compares a report with memdemo's default amounts, in KB.
func testAmounts(t *testing.T, d demo) {
	_, body := fetch(t, "GET", d.url+"?unit=KB&top=0")
	checkAmounts(t, body)
}

// testSaved parses a capture that the daemon has saved.
func testSaved(t *testing.T, d demo) {
	_, saved := fetch(t, "GET", d.url+"?format=smaps")
	checkAmounts(t, textOf(t, saved, "KB"))
	proofs := parseText(t, saved).Proofs
	for _, p := range proofs {
		if !p.Held {
			t.Errorf("%+v", p)
		}
	}
	if len(proofs) != len(names.Proofs) && !(isPlain && len(proofs) == 1) { // that of the Go heap
		t.Errorf("%+v", proofs)
	}
}

func checkAmounts(t *testing.T, body string) {
	t.Helper()
	rows := textRows(t, body)
	for _, c := range []struct {
		row        string
		want, more uint64 // more: what the program has there besides the amount
		withCgo    bool   // it is made with cgo only
	}{
		{"Go Runtime/Heap", 64 * kib, 8 * kib, false},
		{"C Heap (malloc)/Subtotal", 32 * kib, kib, true},
		{"Named Memory Regions (mmap)/TXMetaCache", 128 * kib, 0, false},
		{"File-Backed Memory/Other Files", 16 * kib, kib, false},
		{"Thread Stacks/Subtotal", 4 * 256, kib, true},
	} {
		if isPlain && c.withCgo {
			continue
		}
		if got := rows[c.row]; got < c.want || got > c.want+c.more {
			t.Errorf("%s is %d KB, want %d and at most %d more", c.row, got, c.want, c.more)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

// testArena looks for 200 MB in one arena. Its full heaps have no reserved space after them.
func testArena(t *testing.T, d demo) {
	_, body := fetch(t, "GET", d.url+"?unit=KB&top=0")
	const want = 200 * kib
	if got := textRows(t, body)["C Heap (malloc)/Arenas"]; got < want || got > want+kib {
		t.Errorf("Arenas is %d KB, want %d and at most %d more\n%s", got, want, kib, body)
	}
}

func testSignal(t *testing.T, d demo, signal syscall.Signal) {
	if err := d.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if err := d.command.Wait(); err != nil { // not for longer than demoBound
		t.Errorf("after %v: %v, want exit status 0", signal, err)
	}
}
