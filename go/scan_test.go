//go:build linux

package memanalyzer

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// canScan skips the test if this kernel has no scans.
func canScan(t *testing.T) {
	t.Helper()
	r, err := Read(context.Background(), From(SourceScan))
	if err != nil {
		t.Fatal(err)
	}
	if r.Source != SourceScan {
		t.Skip("PAGEMAP_SCAN is not possible here: the report is from smaps")
	}
}

// A scan has the same categories as smaps, with the figures of the runtime, labels and malloc, and
// its proofs hold.
func TestAScanIsTheSameReport(t *testing.T) {
	canScan(t)
	alone(t, func() {
		cache, err := Mmap(8*mib, "TestAScanIsTheSameReport")
		if err != nil {
			t.Fatal(err)
		}
		defer cache.Close()
		touchPages(cache.Bytes()[:3*mib])
		smaps, err := Read(context.Background(), From(SourceSmaps))
		if err != nil {
			t.Fatal(err)
		}
		scan, err := Read(context.Background(), From(SourceScan))
		if err != nil {
			t.Fatal(err)
		}
		if smaps.Source != "smaps" || scan.Source != "scan" || scan.Totals.PSS.Known || len(scan.Warnings) > len(smaps.Warnings) {
			t.Errorf("from %s and %s, PSS %v, %q", smaps.Source, scan.Source, scan.Totals.PSS, scan.Warnings)
		}
		// Only some readings ask malloc.
		if len(scan.Proofs) == 0 || scan.Proofs[0].ID != "go_heap" || !scan.Proofs[0].Held {
			t.Errorf("proofs %+v, by smaps %+v", scan.Proofs, smaps.Proofs)
		}
		checkLaw(t, scan)
		rss := func(r *Report, id string) uint64 {
			if id == "anon/rw" { // with a sanitizer's shadow, which only VmFlags tell
				return r.Category(id).RSS.Bytes + r.Category("other/sanitizer").RSS.Bytes
			}
			return r.Category(id).RSS.Bytes
		}
		for c := range scan.Categories() {
			got, want := rss(scan, c.ID), rss(smaps, c.ID)
			// The second reading includes memory that the first one allocated.
			if c.ID != "other/sanitizer" && (got+mib < want || want+mib < got) {
				t.Errorf("%s: %d, by smaps %d", c.ID, got, want)
			}
		}
		if names := namesWithoutOwn(scan); len(names) != 1 || names[0].RSS.Bytes != 3*mib {
			t.Errorf("names %+v", names)
		}
	})
}

// namesWithoutOwn are the names of memory without those of this package's own.
func namesWithoutOwn(r *Report) []Name {
	return slices.DeleteFunc(r.Category("named").Names, func(n Name) bool { return n.Name == "memanalyzer" })
}

func TestTheSourceOfAForm(t *testing.T) {
	canScan(t)
	for query, want := range map[string]string{
		"/?format=json":                             `"source": "smaps"`,
		"/?format=json&source=auto":                 `"source": "smaps"`,
		"/?format=json&source=smaps":                `"source": "smaps"`,
		"/?format=json&source=scan":                 `"source": "scan"`,
		"/?source=scan":                             "\nSource: scan ",
		"/?format=openmetrics&source=smaps":         "memanalyzer_proportional_bytes",
		"/?format=smaps&source=auto":                "\nRss: ",
		"/?format=json&source=scan&sort=size":       `"source": "scan"`,
		"/?format=openmetrics&source=scan&sort=rss": "memanalyzer_resident_bytes",
	} {
		if w := ask(handler, "GET", query); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, no %q", query, w.Code, want)
		}
	}
	// The kept reading is one of smaps, but its other columns do not appear in OpenMetrics.
	a := mustNew(t)
	a.own.factor = 1 << 30 // a pause of pauseMax
	ask(a, "GET", "/")
	metrics, err := a.OpenMetrics(context.Background())
	if err != nil || strings.Contains(string(metrics), "proportional") || strings.Contains(string(metrics), "swap_bytes") {
		t.Errorf("%v: %.500s", err, metrics)
	}
}

func TestTheSourceOfAReport(t *testing.T) {
	for _, name := range names.Sources {
		if _, err := Read(context.Background(), From(Source(name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(context.Background(), From(SourceFile)); err == nil || !strings.HasPrefix(err.Error(), "memanalyzer: From wants") {
		t.Errorf("%v", err)
	}
	if !slices.Equal(names.Sources, []string{"auto", "smaps", "scan"}) {
		t.Errorf("%q", names.Sources)
	}
	if r := parseText(t, "00400000-00401000 r-xp 00000000 08:02 17 /bin/cat\nRss: 4 kB\n"); r.Source != "file" {
		t.Errorf("%q", r.Source)
	}
}
