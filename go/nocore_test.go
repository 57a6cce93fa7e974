//go:build !cgo

package memanalyzer

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// Without cgo, all functions exist, and say that they need it.

func TestWithoutACore(t *testing.T) {
	a, err := New(WithHosts("debug.example"), WithoutAddresses(), WithoutGC())
	if err != nil {
		t.Fatal(err)
	}
	for what, ask := range map[string]func() error{
		"Read":          func() error { _, err := Read(t.Context()); return err },
		"Read, options": func() error { _, err := Read(t.Context(), Top(5), SortBy(SortPSS)); return err },
		"Report":        func() error { _, err := a.Report(t.Context()); return err },
		"OpenMetrics":   func() error { _, err := a.OpenMetrics(t.Context()); return err },
		"Parse":         func() error { _, err := Parse(strings.NewReader("")); return err },
		"Label":         func() error { _, err := Label(make([]byte, 1<<20), "a"); return err },
		"Mmap":          func() error { _, err := Mmap(1<<20, "a"); return err },
		"Parse, option": func() error { _, err := Parse(strings.NewReader(""), Top(All)); return err },
	} {
		if err := ask(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v, want %v", what, err, ErrUnsupported)
		}
	}
}

func TestHandlerWithoutACore(t *testing.T) {
	handler := http.HandlerFunc(MemoryProfileHandler)
	for _, target := range []string{"/", "/?top=5&sort=pss&unit=KB&gc=1", "/?top=x"} {
		w := ask(handler, "GET", target)
		body := w.Body.String()
		if w.Code != http.StatusNotImplemented || !strings.HasPrefix(body, "Failed to open /proc/self/smaps: ") || !strings.Contains(body, "CGO_ENABLED=1") {
			t.Errorf("%s: %d %q, want 501, the failure and what to do", target, w.Code, body)
		}
	}
	if w := ask(handler, "POST", "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered %d", w.Code)
	}
}
