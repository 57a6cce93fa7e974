//go:build !linux

package memanalyzer

import (
	"errors"
	"net/http"
	"os"
	"testing"
)

// Systems without reports. The tests of texts run there, too.

func TestReportsNeedLinux(t *testing.T) {
	for target, status := range map[string]int{
		"/": http.StatusNotImplemented, "/?format=json": http.StatusNotImplemented, "/?format=pprof": http.StatusNotImplemented,
		"/?seconds=1": http.StatusNotImplemented, "/?source=scan": http.StatusNotImplemented, "/?top=x": http.StatusBadRequest,
	} {
		w := ask(mustNew(t), "GET", target)
		if w.Code != status {
			t.Errorf("%s: %d %q, want %d", target, w.Code, w.Body, status)
		}
		const reason = "Failed to open /proc/self/smaps: memory reports need Linux; a saved smaps can be read everywhere\n"
		if status == http.StatusNotImplemented && w.Body.String() != reason {
			t.Errorf("%s: %q, want %q", target, w.Body, reason)
		}
	}
	for what, call := range map[string]func() error{
		"Read":        func() error { _, err := Read(t.Context()); return err },
		"ReadProcess": func() error { _, err := ReadProcess(t.Context(), os.Getpid()); return err },
		"Report":      func() error { _, err := mustNew(t).Report(t.Context()); return err },
		"Label":       func() error { _, err := Label(make([]byte, 1<<20), "a"); return err },
	} {
		if err := call(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", what, err)
		}
	}
}

func TestMmapHasNoLabelButMemory(t *testing.T) {
	m, err := Mmap(100000, "cache")
	if err != nil {
		t.Fatal(err)
	}
	b := m.Bytes()
	if len(b) != 100000 || cap(b)%os.Getpagesize() != 0 {
		t.Errorf("%d bytes of %d, want 100000 of whole pages", len(b), cap(b))
	}
	for i := range b {
		if b[i] != 0 {
			t.Fatalf("byte %d is %d", i, b[i])
		}
		b[i] = 1
	}
	for range 2 {
		if err := m.Close(); err != nil || m.Bytes() != nil {
			t.Errorf("Close: %v, %d bytes", err, len(m.Bytes()))
		}
	}
	if _, err := Mmap(0, "cache"); !errors.Is(err, ErrNoPage) {
		t.Errorf("Mmap(0): %v", err)
	}
}
