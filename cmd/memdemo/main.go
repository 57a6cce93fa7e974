//go:build linux

// Memdemo is a Go daemon that makes known amounts of each kind of memory, prints them, and serves
// /debug/memory and /debug/pprof/ until SIGINT or SIGTERM.
//
// It shows why the RSS of a Go program is larger than its Go heap, and it is the ground truth of
// this project's tests:
//
//	$ memdemo -addr 127.0.0.1:0 -heap 64MB -named TXMetaCache=128MB
//	what               made   how
//	heap               64MB   Go heap, reachable, in blocks of 1MB
//	...
//	pid:     4242
//	memory:  http://127.0.0.1:40123/debug/memory
//	pprof:   http://127.0.0.1:40123/debug/pprof/
//
// All pages are touched, so that the amounts are resident, except kinds that are virtual only. If
// an amount cannot be made, memdemo prints a warning, and the table has the smaller amount. The
// exit status is 0 after a signal, 1 if it cannot listen on the address, 2 for a wrong flag.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	memanalyzer "example.com/memanalyzer/go"
)

// shutdownBound is how long memdemo waits for open requests at its end. A CPU profile can take 30
// seconds.
const shutdownBound = 2 * time.Second

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	c, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		printUsage(stdout)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "memdemo: %v\n", err)
		return 2
	}
	if err := demo(c, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "memdemo: %v\n", err)
		return 1
	}
	return 0
}

// demo makes the memory, prints the table, and serves until a signal.
func demo(c config, stdout, stderr io.Writer) error {
	stopped, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	// First of all, so that an address in use is reported before the work.
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	defer listener.Close()

	rows := makeAll(stopped, c, stderr)
	if stopped.Err() != nil {
		return nil
	}
	printStart(stdout, rows, listener.Addr())
	err = serve(stopped, listener)
	runtime.KeepAlive(rows) // and with them the Go heap that was made
	return err
}

// printStart writes everything at once, so that a reader that has seen the line "memory:" can read
// the rest, too.
func printStart(w io.Writer, rows []row, addr net.Addr) {
	var text bytes.Buffer
	printTable(&text, rows)
	host := reachable(addr)
	fmt.Fprintf(&text, "\npid:     %d\n", os.Getpid())
	fmt.Fprintf(&text, "memory:  http://%s/debug/memory\n", host)
	fmt.Fprintf(&text, "pprof:   http://%s/debug/pprof/\n", host)
	w.Write(text.Bytes())
}

// reachable returns a host and port of a listener: loopback if it listens on all addresses.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return addr.String()
}

// serve serves until stopped is done, then waits for open requests or cuts them off. Its error is
// that of the server.
func serve(stopped context.Context, listener net.Listener) error {
	server := &http.Server{Handler: newMux(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-stopped.Done():
	}
	bounded, cancel := context.WithTimeout(context.Background(), shutdownBound)
	defer cancel()
	if server.Shutdown(bounded) != nil {
		server.Close()
	}
	return nil
}

// newMux registers the handler beside pprof, as a service does.
func newMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/memory", memanalyzer.MemoryProfileHandler)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
