//go:build linux

package memanalyzer_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	memanalyzer "example.com/memanalyzer/go"
)

func ExampleMemoryProfileHandler() {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/memory", memanalyzer.MemoryProfileHandler)

	server := httptest.NewServer(mux) // a separate listener, on loopback
	defer server.Close()

	response, err := http.Get(server.URL + "/debug/memory?top=5")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	title, _, _ := strings.Cut(string(text), "\n")
	fmt.Println(response.Status)
	fmt.Println(title)
	// Output:
	// 200 OK
	// === Complete Memory Breakdown ===
}

// Requests need a password, reports have no addresses, and requests cannot force a collection.
func ExampleNew() {
	analyzer, err := memanalyzer.New(
		memanalyzer.WithAuthorize(func(r *http.Request) bool {
			_, password, _ := r.BasicAuth()
			return password == "secret"
		}),
		memanalyzer.WithHosts("debug.example.com"),
		memanalyzer.WithoutAddresses(),
		memanalyzer.WithoutGC(),
	)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/memory", analyzer)

	server := httptest.NewServer(mux)
	defer server.Close()
	for _, userinfo := range []string{"", "ops:secret@"} {
		url := strings.Replace(server.URL, "http://", "http://"+userinfo, 1)
		response, err := http.Get(url + "/debug/memory")
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
		fmt.Println(response.Status)
	}
	// Output:
	// 403 Forbidden
	// 200 OK
}

// The categories add up to RSS.
func ExampleRead() {
	report, err := memanalyzer.Read(context.Background(), memanalyzer.Top(0))
	if err != nil {
		log.Fatal(err)
	}
	rest := report.Totals.RSS.Bytes
	for category := range report.Categories() {
		rest -= category.RSS.Bytes
	}
	fmt.Println("resident memory in no category:", rest)
	fmt.Println("Go heap:", report.Category("go/heap").RSS.Bytes > 0)
	// Output:
	// resident memory in no category: 0
	// Go heap: true
}

func ExampleParse() {
	capture, err := os.Open("../testdata/real/go1.26-named-6.1.smaps")
	if err != nil {
		log.Fatal(err)
	}
	defer capture.Close()

	report, err := memanalyzer.Parse(capture, memanalyzer.Top(3))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range report.Category("named").Names {
		fmt.Printf("%d MiB of %s\n", name.RSS.Bytes>>20, name.Name)
	}
	for _, region := range report.Regions {
		fmt.Printf("%x-%x %s %d kB in %s\n", region.Start, region.End, region.Perms, region.RSS.Bytes>>10, region.Category)
	}
	// Output:
	// 4 MiB of a:b:c
	// 3 MiB of Cache: shard 1
	// 2 MiB of utxo store
	// 1 MiB of TXMetaCache
	// 53589800000-5358f400000 rw-p 90008 kB in go/heap
	// 1dba9000-1eb00000 rw-p 15692 kB in malloc/main
	// 7f6b1f600000-7f6b1fe00000 rw-p 8192 kB in anon/rw
}
