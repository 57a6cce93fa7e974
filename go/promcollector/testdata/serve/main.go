// Serve is a program with named memory and the collector, which the tests of package
// memanalyzer let a Prometheus scrape.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"

	memanalyzer "example.com/memanalyzer/go"
	"example.com/memanalyzer/go/promcollector"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "")
	flag.Parse()
	for i, name := range []string{"other", `a"b\c`, "\xff"} {
		m, err := memanalyzer.Mmap((i+1)<<20, name)
		if err != nil {
			panic(err)
		}
		clear(m.Bytes())
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(promcollector.New(new(memanalyzer.Analyzer)))
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		panic(err)
	}
	fmt.Printf("memory: http://%s/metrics\n", listener.Addr())
	options := promhttp.HandlerOpts{EnableOpenMetrics: true}
	panic(http.Serve(listener, promhttp.HandlerFor(registry, options)))
}
