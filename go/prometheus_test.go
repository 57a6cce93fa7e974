//go:build linux

package memanalyzer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// Debian's Prometheus scrapes a memdemo, and is queried.

var prometheusListens = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// startPrometheus starts a Prometheus that scrapes target, and ends with the test. It returns the
// address.
func startPrometheus(t *testing.T, target *url.URL) string {
	t.Helper()
	config := fmt.Sprintf("global: {scrape_interval: 3s, scrape_timeout: 3s}\n"+
		"scrape_configs: [{job_name: demo, metrics_path: %s, params: {format: [openmetrics]}, static_configs: [{targets: ['%s']}]}]\n",
		target.Path, target.Host)
	bounded, cancel := context.WithTimeout(context.Background(), demoBound)
	c := exec.CommandContext(bounded, "prometheus", "--config.file="+written(t, "prometheus.yml", config),
		"--storage.tsdb.path="+filepath.Join(t.TempDir(), "data"), "--web.listen-address=127.0.0.1:0")
	log, err := c.StderrPipe()
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
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if m := prometheusListens.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, log)
			return "http://" + m[1]
		}
	}
	t.Fatal("prometheus ended without an address")
	return ""
}

// askPrometheus returns the values of a query, by one label; none before the first scrape.
func askPrometheus(t *testing.T, prometheus, query, label string) map[string]float64 {
	t.Helper()
	response, body := fetch(t, "GET", prometheus+"/api/v1/query?query="+url.QueryEscape(query))
	if response.StatusCode == http.StatusServiceUnavailable { // it is starting
		return nil
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	values := map[string]float64{}
	for _, result := range answer.Data.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(result.Value[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		values[result.Metric[label]] = value
	}
	return values
}

// scrapedPrometheus starts a Prometheus and waits for its first scrape.
func scrapedPrometheus(t *testing.T, d demo) string {
	t.Helper()
	target, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	prometheus := startPrometheus(t, target)
	deadline := time.Now().Add(demoBound)
	for len(askPrometheus(t, prometheus, "memanalyzer_mappings", "")) == 0 {
		if time.Now().After(deadline) {
			_, targets := fetch(t, "GET", prometheus+"/api/v1/targets")
			t.Fatalf("nothing was scraped: %s", targets)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return prometheus
}

// checkQueries fails unless each query has exactly one value, the wanted one.
func checkQueries(t *testing.T, prometheus string, queries map[string]float64) {
	t.Helper()
	for query, want := range queries {
		got := askPrometheus(t, prometheus, query, "")
		if len(got) != 1 || got[""] != want {
			t.Errorf("%s is %v, want %v", query, got, want)
		}
	}
}

// Invariants of every scrape.
var scrapeLaw = map[string]float64{
	`memanalyzer_resident_bytes{category="named"} - on() sum(memanalyzer_named_resident_bytes) - on() memanalyzer_named_overflow_resident_bytes`: 0,
	`memanalyzer_resident_bytes{category="go/heap"} - on() sum(memanalyzer_go_heap_bytes)`:                                                       0,
	"count(memanalyzer_resident_bytes)":                      float64(len(names.CategoryIDs)),
	"memanalyzer_mappings < bool memanalyzer_mappings_limit": 1,
}

func TestPrometheus(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs and runs them and Prometheus")
	}
	needReader(t, "prometheus", "--version")
	t.Parallel()
	t.Run("endpoint", func(t *testing.T) { t.Parallel(); testEndpointScrape(t, buildDemo(t)) })
	t.Run("collector", func(t *testing.T) { t.Parallel(); testCollectorScrape(t) })
}

func testEndpointScrape(t *testing.T, program string) {
	// Names of memory, and their labels in Prometheus.
	hostile := map[string]string{
		"other": "other", `a"b\c`: `a"b\c`, `x"} 1`: `x"} 1`, "é": "é", "\xff\\n": "\uefff\\n",
		"\ue000\uefff": "\ue000\uefee\uefbf\uefbf", "\u202e": "\uefe2\uef80\uefae",
	}
	flags := []string{"-heap", "1MB", "-malloc", "0", "-file", "0"}
	want := map[string]float64{}
	for name, label := range hostile {
		size := (len(want) + 2) * mib
		flags = append(flags, "-named", fmt.Sprintf("%s=%d", name, size))
		want[label] = float64(size)
	}
	const small, smallSize = 53, 128 * kib // more names than OpenMetrics has
	for i := range small {
		flags = append(flags, "-named", fmt.Sprintf("small %02d=%d", i, smallSize))
	}
	prometheus := scrapedPrometheus(t, startDemo(t, program, flags...))
	large := askPrometheus(t, prometheus, fmt.Sprintf("memanalyzer_named_resident_bytes > %d", smallSize), "name")
	count := len(hostile) + small + dropOwn(t, large)
	if !maps.Equal(large, want) {
		t.Errorf("large names are %#v, want %#v", large, want)
	}
	checkQueries(t, prometheus, scrapeLaw)
	checkQueries(t, prometheus, map[string]float64{
		"count(memanalyzer_named_resident_bytes)":   50,
		"memanalyzer_named_overflow_resident_bytes": float64((count - 50) * smallSize),
	})
}

// dropOwn removes the memory of the report itself, which has a name without cgo, and returns the number of its names.
func dropOwn(t *testing.T, named map[string]float64) int {
	t.Helper()
	size, found := named["memanalyzer"]
	if found != isPlain || size > 256*kib {
		t.Errorf("the report's own memory has %v bytes (%t), without cgo: %t", size, found, isPlain)
	}
	delete(named, "memanalyzer")
	if !found {
		return 0
	}
	return 1
}

func testCollectorScrape(t *testing.T) {
	program := filepath.Join(t.TempDir(), "serve")
	buildProgram(t, "-C", "promcollector", "-o", program, "./testdata/serve")
	prometheus := scrapedPrometheus(t, startDemo(t, program))
	want := map[string]float64{"other": mib, `a"b\c`: 2 * mib, "\uefff": 3 * mib}
	got := askPrometheus(t, prometheus, "memanalyzer_named_resident_bytes", "name")
	dropOwn(t, got)
	if !maps.Equal(got, want) {
		t.Errorf("names are %#v, want %#v", got, want)
	}
	checkQueries(t, prometheus, scrapeLaw)
}
