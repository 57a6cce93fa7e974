//go:build linux && cgo

package promcollector

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	memanalyzer "example.com/memanalyzer/go"
	"github.com/prometheus/client_golang/prometheus"
)

var sampleLine = regexp.MustCompile(`(?m)^(\w+)(?:\{(\w+)="(.*)"\})? (\S+)$`)

// textSamples returns the samples of an OpenMetrics text, by name, label and the label's value.
func textSamples(t *testing.T, text string) map[[3]string]float64 {
	t.Helper()
	samples := map[[3]string]float64{}
	unescape := strings.NewReplacer(`\\`, `\`, `\"`, `"`)
	for _, m := range sampleLine.FindAllStringSubmatch(text, -1) {
		value, err := strconv.ParseFloat(m[4], 64)
		if err != nil {
			t.Fatal(err)
		}
		samples[[3]string{m[1], m[2], unescape.Replace(m[3])}] = value
	}
	if len(samples) == 0 {
		t.Fatal("a text without samples")
	}
	return samples
}

// collected returns the samples of a collector, like textSamples.
func collected(t *testing.T, c prometheus.Collector) map[[3]string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	samples := map[[3]string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			key := [3]string{family.GetName()}
			for _, label := range m.Label {
				key[1], key[2] = label.GetName(), label.GetValue()
			}
			samples[key] = m.GetGauge().GetValue()
		}
	}
	return samples
}

func TestSamplesAreThoseOfTheText(t *testing.T) {
	files, err := filepath.Glob("../../testdata/golden/*.openmetrics")
	if err != nil || len(files) < 10 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := collected(t, collector{func(context.Context) ([]byte, error) { return text, nil }})
		if want := textSamples(t, string(text)); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", file, got, want)
		}
	}
}

// Only named memory of this process is the same in two reports.
func TestSamplesOfThisProcess(t *testing.T) {
	want := map[string]float64{}
	for i, name := range []string{"other", `a"b\c`, `x"} 1`, "\xff"} {
		m, err := memanalyzer.Mmap((i+1)<<20, name)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		clear(m.Bytes())
		want[strings.ReplaceAll(name, "\xff", "\uefff")] = float64((i + 1) << 20)
	}
	analyzer, err := memanalyzer.New(memanalyzer.WithoutMallinfo()) // which only some reports ask
	if err != nil {
		t.Fatal(err)
	}
	text, err := analyzer.OpenMetrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, ofText := collected(t, New(analyzer)), textSamples(t, string(text))
	for key := range ofText {
		if _, there := got[key]; !there {
			t.Errorf("%q is in the text only", key)
		}
	}
	if len(got) != len(ofText) {
		t.Errorf("%d samples, the text has %d", len(got), len(ofText))
	}
	for name, size := range want {
		key := [3]string{"memanalyzer_named_resident_bytes", "name", name}
		if got[key] != size || ofText[key] != size {
			t.Errorf("%q is %v, in the text %v, want %v", name, got[key], ofText[key], size)
		}
	}
}

func TestWithoutAReportThereAreTheOtherMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{func(context.Context) ([]byte, error) { return nil, memanalyzer.ErrNoMemory }})
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "other"}))
	if families, err := registry.Gather(); err != nil || len(families) != 1 || families[0].GetName() != "other" {
		t.Errorf("%v, %v", families, err)
	}
}

func TestATextThatIsNoneIsAnError(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{func(context.Context) ([]byte, error) { return []byte("memanalyzer_resident_bytes{\n"), nil }})
	if _, err := registry.Gather(); err == nil {
		t.Error("there is none")
	}
}
