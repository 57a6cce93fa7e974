//go:build linux

// Membench measures the cost of reading the memory of a process, with this project and with others,
// and how readings disturb a daemon.
//
// It starts processes with much memory, has every peer read each of them by turns with a bare
// read, so that a disturbance affects both, and prints tables in Markdown. It also compares Read with that
// of its own build without cgo, membench-nocgo, if that is beside it. `make bench` builds both,
// installs the peers and runs membench; `membench nocgo` makes only the last comparison. The exit status is 1 if a process cannot be made; if a peer fails,
// its row says why.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	timeEach    = time.Second // for each peer and process
	daemonTurns = 2           // through all phases
)

func main() {
	if memory := os.Getenv(memoryVariable); memory != "" {
		serve(memory)
		return
	}
	run := run
	if slices.Equal(os.Args[1:], []string{"nocgo"}) {
		run = runBuilds
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "membench:", err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Printf("%s\n\n", machine())
	results := make([][]result, len(processes))
	for i, p := range processes {
		fmt.Fprintf(os.Stderr, "membench: %s\n", p.name)
		var err error
		if results[i], err = compare(p, timeEach); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	printCosts(os.Stdout, results)

	if err := runBuilds(); err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "membench: a daemon of %s\n", daemon.name)
	all, err := feel(daemonTurns)
	if err != nil {
		return fmt.Errorf("a daemon: %w", err)
	}
	printFelt(os.Stdout, all)
	return nil
}

func runBuilds() error {
	var of [][]cost
	for _, p := range processes {
		fmt.Fprintf(os.Stderr, "membench: %s, without cgo\n", p.name)
		costs, err := compareBuilds(p, noCgo(), pairs*timeEach)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintln(os.Stderr, "membench: skipped:", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s, without cgo: %w", p.name, err)
		}
		of = append(of, costs)
	}
	printBuilds(os.Stdout, of)
	return nil
}

// machine describes the machine and the versions of the peers, in a line.
func machine() string {
	var system unix.Utsname
	var memory unix.Sysinfo_t
	if err := unix.Uname(&system); err != nil {
		panic(err) // these fail for invalid pointers only
	}
	if err := unix.Sysinfo(&memory); err != nil {
		panic(err)
	}
	parts := []string{
		processor(),
		fmt.Sprintf("%d CPUs", runtime.NumCPU()),
		formatBytes(memory.Totalram * uint64(memory.Unit)),
		"Linux " + unix.ByteSliceToString(system.Release[:]),
		runtime.Version(),
	}
	for _, p := range peers {
		if p.version != nil {
			parts = append(parts, p.version())
		}
	}
	return strings.Join(parts, ", ")
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(text) {
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.HasPrefix(name, []byte("model name")) {
			return string(bytes.TrimSpace(value))
		}
	}
	return runtime.GOARCH
}

// moduleVersion returns the version of a module in this program, such as
// "github.com/prometheus/procfs v0.22.0".
func moduleVersion(path string) func() string {
	return func() string {
		build, _ := debug.ReadBuildInfo()
		for _, m := range build.Deps {
			if m.Path == path {
				return path + " " + m.Version
			}
		}
		return path
	}
}
