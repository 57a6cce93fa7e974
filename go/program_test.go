//go:build linux

package memanalyzer

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// Go programs, read by another process: every way to build them.

var builds = []struct {
	name        string
	flags       []string
	environment string
}{
	{"usual", nil, "CGO_ENABLED=1"},
	{"stripped", []string{"-ldflags", "-s -w"}, "CGO_ENABLED=1"},
	{"position-independent", []string{"-buildmode=pie"}, "CGO_ENABLED=1"},
	{"static", nil, "CGO_ENABLED=0"},
}

func TestReadGoProcess(t *testing.T) {
	forEachGo(t, func(t *testing.T, m userModule) {
		for _, b := range builds {
			t.Run(b.name, func(t *testing.T) {
				if slices.Contains(b.flags, "-buildmode=pie") {
					onlyInTestAll(t)
				}
				if b.environment == "CGO_ENABLED=1" {
					needCgo(t)
				}
				program := filepath.Join(t.TempDir(), "memdemo")
				c := exec.Command("go", append(append([]string{"build", "-o", program}, b.flags...), "../cmd/memdemo")...)
				c.Env = append(append(os.Environ(), m.environment...), b.environment)
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				testGoProcess(t, program)
			})
		}
	})
}

func testGoProcess(t *testing.T, program string) {
	const heap, more = 128 * mib, 128 * mib / 50
	d := startDemo(t, program, "-heap", "128MB", "-goroutines", "0", "-malloc", "0", "-threads", "0", "-named", "0", "-file", "0")
	report, err := ReadProcess(t.Context(), d.command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	checkLaw(t, report)
	id := "go/heap"
	if strconv.IntSize == 32 {
		id = "anon/rw" // a heap of 32-bit addresses is not found from outside
	}
	if got := report.Category(id).RSS.Bytes; got < heap || got > heap+more {
		t.Errorf("the heap is %d bytes, want %d and at most %d more", got, heap, more)
	}
	if got := report.Category("go/metadata").RSS.Bytes; got == 0 || got > mib {
		t.Errorf("metadata is %d bytes, want some", got)
	}
	if got := report.Category("stacks/threads").RSS.Bytes; got > 256*kib {
		t.Errorf("thread stacks are %d bytes, want little: goroutines have theirs on the heap", got)
	}
	if t.Failed() {
		for c := range report.Categories() {
			t.Logf("%-20s %12d %s", c.ID, c.RSS.Bytes, c.Method)
		}
	}
}
