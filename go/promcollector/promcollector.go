// Package promcollector has the metrics of memanalyzer for a program that serves its
// own with client_golang:
//
//	registry.MustRegister(promcollector.New(analyzer))
//
// Names, labels and values are those of /debug/memory?format=openmetrics. It is a
// module of its own, so that package memanalyzer does not depend on client_golang.
package promcollector

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	memanalyzer "example.com/memanalyzer/go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// readBound is how long a reading may wait for others.
const readBound = 10 * time.Second

type collector struct {
	openMetrics func(context.Context) ([]byte, error)
}

// New returns a collector of what a reports at each collection. Where there is no report there
// are no samples, and no error, which would take a server's other metrics with it.
func New(a *memanalyzer.Analyzer) prometheus.Collector { return collector{a.OpenMetrics} }

// Describe says nothing: which metrics there are is known with a report.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect makes a report.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	bounded, cancel := context.WithTimeout(context.Background(), readBound)
	defer cancel()
	text, err := c.openMetrics(bounded)
	if err != nil {
		return
	}
	if err := collect(metrics, text); err != nil {
		metrics <- prometheus.NewInvalidMetric(prometheus.NewDesc("memanalyzer_report", "The report.", nil, nil), err)
	}
}

// collect reads the text that there is already, so that nothing is said twice. All of
// it are gauges, which Prometheus's older format writes in the same way.
func collect(metrics chan<- prometheus.Metric, text []byte) error {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		for _, m := range families[name].Metric {
			labels := prometheus.Labels{}
			for _, label := range m.Label {
				labels[label.GetName()] = label.GetValue()
			}
			desc := prometheus.NewDesc(name, families[name].GetHelp(), nil, labels)
			metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, m.GetGauge().GetValue())
		}
	}
	return nil
}
