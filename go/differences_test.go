//go:build linux

package memanalyzer

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// changing returns an Analyzer whose differences are the effect of change.
func changing(t *testing.T, change func(context.Context) error, options ...Option) *Analyzer {
	a := mustNew(t, options...)
	a.wait = func(ctx context.Context, d time.Duration) error { return change(ctx) }
	return a
}

func TestWhatChangesWhileARequestWaits(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	var caches [2]*Mapping
	var err error
	if caches[0], err = Mmap(4*mib, "TestWhatChanges, gone"); err != nil {
		t.Fatal(err)
	}
	touchPages(caches[0].Bytes())
	a := changing(t, func(context.Context) error {
		caches[0].Close()
		caches[1], err = Mmap(8*mib, "TestWhatChanges, new")
		touchPages(caches[1].Bytes())
		return err
	})
	w := ask(a, "GET", "/?seconds=300&top=all&unit=KB")
	defer caches[1].Close()
	body := w.Body.String()
	for _, row := range []string{
		`(?m)^RSS \(Resident\): +[+-]?\d+ KB +\d+ KB +\d+ KB $`,
		`(?m)^[0-9a-f]{12}\.\.\. +rw-p +gone +-4096 KB +4096 KB +0 KB \[anon:TestWhatChanges, gone\]$`,
		`(?m)^[0-9a-f]{12}\.\.\. +rw-p +new +\+8192 KB +0 KB +8192 KB \[anon:TestWhatChanges, new\]$`,
	} {
		if !regexp.MustCompile(row).MatchString(body) {
			t.Errorf("no line %s in\n%s", row, body)
		}
	}
	if w.Code != http.StatusOK || w.Header().Get("X-Memanalyzer-Cost") == "" || w.Header().Get("Age") != "0" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
}

func TestDifferencesWithoutAddresses(t *testing.T) {
	t.Parallel()
	a := changing(t, func(context.Context) error { return nil }, WithoutAddresses())
	starts := startsOfMappings(t)
	body := ask(a, "GET", "/?seconds=1&top=all").Body.String()
	if found := anyOf(body, starts); found != "" || !strings.Contains(body, "=== All Changed Regions ===") {
		t.Errorf("the address %q is in\n%s", found, body)
	}
}

// The server's write timeout is shorter than the wait.
func TestTheWriteDeadlineIsExtended(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(mustNew(t))
	server.Config.WriteTimeout = time.Millisecond * 900
	server.Start()
	defer server.Close()
	response, body := fetch(t, "GET", server.URL+"/?seconds=1")
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(body, "=== Memory Differences ===\n") {
		t.Errorf("%v, %.100q", response.Status, body)
	}
}
