#!/bin/sh
# promtool check metrics finds faults in correct OpenMetrics.
#
# Guess: it accepts what Prometheus itself scrapes as OpenMetrics.
# Seen:  it reads the older text format. A counter whose HELP is given for "reports", as OpenMetrics wants it, has
#        "no help text" for reports_total and for reports_created, and the exit status is 3.
# Why:   who checks /debug/memory?format=openmetrics with it takes these lines for faults of the exporter.
# With:  client_golang v1.23.2 and promtool 2.42.0 of Debian 12
. "$(dirname "$0")/lib.sh"

promtool --version 2>&1 | grep -q 'version 2\.42\.0' || cannot 'promtool 2.42.0 is not here (package prometheus of Debian 12)'
cat >go.mod <<'X'
module finding
go 1.26
require github.com/prometheus/client_golang v1.23.2
X
cat >main.go <<'X'
package main

import (
	"net/http/httptest"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	r := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "reports_total", Help: "Reports so far."})
	r.MustRegister(c)
	c.Inc()
	h := promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true})
	q := httptest.NewRequest("GET", "/metrics", nil)
	q.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	os.Stdout.Write(w.Body.Bytes())
}
X
go run . >metrics 2>/dev/null
expect "$(grep HELP metrics; promtool check metrics <metrics 2>&1 | sort; promtool check metrics <metrics >/dev/null 2>&1 || echo "status $?")" <<'X'
# HELP reports Reports so far.
reports_created no help text
reports_total no help text
status 3
X
