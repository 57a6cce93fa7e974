// Package promcollector adds the metrics of memanalyzer to a program that serves its own metrics
// with client_golang:
//
//	registry.MustRegister(promcollector.New(analyzer))
//
// Names, labels and values are those of /debug/memory?format=openmetrics. The package is a separate
// module, so that package memanalyzer does not depend on client_golang.
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

// readBound is how long a collection may wait for readings in progress. Prometheus waits for 10 s.
const readBound = 10 * time.Second

type collector struct {
	openMetrics func(context.Context) ([]byte, error)
}

// New returns a collector of the reports of a. If a has no report, the collector has neither samples
// nor an error, because an error would make the whole scrape fail.
func New(a *memanalyzer.Analyzer) prometheus.Collector { return collector{a.OpenMetrics} }

// Describe sends nothing, which makes the collector unchecked: the metrics depend on the report.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the metrics of a report, which may be a kept one: see [memanalyzer.Analyzer.Report].
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

// collect parses OpenMetrics text. All metrics are gauges, which Prometheus's older format, for which
// there is a parser, writes in the same way.
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
