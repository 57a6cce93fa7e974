//go:build linux

package memanalyzer

import (
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/memanalyzer/csrc/core"
)

// A saved reading gives the same report again.

// saveBytes returns the capture of a reading, written in pieces.
func saveBytes(r core.Report, piece int) string {
	return wholeText(r, core.OutputOptions{Format: uint32(number(names.Formats, "smaps"))}, piece)
}

// textOf returns the text of a capture's report.
func textOf(t *testing.T, saved, unit string) string {
	t.Helper()
	r, err := parse(strings.NewReader(saved), readOptions{top: 20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return wholeText(r, core.OutputOptions{Unit: uint32(number(names.Units, unit))}, 1000)
}

// checkSaved compares the report of this process with the report of its saved reading.
func checkSaved(t *testing.T, sort string) *Report {
	t.Helper()
	o := readOptions{top: math.MaxUint64, sort: uint32(number(names.Sorts, sort)), keepText: true}
	r, err := readSelf(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	own := buildReport(r, o)
	saved := saveBytes(r, 4096)
	if again := saveBytes(r, 7); again != saved {
		t.Errorf("in pieces of 7 bytes: %s", firstDifference(again, saved))
	}
	report := parseText(t, saved, Top(All), SortBy(SortKey(sort)))
	report.Time, report.Cost, report.Source = time.Time{}, 0, own.Source
	if !reflect.DeepEqual(report, own) {
		t.Errorf("parsed %+v\nwas %+v", report, own)
	}
	return report
}

func TestASavedReadingIsTheSameReport(t *testing.T) {
	needOwnProc(t)
	alone(t, func() {
		cache, err := Mmap(mib, "TestASavedReading \xff]")
		if err != nil {
			t.Fatal(err)
		}
		defer cache.Close()
		touchPages(cache.Bytes()[:mib/2])
		for _, sort := range names.Sorts {
			r := checkSaved(t, sort)
			if len(r.Proofs) == 0 || !r.Proofs[0].Held || len(r.Category("named").Names) == 0 {
				t.Errorf("proofs %+v, names %+v", r.Proofs, r.Category("named").Names)
			}
		}
	})
}

func TestTheHandlerSaves(t *testing.T) {
	t.Parallel()
	w := ask(handler, "GET", "/?format=smaps&top=0")
	checkLaw(t, parseText(t, w.Body.String(), Top(All)))
	if w.Code != http.StatusOK || w.Header().Get("Content-Disposition") == "" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	if !strings.HasPrefix(w.Body.String(), "# memanalyzer capture: 1\n# program: ") {
		t.Errorf("%.200q", w.Body)
	}
	if head := ask(handler, "HEAD", "/?format=smaps"); head.Code != http.StatusOK {
		t.Errorf("HEAD: %d", head.Code)
	}
}

func TestWithoutAddressesNothingIsSaved(t *testing.T) {
	t.Parallel()
	checkRefusal(t, ask(mustNew(t, WithoutAddresses()), "GET", "/?format=smaps"), http.StatusForbidden,
		"format=smaps shows addresses, which are left out here.\n")
}
